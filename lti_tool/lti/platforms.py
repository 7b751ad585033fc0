"""What differs between platforms, as data and small functions. No other file depends on a platform's family.

Moodle facts: read in 4.5's source and measured on 4.5.6. Canvas facts: ``lti/ims/scores_controller.rb`` and its
documentation. A platform nobody has measured is treated by the specification (AGS 2.0).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from lti_tool.lti.answer_words import read_text
from lti_tool.lti.configuration import CHOOSING_QUERY, TITLE
from lti_tool.lti.values import AnswerClass, LoginInitiation, ScoreMessage

CANVAS: Final = "canvas"
MOODLE: Final = "moodle"
OTHER: Final = "other"

CANVAS_SUBMISSION_EXTENSION: Final = "https://canvas.instructure.com/lti/submission"
CANVAS_SUBMISSION_TYPE_EXTENSION: Final = "https://canvas.instructure.com/lti/submission_type"
CANVAS_PLACEMENT: Final = "https://www.instructure.com/placement"


@dataclass(frozen=True, slots=True)
class PlatformTraits:
    """How a family of platforms behaves where the specification leaves it open.

    Attributes:
        score_timestamp_step: by how much a score's time must rise to be taken for newer.
        sends_canvas_extension: whether a score carries Canvas's submission extension.
        line_item_limit_allowed: whether ``limit`` may be sent when reading columns and results.
        page_limit: the ``limit`` to send, where it may be.
        roster_limit: the ``limit`` to send when reading a course's people; None for all that the platform gives.
        keeps_waiting_without_grade: whether "waits for her, not graded" can be told to an empty cell without harm.
        keeps_grade_while_waiting: whether that is harmless even where a grade stands, so that nobody has to look first.
        takes_frame_messages: whether its page sizes and scrolls our frame when it is asked to.
    """

    family: str
    score_timestamp_step: timedelta
    sends_canvas_extension: bool
    line_item_limit_allowed: bool
    page_limit: int | None
    roster_limit: int | None
    keeps_waiting_without_grade: bool
    keeps_grade_while_waiting: bool
    takes_frame_messages: bool


_TRAITS: Final = {
    CANVAS: PlatformTraits(
        family=CANVAS,
        score_timestamp_step=timedelta(milliseconds=1),  # result.updated_at > timestamp → 400; compared as stored
        sends_canvas_extension=True,
        line_item_limit_allowed=True,  # Api.paginate: 10 a page unless asked, 100 at most
        page_limit=100,
        roster_limit=50,  # names_and_roles_controller.rb: 10 a page unless asked, 50 at most
        # An ungraded score clears the grade and makes a new attempt, but not with preserve_score and without
        # new_submission (scores_controller.rb), and so it is never sent otherwise.
        keeps_waiting_without_grade=True,
        keeps_grade_while_waiting=True,
        takes_frame_messages=True,  # doc/api/lti_window_post_message.md: lti.frameResize, lti.scrollToTop
    ),
    MOODLE: PlatformTraits(
        family=MOODLE,
        score_timestamp_step=timedelta(seconds=1),  # strtotime() drops fractions; equal → 409 (measured)
        sends_canvas_extension=False,
        line_item_limit_allowed=False,  # results?limit= crashes; the list's Link header has curly quotes (measured)
        page_limit=None,
        roster_limit=None,  # without one everybody comes on one page (measured)
        # PendingManual without scoreGiven in an empty cell: 200, no grade, the comment stays as feedback (measured).
        # The same where a grade stands erases it (measured).
        keeps_waiting_without_grade=True,
        keeps_grade_while_waiting=False,
        takes_frame_messages=False,
    ),
    OTHER: PlatformTraits(
        family=OTHER,
        score_timestamp_step=timedelta(milliseconds=1),
        sends_canvas_extension=False,
        line_item_limit_allowed=False,
        page_limit=None,
        roster_limit=None,
        keeps_waiting_without_grade=False,  # AGS 2.0 §3.4.7: without scoreGiven a platform clears what it holds
        keeps_grade_while_waiting=False,
        takes_frame_messages=False,
    ),
}


@dataclass(frozen=True, slots=True)
class PlacingTraits:
    """What a family does with links that are placed by deep linking, and what its people do around it.

    Attributes:
        variables: custom parameters that it fills in at every launch of the link.
        takes_dates: whether ``available`` and ``submission`` of an item become dates of the activity.
        takes_new_tab: whether ``window`` decides that a link opens in a tab of its own.
        frame_height: the height of the ``iframe`` to ask for; None where it is decided elsewhere.
        takes_submission_review: whether a column's grader can launch us for one person's work.
        series_advice: where to click for the whole series, when this place takes one link only.
        steps_after_one: what she does in her LMS after placing one link.
        steps_after_several: the same after several.
        column_step: what to do where a gradebook column was asked for and does not appear, or is to be counted.
    """

    variables: Mapping[str, str]
    takes_dates: bool
    takes_new_tab: bool
    frame_height: int | None
    takes_submission_review: bool
    series_advice: str
    steps_after_one: tuple[str, ...]
    steps_after_several: tuple[str, ...]
    column_step: str


_CONTEXT_HISTORY: Final = {"context_history": "$Context.id.history"}
_PLACING: Final = {
    # deep_linking_modules.rb: new assignments and module items are "unpublished", dates become lock and due dates,
    # targetName "_blank" a new tab, iframe the size of the frame (a fixed width would break it on a phone).
    CANVAS: PlacingTraits(
        variables={
            **_CONTEXT_HISTORY,
            "section_ids": "$Canvas.course.sectionIds",
            "prev_contexts": "$Canvas.course.previousContextIds",
        },
        takes_dates=True,
        takes_new_tab=True,
        frame_height=800,
        takes_submission_review=False,  # SpeedGrader opens the address that goes with a score instead
        # module_index_menu_modal and course_assignments_menu are the placements that take several.
        series_advice=(
            "To add the whole series at once, close this window, open Modules, choose the three dots at the top, and "
            f"then “Add {TITLE}”. The three dots on the Assignments page offer the same."
        ),
        steps_after_one=("Canvas shows what you chose. Save it there, and publish it when your cohort may see it.",),
        steps_after_several=(
            "Everything is unpublished at first. Publish it when your cohort may see it, with the module it is in.",
        ),
        column_step="Each session with a column is a Canvas assignment worth 100 points. Leave its points at 100.",
    ),
    # locallib.php 1427-1590 and measured: dates, window and iframe are ignored; several items make several activities.
    MOODLE: PlacingTraits(
        variables=_CONTEXT_HISTORY,
        takes_dates=False,
        takes_new_tab=False,
        frame_height=None,
        takes_submission_review=True,
        series_advice=(
            "To add the whole series at once, choose the tool in the list of Moodle activities and use its “Select "
            "content” button."
        ),
        steps_after_one=("Moodle shows its form, filled in. Choose “Save and return to course” at its end.",),
        steps_after_several=(
            "Moodle makes one activity for each session, in the section you were in. Move them where you want them.",
            "If you track completion: open More, Course completion, “Bulk edit activity completion”.",
            "There choose “Receive a grade” for the sessions with a column. They are then done once they have a score.",
        ),
        # lineItem is dropped without a word unless the tool's "Accept grades from the tool" delegates or is on.
        column_step=(
            "If no gradebook column appears, grades are switched off for this tool: ask your Moodle administrator for "
            "“Accept grades from the tool”."
        ),
    ),
    OTHER: PlacingTraits(
        variables={**_CONTEXT_HISTORY, "link_history": "$ResourceLink.id.history"},
        takes_dates=True,
        takes_new_tab=True,
        frame_height=None,
        takes_submission_review=True,
        series_advice=(
            "To add the whole series at once, look in your LMS for a place that adds several links, often in the menu "
            "of a whole course or module."
        ),
        steps_after_one=("Your LMS may show a form of its own now. Save it there.",),
        steps_after_several=(
            "Look at the new links in your course. If your LMS hides them, show them when your cohort may see them.",
        ),
        column_step="Each column is worth 100 points. Leave its points at 100.",
    ),
}
_CANVAS_NEW_MODULE: Final = (
    "Canvas puts them into a new module called “New Content From App”. Give it a name of your own."
)


def placing_traits_of(family: str) -> PlacingTraits:
    """Give what a family does with placed links; an unknown family is treated by the specification."""
    return _PLACING.get(family, _PLACING[OTHER])


def list_placing_steps(family: str, placement: str | None, columns: Sequence[bool]) -> tuple[str, ...]:
    """Say what is to be done in the LMS after placing. ``columns`` says of each link whether it asks for a column."""
    traits = placing_traits_of(family)
    steps = traits.steps_after_several if len(columns) > 1 else traits.steps_after_one
    # deep_linking_controller.rb: from the second placement, links that all have columns become assignments only.
    makes_module = placement == "module_index_menu_modal" or (
        placement == "course_assignments_menu" and not all(columns)
    )
    if family == CANVAS and makes_module:
        steps = (_CANVAS_NEW_MODULE, *steps)
    return (*steps, traits.column_step) if any(columns) else steps


def traits_of(family: str) -> PlatformTraits:
    """Give a family's traits; an unknown family is treated by the specification."""
    return _TRAITS.get(family, _TRAITS[OTHER])


def is_deep_linking_login(family: str, login: LoginInitiation) -> bool | None:
    """Whether a login will end in a choice of content, as far as it says before its message comes; None if it does not.

    A platform that took our addresses from us shows the one for choosing in the login. Moodle's hint is JSON
    (measured): ``{"cmid": 13, "launchid": "ltilaunch11_…"}`` for an activity, and for content
    ``{"launchid": "ltilaunch_ContentItemSelectionRequest…"}``. Canvas's is a JWT without a word about it.
    """
    hint = (login.message_hint or "") if family == MOODLE else ""
    if login.target_link_uri.endswith(f"?{CHOOSING_QUERY}") or "ltilaunch_ContentItemSelectionRequest" in hint:
        return True
    return False if '"cmid":' in hint else None


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


# Hosted Canvas answers for one issuer under several hosts: its sign-on host (Canvas: "LTI Dynamic Registration") and
# each school's own.
_CANVAS_SIGN_ON_HOSTS: Final = {
    "sso.canvaslms.com": "canvas.instructure.com",
    "sso.beta.canvaslms.com": "canvas.beta.instructure.com",
    "sso.test.canvaslms.com": "canvas.test.instructure.com",
}


def speaks_for_issuer(configuration_host: str, issuer_host: str) -> bool:
    """Whether a configuration found at one host may name an issuer at another (Dynamic Registration 1.0 §3.5.1).

    The rule is that they are the same; hosted Canvas is the one known exception, and only for its own issuers.
    """
    if configuration_host == issuer_host:
        return True
    if _CANVAS_SIGN_ON_HOSTS.get(configuration_host) == issuer_host:
        return True
    for environment in ("beta.", "test.", ""):
        if configuration_host.endswith(f".{environment}instructure.com"):
            return issuer_host == f"canvas.{environment}instructure.com"
    return False


def list_frame_origins(family: str, issuer: str, auth_url: str, configuration_url: str) -> tuple[str, ...]:
    """Where people see a platform that registered itself, and so which pages may frame the tool.

    Schools that Instructure hosts live under ``*.instructure.com`` or an address of their own, which only their
    administrator knows and the operator adds; Moodle's pages are at its issuer.
    """
    found = [urlsplit(url) for url in (issuer, auth_url, configuration_url)]
    origins = list(dict.fromkeys(f"{parts.scheme}://{parts.netloc.lower()}" for parts in found if parts.netloc))
    is_hosted_canvas = family == CANVAS and (found[0].hostname or "").endswith(".instructure.com")
    return (*origins, "https://*.instructure.com") if is_hosted_canvas else tuple(origins)


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
        # Without prioritize_non_tool_grade a teacher's own number would be overwritten (scores_controller.rb); with it
        # the read-back finds her number, and the facilitator decides: only her "Send our number" overwrites it.
        extension: dict[str, object] = {
            "new_submission": score.is_new_attempt,
            "prioritize_non_tool_grade": not score.overrides_teacher,
        }
        if submitted_at is not None:
            extension["submitted_at"] = submitted_at
        if score.is_new_attempt and score.work_url is not None:
            # SpeedGrader then opens her plan. Read only where a submission is made (scores_controller.rb).
            extension |= {"submission_type": "basic_lti_launch", "submission_data": score.work_url}
        extra[CANVAS_SUBMISSION_EXTENSION] = extension
    return extra


def extend_note(family: str) -> dict[str, object]:
    """Give the fields that keep a note without a score from doing anything but showing its comment."""
    if traits_of(family).sends_canvas_extension:
        return {CANVAS_SUBMISSION_EXTENSION: {"new_submission": False, "preserve_score": True}}
    return {}


def extend_line_item(family: str) -> dict[str, object]:
    """Give the fields a new column carries beyond AGS's own.

    On Canvas it becomes an assignment. It is made to hold a number only, with nothing to hand in there: an assignment
    that launches the tool would be one more link into the course, and one that names no session.
    """
    return {CANVAS_SUBMISSION_TYPE_EXTENSION: {"type": "none"}} if family == CANVAS else {}


def find_course_url(family: str, issuer: str, context_id: str, return_url: str | None) -> str | None:
    """The address of a course that anybody in it can open, where it can be known; a facilitator passes it on.

    Moodle's issuer is its own address and its context id the course's (both measured); its return address holds the
    facilitator's own session key and is never passed on. Canvas's return address begins with the course's.
    """
    if family == MOODLE and _NUMBER.fullmatch(context_id):
        return f"{issuer.rstrip('/')}/course/view.php?id={context_id}"
    found = _CANVAS_COURSE.match(return_url or "") if family == CANVAS else None
    return found[0] if found else None


_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_CANVAS_COURSE: Final = re.compile(r"https?://[^/?#@\s]+/courses/[0-9~]{1,30}(?=/|$)")


def classify(family: str, status: int, body: bytes | str, reason: str = "") -> AnswerClass:
    """Say what an answer of a gradebook service means for the delivery.

    ``reason`` is the status line's text: Moodle explains itself there and sends ``[]`` as body.
    """
    words = f"{reason} {read_text(body)}"[:4000].lower()
    if 200 <= status < 300:
        return AnswerClass.SENT
    # Canvas throttles with 403 "Rate Limit Exceeded" (doc/api/throttling.md), others with 429.
    if status == 429 or (status == 403 and "rate limit" in words):
        return AnswerClass.THROTTLED
    if status in {400, 422, 500}:
        return _classify_by_words(family, status, words, read_text(body))
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
    words = read_text(body)[:4000].lower()
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
