"""The score and result services: what the tool puts into a cell, and what it may read back (AGS 2.0, 3.3 and 3.4).

Where the specification leaves a choice, the demo LMS does what Moodle 4.5 was seen to do: a score that is not
FullyGraded, or that has no ``scoreGiven``, empties the cell; a comment takes the place of the one before, and
leaving it out takes that away; a score above the maximum is held down to it; a time in the future is taken (and
then blocks every earlier one). It is stricter than Moodle in that a time needs its zone, numbers have to be
numbers, and a cleared cell still refuses what is not newer.
"""

from typing import Final

from flask import Blueprint, Response, request

from lti_tool.demo_lms.calls import (
    require_accept,
    require_column,
    require_content_type,
    require_course,
    require_scope,
)
from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.fields import (
    Body,
    check_instant,
    read_json_object,
    read_positive_number,
    read_required_instant,
    read_required_text,
    read_score,
    read_text,
    read_word,
)
from lti_tool.demo_lms.gradebook import Column, Grade, NewScore, StaleScoreError, write_json_number
from lti_tool.demo_lms.line_items import answer_json, cut_page
from lti_tool.demo_lms.people import find_person
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, require
from lti_tool.demo_lms.traffic import Exchange, current_exchange
from lti_tool.lti import vocabulary as lti

scores = Blueprint("scores", __name__)

ACTIVITY_PROGRESS: Final = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS: Final = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
_LONGEST_ID: Final = 255
_ITEM_RULE: Final = "/api/lti/courses/<course_id>/lineitems/<int:column_id>/lineitem"


@scores.post(_ITEM_RULE + "/scores")
def receive_score(course_id: str, column_id: int) -> Response:
    """Put a score into a cell. Like Moodle's, a good answer is 200 with an empty body."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_SCORE)
    course = require_course(exchange, course_id)
    column = require_column(platform, exchange, course, column_id)
    require_content_type(exchange, lti.MEDIA_SCORE)
    score = _read_score(exchange, course, read_json_object(exchange))
    try:
        grade = platform.gradebook.record_score(column, score, platform.read_clock())
    except StaleScoreError as stale:
        requirement = "timestamp is later than that of the score that is there"
        there = f"{score.sent_at.isoformat()}; there is {stale.newest.isoformat()}"
        exchange.check(requirement, False, there)
        raise ServiceRefusedError(409, "conflict", f"There is a score of {stale.newest.isoformat()}.") from stale
    exchange.check("timestamp is later than that of the score that is there", True)
    exchange.outcome = _describe_effect(column, score, grade)
    return Response(b"", 200, content_type=lti.MEDIA_SCORE)


@scores.get(_ITEM_RULE + "/results")
def list_results(course_id: str, column_id: int) -> Response:
    """Return what the column's cells show; with ``user_id`` that one person's only."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_RESULT_READONLY)
    column = require_column(platform, exchange, require_course(exchange, course_id), column_id)
    require_accept(exchange, lti.MEDIA_RESULT_CONTAINER)
    wanted = request.args.get("user_id")
    grades = [grade for grade in platform.gradebook.list_grades(column) if wanted in {None, grade.sub}]
    page, headers = cut_page(exchange, f"{platform.settings.base_url}{request.path}", grades)
    exchange.outcome = f"{len(page)} sent: {column.label}"
    body = [_describe_result(platform, column, grade) for grade in page]
    exchange.show(answered=body)
    return answer_json(body, lti.MEDIA_RESULT_CONTAINER, headers=headers)


def _describe_result(platform: Platform, column: Column, grade: Grade) -> dict[str, object]:
    """Return a cell as a result. Like Moodle's it tells the score's time, which the specification does not ask for."""
    result: dict[str, object] = {
        "id": f"{platform.build_line_item_url(column, sub_path='/results')}&user_id={grade.sub}",
        "userId": grade.sub,
        "scoreOf": platform.build_line_item_url(column),
        "timestamp": grade.sent_at.isoformat(),
    }
    if grade.value is not None:
        result |= {
            "resultScore": write_json_number(round(grade.value, 5)),
            "resultMaximum": write_json_number(column.maximum),
        }
    return result | ({"comment": grade.comment} if grade.comment else {})


def _read_score(exchange: Exchange, course: Course, body: Body) -> NewScore:
    """Return the score of this body; a 400 for a field that is missing or wrong, or a person who is no learner."""
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
    person = find_person(score.sub)
    is_learner = person is not None and person in course.learners
    require(exchange, "the person is a learner in this course", is_learner, error="user_not_gradable", found=score.sub)
    return score


def _describe_effect(column: Column, score: NewScore, grade: Grade) -> str:
    person = find_person(score.sub)
    who = f"{person.name if person else score.sub}, {column.short_label}"
    if score.clears:
        return f"{who}: the cell is empty now, because the score is not final or has no number"
    capped = score.given is not None and score.maximum is not None and score.given > score.maximum
    return f"{who}: {grade.value_in_words}" + (
        " (sent with more than the maximum and held down to it)" if capped else ""
    )
