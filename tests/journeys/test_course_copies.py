"""A copied course through the front door: linked, empty, and its facilitator is told so while it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lti_tool.demo_lms.courses import Link
from lti_tool.demo_lms.manners import Manner
from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, Page, Person, open_front_door
from tests.support.plans import save_plan, submit_plan

DANA, RUTH, LEE = "101", "201", "301"
KEY = "visioning"
TOLD = "This course was copied from Leading Edge Cohort, demo. The sessions are linked; nobody\u2019s work came along."
HISTORIES = {
    Manner.STRICT: {"context_history": "$Context.id.history"},
    Manner.MOODLE: {"context_history": "$Context.id.history"},
    Manner.CANVAS: {"context_history": "$Context.id.history", "prev_contexts": "$Canvas.course.previousContextIds"},
}


@pytest.fixture(params=list(Manner))
def door(request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock, manner=request.param) as opened:
        wanted = Link("course-1", "", "Visioning", "", custom={"module": KEY, **HISTORIES[request.param]})
        opened.platform.courses.place("course-1", [wanted])
        yield opened


def copy_course(door: FrontDoor) -> tuple[str, str]:
    """Copy the first course in the LMS; returns the copy's id and its link."""
    lms = door.lms.test_client()
    lms.post("/person", base_url=door.lms_url, data={"person": RUTH, "course": "course-1"})
    answer = lms.post("/courses/course-1/copy", base_url=door.lms_url, headers={"Origin": door.lms_url})
    assert answer.status_code == 303, answer.text
    copy = next(course for course in door.platform.courses.list_shown() if course.history)
    link = next(link for link in copy.placed if "context_history" in link.custom)
    return copy.id, link.key


def see_rooms(person: Person) -> list[Page]:
    return [person.get(""), person.get("reviews/")]


def test_a_copied_course_is_empty_and_says_so_until_somebody_submits(door: FrontDoor) -> None:
    dana = door.person(DANA)
    dana.launch("placed-1")
    save_plan(dana, KEY, {"mission_statement": "Words of the first course"})
    submit_plan(dana, KEY)
    copy, link = copy_course(door)

    ruth = door.person(RUTH)
    page = ruth.launch(link, copy)
    assert "On the Leading Edge of Visioning" in page.words, "the link opens its session without being asked about"
    for page in see_rooms(ruth):
        assert TOLD in page.words
    assert "Nobody waits" in ruth.get("reviews/").words

    again = door.person(DANA)
    again.launch(link, copy)
    assert "Words of the first course" not in again.get(f"modules/{KEY}/plan").response.text
    assert "copied from" not in again.get("").words, "a librarian need not know"
    submit_plan(again, KEY)
    for page in see_rooms(ruth):
        assert "copied from" not in page.words

    # The first course is no copy, and has its work.
    first = door.person(RUTH)
    first.launch()
    for page in see_rooms(first):
        assert "copied from" not in page.words
    assert "1 plan waits for you" in first.get("reviews/").words


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_copy_of_a_course_nobody_opened_here_names_no_course(door: FrontDoor) -> None:
    copy, link = copy_course(door)
    ruth = door.person(RUTH)
    ruth.launch(link, copy)
    assert TOLD.replace("Leading Edge Cohort, demo", "another course") in ruth.get("reviews/").words
