"""The document: its shape, what it keeps, what it refuses."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.domain.answers import (
    MAX_DOCUMENT_BYTES,
    DocumentTooLargeError,
    blank_document,
    get_answer,
    parse_document,
    set_answer,
)
from lti_tool.domain.carrying import read_copy
from tests.unit.domain.factories import (
    JSON,
    documents,
    fill_rich_document,
    make_column,
    make_field,
    make_rich_worksheet,
    make_worksheet,
    near_json,
)
from tests.unit.domain.linked_plans import GOALS, LATER, few_examples, fill_later_document, linked_documents

SHEET = make_rich_worksheet()


def test_a_blank_document_has_every_question_and_rows_to_begin_with() -> None:
    fields = blank_document(SHEET)["fields"]
    assert fields["campus"] == ""
    assert [row["id"] for row in fields["goals"]] == ["r1", "r2"]
    assert fields["soar"] == {"strengths": [{"id": "r1", "line": ""}], "hope": ""}
    assert fields["numbers"]["budget"] == {"value": "", "note": ""}


def test_a_whole_document_is_kept_as_it_is() -> None:
    assert parse_document(SHEET, fill_rich_document()) == fill_rich_document()


@given(near_json(SHEET))
def test_parsing_never_raises_and_twice_is_once(raw: object) -> None:
    once = parse_document(SHEET, raw)
    assert parse_document(SHEET, once) == once
    assert parse_document(SHEET, json.loads(json.dumps(once, allow_nan=False))) == once
    for question in list_questions(SHEET):
        get_answer(once, question.path)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_no_character_that_a_database_refuses_gets_in(fields: dict[str, object]) -> None:
    fields["campus"] = "a\x00b\ud800c\r\nd"
    document = parse_document(SHEET, {"fields": fields})
    assert document["fields"]["campus"] == "abc\nd"
    assert "\\u0000" not in json.dumps(document)
    json.dumps(document, ensure_ascii=False).encode()


def test_words_of_a_removed_field_wait_and_come_back_with_it() -> None:
    small = make_worksheet(make_field("campus"))
    kept = parse_document(small, {"fields": {"campus": "A", "motto": "Ask!", "old": [{"id": "r1", "what": "x"}]}})
    assert kept["retired"] == {"motto": "Ask!", "old": [{"id": "r1", "what": "x"}]}

    again = make_worksheet(make_field("campus"), make_field("motto"))
    restored = parse_document(again, kept)
    assert restored["fields"]["motto"] == "Ask!"
    assert restored["retired"] == {"old": [{"id": "r1", "what": "x"}]}


def test_words_of_a_removed_column_or_another_kind_of_field_are_kept_too() -> None:
    sheet = make_worksheet(make_field("goals", "rows", columns=[make_column("goal")]))
    kept = parse_document(sheet, {"fields": {"goals": [{"id": "g1", "goal": "Plan", "owner": "Me"}]}})
    assert kept["fields"]["goals"] == [{"id": "g1", "goal": "Plan"}]
    assert kept["retired"] == {"goals.g1.owner": "Me"}

    assert parse_document(sheet, {"fields": {"goals": "one long text"}})["retired"] == {"goals": "one long text"}


def test_a_later_loss_does_not_overwrite_an_earlier_one() -> None:
    sheet = make_worksheet(make_field("campus"))
    kept = parse_document(sheet, {"fields": {"campus": "", "motto": "new"}, "retired": {"motto": "old"}})
    assert sorted(kept["retired"].values()) == ["new", "old"]


def test_words_that_wait_never_replace_an_answer() -> None:
    sheet = make_worksheet(make_field("campus"))
    kept = parse_document(sheet, {"fields": {"campus": "now"}, "retired": {"campus": "once"}})
    assert kept == {"fields": {"campus": "now"}, "shown": [], "retired": {"campus": "once"}}


def test_rows_without_a_usable_id_get_one_and_keep_their_words() -> None:
    rows = [{"id": "row1", "line": "a"}, {"line": "b"}, {"id": "no.dots", "line": "c"}, {"id": "row1", "line": "d"}]
    document = parse_document(SHEET, {"fields": {"soar": {"strengths": rows}}})
    kept = document["fields"]["soar"]["strengths"]
    assert [row["line"] for row in kept] == ["a", "b", "c", "d"]
    assert len({row["id"] for row in kept}) == 4
    assert kept[0]["id"] == "row1"


def test_an_emptied_list_stays_empty() -> None:
    assert parse_document(SHEET, {"fields": {"goals": []}})["fields"]["goals"] == []


def test_only_private_fields_can_be_shown() -> None:
    document = parse_document(SHEET, {"shown": ["mission", "soar.hope", "draft", "draft", 7]})
    assert document["shown"] == ["draft", "soar.hope"]


def test_a_document_over_the_limit_is_refused_with_its_size() -> None:
    with pytest.raises(DocumentTooLargeError) as caught:
        parse_document(SHEET, {"fields": {"draft": "é" * (MAX_DOCUMENT_BYTES // 2)}})
    assert caught.value.size > MAX_DOCUMENT_BYTES == caught.value.limit
    parse_document(SHEET, {"fields": {"draft": "e" * (MAX_DOCUMENT_BYTES - 2000)}})


@given(documents(SHEET))
def test_setting_an_answer_leaves_the_first_document_alone(document: dict[str, object]) -> None:
    before = json.dumps(document)
    changed = set_answer(document, "soar.hope", "New words")
    assert get_answer(changed, "soar.hope") == "New words"
    assert json.dumps(document) == before


@given(near_json(LATER))
def test_a_plan_with_copies_is_parsed_once_too(raw: object) -> None:
    once = parse_document(LATER, raw)
    assert parse_document(LATER, dict(once)) == once
    for question in list_questions(LATER):
        get_answer(once, question.path)


@few_examples
@given(linked_documents())
def test_copies_and_every_answer_of_a_new_kind_are_kept_as_they_are(document: dict[str, object]) -> None:
    assert parse_document(LATER, json.loads(json.dumps(document))) == document


@pytest.mark.parametrize(
    "copies",
    [
        {},
        [],
        "copies",
        {GOALS: None},
        {GOALS: {"lines": "none"}},
        {GOALS: {"lines": [None]}},
        {GOALS: {"lines": [{"id": 1, "cells": []}]}},
        {GOALS: {"lines": [{"id": "g1", "cells": [{"key": "goal"}]}]}},
    ],
)
def test_copies_that_nobody_can_read_are_left_out(copies: object) -> None:
    assert "carried" not in parse_document(LATER, {"carried": copies})


def test_copies_stay_beside_one_that_cannot_be_read() -> None:
    document = fill_later_document()
    broken = parse_document(LATER, {**document, "carried": {**document["carried"], "x.y": {"lines": [7]}}})
    assert broken == document
    assert read_copy(broken, GOALS) is not None


def test_what_is_worked_out_is_never_an_answer() -> None:
    fields = {"map": "an old answer", "resources": {"total": "$300"}}
    document = parse_document(LATER, {"fields": fields})
    assert "map" not in document["fields"]
    assert "total" not in document["fields"]["resources"]
    assert document["retired"] == {"resources.total": "$300", "map": "an old answer"}
    assert parse_document(LATER, dict(document)) == document
