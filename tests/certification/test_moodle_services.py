"""What a real Moodle's services answered is classified, described and read right."""

from decimal import Decimal
from typing import Any

import pytest

from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import MOODLE, classify, classify_token_answer, describe_answer
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass
from tests.certification.moodle import ISSUER, list_answers, name_answer, replay_launch, write_body
from tests.certification.scene import Scene
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

Answer = dict[str, Any]


def expect_class(answer: Answer) -> AnswerClass:
    """The class by Moodle's own words, written down independently of the code."""
    status, reason = answer["status"], answer["reason"]
    if status == 400:
        return AnswerClass.NOT_IN_COURSE if reason.startswith("Incorrect score received") else AnswerClass.REFUSED
    by_status = {
        200: AnswerClass.SENT,
        201: AnswerClass.SENT,
        401: AnswerClass.NO_PERMISSION,
        403: AnswerClass.NO_PERMISSION,
        404: AnswerClass.COLUMN_GONE,
        409: AnswerClass.STALE,
        500: AnswerClass.LOCKED,
        502: AnswerClass.PLATFORM_DOWN,
    }
    return by_status[status]


SERVICE_ANSWERS = [*list_answers("score"), *list_answers("line_item"), *list_answers("result")]


@pytest.mark.parametrize("answer", SERVICE_ANSWERS, ids=name_answer)
def test_service_answer_is_classified(answer: Answer) -> None:
    assert classify(MOODLE, answer["status"], write_body(answer), answer["reason"]) == expect_class(answer)


@pytest.mark.parametrize("answer", list_answers("score"), ids=name_answer)
def test_people_not_graded_are_told_apart_without_the_status_line(answer: Answer) -> None:
    """A proxy may write its own reason phrase; HTTP/2 has none."""
    assert classify(MOODLE, answer["status"], write_body(answer)) == expect_class(answer)


def test_every_kind_of_answer_was_captured() -> None:
    assert {expect_class(answer) for answer in SERVICE_ANSWERS} == {
        AnswerClass.SENT,
        AnswerClass.STALE,
        AnswerClass.NOT_IN_COURSE,
        AnswerClass.COLUMN_GONE,
        AnswerClass.NO_PERMISSION,
        AnswerClass.LOCKED,
        AnswerClass.PLATFORM_DOWN,
        AnswerClass.REFUSED,
    }


@pytest.mark.parametrize("answer", SERVICE_ANSWERS, ids=name_answer)
def test_description_is_short_and_echoes_nothing_that_was_sent(answer: Answer) -> None:
    said = describe_answer(answer["status"], answer["reason"], write_body(answer))
    assert len(said) <= 500
    assert said.startswith(str(answer["status"]))
    assert "userId" not in said
    assert "<" not in said


def test_description_is_moodles_own_words() -> None:
    by_note = {answer["note"]: answer for answer in SERVICE_ANSWERS}

    def describe(note: str) -> str:
        answer = by_note[note]
        return describe_answer(answer["status"], answer["reason"], write_body(answer))

    assert describe("older timestamp (-1h)") == "409 Refusing score with an earlier timestamp for item 15 and user 5"
    assert describe("teacher") == "400 Incorrect score received"
    assert describe("score to deleted activity") == "404 Not Found: Grade item 18 doesn't exist"
    assert describe("create html label + long") == "502 Bad Gateway"


HEALS_BY_ITSELF = {
    "expired assertion",
    "iat in future 10 min",
    "iat future 3 s",
    "unknown kid",
    "Moodle default cURL security blocks the tool JWKS host/port",
}


@pytest.mark.parametrize("answer", [one for one in list_answers("token") if one["status"] != 200], ids=name_answer)
def test_token_refusal_is_classified(answer: Answer) -> None:
    expected = AnswerClass.PLATFORM_DOWN if answer["note"] in HEALS_BY_ITSELF else AnswerClass.NO_PERMISSION
    assert classify_token_answer(MOODLE, answer["status"], write_body(answer)) == expected


def open_client(answer: Answer, tool_keys: ToolKeys, scene: Scene) -> tuple[GradebookClient, ScriptedClient]:
    token = next(one for one in list_answers("token") if one["note"] == "success one scope")

    def respond(asked: Asked) -> HttpAnswer:
        chosen = token if asked.url.endswith("token.php") else answer
        link = {} if "link" not in chosen else {"Link": chosen["link"]}
        return answer_json(chosen["body"], chosen["status"], chosen["reason"], link)

    http = ScriptedClient(respond)
    return GradebookClient(http, tool_keys, MemoryTokenCache(), lambda: scene.now), http


def pick(name: str, note: str) -> Answer:
    return next(answer for answer in list_answers(name) if answer["note"] == note)


def test_results_are_read(tool_keys: ToolKeys, scene: Scene) -> None:
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    client, http = open_client(pick("result", "results"), tool_keys, scene)
    column = f"{ISSUER}/mod/lti/services.php/2/lineitems/15/lineitem?type_id=1"
    results = client.read_results(registration, column)
    assert {(result.user_sub, result.score, result.maximum) for result in results} == {
        ("5", Decimal(26), Decimal(33)),
        ("6", Decimal(5), Decimal(33)),
    }
    assert all(result.recorded_at is not None for result in results)
    assert http.asked[-1].url == f"{ISSUER}/mod/lti/services.php/2/lineitems/15/lineitem/results?type_id=1"


def test_ungraded_person_has_no_score(tool_keys: ToolKeys, scene: Scene) -> None:
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    client, http = open_client(pick("result", "results afterwards"), tool_keys, scene)
    (result,) = client.read_results(registration, f"{ISSUER}/x/35/lineitem?type_id=1", "6")
    assert (result.user_sub, result.score, result.maximum, result.comment) == ("6", None, None, None)
    assert http.asked[-1].url == f"{ISSUER}/x/35/lineitem/results?type_id=1&user_id=6"


def test_columns_are_read(tool_keys: ToolKeys, scene: Scene) -> None:
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    client, _ = open_client(pick("line_item", "list, correct Accept"), tool_keys, scene)
    columns = client.list_line_items(registration, f"{ISSUER}/mod/lti/services.php/2/lineitems?type_id=1")
    first = columns[0]
    assert (first.label, first.score_maximum, first.resource_id, first.tag, first.resource_link_id) == (
        "DL Graded item",
        Decimal(33),
        "res-42",
        "quiz",
        "1",
    )


def test_made_column_is_read_even_with_its_maximum_as_text(tool_keys: ToolKeys, scene: Scene) -> None:
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    client, _ = open_client(pick("line_item", "create max string"), tool_keys, scene)
    made = client.create_line_item(
        registration, f"{ISSUER}/lineitems?type_id=1", label="L", score_maximum=20, resource_id="visioning", tag="t"
    )
    assert made.score_maximum == Decimal(20)
    assert made.url.startswith(f"{ISSUER}/mod/lti/services.php/2/lineitems/")


def test_curly_quoted_next_page_is_not_followed(tool_keys: ToolKeys, scene: Scene) -> None:
    """Its address is HTML-escaped: Moodle would give the first page for ever. Without limit it sends none."""
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    client, http = open_client(pick("line_item", "list limit=1"), tool_keys, scene)
    client.list_line_items(registration, f"{ISSUER}/mod/lti/services.php/2/lineitems?type_id=1")
    assert len(http.asked) == 2


def test_page_that_is_no_list_is_an_error(tool_keys: ToolKeys, scene: Scene) -> None:
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    client, _ = open_client(pick("result", "limit=1"), tool_keys, scene)
    with pytest.raises(ServiceError) as error:
        client.read_results(registration, f"{ISSUER}/lineitem?type_id=1")
    assert error.value.answer.answer_class == AnswerClass.COLUMN_GONE
