"""The whole way of one plan, from its first word to the gradebook, with an LMS that has Canvas's or Moodle's manners.

What differs between the two is asked of the LMS's own gradebook: the number it shows, the comments it keeps, the
attempts it counts, and what becomes of a number a teacher wrote by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import select, update

from lti_tool.demo_lms.cells import Cell
from lti_tool.demo_lms.faults import Service
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.domain.scoring import Policy
from lti_tool.models import Cohort, Registration, ScoreDelivery
from lti_tool.services.delivery_leases import take_lease
from lti_tool.services.duties import DutyCall
from lti_tool.services.rosters import ROSTER_DUTY
from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, Page, Person, open_front_door
from tests.support.plans import address_of, find_worksheet, open_review, press, review_plan, submit_plan
from tests.support.work_scene import WORDS_IN_RANGE

DANA, MARISOL, RUTH, TESS = "101", "103", "201", "Tess Alderbrook"
KEY = "visioning"
FIRST_WORDS, LATER_WORDS = "Ask who will lead it.", "Now it says who leads it."
BETTER, BEST, CORRECTED = 3, 4, 2
"""The level of every criterion in the first accepting review, in its correction, and in the review of a new version."""


@dataclass
class Course:
    """One course with a librarian and her facilitator, and the LMS's own view of the cell between them."""

    door: FrontDoor
    manner: Manner
    marisol: Person
    ruth: Person

    @property
    def is_canvas(self) -> bool:
        """Whether the LMS has Canvas's manners."""
        return self.manner is Manner.CANVAS

    @property
    def column(self) -> Column:
        """Visioning's column."""
        (column,) = self.door.platform.gradebook.list_columns("course-1", resource_id=KEY)
        return column

    @property
    def cell(self) -> Cell:
        """What stands in Marisol's cell."""
        return self.door.platform.gradebook.find_cell(self.column, MARISOL)

    @property
    def delivery(self) -> ScoreDelivery:
        """Her one score."""
        with self.door.store.reading() as session:
            return session.scalars(select(ScoreDelivery)).one()

    def read_gradebook(self) -> str:
        """The page the LMS shows its teachers."""
        self.ruth.lms.post("/person", base_url=self.door.lms_url, data={"person": RUTH, "course": "course-1"})
        return self.ruth.lms.get("/courses/course-1/grades", base_url=self.door.lms_url).text

    def settle(self) -> None:
        """Let time pass and workers work until nothing is due for a while."""
        for _ in range(4):
            self.door.clock.advance(minutes=3)
            self.door.deliver()

    def count_scores(self) -> int:
        """How many numbers of the tool the LMS took for her."""
        history = self.door.platform.gradebook.list_history(self.column, MARISOL)
        return sum(grade.given is not None and not grade.is_by_hand for grade in history)


@pytest.fixture(params=[Manner.CANVAS, Manner.MOODLE])
def course(request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Course]:
    with open_front_door(database_url, tmp_path, clock, manner=request.param) as door:
        yield Course(door, request.param, door.person(MARISOL), door.person(RUTH))


def rate(level: int) -> dict[str, str]:
    """Every criterion of the plan at this level, as fields of the review form."""
    return {f"rating__{criterion.key}": str(level) for criterion in find_worksheet(KEY).rubric}


def write_reflections(person: Person) -> None:
    for key in ("a", "b"):
        address = f"modules/{KEY}/reflections/{key}"
        done = person.post(address, {**person.get(address).form(address), "a.text": WORDS_IN_RANGE}, do="submit")
        assert "Submitted" in done.words


def read_everything(person: Person) -> None:
    for number in (1, 2, 3):
        address = f"modules/{KEY}/readings/r{number}"
        page = person.get(address)
        radios = {radio.get("name") or "" for radio in page.tree.iter("input") if radio.get("type") == "radio"}
        tried = person.post(address, {**page.form(address), **dict.fromkeys(radios, "not_sure")}, do="check")
        person.post(address, {**tried.form(address), **dict.fromkeys(radios, "not_sure")}, do="read")


def correct_review(reviewer: Person, level: int) -> None:
    """Open the released review again, rate anew, release."""
    queue = reviewer.get("reviews/")
    address = next(
        form.get("action", "")
        for form in queue.tree.iter("form")
        if any(button.get("value") == "correct" for button in form.iter("button"))
    )
    page = reviewer.post(address, queue.form(address), do="correct")
    around = Element("body")
    around.extend(form for form in page.tree.iter("form") if form.get("id") == "review")
    fields = Page(page.response, around, page.address).form()
    written = {name.replace("__", "."): text for name, text in rate(level).items()}
    preview = reviewer.post(page.address, {**fields, **written}, do="preview")
    release = f"{page.address}/release"
    done = reviewer.post(release, {**preview.form(release), "decision": "accept"})
    assert "Accepted" in done.words, done.words[:600]


def decide(course: Course, choice: str) -> None:
    """Press "Send our number" or "Keep the gradebook's number"."""
    address = f"grades/{course.delivery.id}/retry"
    page = course.ruth.post(address, course.ruth.get("grades/").form(address), do=choice)
    assert page.status == 200


def show_points(door: FrontDoor) -> None:
    """Let the column show points, so that the numbers tell the reviews apart."""
    with door.store.writing() as session:
        session.execute(update(Cohort).values(policy=Policy.POINTS))


def read_rosters(door: FrontDoor) -> None:
    """What a worker does for the list of people."""
    assert take_lease(door.store, 1, owner="worker", now=door.clock())
    call = DutyCall(
        store=door.store,
        services=door.tool.services,
        registration_id=1,
        owner="worker",
        clock=door.clock,
        chance=lambda: 1.0,
        should_stop=lambda: False,
    )
    ROSTER_DUTY.serve(call)


def find_score(page: Page) -> str:
    """The number the tool says the gradebook has."""
    return page.words.split("In the gradebook: ", 1)[1].split(" of 100", 1)[0]


def test_the_whole_way_of_a_plan(course: Course) -> None:
    door, marisol, ruth = course.door, course.marisol, course.ruth
    with door.store.reading() as session:
        assert session.scalars(select(Registration.family)).all() == [course.manner.value]

    # The facilitator comes first, and sees everybody on the LMS's list.
    ruth.launch()
    show_points(door)
    door.clock.advance(minutes=1)
    read_rosters(door)
    people = ruth.get("people/").words
    assert TESS in people
    assert "Marisol Ortega" in people

    # The librarian works and hands in.
    assert marisol.launch().status == 200
    read_everything(marisol)
    write_reflections(marisol)
    submit_plan(marisol, KEY)
    assert "Marisol Ortega" in ruth.get("reviews/").words

    # It comes back. Nothing in the gradebook can be read as a grade, and no attempt is used.
    review_plan(ruth, KEY, "return", overall=FIRST_WORDS, comment__mission_statement="Say it in one sentence.")
    course.settle()
    assert course.cell.value is None
    assert course.cell.attempts == 0
    assert "sent back" in marisol.get(f"modules/{KEY}").words.lower()

    # She hands in again and it is accepted while the LMS is throttling, then away.
    door.clock.advance(hours=2)
    submit_plan(marisol, KEY)
    finished_at = door.clock.now()
    door.clock.advance(hours=1)
    review_plan(ruth, KEY, "accept", overall=LATER_WORDS, **rate(BETTER))
    door.platform.faults.throttle(1, only=Service.SCORES)
    door.deliver()
    assert course.delivery.reason == "throttled"
    assert course.cell.value is None
    door.platform.faults.be_down(9)
    door.clock.advance(minutes=1)
    door.deliver()
    assert course.delivery.reason == "platform_down"
    door.platform.faults.clear()
    course.settle()
    first = course.cell.value
    assert first is not None
    assert (course.delivery.state, course.delivery.confirmed_score) == ("confirmed", f"{first:g}")
    assert find_score(marisol.get(f"modules/{KEY}")) == f"{first:g}"
    assert f"{first:g}" in course.read_gradebook()
    assert course.count_scores() == 1, "what was refused or never answered was not taken"
    assert course.cell.comments[-1:] != ()
    if course.is_canvas:
        assert course.cell.attempts == 1
        assert course.cell.work is not None
        assert course.cell.work.submitted_at == finished_at, "she finished before the review, not when it was sent"

    # A correction changes the number and says nothing twice; it is no new attempt.
    comments = course.cell.comments
    door.clock.advance(hours=1)
    correct_review(ruth, BEST)
    course.settle()
    second = course.cell.value
    assert second is not None
    assert second > first
    assert course.delivery.confirmed_score == f"{second:g}"
    assert [comment for comment in course.cell.comments if comment in comments] == list(comments), "each stands once"
    if course.is_canvas:
        assert course.cell.attempts == 1
        assert course.cell.work is not None
        assert course.cell.work.submitted_at == finished_at
    assert course.count_scores() == 2

    # A teacher writes another number by hand: it is seen, and it stays.
    door.clock.advance(hours=1)
    door.platform.gradebook.override_grade(course.column, MARISOL, 77, door.clock.now())
    door.clock.advance(minutes=1)
    correct_review(ruth, CORRECTED)
    course.settle()
    assert course.cell.value == 77
    assert (course.delivery.state, course.delivery.reason) == ("needs_you", "changed_in_gradebook")
    assert "77" in ruth.get("grades/").words
    decide(course, "retry")
    course.settle()
    if course.is_canvas:
        # She saw the number and wants ours. It is no new attempt, and nothing is said again.
        assert (course.cell.value, course.cell.attempts) == (85, 1)
        assert (course.delivery.state, course.delivery.confirmed_score) == ("confirmed", "85")
        assert len(course.cell.comments) == len(set(course.cell.comments))
    else:
        # On Moodle a number that was overridden by hand stays, whatever is sent (measured).
        assert (course.delivery.state, course.delivery.reason) == ("needs_you", "changed_in_gradebook")
        decide(course, "keep")
        course.settle()
        assert (course.cell.value, course.delivery.state) == (77, "confirmed")


def test_a_new_version_is_a_new_attempt_where_attempts_are_counted(course: Course) -> None:
    door, marisol, ruth = course.door, course.marisol, course.ruth
    ruth.launch()
    marisol.launch()
    write_reflections(marisol)
    submit_plan(marisol, KEY)
    review_plan(ruth, KEY, "accept", overall=FIRST_WORDS)
    course.settle()
    assert course.cell.value == 100
    door.clock.advance(hours=2)
    press(marisol, KEY, "reopen")
    submit_plan(marisol, KEY)
    again_at = door.clock.now()
    door.clock.advance(hours=1)
    review_plan(ruth, KEY, "accept", overall=LATER_WORDS)
    course.settle()
    assert course.cell.value == 100
    assert course.delivery.state == "confirmed"
    if course.is_canvas:
        assert course.cell.attempts == 2
        assert course.cell.work is not None
        assert course.cell.work.submitted_at == again_at
        assert len(course.cell.comments) == len(set(course.cell.comments))


def test_a_lost_answer_is_looked_up_and_nothing_is_said_twice(course: Course) -> None:
    door, marisol, ruth = course.door, course.marisol, course.ruth
    ruth.launch()
    marisol.launch()
    write_reflections(marisol)
    submit_plan(marisol, KEY)
    review_plan(ruth, KEY, "accept", overall=FIRST_WORDS)
    door.platform.faults.lose_answers(1, only=Service.SCORES)
    course.settle()
    assert course.delivery.state == "confirmed"
    assert course.count_scores() == 1
    assert len(course.cell.comments) == len(set(course.cell.comments))
    assert open_review(ruth, KEY).status == 200
    assert marisol.get(address_of(KEY)).status == 200
