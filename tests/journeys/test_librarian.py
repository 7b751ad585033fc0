"""The librarian's way through Visioning, by the pages and forms alone: no JavaScript runs here."""

import re
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, Person, open_front_door
from tests.support.series import announce, load_real_series
from tests.support.work_scene import WORDS_IN_RANGE

PLAN = "modules/visioning/plan"
REFLECTION = "modules/visioning/reflections/a"
READING = "modules/visioning/readings/r1"


@pytest.fixture
def marisol(door: FrontDoor) -> Person:
    person = door.person("103")
    person.launch()
    return person


def test_an_announced_session_shows_its_words_and_no_work(database_url: str, tmp_path: Path, clock: Clock) -> None:
    series = announce(load_real_series(), "relationships")
    with open_front_door(database_url, tmp_path, clock, series) as door:
        marisol = door.person("103")
        assert "work is not open yet" in marisol.launch("series").words
        check_that_nothing_is_open_yet(marisol)


def check_that_nothing_is_open_yet(marisol: Person) -> None:
    page = marisol.get("modules/relationships")
    assert "Examine status of current relationships" in page.words
    assert "Trust and collaboration" in page.words
    assert "work is not open yet" in page.words
    assert marisol.get("modules/relationships/plan").status == 404
    assert marisol.get("modules/nowhere").status == 404


def test_a_new_module_page_says_what_is_next(marisol: Person) -> None:
    page = marisol.get("modules/visioning")
    for words in ("You will be able to", "Mission design and alignment", "begin", "Not started"):
        assert words in page.words
    assert "You stopped" not in page.words


def test_reading_checks_and_marking(marisol: Person) -> None:
    page = marisol.get(READING)
    assert "Sources" in page.words
    fields = page.form(READING)
    names = sorted({radio.get("name") or "" for radio in page.tree.iter("input") if radio.get("type") == "radio"})
    assert 3 <= len(names) <= 5
    after = marisol.post(READING, {**fields, names[0]: "not_sure"}, do="check")
    assert after.status == 200
    after = marisol.post(READING, {**after.form(READING), **dict.fromkeys(names, "not_sure")}, do="read")
    assert "Read" in after.words
    assert "Read" in marisol.get("modules/visioning").words


def test_a_reflection_is_drafted_submitted_and_taken_back(marisol: Person, door: FrontDoor) -> None:
    page = marisol.get(REFLECTION)
    saved = marisol.post(REFLECTION, {**page.form(REFLECTION), "a.text": "A first thought."}, do="save")
    assert "Saved" in saved.words
    assert "A first thought." in marisol.get(REFLECTION).response.text
    short = marisol.post(REFLECTION, {**saved.form(REFLECTION), "a.text": "Too short."}, do="submit")
    assert short.status == 422
    assert "2 words" in short.words
    done = marisol.post(REFLECTION, {**short.form(REFLECTION), "a.text": WORDS_IN_RANGE}, do="submit")
    assert "Submitted" in done.words
    back = marisol.post(REFLECTION, done.form(REFLECTION), do="take_back")
    assert back.status == 200
    assert any(area.get("name") == "a.text" for area in back.tree.iter("textarea"))
    door.clock.advance(minutes=1)


def test_a_plan_keeps_every_kind_of_answer(marisol: Person) -> None:
    page = marisol.get(PLAN)
    fields = page.form(PLAN)
    answers = {
        "a.campus_name": "Escuela Ñandú \u200f\u0645\u0631\u062d\u0628\u0627",
        "a.level": "middle" if "middle" in page.response.text else "elementary",
        "a.mission_statement": "We help every learner.",
        "a.rough_draft": "Between you and me.",
        "a.ready": "yes",
    }
    saved = marisol.post(PLAN, {**fields, **answers}, do="save")
    assert saved.status == 200
    again = marisol.get(PLAN).form(PLAN)
    for name in ("a.campus_name", "a.mission_statement", "a.rough_draft"):
        assert again[name] == answers[name]
    # A hidden empty value goes before every checkbox, so that taking a check away can be told from not sending it.
    assert again["a.ready"] == ["", "yes"]


def test_rows_are_added_moved_and_removed_by_buttons(marisol: Person) -> None:
    page = marisol.get(PLAN)
    rows = [name for name in page.form(PLAN) if name.startswith("a.core_beliefs.") and name.endswith(".belief")]
    filled = {name: f"Belief {number}" for number, name in enumerate(rows)}
    added = marisol.post(PLAN, {**page.form(PLAN), **filled}, do="add:core_beliefs")
    now = [name for name in added.form(PLAN) if name.startswith("a.core_beliefs.") and name.endswith(".belief")]
    assert len(now) == len(rows) + 1
    second = now[1].split(".")[2]
    moved = marisol.post(PLAN, {**added.form(PLAN)}, do=f"up:core_beliefs:{second}")
    texts = [
        (area.text or "") if area.tag == "textarea" else str(area.get("value", ""))
        for area in moved.tree.iter()
        if re.fullmatch(r"a\.core_beliefs\.[^.]+\.belief", area.get("name") or "")
    ]
    assert texts[:2] == ["Belief 1", "Belief 0"]
    removed = marisol.post(PLAN, {**moved.form(PLAN)}, do=f"remove:core_beliefs:{second}")
    assert "Belief 1" not in removed.response.text
    assert "Belief 0" in removed.response.text


def test_what_is_missing_is_listed_with_links_to_the_fields(marisol: Person) -> None:
    page = marisol.get(PLAN)
    refused = marisol.post(PLAN, {**page.form(PLAN), "a.mission_statement": "We help."}, do="submit")
    assert refused.status == 422
    assert "2 words; it needs at least 15" in refused.words
    ids = {element.get("id") for element in refused.tree.iter() if element.get("id")}
    links = [a.get("href", "")[1:] for a in refused.tree.iter("a") if (a.get("href") or "").startswith("#")]
    assert len(links) > 10
    assert [link for link in links if link not in ids] == []
    assert marisol.get(PLAN).form(PLAN)["a.mission_statement"] == "We help."


def test_two_tabs_never_overwrite_each_other(marisol: Person) -> None:
    first, second = marisol.get(PLAN).form(PLAN), marisol.get(PLAN).form(PLAN)
    marisol.post(PLAN, {**first, "a.campus_name": "From the first tab"}, do="save")
    refused = marisol.post(PLAN, {**second, "a.campus_name": "From the second tab"}, do="save")
    assert refused.status == 409
    assert "Someone saved a newer version" in refused.words
    assert "From the first tab" in refused.response.text
    assert "From the second tab" in refused.response.text
    assert marisol.get(PLAN).form(PLAN)["a.campus_name"] == "From the first tab"


def test_unknown_and_overlong_fields_lose_nothing(marisol: Person) -> None:
    page = marisol.get(PLAN)
    long = "x" * 500
    saved = marisol.post(
        PLAN, {**page.form(PLAN), "a.campus_name": long, "a.no_such_field": "?", "nonsense": "\x00"}, do="save"
    )
    assert saved.status < 500
    assert marisol.get(PLAN).form(PLAN)["a.campus_name"] == long
    refused = marisol.post(PLAN, marisol.get(PLAN).form(PLAN), do="submit")
    assert "80" in refused.words
    assert refused.status == 422


def test_a_body_over_the_limit_changes_nothing(marisol: Person) -> None:
    fields = marisol.get(PLAN).form(PLAN)
    page = marisol.post(PLAN, {**fields, "a.campus_name": "x" * 2_000_000}, do="save")
    assert (page.status, page.error_code) == (413, "body_too_large")
    assert marisol.get(PLAN).form(PLAN)["a.campus_name"] == ""


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null"])
def test_a_form_of_another_site_changes_nothing(marisol: Person, origin: str) -> None:
    fields = marisol.get(PLAN).form(PLAN)
    answer = marisol.send(PLAN, {**fields, "a.campus_name": "Evil"}, do="save", origin=origin)
    assert marisol.follow(answer).error_code == "form_not_ours"
    assert marisol.get(PLAN).form(PLAN)["a.campus_name"] == ""


def test_a_form_without_its_token_changes_nothing(marisol: Person) -> None:
    fields = {name: value for name, value in marisol.get(PLAN).form(PLAN).items() if name != "csrf_token"}
    assert marisol.post(PLAN, {**fields, "a.campus_name": "Evil"}, do="save").error_code == "form_not_ours"
    page = marisol.post(PLAN, {**fields, "csrf_token": "wrong", "a.campus_name": "Evil"}, do="save")
    assert page.error_code == "form_not_ours"


def test_a_visitor_reads_along_and_saves_nothing(door: FrontDoor) -> None:
    sam = door.person("401")
    page = sam.launch()
    assert "You can read along" in page.words
    assert "Dana" not in page.words
    assert sam.get(READING).status == 200
    blank = sam.get(PLAN)
    assert "nothing can be written here" in blank.words
    assert "What a facilitator looks for" in blank.words
    assert not list(blank.tree.iter("form"))
    assert sam.send(PLAN, {"a.campus_name": "Mine"}, do="save").status_code == 403
    assert sam.get("reviews/").status == 403


def test_autosave_answers_in_json(marisol: Person) -> None:
    fields = marisol.get(PLAN).form(PLAN)
    address = f"{PLAN}/autosave"
    saved = marisol.send(address, {**fields, "a.campus_name": "Mesa"}, accept="application/json")
    assert saved.status_code == 200
    body = saved.get_json()
    assert body["version"] == int(fields["version"]) + 1
    stale = marisol.send(address, {**fields, "a.campus_name": "Other"}, accept="application/json")
    assert stale.status_code == 409
    assert stale.get_json()["code"] == "newer_version_saved"
    again = marisol.send(address, {**fields, "a.campus_name": "Mesa"}, accept="application/json")
    assert again.get_json()["version"] == body["version"]
