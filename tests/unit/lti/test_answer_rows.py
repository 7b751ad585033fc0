"""Every row of what Canvas and Moodle answer to a score, through the client, to its class, its sentence, its action."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from lti_tool.domain.deliveries import AttemptAnswer, DeliveryReason, DeliveryState, judge_answer
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import CANVAS, MOODLE
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass, PlatformAnswer, ScoreMessage
from lti_tool.services.grades import DeliveryRow
from lti_tool.services.score_lines import DeliveryLine
from lti_tool.web.delivery_words import explain_delivery
from tests.certification.scene import ISSUER, Scene
from tests.support.clock import A_WEDNESDAY_AFTERNOON, Clock
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

Answer = HttpAnswer | PlatformUnreachable
COLUMN = f"{ISSUER}/courses/2/items/15/lineitem?type_id=1"
TRY_AGAIN = "try_again"
ASK = "ask"
WAIT = "wait"


def say_canvas(status: int, message: str) -> HttpAnswer:
    """As ``scores_controller.rb`` puts it."""
    return answer_json({"errors": {"type": "unprocessable_entity", "message": message}}, status, "")


def say_moodle(status: int, phrase: str, body: bytes = b"[]") -> HttpAnswer:
    """As ``scores.php`` puts it: the words are in the status line."""
    return HttpAnswer(status, {}, body, phrase)


@dataclass(frozen=True)
class Row:
    """One row: who answers what, which class that is, and a piece of the sentence a facilitator reads."""

    name: str
    family: str
    answers: Sequence[Answer]
    kind: AnswerClass
    says: str = ""
    action: str = TRY_AGAIN
    tokens: Sequence[Answer] = ()
    calls: int = 1


NOT_STUDENT = "not a student in the course"
GONE = "column for this session is gone"
MAY_NOT = "does not let this tool write scores"
SILENT = "does not answer"
BUSY = "busy and asked us to wait"
LATER = "later entry for this person"
REFUSED = "did not take this score"
ECHO = 'Incorrect score received{"userId":"7","comment":"Between us."}'
STALE_ON_CANVAS = (
    "Provided timestamp of 2026-03-04T20:14:00.000Z before last updated timestamp of 2026-03-04T20:15:00.000Z"
)
TIMES_OUT = PlatformUnreachable(Unreachability.TIMEOUT, "no answer")

ROWS = (
    # What both answer.
    *(
        row
        for family in (CANVAS, MOODLE)
        for row in (
            Row("taken", family, [HttpAnswer(200, {}, b"")], AnswerClass.SENT),
            Row("taken, 204", family, [HttpAnswer(204, {}, b"")], AnswerClass.SENT),
            Row(
                "a token that was withdrawn is renewed once",
                family,
                [HttpAnswer(401, {}, b""), HttpAnswer(200, {}, b"")],
                AnswerClass.SENT,
                calls=2,
            ),
            Row(
                "401 again: scope, deployment or tool are missing",
                family,
                [HttpAnswer(401, {}, b""), HttpAnswer(401, {}, b"")],
                AnswerClass.NO_PERMISSION,
                MAY_NOT,
                ASK,
                calls=2,
            ),
            Row("403", family, [HttpAnswer(403, {}, b"", "Forbidden")], AnswerClass.NO_PERMISSION, MAY_NOT, ASK),
            Row("429", family, [HttpAnswer(429, {"Retry-After": "30"}, b"")], AnswerClass.THROTTLED, BUSY, WAIT),
            Row("502", family, [HttpAnswer(502, {}, b"<html>")], AnswerClass.PLATFORM_DOWN, SILENT, WAIT),
            Row("503", family, [HttpAnswer(503, {}, b"<html>")], AnswerClass.PLATFORM_DOWN, SILENT, WAIT),
            Row("504", family, [HttpAnswer(504, {}, b"")], AnswerClass.PLATFORM_DOWN, SILENT, WAIT),
            Row(
                "a page of an error", family, [HttpAnswer(500, {}, b"<html>")], AnswerClass.PLATFORM_DOWN, SILENT, WAIT
            ),
            Row("no answer in time", family, [TIMES_OUT], AnswerClass.PLATFORM_DOWN, SILENT, WAIT),
            Row("no token in time", family, [], AnswerClass.PLATFORM_DOWN, SILENT, WAIT, [TIMES_OUT], 0),
            Row("no token, 503", family, [], AnswerClass.PLATFORM_DOWN, SILENT, WAIT, [HttpAnswer(503, {}, b"")], 0),
            Row("no token, 429", family, [], AnswerClass.THROTTLED, BUSY, WAIT, [HttpAnswer(429, {}, b"")], 0),
            Row(
                "no token for this client",
                family,
                [],
                AnswerClass.NO_PERMISSION,
                MAY_NOT,
                ASK,
                [answer_json({"error": "invalid_client"}, 401, "")],
                0,
            ),
        )
    ),
    # What Canvas answers to a score.
    Row("with the result's address", CANVAS, [answer_json({"resultUrl": "x"})], AnswerClass.SENT),
    Row("an older time", CANVAS, [say_canvas(400, STALE_ON_CANVAS)], AnswerClass.STALE, LATER, TRY_AGAIN),
    Row("a field is missing", CANVAS, [say_canvas(400, "param is missing: userId")], AnswerClass.REFUSED, REFUSED),
    Row(
        "a time of submitting to come",
        CANVAS,
        [say_canvas(400, "Provided submitted_at timestamp of 2026-03-04T21:14:00.000Z in the future")],
        AnswerClass.REFUSED,
        REFUSED,
    ),
    Row(
        "a teacher, the test student, an ended enrolment",
        CANVAS,
        [say_canvas(422, "User not found in course or is not a student")],
        AnswerClass.NOT_IN_COURSE,
        NOT_STUDENT,
    ),
    Row(
        "no attempt left",
        CANVAS,
        [say_canvas(422, "The maximum number of allowed attempts has been reached for this submission")],
        AnswerClass.ATTEMPTS_USED_UP,
        "takes no more attempts",
    ),
    Row("no maximum", CANVAS, [say_canvas(422, "ScoreMaximum not supplied")], AnswerClass.REFUSED, REFUSED),
    Row("maximum 0", CANVAS, [say_canvas(422, "ScoreMaximum must be greater than 0")], AnswerClass.REFUSED, REFUSED),
    Row(
        "throttled",
        CANVAS,
        [HttpAnswer(403, {"X-Rate-Limit-Remaining": "0.0"}, b"403 Forbidden (Rate Limit Exceeded)\n")],
        AnswerClass.THROTTLED,
        BUSY,
        WAIT,
    ),
    Row(
        "throttled while asking for a token",
        CANVAS,
        [],
        AnswerClass.THROTTLED,
        BUSY,
        WAIT,
        [HttpAnswer(403, {}, b"403 Forbidden (Rate Limit Exceeded)\n")],
        0,
    ),
    Row(
        "a deleted assignment",
        CANVAS,
        [answer_json({"errors": [{"message": "The specified resource does not exist."}]}, 404, "")],
        AnswerClass.COLUMN_GONE,
        GONE,
    ),
    Row(
        "another tool's column",
        CANVAS,
        [say_canvas(412, "Tool does not have permission to view line_item")],
        AnswerClass.NO_PERMISSION,
        MAY_NOT,
        ASK,
    ),
    # What Moodle answers to a score (measured).
    Row("not newer", MOODLE, [say_moodle(409, "Refusing score with an earlier timestamp")], AnswerClass.STALE, LATER),
    Row("nobody it grades", MOODLE, [say_moodle(400, ECHO)], AnswerClass.NOT_IN_COURSE, NOT_STUDENT),
    Row("nobody it grades, words lost", MOODLE, [say_moodle(400, "")], AnswerClass.NOT_IN_COURSE, NOT_STUDENT),
    Row(
        "a wrong media type",
        MOODLE,
        [answer_json({"status": 400, "reason": "No context or unsupported content type"}, 400, "")],
        AnswerClass.REFUSED,
        REFUSED,
    ),
    Row(
        "a column that is not there",
        MOODLE,
        [answer_json({"status": 404, "reason": "Not Found: Grade item 18 doesn't exist"}, 404, "")],
        AnswerClass.COLUMN_GONE,
        GONE,
    ),
    Row(
        "a locked grade",
        MOODLE,
        [say_moodle(500, "Internal Server Error")],
        AnswerClass.LOCKED,
        "column or the grade is",
    ),
    Row(
        "it cannot fetch our keys just now",
        MOODLE,
        [],
        AnswerClass.PLATFORM_DOWN,
        SILENT,
        WAIT,
        [HttpAnswer(404, {}, b"<!DOCTYPE html><title>Error</title>", "Not Found")],
        0,
    ),
    Row(
        "its clock is behind",
        MOODLE,
        [],
        AnswerClass.PLATFORM_DOWN,
        SILENT,
        WAIT,
        [answer_json({"error": "Cannot handle token with iat prior to 2026-03-04T20:14:00+0000"}, 400, "")],
        0,
    ),
    Row(
        "no scope is granted",
        MOODLE,
        [],
        AnswerClass.NO_PERMISSION,
        MAY_NOT,
        ASK,
        [answer_json({"error": "invalid_scope"}, 400, "")],
        0,
    ),
)


def send(row: Row, keys: ToolKeys, clock: Clock, scene: Scene) -> tuple[PlatformAnswer, int]:
    """What the client makes of it, and how often the score was sent."""
    answers, tokens, sent = list(row.answers), list(row.tokens), [0]

    def respond(asked: Asked) -> Answer:
        if asked.url.endswith("/token"):
            return tokens.pop(0) if tokens else answer_json({"access_token": "a-token", "expires_in": 3600})
        sent[0] += 1
        return answers.pop(0)

    client = GradebookClient(Services(ScriptedClient(respond), keys, MemoryTokenCache(), clock))
    score = ScoreMessage("7", A_WEDNESDAY_AFTERNOON, 92, 100, comment="Between us.")
    return client.send_score(scene.registration(family=row.family), COLUMN, score), sent[0]


def tell(state: DeliveryState, reason: DeliveryReason | None) -> tuple[str, str, bool]:
    """What a facilitator reads of it: what happened, what she can do; and whether there is a button."""
    line = DeliveryLine(1, state, reason, 92, 100, None, None, None, A_WEDNESDAY_AFTERNOON, 1)
    shown = DeliveryRow(1, "Dana", "visioning", "Visioning", line, None, None, None, ())
    words = explain_delivery(shown, lambda _: "at 2:14 pm", lambda _: "Mar 4, 2:14 pm")
    return words.what_happened, words.what_you_can_do, shown.can_retry


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.family}: {row.name}")
def test_every_answer_has_its_class_its_sentence_and_its_action(
    row: Row, tool_keys: ToolKeys, clock: Clock, scene: Scene
) -> None:
    answer, sent = send(row, tool_keys, clock, scene)
    assert (answer.answer_class, sent) == (row.kind, row.calls)
    assert "Between us" not in answer.detail
    verdict = judge_answer(
        AttemptAnswer(answer.answer_class.value),
        failures=99,
        platform_failures=0,
        same_before=99,
        chance=1.0,
        retry_after=answer.retry_after,
    )
    if row.kind is AnswerClass.SENT:
        assert verdict.state is DeliveryState.SENT
        return
    happened, can_do, has_button = tell(verdict.state, verdict.reason)
    assert row.says in happened
    assert verdict.reason == row.kind.value
    if row.action == WAIT:
        assert verdict.state is DeliveryState.WAITING
        assert verdict.pause is not None
        assert "need to do nothing" in can_do
    else:
        assert verdict.state is DeliveryState.NEEDS_YOU
        assert has_button
        assert "Try again now" in can_do
        assert ("Ask the people" in can_do.split(". ")[0]) == (row.action == ASK)


def test_each_class_has_a_sentence_of_its_own() -> None:
    kinds = {row.kind for row in ROWS}
    assert kinds == set(AnswerClass), "every class comes about"
    told = [tell(DeliveryState.NEEDS_YOU, DeliveryReason(kind.value)) for kind in kinds - {AnswerClass.SENT}]
    assert len({happened for happened, _, _ in told}) == len(told)


@pytest.mark.parametrize("kind", [AttemptAnswer.STALE, AttemptAnswer.LOCKED])
def test_what_may_pass_is_tried_three_times_before_it_needs_anybody(kind: AttemptAnswer) -> None:
    waits = []
    for before in range(4):
        verdict = judge_answer(kind, failures=before, platform_failures=0, same_before=before, chance=1.0)
        waits.append(verdict.wait)
    assert waits[2:] == [None, None]
    assert all(wait is not None and wait >= timedelta(seconds=2) for wait in waits[:2])
