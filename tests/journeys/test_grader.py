"""Opening somebody's work from the LMS's grader: Moodle's submission review, Canvas's SpeedGrader, and who may not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.demo_lms.manners import Manner
from lti_tool.lti import vocabulary
from lti_tool.models import Submission
from tests.support.clock import Clock
from tests.support.fake_tool import read_form
from tests.support.forging import ABSENT, send_forged
from tests.support.front_door import TOOL, FrontDoor, Page, Person, open_front_door
from tests.support.plans import address_of, save_plan, submit_plan

DANA, PRIYA, RUTH, LEE, SAM = "101", "102", "201", "301", "401"
KEY = "visioning"


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock, manner=Manner.MOODLE) as opened:
        yield opened


@pytest.fixture
def dana(door: FrontDoor) -> Person:
    """Dana, who has handed in her plan."""
    person = door.person(DANA)
    person.launch()
    submit_plan(person, KEY)
    return person


def find_plan(door: FrontDoor) -> int:
    """Dana's plan: the first that was begun."""
    statement = select(Submission.id).where(Submission.activity_key == "plan").order_by(Submission.id).limit(1)
    with door.store.reading() as session:
        return session.scalars(statement).one()


def open_in_grader(person: Person, query: str = "") -> Page:
    """Click what the LMS's gradebook shows beside a cell, or (without a person) at the head of the column."""
    door = person.door
    (column,) = door.platform.gradebook.list_columns("course-1", resource_id=KEY)
    return open_place(person, f"/launch/course-1/review/{column.id}{query}")


def open_place(person: Person, address: str) -> Page:
    """Click a link of the LMS and follow the whole way to the first page."""
    person.lms.post("/person", base_url=person.door.lms_url, data={"person": person.sub, "course": "course-1"})
    page = person.lms.get(address, base_url=person.door.lms_url)
    assert page.status_code == 200, page.text
    _, fields = read_form(page.text)
    return person.follow(person.post_launch(person.authorize(fields)))


def place_of(page: Page) -> str:
    """Where a page lies in its session."""
    return page.address.split("/", 3)[3] if page.address.startswith("/s/") else page.address


def make_review(**for_user: object) -> dict[str, object]:
    """Claims of a submission review."""
    return {
        vocabulary.CLAIM_MESSAGE_TYPE: vocabulary.MESSAGE_SUBMISSION_REVIEW,
        vocabulary.CLAIM_FOR_USER: for_user or ABSENT,
    }


@pytest.mark.parametrize("manner", [Manner.MOODLE, Manner.STRICT])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_grader_opens_the_work_of_the_person_it_shows(
    database_url: str, tmp_path: Path, clock: Clock, manner: Manner
) -> None:
    with open_front_door(database_url, tmp_path, clock, manner=manner) as door:
        dana = door.person(DANA)
        dana.launch()
        submit_plan(dana, KEY)
        page = open_in_grader(door.person(RUTH), f"?for={DANA}")
        assert (page.status, place_of(page)) == (200, f"reviews/{find_plan(door)}")
        assert "Dana Whitfield: Mission Plan" in page.words


def test_the_head_of_a_column_names_nobody_and_opens_the_queue(door: FrontDoor, dana: Person) -> None:
    page = open_in_grader(door.person(RUTH))
    assert (page.status, place_of(page)) == (200, "reviews/")
    assert "1 plan waits for you" in page.words


def test_a_person_who_has_not_begun_opens_the_queue(door: FrontDoor, dana: Person) -> None:
    assert place_of(open_in_grader(door.person(RUTH), f"?for={PRIYA}")) == "reviews/"


@pytest.mark.parametrize(
    "for_user", [{}, {"user_id": ""}, {"user_id": None}, {"user_id": 7}, {"name": "Dana"}], ids=str
)
def test_odd_words_about_the_person_open_the_queue_or_are_refused(
    door: FrontDoor, dana: Person, for_user: dict[str, object]
) -> None:
    page = send_forged(door.person(RUTH), make_review() | {vocabulary.CLAIM_FOR_USER: for_user})
    assert (page.status == 200 and place_of(page) == "reviews/") or (page.status == 400 and page.error_code)


def test_a_learner_opens_her_own_work_whoever_is_named(door: FrontDoor, dana: Person) -> None:
    own = open_in_grader(dana, f"?for={DANA}")
    assert (own.status, place_of(own)) == (200, address_of(KEY))
    priya = door.person(PRIYA)
    for named in ({"user_id": DANA}, {"user_id": PRIYA}, {}):
        page = send_forged(priya, make_review(**named))
        assert (page.status, place_of(page)) == (200, address_of(KEY))
        assert "Dana" not in page.words


@pytest.mark.parametrize("sub", [SAM, LEE])
def test_visitors_and_administrators_get_an_ordinary_page(
    database_url: str, tmp_path: Path, clock: Clock, sub: str
) -> None:
    with open_front_door(database_url, tmp_path, clock) as door:
        dana, stranger = door.person(DANA), door.person(sub)
        dana.launch()
        submit_plan(dana, KEY)
        page = send_forged(stranger, make_review(user_id=DANA))
        assert (page.status, place_of(page)) == (200, f"modules/{KEY}")
        assert "Dana" not in page.words
        assert stranger.get(f"reviews/{find_plan(door)}").status == 403


# Canvas: the address that went with the score.


@pytest.fixture
def canvas(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock, manner=Manner.CANVAS) as opened:
        dana = opened.person(DANA)
        dana.launch()
        submit_plan(dana, KEY)
        yield opened


def open_target(person: Person, work: object, course: str = "course-1") -> Page:
    """Open an address of ours from a course, as a grader does with the one that went with a score."""
    return open_place(person, f"/launch/{course}/{KEY}?url={TOOL}/lti/launch%3Fwork={work}")


def test_speedgrader_opens_the_work_its_address_names(canvas: FrontDoor) -> None:
    page = open_target(canvas.person(RUTH), find_plan(canvas))
    assert (page.status, place_of(page)) == (200, f"reviews/{find_plan(canvas)}")
    assert "Dana Whitfield: Mission Plan" in page.words


def test_her_own_address_leads_a_learner_to_her_plan_and_anothers_to_her_own(canvas: FrontDoor) -> None:
    for sub in (DANA, PRIYA):
        page = open_target(canvas.person(sub), find_plan(canvas))
        assert (page.status, place_of(page)) == (200, address_of(KEY))
    priya = canvas.person(PRIYA)
    priya.launch()
    save_plan(priya, KEY, {"campus_name": "Priya's own campus"})
    assert "Priya&#39;s own campus" in open_target(priya, find_plan(canvas)).response.text


def test_work_of_another_course_is_never_opened(canvas: FrontDoor) -> None:
    page = open_target(canvas.person(RUTH), find_plan(canvas), course="course-2")
    assert (page.status, place_of(page)) == (200, "reviews/")
    assert "Dana" not in page.words


@pytest.mark.parametrize("work", ["0", "-1", "x", "99999999999999", "1%2527", "4294967296", ""])
def test_an_odd_address_opens_the_queue_or_an_ordinary_page(canvas: FrontDoor, work: str) -> None:
    page = open_target(canvas.person(RUTH), work)
    assert page.status == 200
    assert place_of(page) in {"reviews/", f"modules/{KEY}"}
