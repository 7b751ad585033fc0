"""The principal's page: what is marked for it, in words, and nothing private."""

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.domain.answers import Document, blank_document, list_private_paths, set_answer
from lti_tool.domain.brief import list_brief_lines
from tests.unit.domain.factories import documents, make_column, make_field, make_worksheet
from tests.unit.domain.linked_plans import (
    EARLIER,
    LATER,
    few_examples,
    fill_earlier_document,
    fill_later_document,
    linked_documents,
)

SECRET = "not for any principal"
MARKED = {"mission": {""}, "goals": {"goal", "by"}, "soar.strengths": {"line"}, "soar.wish": {""}}


def read(document: Document) -> list[tuple[str, str, str]]:
    return [(line.path, line.label, line.text) for line in list_brief_lines(EARLIER, document)]


def test_marked_answers_are_told_in_words_in_the_order_of_the_plan() -> None:
    assert read(fill_earlier_document()) == [
        ("mission", "Mission", "Every learner asks."),
        ("goals", "Goal 1", "Co-plan one unit; May 21, 2027"),
        ("goals", "Goal 3", "Weed the shelves"),
        ("soar.strengths", "Strength 1", "Open doors"),
        ("soar.wish", "Looking round: Wish", "More hours"),
    ]
    assert {line.part for line in list_brief_lines(EARLIER, fill_earlier_document())} == {"A"}


def test_picks_of_another_plan_are_told_by_their_words_and_notes_as_typed() -> None:
    document = set_answer(fill_later_document(), "soar_now", "Still true.")
    assert [(line.label, line.text) for line in list_brief_lines(LATER, document)] == [
        ("Soar_now", "Still true."),
        ("Serves", "Weed the shelves"),
        ("Goal 1", "Two teams"),
    ]
    without = {key: value for key, value in document.items() if key != "carried"}
    without = set_answer(set_answer(without, "soar_now", "typed:For now"), "serves", "typed:My own aim")
    assert [line.text for line in list_brief_lines(LATER, without)][:2] == [
        "For now (typed here)",
        "My own aim (typed here)",
    ]


def test_nothing_written_is_nothing_told() -> None:
    assert list_brief_lines(EARLIER, blank_document(EARLIER)) == ()


@given(documents(EARLIER), st.booleans())
def test_no_private_answer_is_ever_on_the_page(document: Document, is_shown: bool) -> None:
    document = set_answer(set_answer(document, "diary", SECRET), "soar.fear", SECRET)
    document = set_answer(document, "soar.doubts", [{"id": "d1", "line": SECRET}])
    shown = list(list_private_paths(EARLIER)) if is_shown else []
    lines = list_brief_lines(EARLIER, {**document, "shown": shown})
    assert SECRET not in str(lines)
    assert {line.path for line in lines} <= set(MARKED)


@few_examples
@given(linked_documents())
def test_no_copy_and_no_private_note_is_on_the_page(document: Document) -> None:
    document = set_answer(document, "diary_now", SECRET)
    document = {**document, "shown": list(list_private_paths(LATER))}
    private = {question.path for question in list_questions(LATER) if question.is_private}
    lines = list_brief_lines(LATER, document)
    assert SECRET not in str(lines)
    assert not private & {line.path for line in lines}
    assert all(line.text.strip() for line in lines)


@given(documents(EARLIER))
def test_everything_marked_that_is_written_is_on_the_page(document: Document) -> None:
    paths = [line.path for line in list_brief_lines(EARLIER, document)]
    for path in ("mission", "soar.wish"):
        answer: str = document["fields"]["mission"] if path == "mission" else document["fields"]["soar"]["wish"]
        assert paths.count(path) == bool(answer.strip())
    rows = [row for row in document["fields"]["goals"] if row["goal"].strip() or row["by"].strip()]
    assert paths.count("goals") == len(rows)


def test_marked_columns_go_before_the_rest_of_a_marked_table() -> None:
    columns = [make_column("what", brief=True), make_column("cost", "money")]
    rows = [{"key": "one", "label": "One"}]
    sheet = make_worksheet(
        make_field("narrow", "grid", brief=True, columns=columns, grid_rows=rows),
        make_field(
            "whole", "grid", brief=True, columns=[make_column("what"), make_column("cost", "money")], grid_rows=rows
        ),
        make_field("secret", "group", private=True, fields=[make_field("steps", "rows", columns=columns)]),
    )
    cells = {"one": {"what": "Carts", "cost": "300"}}
    steps = {"steps": [{"id": "r1", "what": SECRET, "cost": "1"}]}
    lines = list_brief_lines(sheet, {"fields": {"narrow": cells, "whole": cells, "secret": steps}})
    assert [(line.label, line.text) for line in lines] == [
        ("Narrow: One", "Carts"),
        ("Whole: One", "Carts; $300"),
    ]
