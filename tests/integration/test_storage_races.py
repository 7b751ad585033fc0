"""Two at once on the way without cookies: a proof and a ticket open one session each, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.models import LaunchSession, Store
from lti_tool.services import entries, tickets
from lti_tool.services.tickets import SessionMoved, make_ticket, redeem_ticket
from lti_tool.services.visits import digest_secret, find_visit
from tests.support.clock import Clock
from tests.support.cookieless import open_cookieless
from tests.support.factories import Factory
from tests.support.front_door import FrontDoor, open_front_door
from tests.support.meeting import meet_after, run_at_once

SECRET = "s" * 43


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock) as opened:
        yield opened


def test_a_proof_sent_twice_at_once_opens_one_session(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = open_cookieless(door, "101")
    page = dana.wait_for_proof()
    meet_after(monkeypatch, (entries, "prove_parked_launch"))
    answers = run_at_once(lambda: dana.prove(page).text, lambda: dana.prove(page).text)
    refused = ["flow_used" in str(text) or "parked_launch_gone" in str(text) for text in answers]
    assert sorted(refused) == [False, True]
    with door.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(LaunchSession)) == 1


def test_a_ticket_used_twice_at_once_opens_one_tab(
    store: Store, make: Factory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = make.launch_session(secret_digest=digest_secret(SECRET), came_by_storage=True)
    made = make_ticket(store, session_id=visit.id, secret=SECRET, now=clock.now())

    def redeem() -> SessionMoved:
        return redeem_ticket(store, ticket=made.ticket, binder=made.binder, now=clock.now())

    meet_after(monkeypatch, (tickets, "_digest_pair"))
    results = run_at_once(redeem, redeem)
    (moved,) = [one for one in results if isinstance(one, SessionMoved)]
    (refused,) = [one for one in results if isinstance(one, LaunchRefused)]
    assert refused.code is RefusalCode.TICKET_GONE
    assert find_visit(store, session_id=visit.id, secret=moved.secret, now=clock.now()).user_id == visit.user_id
