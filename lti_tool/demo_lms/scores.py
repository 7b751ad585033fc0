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
from lti_tool.demo_lms.fields import read_json_object
from lti_tool.demo_lms.gradebook import (
    AttemptsUsedUpError,
    Column,
    Grade,
    LockedCellError,
    NewScore,
    StaleScoreError,
    write_json_number,
)
from lti_tool.demo_lms.line_items import answer_json
from lti_tool.demo_lms.manners import Manner, write_media_type
from lti_tool.demo_lms.paging import cut_page
from lti_tool.demo_lms.people import find_person
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, require
from lti_tool.demo_lms.score_bodies import read_new_score
from lti_tool.demo_lms.traffic import Exchange, current_exchange
from lti_tool.lti import vocabulary as lti

scores = Blueprint("scores", __name__)

_ITEM_RULE: Final = "/api/lti/courses/<course_id>/lineitems/<int:column_id>/lineitem"


@scores.post(_ITEM_RULE + "/scores")
def receive_score(course_id: str, column_id: int) -> Response:
    """Put a score into a cell. Like Moodle's, a good answer is 200 with an empty body; Canvas tells the result's."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_SCORE)
    course = require_course(platform, exchange, course_id)
    column = require_column(platform, exchange, course, column_id)
    require_content_type(platform, exchange, lti.MEDIA_SCORE)
    score = read_new_score(platform, exchange, course, read_json_object(exchange))
    grade = _record(platform, exchange, column, score)
    exchange.outcome = _describe_effect(column, score, grade)
    if platform.settings.manner is Manner.CANVAS:
        return answer_json({"resultUrl": _build_result_url(platform, column, score.sub)}, lti.MEDIA_SCORE)
    return Response(b"", 200, content_type=write_media_type(platform.settings.manner, lti.MEDIA_SCORE))


@scores.get(_ITEM_RULE + "/results")
def list_results(course_id: str, column_id: int) -> Response:
    """Return what the column's cells show; with ``user_id`` that one person's only."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_RESULT_READONLY)
    column = require_column(platform, exchange, require_course(platform, exchange, course_id), column_id)
    require_accept(platform, exchange, lti.MEDIA_RESULT_CONTAINER)
    crashes = platform.settings.traits.crashes_on_result_limit and "limit" in request.args
    require(exchange, "the LMS did not crash over limit, as Moodle 4.5 does", not crashes, status=404, error="crash")
    wanted = request.args.get("user_id")
    grades = [grade for grade in platform.gradebook.list_grades(column) if wanted in {None, grade.sub}]
    page, headers = cut_page(platform, exchange, grades)
    exchange.outcome = f"{len(page)} sent: {column.label}"
    body = [_describe_result(platform, column, grade) for grade in page]
    exchange.show(answered=body)
    return answer_json(body, lti.MEDIA_RESULT_CONTAINER, headers=headers)


def _record(platform: Platform, exchange: Exchange, column: Column, score: NewScore) -> Grade:
    """Let the gradebook take the score.

    Raises:
        ServiceRefusedError: there is a newer one, the cell is locked, or no attempt is left.
    """
    requirement = "timestamp is later than that of the score that is there"
    try:
        grade = platform.gradebook.record_score(column, score, platform.read_clock())
    except StaleScoreError as stale:
        exchange.check(requirement, False, f"{score.sent_at.isoformat()}; there is {stale.newest.isoformat()}")
        raise _refuse_stale(platform.settings.manner, column, score, stale) from stale
    except LockedCellError as locked:
        exchange.check("neither the cell nor its column is locked", False)
        status = 500 if platform.settings.manner is Manner.MOODLE else 403
        raise ServiceRefusedError(status, "locked", "A teacher locked this cell.") from locked
    except AttemptsUsedUpError as used_up:
        exchange.check("an attempt is left", False)
        reason = "The maximum number of allowed attempts has been reached for this submission"
        raise ServiceRefusedError(422, "attempts_used_up", reason) from used_up
    exchange.check(requirement, True)
    return grade


def _refuse_stale(manner: Manner, column: Column, score: NewScore, stale: StaleScoreError) -> ServiceRefusedError:
    """Return the refusal in the platform's own words: 409, but 400 on Canvas."""
    newest = stale.newest.isoformat()
    match manner:
        case Manner.STRICT:
            return ServiceRefusedError(409, "conflict", f"There is a score of {newest}.")
        case Manner.MOODLE:
            words = f"Refusing score with an earlier timestamp for item {column.id} and user {score.sub}"
            return ServiceRefusedError(409, "conflict", words)
        case Manner.CANVAS:
            there = stale.newest.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            words = f"Provided timestamp of {score.sent_at.isoformat()} before last updated timestamp of {there}"
            return ServiceRefusedError(400, "conflict", words)


def _build_result_url(platform: Platform, column: Column, sub: str) -> str:
    """Return the address of one result: under the container on Canvas, a filter of it elsewhere."""
    if platform.settings.traits.has_type_id:
        return f"{platform.build_line_item_url(column, sub_path='/results')}&user_id={sub}"
    return platform.build_line_item_url(column, sub_path=f"/results/{sub}")


def _describe_result(platform: Platform, column: Column, grade: Grade) -> dict[str, object]:
    """Return a cell as a result. Like Moodle's it tells the score's time, which the specification does not ask for.

    Of an empty cell Moodle tells whose it is and nothing else, not even the comment in it (captured).
    """
    manner, written_at = platform.settings.manner, grade.cell.written_at
    result: dict[str, object] = {"id": _build_result_url(platform, column, grade.sub), "userId": grade.sub}
    if manner is Manner.MOODLE and grade.value is None:
        return result
    if grade.value is not None:
        result |= {
            "resultScore": write_json_number(round(grade.value, 5)),
            "resultMaximum": write_json_number(column.maximum),
        }
    result["scoreOf"] = platform.build_line_item_url(column)
    if manner is not Manner.CANVAS and written_at is not None:
        result["timestamp"] = written_at.isoformat(timespec="seconds" if manner is Manner.MOODLE else "auto")
    return result | ({"comment": grade.comment} if grade.comment else {})


def _describe_effect(column: Column, score: NewScore, grade: Grade) -> str:
    person = find_person(score.sub)
    who = f"{person.name if person else score.sub}, {column.short_label}"
    if grade.value is None:
        return f"{who}: the cell is empty now, because the score is not final or has no number"
    capped = score.given is not None and score.maximum is not None and score.given > score.maximum
    capped = capped and grade.value <= column.maximum
    return f"{who}: {grade.value_in_words}" + (
        " (sent with more than the maximum and held down to it)" if capped else ""
    )
