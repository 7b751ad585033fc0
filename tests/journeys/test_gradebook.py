"""The gradebook beside a score: a plan that came back, columns that are missing, a column that was replaced."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from lti_tool.demo_lms.cells import Cell
from lti_tool.demo_lms.faults import Service
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.settings import CLIENT_ID
from lti_tool.lti import vocabulary
from lti_tool.models import LineItem, ReturnNote, ScoreDelivery
from tests.journeys.test_grader import open_target, place_of
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor, Person, open_front_door
from tests.support.plans import address_of, review_plan, submit_plan
from tests.support.work_scene import WORDS_IN_RANGE

MARISOL, RUTH = "103", "201"
KEY = "visioning"
ONE = "Your Mission Plan came back with 1 thing to change. Open it from the course to see it."


@dataclass
class Course:
    """One course with a librarian and her facilitator, and the LMS's own gradebook."""

    door: FrontDoor
    manner: Manner
    marisol: Person
    ruth: Person

    @property
    def columns(self) -> list[Column]:
        """Visioning's columns."""
        return self.door.platform.gradebook.list_columns("course-1", resource_id=KEY)

    @property
    def cell(self) -> Cell:
        """What stands in Marisol's cell."""
        return self.door.platform.gradebook.find_cell(self.columns[-1], MARISOL)

    @property
    def is_canvas(self) -> bool:
        """Whether the LMS has Canvas's manners."""
        return self.manner is Manner.CANVAS

    def settle(self) -> None:
        """Let time pass and workers work until nothing is due for a while."""
        for _ in range(4):
            self.door.clock.advance(minutes=3)
            self.door.deliver()

    def submit_all(self) -> None:
        """Marisol hands in everything."""
        for key in ("a", "b"):
            address = f"modules/{KEY}/reflections/{key}"
            page = self.marisol.get(address)
            self.marisol.post(address, {**page.form(address), "a.text": WORDS_IN_RANGE}, do="submit")
        submit_plan(self.marisol, KEY)

    def list_deliveries(self) -> list[tuple[str, str | None]]:
        """State and reason of every score."""
        with self.door.store.reading() as session:
            rows = session.execute(select(ScoreDelivery.state, ScoreDelivery.reason).order_by(ScoreDelivery.id))
            return [(state, reason) for state, reason in rows]


@pytest.fixture(params=[Manner.CANVAS, Manner.MOODLE])
def course(request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Course]:
    with open_front_door(database_url, tmp_path, clock, manner=request.param) as door:
        yield Course(door, request.param, door.person(MARISOL), door.person(RUTH))


def send_back(course: Course) -> None:
    review_plan(course.ruth, KEY, "return", overall="Nearly there.", named="mission_statement")


def test_a_plan_that_came_back_is_told_once_and_the_score_follows(course: Course) -> None:
    marisol, ruth = course.marisol, course.ruth
    ruth.launch()
    marisol.launch()
    course.submit_all()
    send_back(course)
    queue = ruth.get("reviews/")
    assert "Sent back, not opened since" in queue.words
    assert ONE in queue.words
    course.door.platform.faults.lose_answers(1, only=Service.SCORES)
    course.settle()
    assert (course.cell.value, course.cell.attempts) == (None, 0)
    assert list(course.cell.comments) == [ONE], "once, though the answer was lost"
    with course.door.store.reading() as session:
        states = session.scalars(select(ReturnNote.state)).all()
    # Where comments add up it is not said again to be sure.
    assert states == ["failed" if course.is_canvas else "sent"]
    marisol.get(address_of(KEY))
    assert "Sent back, not opened since" not in ruth.get("reviews/").words

    # She hands in again, and it is accepted: the score comes after the note and takes nothing back.
    submit_plan(marisol, KEY)
    review_plan(ruth, KEY, "accept", overall="Now it says who leads it.")
    course.settle()
    assert course.cell.value == 100
    assert course.list_deliveries() == [("confirmed", None)]
    if course.is_canvas:
        assert list(course.cell.comments) == [ONE, "Now it says who leads it."]
        assert course.cell.attempts == 1
        work = course.cell.work
        assert work is not None
        assert work.kind == "basic_lti_launch"
        assert (work.data or "").startswith(f"{TOOL}/lti/launch?work=")
        page = open_target(ruth, urlsplit(work.data or "").query.removeprefix("work="))
        assert place_of(page).startswith("reviews/")
        assert "Marisol Ortega: Mission Plan" in page.words
    else:
        assert list(course.cell.comments) == ["Now it says who leads it."]


def test_a_number_that_is_there_is_never_touched_by_a_return(course: Course) -> None:
    course.ruth.launch()
    course.marisol.launch()
    course.submit_all()
    course.door.platform.gradebook.override_grade(course.columns[0], MARISOL, 0, course.door.clock.now())
    send_back(course)
    course.settle()
    assert (course.cell.value, course.cell.comments) == (0, ())
    words = course.ruth.get("reviews/").words
    assert "The gradebook tells Marisol Ortega nothing of it." in words
    assert ONE in words


def remove_columns(course: Course) -> None:
    """The teacher deletes every column of the course."""
    book = course.door.platform.gradebook
    for column in book.list_columns("course-1"):
        book.remove_column(column)


@pytest.mark.parametrize("course", [*Manner], indirect=True)
def test_missing_columns_are_made_on_request(course: Course) -> None:
    remove_columns(course)
    ruth = course.ruth
    ruth.launch()
    course.marisol.launch()
    course.submit_all()
    review_plan(ruth, KEY, "accept", overall="Good.")
    course.settle()
    assert course.columns == [], "nobody asked yet"
    page = ruth.get("grades/")
    assert "No gradebook column yet" in page.words
    assert "Marisol Ortega, On the Leading Edge of Visioning: 100 of 100" in page.words
    asked = ruth.post("grades/columns", page.form("grades/columns"), do="waiting")
    assert "We are looking for 1 gradebook column now" in asked.words
    assert "We are looking whether it is there" in asked.words
    course.door.platform.faults.lose_answers(1, only=Service.LINE_ITEMS)
    course.settle()
    (column,) = course.columns
    assert (column.tag, column.maximum, column.made_by_tool) == ("leading-edge", 100, True)
    assert course.cell.value == 100
    assert course.list_deliveries() == [("confirmed", None)]

    # The rest, all at once; then there is nothing to ask for.
    page = ruth.get("grades/")
    assert "Make a column for each of them" in page.words
    ruth.post("grades/columns", page.form("grades/columns"), do="all")
    course.settle()
    assert len(course.door.platform.gradebook.list_columns("course-1")) == 8
    words = ruth.get("grades/").words
    assert "Sessions without a gradebook column" not in words
    again = ruth.post("grades/columns", page.form("grades/columns"), do="all")
    assert again.status == 409
    assert "Every session has its gradebook column already." in again.words
    assert ruth.post("grades/columns", page.form("grades/columns"), do="nothing").status == 400


@pytest.mark.parametrize("course", [*Manner], indirect=True)
def test_where_columns_may_not_be_made_the_page_says_what_to_do(course: Course) -> None:
    course.door.platform.faults.withhold_scopes(vocabulary.SCOPE_LINE_ITEM)
    remove_columns(course)
    course.ruth.launch()
    course.marisol.launch()
    course.submit_all()
    review_plan(course.ruth, KEY, "accept", overall="Good.")
    words = course.ruth.get("grades/").words
    assert "Add the session's link to the course as graded work and open it once." in words
    assert "Make the missing columns" not in words
    course.settle()
    assert course.columns == []


@pytest.mark.parametrize("course", [*Manner], indirect=True)
def test_a_score_follows_its_session_to_another_column(course: Course) -> None:
    course.ruth.launch()
    course.marisol.launch()
    course.submit_all()
    book = course.door.platform.gradebook
    (old,) = course.columns
    book.remove_column(old)
    new = book.add_column(replace(old, id=0, resource_link_id=None, made_by_tool=True))
    course.door.platform.column_owners.give(new, CLIENT_ID)
    review_plan(course.ruth, KEY, "accept", overall="Good.")
    course.settle()
    assert course.cell.value == 100
    assert sorted(course.list_deliveries()) == [("confirmed", None), ("needs_you", "column_gone")]
    assert "Nothing needs you." in course.ruth.get("grades/").words
    with course.door.store.reading() as session:
        gone = session.scalars(select(LineItem.is_gone).where(LineItem.module_key == KEY).order_by(LineItem.id)).all()
    assert gone == [True, False]


@pytest.mark.parametrize("course", [*Manner], indirect=True)
def test_every_column_of_a_course_is_known_after_a_facilitators_first_launch(course: Course) -> None:
    course.ruth.launch()
    course.door.deliver()
    with course.door.store.reading() as session:
        keys = session.scalars(select(LineItem.module_key)).all()
    assert len(keys) == len(set(keys)) == 8
    assert len(course.door.platform.gradebook.list_columns("course-1")) == 8, "none was made"
