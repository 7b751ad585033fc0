"""What keeps a worksheet from being submitted, in words."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.schema import Leaf, Worksheet
from lti_tool.domain.answer_gaps import find_gaps, find_problems_while_typing
from lti_tool.domain.answer_values import count_words, print_value, read_date, read_money, read_number
from lti_tool.domain.answers import Document, blank_document, set_answer
from tests.unit.domain.factories import (
    fill_rich_document,
    make_column,
    make_field,
    make_rich_worksheet,
    make_worksheet,
    near_json,
)
from tests.unit.domain.linked_plans import LATER, fill_later_document

SHEET = make_rich_worksheet()


def messages(sheet: Worksheet, fields: dict[str, Any]) -> list[str]:
    return [gap.message for gap in find_gaps(sheet, {"fields": fields})]


def test_a_finished_worksheet_has_none() -> None:
    assert find_gaps(SHEET, fill_rich_document()) == ()


def test_a_blank_one_names_what_is_required_and_only_that() -> None:
    gaps = find_gaps(SHEET, blank_document(SHEET))
    assert [gap.path for gap in gaps] == ["campus", "level", "mission", "ready", "goals", "first"]
    assert [gap.message for gap in gaps] == [
        "Part A: “Campus” is empty; it needs an answer.",
        "Part A: “Level” has no answer yet; choose one.",
        "Part A: “Our library's mission” is empty; it needs at least 15 words.",
        "Part A: “Ready” is not checked yet.",
        "Part B: “Goals” has no row filled in; it needs at least 2.",
        "Part B: “First” has no answer yet; choose one.",
    ]


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (9, "Part C: “Mission” is 9 words; it needs at least 15."),
        (13, "Part C: “Mission” is 13 words; it needs at least 15."),
        (14, None),
        (66, None),
        (67, "Part C: “Mission” is 67 words; the most is 60."),
    ],
)
def test_words_are_counted_with_a_tenth_of_tolerance(count: int, message: str | None) -> None:
    sheet = make_worksheet(C=[make_field("mission", "prose", required=True)])
    assert messages(sheet, {"mission": " ".join(["word"] * count)}) == ([message] if message else [])


def test_an_optional_answer_may_be_short_but_not_endless() -> None:
    sheet = make_worksheet(make_field("more", "prose", depth="deeper"))
    assert messages(sheet, {"more": "three short words"}) == []
    assert messages(sheet, {"more": "word " * 70}) == ["Part A: “More” is 70 words; the most is 60."]


def test_nothing_inside_a_deeper_group_is_required() -> None:
    inner = make_field("hope", required=True)
    assert messages(make_worksheet(make_field("soar", "group", fields=[inner], depth="deeper")), {}) == []
    assert len(messages(make_worksheet(make_field("soar", "group", fields=[inner])), {})) == 1


def test_nobody_measures_rough_drafts() -> None:
    sheet = make_worksheet(make_field("draft", "prose", private=True))
    assert messages(sheet, {"draft": "word " * 900}) == []


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("number", "lots", "Part A: in “Answer”, 'lots' is not a number."),
        ("money", "a fortune", "Part A: in “Answer”, 'a fortune' is not an amount; write it like 1200 or $1,200.50."),
        ("date", "2/30/2027", "Part A: in “Answer”, '2/30/2027' is not a date; write it like 3/4/2027 or 2027-03-04."),
        ("scale", "6", "Part A: in “Answer”, '6' is not a number from 1 to 5."),
        ("choices", "yes maybe", "Part A: in “Answer”, 'yes maybe' is not all among the choices."),
        ("choice", "maybe", "Part A: in “Answer”, 'maybe' is not one of the choices."),
        ("text", "x" * 41, "Part A: “Answer” has 41 characters; the most is 40."),
    ],
)
def test_wrong_kinds_are_named_even_where_nothing_is_required(kind: str, value: str, message: str) -> None:
    sheet = make_worksheet(make_field("answer", kind, depth="deeper"))
    assert messages(sheet, {"answer": value}) == [message]
    marked = find_problems_while_typing(sheet, {"fields": {"answer": value}})
    assert [gap.message for gap in marked] == [message]


def test_saving_marks_no_gaps() -> None:
    assert find_problems_while_typing(SHEET, blank_document(SHEET)) == ()


def test_rows_count_when_begun_and_then_need_their_columns() -> None:
    rows = [
        {"id": "g1", "goal": "Plan", "by": "", "today": ""},
        {"id": "g2", "goal": " ", "by": ""},
        {"id": "g3", "goal": "", "today": "4"},
    ]
    document = set_answer(fill_rich_document(), "goals", rows)
    document = set_answer(document, "first", "g1")
    gaps = find_gaps(SHEET, document)
    assert [(gap.path, gap.label) for gap in gaps] == [
        ("goals.g1.by", "Goal 1, By date"),
        ("goals.g3.goal", "Goal 3, Goal"),
        ("goals.g3.by", "Goal 3, By date"),
    ]


def test_rows_have_a_most_as_well() -> None:
    rows = [{"id": f"g{number}", "what": "x"} for number in range(6)]
    sheet = make_worksheet(make_field("goals", "rows", columns=[make_column("what")]))
    assert messages(sheet, {"goals": rows}) == ["Part A: “Goals” has 6 rows; the most is 4."]


def test_a_required_grid_asks_for_its_required_cells() -> None:
    columns = [make_column("result", "choice", required=True), make_column("note", depth="deeper")]
    rows = [{"key": "one", "label": "One"}, {"key": "two", "label": "Two"}]
    sheet = make_worksheet(make_field("tests", "grid", required=True, columns=columns, grid_rows=rows))
    gaps = find_gaps(sheet, {"fields": {"tests": {"one": {"result": "yes"}}}})
    assert [(gap.path, gap.message) for gap in gaps] == [
        ("tests.two.result", "Part A: “Tests: Two, Result” has no answer yet; choose one.")
    ]


def test_a_pick_may_name_a_row_or_be_typed_but_not_point_nowhere() -> None:
    def first(value: str) -> list[str]:
        return [gap.message for gap in find_gaps(SHEET, set_answer(fill_rich_document(), "first", value))]

    assert first("g1") == []
    assert first("typed:my own words") == []
    assert first("typed: ") == ["Part B: “First” has no answer yet; choose one."]
    assert first("g9") == ["Part B: “First” points to a row that is gone; choose again."]


@given(near_json(SHEET))
def test_any_json_can_be_asked_for_its_gaps(raw: Document) -> None:
    for gap in (*find_gaps(SHEET, raw), *find_problems_while_typing(SHEET, raw)):
        assert gap.message.startswith(f"Part {gap.part}: ")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("  two\nwords ", 2),
        ("well-known isn't — two", 3),
        ("* - !", 0),
        ("学校図書館", 5),
        ("図書館 is open", 5),
        ("مكتبة المدرسة", 2),
        ("학교 도서관", 2),
        ("🎉 party 🎉", 1),
        ("Größe, naïve, e\u0301t\u00e9", 3),
    ],
)
def test_words_are_counted_in_any_script(text: str, count: int) -> None:
    assert count_words(text) == count


def test_numbers_amounts_and_dates_are_read_as_people_type_them() -> None:
    assert read_number(" 1,200 ") == Decimal(1200)
    assert read_number("780 learners", "learners") == Decimal(780)
    assert read_number("-0.5") == Decimal("-0.5")
    assert [read_number(text) for text in ("1,20", "12 or so", "", "1e5", "nan")] == [None] * 5
    assert read_money("$1,200.50") == Decimal("1200.50")
    assert read_money("1200 dollars") == Decimal(1200)
    assert read_date("3/4/2027") == read_date("2027-03-04") == date(2027, 3, 4)
    assert [read_date(text) for text in ("3/4/27", "soon", "2027-13-01", "0027-01-01")] == [None] * 4


@given(st.text())
def test_reading_a_value_never_raises(text: str) -> None:
    for leaf in (Leaf(type="number", unit="x"), Leaf(type="money"), Leaf(type="date")):
        assert bool(print_value(leaf, text)) == bool(text.strip())
    for read in (read_number, read_money, read_date):
        read(text)


def list_later_messages(path: str, answer: object, *, is_copied: bool = True) -> list[str]:
    document = set_answer(fill_later_document(), path, answer)
    if not is_copied:
        document = {key: value for key, value in document.items() if key != "carried"}
        document = set_answer(set_answer(document, "serves", "typed:All"), "review", [])
        document = set_answer(document, "partners", [{"id": "a", "who": "Ms. Ito"}])
    return [gap.message for gap in find_gaps(LATER, document)]


def test_a_plan_that_builds_on_another_can_be_finished() -> None:
    assert find_gaps(LATER, fill_later_document()) == ()
    assert find_problems_while_typing(LATER, fill_later_document()) == ()


def test_what_is_carried_needs_no_words_and_what_is_missing_a_working_version() -> None:
    empty = "Part A: “Mission_now” is empty; it needs an answer."
    assert list_later_messages("mission_now", "") == []
    assert list_later_messages("mission_now", "", is_copied=False) == [empty]
    assert list_later_messages("mission_now", "typed: ", is_copied=False) == [empty]
    assert list_later_messages("mission_now", "typed:For now", is_copied=False) == []


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_note_and_a_working_version_have_the_same_length_at_most(is_copied: bool) -> None:
    mark = "" if is_copied else "typed:"
    assert list_later_messages("mission_now", f"{mark}{'x' * 1000}", is_copied=is_copied) == []
    excess = "Part A: “Mission_now” has 1001 characters; the most is 1000."
    assert list_later_messages("mission_now", f"{mark}{'x' * 1001}", is_copied=is_copied) == [excess]


def test_several_choices_are_asked_for_and_each_must_be_one_of_them() -> None:
    assert list_later_messages("ways", "") == ["Part A: “Ways” has no answer yet; choose one."]
    assert list_later_messages("ways", "not_yet") == []
    assert list_later_messages("ways", "yes gone") == ["Part A: in “Ways”, 'yes gone' is not all among the choices."]


@pytest.mark.parametrize(
    ("value", "is_right"), [("0", True), ("10", True), ("11", False), ("-1", False), ("05", False)]
)
def test_a_scale_may_go_from_zero_to_ten(value: str, is_right: bool) -> None:
    problem = f"Part A: in “Energy”, '{value}' is not a number from 0 to 10."
    assert list_later_messages("energy", value) == ([] if is_right else [problem])


def test_a_pick_of_another_plan_names_a_row_of_the_copy() -> None:
    gone = "Part A: “Serves” points to a row that is gone; choose again."
    assert list_later_messages("serves", "g1") == []
    assert list_later_messages("serves", "blank") == [gone]
    assert list_later_messages("serves", "a") == [gone]
    assert list_later_messages("serves", "typed:All of them") == []


@given(near_json(LATER))
def test_any_json_of_a_plan_with_copies_can_be_asked_too(raw: Document) -> None:
    for gap in (*find_gaps(LATER, raw), *find_problems_while_typing(LATER, raw)):
        assert gap.message.startswith(f"Part {gap.part}: ")


@pytest.mark.parametrize(
    ("leaf", "value", "printed"),
    [
        (Leaf(type="scale", low="rarely", high="always", lowest=0, highest=10), "0", "0 of 10 (rarely)"),
        (Leaf(type="scale", low="rarely", high="always", lowest=0, highest=10), "10", "10 of 10 (always)"),
        (Leaf(type="scale", low="rarely", high="always"), " 3 ", "3 of 5"),
        (Leaf(type="scale", low="rarely", high="always"), "9", "9"),
        (make_worksheet(make_field("ways", "choices")).parts[0].fields[0].leaf, "not_yet yes", "Not yet; Yes"),
        (make_worksheet(make_field("ways", "choices")).parts[0].fields[0].leaf, "yes gone", "Yes; gone"),
    ],
)
def test_scales_and_several_choices_are_printed_by_their_words(leaf: Leaf, value: str, printed: str) -> None:
    assert print_value(leaf, value) == printed
