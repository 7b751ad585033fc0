"""Which piece of work a launch is about: a submission review names a person, a grader's link names the work itself."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Connection, select

from lti_tool.domain.roles import Standing
from lti_tool.domain.submissions import ActivityKind
from lti_tool.lti import vocabulary
from lti_tool.lti.values import LaunchMessage
from lti_tool.models import Submission, User
from lti_tool.models.base import LARGEST_ID
from lti_tool.models.platforms import SERIES_LINK

WORK_PARAMETER = "work"


@dataclass(frozen=True, slots=True)
class WantedWork:
    """What to open first. ``submission_id`` is None where nothing can be named: then the queue, or her own plan."""

    submission_id: int | None
    module_key: str | None
    is_own: bool


def find_wanted_work(
    connection: Connection,
    message: LaunchMessage,
    cohort_id: int | None,
    module_key: str | None,
    standing: Standing,
) -> WantedWork | None:
    """The work a grader's launch is about, for a facilitator of its cohort; a learner is always led to her own.

    Moodle's grader names the person, and from the head of a column nobody (measured): the queue is meant then.
    Canvas's grader launches the address that went with the score. None for every other launch.
    """
    is_review = message.message_type == vocabulary.MESSAGE_SUBMISSION_REVIEW
    work_id = read_work_id(message.target_link_uri)
    if cohort_id is None or not (is_review or work_id is not None):
        return None
    module = None if module_key == SERIES_LINK else module_key
    if standing is not Standing.STAFF:
        return WantedWork(None, module, is_own=True) if standing.may_work else None
    statement = select(Submission.id, Submission.module_key).where(Submission.cohort_id == cohort_id)
    if work_id is not None:
        statement = statement.where(Submission.id == work_id)
    elif message.for_user is not None and module is not None:
        statement = statement.join(User, User.id == Submission.user_id).where(
            User.sub == message.for_user, Submission.module_key == module, Submission.kind == ActivityKind.WORKSHEET
        )
    else:
        return WantedWork(None, module, is_own=False)
    found = connection.execute(statement).first()
    if found is None:
        return WantedWork(None, module, is_own=False)
    return WantedWork(found.id, found.module_key, is_own=False)


def read_work_id(target_link_uri: str) -> int | None:
    """The work that an address of ours names (``?work=12``), for the grader's link that goes with a score."""
    values = parse_qs(urlsplit(target_link_uri).query).get(WORK_PARAMETER, [])
    if len(values) != 1 or not (values[0].isascii() and values[0].isdigit()):
        return None
    number = int(values[0][:12])
    return number if 0 < number <= LARGEST_ID else None
