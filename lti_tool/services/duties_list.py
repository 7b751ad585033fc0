"""Every duty of a delivery worker besides scores, in the order they are done within a registration's lease."""

from lti_tool.services.columns import COLUMNS_DUTY
from lti_tool.services.duties import Duty
from lti_tool.services.notices import make_notice_duty
from lti_tool.services.return_notes import RETURN_NOTES_DUTY
from lti_tool.services.rosters import ROSTER_DUTY


def list_duties(base_url: str) -> tuple[Duty, ...]:
    """The duties: what gradebooks wait for first, then the rest. ``base_url`` is our own address."""
    return (COLUMNS_DUTY, RETURN_NOTES_DUTY, make_notice_duty(base_url), ROSTER_DUTY)
