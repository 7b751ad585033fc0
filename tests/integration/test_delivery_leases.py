"""Leases with connections of their own: of several workers one gets a registration, whatever they do at once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from lti_tool.models import DeliveryLease, Store
from lti_tool.models.store import open_store
from lti_tool.services import delivery_leases
from lti_tool.services.delivery_leases import (
    LEASE_LENGTH,
    LeaseKeeper,
    LeaseLostError,
    leave_platform_alone,
    note_platform_answers,
    release_lease,
    renew_lease,
    take_lease,
)
from tests.support.clock import Clock
from tests.support.factories import Factory


@pytest.fixture
def registration_id(make: Factory) -> int:
    return make.registration().id


def read_lease(store: Store) -> DeliveryLease:
    with store.reading() as session:
        return session.scalars(select(DeliveryLease)).one()


@pytest.mark.parametrize("is_first_ever", [True, False])
def test_of_many_workers_at_once_one_gets_it(
    store: Store, database_url: str, registration_id: int, clock: Clock, is_first_ever: bool
) -> None:
    workers = 6
    stores = [open_store(database_url) for _ in range(workers)]
    start = threading.Barrier(workers)

    def try_to_take(number: int) -> bool:
        start.wait()
        return take_lease(stores[number], registration_id, owner=f"worker-{number}", now=clock())

    if not is_first_ever:
        assert take_lease(store, registration_id, owner="earlier", now=clock() - LEASE_LENGTH)
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(5):
            won = list(pool.map(try_to_take, range(workers)))
            assert sum(won) == 1
            assert read_lease(store).owner == f"worker-{won.index(True)}"
            clock.advance(LEASE_LENGTH)
    for other in stores:
        other.engine.dispose()


def test_the_one_that_waited_for_the_row_does_not_get_it_too(
    store: Store, database_url: str, registration_id: int, clock: Clock
) -> None:
    assert take_lease(store, registration_id, owner="earlier", now=clock() - LEASE_LENGTH)
    second = open_store(database_url)
    with ThreadPoolExecutor(1) as pool:
        with store.writing() as session:
            session.execute(update(DeliveryLease).values(owner="first", expires_at=clock() + LEASE_LENGTH))
            waiting = pool.submit(take_lease, second, registration_id, owner="second", now=clock())
            time.sleep(0.3)
            assert not waiting.done(), "the second waits for the first's transaction"
        assert waiting.result(timeout=10) is False
    assert read_lease(store).owner == "first"
    second.engine.dispose()


def test_a_lease_is_taken_once_renewed_and_given_back(store: Store, registration_id: int, clock: Clock) -> None:
    assert take_lease(store, registration_id, owner="one", now=clock())
    assert not take_lease(store, registration_id, owner="two", now=clock())
    clock.advance(seconds=20)
    with store.writing() as session:
        renew_lease(session, registration_id, owner="one", now=clock())
    assert read_lease(store).expires_at == clock() + LEASE_LENGTH
    release_lease(store, registration_id, owner="two")
    assert read_lease(store).owner == "one", "nobody gives back another's lease"
    release_lease(store, registration_id, owner="one")
    assert take_lease(store, registration_id, owner="two", now=clock())


def test_a_lease_that_ran_out_is_lost(store: Store, registration_id: int, clock: Clock) -> None:
    assert take_lease(store, registration_id, owner="one", now=clock())
    clock.advance(LEASE_LENGTH)
    with pytest.raises(LeaseLostError), store.writing() as session:
        renew_lease(session, registration_id, owner="one", now=clock())
    assert take_lease(store, registration_id, owner="two", now=clock())
    with pytest.raises(LeaseLostError), store.writing() as session:
        renew_lease(session, registration_id, owner="one", now=clock())


def test_a_platform_left_alone_has_no_lease_to_give(store: Store, registration_id: int, clock: Clock) -> None:
    assert take_lease(store, registration_id, owner="one", now=clock())
    for _ in range(2):
        with store.writing() as session:
            leave_platform_alone(session, registration_id, until=clock() + timedelta(minutes=1), now=clock())
        clock.advance(seconds=10)
    release_lease(store, registration_id, owner="one")
    lease = read_lease(store)
    assert (lease.failures, lease.silent_since) == (2, clock() - timedelta(seconds=20))
    assert not take_lease(store, registration_id, owner="two", now=clock())
    clock.advance(seconds=50)
    assert take_lease(store, registration_id, owner="two", now=clock())
    with store.writing() as session:
        note_platform_answers(session, registration_id)
    lease = read_lease(store)
    assert (lease.failures, lease.silent_since, lease.resume_at) == (0, None, None)


def test_a_slow_platform_does_not_cost_the_lease(
    store: Store, registration_id: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_leases, "RENEWED_EVERY", timedelta(milliseconds=10))
    assert take_lease(store, registration_id, owner="one", now=clock())
    with LeaseKeeper(store, registration_id, owner="one", clock=clock):
        for _ in range(4):
            clock.advance(seconds=20)
            wait_until(lambda: read_lease(store).expires_at == clock() + LEASE_LENGTH)
    assert read_lease(store).owner is None


def test_a_keeper_does_not_take_back_a_lease_that_is_another_workers(
    store: Store, registration_id: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_leases, "RENEWED_EVERY", timedelta(milliseconds=10))
    assert take_lease(store, registration_id, owner="one", now=clock() - LEASE_LENGTH)
    assert take_lease(store, registration_id, owner="two", now=clock())
    with LeaseKeeper(store, registration_id, owner="one", clock=clock):
        time.sleep(0.1)
    assert read_lease(store).owner == "two"


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)
