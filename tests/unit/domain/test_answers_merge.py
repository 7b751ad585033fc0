"""Two tabs that saved the same draft."""

import json

from hypothesis import given

from lti_tool.domain.answer_merge import merge_documents
from lti_tool.domain.answers import Document, set_answer
from tests.unit.domain.factories import documents, fill_rich_document, make_rich_worksheet
from tests.unit.domain.linked_plans import LATER, few_examples, fill_later_document, linked_documents

SHEET = make_rich_worksheet()
BASE = fill_rich_document()
G1, G2 = BASE["fields"]["goals"]


@given(documents(SHEET), documents(SHEET))
def test_where_the_other_side_is_unchanged_mine_stands(base: Document, mine: Document) -> None:
    merged = merge_documents(SHEET, base, mine, base)
    assert merged.document == mine
    assert merged.conflicts == ()


@given(documents(SHEET), documents(SHEET))
def test_where_i_changed_nothing_theirs_stands(base: Document, theirs: Document) -> None:
    merged = merge_documents(SHEET, base, base, theirs)
    assert merged.document == theirs
    assert merged.conflicts == ()


@given(documents(SHEET), documents(SHEET), documents(SHEET))
def test_no_words_are_lost(base: Document, mine: Document, theirs: Document) -> None:
    merged = merge_documents(SHEET, base, mine, theirs)
    told = json.dumps(merged.document) + json.dumps([[found.mine, found.theirs] for found in merged.conflicts])
    for copy in (mine, theirs):
        words = copy["fields"]["campus"]
        if words != base["fields"]["campus"]:
            assert json.dumps(words.strip())[1:-1] in told
    rows = merged.document["fields"]["goals"]
    assert len({row["id"] for row in rows}) == len(rows)


def test_changes_in_different_places_both_stand() -> None:
    mine = set_answer(BASE, "goals", [{**G1, "goal": "Mine"}, G2])
    theirs = set_answer(set_answer(BASE, "goals", [G1, {**G2, "by": "4/1/2027"}]), "campus", "Theirs")
    merged = merge_documents(SHEET, BASE, mine, theirs)
    assert merged.document["fields"]["goals"] == [{**G1, "goal": "Mine"}, {**G2, "by": "4/1/2027"}]
    assert merged.document["fields"]["campus"] == "Theirs"
    assert merged.conflicts == ()


def test_a_clash_keeps_both_texts() -> None:
    mine, theirs = set_answer(BASE, "campus", "Mine"), set_answer(BASE, "campus", "Theirs")
    merged = merge_documents(SHEET, BASE, mine, theirs)
    assert merged.document["fields"]["campus"] == "Mine"
    assert [(found.path, found.mine, found.theirs) for found in merged.conflicts] == [("campus", "Mine", "Theirs")]


def test_rows_added_on_both_sides_are_both_there_in_their_places() -> None:
    first, last = {**G1, "id": "first"}, {**G1, "id": "last"}
    mine = set_answer(BASE, "goals", [G1, G2, last])
    theirs = set_answer(BASE, "goals", [first, G1, G2])
    merged = merge_documents(SHEET, BASE, mine, theirs)
    assert [row["id"] for row in merged.document["fields"]["goals"]] == ["first", "g1", "g2", "last"]


def test_a_row_removed_here_and_untouched_there_goes() -> None:
    mine = set_answer(BASE, "goals", [G2])
    theirs = set_answer(BASE, "campus", "Theirs")
    merged = merge_documents(SHEET, BASE, mine, theirs)
    assert merged.document["fields"]["goals"] == [G2]
    assert merged.conflicts == ()


def test_a_row_removed_here_and_written_in_there_stays_as_a_clash() -> None:
    mine = set_answer(BASE, "goals", [G2])
    theirs = set_answer(BASE, "goals", [{**G1, "goal": "Still at it"}, G2])
    merged = merge_documents(SHEET, BASE, mine, theirs)
    assert [row["id"] for row in merged.document["fields"]["goals"]] == ["g1", "g2"]
    (found,) = merged.conflicts
    assert (found.path, found.mine) == ("goals.g1", "")
    assert found.theirs.startswith("Still at it")


def test_what_is_shown_and_what_is_retired_is_merged_too() -> None:
    base = {**BASE, "retired": {"old": "words"}}
    mine = {**base, "shown": ["draft"]}
    theirs = {**base, "shown": ["soar.hope"], "retired": {"old": "words", "older": "more words"}}
    merged = merge_documents(SHEET, base, mine, theirs).document
    assert merged["shown"] == ["draft", "soar.hope"]
    assert merged["retired"] == {"old": "words", "older": "more words"}


def test_rows_moved_there_stay_moved_when_i_only_wrote_in_them() -> None:
    mine = set_answer(BASE, "goals", [G1, {**G2, "goal": "Mine"}])
    theirs = set_answer(BASE, "goals", [G2, G1])
    assert merge_documents(SHEET, BASE, mine, theirs).document["fields"]["goals"] == [{**G2, "goal": "Mine"}, G1]
    assert merge_documents(SHEET, BASE, theirs, mine).document["fields"]["goals"] == [{**G2, "goal": "Mine"}, G1]


@few_examples
@given(linked_documents(), linked_documents())
def test_copies_are_no_words_of_hers_and_stay_as_they_are_here(mine: Document, theirs: Document) -> None:
    merged = merge_documents(LATER, mine, mine, theirs).document
    assert merged["fields"] == theirs["fields"]
    assert merged.get("carried") == mine.get("carried")


def test_a_clash_of_new_kinds_of_answers_is_told_in_words() -> None:
    base = {key: value for key, value in fill_later_document().items() if key != "carried"}
    mine = set_answer(set_answer(base, "mission_now", "typed:Mine"), "ways", "yes")
    theirs = set_answer(set_answer(base, "mission_now", "typed:Theirs"), "ways", "not_yet")
    merged = merge_documents(LATER, base, mine, theirs)
    assert [(found.path, found.mine, found.theirs) for found in merged.conflicts] == [
        ("mission_now", "Mine (typed here)", "Theirs (typed here)"),
        ("ways", "Yes", "Not yet"),
    ]
    assert merged.document["fields"]["mission_now"] == "typed:Mine"
