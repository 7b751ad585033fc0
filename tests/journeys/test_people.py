"""The page of people through the front door: the LMS's list arrives, is refreshed, fails, and says so in words."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.manners import Manner
from lti_tool.lti import vocabulary
from lti_tool.models import Registration, Roster, RosterEntry, User
from lti_tool.services.delivery_leases import take_lease
from lti_tool.services.duties import DutyCall, DutyDone
from lti_tool.services.rosters import ROSTER_DUTY, RosterProblem
from lti_tool.web.guards import make_csrf_token
from lti_tool.web.people import PROBLEMS
from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, Page

RUTH, DANA, PRIYA, TESS = "201", "101", "102", "104"
ASKING = "We are asking your LMS. Look again in a few seconds."


def read_rosters(door: FrontDoor) -> DutyDone:
    """What a worker does for the list."""
    take_lease(door.store, 1, owner="worker", now=door.clock())
    return ROSTER_DUTY.serve(
        DutyCall(
            store=door.store,
            services=door.tool.services,
            registration_id=1,
            owner="worker",
            clock=door.clock,
            chance=lambda: 1.0,
            should_stop=lambda: False,
        )
    )


def list_people(page: Page, heading: str) -> list[str]:
    """The words of each person under a heading."""
    for section in page.tree.iter("section"):
        if section.get("aria-labelledby") == heading:
            return [
                " ".join("".join(item.itertext()).split())
                for item in section.iter("li")
                if item.get("class") == "people__entry"
            ]
    return []


def have_manners(door: FrontDoor, manner: Manner) -> None:
    door.platform.settings = replace(door.platform.settings, manner=manner)
    with door.store.writing() as session:
        session.execute(update(Registration).values(family="other" if manner is Manner.STRICT else manner))


@pytest.mark.parametrize("manner", list(Manner))
def test_everybody_of_the_course_is_on_the_page(door: FrontDoor, clock: Clock, manner: Manner) -> None:
    have_manners(door, manner)
    door.person(DANA).launch()
    ruth = door.person(RUTH)
    first = ruth.launch()
    assert any(link.get("href", "").endswith("/people/") for link in first.tree.iter("a"))
    page = ruth.get("people/")
    assert "We are asking your LMS now." in page.words
    assert [words.split(" Last")[0] for words in list_people(page, "librarians")] == ["Dana Whitfield"]
    clock.advance(timedelta(minutes=1))
    assert read_rosters(door).done == 1
    page = ruth.get("people/")
    assert "4 librarians, 3 of them have not opened the tool yet." in page.words
    names = [words.split(" ")[0] for words in list_people(page, "librarians")]
    assert names == ["Dana", "Marisol", "Priya", "Tess"]
    assert "Has not opened it yet" in list_people(page, "librarians")[3]
    assert [words.split(" Last")[0] for words in list_people(page, "facilitators")] == ["Ruth Okafor"]
    with door.store.reading() as session:
        assert set(session.scalars(select(User.sub))) == {DANA, RUTH}, "who never came has no user row"
    door.platform.enrolments.change("course-1", TESS, EnrolmentState.UNENROLLED)
    door.platform.enrolments.change("course-1", PRIYA, EnrolmentState.SUSPENDED)
    asked = ruth.post("people/", page.form("/people/"))
    assert ASKING in asked.words
    assert read_rosters(door).done == 1
    page = ruth.get("people/")
    marks = {words.split(" ")[0]: words for words in list_people(page, "away")}
    assert marks.keys() == {"Priya", "Tess"}
    assert "Left the course" in marks["Tess"]
    assert ("Left the course" if manner is Manner.MOODLE else "Not active in the course") in marks["Priya"]
    assert len(list_people(page, "librarians")) == 2


@pytest.mark.parametrize("manner", [Manner.CANVAS, Manner.MOODLE])
def test_a_course_of_126_people(door: FrontDoor, clock: Clock, manner: Manner) -> None:
    have_manners(door, manner)
    ruth = door.person(RUTH)
    ruth.launch(course="course-big")
    clock.advance(timedelta(minutes=1))
    assert read_rosters(door).done == 1
    page = ruth.get("people/")
    assert len(list_people(page, "librarians")) == 125
    assert "125 librarians" in page.words


def test_without_names_it_is_still_a_page_of_people(door: FrontDoor) -> None:
    door.platform.settings = replace(door.platform.settings, names_hidden=True)
    ruth = door.person(RUTH)
    ruth.launch()
    assert read_rosters(door).done == 1
    page = ruth.get("people/")
    people = list_people(page, "librarians")
    assert len(people) == 4
    assert all(words.startswith("Person ") for words in people)


def test_a_plan_shows_how_far_it_is_and_none_of_its_words(door: FrontDoor) -> None:
    dana = door.person(DANA)
    dana.launch()
    form = dana.get("modules/visioning/plan").form("/plan")
    dana.post("modules/visioning/plan", form | {"a.campus_name": "Zanzibar Middle"}, do="save")
    ruth = door.person(RUTH)
    ruth.launch()
    page = ruth.get("people/")
    (words,) = list_people(page, "librarians")
    assert "Visioning: Writing" in words
    assert "Relationships: Not begun" in words
    assert "Writing, last saved Mar 4" in words
    assert "Zanzibar" not in page.response.text


def test_no_list_is_offered(door: FrontDoor) -> None:
    door.platform.faults.withhold_scopes(vocabulary.SCOPE_MEMBERSHIP_READONLY)
    ruth = door.person(RUTH)
    ruth.launch()
    page = ruth.get("people/")
    assert "We know only people who have opened a session." in page.words
    assert "Look for new people now" not in page.words
    refused = ruth.post("people/", {"csrf_token": make_csrf_token(door.tool, ruth.session_id)})
    assert (refused.status, refused.error_code) == (409, "not_possible_now")


def test_when_the_lms_is_down_the_list_stays_and_the_page_says_so(door: FrontDoor, clock: Clock) -> None:
    ruth = door.person(RUTH)
    ruth.launch()
    assert read_rosters(door).done == 1
    page = ruth.get("people/")
    door.platform.faults.be_down(60)
    ruth.post("people/", page.form("/people/"))
    clock.advance(timedelta(seconds=1))
    assert read_rosters(door).put_off == 1
    page = ruth.get("people/")
    assert "Your LMS did not answer" in page.words
    assert "We ask again by ourselves." in page.words
    assert "The next try is at 2:14 pm." in page.words
    assert len(list_people(page, "librarians")) == 4


def test_when_the_permission_is_taken_away_the_page_says_what_to_do(door: FrontDoor, clock: Clock) -> None:
    ruth = door.person(RUTH)
    ruth.launch()
    door.platform.faults.withhold_scopes(vocabulary.SCOPE_MEMBERSHIP_READONLY)
    assert read_rosters(door).needs_you == 1
    page = ruth.get("people/")
    assert "Your LMS does not let the tool see who is in this course." in page.words
    assert "Ask whoever set the tool up" in page.words
    assert len(list_people(page, "facilitators")) == 1


def test_every_problem_has_its_own_words(door: FrontDoor) -> None:
    assert PROBLEMS.keys() == set(RosterProblem)
    ruth = door.person(RUTH)
    ruth.launch()
    for problem, (what, then) in PROBLEMS.items():
        with door.store.writing() as session:
            session.execute(update(Roster).values(problem=problem, wanted_at=None))
        words = ruth.get("people/").words
        assert what in words
        assert then in words


def test_it_is_a_page_for_facilitators(door: FrontDoor) -> None:
    for sub in (DANA, "401", "301"):
        person = door.person(sub)
        person.launch()
        assert person.get("people/").status == 403
        assert person.send("people/", {"csrf_token": "guess"}).status_code == 403
    ruth = door.person(RUTH)
    ruth.launch()
    assert ruth.post("people/", {"csrf_token": "guess"}).error_code == "form_not_ours"
    with door.store.reading() as session:
        assert session.scalars(select(RosterEntry)).all() == []
