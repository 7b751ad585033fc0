"""What readers see: answers in words, changes, progress."""

from hypothesis import given

from lti_tool.content.effort import estimate_core_minutes
from lti_tool.domain.answer_changes import ChangeKind, compare_documents
from lti_tool.domain.answer_progress import measure_progress
from lti_tool.domain.answer_views import DescribedQuestion, Reader, describe_answers
from lti_tool.domain.answers import Document, blank_document, set_answer
from tests.unit.domain.factories import (
    documents,
    fill_rich_document,
    make_column,
    make_field,
    make_rich_worksheet,
    make_worksheet,
)

SHEET = make_rich_worksheet()
SECRET = "what nobody else should read in this plan of mine, not now and not later either, please"


def describe(document: Document, reader: Reader) -> dict[str, DescribedQuestion]:
    return {
        question.path: question
        for part in describe_answers(SHEET, document, reader=reader)
        for question in part.questions
    }


def make_private_document() -> Document:
    return set_answer(set_answer(fill_rich_document(), "draft", SECRET), "soar.hope", SECRET)


def test_answers_are_printed_as_people_read_them() -> None:
    shown = describe(fill_rich_document(), Reader.REVIEWER)
    assert shown["level"].text == "Yes"
    assert shown["ready"].text == "Yes"
    assert shown["first"].text == "Weed the shelves"
    goals = shown["goals"]
    assert goals.columns == ("Goal", "By date", "Today", "Resources")
    assert [cell.text for cell in goals.lines[0].cells] == [
        "Co-plan one unit",
        "May 21, 2027",
        "2 of 5",
        "",
    ]
    assert goals.lines[1].label == "Goal 2"
    numbers = {line.label: line.cells[0].text for line in shown["numbers"].lines}
    assert numbers == {"Enrollment": "780 learners", "Budget": "$1,200.50"}
    assert shown["soar.strengths"].note == "Not written"
    assert shown["soar.strengths"].group == "Looking round"


def test_a_reviewer_reads_private_words_only_where_they_are_shown() -> None:
    document = make_private_document()
    hidden = describe(document, Reader.REVIEWER)
    assert hidden["draft"].note == hidden["soar.hope"].note == "Done, kept private"
    assert SECRET not in str(hidden)

    shown = describe({**document, "shown": ["draft"]}, Reader.REVIEWER)
    assert shown["draft"].text == SECRET
    assert shown["draft"].note == ""
    assert shown["soar.hope"].text == ""

    assert describe(set_answer(document, "soar.hope", "too short"), Reader.REVIEWER)["soar.hope"].note == "Not written"


def test_an_author_reads_everything_and_an_export_nothing_private() -> None:
    document = {**make_private_document(), "shown": ["draft", "soar.hope"]}
    assert describe(document, Reader.AUTHOR)["draft"].text == SECRET
    exported = describe(document, Reader.EXPORT)
    assert "draft" not in exported
    assert "soar.hope" not in exported
    assert "mission" in exported


def test_whatever_is_inside_a_private_group_is_private() -> None:
    sheet = make_worksheet(make_field("career", "group", private=True, fields=[make_field("gaps", "rows")]))
    document: Document = {"fields": {"career": {"gaps": [{"id": "r1", "what": SECRET}]}}}
    assert SECRET not in str(describe_answers(sheet, document, reader=Reader.REVIEWER))
    assert SECRET in str(describe_answers(sheet, {**document, "shown": ["career"]}, reader=Reader.REVIEWER))


@given(documents(SHEET))
def test_a_document_does_not_differ_from_itself(document: Document) -> None:
    assert compare_documents(SHEET, document, document) == ()


def test_changes_are_told_row_by_row() -> None:
    before = fill_rich_document()
    rows = before["fields"]["goals"]
    new = {"id": "g7", "goal": "Train helpers", "by": "", "today": "", "resources": ""}
    after = set_answer(before, "goals", [new, {**rows[1], "by": "4/1/2027"}])
    after = set_answer(after, "campus", "Mesquite Flats Middle School ")
    changes = compare_documents(SHEET, before, after)
    assert [(change.path, change.before, change.after, change.kind) for change in changes] == [
        ("campus", "Mesquite Flats", "Mesquite Flats Middle School", ChangeKind.CHANGED),
        ("goals.g1", "Co-plan one unit; May 21, 2027; 2 of 5", "", ChangeKind.ROW_REMOVED),
        ("goals.g7", "", "Train helpers", ChangeKind.ROW_ADDED),
        ("goals.g2.by", "Mar 4, 2027", "Apr 1, 2027", ChangeKind.CHANGED),
    ]


def test_only_the_row_that_moved_is_said_to_have_moved() -> None:
    sheet = make_worksheet(make_field("goals", "rows"))
    rows = [{"id": name, "what": name} for name in ("a", "b", "c", "d")]
    before: Document = {"fields": {"goals": rows}}
    after: Document = {"fields": {"goals": [rows[3], *rows[:3]]}}
    changes = compare_documents(sheet, before, after)
    assert [(change.path, change.before, change.after, change.kind) for change in changes] == [
        ("goals.d", "Goals 4", "Goals 1", ChangeKind.ROW_MOVED)
    ]


def test_empty_rows_and_private_words_are_no_changes() -> None:
    before = fill_rich_document()
    after = set_answer(before, "goals", [*before["fields"]["goals"], {"id": "g3"}])
    after = set_answer(set_answer(after, "draft", SECRET), "mission", f" {before['fields']['mission']}\n")
    assert compare_documents(SHEET, before, {**after, "shown": ["draft"]}) == ()


def test_progress_counts_what_is_asked_and_points_to_what_is_open() -> None:
    start = measure_progress(SHEET, blank_document(SHEET))
    assert (start.answered, start.total) == (0, 6)
    assert start.next_part is not None
    assert start.next_part.key == "A"
    assert start.minutes_left == estimate_core_minutes(SHEET)

    document = set_answer(fill_rich_document(), "goals", [])
    halfway = measure_progress(SHEET, document)
    assert [(part.key, part.answered, part.total) for part in halfway.parts] == [("A", 4, 4), ("B", 0, 2)]
    assert halfway.next_part is not None
    assert halfway.next_part.key == "B"
    assert 0 < halfway.minutes_left < start.minutes_left
    assert halfway.words["mission"] == 16

    done = measure_progress(SHEET, fill_rich_document())
    assert done.next_part is None
    assert done.minutes_left == 0


@given(documents(SHEET))
def test_progress_never_asks_for_more_than_the_whole(document: Document) -> None:
    progress = measure_progress(SHEET, document)
    assert 0 <= progress.minutes_left <= estimate_core_minutes(SHEET) + 1
    assert (progress.next_part is None) == (progress.minutes_left == 0)


def test_columns_of_a_deeper_kind_cost_no_time() -> None:
    plain = make_worksheet(make_field("goals", "rows", required=True, columns=[make_column("a")] * 1))
    deeper = make_worksheet(
        make_field("goals", "rows", required=True, columns=[make_column("a"), make_column("b", depth="deeper")])
    )
    assert estimate_core_minutes(plain) == estimate_core_minutes(deeper)
