"""Keeping the list of people: who asks for it when, what a reading changes, and what a failure leaves as it was."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_tool.demo_lms.courses import BIG_COURSE
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.faults import Faults, Service, Spoiling
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import CROWD
from lti_tool.domain.roles import Standing
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer, HttpClient
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.models import AuditFact, Cohort, Deployment, Roster, RosterEntry, Store, User
from lti_tool.services.delivery_leases import LeaseLostError, take_lease
from lti_tool.services.duties import DutyCall, DutyDone
from lti_tool.services.errors import NotAllowedError, NotFoundError, NotNowError
from lti_tool.services.rosters import MOST_AT_ONCE, ROSTER_DUTY, RosterProblem, ask_for_roster
from tests.support.arrivals import INSTRUCTOR, LEARNER
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import make_visit
from tests.support.roster_office import URL, Answer, Office, list_member
from tests.support.running_lms import RunningLms
from tests.support.waiting import find_free_port
from tests.unit.lti.doubles import Asked, answer_json


@pytest.fixture
def office(store: Store, clock: Clock, make: Factory, tmp_path: Path) -> Office:
    return Office.open(store, clock, make, tmp_path)


# When it is asked for


def test_a_facilitators_launch_asks_for_a_list_older_than_an_hour(office: Office, clock: Clock) -> None:
    office.arrive()
    assert office.list_due() == [(office.registration.id, clock())]
    assert office.work() == DutyDone(done=1)
    assert office.list_due() == []
    clock.advance(timedelta(minutes=59))
    office.arrive()
    assert office.list_due() == []
    clock.advance(timedelta(minutes=1))
    office.arrive()
    assert len(office.list_due()) == 1


def test_a_librarians_launch_says_where_the_list_is_and_asks_for_nothing(office: Office) -> None:
    office.arrive("dana", LEARNER)
    assert (office.find_roster().url, office.find_roster().wanted_at) == (URL, None)
    office.arrive("dana", LEARNER, memberships_url=f"{URL}?moved")
    assert (office.find_roster().url, office.find_roster().wanted_at) == (f"{URL}?moved", None)
    office.arrive("dana", LEARNER, memberships_url=None)
    assert office.find_roster().url == f"{URL}?moved"


def test_a_course_without_a_list_has_no_row(office: Office) -> None:
    office.arrive(memberships_url=None)
    with office.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Roster)) == 0
    assert office.show_page().roster is None


def test_people_coming_do_not_hurry_a_platform_that_is_down(office: Office, clock: Clock) -> None:
    office.arrive()
    office.answer = lambda _: PlatformUnreachable(Unreachability.TIMEOUT, "slow")
    office.work()
    retry_at = clock() + timedelta(seconds=2)
    assert office.find_roster().wanted_at == retry_at
    office.arrive("omar")
    assert office.find_roster().wanted_at == retry_at


def test_a_person_asks_for_it(office: Office, clock: Clock) -> None:
    context_id = office.arrive()
    office.work()
    with office.store.reading() as session:
        ruth, cohort = session.scalars(select(User)).one(), session.scalars(select(Cohort)).one()
    visit = make_visit(ruth, context_id, cohort)
    ask_for_roster(office.store, visit, now=clock())
    view = office.show_page().roster
    assert view is not None
    assert (view.is_asked_for, view.retry_at, view.read_at, view.problem) == (True, None, clock(), None)
    assert office.work() == DutyDone(done=1)
    with office.store.reading() as session:
        facts = session.scalars(select(AuditFact).order_by(AuditFact.id)).all()
    facts = [fact for fact in facts if "roster" in fact.verb]
    assert [(fact.verb, fact.actor_id, fact.context_id) for fact in facts] == [
        ("read_roster", None, context_id),
        ("asked_for_roster", ruth.id, context_id),
        ("read_roster", None, context_id),
    ]
    for standing, context, error in (
        (Standing.PARTICIPANT, context_id, NotAllowedError),
        (Standing.STAFF, None, NotFoundError),
        (Standing.STAFF, context_id + 1, NotNowError),
    ):
        with pytest.raises(error):
            ask_for_roster(office.store, replace(visit, standing=standing, context_id=context), now=clock())


def test_a_wish_that_came_while_it_was_read_is_kept(office: Office, clock: Clock) -> None:
    office.arrive()

    def be_asked_meanwhile(_: Asked) -> HttpAnswer:
        clock.advance(timedelta(seconds=1))
        with office.store.writing() as session:
            session.scalars(select(Roster)).one().wanted_at = clock() + timedelta(minutes=1)
        return answer_json({"members": [list_member("1")]})

    office.answer = be_asked_meanwhile
    assert office.work() == DutyDone(done=1)
    assert office.find_roster().wanted_at == clock() + timedelta(minutes=1)


# What a reading changes


def test_the_list_replaces_what_is_known(office: Office, clock: Clock) -> None:
    office.arrive()
    office.read(
        list_member("1", "Ana"),
        list_member("2", "Bo"),
        list_member("3", "Cy", INSTRUCTOR),
        list_member("4", "Di", status="Inactive"),
    )
    first = clock()
    assert office.list_entries() == {
        "1": ("Ana", "participant", "active"),
        "2": ("Bo", "participant", "active"),
        "3": ("Cy", "staff", "active"),
        "4": ("Di", "participant", "inactive"),
    }
    clock.advance(timedelta(hours=2))
    office.read(
        list_member("1", "Ana Inventon"),
        list_member("2", "Bo", "Mentor"),
        list_member("5"),
        list_member("6", status="Deleted"),
    )
    assert office.list_entries() == {
        "1": ("Ana Inventon", "participant", "active"),
        "2": ("Bo", "visitor", "active"),
        "3": ("Cy", "staff", "gone"),
        "4": ("Di", "participant", "gone"),
        "5": (None, "participant", "active"),
    }
    with office.store.reading() as session:
        facts = session.scalars(select(AuditFact).where(AuditFact.verb == "read_roster").order_by(AuditFact.id)).all()
        entry = session.scalars(select(RosterEntry).where(RosterEntry.sub == "1")).one()
        assert session.scalar(select(func.count()).select_from(User)) == 1, "who never came has no user row"
    assert facts[-1].facts == {"listed": 3, "added": 1, "inactive": 0, "gone": 2}
    assert (entry.first_listed_at, entry.last_listed_at) == (first, clock())
    roster = office.find_roster()
    assert (roster.read_at, roster.wanted_at, roster.problem) == (clock(), None, None)
    office.read(list_member("4", "Di"))
    assert office.list_entries()["4"] == ("Di", "participant", "active"), "who comes back is back"


def test_a_list_without_names_keeps_none_and_a_launchs_name_stays(office: Office) -> None:
    office.arrive()
    office.read(list_member("dana", "Dana"), list_member("2", "Bo"))
    office.arrive("dana", LEARNER, person=replace(office.doorstep.make_message("dana").person, name="Dana Reyes"))
    office.read(list_member("dana"), list_member("2"))
    assert [name for name, _, _ in office.list_entries().values()] == [None, None]
    labels = [row.label for row in office.show_page().librarians]
    assert labels[0] == "Dana Reyes"
    assert labels[1].startswith("Person ")


def test_an_empty_list_is_what_it_says(office: Office) -> None:
    office.arrive()
    office.read(list_member("1", "Ana"))
    assert office.read() == DutyDone(done=1)
    assert office.list_entries() == {"1": ("Ana", "participant", "gone")}


FAILURES: list[tuple[Answer, RosterProblem, bool]] = [
    (HttpAnswer(200, {}, b"<html>"), RosterProblem.PLATFORM_DOWN, True),
    (HttpAnswer(200, {}, b'{"members": [{"us'), RosterProblem.PLATFORM_DOWN, True),
    (PlatformUnreachable(Unreachability.TOO_LARGE, "huge"), RosterProblem.PLATFORM_DOWN, True),
    (HttpAnswer(429, {}, b""), RosterProblem.THROTTLED, True),
    (answer_json({}, 403), RosterProblem.NO_PERMISSION, False),
    (answer_json({}, 404), RosterProblem.NOT_THERE, False),
    (answer_json({"members": {}}), RosterProblem.REFUSED, False),
    (HttpAnswer(302, {"Location": URL}, b""), RosterProblem.REFUSED, False),
]


@pytest.mark.parametrize(("answer", "problem", "heals"), FAILURES, ids=[str(case[1]) for case in FAILURES])
def test_a_failed_reading_changes_nothing_but_its_own_state(
    office: Office, clock: Clock, answer: Answer, problem: RosterProblem, heals: bool
) -> None:
    office.arrive()
    office.read(list_member("1", "Ana"), list_member("2", "Bo"))
    read_at, before = clock(), office.list_entries()
    clock.advance(timedelta(hours=3))
    office.arrive()

    def answer_in_two_pages(asked: Asked) -> Answer:
        if asked.url.endswith("?2"):
            return answer
        return answer_json({"members": [list_member("9", "New")]}, headers={"Link": f'<{URL}?2>; rel="next"'})

    office.answer = answer_in_two_pages
    result = office.work()
    roster = office.find_roster()
    assert office.list_entries() == before
    assert (roster.read_at, roster.tried_at, roster.failures, roster.problem) == (read_at, clock(), 1, problem)
    assert (result.done, result.put_off, result.needs_you) == (0, int(heals), int(not heals))
    assert roster.wanted_at == (clock() + timedelta(seconds=2) if heals else None)
    is_throttled = problem is RosterProblem.THROTTLED
    assert result.pause_until == (clock() + timedelta(seconds=2) if is_throttled else None)
    clock.advance(timedelta(seconds=2))
    if heals:
        office.work()
        assert (office.find_roster().failures, office.find_roster().wanted_at) == (2, clock() + timedelta(seconds=4))
    office.read(list_member("1", "Ana"))
    assert (office.find_roster().failures, office.find_roster().problem) == (0, None)


def test_a_platform_that_asks_us_to_wait_is_left_alone_as_long(office: Office, clock: Clock) -> None:
    office.arrive()
    office.answer = lambda _: HttpAnswer(429, {"Retry-After": "600"}, b"")
    assert office.work().pause_until == clock() + timedelta(minutes=10)
    assert office.find_roster().wanted_at == clock() + timedelta(minutes=10)


def test_without_a_key_it_waits_for_one(office: Office, tmp_path: Path) -> None:
    office.arrive()
    office.keys = ToolKeys(tmp_path)
    assert office.work() == DutyDone(put_off=1)
    assert office.find_roster().problem == "tool_fault"


def test_a_worker_that_lost_its_lease_records_nothing(office: Office, clock: Clock) -> None:
    office.arrive()

    def answer_too_late(_: Asked) -> HttpAnswer:
        clock.advance(timedelta(minutes=2))
        return answer_json({"members": [list_member("1")]})

    office.answer = answer_too_late
    with pytest.raises(LeaseLostError):
        office.work()
    assert office.list_entries() == {}
    assert office.find_roster().wanted_at is not None, "another worker reads it"


def test_a_worker_that_is_to_stop_stops_between_pages(office: Office) -> None:
    office.arrive()
    office.answer = lambda _: answer_json({"members": [list_member("1")]}, headers={"Link": f'<{URL}?2>; rel="next"'})
    office.should_stop = lambda: bool(office.asked)
    assert office.work() == DutyDone()
    assert office.asked == [URL]
    assert office.list_entries() == {}
    assert office.find_roster().wanted_at is not None


def test_one_round_reads_so_many_and_no_more(office: Office, make: Factory, clock: Clock) -> None:
    office.arrive()
    deployment = office.find_deployment()
    for number in range(MOST_AT_ONCE):
        make.roster(make.context(deployment, id_on_platform=f"more-{number}"), wanted_at=clock())
    assert office.work() == DutyDone(done=MOST_AT_ONCE)
    assert office.work() == DutyDone(done=1)


def test_a_platform_that_is_switched_off_is_not_asked(office: Office, make: Factory) -> None:
    office.arrive()
    with make.changing(office.registration) as row:
        row.is_active = False
    assert office.list_due() == []


# The demo LMS over real HTTP, in every manner and with every fault


class Line:
    """A worker and a demo LMS with a long list, joined by a real connection that is soon out of patience."""

    def __init__(self, lms: RunningLms, store: Store, clock: Clock, make: Factory, keys: ToolKeys) -> None:
        self.lms, self.store, self.clock = lms, store, clock
        family = {Manner.STRICT: "other"}.get(lms.settings.manner, str(lms.settings.manner))
        lms.register(make, family=family)
        self.context = make.context(id_on_platform=BIG_COURSE.id)
        make.roster(self.context, url=lms.platform.build_memberships_url(BIG_COURSE.id), wanted_at=clock())
        with store.reading() as session:
            self.registration_id = session.get_one(Deployment, self.context.deployment_id).registration_id
        self.http = HttpClient(allow_http=True, allow_private=True, read_timeout=0.5, max_seconds=1.0)
        self.services = Services(self.http, keys, MemoryTokenCache(), clock)

    def work(self) -> DutyDone:
        """Ask for the list and have it read."""
        take_lease(self.store, self.registration_id, owner="worker", now=self.clock())
        with self.store.writing() as session:
            session.get_one(Roster, self.context.id).wanted_at = self.clock()
        call = DutyCall(
            store=self.store,
            services=self.services,
            registration_id=self.registration_id,
            owner="worker",
            clock=self.clock,
            chance=lambda: 1.0,
            should_stop=lambda: False,
        )
        return ROSTER_DUTY.serve(call)

    def count(self, **columns: str) -> int:
        """How many entries there are like this."""
        statement = select(func.count()).select_from(RosterEntry).filter_by(context_id=self.context.id, **columns)
        with self.store.reading() as session:
            return session.scalar(statement) or 0

    def find_problem(self) -> str | None:
        """Why the list was not read."""
        with self.store.reading() as session:
            return session.get_one(Roster, self.context.id).problem


@pytest.fixture
def line(tmp_path: Path, clock: Clock, store: Store, make: Factory, request: pytest.FixtureRequest) -> Iterator[Line]:
    rotate(tmp_path / "keys", clock.now())
    lms = RunningLms(tmp_path / "lms", find_free_port(), tmp_path / "keys", clock)
    lms.settings = replace(lms.settings, manner=request.param)
    lms.start()
    line = Line(lms, store, clock, make, ToolKeys(tmp_path / "keys"))
    yield line
    line.http.close()
    lms.stop()


@pytest.mark.parametrize("line", list(Manner), indirect=True)
def test_a_long_list_of_a_demo_lms(line: Line, clock: Clock) -> None:
    assert line.work() == DutyDone(done=1)
    assert (line.count(), line.count(standing="participant"), line.count(standing="staff")) == (126, 125, 1)
    pages = [path for _, path in line.lms.gate.requests if path.endswith("/memberships")]
    manner = line.lms.settings.manner
    assert len(pages) == (3 if manner is Manner.CANVAS else 1)
    line.lms.platform.enrolments.change(BIG_COURSE.id, CROWD[0].sub, EnrolmentState.UNENROLLED)
    line.lms.platform.enrolments.change(BIG_COURSE.id, CROWD[1].sub, EnrolmentState.SUSPENDED)
    assert line.work() == DutyDone(done=1)
    inactive = 0 if manner is Manner.MOODLE else 1
    assert (line.count(status="gone"), line.count(status="inactive")) == (2 - inactive, inactive)
    line.lms.stop()
    assert line.work() == DutyDone(put_off=1)
    assert line.count(status="active") == 124
    line.lms.start()
    clock.advance(timedelta(minutes=1))
    assert line.work() == DutyDone(done=1)


FAULTS: dict[str, tuple[Callable[[Faults], None], str]] = {
    "html": (lambda faults: faults.answer_html(only=Service.ROSTER), "platform_down"),
    "empty": (lambda faults: faults.answer_nothing(only=Service.ROSTER), "platform_down"),
    "huge": (lambda faults: faults.answer_hugely(only=Service.ROSTER), "platform_down"),
    "slow": (lambda faults: faults.hang(1, only=Service.ROSTER), "platform_down"),
    "drip": (lambda faults: faults.drip(0.2, only=Service.ROSTER), "platform_down"),
    "lost": (lambda faults: faults.lose_answers(only=Service.ROSTER), "platform_down"),
    "no token": (lambda faults: faults.answer_html(only=Service.TOKEN), "platform_down"),
    "redirect": (lambda faults: faults.redirect("https://elsewhere.example/", only=Service.ROSTER), "refused"),
    "throttled": (lambda faults: faults.throttle(only=Service.ROSTER), "throttled"),
    "truncated": (lambda faults: faults.spoil_answers(Spoiling.TRUNCATED, only=Service.ROSTER), "platform_down"),
    "wrong type": (lambda faults: faults.spoil_answers(Spoiling.WRONG_TYPE, only=Service.ROSTER), "refused"),
    "loop": (lambda faults: faults.spoil_answers(Spoiling.LOOP, 5, only=Service.ROSTER), "refused"),
    "endless": (lambda faults: faults.spoil_answers(Spoiling.ENDLESS, 500, only=Service.ROSTER), "refused"),
    "elsewhere": (lambda faults: faults.spoil_answers(Spoiling.ELSEWHERE, 5, only=Service.ROSTER), "refused"),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("line", [Manner.CANVAS], indirect=True)
@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_answer_leaves_the_list_as_it_was(line: Line, name: str) -> None:
    assert line.work() == DutyDone(done=1)
    line.services = replace(line.services, tokens=MemoryTokenCache())
    line.lms.platform.enrolments.change(BIG_COURSE.id, CROWD[0].sub, EnrolmentState.UNENROLLED)
    misbehave, problem = FAULTS[name]
    misbehave(line.lms.platform.faults)
    result = line.work()
    assert (result.done, result.put_off + result.needs_you) == (0, 1)
    assert line.find_problem() == problem
    assert line.count(status="active") == 126
