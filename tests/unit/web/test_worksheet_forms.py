"""A worksheet's form: what a browser sends, and what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.domain.answer_gaps import find_gaps
from lti_tool.domain.answers import (
    MAX_DOCUMENT_BYTES,
    Document,
    DocumentTooLargeError,
    blank_document,
    get_answer,
    parse_document,
    set_answer,
)
from lti_tool.web.worksheet_forms import (
    Action,
    ActionKind,
    FormReading,
    apply_action,
    list_form_items,
    mint_row_id,
    read_form,
)
from tests.unit.domain.factories import documents, fill_rich_document, make_field, make_rich_worksheet, make_worksheet
from tests.unit.domain.linked_plans import GOALS, LATER, few_examples, fill_later_document, linked_documents

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


LINKED = fill_later_document()
UNLINKED = {key: value for key, value in LINKED.items() if key != "carried"}


def read_later(document: Document, *items: tuple[str, str]) -> Document:
    return read_form(LATER, items, document).document


def test_a_plan_with_every_kind_of_answer_comes_back_from_its_form() -> None:
    reading = read_form(LATER, list_form_items(LATER, LINKED), LINKED)
    assert reading.document == LINKED
    assert reading.unknown_names == ()


@few_examples
@given(linked_documents(), linked_documents())
def test_whatever_a_plan_holds_comes_back_from_its_form(document: Document, stored: Document) -> None:
    # What is copied never comes from a form; it stands in what is stored.
    previous = {**stored, "carried": document.get("carried", {})}
    reading = read_form(LATER, list_form_items(LATER, document), previous)
    assert {**reading.document, "retired": {}} == {**document, "retired": {}}
    assert reading.unknown_names == ()


@few_examples
@given(linked_documents())
def test_an_empty_form_changes_nothing_of_a_plan_with_copies(document: Document) -> None:
    assert read_later(document) == document


def test_several_choices_are_several_values_and_none_is_sent_too() -> None:
    assert read_later(LINKED, ("a.ways", ""), ("a.ways", "not_yet"))["fields"]["ways"] == "not_yet"
    both = (("a.ways", ""), ("a.ways", "not_yet"), ("a.ways", "yes"), ("a.ways", "not_yet"))
    assert read_later(LINKED, *both)["fields"]["ways"] == "not_yet yes"
    assert read_later(LINKED, ("a.ways", ""))["fields"]["ways"] == ""
    assert read_later(LINKED)["fields"]["ways"] == "yes not_yet"
    review = read_later(LINKED, ("a.review.g2.ways", ""), ("a.review.g2.ways", "yes"))["fields"]["review"]
    assert [row["ways"] for row in review] == ["yes", "yes"]


def test_beside_a_copy_stands_a_note_and_without_one_a_working_version() -> None:
    words = ("a.mission_now", "For now")
    assert read_later(LINKED, words)["fields"]["mission_now"] == "For now"
    without = read_later(UNLINKED, words)
    assert without["fields"]["mission_now"] == "typed:For now"
    assert ("a.mission_now", "For now") in list_form_items(LATER, without)
    assert read_later(without)["fields"]["mission_now"] == "typed:For now"
    assert read_later(without, ("a.mission_now", " "))["fields"]["mission_now"].strip() == ""


def test_a_working_version_becomes_a_note_once_there_is_a_copy() -> None:
    document = set_answer(LINKED, "mission_now", "typed:For now")
    assert read_later(document, *list_form_items(LATER, document))["fields"]["mission_now"] == "For now"


def test_no_form_can_bring_a_copy_of_another_plan() -> None:
    forged = [("carried", "x"), (f"carried.{GOALS}", "x"), ("a.map", "x"), ("a.resources.total", "$1")]
    reading = read_form(LATER, forged, LINKED)
    assert reading.document == LINKED
    assert reading.unknown_names == tuple(name for name, _ in forged)


@pytest.mark.parametrize(
    ("pressed", "action"),
    [
        ("remove_used:partners:a", Action(ActionKind.REMOVE_USED, "partners", "a")),
        ("remove_used:partners", None),
        ("remove_used:ways:a", None),
        ("keep:earlier.goals", Action(ActionKind.KEEP, GOALS)),
        ("update:earlier.goals", Action(ActionKind.UPDATE, GOALS)),
        ("update:earlier.scan", Action(ActionKind.UPDATE, "earlier.scan")),
        ("update:earlier.level", None),
        ("keep:", None),
        ("keep:goals", None),
        ("keep:earlier.goals:g1", None),
    ],
)
def test_buttons_of_linked_plans(pressed: str, action: Action | None) -> None:
    reading = read_form(LATER, [("do", pressed)], LINKED)
    assert reading.action == (action or Action(ActionKind.SAVE))
    assert reading.unknown_names == (() if action else ("do",))


def test_a_row_that_is_used_goes_with_its_words_left_behind() -> None:
    asked = apply_action(LATER, LINKED, Action(ActionKind.REMOVE, "partners", "a"), new_row_id="x")
    assert [gap.path for gap in find_gaps(LATER, asked)] == ["closest"]
    done = apply_action(LATER, LINKED, Action(ActionKind.REMOVE_USED, "partners", "a"), new_row_id="x")
    assert done["fields"]["closest"] == "typed:Ms. Ito"
    assert [row["id"] for row in done["fields"]["partners"]] == ["b"]
    assert find_gaps(LATER, done) == ()
    again = apply_action(LATER, done, Action(ActionKind.REMOVE_USED, "partners", "a"), new_row_id="x")
    assert again == done


@few_examples
@given(linked_documents(), st.sampled_from([ActionKind.KEEP, ActionKind.UPDATE, ActionKind.SAVE, ActionKind.SUBMIT]))
def test_buttons_that_a_form_alone_cannot_do_change_nothing(document: Document, kind: ActionKind) -> None:
    assert apply_action(LATER, document, Action(kind, GOALS), new_row_id="x") is document


LATER_NAMES = st.sampled_from(
    ["a.ways", "a.mission_now", "a.serves", "typed.serves", "order.review", "a.review.g2.goal", "a.scan_again.ask.now"]
)


@few_examples
@given(st.lists(st.tuples(LATER_NAMES | st.text(max_size=8), st.text(max_size=8))), linked_documents())
def test_no_form_breaks_a_plan_with_copies(items: list[tuple[str, str]], document: Document) -> None:
    reading = read_form(LATER, items, document)
    assert reading.document.get("carried") == document.get("carried")
    assert parse_document(LATER, dict(reading.document)) == reading.document
    for question in list_questions(LATER):
        get_answer(reading.document, question.path)


@pytest.mark.parametrize(("kind", "answer"), [("choice", "gone"), ("choices", "gone yes"), ("scale", "9")])
def test_an_answer_that_no_longer_fits_is_not_lost_in_its_form(kind: str, answer: str) -> None:
    sheet = make_worksheet(make_field("ways", kind))
    document = parse_document(sheet, {"fields": {"ways": answer}, "retired": {"motto": "Ask!"}})
    items = list_form_items(sheet, document)
    assert read_form(sheet, items, document).document == document
    assert read_form(sheet, items, blank_document(sheet)).document["fields"] == {"ways": answer}
