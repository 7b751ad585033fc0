"""The worksheet changes under saved work: nothing written is lost, and what no longer fits is said."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_gaps import find_gaps
from lti_tool.domain.answer_lines import list_lines, print_cell
from lti_tool.domain.answer_views import Reader, describe_answers
from lti_tool.domain.answers import Document, parse_document, shape_document
from lti_tool.domain.retired import list_retired
from tests.unit.domain.factories import (
    JSON,
    documents,
    fill_rich_document,
    make_column,
    make_field,
    make_rich_worksheet,
    make_worksheet,
)
from tests.unit.domain.linked_plans import LATER, few_examples, linked_documents

RICH = make_rich_worksheet()
CHOICES = [{"key": "yes", "label": "Yes"}, {"key": "later", "label": "Later"}]


def remove_fields(worksheet: Worksheet, keys: set[str]) -> Worksheet:
    parts = tuple(
        part.model_copy(update={"fields": tuple(field for field in part.fields if field.key not in keys)})
        for part in worksheet.parts
    )
    return worksheet.model_copy(update={"parts": parts})


def trim(worksheet: Worksheet, what: str) -> Worksheet:
    """``worksheet`` without the last column, row or inner field of everything that has more than one."""

    def trim_field(field: Any) -> Any:
        return field.model_copy(update={what: getattr(field, what)[:-1]}) if len(getattr(field, what)) > 1 else field

    parts = tuple(part.model_copy(update={"fields": tuple(map(trim_field, part.fields))}) for part in worksheet.parts)
    return worksheet.model_copy(update={"parts": parts})


def list_words(worksheet: Worksheet, document: Document) -> dict[str, str]:
    """Every written answer by its path; the kept ones under their own."""
    document = shape_document(worksheet, document)
    return {
        cell.path: cell.value
        for question in list_questions(worksheet)
        for line in list_lines(question, document)
        for cell in line.cells
        if cell.value.strip()
    }


def describe(worksheet: Worksheet, fields: dict[str, Any]) -> dict[str, Any]:
    parts = describe_answers(worksheet, {"fields": fields}, reader=Reader.REVIEWER)
    return {question.path: question for part in parts for question in part.questions}


def is_kept(words: str, value: object) -> bool:
    if isinstance(value, dict):
        return any(is_kept(words, item) for item in value.values())
    if isinstance(value, list):
        return any(is_kept(words, item) for item in value)
    return value == words


@few_examples
@given(linked_documents(), st.sets(st.sampled_from([field.key for part in LATER.parts for field in part.fields])))
def test_a_field_may_go_and_come_back_with_every_word_and_copy(document: Document, keys: set[str]) -> None:
    smaller = remove_fields(LATER, keys)
    kept = parse_document(smaller, document)
    assert not keys & kept["fields"].keys()
    assert kept.get("carried") == document.get("carried")
    again = parse_document(LATER, json.loads(json.dumps(kept)))
    assert list_words(LATER, again) == list_words(LATER, document)
    assert again.get("carried") == document.get("carried")
    assert "retired" not in again


@given(documents(RICH), st.sampled_from(["columns", "grid_rows", "fields"]))
def test_no_word_is_lost_with_a_column_a_row_or_a_field_of_a_group(document: Document, what: str) -> None:
    smaller = trim(RICH, what)
    kept = parse_document(smaller, document)
    assert parse_document(smaller, dict(kept)) == kept
    still = list_words(smaller, kept)
    for path, words in list_words(RICH, document).items():
        assert still.get(path) == words or is_kept(words, kept["retired"])
    again = parse_document(RICH, kept)
    for path, words in list_words(RICH, document).items():
        assert list_words(RICH, again).get(path) == words or is_kept(words, again["retired"])


@given(documents(RICH), st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_what_waits_goes_on_waiting_through_any_change(document: Document, retired: dict[str, Any]) -> None:
    first = parse_document(RICH, {**document, "retired": retired})
    for worksheet in (remove_fields(RICH, {"goals", "soar", "campus"}), trim(RICH, "columns"), LATER, RICH):
        later = parse_document(worksheet, first)
        for words in first.get("retired", {}).values():
            assert is_kept_somewhere(words, later)
    waiting = parse_document(RICH, parse_document(remove_fields(RICH, {"goals"}), first))
    assert waiting.get("retired", {}).keys() >= first.get("retired", {}).keys()


def is_kept_somewhere(words: object, document: Document) -> bool:
    return words in document.get("retired", {}).values() or words in document["fields"].values()


def make_ways(kind: str, choices: list[dict[str, str]]) -> Worksheet:
    return make_worksheet(make_field("ways", kind, required=True, choices=choices))


def test_a_renamed_choice_reads_anew_and_one_with_another_key_stays_as_it_was() -> None:
    renamed = make_ways("choice", [{"key": "yes", "label": "Yes"}, {"key": "not_yet", "label": "Soon"}])
    assert describe(renamed, {"ways": "not_yet"})["ways"].text == "Soon"

    for kind, answer, printed in (("choice", "not_yet", "not_yet"), ("choices", "yes not_yet", "Yes; not_yet")):
        sheet = make_ways(kind, CHOICES)
        document = parse_document(sheet, {"fields": {"ways": answer}})
        assert document["fields"]["ways"] == answer
        assert describe(sheet, document["fields"])["ways"].text == printed
        (gap,) = find_gaps(sheet, document)
        assert answer in gap.message


def test_a_mark_beyond_a_shortened_scale_stays_and_is_asked_about() -> None:
    sheet = make_worksheet(make_field("energy", "scale", lowest=1, highest=5))
    assert describe(sheet, {"energy": "8"})["energy"].text == "8"
    assert describe(sheet, {"energy": "5"})["energy"].text == "5 of 5 (always)"
    assert [gap.message for gap in find_gaps(sheet, {"fields": {"energy": "8"}})] == [
        "Part A: in “Energy”, '8' is not a number from 1 to 5."
    ]


def test_a_removed_column_is_shown_as_no_longer_asked() -> None:
    columns = [make_column("goal", required=True), make_column("today", "scale")]
    sheet = make_worksheet(make_field("goals", "rows", columns=columns))
    document = parse_document(sheet, {"fields": {"goals": fill_rich_document()["fields"]["goals"]}})
    assert list_words(sheet, document) == {
        "goals.g1.goal": "Co-plan one unit",
        "goals.g1.today": "2",
        "goals.g2.goal": "Weed the shelves",
    }
    assert [answer.text for answer in list_retired(document)] == ["5/21/2027", "2027-03-04"]
    assert find_gaps(sheet, document) == ()


def test_a_removed_row_of_a_grid_is_shown_as_no_longer_asked() -> None:
    question: Question = next(question for question in list_questions(RICH) if question.path == "numbers")
    smaller = trim(RICH, "grid_rows")
    document = parse_document(smaller, fill_rich_document())
    assert question.field.grid_rows[-1].key not in document["fields"]["numbers"]
    assert [(answer.label, answer.text) for answer in list_retired(document)] == [
        ("Numbers: Budget", "Value: $1,200.50")
    ]
    assert find_gaps(smaller, document) == ()


def test_picks_of_rows_that_are_asked_no_more_say_so() -> None:
    smaller = remove_fields(RICH, {"goals"})
    document = parse_document(smaller, fill_rich_document())
    (question,) = (question for question in list_questions(smaller) if question.path == "first")
    assert print_cell(list_lines(question, document)[0].cells[0], document) == "(what it pointed to is gone)"
    assert [gap.path for gap in find_gaps(smaller, document)] == ["first"]
    assert find_gaps(RICH, parse_document(RICH, document)) == ()


def test_a_field_of_another_kind_keeps_the_old_answer_aside() -> None:
    as_rows = make_worksheet(make_field("mission", "rows"))
    document = parse_document(as_rows, {"fields": {"mission": "Every learner asks."}})
    assert [answer.text for answer in list_retired(document)] == ["Every learner asks."]
    again = parse_document(make_worksheet(make_field("mission")), document)
    assert "Every learner asks." in json.dumps(again)
