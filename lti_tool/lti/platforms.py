"""What differs between platforms, as data and small functions. No other file depends on a platform's family.

Moodle facts: read in 4.5's source and measured on 4.5.6. Canvas facts: ``lti/ims/scores_controller.rb`` and its
documentation. A platform nobody has measured is treated by the specification (AGS 2.0).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from lti_tool.lti.json_text import BadJsonError, parse_json
from lti_tool.lti.values import AnswerClass, ScoreMessage

CANVAS: Final = "canvas"
MOODLE: Final = "moodle"
OTHER: Final = "other"

CANVAS_SUBMISSION_EXTENSION: Final = "https://canvas.instructure.com/lti/submission"
LONGEST_DETAIL: Final = 500
_JWT: Final = re.compile(r"eyJ[\w-]*(?:\.[\w-]*){1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PlatformTraits:
    """How a family of platforms behaves where the specification leaves it open.

    Attributes:
        score_timestamp_step: by how much a score's time must rise to be taken for newer.
        sends_canvas_extension: whether a score carries Canvas's submission extension.
        line_item_limit_allowed: whether ``limit`` may be sent when reading columns and results.
        page_limit: the ``limit`` to send, where it may be.
        keeps_waiting_without_grade: whether "submitted, not graded" can be told before a first score without harm.
    """

    family: str
    score_timestamp_step: timedelta
    sends_canvas_extension: bool
    line_item_limit_allowed: bool
    page_limit: int | None
    keeps_waiting_without_grade: bool


_TRAITS: Final = {
    CANVAS: PlatformTraits(
        family=CANVAS,
        score_timestamp_step=timedelta(milliseconds=1),  # result.updated_at > timestamp → 400; compared as stored
        sends_canvas_extension=True,
        line_item_limit_allowed=True,  # Api.paginate: 10 a page unless asked, 100 at most
        page_limit=100,
        keeps_waiting_without_grade=False,  # every ungraded score clears the grade and makes a new attempt
    ),
    MOODLE: PlatformTraits(
        family=MOODLE,
        score_timestamp_step=timedelta(seconds=1),  # strtotime() drops fractions; equal → 409 (measured)
        sends_canvas_extension=False,
        line_item_limit_allowed=False,  # results?limit= crashes; the list's Link header has curly quotes (measured)
        page_limit=None,
        keeps_waiting_without_grade=True,  # PendingManual without scoreGiven on an empty column: 200, no grade
    ),
    OTHER: PlatformTraits(
        family=OTHER,
        score_timestamp_step=timedelta(milliseconds=1),
        sends_canvas_extension=False,
        line_item_limit_allowed=False,
        page_limit=None,
        keeps_waiting_without_grade=False,
    ),
}


def traits_of(family: str) -> PlatformTraits:
    """Give a family's traits; an unknown family is treated by the specification."""
    return _TRAITS.get(family, _TRAITS[OTHER])


def detect_family(issuer: str, product_family_code: str | None = None) -> str:
    """Tell the family from the launch's ``tool_platform.product_family_code`` or, without it, from the issuer.

    Canvas's issuer is the vendor's own for nearly every school; Moodle's is the school's address and tells nothing.
    """
    code = (product_family_code or "").lower()
    for family in (CANVAS, MOODLE):
        if family in code:
            return family
    try:
        host = urlsplit(issuer).hostname or ""
    except ValueError:
        host = ""
    return CANVAS if host == "instructure.com" or host.endswith(".instructure.com") else OTHER


def format_score_time(moment: datetime) -> str:
    """Write a time as every platform reads it: UTC, milliseconds, ``Z`` (AGS 2.0 §3.4.6 asks for sub-seconds)."""
    offset = moment.utcoffset() or timedelta(0)
    return (moment - offset).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def extend_score(family: str, score: ScoreMessage) -> dict[str, object]:
    """Give the fields a score carries beyond AGS's required ones."""
    extra: dict[str, object] = {}
    submitted_at = None if score.submitted_at is None else format_score_time(score.submitted_at)
    if submitted_at is not None:
        extra["submission"] = {"submittedAt": submitted_at}
    if traits_of(family).sends_canvas_extension:
        # Left out, new_submission counts as true: every correction would be a late new attempt (canvas-lms #1799).
        extension: dict[str, object] = {"new_submission": score.is_new_attempt}
        if submitted_at is not None:
            extension["submitted_at"] = submitted_at
        extra[CANVAS_SUBMISSION_EXTENSION] = extension
    return extra


def classify(family: str, status: int, body: bytes | str, reason: str = "") -> AnswerClass:
    """Say what an answer of a gradebook service means for the delivery.

    ``reason`` is the status line's text: Moodle explains itself there and sends ``[]`` as body.
    """
    words = f"{reason} {_to_text(body)}"[:4000].lower()
    if 200 <= status < 300:
        return AnswerClass.SENT
    # Canvas throttles with 403 "Rate Limit Exceeded" (doc/api/throttling.md), others with 429.
    if status == 429 or (status == 403 and "rate limit" in words):
        return AnswerClass.THROTTLED
    if status in {400, 422, 500}:
        return _classify_by_words(family, status, words, _to_text(body))
    return _BY_STATUS.get(status, AnswerClass.PLATFORM_DOWN if status >= 500 else AnswerClass.REFUSED)


_BY_STATUS: Final = {
    401: AnswerClass.NO_PERMISSION,  # Moodle: wrong scope or tool; Canvas: scope missing or tool removed
    403: AnswerClass.NO_PERMISSION,
    404: AnswerClass.COLUMN_GONE,  # Moodle: "Grade item 18 doesn't exist"; Canvas: deleted assignment
    408: AnswerClass.PLATFORM_DOWN,
    409: AnswerClass.STALE,  # AGS 2.0 §3.4.6; Moodle: "Refusing score with an earlier timestamp"
    410: AnswerClass.COLUMN_GONE,
    412: AnswerClass.NO_PERMISSION,  # Canvas: the line item is another tool's
    425: AnswerClass.PLATFORM_DOWN,
}


def _classify_by_words(family: str, status: int, words: str, body: str) -> AnswerClass:
    # Canvas answers 400 where the specification says 409: "... before last updated timestamp of ...".
    if status == 400 and "before last updated timestamp" in words:
        return AnswerClass.STALE
    if status == 422 and "attempts" in words:
        return AnswerClass.ATTEMPTS_USED_UP
    if status == 422 and "user not found" in words:
        return AnswerClass.NOT_IN_COURSE
    # Moodle's scores service answers "Incorrect score received" and [] for people it does not grade: unknown, not
    # enrolled, teachers. Its other 400s (wrong media type, missing label) come as objects.
    if family == MOODLE and status == 400 and ("incorrect score received" in words or body.strip() == "[]"):
        return AnswerClass.NOT_IN_COURSE
    # grade_update() != GRADE_UPDATE_OK → 500 with [] (scores.php); measured with a locked column.
    if family == MOODLE and status == 500 and body.strip() == "[]":
        return AnswerClass.LOCKED
    return AnswerClass.PLATFORM_DOWN if status >= 500 else AnswerClass.REFUSED


def classify_token_answer(family: str, status: int, body: bytes | str) -> AnswerClass:
    """Say what a refusal of the token endpoint means for the delivery that needed the token."""
    words = _to_text(body)[:4000].lower()
    if status == 429 or (status == 403 and "rate limit" in words):
        return AnswerClass.THROTTLED
    if status >= 500 or status == 408:
        return AnswerClass.PLATFORM_DOWN
    # Moodle answers 404 with a page when it cannot fetch our key set just now (measured).
    if family == MOODLE and status == 404:
        return AnswerClass.PLATFORM_DOWN
    # Clocks apart (php-jwt has no leeway) and a key set cached over there before our newest key: both heal.
    if "iat prior" in words or "expired token" in words or "lookup correct key" in words:
        return AnswerClass.PLATFORM_DOWN
    return AnswerClass.NO_PERMISSION


def describe_answer(status: int, reason: str, body: bytes | str, secret: str = "") -> str:
    """Put a platform's own explanation into one line for the log and the facilitator's details.

    Moodle repeats the whole score in its status line, comment and all: everything from the first brace is left out.
    So are tokens: ``secret``, and whatever looks like a JWT.
    """
    said = f"{status} {_hide_tokens(reason, secret).split('{', 1)[0]}"
    for words in _find_explanations(_hide_tokens(_to_text(body), secret)):
        if words.lower() not in said.lower():
            said = f"{said} {words}"
    printable = "".join(character if character.isprintable() else " " for character in said)
    return " ".join(printable.split())[:LONGEST_DETAIL]


def _hide_tokens(text: str, secret: str) -> str:
    return _JWT.sub("…", text.replace(secret, "…") if secret else text)


def _find_explanations(body: str) -> list[str]:
    try:
        document = parse_json(body.encode("utf-8", "replace"))
    except BadJsonError:
        # A page's title says most; the rest is furniture.
        match = re.search(r"<title>([^<]{1,200})</title>", body, re.IGNORECASE)
        return [match.group(1)] if match else ([] if "<" in body else [body.split("{", 1)[0][:200]])
    found: list[str] = []
    _collect_explanations(document, found, depth=0)
    return [words.split("{", 1)[0][:300] for words in found[:5]]


def _collect_explanations(document: object, found: list[str], depth: int) -> None:
    if isinstance(document, list) and depth < 4:
        for item in document[:5]:
            _collect_explanations(item, found, depth + 1)
    elif isinstance(document, dict) and depth < 4:
        for name in ("error", "error_description", "message", "reason", "errors", "detail", "title"):
            value = document.get(name)
            if isinstance(value, str):
                found.append(value)
            else:
                _collect_explanations(value, found, depth + 1)


def _to_text(body: bytes | str) -> str:
    return body if isinstance(body, str) else body[:20000].decode("utf-8", "replace")
