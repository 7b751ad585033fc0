"""A worksheet's form: what a browser sends, and what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.domain.answers import MAX_DOCUMENT_BYTES, Document, DocumentTooLargeError, blank_document
from lti_tool.web.worksheet_forms import (
    Action,
    ActionKind,
    FormReading,
    apply_action,
    list_form_items,
    mint_row_id,
    read_form,
)
from tests.unit.domain.factories import documents, fill_rich_document, make_rich_worksheet

SHEET = make_rich_worksheet()
FULL = fill_rich_document()


def read(*items: tuple[str, str]) -> FormReading:
    return read_form(SHEET, items, FULL)


@given(documents(SHEET))
def test_what_is_written_into_a_form_is_read_from_it(document: Document) -> None:
    reading = read_form(SHEET, list_form_items(SHEET, document), blank_document(SHEET))
    assert reading.document == document
    assert reading.unknown_names == ()
    assert reading.action == Action(ActionKind.SAVE)


NAMES = st.sampled_from(
    ["a.campus", "a.goals.g1.goal", "a.goals.x.goal", "order.goals", "a.soar", "a.", "do", "shown.draft", "typed.first"]
)


@given(st.lists(st.tuples(NAMES | st.text(max_size=8), st.text(max_size=8))), documents(SHEET))
def test_no_form_breaks_anything(items: list[tuple[str, str]], document: Document) -> None:
    reading = read_form(SHEET, items, document)
    apply_action(SHEET, reading.document, reading.action, new_row_id="new")


def test_a_partial_form_never_erases() -> None:
    document = read(("a.campus", "New name")).document
    assert document["fields"] == {**FULL["fields"], "campus": "New name"}
    assert read().document == FULL


def test_a_tick_taken_away_is_read() -> None:
    assert read(("a.ready", "")).document["fields"]["ready"] == ""
    assert read(("a.ready", "on")).document["fields"]["ready"] == "yes"
    assert read(("a.ready", ""), ("a.ready", "yes")).document["fields"]["ready"] == "yes"
    shown = read(("shown.draft", ""), ("shown.draft", "yes")).document
    assert shown["shown"] == ["draft"]
    assert read_form(SHEET, [("shown.draft", "")], shown).document["shown"] == []
    assert read_form(SHEET, [], shown).document["shown"] == ["draft"]


def test_the_order_of_rows_is_the_form_s() -> None:
    items = [("order.goals", "g2"), ("order.goals", "n1"), ("order.goals", ""), ("a.goals.n1.goal", "From a script")]
    rows = read(*items).document["fields"]["goals"]
    assert [(row["id"], row["goal"]) for row in rows] == [("g2", "Weed the shelves"), ("n1", "From a script")]
    assert read(("order.goals", "")).document["fields"]["goals"] == []


def test_rows_without_an_order_keep_their_places_and_lose_nothing() -> None:
    rows = read(("a.goals.g2.today", "5"), ("a.goals.new.goal", "Another")).document["fields"]["goals"]
    assert [row["id"] for row in rows] == ["g1", "g2", "new"]
    assert rows[1]["today"] == "5"
    assert rows[2]["goal"] == "Another"


def test_unknown_names_are_told_and_passed_over() -> None:
    items = [("a.nothing", "x"), ("order.goals", "g1"), ("a.goals.g8.goal", "x"), ("version", "3"), ("do", "explode")]
    reading = read_form(SHEET, items, FULL, other_names={"version"})
    assert reading.unknown_names == ("a.nothing", "a.goals.g8.goal", "do")
    assert reading.action == Action(ActionKind.SAVE)


@pytest.mark.parametrize(
    ("items", "value"),
    [
        ([("a.first", "g1")], "g1"),
        ([("a.first", "g1"), ("typed.first", "left over")], "g1"),
        ([("a.first", "typed"), ("typed.first", "my words")], "typed:my words"),
        ([("a.first", ""), ("typed.first", "my words")], "typed:my words"),
        ([("typed.first", "my words")], "typed:my words"),
        ([("a.first", "typed"), ("typed.first", " ")], ""),
        ([("a.first", "")], ""),
        ([], "g2"),
    ],
)
def test_a_pick_is_a_row_or_her_own_words(items: list[tuple[str, str]], value: str) -> None:
    assert read(*items).document["fields"]["first"] == value


@pytest.mark.parametrize(
    ("pressed", "action"),
    [
        ("save", Action(ActionKind.SAVE)),
        ("submit", Action(ActionKind.SUBMIT)),
        ("add:goals", Action(ActionKind.ADD, "goals")),
        ("add:soar.strengths:r9", Action(ActionKind.ADD, "soar.strengths", "r9")),
        ("remove:goals:g1", Action(ActionKind.REMOVE, "goals", "g1")),
        ("up:goals:g2", Action(ActionKind.UP, "goals", "g2")),
        ("down:goals:g1", Action(ActionKind.DOWN, "goals", "g1")),
        ("remove:goals", None),
        ("add:campus", None),
        ("add:goals:no.dots", None),
        ("submit:goals", None),
    ],
)
def test_buttons(pressed: str, action: Action | None) -> None:
    reading = read(("do", pressed))
    assert reading.action == (action or Action(ActionKind.SAVE))
    assert reading.unknown_names == (() if action else ("do",))


def test_row_buttons_are_done_after_what_was_typed_is_read() -> None:
    reading = read(("a.goals.g1.goal", "Typed"), ("do", "down:goals:g1"))
    rows = apply_action(SHEET, reading.document, reading.action, new_row_id="x")["fields"]["goals"]
    assert [(row["id"], row["goal"]) for row in rows] == [("g2", "Weed the shelves"), ("g1", "Typed")]


def test_a_double_click_on_add_makes_one_row() -> None:
    document = FULL
    for new_row_id in ("one", "two"):
        reading = read_form(SHEET, [("do", "add:goals:g9")], document)
        document = apply_action(SHEET, reading.document, reading.action, new_row_id=new_row_id)
    assert [row["id"] for row in document["fields"]["goals"]] == ["g1", "g2", "g9"]
    assert mint_row_id() != mint_row_id()


def test_a_form_over_the_limit_is_refused() -> None:
    with pytest.raises(DocumentTooLargeError):
        read(("a.draft", "x" * MAX_DOCUMENT_BYTES))
