"""Reading a score that a tool sent, as strictly or as lightly as the LMS's manner does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from lti_tool.demo_lms.cells import CanvasWishes, NewScore
from lti_tool.demo_lms.column_bodies import read_loose_number
from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.fields import (
    Body,
    check_instant,
    parse_instant,
    read_positive_number,
    read_required_instant,
    read_required_text,
    read_score,
    read_text,
    read_word,
)
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import find_person
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.refusals import require, require_found
from lti_tool.demo_lms.traffic import Exchange

ACTIVITY_PROGRESS: Final = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS: Final = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
SUBMISSION_EXTENSION: Final = "https://canvas.instructure.com/lti/submission"
_REQUIRED: Final = ("userId", "activityProgress", "gradingProgress", "timestamp")
_LONGEST_ID: Final = 255
_FUTURE_ALLOWED: Final = timedelta(minutes=1)


def read_new_score(platform: Platform, exchange: Exchange, course: Course, body: Body) -> NewScore:
    """Return the score of this body.

    Raises:
        ServiceRefusedError: a field is missing or wrong, or the person's work is not graded in this course.
    """
    match platform.settings.manner:
        case Manner.STRICT:
            return _read_strictly(platform, exchange, course, body)
        case Manner.CANVAS:
            return _read_as_canvas(platform, exchange, course, body)
        case Manner.MOODLE:
            return _read_as_moodle(platform, exchange, course, body)


def _read_strictly(platform: Platform, exchange: Exchange, course: Course, body: Body) -> NewScore:
    given = read_score(exchange, body, "scoreGiven")
    has_maximum = given is not None or body.get("scoreMaximum") is not None
    score = NewScore(
        sub=read_required_text(exchange, body, "userId", _LONGEST_ID),
        given=given,
        maximum=read_positive_number(exchange, body, "scoreMaximum") if has_maximum else None,
        comment=read_text(exchange, body, "comment"),
        sent_at=read_required_instant(exchange, body, "timestamp"),
        activity_progress=read_word(exchange, body, "activityProgress", ACTIVITY_PROGRESS),
        grading_progress=read_word(exchange, body, "gradingProgress", GRADING_PROGRESS),
    )
    read_text(exchange, body, "scoringUserId")
    submission = body.get("submission", {})
    require(exchange, "submission, if it is there, is an object", isinstance(submission, dict), found=submission)
    if isinstance(submission, dict):
        for name in ("startedAt", "submittedAt"):
            check_instant(exchange, submission, name)
    _require_graded_person(platform, exchange, course, score.sub, status=400)
    return score


def _read_as_moodle(platform: Platform, exchange: Exchange, course: Course, body: Body) -> NewScore:
    """Moodle 4.5 (captured): four fields have to be there, any word is taken, a time needs no zone, numbers no form."""
    for name in _REQUIRED:
        require(exchange, f"{name} is there", bool(body.get(name)), found=body.get(name))
    given, maximum = read_loose_number(body.get("scoreGiven")), read_loose_number(body.get("scoreMaximum"))
    has_maximum = given is None or maximum is not None
    require(exchange, "scoreMaximum came with scoreGiven", has_maximum, found=body.get("scoreMaximum"))
    text = str(body["timestamp"])
    sent_at = parse_instant(text) or parse_instant(f"{text}Z")
    sub, comment = str(body["userId"]), body.get("comment")
    score = NewScore(
        sub=sub,
        given=given,
        maximum=maximum,
        comment=comment if isinstance(comment, str) else None,
        sent_at=require_found(exchange, "timestamp is ISO 8601", sent_at, found=text),
        activity_progress=str(body["activityProgress"]),
        grading_progress=str(body["gradingProgress"]),
    )
    _require_graded_person(platform, exchange, course, sub, status=400)
    return score


def _read_as_canvas(platform: Platform, exchange: Exchange, course: Course, body: Body) -> NewScore:
    """Canvas, in the order its controller checks: person, required fields, time, maximum, submission."""
    sub = str(body.get("userId", ""))
    _require_graded_person(platform, exchange, course, sub, status=422)
    for name in _REQUIRED:
        words = f"param is missing or the value is empty: {name}"
        _require_in_words(exchange, f"{name} is there", bool(body.get(name)), 400, words)
    text = str(body["timestamp"])
    words = f"Provided timestamp of {text} not a valid timestamp"
    sent_at = require_found(exchange, "timestamp is ISO 8601 with its zone", parse_instant(text), reason=words)
    progress, given = str(body["gradingProgress"]), read_loose_number(body.get("scoreGiven"))
    maximum = read_loose_number(body.get("scoreMaximum"))
    if given is not None and progress in {"FullyGraded", "PendingManual"}:
        words = "ScoreMaximum not supplied when ScoreGiven present."
        _require_in_words(exchange, "scoreMaximum came with scoreGiven", maximum is not None, 422, words)
        words = "ScoreMaximum must be greater than 0"
        _require_in_words(exchange, "scoreMaximum is above 0", (maximum or 0) > 0, 422, words)
    comment = body.get("comment")
    return NewScore(
        sub=sub,
        given=given,
        maximum=maximum,
        comment=comment if isinstance(comment, str) else None,
        sent_at=sent_at,
        activity_progress=str(body["activityProgress"]),
        grading_progress=progress,
        wishes=_read_wishes(exchange, body, platform.read_clock()),
    )


def _read_wishes(exchange: Exchange, body: Body, now: datetime) -> CanvasWishes:
    """Return what the submission extension asks for; ``submission.submittedAt`` goes before its ``submitted_at``."""
    extension, submission = _read_object(body, SUBMISSION_EXTENSION), _read_object(body, "submission")
    text = submission.get("submittedAt") or body.get("submittedAt") or extension.get("submitted_at")
    submitted_at = parse_instant(text)
    words = f"Provided submitted_at timestamp of {text} not a valid timestamp"
    is_time = not text or submitted_at is not None
    _require_in_words(exchange, "submittedAt, if it is there, is a time", is_time, 400, words)
    words = f"Provided submitted_at timestamp of {text} in the future"
    in_time = submitted_at is None or submitted_at <= now + _FUTURE_ALLOWED
    _require_in_words(exchange, "submittedAt is not in the future", in_time, 400, words)
    data, new = extension.get("submission_data"), extension.get("new_submission")
    return CanvasWishes(
        new_submission=None if new is None else _is_true(new),
        submission_type=str(extension.get("submission_type") or "external_tool"),
        submission_data=data if isinstance(data, str) else None,
        submitted_at=submitted_at,
        preserve_score=_is_true(extension.get("preserve_score")),
        prioritize_non_tool_grade=_is_true(extension.get("prioritize_non_tool_grade")),
    )


def _read_object(body: Body, name: str) -> Mapping[str, object]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _is_true(value: object) -> bool:
    return value is True or value in {"true", "1", 1}


def _require_in_words(exchange: Exchange, requirement: str, passed: bool, status: int, words: str) -> None:
    """Write down a check that Canvas refuses in these words."""
    require(exchange, requirement, passed, status=status, reason=words)


def _require_graded_person(platform: Platform, exchange: Exchange, course: Course, sub: str, *, status: int) -> None:
    """Check that the person's work can be graded here. Moodle grades somebody who is suspended, too (captured)."""
    person, state = find_person(sub), platform.enrolments.find_state(course.id, sub)
    states = {EnrolmentState.ACTIVE} | (
        {EnrolmentState.SUSPENDED} if platform.settings.traits.grades_inactive_people else set()
    )
    is_learner = person is not None and person in course.learners and state in states
    reason = "User not found in course or is not a student" if platform.settings.manner is Manner.CANVAS else ""
    requirement = "the person is a learner in this course"
    require(exchange, requirement, is_learner, status=status, error="user_not_gradable", found=sub, reason=reason)
