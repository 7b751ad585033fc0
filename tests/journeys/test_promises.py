"""Promises: every dated answer that a plan marks as one, in the author's own list and nowhere else."""

import pytest

from tests.support.front_door import FrontDoor, Person
from tests.support.plans import read_example, save_plan


@pytest.fixture
def marisol(door: FrontDoor) -> Person:
    person = door.person("103")
    person.launch("series")
    return person


def test_dated_steps_of_all_plans_are_in_one_list(marisol: Person) -> None:
    assert "No date yet" in marisol.get("promises").words
    assert "Your promises" in marisol.get("").words
    save_plan(marisol, "visioning")
    save_plan(marisol, "relationships")
    words = marisol.get("promises").words
    goal = read_example("visioning")["strategic_goals"][0]
    assert goal["goal"] in words
    assert goal["first_step"] in words
    assert words.index("December 7, 2026 ") < words.index("Mission Plan, Part D")
    assert "Relationship Plan, Part E" in words


def test_what_is_past_is_told_without_blame_and_what_is_done_apart(marisol: Person) -> None:
    plan = read_example("relationships")
    first, second = plan["engagement_calendar"][:2]
    first["done"], second["done"] = "yes", ""
    first["date"], second["date"] = "2026-01-11", "2026-01-12"
    save_plan(marisol, "relationships", plan)
    words = marisol.get("promises").words
    past, done = words.index("Their day has come"), words.index("January 11, 2026")
    assert past < words.index("January 12, 2026") < words.index("Coming up") < words.rindex("Done") < done


def test_a_promise_in_a_private_answer_is_in_her_own_list_only(marisol: Person, door: FrontDoor) -> None:
    plan = read_example("coaching")
    plan["conversation"]["follow_up"] = "2027-05-05"
    save_plan(marisol, "coaching", plan)
    assert "May 5, 2027" in marisol.get("promises").words
    assert "Private." in marisol.get("promises").words
    ruth = door.person("201")
    ruth.launch("series")
    assert "Your promises" not in ruth.get("").words
    assert ruth.get("promises").status in {403, 404}
