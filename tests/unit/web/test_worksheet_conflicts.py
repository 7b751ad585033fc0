"""Two saved versions of one plan: nothing typed is lost, and where they differ the author's choice stands."""

from pathlib import Path

import pytest

from lti_tool.content.loader import load_series
from lti_tool.content.schema import Worksheet
from lti_tool.domain.answers import Document, blank_document, get_answer, set_answer
from lti_tool.web.worksheet_conflicts import merge_versions, settle_versions


@pytest.fixture(scope="module")
def worksheet() -> Worksheet:
    found = load_series(Path(__file__).parents[3] / "lti_tool" / "content" / "leading_edge").modules[0].worksheet
    assert found is not None
    return found


def write(worksheet: Worksheet, **answers: object) -> Document:
    document = blank_document(worksheet)
    for path, answer in answers.items():
        document = set_answer(document, path, answer)
    return document


def voice(row_id: str, who: str) -> dict[str, str]:
    return {"id": row_id, "who": who, "how": "survey", "heard": "More time"}


def test_what_only_one_version_has_stays_without_a_question(worksheet: Worksheet) -> None:
    mine = write(worksheet, campus_name="Cottonwood Spur")
    theirs = write(worksheet, campus_mission="Every child reads.", voices=[voice("x", "A parent")])
    merged = merge_versions(worksheet, mine, theirs)
    assert merged.conflicts == ()
    assert get_answer(merged.document, "campus_name") == "Cottonwood Spur"
    assert get_answer(merged.document, "campus_mission") == "Every child reads."
    assert "x" in [row["id"] for row in get_answer(merged.document, "voices")]


@pytest.mark.parametrize(("choice", "kept"), [("mine", "Here"), ("theirs", "There"), (None, "Here"), ("odd", "Here")])
def test_the_chosen_text_stands_and_an_unanswered_choice_keeps_the_page(
    worksheet: Worksheet, choice: str | None, kept: str
) -> None:
    mine, theirs = write(worksheet, campus_name="Here"), write(worksheet, campus_name="There")
    choices = {} if choice is None else {"campus_name": choice}
    assert get_answer(settle_versions(worksheet, mine, theirs, choices), "campus_name") == kept


def test_one_cell_of_a_row_can_be_chosen(worksheet: Worksheet) -> None:
    mine = write(worksheet, voices=[voice("x", "A parent")])
    theirs = write(worksheet, voices=[voice("x", "A teacher")])
    settled = settle_versions(worksheet, mine, theirs, {"voices.x.who": "theirs"})
    assert get_answer(settled, "voices") == [voice("x", "A teacher")]


def test_a_typed_pick_is_chosen_with_its_words(worksheet: Worksheet) -> None:
    goal = {"id": "g", "goal": "Read more", "serves": "typed:mine"}
    mine = write(worksheet, strategic_goals=[goal])
    theirs = write(worksheet, strategic_goals=[{**goal, "serves": "typed:theirs"}])
    settled = settle_versions(worksheet, mine, theirs, {"strategic_goals.g.serves": "theirs"})
    assert get_answer(settled, "strategic_goals")[0]["serves"] == "typed:theirs"


@pytest.mark.parametrize(("choice", "rows"), [("mine", []), ("theirs", ["A parent"])])
def test_a_row_removed_here_and_written_in_there_is_a_choice(
    worksheet: Worksheet, choice: str, rows: list[str]
) -> None:
    mine = write(worksheet, voices=[])
    theirs = write(worksheet, voices=[voice("r1", "A parent")])
    settled = settle_versions(worksheet, mine, theirs, {"voices.r1": choice})
    assert [row["who"] for row in get_answer(settled, "voices") if row["who"]] == rows
