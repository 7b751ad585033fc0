"""The page of people: who is what, who was here, how far each plan is, and no word of anybody's work."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.domain.roles import RosterStatus, Standing
from lti_tool.lti.values import PersonClaim
from lti_tool.models import Context, RosterEntry, Store, Submission, User
from lti_tool.services.people import PlanState
from tests.support.arrivals import INSTRUCTOR, LEARNER
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.roster_office import URL, Office, list_member


@pytest.fixture
def office(store: Store, clock: Clock, make: Factory, tmp_path: Path) -> Office:
    return Office.open(store, clock, make, tmp_path)


def test_the_page_knows_who_is_what(office: Office, clock: Clock) -> None:
    office.arrive("ruth")
    office.arrive("tutor")
    for sub in ("dana", "left", "early"):
        office.arrive(sub, LEARNER)
    office.arrive("mentor", "Mentor")
    clock.advance(timedelta(minutes=1))
    office.read(
        list_member("ruth", "Ruth", INSTRUCTOR),
        list_member("tutor", "Tutor"),  # Moodle's non-editing teacher is Learner on the list (D12)
        list_member("dana", "Dana"),
        list_member("left", "Left"),
        list_member("new", "Abe"),
        list_member("off", "Off", status="Inactive"),
    )
    clock.advance(timedelta(minutes=1))
    office.read(
        list_member("ruth", "Ruth", INSTRUCTOR),
        list_member("tutor", "Tutor"),
        list_member("dana", "Dana"),
        list_member("new", "Abe"),
        list_member("off", "Off", status="Inactive"),
    )
    page = office.show_page()
    assert [(row.label, row.last_opened_at is None) for row in page.librarians] == [("Abe", True), ("Dana", False)]
    assert [row.label for row in page.facilitators] == ["Ruth", "Tutor"]
    assert {row.label: (row.standing, row.status) for row in page.away} == {
        "Left": (Standing.PARTICIPANT, RosterStatus.GONE),
        "Off": (Standing.PARTICIPANT, RosterStatus.INACTIVE),
        "Early": (Standing.PARTICIPANT, RosterStatus.GONE),
    }
    assert [row.standing for row in page.others] == [Standing.VISITOR]
    clock.advance(timedelta(hours=2))
    office.arrive("left", LEARNER)
    assert "Left" in [row.label for row in office.show_page().librarians], "she is back before the list says so"


def test_a_test_student_is_practice_whatever_the_list_calls_her(office: Office, make: Factory, clock: Clock) -> None:
    context_id = office.arrive()
    with office.store.reading() as session:
        context = session.get_one(Context, context_id)
    make.membership(make.user(office.registration, sub="try", name="Try"), context, standing=Standing.PRACTICE)
    clock.advance(timedelta(minutes=1))
    office.read(list_member("try", "Try"))
    assert [row.label for row in office.show_page().others] == ["Try"]


def test_plans_are_counted_by_how_far_they_are(office: Office, make: Factory, clock: Clock) -> None:
    office.arrive("ruth")
    arrivals = {sub: office.doorstep.arrive(sub, memberships_url=URL) for sub in ("a", "b", "c", "d", "e")}
    states = {"a": "submitted", "b": "returned", "c": "draft", "d": "draft"}
    for sub, state in states.items():
        version = 0 if sub == "d" else 1
        with office.store.writing() as session:
            session.add(
                Submission(
                    cohort_id=arrivals[sub].cohort_id,
                    user_id=arrivals[sub].user_id,
                    module_key="visioning",
                    activity_key="plan",
                    kind="worksheet",
                    state="draft" if state == "returned" else state,
                    draft={"secret": "words"},
                    draft_version=version,
                    draft_saved_at=clock(),
                    submitted_at=clock() if state == "submitted" else None,
                    revision_count=int(state == "submitted"),
                    created_at=clock(),
                )
            )
    office.read(*(list_member(sub, sub.upper()) for sub in ("a", "b", "c", "d", "e", "f")))
    page = office.show_page()
    visioning = page.sessions[0]
    assert (visioning.module_key, visioning.number) == ("visioning", 1)
    assert visioning.counts == {
        PlanState.NOT_BEGUN: 3,
        PlanState.WRITING: 2,
        PlanState.WAITING: 1,
        PlanState.RETURNED: 0,
        PlanState.ACCEPTED: 0,
    }
    assert {row.label: row.plans[0].state for row in page.librarians} == {
        "A": "waiting",
        "B": "writing",
        "C": "writing",
        "D": "not_begun",
        "E": "not_begun",
        "F": "not_begun",
    }
    assert page.librarians[2].saved_at == clock()
    assert "words" not in repr(page)


def test_another_courses_people_are_not_shown(office: Office, make: Factory) -> None:
    office.arrive()
    make.roster_entry(make.context(), name="Stranger")
    assert "Stranger" not in repr(office.show_page())


def test_nobody_needs_a_name(office: Office, clock: Clock) -> None:
    unnamed = PersonClaim()
    office.arrive("ruth", person=unnamed)
    office.arrive("dana", LEARNER, person=unnamed)
    clock.advance(timedelta(minutes=1))
    office.read(list_member("dana"), list_member("new"), list_member("abe", "Abe"))
    page = office.show_page()
    with office.store.reading() as session:
        ids = {user.sub: user.id for user in session.scalars(select(User))}
        new = session.scalars(select(RosterEntry.id).where(RosterEntry.sub == "new")).one()
    assert [row.label for row in page.librarians] == ["Abe", f"Librarian {ids['dana']}", f"Person {new}"]
    assert [row.label for row in page.facilitators] == [f"Facilitator {ids['ruth']}"]


def test_plans_of_another_run_of_the_series_are_not_shown(office: Office, make: Factory) -> None:
    context_id = office.arrive()
    dana = office.doorstep.arrive("dana", memberships_url=URL)
    with office.store.reading() as session:
        context, user = session.get_one(Context, context_id), session.get_one(User, dana.user_id)
    last_year = make.enrolment(user, make.cohort(context))
    make.submission(last_year, activity_key="plan", state="submitted", submitted_at=office.clock())
    (row,) = office.show_page().librarians
    assert not row.has_begun
