"""What a worker does besides scores: under the registration's one lease, and never at the scores' expense."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.values import AnswerClass
from lti_tool.models import DeliveryLease, Registration, Store
from lti_tool.services import deliveries
from lti_tool.services.delivery_leases import LeaseLostError, release_lease, take_lease
from lti_tool.services.duties import Duty, DutyCall, DutyDone
from lti_tool.services.duties_list import list_duties
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox
from tests.unit.lti.doubles import ScriptedClient, answer_json


@dataclass
class Chore:
    """A duty that does what a test says."""

    name: str
    due: list[tuple[int, datetime]]
    outcome: DutyDone | Exception = field(default_factory=DutyDone)
    calls: list[DutyCall] = field(default_factory=list)

    def list_due(self, _session: Session) -> Iterable[tuple[int, datetime]]:
        return self.due

    def serve(self, call: DutyCall) -> DutyDone:
        self.calls.append(call)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        self.due = []
        return self.outcome

    def as_duty(self) -> Duty:
        return Duty(self.name, self.list_due, self.serve)


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


@pytest.fixture
def services(clock: Clock) -> Services:
    keys = None
    return Services(ScriptedClient(lambda _: answer_json({})), keys, MemoryTokenCache(), clock)  # type: ignore[arg-type]


@pytest.fixture
def chores(monkeypatch: pytest.MonkeyPatch, clock: Clock, make: Factory) -> list[Chore]:
    """Two duties that are due for the one registration."""
    registration = make.registration()
    chores = [Chore(name, [(registration.id, clock())]) for name in ("first", "second")]
    monkeypatch.setattr(deliveries, "list_duties", lambda _: tuple(chore.as_duty() for chore in chores))
    return chores


def test_the_duties_there_are() -> None:
    assert [duty.name for duty in list_duties("https://tool.example.org")] == [
        "columns",
        "return notes",
        "notices",
        "rosters",
    ]


def test_without_services_only_scores_are_served(outbox: Outbox, chores: list[Chore]) -> None:
    outbox.queue()
    assert outbox.work().confirmed == 1
    assert [chore.calls for chore in chores] == [[], []]


def test_what_is_due_is_done_after_the_scores_under_the_lease(
    outbox: Outbox, chores: list[Chore], services: Services, store: Store
) -> None:
    outbox.queue()
    chores[0].outcome = DutyDone(done=2, put_off=1, needs_you=3)
    done = outbox.work(services=services, base_url="https://tool.example.org")
    assert (done.confirmed, done.duties, done.put_off, done.needs_you) == (1, 2, 1, 3)
    assert not done.did_nothing
    (call,) = chores[0].calls
    assert (call.owner, call.services, call.registration_id) == (
        outbox.owner,
        services,
        chores[0].calls[0].registration_id,
    )
    assert len(chores[1].calls) == 1
    assert outbox.work(services=services).did_nothing, "nothing is due any more"
    with store.reading() as session:
        assert session.get_one(DeliveryLease, call.registration_id).owner is None


def test_a_registration_without_scores_is_served_too(
    outbox: Outbox, chores: list[Chore], services: Services, clock: Clock
) -> None:
    chores[0].due = [(chores[0].due[0][0], clock() + timedelta(seconds=5))]
    done = outbox.work(services=services)
    assert (done.registrations, len(chores[0].calls), len(chores[1].calls)) == (1, 0, 1)
    clock.advance(seconds=5)
    outbox.work(services=services)
    assert len(chores[0].calls) == 1


def test_another_workers_lease_keeps_duties_away(
    outbox: Outbox, chores: list[Chore], services: Services, store: Store, clock: Clock
) -> None:
    registration_id = chores[0].due[0][0]
    assert take_lease(store, registration_id, owner="another", now=clock())
    assert outbox.work(services=services).registrations == 0
    release_lease(store, registration_id, owner="another")
    assert outbox.work(services=services).registrations == 1


def test_a_platform_that_asks_to_be_left_alone_is(
    outbox: Outbox, chores: list[Chore], services: Services, clock: Clock
) -> None:
    until = clock() + timedelta(minutes=2)
    chores[0].outcome = DutyDone(put_off=1, pause_until=until)
    outbox.work(services=services)
    assert chores[1].calls == []
    outbox.queue()
    outbox.work(services=services)
    assert (outbox.book.sent, chores[1].calls) == ([], []), "scores wait with the rest"
    clock.advance(minutes=2)
    chores[0].outcome = DutyDone(done=1)
    assert outbox.work(services=services).confirmed == 1
    assert len(chores[1].calls) == 1


def test_scores_that_are_throttled_end_the_round_before_the_duties(
    outbox: Outbox, chores: list[Chore], services: Services
) -> None:
    outbox.queue()
    outbox.book.plan = [AnswerClass.THROTTLED]
    outbox.work(services=services)
    assert [chore.calls for chore in chores] == [[], []]


def test_a_faulty_duty_holds_up_nothing(
    outbox: Outbox, chores: list[Chore], services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.queue()
    chores[0].outcome = RuntimeError("a fault of ours")
    done = outbox.work(services=services)
    assert (done.confirmed, len(chores[1].calls)) == (1, 1)
    assert "duty failed" in caplog.text


def test_a_lost_lease_ends_the_duties(outbox: Outbox, chores: list[Chore], services: Services) -> None:
    chores[0].outcome = LeaseLostError()
    assert len(outbox.work(services=services).lost_leases) == 1
    assert chores[1].calls == []


def test_a_stop_comes_between_two_duties(outbox: Outbox, chores: list[Chore], services: Services) -> None:
    outbox.work(services=services, should_stop=lambda: bool(chores[0].calls))
    assert (len(chores[0].calls), chores[1].calls) == (1, [])


def test_an_answer_to_a_duty_ends_the_silence(
    outbox: Outbox, chores: list[Chore], services: Services, store: Store, clock: Clock
) -> None:
    chores[0].outcome = DutyDone(put_off=1, pause_until=clock())
    registration_id = chores[0].due[0][0]
    outbox.work(services=services)
    with store.reading() as session:
        assert session.get_one(DeliveryLease, registration_id).failures == 1
    chores[1].outcome = DutyDone(done=1)
    outbox.work(services=services)
    with store.reading() as session:
        lease = session.get_one(DeliveryLease, registration_id)
        assert (lease.failures, lease.silent_since) == (0, None)


def test_a_platform_that_is_switched_off_is_left_alone(
    outbox: Outbox, chores: list[Chore], services: Services, make: Factory, store: Store
) -> None:
    with store.writing() as session:
        session.get_one(Registration, chores[0].due[0][0]).is_active = False
    assert outbox.work(services=services).registrations == 0
