"""What else is written to a gradebook: a note without a score, and a column changed with all else kept."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.ags import GradebookClient, scores_url
from lti_tool.lti.connector import MemoryTokenCache, Services, ToolServiceConnector
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import (
    CANVAS,
    CANVAS_SUBMISSION_EXTENSION,
    CANVAS_SUBMISSION_TYPE_EXTENSION,
    MOODLE,
    OTHER,
    extend_score,
    find_course_url,
)
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass, PendingNote, Registration, ScoreMessage
from tests.certification.scene import ISSUER, Scene
from tests.support.clock import A_WEDNESDAY_AFTERNOON, Clock
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

COLUMN = f"{ISSUER}/courses/2/items/15/lineitem?type_id=1"
COLUMNS = f"{ISSUER}/courses/2/items?type_id=1"
NOW = A_WEDNESDAY_AFTERNOON


class Written:
    """A platform that answers from a list, and what it was sent."""

    def __init__(self, keys: ToolKeys, clock: Clock) -> None:
        self.answers: list[HttpAnswer] = []
        self.asked: list[Asked] = []
        self.services = Services(ScriptedClient(self._respond), keys, MemoryTokenCache(), clock)
        self.client = GradebookClient(Services(self.services.http, keys, self.services.tokens, clock))

    def _respond(self, asked: Asked) -> HttpAnswer:
        if asked.url.endswith("/token"):
            return answer_json({"access_token": "a-token", "expires_in": 3600})
        self.asked.append(asked)
        return self.answers.pop(0)

    def body(self) -> Any:
        return json.loads(self.asked[-1].body or b"")


@pytest.fixture
def written(tool_keys: ToolKeys, clock: Clock) -> Written:
    return Written(tool_keys, clock)


NOTE = PendingNote("7", NOW, "Your Mission Plan came back with a comment.")


@pytest.mark.parametrize("family", [CANVAS, MOODLE])
def test_a_note_has_words_and_no_number(written: Written, scene: Scene, family: str) -> None:
    written.answers = [HttpAnswer(200, {}, b"")]
    answer = written.client.send_note(scene.registration(family=family), COLUMN, NOTE)
    assert answer.answer_class is AnswerClass.SENT
    assert (written.asked[0].method, written.asked[0].url) == ("POST", scores_url(COLUMN))
    assert written.asked[0].headers["Content-Type"] == vocabulary.MEDIA_SCORE
    body = written.body()
    extension = body.pop(CANVAS_SUBMISSION_EXTENSION, None)
    assert extension == ({"new_submission": False, "preserve_score": True} if family == CANVAS else None)
    assert body == {
        "userId": "7",
        "timestamp": "2026-03-04T20:14:00.000Z",
        "activityProgress": "InProgress",
        "gradingProgress": "PendingManual",
        "comment": NOTE.comment,
    }


def test_a_note_is_not_sent_where_nobody_knows_what_it_does(written: Written, scene: Scene) -> None:
    with pytest.raises(ValueError, match="without harm"):
        written.client.send_note(scene.registration(family=OTHER), COLUMN, NOTE)
    assert written.asked == []


@pytest.mark.parametrize(
    "changes", [{"user_sub": ""}, {"comment": ""}, {"timestamp": NOW.replace(tzinfo=None)}], ids=str
)
def test_a_note_says_who_and_what_and_when(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="note"):
        replace(NOTE, **changes)


def test_a_score_cannot_be_anything_but_final() -> None:
    fields = set(ScoreMessage.__dataclass_fields__) | set(PendingNote.__dataclass_fields__)
    assert not fields & {"grading_progress", "activity_progress"}
    with pytest.raises(TypeError):
        ScoreMessage("7", NOW, None, 100)  # type: ignore[arg-type]


def test_graders_get_the_address_of_her_work_with_a_new_submission_only() -> None:
    score = ScoreMessage("7", NOW, 100, 100, is_new_attempt=True, work_url="https://tool.example.org/lti/launch?work=3")
    extension = extend_score(CANVAS, score)[CANVAS_SUBMISSION_EXTENSION]
    assert extension == {
        "new_submission": True,
        "prioritize_non_tool_grade": True,
        "submission_type": "basic_lti_launch",
        "submission_data": "https://tool.example.org/lti/launch?work=3",
    }
    again = extend_score(CANVAS, replace(score, is_new_attempt=False))[CANVAS_SUBMISSION_EXTENSION]
    assert again == {"new_submission": False, "prioritize_non_tool_grade": True}
    assert extend_score(MOODLE, score) == {}


@pytest.mark.parametrize("family", [CANVAS, MOODLE, OTHER])
def test_a_new_column_on_canvas_holds_a_number_and_takes_no_work(written: Written, scene: Scene, family: str) -> None:
    made = {"id": COLUMN, "label": "Visioning", "scoreMaximum": 100}
    written.answers = [answer_json(made, 201)]
    written.client.create_line_item(
        scene.registration(family=family), COLUMNS, label="Visioning", score_maximum=100, resource_id="v", tag="t"
    )
    assert (CANVAS_SUBMISSION_TYPE_EXTENSION in written.body()) == (family == CANVAS)


HELD = {
    "id": COLUMN,
    "label": "Visioning",
    "scoreMaximum": 33.5,
    "tag": "theirs",
    "resourceLinkId": "5",
    "endDateTime": "2026-05-01T00:00:00Z",
    "https://lms.example/own": {"kept": [1, None]},
}


def test_a_column_is_changed_and_all_else_is_kept(written: Written, registration: Registration) -> None:
    written.answers = [answer_json(HELD), answer_json(HELD)]
    changed = written.client.update_line_item(registration, COLUMN, {"resourceId": "visioning", "tag": "leading-edge"})
    assert [(asked.method, asked.url) for asked in written.asked] == [("GET", COLUMN), ("PUT", COLUMN)]
    assert written.asked[0].headers["Accept"] == vocabulary.MEDIA_LINE_ITEM
    assert written.asked[1].headers["Content-Type"] == vocabulary.MEDIA_LINE_ITEM
    assert written.body() == HELD | {"resourceId": "visioning", "tag": "leading-edge"}
    assert (changed.resource_id, changed.tag, changed.resource_link_id) == ("visioning", "leading-edge", "5")


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"label": "no id"}', b"null"])
def test_a_column_that_cannot_be_read_is_not_written(written: Written, registration: Registration, body: bytes) -> None:
    written.answers = [HttpAnswer(200, {}, body)]
    with pytest.raises(ServiceError):
        written.client.update_line_item(registration, COLUMN, {"tag": "leading-edge"})
    assert [asked.method for asked in written.asked] == ["GET"]


def test_a_refused_change_says_why(written: Written, registration: Registration) -> None:
    written.answers = [answer_json(HELD), HttpAnswer(403, {}, b"")]
    with pytest.raises(ServiceError) as error:
        written.client.update_line_item(registration, COLUMN, {"tag": "leading-edge"})
    assert error.value.answer.answer_class is AnswerClass.NO_PERMISSION


def test_any_method_can_be_sent(written: Written, registration: Registration) -> None:
    written.answers = [HttpAnswer(401, {}, b""), HttpAnswer(204, {}, b"")]
    answer = ToolServiceConnector(registration, written.services).send(
        "DELETE", COLUMN, scope=vocabulary.SCOPE_LINE_ITEM, accept="*/*"
    )
    assert (answer.status, [asked.method for asked in written.asked]) == (204, ["DELETE", "DELETE"])
    assert "Content-Type" not in written.asked[0].headers


@pytest.mark.parametrize(
    ("family", "context", "return_url", "found"),
    [
        (MOODLE, "7", "https://lms.example/mod/lti/return.php?sesskey=x", "https://lms.example/course/view.php?id=7"),
        (MOODLE, "7", None, "https://lms.example/course/view.php?id=7"),
        (MOODLE, "course-7", None, None),
        (
            CANVAS,
            "abc",
            "https://school.instructure.com/courses/12/assignments",
            "https://school.instructure.com/courses/12",
        ),
        (CANVAS, "abc", "https://school.instructure.com/courses/12", "https://school.instructure.com/courses/12"),
        (CANVAS, "abc", "https://school.instructure.com/courses/12x", None),
        (CANVAS, "abc", "https://school.instructure.com/accounts/1/courses/12", None),
        (CANVAS, "abc", "javascript:alert(1)//courses/12", None),
        (CANVAS, "abc", "https://user@evil.example/courses/12", None),
        (CANVAS, "abc", None, None),
        (OTHER, "7", "https://lms.example/courses/12", None),
    ],
)
def test_a_courses_address_is_told_where_it_is_known(
    family: str, context: str, return_url: str | None, found: str | None
) -> None:
    assert find_course_url(family, "https://lms.example", context, return_url) == found
