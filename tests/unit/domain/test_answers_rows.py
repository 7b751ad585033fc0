"""Rows added, removed and moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.domain.answer_rows import UnknownRowsError, add_row, can_add_row, move_row, remove_row
from lti_tool.domain.answers import Document
from tests.unit.domain.factories import (
    ROW_IDS,
    documents,
    fill_rich_document,
    list_row_ids,
    make_rich_worksheet,
)

SHEET = make_rich_worksheet()


def ids(document: Document) -> list[str]:
    return list_row_ids(SHEET, document)["goals"]


def test_a_double_click_adds_one_row() -> None:
    once = add_row(SHEET, fill_rich_document(), "goals", "new")
    assert ids(once) == ["g1", "g2", "new"]
    assert add_row(SHEET, once, "goals", "new") == once


def test_a_full_list_takes_no_more() -> None:
    document = fill_rich_document()
    for name in ("g3", "g4", "g5"):
        document = add_row(SHEET, document, "goals", name)
    assert ids(document) == ["g1", "g2", "g3", "g4"]
    assert not can_add_row(SHEET, document, "goals")
    assert can_add_row(SHEET, remove_row(SHEET, document, "goals", "g1"), "goals")


def test_rows_inside_a_group_are_reached_by_their_path() -> None:
    document = add_row(SHEET, fill_rich_document(), "soar.strengths", "s2")
    assert [row["id"] for row in document["fields"]["soar"]["strengths"]] == ["s1", "s2"]


def test_a_row_moves_and_stops_at_the_ends() -> None:
    document = add_row(SHEET, fill_rich_document(), "goals", "g3")
    assert ids(move_row(SHEET, document, "goals", "g3", -1)) == ["g1", "g3", "g2"]
    assert ids(move_row(SHEET, document, "goals", "g1", -1)) == ["g1", "g2", "g3"]
    assert ids(move_row(SHEET, document, "goals", "g1", 9)) == ["g2", "g3", "g1"]
    assert ids(move_row(SHEET, document, "goals", "gone", 1)) == ["g1", "g2", "g3"]


def test_what_names_no_rows_is_refused() -> None:
    with pytest.raises(UnknownRowsError):
        add_row(SHEET, fill_rich_document(), "campus", "r9")
    with pytest.raises(ValueError, match="cannot name a row"):
        add_row(SHEET, fill_rich_document(), "goals", "a.b")


STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "up", "down"]), ROW_IDS), max_size=12)


@given(documents(SHEET), STEPS)
def test_ids_stay_unique_and_no_other_row_is_touched(document: Document, steps: list[tuple[str, str]]) -> None:
    for step, row_id in steps:
        before = {row["id"]: row for row in document["fields"]["goals"]}
        match step:
            case "add":
                document = add_row(SHEET, document, "goals", row_id)
            case "remove":
                document = remove_row(SHEET, document, "goals", row_id)
            case _:
                document = move_row(SHEET, document, "goals", row_id, -1 if step == "up" else 1)
        after = {row["id"]: row for row in document["fields"]["goals"]}
        assert len(after) == len(document["fields"]["goals"]) <= 4
        assert {key: row for key, row in after.items() if key != row_id} == {
            key: row for key, row in before.items() if key != row_id
        }
