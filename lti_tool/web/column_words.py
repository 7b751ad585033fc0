"""A gradebook column that a session has not got, in a facilitator's words."""

from typing import Final

from lti_tool.lti.values import AnswerClass
from lti_tool.services.column_requests import MissingColumn

_BY_HAND: Final = "Or add the session's link to the course as graded work and open it once."
_NEEDS: Final[dict[str | None, str]] = {
    AnswerClass.NO_PERMISSION: (
        "The course does not let this tool make gradebook columns. Ask the people who run your learning system to "
        f"allow it for this tool, then ask again here. {_BY_HAND}"
    ),
    AnswerClass.COLUMN_GONE: (
        "Your learning system did not find this course's gradebook. Open the tool from the course once, then ask "
        f"again here. {_BY_HAND}"
    ),
}
_REFUSED: Final = f"Your learning system did not make the column. Ask again here. {_BY_HAND}"
_WAITS: Final[dict[str | None, str]] = {
    None: "We are looking whether it is there, and make it if it is not.",
    AnswerClass.THROTTLED: "The gradebook is busy and asked us to wait. We try again by ourselves.",
    AnswerClass.PLATFORM_DOWN: "The gradebook does not answer. We try again by ourselves.",
    "tool_fault": "Something went wrong on our side, not on yours. We try again by ourselves.",
}


def explain_missing_column(column: MissingColumn) -> str:
    """Where the wish for this column is; empty where nobody asked for it."""
    if column.state == "waiting":
        return _WAITS.get(column.reason, _WAITS[AnswerClass.PLATFORM_DOWN])
    return _NEEDS.get(column.reason, _REFUSED) if column.state == "needs_you" else ""
