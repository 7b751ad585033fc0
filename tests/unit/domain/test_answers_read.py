"""What readers see: answers in words, changes, progress."""

from hypothesis import given

from lti_tool.content.effort import estimate_core_minutes
from lti_tool.content.schema import FieldType
from lti_tool.domain.answer_changes import ChangeKind, compare_documents
from lti_tool.domain.answer_progress import measure_progress
from lti_tool.domain.answer_views import (
    NOT_WRITTEN,
    NOTHING_TO_COMPUTE,
    DescribedQuestion,
    Reader,
    describe_answers,
)
from lti_tool.domain.answers import Document, blank_document, set_answer
from lti_tool.domain.carrying import print_line, update_copy
from tests.unit.domain.factories import (
    documents,
    fill_rich_document,
    make_column,
    make_field,
    make_rich_worksheet,
    make_worksheet,
)
from tests.unit.domain.linked_plans import (
    EARLIER,
    GOALS,
    LATER,
    change_goal,
    copy_plan,
    few_examples,
    fill_earlier_document,
    fill_later_document,
    linked_documents,
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
    assert 0 < start.minutes_left <= estimate_core_minutes(SHEET)

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


def describe_later(document: Document, reader: Reader) -> dict[str, DescribedQuestion]:
    parts = describe_answers(LATER, document, reader=reader)
    return {question.path: question for part in parts for question in part.questions}


def test_a_carried_answer_is_read_with_its_copy_in_the_columns_it_shows() -> None:
    shown = describe_later(fill_later_document(), Reader.REVIEWER)
    mission = shown["mission_now"]
    assert mission.copy is not None
    assert (mission.copy.print(), mission.text, mission.note) == ("Every learner asks.", "It still holds.", "")
    assert mission.source == "earlier.mission"
    goals = shown["goals_now"]
    assert goals.copy is not None
    assert [print_line(line) for line in goals.copy.lines] == ["Co-plan one unit; May 21, 2027", "Weed the shelves"]
    assert (goals.text, goals.note) == ("", "")
    assert shown["serves"].text == "Weed the shelves"
    assert shown["ways"].text == "Yes; Not yet"
    assert shown["energy"].text == "8 of 10"


def test_a_working_version_is_said_to_be_typed_here_wherever_it_is_read() -> None:
    before = blank_document(LATER)
    after = set_answer(before, "mission_now", "typed:We ask.")
    shown = describe_later(after, Reader.REVIEWER)["mission_now"]
    assert (shown.text, shown.copy, shown.note) == ("We ask. (typed here)", None, "")
    assert describe_later(before, Reader.REVIEWER)["mission_now"].note == NOT_WRITTEN
    (change,) = compare_documents(LATER, before, after)
    assert (change.before, change.after) == ("", "We ask. (typed here)")


@few_examples
@given(linked_documents(), documents(EARLIER))
def test_private_copies_and_what_is_worked_out_from_them_stay_with_their_author(
    document: Document, earlier: Document
) -> None:
    earlier = set_answer(earlier, "diary", SECRET)
    document = update_copy(LATER, document, "earlier.diary", copy_plan(earlier)["earlier.diary"])
    for reader in (Reader.REVIEWER, Reader.EXPORT):
        shown = describe_later({**document, "shown": []}, reader)
        assert SECRET not in str(shown)
        assert "compared" not in shown
    author = describe_later(document, Reader.AUTHOR)["diary_now"]
    assert author.copy is not None
    assert author.copy.print() == SECRET
    assert SECRET in str(describe_later({**document, "shown": ["diary_now"]}, Reader.REVIEWER))
    assert SECRET not in str(describe_later({**document, "shown": ["diary_now"]}, Reader.EXPORT))


def test_what_is_worked_out_is_read_among_the_answers_and_the_brief_is_not() -> None:
    shown = describe_later(fill_later_document(), Reader.AUTHOR)
    assert {path for path, question in shown.items() if question.kind is FieldType.COMPUTED} == {
        "map",
        "compared",
        "resources.total",
    }
    total = shown["resources.total"]
    assert total.computed is not None
    assert (total.computed.lines[0].items, total.group) == (("$300",), "Resources")
    blank = describe_later(blank_document(LATER), Reader.AUTHOR)
    assert (blank["map"].computed, blank["map"].note) == (None, NOTHING_TO_COMPUTE)


@few_examples
@given(linked_documents())
def test_a_plan_with_copies_does_not_differ_from_itself(document: Document) -> None:
    assert compare_documents(LATER, document, dict(document)) == ()
    for reader in Reader:
        describe_answers(LATER, document, reader=reader)


def test_another_text_of_a_copy_is_a_change_but_no_private_one() -> None:
    before = fill_later_document()
    newer = set_answer(change_goal(fill_earlier_document(), "g1", goal="Co-plan two units"), "diary", SECRET)
    after = before
    for address, copy in copy_plan(newer).items():
        after = update_copy(LATER, after, address, copy)
    (change,) = compare_documents(LATER, before, after)
    assert (change.path, change.kind) == ("goals_now", ChangeKind.CHANGED)
    assert change.after.startswith("Co-plan two units; May 21, 2027")
    assert change.before.startswith("Co-plan one unit; May 21, 2027")


def test_a_freed_pick_is_a_change_from_a_row_to_her_words() -> None:
    before = fill_later_document()
    emptied = set_answer(fill_earlier_document(), "goals", [])
    after = update_copy(LATER, before, GOALS, copy_plan(emptied)[GOALS])
    changes = {change.path: (change.before, change.after) for change in compare_documents(LATER, before, after)}
    assert changes["serves"] == ("Weed the shelves", "Weed the shelves (typed here)")


@few_examples
@given(linked_documents())
def test_a_plan_with_copies_asks_for_no_more_than_the_whole(document: Document) -> None:
    progress = measure_progress(LATER, document)
    assert 0 <= progress.answered <= progress.total
    assert 0 <= progress.minutes_left <= estimate_core_minutes(LATER) + 1
