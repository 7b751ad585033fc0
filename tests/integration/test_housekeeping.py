"""What is over is forgotten: a day after its end, in batches, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.config import Settings
from lti_tool.models import AuditFact, DeepLinkRequest, LaunchSession, LoginFlow, ParkedLaunch, SessionTicket, Store
from lti_tool.processes import StopFlag
from lti_tool.servers import run_worker
from lti_tool.services import deliveries
from lti_tool.services.deliveries import DeliveryRound
from lti_tool.services.housekeeping import Forgotten, forget_ended_entries
from tests.support.clock import Clock
from tests.support.factories import Factory


def list_ids(store: Store) -> tuple[list[str], list[str]]:
    with store.reading() as session:
        return list(session.scalars(select(LoginFlow.id))), list(session.scalars(select(LaunchSession.id)))


def test_only_what_ended_more_than_a_day_ago_is_forgotten(store: Store, make: Factory, clock: Clock) -> None:
    now = clock.now()
    make.login_flow(id="old-flow", expires_at=now - timedelta(days=1, seconds=1))
    make.login_flow(id="ended-flow", expires_at=now - timedelta(days=1))
    make.login_flow(id="open-flow", expires_at=now + timedelta(minutes=5))
    make.launch_session(id="old-session", expires_at=now - timedelta(days=2))
    make.launch_session(id="open-session")
    assert forget_ended_entries(store, now=now) == Forgotten(flows=1, sessions=1)
    assert list_ids(store) == (["ended-flow", "open-flow"], ["open-session"])
    with store.reading() as session:
        (fact,) = session.scalars(select(AuditFact))
    assert (fact.verb, fact.facts) == ("forgot_entries", {"flows": 1, "sessions": 1})


def test_what_waits_and_moves_and_is_chosen_goes_too(store: Store, make: Factory, clock: Clock) -> None:
    now = clock.now()
    old, recent = now - timedelta(days=1, seconds=1), now - timedelta(hours=23)
    flow = make.login_flow(id="open-flow", expires_at=now + timedelta(minutes=5))
    visit = make.launch_session(id="open-session")
    with store.writing() as session:
        for name, ended in (("old", old), ("recent", recent)):
            session.add(ParkedLaunch(handle_digest=name, flow_id=flow.id, message={}, expires_at=ended))
            session.add(SessionTicket(ticket_digest=name, session_id=visit.id, expires_at=ended))
            session.add(
                DeepLinkRequest(
                    handle_digest=name,
                    registration_id=visit.registration_id,
                    deployment_id=visit.deployment_id,
                    user_id=visit.user_id,
                    standing=visit.standing,
                    settings={},
                    created_at=ended,
                    expires_at=ended,
                )
            )
    assert forget_ended_entries(store, now=now) == Forgotten(parked=1, tickets=1, choices=1)
    with store.reading() as session:
        for digest in (ParkedLaunch.handle_digest, SessionTicket.ticket_digest, DeepLinkRequest.handle_digest):
            assert session.scalars(select(digest)).all() == ["recent"]
        assert session.scalars(select(AuditFact.facts)).all() == [{"parked": 1, "tickets": 1, "choices": 1}]
    assert list_ids(store) == (["open-flow"], ["open-session"])


def test_what_waits_goes_with_what_it_belongs_to(store: Store, make: Factory, clock: Clock) -> None:
    now = clock.now()
    flow = make.login_flow(expires_at=now - timedelta(days=2))
    visit = make.launch_session(expires_at=now - timedelta(days=2))
    with store.writing() as session:
        session.add(ParkedLaunch(handle_digest="late", flow_id=flow.id, message={}, expires_at=now))
        session.add(SessionTicket(ticket_digest="late", session_id=visit.id, expires_at=now))
    assert forget_ended_entries(store, now=now) == Forgotten(flows=1, sessions=1)
    with store.reading() as session:
        assert session.scalars(select(ParkedLaunch.handle_digest)).all() == []
        assert session.scalars(select(SessionTicket.ticket_digest)).all() == []


def test_a_backlog_goes_batch_by_batch(store: Store, make: Factory, clock: Clock) -> None:
    for _ in range(5):
        make.login_flow(expires_at=clock.now() - timedelta(days=3))
    assert forget_ended_entries(store, now=clock.now(), batch=2) == Forgotten(flows=5)
    assert list_ids(store) == ([], [])
    with store.reading() as session:
        assert [fact.facts["flows"] for fact in session.scalars(select(AuditFact).order_by(AuditFact.id))] == [2, 2, 1]


def test_it_stops_between_batches_when_told(store: Store, make: Factory, clock: Clock) -> None:
    for _ in range(3):
        make.login_flow(expires_at=clock.now() - timedelta(days=3))
    answers = iter([False, True])
    done = forget_ended_entries(store, now=clock.now(), batch=1, should_stop=lambda: next(answers))
    assert done == Forgotten(flows=1)
    assert len(list_ids(store)[0]) == 2


def test_nothing_to_forget_writes_nothing(store: Store, clock: Clock) -> None:
    assert forget_ended_entries(store, now=clock.now()) == Forgotten()
    with store.reading() as session:
        assert session.scalars(select(AuditFact)).all() == []


def test_a_delivery_worker_tidies_up_as_it_starts(
    database_url: str, store: Store, make: Factory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.login_flow(id="of-last-spring")
    stop = StopFlag()

    def deliver_nothing(*_args: object, **_options: object) -> DeliveryRound:
        stop.is_set = True
        return DeliveryRound()

    monkeypatch.setattr(deliveries, "deliver_due", deliver_nothing)
    settings = Settings(database_url, "https://tool.example.org", "h" * 40, tmp_path, is_development=False)
    run_worker(settings, stop)
    assert list_ids(store) == ([], [])
