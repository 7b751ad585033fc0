"""Answers whose question is gone, as their author reads them."""

import json

import pytest
from hypothesis import given

from lti_tool.domain.answers import parse_document
from lti_tool.domain.retired import RetiredAnswer, list_retired
from tests.unit.domain.factories import make_field, make_rich_worksheet, make_worksheet, near_json

SMALL = make_worksheet(make_field("campus"))


def read(fields: dict[str, object], **more: object) -> list[tuple[str, str]]:
    document = parse_document(SMALL, {"fields": fields, **more})
    return [(answer.label, answer.text) for answer in list_retired(document)]


def test_nothing_is_retired_while_every_question_is_there() -> None:
    assert read({"campus": "Mesquite Flats"}) == []
    assert read({"motto": "", "old_rows": [{"id": "r1", "line": " "}]}) == []


@pytest.mark.parametrize(
    ("key", "value", "label", "text"),
    [
        ("motto", "Ask!", "Motto", "Ask!"),
        ("our_motto", "typed:In my words", "Our motto", "In my words"),
        ("ready", True, "Ready", "yes"),
        ("year", 2027, "Year", "2027"),
        ("ways", ["one", "two"], "Ways", "one\n\ntwo"),
        (
            "goals",
            [{"id": "g1", "goal": "Plan", "by_date": "5/1/2027"}, {"id": "g2", "goal": "Weed"}],
            "Goals",
            "Goal: Plan\nBy date: 5/1/2027\n\nGoal: Weed",
        ),
        ("soar", {"hope": "More", "steps": [{"id": "s1", "line": "A"}]}, "Soar", "Hope: More\nSteps: Line: A"),
    ],
)
def test_every_kind_of_answer_reads_as_words(key: str, value: object, label: str, text: str) -> None:
    assert read({key: value}) == [(label, text)]


def test_an_address_becomes_a_label_and_a_second_loss_has_the_same_one() -> None:
    waiting = {"soar.old_hope": "First", "soar.old_hope~2": "Second"}
    assert read({}, retired=waiting) == [("Soar: Old hope", "First"), ("Soar: Old hope", "Second")]


def test_a_path_stays_the_address_of_its_answer() -> None:
    document = parse_document(SMALL, {"retired": {"motto~2": "Ask!"}})
    assert list_retired(document) == (RetiredAnswer("motto~2", "Motto", "Ask!"),)


@given(near_json(make_rich_worksheet()))
def test_all_that_is_kept_is_shown_in_words(raw: object) -> None:
    document = parse_document(SMALL, raw)
    shown = list_retired(document)
    assert [answer.path for answer in shown] == list(document.get("retired", {}))
    assert all(isinstance(answer.text, str) for answer in shown)
    for answer in shown:
        for words in _list_words(document["retired"][answer.path]):
            assert words.removeprefix("typed:") in answer.text
    assert list_retired(json.loads(json.dumps(document))) == shown


def _list_words(value: object) -> list[str]:
    if isinstance(value, dict):
        return [words for key, item in value.items() if key != "id" for words in _list_words(item)]
    if isinstance(value, list):
        return [words for item in value for words in _list_words(item)]
    return [str(value)]
