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
