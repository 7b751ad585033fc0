"""Where rows are picked, and what stays of a row that goes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.domain.answer_gaps import find_gaps
from lti_tool.domain.answer_lines import Cell, list_lines, print_cell
from lti_tool.domain.answer_rows import remove_row
from lti_tool.domain.answers import Document, parse_document, set_answer
from lti_tool.domain.row_uses import RowUse, find_row_uses, free_picks
from tests.unit.domain.factories import make_column, make_field, make_worksheet
from tests.unit.domain.linked_plans import (
    EARLIER,
    LATER,
    few_examples,
    fill_earlier_document,
    fill_later_document,
    linked_documents,
)

GONE = "(what it pointed to is gone)"
IDS = st.sets(st.sampled_from(["g1", "g2", "r1", "Z_9"]))


def list_cells(document: Document) -> dict[str, Cell]:
    return {
        cell.path: cell
        for question in list_questions(LATER)
        for line in list_lines(question, document)
        for cell in line.cells
    }


def test_uses_name_the_plan_the_part_and_the_place() -> None:
    assert find_row_uses(LATER, fill_later_document()) == {"partners.a": (RowUse("Plan", "B", "Closest"),)}
    uses = find_row_uses(LATER, fill_later_document(), "earlier")
    assert {key: [use.label for use in found] for key, found in uses.items()} == {
        "goals.g2": ["Serves", "Goal 2, Goal"],
        "goals.g1": ["Goal 1, Goal", "Partner 1, Serves"],
    }
    assert find_row_uses(LATER, fill_later_document(), "another") == {}
    assert list(find_row_uses(EARLIER, fill_earlier_document())) == ["people.p1"]


@few_examples
@given(linked_documents(), IDS)
def test_a_freed_pick_goes_on_saying_what_it_said(document: Document, row_ids: set[str]) -> None:
    before = json.dumps(document)
    freed = free_picks(LATER, document, "goals", row_ids, "earlier")
    assert json.dumps(document) == before
    cells, after = list_cells(document), list_cells(freed)
    assert list(cells) == list(after)
    for path, cell in cells.items():
        pick, words = cell.leaf.pick, print_cell(cell, document)
        if pick is None or pick.module is None or cell.value not in row_ids or words == GONE:
            assert after[path].value == cell.value
        else:
            assert after[path].value == f"typed:{words}"
            assert print_cell(after[path], freed) == f"{words} (typed here)"
    assert {**freed, "fields": {}} == {**document, "fields": {}}
    assert free_picks(LATER, freed, "goals", row_ids, "earlier") == freed
    freed_ids = {cell.value for path, cell in cells.items() if cell.value != after[path].value}
    assert not {f"goals.{row_id}" for row_id in freed_ids} & find_row_uses(LATER, freed, "earlier").keys()


def test_picks_of_this_plan_are_freed_before_their_row_goes() -> None:
    freed = free_picks(LATER, fill_later_document(), "partners", {"a"})
    assert freed["fields"]["closest"] == "typed:Ms. Ito"
    assert find_row_uses(LATER, freed) == {}
    removed = remove_row(LATER, freed, "partners", "a")
    assert print_cell(list_cells(removed)["closest"], removed) == "Ms. Ito (typed here)"
    assert find_gaps(LATER, removed) == ()


def test_rows_of_the_same_name_in_another_plan_are_left_alone() -> None:
    document = fill_later_document()
    for module_key in (None, "another"):
        assert free_picks(LATER, document, "goals", {"g1", "g2"}, module_key) == document
    assert free_picks(LATER, document, "partners", {"a"}, "earlier") == document


def test_a_row_without_words_leaves_none_so_that_she_is_asked_again() -> None:
    document = fill_later_document()
    rows = [{**row, "who": ""} for row in document["fields"]["partners"]]
    document = free_picks(LATER, set_answer(document, "partners", rows), "partners", {"a"})
    assert document["fields"]["closest"] == "a"
    removed = remove_row(LATER, document, "partners", "a")
    assert [gap.message for gap in find_gaps(LATER, removed)] == [
        "Part B: “Closest” points to a row that is gone; choose again."
    ]


def test_picks_in_a_grid_are_found_and_freed() -> None:
    column = make_column("helper", "pick", pick={"field": "people", "column": "what"})
    sheet = make_worksheet(
        make_field("people", "rows"),
        make_field(
            "week",
            "grid",
            columns=[column, make_column("note")],
            grid_rows=[{"key": "mon", "label": "Monday"}, {"key": "tue", "label": "Tuesday"}],
        ),
    )
    document = parse_document(
        sheet,
        {
            "fields": {
                "people": [{"id": "p1", "what": "Ana\nand Ben"}, {"id": "p2", "what": "Cy"}],
                "week": {"mon": {"helper": "p1", "note": "Opens"}, "tue": {"helper": "p2"}},
            }
        },
    )
    assert [use.label for use in find_row_uses(sheet, document)["people.p1"]] == ["Week: Monday, Helper"]
    freed = free_picks(sheet, document, "people", {"p1"})
    assert freed["fields"]["week"] == {
        "mon": {"helper": "typed:Ana and Ben", "note": "Opens"},
        "tue": {"helper": "p2", "note": ""},
    }


def test_rows_stay_in_their_places_blank_ones_too() -> None:
    blank = {"id": "empty", "goal": "", "happened": "", "again": "", "ways": ""}
    rows = fill_later_document()["fields"]["review"]
    document = set_answer(fill_later_document(), "review", [blank, *rows])
    freed = free_picks(LATER, document, "goals", {"g1"}, "earlier")
    assert freed["fields"]["review"] == [blank, {**rows[0], "goal": "typed:Co-plan one unit"}, rows[1]]
