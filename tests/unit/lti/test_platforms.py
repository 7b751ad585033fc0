from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.lti.answer_words import describe_answer
from lti_tool.lti.platforms import (
    CANVAS,
    CANVAS_SUBMISSION_EXTENSION,
    MOODLE,
    OTHER,
    classify,
    classify_token_answer,
    detect_family,
    extend_score,
    format_score_time,
    traits_of,
)
from lti_tool.lti.values import AnswerClass, ScoreMessage

NOW = datetime(2026, 3, 4, 20, 14, 5, 678901, tzinfo=UTC)


@pytest.mark.parametrize(
    ("issuer", "code", "family"),
    [
        ("https://canvas.instructure.com", None, CANVAS),
        ("https://canvas.beta.instructure.com", None, CANVAS),
        ("https://notinstructure.com", None, OTHER),
        ("https://instructure.com.evil.example", None, OTHER),
        ("https://learn.school.edu", "moodle", MOODLE),
        ("https://learn.school.edu", "Moodle-4", MOODLE),
        ("https://learn.school.edu", "canvas", CANVAS),
        ("https://learn.school.edu", None, OTHER),
        ("https://learn.school.edu", "sakai", OTHER),
        ("https://[", None, OTHER),
        ("", "", OTHER),
    ],
)
def test_family_is_detected(issuer: str, code: str | None, family: str) -> None:
    assert detect_family(issuer, code) == family


@given(st.text(), st.none() | st.text())
def test_family_of_any_text_is_one_of_three(issuer: str, code: str | None) -> None:
    assert detect_family(issuer, code) in {CANVAS, MOODLE, OTHER}


def test_traits_hold_the_vendors_facts() -> None:
    assert traits_of(MOODLE).score_timestamp_step == timedelta(seconds=1)
    assert not traits_of(MOODLE).line_item_limit_allowed
    assert traits_of(MOODLE).page_limit is None
    assert traits_of(CANVAS).sends_canvas_extension
    assert traits_of(CANVAS).page_limit == 100
    families = (CANVAS, MOODLE, OTHER)
    assert [family for family in families if traits_of(family).keeps_waiting_without_grade] == [CANVAS, MOODLE]
    assert [family for family in families if traits_of(family).keeps_grade_while_waiting] == [CANVAS]
    assert traits_of("unheard of") == traits_of(OTHER)


def test_score_time_is_utc_with_milliseconds() -> None:
    assert format_score_time(NOW) == "2026-03-04T20:14:05.678Z"
    assert format_score_time(NOW.astimezone(timezone(timedelta(hours=-5)))) == "2026-03-04T20:14:05.678Z"


def test_canvas_gets_its_extension_and_nobody_else() -> None:
    score = ScoreMessage("7", NOW, 100, 100, submitted_at=NOW, is_new_attempt=False)
    submitted = {"submittedAt": "2026-03-04T20:14:05.678Z"}
    assert extend_score(MOODLE, score) == {"submission": submitted}
    assert extend_score(CANVAS, score) == {
        "submission": submitted,
        CANVAS_SUBMISSION_EXTENSION: {
            "new_submission": False,
            "prioritize_non_tool_grade": True,
            "submitted_at": "2026-03-04T20:14:05.678Z",
        },
    }
    first = ScoreMessage("7", NOW, 100, 100, is_new_attempt=True)
    assert extend_score(CANVAS, first) == {
        CANVAS_SUBMISSION_EXTENSION: {"new_submission": True, "prioritize_non_tool_grade": True}
    }
    decided = extend_score(CANVAS, replace(first, overrides_teacher=True))
    assert decided[CANVAS_SUBMISSION_EXTENSION] == {"new_submission": True, "prioritize_non_tool_grade": False}
    assert extend_score(OTHER, first) == {}


def errors(message: str) -> bytes:
    return f'{{"errors":{{"type":"unprocessable_entity","message":"{message}"}}}}'.encode()


# Canvas's texts: app/controllers/lti/ims/scores_controller.rb and concerns/grade_services.rb.
STALE = errors(
    "Provided timestamp of 2026-03-04T20:14:05.678Z before last updated timestamp of 2026-03-04T20:15:00.000Z"
)


@pytest.mark.parametrize(
    ("family", "status", "body", "expected"),
    [
        (CANVAS, 200, b'{"resultUrl": "x"}', AnswerClass.SENT),
        (OTHER, 204, b"", AnswerClass.SENT),
        (CANVAS, 400, STALE, AnswerClass.STALE),
        (CANVAS, 400, errors("userId is missing"), AnswerClass.REFUSED),
        (CANVAS, 422, errors("User not found in course or is not a student"), AnswerClass.NOT_IN_COURSE),
        (
            CANVAS,
            422,
            errors("The maximum number of allowed attempts has been reached for this submission"),
            AnswerClass.ATTEMPTS_USED_UP,
        ),
        (CANVAS, 422, errors("ScoreMaximum not supplied"), AnswerClass.REFUSED),
        (CANVAS, 403, b"403 Forbidden (Rate Limit Exceeded)", AnswerClass.THROTTLED),
        (CANVAS, 403, b"", AnswerClass.NO_PERMISSION),
        (CANVAS, 401, b"", AnswerClass.NO_PERMISSION),
        (CANVAS, 404, b"", AnswerClass.COLUMN_GONE),
        (CANVAS, 412, errors("not this tool's"), AnswerClass.NO_PERMISSION),
        (OTHER, 429, b"", AnswerClass.THROTTLED),
        (OTHER, 409, b"", AnswerClass.STALE),
        (OTHER, 410, b"", AnswerClass.COLUMN_GONE),
        (OTHER, 408, b"", AnswerClass.PLATFORM_DOWN),
        (OTHER, 500, b"[]", AnswerClass.PLATFORM_DOWN),
        (OTHER, 502, b"", AnswerClass.PLATFORM_DOWN),
        (OTHER, 503, b"", AnswerClass.PLATFORM_DOWN),
        (OTHER, 504, b"", AnswerClass.PLATFORM_DOWN),
        (OTHER, 599, b"", AnswerClass.PLATFORM_DOWN),
        (OTHER, 302, b"", AnswerClass.REFUSED),
        (OTHER, 413, b"", AnswerClass.REFUSED),
        (OTHER, 400, b"[]", AnswerClass.REFUSED),
        (MOODLE, 500, b"[]", AnswerClass.LOCKED),
        (MOODLE, 500, b"<html>fatal</html>", AnswerClass.PLATFORM_DOWN),
        (MOODLE, 503, b"<html>maintenance</html>", AnswerClass.PLATFORM_DOWN),
    ],
)
def test_answer_is_classified(family: str, status: int, body: bytes, expected: AnswerClass) -> None:
    assert classify(family, status, body) == expected


@pytest.mark.parametrize(
    ("family", "status", "body", "expected"),
    [
        (CANVAS, 400, b'{"error": "invalid_client"}', AnswerClass.NO_PERMISSION),
        (CANVAS, 401, b"", AnswerClass.NO_PERMISSION),
        (CANVAS, 403, b"403 Forbidden (Rate Limit Exceeded)", AnswerClass.THROTTLED),
        (CANVAS, 429, b"", AnswerClass.THROTTLED),
        (CANVAS, 500, b"", AnswerClass.PLATFORM_DOWN),
        (OTHER, 404, b"", AnswerClass.NO_PERMISSION),
        (OTHER, 302, b"", AnswerClass.NO_PERMISSION),
    ],
)
def test_token_refusal_is_classified(family: str, status: int, body: bytes, expected: AnswerClass) -> None:
    assert classify_token_answer(family, status, body) == expected


@pytest.mark.parametrize(
    ("status", "reason", "body", "said"),
    [
        (422, "Unprocessable Entity", errors("Not a student"), "422 Unprocessable Entity Not a student"),
        (400, "Bad Request", b'{"error": "invalid_scope"}', "400 Bad Request invalid_scope"),
        (400, "", b'{"errors": [{"message": "a"}, {"message": "b"}]}', "400 a b"),
        (403, "Forbidden", b"Rate Limit Exceeded", "403 Forbidden Rate Limit Exceeded"),
        (404, "Not Found", b"<html><title>Error | School</title><p>x", "404 Not Found Error | School"),
        (404, "Not Found", b"<html>no title", "404 Not Found"),
        (500, "Oops\x00\r\nX: y", b"[]", "500 Oops X: y"),
        (500, "", b"", "500"),
        (500, "", b"\xff\xfe", "500 \ufffd\ufffd"),
    ],
)
def test_description_is_one_line_of_the_platforms_words(status: int, reason: str, body: bytes, said: str) -> None:
    assert describe_answer(status, reason, body) == said


@given(st.integers(100, 599), st.text(), st.binary())
def test_any_answer_is_classified_and_described(status: int, reason: str, body: bytes) -> None:
    for family in (CANVAS, MOODLE, OTHER):
        assert classify(family, status, body, reason) in AnswerClass
        assert classify_token_answer(family, status, body) in AnswerClass
    said = describe_answer(status, reason, body)
    assert said.isprintable()
    assert len(said) <= 500
