"""Plans build on one another, by pages and forms alone: what is carried, what changes, what nobody else sees."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from lti_tool.content.schema import Exemplar, Filling, Series, Worksheet
from lti_tool.content.sources import list_sources, make_address
from lti_tool.models import ScoreAttempt, ScoreDelivery
from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, Page, Person, open_front_door
from tests.support.pages import find_text
from tests.support.plans import (
    OWN_WORDS,
    add_criterion,
    address_of,
    change_plan,
    drop_fields,
    fill_form,
    find_all,
    find_by_id,
    find_worksheet,
    list_changes,
    list_links,
    list_options,
    list_private_texts,
    list_texts,
    open_plan,
    open_review,
    press,
    read_box,
    read_choice,
    read_copy,
    read_example,
    read_sheet,
    rename_choices,
    renew,
    review_plan,
    rewrite_plan,
    save_plan,
    submit_plan,
    type_picks,
)
from tests.support.series import announce, change_module, load_real_series
from tests.support.work_scene import WORDS_IN_RANGE

LATER = ("relationships", "coaching", "communication", "innovation", "influence", "promotion", "opportunity")


class Way(NamedTuple):
    """One arrow of the map: a field of an earlier plan, and where a later plan shows it (in which columns)."""

    source: str
    target: str
    place: str
    columns: tuple[str, ...] = ()


# The map of the course (its section 3.1), line by line: what is shown as a copy ...
CARRIED = (
    *(Way("visioning.mission_statement", target, "mission") for target in LATER),
    Way("visioning.core_beliefs", "opportunity", "core_beliefs", ("belief", "practice")),
    Way("visioning.strategic_goals", "influence", "goals", ("goal", "measure", "baseline", "target")),
    Way("visioning.elevator_statement", "communication", "elevator"),
    Way("visioning.elevator_statement", "promotion", "elevator"),
    Way("visioning.vision_three_years", "innovation", "vision"),
    Way("visioning.vision_three_years", "opportunity", "vision"),
    Way("relationships.stakeholders", "influence", "stakeholders", ("who", "needs_from_us")),
    Way("relationships.pd_offer", "influence", "pd_offer"),
    Way("relationships.pd_offer", "opportunity", "pd_offer"),
    Way("coaching.goal", "opportunity", "coaching_goal"),
    Way("coaching.progress", "opportunity", "coaching_progress"),
    Way("communication.core_message", "influence", "core_message"),
    Way("communication.core_message", "promotion", "core_message"),
    *(Way("innovation.pilot", target, "pilot") for target in ("influence", "promotion", "opportunity")),
    *(Way("innovation.pilot_result", target, "pilot_result") for target in ("influence", "promotion", "opportunity")),
    Way("influence.impact_claims", "promotion", "impact_claims", ("claim", "limits")),
    Way("influence.impact_claims", "opportunity", "impact_claims", ("claim", "limits")),
    Way("promotion.ask", "opportunity", "advocacy_ask"),
)
# ... what can be picked, by the words of one column of its rows ...
PICKED = (
    Way("visioning.core_beliefs", "relationships", "norms.belief", ("belief",)),
    Way("visioning.strategic_goals", "relationships", "goals_served.goal", ("goal",)),
    Way("visioning.strategic_goals", "relationships", "priority_relationships.goal", ("goal",)),
    Way("visioning.strategic_goals", "coaching", "serves", ("goal",)),
    Way("visioning.strategic_goals", "innovation", "goals.goal", ("goal",)),
    Way("visioning.strategic_goals", "influence", "impact_questions.goal", ("goal",)),
    Way("visioning.strategic_goals", "promotion", "objectives.serves", ("goal",)),
    Way("visioning.strategic_goals", "opportunity", "goals_review.goal", ("goal",)),
    Way("visioning.strategic_goals", "opportunity", "areas.serves", ("goal",)),
    Way("relationships.stakeholders", "communication", "audience", ("who",)),
    Way("relationships.stakeholders", "influence", "telling.audience", ("who",)),
    Way("relationships.stakeholders", "influence", "support_asks.from_whom", ("who",)),
    *(
        Way("relationships.stakeholders", "promotion", place, ("who",))
        for place in (
            "perceptions.audience",
            "objectives.audience",
            "segments.audience",
            "messages.audience",
            "calendar.audience",
            "decision_maker.who",
            "allies.who",
        )
    ),
    Way("relationships.stakeholders", "opportunity", "coalition.who", ("who",)),
    Way("relationships.priority_relationships", "coaching", "relationship", ("change",)),
    Way("influence.impact_claims", "promotion", "messages.proof", ("claim",)),
    Way("influence.impact_claims", "promotion", "proof.claim", ("claim",)),
    Way("influence.impact_claims", "opportunity", "goals_review.evidence", ("claim",)),
)
# ... and two that need words of their own below.
PARTNERS = Way("relationships.priority_relationships", "communication", "rehearsals.to_whom")
SELF_SCAN = Way("coaching.self_scan", "opportunity", "self_scan_comparison")


@pytest.fixture
def marisol(door: FrontDoor) -> Person:
    person = door.person("103")
    person.launch()
    return person


@pytest.fixture
def ruth(door: FrontDoor) -> Person:
    person = door.person("201")
    person.launch()
    return person


def submit_all(person: Person, clock: Clock) -> dict[str, Page]:
    """Submit the eight examples in order, one a day from March 4; each page as it was found before writing."""
    found = {}
    for module in load_real_series().modules:
        page = found[module.key] = open_plan(person, module.key)
        filled = fill_form(page, find_worksheet(module.key), read_example(module.key))
        assert person.send(address_of(module.key), filled, do="submit").status_code == 303
        sleep(clock, person)
    return found


def sleep(clock: Clock, *people: Person, days: int = 1) -> None:
    """Another day: sessions end over night, so everybody comes in anew."""
    clock.advance(days=days)
    for person in people:
        person.launch()


def say_origin(module_key: str) -> str:
    """Where a copy of a plan submitted by ``submit_all`` says it is from."""
    modules = load_real_series().modules
    day = next(4 + index for index, module in enumerate(modules) if module.key == module_key)
    return f"From your {find_worksheet(module_key).title}: version 1, submitted Mar {day}"


def test_the_map_names_every_field_that_a_plan_takes_from_another() -> None:
    drawn = {(way.source, way.target) for way in (*CARRIED, *PICKED, PARTNERS, SELF_SCAN)}
    taken = {
        (make_address(source), module.key)
        for module in load_real_series().modules
        for source in list_sources(find_worksheet(module.key))
    }
    assert taken == drawn


def test_what_she_wrote_turns_up_wherever_the_map_says(marisol: Person, clock: Clock) -> None:
    pages = submit_all(marisol, clock)
    wrong = [f"{way}: {text!r}" for way in CARRIED for text in find_missing_words(pages[way.target], way)]
    for way in PICKED:
        offered = list(list_options(pages[way.target], way.place).values())
        if offered != list_source_texts(way):
            wrong.append(f"{way}: {offered}")
    assert wrong == []
    people = {row["id"]: row["who"] for row in read_example("relationships")["stakeholders"]}
    partners = [people[row["who"]] for row in read_example("relationships")["priority_relationships"]]
    assert list(list_options(pages[PARTNERS.target], PARTNERS.place).values()) == partners
    assert "You have not written" not in "".join(page.words for page in pages.values())
    check_that_every_goal_has_its_row(pages["opportunity"])
    check_the_page_for_the_principal(pages["opportunity"])


def list_source_texts(way: Way) -> list[str]:
    module_key, field = way.source.split(".")
    texts = list_texts(module_key, field, way.columns)
    assert texts, f"the example says nothing in {way.source}"
    return texts


def find_missing_words(page: Page, way: Way) -> list[str]:
    """What a copy should say and does not."""
    copy = read_copy(page, way.place)
    origin = say_origin(way.source.partition(".")[0])
    return [text for text in (origin, *list_source_texts(way)) if text not in copy]


def check_that_every_goal_has_its_row(page: Page) -> None:
    form = read_sheet(page)
    rows = [row_id for row_id in form["order.goals_review"] if row_id]
    goals = [row["id"] for row in read_example("visioning")["strategic_goals"]]
    assert [form[f"a.goals_review.{row_id}.goal"] for row_id in rows] == goals


def check_the_page_for_the_principal(page: Page) -> None:
    brief = read_box(page, "brief")
    marked = [
        *list_texts("visioning", "campus_name"),
        *list_texts("visioning", "mission_statement"),
        *list_texts("visioning", "strategic_goals", ("goal", "measure", "baseline", "target")),
        *list_texts("visioning", "elevator_statement"),
        *list_texts("relationships", "priority_relationships", ("change",)),
        *list_texts("communication", "core_message"),
        *list_texts("influence", "impact_claims", ("claim",)),
        *list_texts("promotion", "issue"),
        *list_texts("promotion", "ask"),
        *list_texts("promotion", "why_learners"),
    ]
    assert [text for text in marked if text not in brief] == []
    kept = [
        *list_texts("relationships", "priority_relationships", ("they_get", "first_move")),
        *list_texts("relationships", "stakeholders", ("needs_from_us",)),
        *(text for module in load_real_series().modules for text in list_private_texts(module.key)),
    ]
    assert [text for text in kept if text in brief and len(text) > len("Not known yet.")] == []


def test_a_plan_written_before_its_source_takes_it_when_it_comes(marisol: Person, ruth: Person, clock: Clock) -> None:
    page = open_plan(marisol, "relationships")
    assert re.search(
        "You have not written “Our library's mission” in your Mission Plan yet. "
        r"Write it first \(Part C, about \d+ minutes\), or type a working version here\.",
        read_box(page, "mission"),
    )
    assert re.search(r"Write “Goals” first \(about \d+ minutes\)", read_box(page, "goals_served"))
    for path, part, asked in (("mission", "C", "mission_statement"), ("goals_served", "D", "strategic_goals")):
        link = next(link for link in list_links(find_by_id(page, f"field-{path}")) if "visioning" in link)
        there = marisol.get(link.partition("#")[0])
        assert link.partition("#")[2] == f"part-{part}"
        assert any(found.get("id") == f"field-{asked}" for found in find_by_id(there, f"part-{part}").iter())

    typed = {**type_picks("relationships", read_example("relationships")), "mission": "My mission, roughly"}
    without = {**typed, "goals_served": []}
    refused = marisol.post(
        address_of("relationships"), fill_form(page, find_worksheet("relationships"), without), do="submit"
    )
    assert refused.status == 422
    assert "“Goals this plan serves” has no row filled in" in refused.words
    submit_plan(marisol, "relationships", typed)
    done = open_plan(marisol, "relationships")
    assert "My mission, roughly (typed here)" in read_box(done, "mission")
    assert "My mission, roughly (typed here)" in open_review(ruth, "relationships").words

    press(marisol, "relationships", "take_back")
    submit_plan(marisol, "visioning")
    page = open_plan(marisol, "relationships")
    (mission,) = list_texts("visioning", "mission_statement")
    assert mission in read_copy(page, "mission")
    assert "From your Mission Plan: version 1, submitted Mar 4" in read_copy(page, "mission")
    assert "Below is what you typed here before it was written there." in read_box(page, "mission")
    assert read_sheet(page)["a.mission"] == "My mission, roughly"
    assert "Typed here. To link it, choose its row in the list above." in read_box(page, "goals_served")
    goals = {row["id"]: row["goal"] for row in read_example("visioning")["strategic_goals"]}
    assert list_options(page, "goals_served.goal") == goals
    assert read_choice(page, "goals_served.goal") == ("", "")
    assert read_sheet(page)["typed.goals_served.u1.goal"] == OWN_WORDS

    linked = change_plan(marisol, "relationships", {"a.goals_served.u1.goal": "g1"})
    assert read_choice(linked, "goals_served.goal") == ("g1", goals["g1"])
    assert read_sheet(linked)["typed.goals_served.u2.goal"] == OWN_WORDS
    done = change_plan(marisol, "relationships", {}, do="submit")
    assert f"{mission} A note on it: My mission, roughly" in read_box(done, "mission")
    assert goals["g1"] in read_box(done, "goals_served")
    assert f"{OWN_WORDS} (typed here)" in read_box(done, "goals_served")


def test_a_plan_whose_source_is_not_open_yet_can_be_submitted(database_url: str, tmp_path: Path, clock: Clock) -> None:
    series = announce(load_real_series(), "visioning")
    with open_front_door(database_url, tmp_path, clock, series) as door:
        marisol = door.person("103")
        marisol.launch("relationships")
        page = open_plan(marisol, "relationships")
        says = "“Our library's mission” comes from the Mission Plan of On the Leading Edge of Visioning"
        assert f"{says}, which is not open yet. Type a working version here for now." in read_box(page, "mission")
        assert "You have not written" not in page.words
        assert [link for link in list_links(page.tree) if "visioning/plan" in link] == []
        typed = type_picks("relationships", read_example("relationships"))
        submit_plan(marisol, "relationships", {**typed, "mission": "My mission, roughly"})
        assert "My mission, roughly (typed here)" in open_plan(marisol, "relationships").words


NEW_MISSION = (
    "Every learner at our school asks better questions each year, weighs what is found, and has a place to read. "
    "We teach this with every team."
)
NEW_GOAL = "Every science team co-plans two inquiry units with us."


def test_a_change_in_an_earlier_plan_is_shown_with_both_texts(marisol: Person, clock: Clock) -> None:
    submit_plan(marisol, "visioning")
    (mission,) = list_texts("visioning", "mission_statement")
    goal = read_example("visioning")["strategic_goals"][0]["goal"]
    save_plan(marisol, "relationships")
    assert list_changes(open_plan(marisol, "relationships")) == []

    sleep(clock, marisol, days=2)
    press(marisol, "visioning", "take_back")
    assert list_changes(open_plan(marisol, "relationships")) == [], "the same words, though a draft again"
    rewrite_plan(marisol, "visioning", {"a.mission_statement": NEW_MISSION, "a.strategic_goals.g1.goal": NEW_GOAL})
    page = open_plan(marisol, "relationships")
    of_mission, of_goals = list_changes(page)
    for words in (
        "“Our library's mission” changed in your Mission Plan on Mar 6",
        "What this plan has: version 1, submitted Mar 4",
        mission,
        "What your Mission Plan says now: a draft of Mar 6",
        NEW_MISSION,
    ):
        assert words in of_mission
    assert "“Goals” changed in your Mission Plan on Mar 6" in of_goals
    assert goal in of_goals
    assert NEW_GOAL in of_goals
    assert mission in read_copy(page, "mission"), "nothing changes by itself"

    kept = change_plan(marisol, "relationships", {"a.pattern": "Not lost."}, do="keep:visioning.mission_statement")
    assert "Kept as it was." in kept.words
    assert len(list_changes(kept)) == 1
    assert mission in read_copy(kept, "mission")
    assert read_sheet(kept)["a.pattern"] == "Not lost."
    assert len(list_changes(change_plan(marisol, "relationships", {}))) == 1, "not asked again"

    rewrite_plan(marisol, "visioning", {"a.mission_statement": f"{NEW_MISSION} Always."})
    assert "Always." in list_changes(open_plan(marisol, "relationships"))[0], "but when it changes once more"
    newer = change_plan(marisol, "relationships", {"a.pattern": "Nor this."}, do="update:visioning.mission_statement")
    assert "The newer text is in this plan now." in newer.words
    assert f"{NEW_MISSION} Always." in read_copy(newer, "mission")
    assert read_sheet(newer)["a.pattern"] == "Nor this."

    assert read_choice(newer, "goals_served.goal") == ("g1", goal)
    newer = change_plan(marisol, "relationships", {}, do="update:visioning.strategic_goals")
    assert list_changes(newer) == []
    assert read_choice(newer, "goals_served.goal") == ("g1", NEW_GOAL)
    before = read_example("relationships")
    after = read_sheet(newer)
    for table in ("goals_served", "priority_relationships"):
        for row in before[table]:
            assert after[f"a.{table}.{row['id']}.goal"] == row["goal"]


def test_a_submitted_plan_keeps_what_it_was_submitted_with(marisol: Person, ruth: Person, clock: Clock) -> None:
    (mission,) = list_texts("visioning", "mission_statement")
    submit_plan(marisol, "visioning")
    submit_plan(marisol, "relationships")
    sleep(clock, marisol, ruth, days=2)
    press(marisol, "visioning", "take_back")
    rewrite_plan(marisol, "visioning", {"a.mission_statement": NEW_MISSION}, do="submit")
    page = open_plan(marisol, "relationships")
    assert f"From your Mission Plan: version 1, submitted Mar 4 {mission}" in read_box(page, "mission")
    assert NEW_MISSION not in page.words
    assert list_changes(page) == []
    review = open_review(ruth, "relationships")
    assert f"From the Mission Plan: version 1, submitted Mar 4 {mission}" in read_box(review, "mission")
    assert NEW_MISSION not in review.words
    review_plan(ruth, "relationships", "return", overall="Say who is missing.")

    (change,) = list_changes(open_plan(marisol, "relationships"))
    assert NEW_MISSION in change
    rewrite_plan(marisol, "relationships", {}, do="update:visioning.mission_statement")
    done = change_plan(marisol, "relationships", {}, do="submit")
    assert f"From your Mission Plan: version 2, submitted Mar 6 {NEW_MISSION}" in read_box(done, "mission")
    review = open_review(ruth, "relationships")
    assert "Since version 1, 1 answer changed" in review.words
    assert f"From the Mission Plan: version 2, submitted Mar 6 {NEW_MISSION}" in read_box(review, "mission")
    assert f"Before {mission}" in read_box(review, "mission")

    press(marisol, "relationships", "take_back")
    assert list_changes(open_plan(marisol, "relationships")) == []
    press(marisol, "visioning", "take_back")
    rewrite_plan(marisol, "visioning", {"a.mission_statement": mission})
    (change,) = list_changes(open_plan(marisol, "relationships"))
    assert "What your Mission Plan says now: a draft of Mar 6" in change


def test_an_accepted_text_counts_until_a_newer_one_is_accepted(marisol: Person, ruth: Person, clock: Clock) -> None:
    (mission,) = list_texts("visioning", "mission_statement")
    submit_plan(marisol, "visioning")
    review_plan(ruth, "visioning")
    page = open_plan(marisol, "relationships")
    assert f"From your Mission Plan: accepted version 1, Mar 4. See it there: Our library's mission {mission}" in (
        read_copy(page, "mission")
    )
    press(marisol, "visioning", "reopen")
    rewrite_plan(marisol, "visioning", {"a.mission_statement": NEW_MISSION}, do="submit")
    assert list_changes(open_plan(marisol, "relationships")) == []
    sleep(clock, marisol, ruth)
    review_plan(ruth, "visioning", "return", overall="Shorter?")
    assert list_changes(open_plan(marisol, "relationships")) == []
    rewrite_plan(marisol, "visioning", {"a.mission_statement": f"{NEW_MISSION} Always."}, do="submit")
    review_plan(ruth, "visioning")
    (change,) = list_changes(open_plan(marisol, "relationships"))
    assert "accepted version 3, Mar 5" in change
    assert f"{NEW_MISSION} Always." in change


def test_sessions_can_be_taken_backward(marisol: Person) -> None:
    opportunity = type_picks("opportunity", read_example("opportunity"))
    opportunity["goals_review"] = opportunity["goals_review"][:2]
    submit_plan(marisol, "opportunity", opportunity)
    submit_plan(marisol, "coaching", type_picks("coaching", read_example("coaching")))
    submit_plan(marisol, "visioning")
    for key in ("coaching", "opportunity"):
        press(marisol, key, "take_back")
    coaching = open_plan(marisol, "coaching")
    assert list_options(coaching, "serves") == {
        row["id"]: row["goal"] for row in read_example("visioning")["strategic_goals"]
    }
    page = open_plan(marisol, "opportunity")
    for way in CARRIED:
        if way.target == "opportunity" and way.source.startswith(("visioning.", "coaching.")):
            copy = read_copy(page, way.place)
            assert [text for text in list_source_texts(way) if text not in copy] == []
        elif way.target == "opportunity":
            assert read_copy(page, way.place) == ""
    # What she typed stands, and each goal that came later has a row to be looked back on.
    form = read_sheet(page)
    first, second, *rows = (row_id for row_id in form["order.goals_review"] if row_id)
    assert [first, second] == [row["id"] for row in opportunity["goals_review"]]
    assert form[f"typed.goals_review.{first}.goal"] == OWN_WORDS
    goals = [row["id"] for row in read_example("visioning")["strategic_goals"]]
    assert [form[f"a.goals_review.{row_id}.goal"] for row_id in rows] == goals


def list_places(module_key: str, row_id: str, field: str) -> list[str]:
    """Every place of a plan's example that names a row of another field, as people call it, in order."""
    worksheet = find_worksheet(module_key)
    answers = read_example(module_key)
    return [
        f"{worksheet.title}, Part {part.key}: {top.row_name} {number}, {column.label}"
        for part in worksheet.parts
        for top in part.fields
        for number, row in enumerate(answers.get(top.key, []) if top.columns and not top.grid_rows else [], start=1)
        for column in top.columns
        if column.pick is not None and column.pick.field == field and row.get(column.key) == row_id
    ]


def list_named_places(page: Page) -> list[str]:
    """The places that the question before removing a row names."""
    return [find_text(item) for item in find_by_id(page, "concern").iter("li")]


def test_a_row_that_is_named_elsewhere_is_not_removed_untold(marisol: Person) -> None:
    save_plan(marisol, "visioning")
    save_plan(marisol, "relationships")
    vision = read_example("visioning")
    phrase, goal = vision["alignment"][0]["ours"], vision["strategic_goals"][0]["goal"]

    # In this same plan: asked first, with what she was typing saved.
    asked = change_plan(marisol, "visioning", {"a.campus_name": "Typed just now"}, do="remove:alignment:a1")
    assert f"Phrase 1 (“{phrase}”) is used elsewhere. Remove it?" in asked.words
    places = list_places("visioning", "a1", "alignment")
    assert places
    assert list_named_places(asked) == places
    keep = next(link for link in list_links(find_by_id(asked, "concern")) if link.startswith("#"))
    assert "a.alignment.a1.ours" in read_sheet(asked)
    assert keep == "#row-alignment.a1"
    assert find_by_id(asked, keep[1:]) is not None
    page = open_plan(marisol, "visioning")
    assert read_sheet(page)["a.alignment.a1.ours"] == phrase
    assert read_sheet(page)["a.campus_name"] == "Typed just now"
    named = [row["id"] for row in vision["strategic_goals"] if row["serves"] == "a1"]
    assert [read_sheet(page)[f"a.strategic_goals.{row_id}.serves"] for row_id in named] == ["a1"] * len(named)

    # "Remove" keeps the words where they were picked.
    button = next(item for item in find_by_id(asked, "concern").iter("button"))
    done = marisol.post(address_of("visioning"), read_sheet(asked), do=button.get("value", ""))
    form = read_sheet(done)
    assert "a.alignment.a1.ours" not in form
    assert [form[f"typed.strategic_goals.{row_id}.serves"] for row_id in named] == [phrase] * len(named)

    # In other plans.
    asked = change_plan(marisol, "visioning", {}, do="remove:strategic_goals:g1")
    assert list_named_places(asked) == list_places("relationships", "g1", "strategic_goals")
    assert len(list_named_places(asked)) >= 2
    rewrite_plan(marisol, "visioning", {}, do="remove_used:strategic_goals:g1")
    page = open_plan(marisol, "relationships")
    assert read_choice(page, "goals_served.goal") == ("g1", goal), "her other plan keeps its copy until she says so"
    page = change_plan(marisol, "relationships", {}, do="update:visioning.strategic_goals")
    assert read_choice(page, "goals_served.goal") == ("", "")
    assert read_sheet(page)["typed.goals_served.u1.goal"] == goal
    assert "g1" not in list_options(page, "goals_served.goal")

    # What nobody names goes at once.
    added = change_plan(marisol, "visioning", {}, do="add:alignment:fresh")
    assert "a.alignment.fresh.ours" in read_sheet(added)
    gone = change_plan(marisol, "visioning", {"a.alignment.fresh.ours": "A phrase"}, do="remove:alignment:fresh")
    assert "a.alignment.fresh.ours" not in read_sheet(gone)
    assert "used elsewhere" not in gone.words


def test_a_source_that_was_emptied_can_be_typed_again(marisol: Person) -> None:
    (message,) = list_texts("communication", "core_message")
    save_plan(marisol, "communication", {"core_message": message})
    save_plan(marisol, "influence", {})
    rewrite_plan(marisol, "communication", {"a.core_message": ""})
    (change,) = list_changes(open_plan(marisol, "influence"))
    assert "It is empty now." in change
    page = change_plan(marisol, "influence", {}, do="update:communication.core_message")
    assert "You have not written" in read_box(page, "core_message")
    assert "A working version" in read_box(page, "core_message")
    rewrite_plan(marisol, "communication", {"a.core_message": f"{message} Still."})
    assert f"{message} Still." in read_copy(open_plan(marisol, "influence"), "core_message")


WHAT_HAPPENED = "My thirty-day check: What happened"


def submit_reflections(person: Person, module_key: str) -> None:
    for key in ("a", "b"):
        address = f"modules/{module_key}/reflections/{key}"
        done = person.post(address, {**person.get(address).form(address), "a.text": WORDS_IN_RANGE}, do="submit")
        assert "Submitted" in done.words


def list_outbox(door: FrontDoor) -> tuple[list[dict[str, object]], int]:
    """Every score on its way with everything it says, and how often any was tried."""
    with door.store.reading() as session:
        rows = session.execute(select(*ScoreDelivery.__table__.columns)).mappings()
        tried = session.scalar(select(func.count()).select_from(ScoreAttempt))
        return [dict(row) for row in rows], tried or 0


def read_answers(page: Page) -> dict[str, str]:
    """Every answer that a page shows for reading, by what its question is called."""
    return {find_text(element[0]): find_text(element) for element in find_all(page.tree, "qa")}


def test_an_accepted_plan_is_still_hers_where_it_goes_on(door: FrontDoor, ruth: Person) -> None:
    marisol = door.person("103")
    marisol.launch("relationships")
    submit_plan(marisol, "visioning")
    submit_plan(marisol, "relationships")
    submit_reflections(marisol, "relationships")
    review_plan(
        ruth, "relationships", rating__insight="3", overall="Go and see them.", comment__pd_offer="Who takes the desk?"
    )
    door.deliver()
    door.clock.advance(minutes=5)
    outbox, queue, review = list_outbox(door), ruth.get("reviews/").words, open_review(ruth, "relationships").words
    (score,), tried = outbox
    assert score["score"] == 100
    assert tried

    page = open_plan(marisol, "relationships")
    assert "Still yours to write" in page.words
    assert page.words.count("Who takes the desk?") == 1, "said of a question that asks for several answers"
    before = read_answers(page)
    calendar = [row["id"] for row in read_example("relationships")["engagement_calendar"]]
    written = {name for name in read_sheet(page) if name.startswith(("a.", "order.", "typed.", "shown."))}
    assert written == {"a.check_30.what_happened", *(f"a.engagement_calendar.{row}.done" for row in calendar)}

    living = {"a.check_30.what_happened": "She came on Monday.", f"a.engagement_calendar.{calendar[-1]}.done": "yes"}
    saved = change_plan(marisol, "relationships", living)
    assert "Accepted" in saved.words
    after = read_answers(saved)
    assert "She came on Monday." in after[WHAT_HAPPENED]
    assert {name for name in after if after[name] != before[name]} == {WHAT_HAPPENED, "The year"}
    module = marisol.get("modules/relationships")
    assert "Accepted" in module.words
    assert "You stopped" not in module.words
    assert list_outbox(door) == outbox
    assert ruth.get("reviews/").words == queue
    assert open_review(ruth, "relationships").words == review

    # Anything else is refused in words, and everything typed is there to be copied.
    form = read_sheet(saved)
    smuggled = {**form, "a.pattern": "Nobody is missing.", "a.check_30.what_happened": "A second thought."}
    refused = marisol.post(address_of("relationships"), smuggled, do="save")
    assert refused.status == 409
    assert "accepted" in refused.words
    for words in ("Nobody is missing.", "A second thought."):
        assert words in refused.words
    again = open_plan(marisol, "relationships")
    assert read_answers(again) == after
    assert "Nobody is missing." not in again.words
    heard = marisol.send(f"{address_of('relationships')}/autosave", smuggled, accept="application/json")
    assert heard.status_code == 409
    assert heard.get_json()["message"]

    # A second tab shows both texts.
    first, second = dict(form), dict(form)
    marisol.post(address_of("relationships"), {**first, "a.check_30.what_happened": "From the first tab."}, do="save")
    both = marisol.post(
        address_of("relationships"), {**second, "a.check_30.what_happened": "From the second tab."}, do="save"
    )
    assert both.status == 409
    assert "Someone saved a newer version" in both.words
    assert "From the first tab." in find_text(find_by_id(both, "conflict"))
    assert "From the second tab." in find_text(find_by_id(both, "conflict"))
    assert "From the first tab." in read_answers(open_plan(marisol, "relationships"))[WHAT_HAPPENED]
    settled = marisol.post(
        address_of("relationships"), {**read_sheet(both), "keep.check_30.what_happened": "mine"}, do="save"
    )
    assert "From the second tab." in read_answers(settled)[WHAT_HAPPENED]
    assert "Accepted" in settled.words
    assert list_outbox(door) == outbox


def test_a_living_table_grows_and_reaches_later_plans(marisol: Person, ruth: Person, clock: Clock) -> None:
    submit_plan(marisol, "coaching", type_picks("coaching", read_example("coaching")))
    review_plan(ruth, "coaching")
    save_plan(marisol, "opportunity", {})
    clock.advance(minutes=30)
    added = change_plan(marisol, "coaching", {}, do="add:practice_log:fresh")
    assert "a.practice_log.fresh.question" in read_sheet(added)
    question, progress = "What would a calm week be?", "I am at seven now, and I count to ten."
    rewrite_plan(marisol, "coaching", {"a.practice_log.fresh.question": question, "a.progress": progress})
    (change,) = list_changes(open_plan(marisol, "opportunity"))
    assert progress in change
    page = change_plan(marisol, "coaching", {}, do="remove:practice_log:fresh")
    assert "Accepted" in page.words
    assert question not in page.words
    refused = change_plan(marisol, "coaching", {}, do="add:options:fresh")
    assert refused.status == 409


def change_worksheet(key: str, change: Callable[[Worksheet], Worksheet]) -> Series:
    """The real series after a new version of one plan."""
    series = load_real_series()
    return change_module(series, key, worksheet=change(find_worksheet(key)))


def test_words_whose_question_is_gone_stay_hers_alone(door: FrontDoor, marisol: Person, ruth: Person) -> None:
    (tension,) = list_texts("visioning", "value_tension")
    (rough,) = list_texts("visioning", "rough_draft")
    submit_plan(marisol, "visioning")
    review = open_review(ruth, "visioning")
    assert tension in review.words
    assert rough not in review.words
    review_plan(ruth, "visioning", "return", comment__value_tension="Who loses the back room?", named="value_tension")

    gone = change_worksheet("visioning", lambda plan: drop_fields(plan, "value_tension", "rough_draft"))
    with renew(door, gone) as renewed:
        marisol, ruth = renewed.person("103"), renewed.person("201")
        marisol.launch()
        ruth.launch()
        page = open_plan(marisol, "visioning")
        kept = find_text(find_by_id(page, "no-longer-asked"))
        assert "No longer asked" in kept
        assert tension in kept
        assert rough in kept
        assert "Who loses the back room?" in page.words, "nor is what was said about it lost"
        assert "Who loses the back room?" in open_review(ruth, "visioning").words
        ids = {element.get("id") for element in page.tree.iter()}
        assert [link for link in list_links(page.tree) if link.startswith("#") and link[1:] not in ids] == []
        rewrite_plan(marisol, "visioning", {"a.campus_name": "Mesa"})
        rewrite_plan(marisol, "visioning", {}, do="submit")
        page = open_plan(marisol, "visioning")
        assert tension in find_text(find_by_id(page, "no-longer-asked"))
        for page in (open_review(ruth, "visioning"), review_plan(ruth, "visioning"), ruth.get("reviews/")):
            assert tension not in page.words
            assert rough not in page.words
            assert "No longer asked" not in page.words
        assert tension in find_text(find_by_id(open_plan(marisol, "visioning"), "no-longer-asked"))
        # It is accepted, and goes on being written where it is living.
        rewrite_plan(marisol, "visioning", {"a.principal_talk.what_was_said": "She wants to see one unit."})
        page = open_plan(marisol, "visioning")
        assert tension in find_text(find_by_id(page, "no-longer-asked"))
        press(marisol, "visioning", "reopen")

    # A question that is asked again has its answer.
    with renew(door, load_real_series()) as renewed:
        marisol = renewed.person("103")
        marisol.launch()
        form = read_sheet(open_plan(marisol, "visioning"))
        assert " ".join(form["a.value_tension"].split()) == tension
        assert form["a.campus_name"] == "Mesa"


def test_a_choice_that_is_gone_stays_until_she_chooses_again(door: FrontDoor, marisol: Person, ruth: Person) -> None:
    submit_plan(marisol, "visioning")
    renamed = {
        "level": ("middle", "grades_6_to_8"),
        "voices": ("conversation", "talk"),
        "mission_tests": ("yes", "passed"),
    }
    with renew(door, change_worksheet("visioning", lambda plan: rename_choices(plan, **renamed))) as renewed:
        marisol, ruth = renewed.person("103"), renewed.person("201")
        marisol.launch()
        ruth.launch()
        assert "middle" in read_box(open_review(ruth, "visioning"), "level")
        press(marisol, "visioning", "take_back")
        page = open_plan(marisol, "visioning")
        assert "You had “middle” here, which is no longer offered." in read_box(page, "level")
        assert read_choice(page, "voices.how") == ("conversation", "“conversation” (no longer offered)")
        assert read_sheet(page)["a.mission_tests.parent.result"] == "yes"
        rewrite_plan(marisol, "visioning", {"a.campus_name": "Mesa"})
        refused = change_plan(marisol, "visioning", {}, do="submit")
        assert refused.status == 422
        assert "'middle' is not one of the choices" in refused.words
        page = open_plan(marisol, "visioning")
        assert "You had “middle” here" in read_box(page, "level")
        assert read_choice(page, "voices.how")[0] == "conversation"
        voices = {f"a.voices.{row['id']}.how": "talk" for row in read_example("visioning")["voices"]}
        tests = {f"a.mission_tests.{key}.result": "partly" for key in read_example("visioning")["mission_tests"]}
        how = {name: value for name, value in voices.items() if read_sheet(page)[name] == "conversation"}
        rewrite_plan(marisol, "visioning", {"a.level": "grades_6_to_8", **how, **tests}, do="submit")


def test_a_released_review_keeps_the_rubric_it_was_made_with(door: FrontDoor, marisol: Person, ruth: Person) -> None:
    submit_plan(marisol, "visioning")
    rubric = find_worksheet("visioning").rubric
    review_plan(ruth, "visioning", **{f"rating__{criterion.key}": "3" for criterion in rubric})
    given = [level.text for criterion in rubric for level in criterion.levels if level.number == 3]
    for page in (open_plan(marisol, "visioning"), open_review(ruth, "visioning")):
        assert [text for text in given if text not in page.words] == []

    newer = change_worksheet("visioning", lambda plan: add_criterion(plan, "Joy", "mission_statement"))
    with renew(door, newer) as renewed:
        marisol, ruth = renewed.person("103"), renewed.person("201")
        marisol.launch()
        ruth.launch()
        for page in (open_plan(marisol, "visioning"), open_review(ruth, "visioning")):
            assert [text for text in given if text not in page.words] == []
            assert "Joy" not in page.words
            assert "Reworded:" not in page.words
        # What is submitted next is looked at with the new one.
        press(marisol, "visioning", "reopen")
        rewrite_plan(marisol, "visioning", {"a.campus_name": "Mesa"}, do="submit")
        page = open_review(ruth, "visioning")
        assert "Joy, level 4" in page.words
        assert "Ruth Okafor, on version 1: 3 Solid" in page.words


def test_the_example_waits_for_a_first_try_and_can_be_had_before(marisol: Person, ruth: Person) -> None:
    address = f"{address_of('relationships')}/example"
    (pattern,) = list_texts("relationships", "pattern")
    save_plan(marisol, "visioning", {"mission_statement": NEW_MISSION})
    open_plan(marisol, "relationships")
    page = marisol.get(address)
    assert "The example waits for your first try" in page.words
    assert pattern not in page.words
    show = next(link for link in list_links(page.tree) if "show=yes" in link)
    shown = marisol.get(show)
    check_the_strong_example(shown)
    assert NEW_MISSION not in shown.words, "an example carries what the example wrote"
    assert pattern in shown.words
    assert "waits for your first try" in marisol.get(address).words
    rewrite_plan(marisol, "relationships", {"a.pattern": "A first line."})
    check_the_strong_example(marisol.get(address))
    weak = marisol.get(next(link for link in list_links(shown.tree) if "version=weak" in link))
    assert "a weak example" in weak.words
    assert "The campus and everybody in it are invented." in weak.words
    assert pattern not in weak.words
    check_notes(weak, find_exemplar().weak)
    check_the_strong_example(ruth.get(address))
    assert list(ruth.get(address).tree.iter("form")) == []


def check_the_strong_example(page: Page) -> None:
    assert "Relationship Plan: a strong example" in page.words
    assert "The campus and everybody in it are invented." in page.words
    (mission,) = list_texts("visioning", "mission_statement")
    assert f"From the Mission Plan: as filled in for the example {mission}" in read_box(page, "mission")
    check_notes(page, find_exemplar().strong)


def find_exemplar() -> Exemplar:
    module = load_real_series().find_module("relationships")
    assert module is not None
    assert module.exemplar is not None
    return module.exemplar


def check_notes(page: Page, filling: Filling) -> None:
    """Each note stands in the margin under the name of the criterion it speaks of."""
    titles = {criterion.key: criterion.title for criterion in find_worksheet("relationships").rubric}
    said = sorted(" ".join(f"{titles[note.criterion]}{note.text}".split()) for note in filling.notes)
    assert sorted(find_text(note) for note in find_all(page.tree, "margin-note")) == said


def test_her_first_look_at_herself_is_compared_for_her_eyes_only(marisol: Person, ruth: Person) -> None:
    submit_plan(marisol, "coaching", type_picks("coaching", read_example("coaching")))
    first = [row["today"] for row in read_example("coaching")["self_scan"].values()]
    page = open_plan(marisol, "opportunity")
    assert read_comparison(page) == [[value, "none", "none"] for value in first]
    assert "Only you can read this." in read_box(page, "self_scan_comparison")
    submit_plan(marisol, "opportunity", type_picks("opportunity", read_example("opportunity")))
    again = [[row["then"], row["now"]] for row in read_example("opportunity")["self_scan_again"].values()]
    compared = [[value, *row] for value, row in zip(first, again, strict=True)]
    assert read_comparison(open_plan(marisol, "opportunity")) == compared

    # A later look at the first scan changes nothing of what she said first.
    press(marisol, "coaching", "take_back")
    rewrite_plan(marisol, "coaching", {"a.self_scan.s1.today": "5", "a.self_scan.s8.today": "5"}, do="submit")
    assert read_comparison(open_plan(marisol, "opportunity")) == compared
    check_that_no_scan_is_told(ruth)

    # Even when she shows what she answers now, the comparison stays hers.
    press(marisol, "opportunity", "take_back")
    assert read_comparison(open_plan(marisol, "opportunity")) == compared
    rewrite_plan(marisol, "opportunity", {"shown.self_scan_again": "yes"}, do="submit")
    review = open_review(ruth, "opportunity")
    assert "I start the conversations that matter." in review.words
    assert COMPARED not in review.words
    assert "What you said first" not in review.words


COMPARED = "Then and now, side by side"


def read_comparison(page: Page) -> list[list[str]]:
    """What she said first, and the two answers of today, statement by statement."""
    assert COMPARED in page.words
    rows = [row for row in find_by_id(page, "field-self_scan_comparison").iter("tr") if list(row.iter("td"))]
    return [[find_text(cell) for cell in row.iter("td")] for row in rows]


def check_that_no_scan_is_told(ruth: Person) -> None:
    for key in ("coaching", "opportunity"):
        review = open_review(ruth, key)
        assert "Done, kept private" in review.words
        preview = ruth.post(review.address, review.form(review.address), do="preview")
        for page in (review, preview):
            for words in (COMPARED, "What you said first", "I start the conversations that matter."):
                assert words not in page.words
