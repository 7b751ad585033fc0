"""The search page, through the front door: what is typed, what is found, and the ways that lead to it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import pytest

from lti_tool.content.schema import Module, ModuleStatus, Reading, Series
from lti_tool.domain.reading_search import ReadingIndex
from lti_tool.web.times import write_date
from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, Page, Person, open_front_door
from tests.support.pages import find_text
from tests.support.series import load_real_series

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ANNOUNCED_WORD = "quincunx"


def make_series() -> Series:
    """The series with two open readings of known words, and one that is not open."""
    first, second, *rest = load_real_series().modules
    plain = first.readings[0]
    readings = (
        rewrite(plain, "r1", "Gärten planen", "Worms & <b>leaves</b> turn into soil.", "compost", "plain language"),
        rewrite(plain, "r2", "A second text", "Gardens need worms.", "compost"),
    )
    later = rewrite(plain, "r1", f"A {ANNOUNCED_WORD}", "Not yet.", ANNOUNCED_WORD)
    modules = (
        first.model_copy(update={"readings": readings, "status": ModuleStatus.OPEN}),
        announce(second, later),
        *(announce(module) for module in rest),
    )
    return load_real_series().model_copy(update={"modules": modules})


def rewrite(reading: Reading, key: str, title: str, text: str, *tags: str) -> Reading:
    return reading.model_copy(update={"key": key, "title": title, "text": text, "summary": "In short.", "tags": tags})


def announce(module: Module, *readings: Reading) -> Module:
    return module.model_copy(update={"readings": readings, "status": ModuleStatus.ANNOUNCED})


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock) as opened:
        series = make_series()
        opened.app.extensions["lti_tool"] = replace(opened.tool, series=series, index=ReadingIndex(series))
        yield opened


@pytest.fixture
def marisol(door: FrontDoor) -> Person:
    person = door.person("103")
    person.launch()
    return person


def search(person: Person, **asked: str) -> Page:
    return person.get(f"search?{urlencode(asked)}")


def list_results(page: Page) -> list[Element]:
    return [item for found in page.tree.iter("ol") if found.get("class") == "results" for item in found]


def list_headings(page: Page, level: int) -> list[str]:
    return [find_text(heading) for heading in page.tree.iter(f"h{level}")]


def list_targets(page: Page) -> list[str]:
    return [link.get("href") or "" for link in page.tree.iter("a")]


def test_the_series_page_has_a_form_that_leads_to_the_search(marisol: Person) -> None:
    page = marisol.get("")
    (form,) = [form for form in page.tree.iter("form") if form.get("role") == "search"]
    assert (form.get("method"), form.get("action")) == ("get", marisol.place("search"))
    assert [field.get("name") for field in form.iter("input")] == ["q"]


def test_nothing_typed_shows_the_form_and_every_tag_as_a_link(marisol: Person) -> None:
    page = marisol.get("search")
    assert list_headings(page, 1) == ["Search the readings"]
    assert list_headings(page, 2) == ["All tags"]
    assert "compost (2 readings) plain language (1 reading)" in page.words
    targets = list_targets(page)
    assert {marisol.place("search?tag=compost"), marisol.place("search?tag=plain+language")} <= set(targets)
    assert ANNOUNCED_WORD not in page.words


def test_a_result_shows_what_helps_to_choose(marisol: Person) -> None:
    reading = load_real_series().modules[0].readings[0]
    page = search(marisol, q="WORM")
    assert list_headings(page, 2) == ["2 readings for “WORM”"]
    assert page.response.text.count("<title>2 readings for “WORM”, Search the readings") == 1
    first, second = map(find_text, list_results(page))
    for words in (
        "Gärten planen",
        "Session 1: On the Leading Edge of Visioning.",
        f"About {reading.minutes} minutes.",
        f"Last reviewed: {write_date(reading.reviewed)}.",
        "Worms & <b>leaves</b> turn into soil.",
        "compost plain language",
    ):
        assert words in first
    assert "A second text" in second
    assert marisol.place("modules/visioning/readings/r1") in list_targets(page)
    assert [mark.text for mark in page.tree.iter("mark")] == ["Worms", "worms"]
    assert "<mark>Worms</mark> &amp; &lt;b&gt;leaves&lt;/b&gt; turn" in page.response.text


def test_the_title_is_marked_and_ranked_first_without_its_accents(marisol: Person) -> None:
    page = search(marisol, q="garten")
    assert list_headings(page, 2) == ["1 reading for “garten”"]
    assert "<mark>Gärten</mark> planen" in page.response.text
    assert list_headings(search(marisol, q="ga"), 3) == ["Gärten planen", "A second text"]


def test_a_tag_filters_with_and_without_words(marisol: Person) -> None:
    page = search(marisol, tag="Plain Language")
    assert list_headings(page, 2) == ["1 reading tagged “plain language”"]
    assert list_headings(page, 3) == ["Gärten planen"]
    page = search(marisol, q="worms", tag="plain language")
    assert list_headings(page, 2) == ["1 reading for “worms” tagged “plain language”"]
    hidden = [field.get("value") for field in page.tree.iter("input") if field.get("type") == "hidden"]
    assert hidden == ["plain language"], "the next search keeps to it"
    assert marisol.place("search?q=worms") in list_targets(page), "and there is a way out"


def test_nothing_found_says_why_and_what_to_try(marisol: Person) -> None:
    page = search(marisol, q="worms zebra")
    assert list_headings(page, 2) == ["Nothing found for “worms zebra”", "All tags"]
    assert "No open reading has a word that begins with “zebra”." in page.words
    assert "Use fewer words." in page.words
    assert "holds all of these words" in search(marisol, q="leaves gardens").words
    assert "There is no word in what you typed." in search(marisol, q="?!").words
    assert "Nothing found tagged “nowhere”" in search(marisol, tag="nowhere").words


def test_readings_that_are_not_open_are_not_found(marisol: Person) -> None:
    assert "Nothing found" in search(marisol, q=ANNOUNCED_WORD).words
    assert "Nothing found" in search(marisol, tag=ANNOUNCED_WORD).words


@pytest.mark.parametrize("typed", ["'\"><script>alert(1)</script>", "\x00\ufffe\u202e", "%", "{{ 7 * 7 }}"])
def test_what_is_typed_is_shown_and_never_obeyed(marisol: Person, typed: str) -> None:
    for asked in ({"q": typed}, {"tag": typed}, {"q": f"worms {typed}", "tag": typed}):
        page = search(marisol, **asked)
        assert page.status == 200
        assert "<script>alert" not in page.response.text
    assert marisol.get("search?q=%ff%c3&q=x&other=1").status == 200


def test_a_very_long_query_is_cut_and_said_to_be(marisol: Person) -> None:
    page = search(marisol, q="worms " * 100)
    assert page.status == 200
    assert "Only its first 200 characters were used." in page.words
    assert len(list_results(page)) == 2
    (field,) = [field for field in page.tree.iter("input") if field.get("name") == "q"]
    assert len(field.get("value") or "") <= 200


def test_tags_of_a_reading_lead_to_the_search(marisol: Person) -> None:
    page = marisol.get("modules/visioning/readings/r1")
    assert marisol.place("search?tag=plain+language") in list_targets(page)


@pytest.mark.parametrize("sub", ["201", "401"])
def test_facilitators_and_visitors_search_as_well(door: FrontDoor, sub: str) -> None:
    person = door.person(sub)
    person.launch()
    assert list_headings(search(person, q="worms"), 2) == ["2 readings for “worms”"]


def test_without_a_session_nothing_is_searched(door: FrontDoor) -> None:
    page = door.person("103").get("/s/nobody/search?q=worms")
    assert (page.status, page.error_code) == (401, "session_ended")


def test_where_no_session_is_open_the_page_says_so(door: FrontDoor, marisol: Person) -> None:
    closed = make_series()
    closed = closed.model_copy(update={"modules": tuple(announce(module) for module in closed.modules)})
    door.app.extensions["lti_tool"] = replace(door.tool, series=closed, index=ReadingIndex(closed))
    page = marisol.get("search")
    assert "there is nothing to search" in page.words
    assert not list(page.tree.iter("form"))
    assert not list(marisol.get("").tree.iter("form"))
