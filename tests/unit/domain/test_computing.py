"""What the tool works out: four lists, totals, a scan then and now."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import ComputeKind, WorksheetField
from lti_tool.domain.answer_lines import list_lines, print_cell
from lti_tool.domain.answer_values import print_money, read_money
from lti_tool.domain.answers import Document, blank_document, parse_document, set_answer
from lti_tool.domain.carrying import take_copies
from lti_tool.domain.computing import HIGH_FROM, Computed, compute_field, list_computed, uses_compute
from tests.unit.domain.factories import WORDS, make_column, make_field, make_worksheet, near_json
from tests.unit.domain.linked_plans import (
    EARLIER,
    LATER,
    copy_plan,
    few_examples,
    fill_earlier_document,
    fill_later_document,
    linked_documents,
)

FIELDS = {path: field for _, path, field in list_computed(LATER)}
RATINGS = st.sampled_from(["", "1", "2", "3", "4", "5"]) | st.text(max_size=3)
PEOPLE = st.lists(st.tuples(WORDS, RATINGS, RATINGS), max_size=8)
AMOUNTS = st.sampled_from(["", " ", "lots", "$1,200.50", "300", "-20", "0.1", "0.2", "US$5"]) | st.text(max_size=6)


def compute(path: str, document: Document) -> Computed:
    return compute_field(LATER, FIELDS[path], document)


def rate(people: list[tuple[str, str, str]]) -> Document:
    rows = [
        {"id": f"p{number}", "who": who, "influence": up, "interest": across, "serves": ""}
        for number, (who, up, across) in enumerate(people)
    ]
    return parse_document(LATER, {"fields": {"partners": rows}})


def pay(amounts: list[str]) -> Document:
    rows = [{"id": f"i{number}", "what": "", "amount": amount} for number, amount in enumerate(amounts)]
    return parse_document(LATER, {"fields": {"resources": {"items": rows}}})


def test_every_computed_field_but_the_brief_is_listed_with_its_place() -> None:
    assert [(part, path) for part, path, _ in list_computed(LATER)] == [
        ("B", "map"),
        ("B", "compared"),
        ("B", "resources.total"),
    ]
    assert list_computed(EARLIER) == ()


def test_kinds_are_found_inside_groups_too() -> None:
    assert all(uses_compute(LATER, kind) for kind in ComputeKind)
    assert not any(uses_compute(EARLIER, kind) for kind in ComputeKind)


def test_the_brief_is_worked_out_elsewhere() -> None:
    brief = next(field for part in LATER.parts for field in part.fields if field.key == "page")
    for field in (brief, next(field for part in LATER.parts for field in part.fields if field.key == "log")):
        with pytest.raises(ValueError, match="is not computed from this worksheet"):
            compute_field(LATER, field, blank_document(LATER))


def test_people_stand_in_four_lists_by_influence_and_interest() -> None:
    people = [("Low", "1", "2"), ("Loud", "2", "3"), ("Mighty", "3", "2"), ("Friend", "3", "3"), ("New", "4", "")]
    result = compute("map", rate(people))
    assert [(line.label, line.items) for line in result.lines] == [
        ("Keep close", ("Friend",)),
        ("Keep satisfied", ("Mighty",)),
        ("Keep informed", ("Loud",)),
        ("Keep in view", ("Low",)),
        ("Not placed yet", ("New",)),
    ]
    assert result.columns == ("Who", "Influence", "Interest", "List")
    assert result.table[-2:] == (("Friend", "3", "3", "Keep close"), ("New", "4", "none", "Not placed yet"))
    assert str(HIGH_FROM) in result.note


@given(PEOPLE)
def test_the_lists_part_the_begun_rows_among_them(people: list[tuple[str, str, str]]) -> None:
    document = rate(people)
    result = compute("map", document)
    question = next(question for question in list_questions(LATER) if question.path == "partners")
    begun = [line for line in list_lines(question, document) if line.is_begun]
    names = [print_cell(line.cells[0], document) or line.label for line in begun]
    assert Counter(name for line in result.lines for name in line.items) == Counter(names)
    assert [row[0] for row in result.table] == names
    lists = {line.label: line.items for line in result.lines}
    for name, _, _, label in result.table:
        assert name in lists[label]
    assert result.is_empty == (not begun)
    for line, row in zip(begun, result.table, strict=True):
        ratings = [cell.value.strip() for cell in line.cells[1:3]]
        if all(rating in {"1", "2", "3", "4", "5"} for rating in ratings):
            high = (int(ratings[0]) >= HIGH_FROM, int(ratings[1]) >= HIGH_FROM)
            assert (
                row[3]
                == {
                    (True, True): "Keep close",
                    (True, False): "Keep satisfied",
                    (False, True): "Keep informed",
                    (False, False): "Keep in view",
                }[high]
            )
        elif not all(ratings):
            assert row[3] == "Not placed yet"


def test_a_row_without_a_name_is_called_by_its_number() -> None:
    assert compute("map", rate([("", "5", "5")])).lines[0].items == ("Partner 1",)


def test_a_sign_that_only_looks_like_a_digit_places_nobody() -> None:
    assert compute("map", rate([("Ms. Ito", "²", "5")])).lines[-1].items == ("Ms. Ito",)


@pytest.mark.parametrize(
    ("amounts", "total", "note"),
    [
        ([], None, ""),
        (["", " "], None, ""),
        (["$300", "0.50"], "$300.50", ""),
        (["0.1", "0.2", "-0.3"], "$0", ""),
        (["-1200"], "-$1,200", ""),
        (["300", "lots"], "$300", "One amount could not be read and is not in it."),
        (["lots", "many", "5"], "$5", "2 amounts could not be read."),
        (["lots"], "$0", "One amount could not be read and is not in it."),
    ],
)
def test_amounts_are_added_up(amounts: list[str], total: str | None, note: str) -> None:
    result = compute("resources.total", pay(amounts))
    assert [line.items for line in result.lines] == ([(total,)] if total else [])
    assert result.note == note
    assert result.is_empty == (total is None)


@given(st.lists(AMOUNTS, max_size=8))
def test_a_total_is_the_sum_of_the_amounts_that_can_be_read(amounts: list[str]) -> None:
    document = pay(amounts)
    written = [row["amount"] for row in document["fields"]["resources"]["items"] if row["amount"].strip()]
    read = [amount for amount in map(read_money, written) if amount is not None]
    result = compute("resources.total", document)
    assert [line.items for line in result.lines] == ([(print_money(sum(read, Decimal())),)] if written else [])
    assert bool(result.note) == (len(read) < len(written))


def test_a_scan_stands_beside_the_one_of_another_plan() -> None:
    document = fill_later_document()
    result = compute("compared", document)
    assert result.columns == ("Statement", "What you said first", "Then", "Now")
    assert result.table == (("I ask.", "2", "1", "4"),)

    without = {key: value for key, value in document.items() if key != "carried"}
    assert compute("compared", without).table == (("I ask.", "none", "1", "4"),)
    first = take_copies(LATER, blank_document(LATER), copy_plan(fill_earlier_document()))
    assert compute("compared", first).table == (("I ask.", "2", "none", "none"),)
    assert compute("compared", blank_document(LATER)).is_empty


@few_examples
@given(linked_documents())
def test_results_read_the_same_as_a_table(document: Document) -> None:
    for field in FIELDS.values():
        result = compute_field(LATER, field, document)
        assert all(len(row) == len(result.columns) for row in result.table)


@given(near_json(LATER))
def test_any_document_can_be_worked_out(raw: object) -> None:
    document = parse_document(LATER, raw)
    for field in FIELDS.values():
        compute_field(LATER, field, document)


def test_rows_called_by_a_pick_are_called_by_its_words() -> None:
    pick: dict[str, Any] = {"pick": {"field": "people", "column": "what"}}
    scales = [make_column("up", "scale"), make_column("across", "scale")]
    sheet = make_worksheet(
        make_field("people", "rows"),
        make_field("rated", "rows", columns=[make_column("who", "pick", **pick), *scales]),
        make_field(
            "lists",
            "computed",
            compute={"kind": "quadrants", "rows": "rated", "name": "who", "up": "up", "across": "across"},
        ),
    )
    field: WorksheetField = sheet.parts[0].fields[-1]
    document = parse_document(sheet, {"fields": {"people": [{"id": "p1", "what": "Principal"}]}})
    document = set_answer(document, "rated", [{"id": "r1", "who": "p1", "up": "5", "across": "1"}])
    assert compute_field(sheet, field, document).lines[1].items == ("Principal",)
