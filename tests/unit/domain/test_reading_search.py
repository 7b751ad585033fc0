"""The search over the readings: what a query finds, in which order, and what is shown of it."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.loader import load_series
from lti_tool.content.schema import ModuleStatus, Reading, Series
from lti_tool.domain.reading_search import LONGEST_QUERY, Hit, ReadingIndex, read_query
from lti_tool.domain.search_words import EXCERPT_LENGTH, Piece, find_words, fold, make_excerpt, make_passage, mark_hits

TINY_SERIES = Path(__file__).parents[2] / "data" / "tiny_series"


@cache
def load_tiny() -> Series:
    return load_series(TINY_SERIES)


def make_reading(
    key: str, title: str, *, text: str = "Nothing else.", tags: Sequence[str] = (), **more: Any
) -> Reading:
    blank = {"topic": "Gardens", "opener": ("One.", "Two.", "Three."), "summary": "In short.", "try_tomorrow": "Sow."}
    reading = load_tiny().modules[0].readings[0]
    return reading.model_copy(update={**blank, "key": key, "title": title, "text": text, "tags": tuple(tags), **more})


def make_series(*opened: Reading, announced: Sequence[Reading] = ()) -> Series:
    module = load_tiny().modules[0]
    soil = {"title": "Looking after the soil", "status": ModuleStatus.OPEN, "readings": opened}
    harvest = {"key": "harvest", "title": "Harvest", "status": ModuleStatus.ANNOUNCED, "readings": tuple(announced)}
    return load_tiny().model_copy(
        update={"modules": (module.model_copy(update=soil), module.model_copy(update=harvest))}
    )


def make_index(*opened: Reading) -> ReadingIndex:
    return ReadingIndex(make_series(*opened))


def find(index: ReadingIndex, words: str, tag: str = "") -> list[str]:
    return [hit.reading.key for hit in index.search(read_query(words, tag))]


def show(pieces: Sequence[Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.is_hit else piece.text for piece in pieces)


def search_one(words: str, **more: Any) -> Hit:
    (hit,) = make_index(make_reading("r1", **{"title": "A title", **more})).search(read_query(words))
    return hit


def test_a_title_goes_before_tags_and_tags_go_before_text() -> None:
    index = make_index(
        make_reading("in_text", "First", text="Compost. Compost and compost again."),
        make_reading("in_tags", "Second", tags=["compost"]),
        make_reading("in_title", "Compost"),
    )
    assert find(index, "compost") == ["in_title", "in_tags", "in_text"]


def test_each_word_counts_for_the_place_it_is_found_in() -> None:
    index = make_index(
        make_reading("one_of_two", "Compost", text="A heap."),
        make_reading("both", "Compost on a heap"),
        make_reading("neither", "Other", tags=["compost", "heap"]),
    )
    assert find(index, "heap compost") == ["both", "one_of_two", "neither"]


def test_whole_words_go_before_beginnings_and_then_the_more_the_earlier() -> None:
    index = make_index(
        make_reading("beginning", "First", text="Digging, digging, digging."),
        make_reading("once", "Second", text="Dig."),
        make_reading("twice", "Third", text="Dig, and dig."),
        make_reading("as_often", "Fourth", text="Dig. Dig."),
    )
    assert find(index, "dig") == ["twice", "as_often", "once", "beginning"]
    assert find(index, "digg") == ["beginning"]


def test_every_word_has_to_be_in_the_reading_wherever() -> None:
    index = make_index(
        make_reading("both", "Compost", text="About worms."), make_reading("one", "Compost", text="About leaves.")
    )
    assert find(index, "worms compost") == ["both"]
    assert find(index, "worms leaves") == []
    assert find(index, "compost zebra") == []


@pytest.mark.parametrize("typed", ["plan", "PLAN", "Planning", "plann"])
def test_a_word_is_found_by_its_beginning_in_any_case(typed: str) -> None:
    index = make_index(make_reading("r1", "Planning a bed"))
    assert find(index, typed) == ["r1"]
    assert find(index, "lanning") == [], "and only by its beginning"


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Escuela Ñandú", "nandu"),
        ("Schon", "Schön"),
        ("Scho\u0308n", "schön"),
        ("Straße", "STRASSE"),
        ("Søren", "soren"),
        ("İstanbul", "istanbul"),
        ("学校の図書館", "学校"),
    ],
)
def test_accents_and_case_do_not_matter(written: str, typed: str) -> None:
    assert find(make_index(make_reading("r1", "A title", text=written)), typed) == ["r1"]
    assert fold(written) == fold(written.upper())


def test_hyphens_part_words_and_an_ending_after_an_apostrophe_is_none() -> None:
    assert [word.folded for word in find_words("The library's well-being, and don\u2019t O'Brien 4th")] == [
        *("the", "library", "well", "being", "and", "don", "o", "brien", "4th")
    ]
    assert [word.folded for word in find_words("s' s")] == ["s", "s"]
    index = make_index(make_reading("r1", "Well-being of a library"))
    assert find(index, "well-being") == find(index, "library's") == ["r1"]


def test_small_words_beside_others_neither_find_nor_hide() -> None:
    index = make_index(make_reading("r1", "Why worms?"), make_reading("r2", "The arts of a day", text="Worms too."))
    assert find(index, "what are the worms") == ["r1", "r2"]
    assert find(index, "why") == ["r1"], "alone, they are looked for"
    assert show(index.search(read_query("a worms"))[1].title) == "The arts of a day"


def test_the_names_of_the_session_and_the_topic_find_a_reading_as_its_text_does() -> None:
    index = make_index(make_reading("by_text", "First"), make_reading("by_title", "Soil"))
    assert find(index, "soil") == ["by_title", "by_text"]
    assert find(index, "gardens") == ["by_text", "by_title"]


def test_checks_are_not_searched_since_they_hold_answers() -> None:
    reading = make_reading("r1", "First")
    assert "budget" in reading.checks[0].model_dump_json()
    assert find(make_index(reading), "budget") == []


def test_readings_of_sessions_that_are_not_open_are_not_found() -> None:
    opened = make_reading("open", "Compost", tags=["soil"])
    index = ReadingIndex(make_series(opened, announced=[make_reading("later", "Compost", tags=["soil", "later"])]))
    assert find(index, "compost") == ["open"]
    assert find(index, "", "soil") == ["open"]
    assert [(tag.name, tag.count) for tag in index.tags] == [("soil", 1)]
    assert index.list_unknown(read_query("later")) == ("later",)


def test_with_no_open_session_the_index_is_empty() -> None:
    index = ReadingIndex(make_series(announced=[make_reading("later", "Compost")]))
    assert index.is_empty
    assert index.tags == ()
    assert find(index, "compost") == []


def test_a_tag_alone_lists_its_readings_in_the_order_of_the_series() -> None:
    index = make_index(
        make_reading("r1", "First", tags=["Café"]),
        make_reading("r2", "Second", tags=["other"]),
        make_reading("r3", "Third", tags=["café", "other"]),
    )
    assert find(index, "", "cafe") == ["r1", "r3"]
    assert find(index, "third", "CAFÉ") == ["r3"]
    assert find(index, "second", "café") == []
    assert find(index, "", "caf") == [], "a tag is chosen whole"
    assert [(tag.name, tag.count) for tag in index.tags] == [("Café", 2), ("other", 2)]
    found = index.find_tag("CAFE")
    assert found is not None
    assert found.name == "Café"
    assert index.find_tag("caf") is None


def test_an_empty_query_and_one_without_a_word_find_nothing() -> None:
    index = make_index(make_reading("r1", "Compost"))
    assert read_query(" \t\n").is_empty
    assert find(index, "") == []
    query = read_query("?! … \x00")
    assert not query.is_empty
    assert index.search(query) == ()


def test_a_long_query_is_cut_and_not_refused() -> None:
    query = read_query("compost " + "x" * 500)
    assert len(query.text) == LONGEST_QUERY
    assert query.was_cut
    assert not read_query("y" * LONGEST_QUERY).was_cut
    assert len(read_query("", "t" * 500).tag) == LONGEST_QUERY


def test_a_query_is_shown_on_one_line_without_what_cannot_be_shown() -> None:
    query = read_query("  worms\x00and\r\n\u200bLEAVES  worms ")
    assert query.text == "worms and LEAVES worms"
    assert [(word.shown, word.folded) for word in query.words] == [("worms", "worms"), ("LEAVES", "leaves")]


def test_words_that_are_nowhere_are_named_as_they_were_typed() -> None:
    index = make_index(make_reading("r1", "Compost"))
    assert index.list_unknown(read_query("Compost Zèbres")) == ("Zèbres",)


def test_hits_are_marked_as_whole_words_in_title_and_text() -> None:
    hit = search_one("plan mulch", title="Plans and planning", text="A plan. Mulch!")
    assert show(hit.title) == "[Plans] and [planning]"
    assert show(hit.excerpt) == "A [plan]. [Mulch]!"


def test_an_excerpt_holds_plain_text_and_leaves_escaping_to_the_page() -> None:
    hit = search_one("script", text='Write <script>alert("x")</script> & be done.')
    assert show(hit.excerpt) == 'Write <[script]>alert("x")</[script]> & be done.'
    assert all(isinstance(piece.text, str) for piece in hit.excerpt)


def test_the_excerpt_is_the_passage_with_most_of_the_words() -> None:
    text = "Worms are here.\n\nLeaves fall, and worms turn what fell into soil.\n\nLeaves are there."
    assert show(search_one("worms leaves", text=text).excerpt).startswith("[Leaves] fall, and [worms] turn")


def test_a_paragraph_says_more_than_a_heading() -> None:
    text = "Worms\n\nIn a good bed there are more worms than anybody would like to count by hand."
    assert show(search_one("worms", text=text).excerpt).startswith("In a good bed there are more [worms]")


def test_a_long_passage_is_cut_between_words_around_the_hit() -> None:
    text = "before " * 100 + "worms " + "after " * 100
    shown = show(search_one("worms", text=text.strip()).excerpt)
    assert shown.startswith("… before")
    assert shown.endswith("after …")
    assert "[worms]" in shown
    assert len(shown) <= EXCERPT_LENGTH + len("… []  …")
    assert set(shown.replace("[worms]", "").split()) == {"…", "before", "after"}


def test_without_a_hit_in_the_text_the_summary_is_shown() -> None:
    hit = search_one("compost", title="Compost", summary="Heaps turn into soil.")
    assert show(hit.excerpt) == "Heaps turn into soil."


@given(st.text(max_size=60), st.text(max_size=400), st.integers(0, 400))
def test_whatever_is_typed_the_pieces_are_the_text(typed: str, text: str, length: int) -> None:
    wanted = [word.folded for word in read_query(typed).words]
    passage = make_passage(text[:length] + typed)
    assert "".join(piece.text for piece in mark_hits(passage.text, wanted)) == passage.text
    shown = "".join(piece.text for piece in make_excerpt([passage], wanted))
    assert shown.removeprefix("… ").removesuffix(" …") in passage.text
