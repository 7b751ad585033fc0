"""Whose manners the demo LMS has: its own strict ones, or what Canvas and Moodle were seen to do. All that differs.

``strict`` follows the specification to the letter. ``moodle`` is Moodle 4.5 as it was measured. ``canvas`` is Canvas
as its own source and documentation describe it. Other files ask here; how a score changes a cell is in ``cells``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lti_tool.lti import vocabulary as lti

_SCORES_PATH: Final = "/scores"
_TOKEN_PATH: Final = "/token"  # noqa: S105 - an address, not a secret
_JSON: Final = "application/json; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"
_GATEWAY_PAGE: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_ERROR_PAGE: Final = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><title>Error</title></head>\n'
    "<body><p>An error occurred whilst communicating with the server</p></body>\n</html>\n"
)

_KNOWN_TYPES: Final = {
    "",
    "application/json",
    lti.MEDIA_LINE_ITEM,
    lti.MEDIA_LINE_ITEM_CONTAINER,
    lti.MEDIA_MEMBERSHIP_CONTAINER,
    lti.MEDIA_RESULT_CONTAINER,
    lti.MEDIA_SCORE,
}
"""What some service of Moodle's reads or writes; anything else it has never heard of."""


class Manner(StrEnum):
    """Which LMS the demo LMS behaves like."""

    STRICT = "strict"
    CANVAS = "canvas"
    MOODLE = "moodle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a manner changes and needs no words: sizes of pages, ways of writing, what is let through.

    ``*_page`` is the size of a page where nobody asked for one (None: everything), ``longest_*`` the size nobody
    gets more than.
    """

    product: str
    has_type_id: bool = True
    must_keep_type_id: bool = False
    has_exact_types: bool = False
    answers_with_charset: bool = False
    line_item_page: int | None = None
    longest_line_item_page: int | None = None
    roster_page: int | None = None
    longest_roster_page: int | None = None
    has_short_roles: bool = False
    shows_inactive_people: bool = True
    grades_inactive_people: bool = False
    parts_with_coupled_columns: bool = False
    has_locks: bool = True
    crashes_on_result_limit: bool = False
    hides_tool_made_column: bool = False


TRAITS: Final = {
    Manner.STRICT: Traits(product="leading-edge-demo", must_keep_type_id=True, has_exact_types=True),
    Manner.CANVAS: Traits(
        product="canvas",
        has_type_id=False,
        line_item_page=10,
        longest_line_item_page=100,
        roster_page=50,
        longest_roster_page=50,
        has_locks=False,
    ),
    Manner.MOODLE: Traits(
        product="moodle",
        answers_with_charset=True,
        has_short_roles=True,
        shows_inactive_people=False,
        grades_inactive_people=True,
        parts_with_coupled_columns=True,
        crashes_on_result_limit=True,
        hides_tool_made_column=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Call:
    """The service call a refusal answers."""

    method: str
    path: str
    address: str
    accept: str | None
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is refused: a status, a word for programs, a sentence, and what is not there (``Course 9``)."""

    status: int
    error: str
    reason: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class RefusalAnswer:
    """How a platform says it. ``body`` is text or something to write as JSON; ``phrase`` the status line's words."""

    status: int
    body: object
    media_type: str
    phrase: str = ""

    @property
    def status_line(self) -> str:
        """Status and phrase on one line, in the bytes PHP would send."""
        words = self.phrase.replace("\r", " ").replace("\n", " ")
        return f"{self.status} {words}".strip().encode("utf-8", "replace").decode("latin-1")


def accepts_reading(manner: Manner, accept: str | None, media_type: str, *, is_line_item_list: bool = False) -> bool:
    """Whether a reading call may ask like that.

    Moodle gives the answer where nothing was asked for, and for ``*/*`` too except on the list of line items
    (measured). Canvas does not look.
    """
    named = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    match manner:
        case Manner.STRICT:
            return media_type in named
        case Manner.MOODLE:
            return accept is None or media_type in named or ("*/*" in named and not is_line_item_list)
        case Manner.CANVAS:
            return True


def accepts_writing(manner: Manner, content_type: str, media_type: str) -> bool:
    """Whether a writing call may declare this type: exactly, with parameters too (Moodle, measured), or any JSON."""
    bare = content_type.partition(";")[0].strip().lower()
    match manner:
        case Manner.STRICT:
            return content_type == media_type
        case Manner.MOODLE:
            return bare == media_type
        case Manner.CANVAS:
            return bare == "application/json" or bare.endswith("+json")


def write_media_type(manner: Manner, media_type: str) -> str:
    """Return the Content-Type of a good answer."""
    return f"{media_type}; charset=utf-8" if TRAITS[manner].answers_with_charset else media_type


def answer_refusal_as(manner: Manner, refusal: Refusal, call: Call) -> RefusalAnswer:
    """Return the answer a platform of this manner gives, in its own words and its own shape."""
    match manner:
        case Manner.CANVAS:
            return _answer_as_canvas(refusal)
        case Manner.MOODLE:
            return _answer_as_moodle(refusal, call)
        case Manner.STRICT:
            error = "not_found" if refusal.error == "foreign_link" else refusal.error
            body = {"error": error, "error_description": refusal.reason, "status": refusal.status}
            return RefusalAnswer(refusal.status, body, "application/json")


def _answer_as_canvas(refusal: Refusal) -> RefusalAnswer:
    """Canvas: ``{"errors": {"type", "message"}}``; a missing scope is 401; what is not there is one same sentence."""
    if refusal.error in {"not_found", "foreign_link"}:
        body: object = {"errors": [{"message": "The specified resource does not exist."}]}
        return RefusalAnswer(404, body, _JSON)
    status, message = refusal.status, refusal.reason
    if refusal.error in {"invalid_token", "insufficient_scope"}:
        known = refusal.error == "insufficient_scope"
        status, message = 401, "Insufficient permissions" if known else "Invalid access token"
    if refusal.error == "forbidden":
        return RefusalAnswer(401, "", _HTML)
    if refusal.error == "foreign_column":
        status, message = 412, "Tool does not have permission to view line_item"
    kinds = {400: "bad_request", 401: "unauthorized", 412: "precondition_failed", 422: "unprocessable_entity"}
    return RefusalAnswer(status, {"errors": {"type": kinds.get(status, refusal.error), "message": message}}, _JSON)


def _answer_as_moodle(refusal: Refusal, call: Call) -> RefusalAnswer:
    """Moodle 4.5: the explanation stands in the status line; a score's body is ``[]`` (captured)."""
    if refusal.error == "label_too_long":
        return RefusalAnswer(502, _GATEWAY_PAGE, "text/html", "Bad Gateway")
    if refusal.error in {"crash", "keys_unavailable"}:
        return RefusalAnswer(404, _ERROR_PAGE, _HTML, "Not Found")
    if call.path.endswith(_TOKEN_PATH):
        is_broken = refusal.error.startswith('"')  # quotes within quotes: Moodle's own answer is no JSON here
        broken = '{\n  "error" : "' + refusal.error + '"\n}'
        return RefusalAnswer(refusal.status, broken if is_broken else {"error": refusal.error}, _HTML, "Bad Request")
    is_score = call.path.endswith(_SCORES_PATH)
    if is_score and refusal.error in {"bad_request", "user_not_gradable", "conflict", "locked"}:
        phrases = {409: refusal.reason, 500: "Internal Server Error"}
        status = refusal.status if refusal.error in {"conflict", "locked"} else 400
        phrase = phrases.get(status, f"Incorrect score received{call.body}")
        return RefusalAnswer(status, [], f"{lti.MEDIA_SCORE}; charset=utf-8", phrase)
    status, reason = _word_as_moodle(refusal, call)
    asked: dict[str, object] = {"method": call.method, "url": call.address}
    if call.method == "GET":
        asked["accept"] = call.accept or ""
    asked["contentType"] = call.content_type
    return RefusalAnswer(status, {"status": status, "reason": reason, "request": asked}, _JSON, reason)


def _word_as_moodle(refusal: Refusal, call: Call) -> tuple[int, str]:
    place, accept = call.path.removeprefix("/api/lti"), call.accept or ""
    is_column = "/lineitems" in call.path and call.method in {"POST", "PUT"}
    unknown = "No context or unsupported content type"
    unread = f"No handler found for {place} {accept} " if accept in _KNOWN_TYPES else unknown
    unwritten = f"No handler found for {place}  {call.content_type}" if call.content_type in _KNOWN_TYPES else unknown
    worded = {
        "invalid_token": (401, "Unauthorized"),
        "insufficient_scope": (401, "Unauthorized"),
        "not_acceptable": (400, unread),
        "unsupported_media_type": (400, unwritten),
        "not_found": (404, f"Not Found: {refusal.subject} doesn't exist"),
        "foreign_link": (403, "Forbidden"),
        "foreign_column": (403, "Forbidden"),
        "bad_request": (400, "No label or Score Maximum" if is_column else refusal.reason),
        "method_not_allowed": (405, "Method Not Allowed"),
    }
    return worded.get(refusal.error, (refusal.status, refusal.reason))
