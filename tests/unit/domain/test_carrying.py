"""What a plan copies of an earlier one, and what becomes of it when the earlier one changes."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.content.sources import list_columns_used, list_sources, make_address
from lti_tool.domain.answer_lines import Cell, list_lines, list_pick_options, print_cell
from lti_tool.domain.answer_rows import move_row, remove_row
from lti_tool.domain.answers import Document, blank_document, blank_row, get_answer, parse_document, set_answer
from lti_tool.domain.carrying import (
    CopiedLine,
    Copy,
    Stage,
    copy_answer,
    find_source_changes,
    keep_copy,
    make_fingerprint,
    narrow_copy,
    print_line,
    read_copy,
    take_copies,
    update_copy,
)
from tests.unit.domain.factories import JSON, documents, make_field, make_worksheet
from tests.unit.domain.linked_plans import (
    AT,
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

SECRET = "not for anybody else"
NAMES = st.text(max_size=20).map(lambda text: f"Renamed {text}")


def list_goal_picks(document: Document) -> dict[str, Cell]:
    """The cells of the later plan that pick from the goals of the earlier one, by their paths."""
    document = parse_document(LATER, document)
    return {
        cell.path: cell
        for question in list_questions(LATER)
        for line in list_lines(question, document)
        for cell in line.cells
        if cell.leaf.pick is not None and make_address(cell.leaf.pick) == GOALS
    }


def list_names(document: Document) -> dict[str, str]:
    """The goals that the later plan may pick, by their ids."""
    pick = next(question.leaf.pick for question in list_questions(LATER) if question.path == "serves")
    assert pick is not None
    return {option.row_id: option.label for option in list_pick_options(document, pick)}


def list_begun(document: Document, key: str) -> dict[str, list[str]]:
    """The keys of the written cells of every begun line of one field of the earlier plan."""
    lines = {
        ".".join(filter(None, (question.path.partition(".")[2], line.key))): [
            cell.key for cell in line.cells if not cell.is_blank
        ]
        for question in list_questions(EARLIER)
        if question.path.partition(".")[0] == key and question.private_path in {"", key}
        for line in list_lines(question, document)
    }
    return {name: cells for name, cells in lines.items() if cells}


def rename_first_row(document: Document, path: str) -> Document:
    """The first row of ``path`` under the longest id there can be."""
    first, rest = document["fields"][path][:1], document["fields"][path][1:]
    return set_answer(document, path, [*({**row, "id": "x" * 40} for row in first), *rest])


def change(document: Document, earlier: Document) -> list[str]:
    return [found.address for found in find_source_changes(LATER, document, copy_plan(earlier))]


def update(document: Document, earlier: Document, address: str = GOALS) -> Document:
    return update_copy(LATER, document, address, copy_plan(earlier)[address])


def test_a_copy_is_in_words_and_names_rows_by_their_ids() -> None:
    copies = copy_plan(fill_earlier_document())
    assert [(line.id, line.label, print_line(line)) for line in copies[GOALS].lines] == [
        ("g1", "Goal 1", "Co-plan one unit; May 21, 2027; Principal; $300"),
        ("g2", "Goal 3", "Weed the shelves; Helpers (typed here)"),
    ]
    assert [(cell.key, cell.label, cell.value) for cell in copies[GOALS].lines[1].cells] == [
        ("goal", "Goal", "Weed the shelves"),
        ("owner", "Owner", "typed:Helpers"),
    ]
    assert copies["earlier.mission"].print() == "Every learner asks."
    assert copies["earlier.scan"].print() == "2 of 5"
    assert [(line.id, line.label, print_line(line)) for line in copies["earlier.soar"].lines] == [
        ("strengths.s1", "Strength 1", "Open doors"),
        ("wish", "", "More hours"),
    ]


def test_a_field_that_is_private_as_a_whole_is_copied_for_its_author() -> None:
    assert copy_plan(fill_earlier_document())["earlier.diary"].print() == "For nobody else."


@given(documents(EARLIER), st.booleans())
def test_nothing_private_of_a_group_is_ever_copied(earlier: Document, is_shown: bool) -> None:
    earlier = set_answer(set_answer(earlier, "soar.fear", SECRET), "soar.doubts", [{"id": "d1", "line": SECRET}])
    shown = ["soar.fear", "soar.doubts"] if is_shown else []
    assert SECRET not in str(copy_plan({**earlier, "shown": shown}))


@given(documents(EARLIER))
def test_exactly_what_is_written_is_copied_and_no_blank_row(earlier: Document) -> None:
    for source in list_sources(LATER):
        lines = copy_answer(EARLIER, source.field, earlier)
        begun = list_begun(earlier, source.field)
        assert [line.id for line in lines] == list(begun)
        for line in lines:
            assert all(cell.value.strip() and cell.text for cell in line.cells)
            assert len(line.cells) == len(begun[line.id])


def test_nothing_is_copied_of_a_blank_plan_or_a_field_that_is_not_there() -> None:
    assert all(copy.is_empty for copy in copy_plan(blank_document(EARLIER)).values())
    assert copy_answer(EARLIER, "gone", fill_earlier_document()) == ()
    assert "carried" not in take_copies(LATER, blank_document(LATER), copy_plan(blank_document(EARLIER)))


@few_examples
@given(documents(LATER), documents(EARLIER), documents(EARLIER))
def test_a_copy_taken_twice_changes_nothing_more(later: Document, earlier: Document, newer: Document) -> None:
    once = take_copies(LATER, later, copy_plan(earlier))
    assert take_copies(LATER, once, copy_plan(earlier)) is once
    for address, copy in copy_plan(earlier).items():
        assert read_copy(once, address) == (None if copy.is_empty else copy)
    twice = take_copies(LATER, once, copy_plan(newer))
    for address, copy in copy_plan(earlier).items():
        if not copy.is_empty:
            assert read_copy(twice, address) == copy


@few_examples
@given(linked_documents())
def test_a_copy_survives_being_stored(document: Document) -> None:
    stored = json.loads(json.dumps(document))
    assert parse_document(LATER, stored) == document
    for address in map(make_address, list_sources(LATER)):
        assert read_copy(stored, address) == read_copy(document, address)


@given(JSON | st.fixed_dictionaries({"lines": JSON | st.lists(JSON)}, optional={"stage": JSON, "at": JSON}))
def test_a_copy_in_a_shape_nobody_wrote_counts_as_none(stored: object) -> None:
    document = parse_document(LATER, {"carried": {GOALS: stored}})
    assert read_copy(document, GOALS) is None
    assert read_copy({"fields": {}, "carried": {GOALS: stored}}, GOALS) is None
    assert find_source_changes(LATER, document, copy_plan(fill_earlier_document())) == ()


@few_examples
@given(documents(EARLIER), documents(LATER), NAMES)
def test_a_renamed_row_keeps_its_picks_which_read_anew_once_it_is_taken(
    earlier: Document, later: Document, name: str
) -> None:
    rows = [{**row, "goal": row["goal"].strip() or "A goal"} for row in earlier["fields"]["goals"]]
    earlier = set_answer(earlier, "goals", rows)
    document = take_copies(LATER, later, copy_plan(earlier))
    newer = earlier
    for number, row in enumerate(earlier["fields"]["goals"]):
        newer = change_goal(newer, row["id"], goal=f"{name} {number}")
    before, names = list_goal_picks(document), list_names(document)
    updated = update(document, newer)
    after, new_names = list_goal_picks(updated), list_names(updated)
    assert all(label.startswith("Renamed") for label in new_names.values())
    assert set(names) == set(new_names)
    for path, cell in before.items():
        if cell.value in names:
            assert print_cell(cell, document) == names[cell.value]
            assert after[path].value == cell.value
            assert print_cell(after[path], updated) == new_names[cell.value]


@few_examples
@given(documents(EARLIER), documents(LATER), st.sampled_from(["g1", "g2", "r1"]))
def test_the_words_of_a_removed_row_stay_where_it_was_picked(earlier: Document, later: Document, row_id: str) -> None:
    document = take_copies(LATER, later, copy_plan(earlier))
    before, names = list_goal_picks(document), list_names(document)
    updated = update(document, remove_row(EARLIER, earlier, "goals", row_id))
    after = list_goal_picks(updated)
    assert row_id not in list_names(updated)
    for path, cell in before.items():
        if cell.is_blank:
            continue
        is_freed = cell.value == row_id and row_id in names
        assert after[path].value == (f"typed:{names[row_id]}" if is_freed else cell.value)
        if is_freed:
            assert print_cell(after[path], updated) == f"{names[row_id]} (typed here)"


def test_a_change_is_told_with_both_texts_until_it_is_taken_or_left() -> None:
    document = fill_later_document()
    newer = change_goal(fill_earlier_document(), "g1", goal="Co-plan two units")
    (found,) = find_source_changes(LATER, document, copy_plan(newer))
    assert (found.address, found.before.print().partition(";")[0]) == (GOALS, "Co-plan one unit")
    assert found.after.print().startswith("Co-plan two units; May 21, 2027")
    assert change(update(document, newer), newer) == []
    assert change(keep_copy(LATER, document, GOALS, found.after), newer) == []
    assert read_copy(keep_copy(LATER, document, GOALS, found.after), GOALS) == found.before


@few_examples
@given(linked_documents(), documents(EARLIER), documents(EARLIER))
def test_what_was_left_is_not_asked_again_until_it_changes_once_more(
    document: Document, newer: Document, newest: Document
) -> None:
    newer_copies, newest_copies = copy_plan(newer), copy_plan(newest)
    kept = document
    for address, copy in newer_copies.items():
        kept = keep_copy(LATER, kept, address, copy)
        assert read_copy(kept, address) == read_copy(document, address)
    assert find_source_changes(LATER, kept, newer_copies) == ()
    asked = {found.address for found in find_source_changes(LATER, document, newest_copies)}
    same = {
        address
        for address, copy in newer_copies.items()
        if make_fingerprint(copy, list_columns_used(LATER, address))
        == make_fingerprint(newest_copies[address], list_columns_used(LATER, address))
    }
    assert {found.address for found in find_source_changes(LATER, kept, newest_copies)} == asked - same
    assert parse_document(LATER, kept) == kept


@few_examples
@given(linked_documents(), documents(EARLIER))
def test_nothing_is_asked_once_every_change_is_taken(document: Document, newer: Document) -> None:
    copies = copy_plan(newer)
    for found in find_source_changes(LATER, document, copies):
        assert make_fingerprint(found.before) != make_fingerprint(found.after)
        document = update_copy(LATER, document, found.address, found.after)
    assert find_source_changes(LATER, document, copies) == ()


def test_taking_a_newer_text_forgets_what_was_left_before() -> None:
    first, second = (change_goal(fill_earlier_document(), "g1", goal=name) for name in ("First", "Second"))
    document = keep_copy(LATER, fill_later_document(), GOALS, copy_plan(first)[GOALS])
    assert change(document, first) == []
    assert change(update(document, second), first) == [GOALS]


def test_another_order_of_the_same_rows_is_no_change() -> None:
    moved = move_row(EARLIER, fill_earlier_document(), "goals", "g2", -2)
    assert change(fill_later_document(), moved) == []


def test_a_change_in_a_column_that_the_plan_never_shows_is_none() -> None:
    picking = make_worksheet(
        A=[make_field("serves", "pick", pick={"module": "earlier", "field": "goals", "column": "goal"})]
    )
    document = take_copies(picking, blank_document(picking), copy_plan(fill_earlier_document()))
    later_date = copy_plan(change_goal(fill_earlier_document(), "g1", by="2027-06-30"))
    assert find_source_changes(picking, document, later_date) == ()
    (found,) = find_source_changes(
        picking, document, copy_plan(change_goal(fill_earlier_document(), "g1", goal="Co-plan two units"))
    )
    before, after = found.differing
    assert (before.print(), after.print()) == ("Co-plan one unit", "Co-plan two units")
    assert found.same_lines == len(found.after.lines) - 1
    assert find_source_changes(picking, keep_copy(picking, document, GOALS, found.after), later_date) == ()


@few_examples
@given(linked_documents(), documents(EARLIER))
def test_what_differs_and_what_is_the_same_are_all_there_is(document: Document, newer: Document) -> None:
    for found in find_source_changes(LATER, document, copy_plan(newer)):
        before, after = found.differing
        assert before.lines or after.lines
        assert {line.id for line in after.lines} <= {line.id for line in found.after.lines}
        assert 0 <= found.same_lines <= len(found.after.lines)


def test_blank_rows_stages_and_dates_are_no_change() -> None:
    document = fill_later_document()
    rows = fill_earlier_document()["fields"]["goals"]
    question = next(question for question in list_questions(EARLIER) if question.path == "goals")
    more = set_answer(fill_earlier_document(), "goals", [*rows[:1], *rows[2:], blank_row(question.field, "x")])
    for address, copy in copy_plan(more, Stage.DRAFT, 0).items():
        later = replace(copy, at=AT + timedelta(days=3))
        assert find_source_changes(LATER, document, {address: later}) == ()


def test_the_same_words_in_a_new_row_are_a_change_because_picks_name_rows() -> None:
    document = fill_later_document()
    earlier = fill_earlier_document()
    rows = [{**row, "id": "new"} if row["id"] == "g2" else row for row in earlier["fields"]["goals"]]
    newer = set_answer(earlier, "goals", rows)
    assert change(document, newer) == [GOALS]
    assert update(document, newer)["fields"]["serves"] == "typed:Weed the shelves"


def test_an_emptied_source_is_a_change_and_can_be_taken() -> None:
    document = fill_later_document()
    emptied = set_answer(fill_earlier_document(), "goals", [])
    (found,) = find_source_changes(LATER, document, copy_plan(emptied))
    assert found.after.is_empty
    updated = update_copy(LATER, document, GOALS, found.after)
    assert updated["fields"]["serves"] == "typed:Weed the shelves"
    assert updated["fields"]["review"][0]["goal"] == "typed:Co-plan one unit"
    assert find_source_changes(LATER, updated, copy_plan(emptied)) == ()


def test_a_source_that_cannot_be_read_now_is_left_alone() -> None:
    document = fill_later_document()
    assert find_source_changes(LATER, document, {}) == ()
    assert take_copies(LATER, document, {}) is document
    assert keep_copy(LATER, document, "gone.field", copy_plan(fill_earlier_document())[GOALS]) is document


def test_a_row_for_every_option_is_made_once_and_what_is_written_stays() -> None:
    later = parse_document(LATER, {"fields": {"review": [{"id": "g2", "happened": "My own row"}, {"id": "r2"}]}})
    document = take_copies(LATER, later, copy_plan(fill_earlier_document()))
    assert [(row["id"], row["goal"], row["happened"]) for row in document["fields"]["review"]] == [
        ("g2", "", "My own row"),
        ("g1", "g1", ""),
        ("g2-1", "g2", ""),
    ]
    assert parse_document(LATER, document) == document
    untouched = take_copies(LATER, later, {"earlier.mission": copy_plan(fill_earlier_document())["earlier.mission"]})
    assert untouched["fields"]["review"] == later["fields"]["review"]


def test_a_new_option_gets_its_row_when_it_is_taken() -> None:
    earlier = fill_earlier_document()
    row = {"id": "g3", "goal": "Train helpers", "by": "", "owner": "", "cost": ""}
    newer = set_answer(earlier, "goals", [*earlier["fields"]["goals"], row])
    updated = update(fill_later_document(), newer)
    assert [row["goal"] for row in updated["fields"]["review"]] == ["g1", "g2", "g3"]


@few_examples
@given(documents(EARLIER), documents(LATER), documents(EARLIER))
def test_rows_for_options_lose_no_word_and_keep_their_ids_apart(
    earlier: Document, later: Document, newer: Document
) -> None:
    later, earlier = rename_first_row(later, "review"), rename_first_row(earlier, "goals")
    document = take_copies(LATER, later, copy_plan(earlier))
    for step in (document, update(document, newer)):
        rows = {row["id"]: row for row in step["fields"]["review"]}
        assert len(rows) == len(step["fields"]["review"]) <= 4
        assert parse_document(LATER, step) == step
        for row in later["fields"]["review"]:
            written = {key: words for key, words in row.items() if words.strip() and key not in {"goal", "id"}}
            assert written.items() <= rows.get(row["id"], {}).items()


@pytest.mark.parametrize(
    ("columns", "printed"),
    [
        ((), ["Co-plan one unit; May 21, 2027; Principal; $300", "Weed the shelves; Helpers (typed here)"]),
        (("goal",), ["Co-plan one unit", "Weed the shelves"]),
        (("by",), ["May 21, 2027"]),
        (("gone",), []),
    ],
)
def test_a_copy_is_narrowed_to_the_columns_that_are_shown(columns: tuple[str, ...], printed: list[str]) -> None:
    copy = copy_plan(fill_earlier_document())[GOALS]
    narrow = narrow_copy(copy, columns)
    assert [print_line(line) for line in narrow.lines] == printed
    assert narrow.is_empty == (not printed)
    assert (narrow.stage, narrow.revision, narrow.at) == (copy.stage, copy.revision, copy.at)


def test_a_fingerprint_is_that_of_the_words_alone() -> None:
    copy = copy_plan(fill_earlier_document())[GOALS]
    assert make_fingerprint(copy) == make_fingerprint(replace(copy, stage=Stage.DRAFT, revision=7))
    assert make_fingerprint(copy) != make_fingerprint(replace(copy, lines=copy.lines[:1]))
    assert make_fingerprint(Copy((), Stage.DRAFT, 0, AT)) != make_fingerprint(
        Copy((CopiedLine("", "", ()),), Stage.DRAFT, 0, AT)
    )


@few_examples
@given(linked_documents(), documents(EARLIER))
def test_taking_and_leaving_never_touch_what_was_there(document: Document, newer: Document) -> None:
    before = json.dumps(document)
    for address, copy in copy_plan(newer).items():
        keep_copy(LATER, document, address, copy)
        updated = update_copy(LATER, document, address, copy)
        assert {
            key: words for key, words in updated["fields"].items() if key not in {"serves", "review", "partners"}
        } == {key: words for key, words in document["fields"].items() if key not in {"serves", "review", "partners"}}
        assert get_answer(updated, "log") == get_answer(document, "log")
    assert json.dumps(document) == before
