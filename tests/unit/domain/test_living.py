"""Answers that go on being written after a plan is accepted."""

import json

from hypothesis import given

from lti_tool.content.questions import list_questions
from lti_tool.domain.answers import Document, get_answer, parse_document, set_answer
from lti_tool.domain.living import lay_living_over, list_living_columns, list_living_questions
from tests.unit.domain.factories import make_column, make_field, make_worksheet
from tests.unit.domain.linked_plans import LATER, few_examples, fill_later_document, linked_documents

LIVING = {"review": ("again",), "log": (), "scan_again": ("now",)}


def hide_living(document: Document) -> Document:
    """``document`` with nothing in its living answers."""
    review = [{**row, "again": ""} for row in get_answer(document, "review")]
    scan = {key: {**cells, "now": ""} for key, cells in get_answer(document, "scan_again").items()}
    hidden = set_answer(set_answer(document, "review", review), "scan_again", scan)
    return set_answer(hidden, "log", [])


def test_living_answers_are_whole_questions_or_columns() -> None:
    assert {question.path: list_living_columns(question) for question in list_living_questions(LATER)} == LIVING


def test_whatever_is_inside_a_living_group_is_living() -> None:
    inner = make_field("steps", "rows", columns=[make_column("step"), make_column("when", "date", living=True)])
    sheet = make_worksheet(make_field("after", "group", living=True, fields=[inner, make_field("note")]))
    assert [question.path for question in list_living_questions(sheet)] == ["after.steps", "after.note"]
    older, newer = (parse_document(sheet, {"fields": {"after": {"note": words}}}) for words in ("Old", "New"))
    assert lay_living_over(sheet, older, newer) == newer


@few_examples
@given(linked_documents(), linked_documents())
def test_only_living_answers_change(document: Document, newer: Document) -> None:
    before = json.dumps([document, newer])
    laid = lay_living_over(LATER, document, newer)
    assert json.dumps([document, newer]) == before
    assert hide_living(laid) == hide_living(document)
    for question in list_questions(LATER):
        if question.path not in LIVING:
            assert get_answer(laid, question.path) == get_answer(document, question.path)
    assert {key: laid[key] for key in laid if key != "fields"} == {
        key: document[key] for key in document if key != "fields"
    }


@few_examples
@given(linked_documents(), linked_documents())
def test_every_living_answer_is_the_newest(document: Document, newer: Document) -> None:
    laid = lay_living_over(LATER, document, newer)
    assert get_answer(laid, "log") == get_answer(newer, "log")
    again = {row["id"]: row["again"] for row in get_answer(newer, "review")}
    older = {row["id"]: row["again"] for row in get_answer(document, "review")}
    for row in get_answer(laid, "review"):
        assert row["again"] == again.get(row["id"], older[row["id"]])
    for key, cells in get_answer(laid, "scan_again").items():
        assert cells["now"] == get_answer(newer, "scan_again")[key]["now"]


@few_examples
@given(linked_documents(), linked_documents())
def test_laying_over_twice_is_laying_over_once(document: Document, newer: Document) -> None:
    laid = lay_living_over(LATER, document, newer)
    assert lay_living_over(LATER, laid, newer) == laid
    assert lay_living_over(LATER, document, document) == document
    assert parse_document(LATER, laid) == laid


def test_no_row_comes_or_goes_where_only_a_column_is_living() -> None:
    document = fill_later_document()
    row = {"id": "x", "goal": "", "happened": "Sneaked in", "again": "7/1/2027", "ways": ""}
    newer = set_answer(document, "review", [row, {**get_answer(document, "review")[0], "happened": "Changed"}])
    newer = set_answer(newer, "mission_now", "Changed too")
    assert lay_living_over(LATER, document, newer) == document
