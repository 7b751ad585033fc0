"""Delivery to a real LMS over real HTTP: it goes down, answers get lost, workers are killed, and the score arrives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

import lti_tool
from lti_tool.demo_lms.faults import Service
from lti_tool.lti import vocabulary
from lti_tool.lti.tool_keys import rotate
from lti_tool.models import Context, DeliveryLease, LineItem, ScoreAttempt, ScoreDelivery, Store
from lti_tool.services.deliveries import DeliveryRound, deliver_due, next_due_at
from tests.support.clock import Clock
from tests.support.delivery_worker import make_client, read_clock
from tests.support.factories import Factory
from tests.support.running_lms import RunningLms
from tests.support.waiting import find_free_port

DANA = "101"


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    rotate(folder, datetime(2026, 1, 1, tzinfo=UTC))
    return folder


@pytest.fixture
def clock() -> Clock:
    """Near the present, for processes of their own read the machine's clock."""
    return Clock(read_clock())


@pytest.fixture
def lms(tmp_path: Path, keys_dir: Path) -> Iterator[RunningLms]:
    lms = RunningLms(tmp_path / "lms", find_free_port(), keys_dir)
    lms.start()
    yield lms
    lms.stop()


@pytest.fixture
def column(lms: RunningLms, make: Factory) -> LineItem:
    return lms.register(make)


@pytest.fixture
def delivery(column: LineItem, make: Factory) -> ScoreDelivery:
    earned = make.earned_score(make.enrolment(make.user(sub=DANA)))
    return make.score_delivery(earned, column, score=92, comment="Well argued.")


@pytest.fixture
def work(store: Store, keys_dir: Path) -> Callable[..., DeliveryRound]:
    client = make_client(keys_dir)

    def work(**options: Any) -> DeliveryRound:
        usual: dict[str, Any] = {"owner": "worker-1", "clock": read_clock}
        return deliver_due(store, client, **(usual | options))

    return work


def load(store: Store, delivery: ScoreDelivery) -> ScoreDelivery:
    with store.reading() as session:
        return session.get_one(ScoreDelivery, delivery.id)


def list_taken(lms: RunningLms) -> list[tuple[float | None, str | None]]:
    return [(grade.value, grade.comment) for grade in lms.list_scores(DANA)]


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def test_a_score_is_sent_and_confirmed(
    store: Store, lms: RunningLms, delivery: ScoreDelivery, work: Callable[..., DeliveryRound]
) -> None:
    assert work() == DeliveryRound(registrations=1, sent=1, confirmed=1)
    assert list_taken(lms) == [(92, "Well argued.")]
    row = load(store, delivery)
    assert (row.state, row.confirmed_score, row.confirmed_maximum) == ("confirmed", "92", "100")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_request_a_score_before_read_back(
    store: Store, lms: RunningLms, make: Factory, delivery: ScoreDelivery, work: Callable[..., DeliveryRound]
) -> None:
    with store.writing() as session:
        session.execute(update(Context).values(ags_scopes=[vocabulary.SCOPE_SCORE]))
    clock = Clock(read_clock() - timedelta(hours=1))
    scores = 101
    for number in range(scores):
        clock.advance(seconds=2)
        with make.changing(load(store, delivery)) as row:
            row.score, row.version, row.state = number % 100, row.version + 1, "waiting"
            row.next_attempt_at = clock()
        assert work(clock=clock).sent == 1
    assert len(lms.list_scores(DANA)) == scores
    assert len(lms.gate.requests) <= 1.01 * scores


def test_down_then_up_it_arrives_once_and_by_itself(
    store: Store, lms: RunningLms, delivery: ScoreDelivery, work: Callable[..., DeliveryRound]
) -> None:
    lms.stop()
    assert work().put_off == 1
    row = load(store, delivery)
    assert (row.state, row.reason) == ("waiting", "platform_down")
    lms.start()

    def is_confirmed() -> bool:
        work()
        return load(store, delivery).state == "confirmed"

    wait_until(is_confirmed)
    assert list_taken(lms) == [(92, "Well argued.")]
    assert next_due_at(store) is None


def test_a_restart_that_answers_503_is_waited_out(
    store: Store, lms: RunningLms, delivery: ScoreDelivery, work: Callable[..., DeliveryRound]
) -> None:
    lms.platform.faults.be_down(1, only=Service.TOKEN)
    assert work().put_off == 1
    wait_until(lambda: work().confirmed == 1)
    assert list_taken(lms) == [(92, "Well argued.")]


@pytest.mark.parametrize("can_read", [True, False])
def test_a_lost_answer_does_not_send_twice(
    store: Store,
    lms: RunningLms,
    make: Factory,
    delivery: ScoreDelivery,
    work: Callable[..., DeliveryRound],
    can_read: bool,
) -> None:
    if not can_read:
        lms.platform.faults.withhold_scopes(vocabulary.SCOPE_RESULT_READONLY)
        with store.writing() as session:
            session.execute(update(Context).values(ags_scopes=[vocabulary.SCOPE_SCORE]))
    lms.platform.faults.lose_answers(1, only=Service.SCORES)
    assert work().put_off == 1
    wanted = "confirmed" if can_read else "sent"

    def has_arrived() -> bool:
        work()
        return load(store, delivery).state == wanted

    wait_until(has_arrived)
    assert list_taken(lms) == [(92, "Well argued.")], "the second is known by its time"


def test_a_forgotten_token_is_renewed_within_the_round(
    lms: RunningLms, delivery: ScoreDelivery, work: Callable[..., DeliveryRound]
) -> None:
    lms.platform.faults.refuse_token_once()
    assert work().confirmed == 1
    assert list_taken(lms) == [(92, "Well argued.")]


def test_somebody_outside_the_course_needs_a_person(
    store: Store, lms: RunningLms, column: LineItem, make: Factory, work: Callable[..., DeliveryRound]
) -> None:
    earned = make.earned_score(make.enrolment(make.user(sub="401")))
    delivery = make.score_delivery(earned, column)
    assert work().needs_you == 1
    with store.reading() as session:
        details = session.scalars(select(ScoreAttempt.detail).where(ScoreAttempt.answer.is_not(None))).all()
    assert "learner" in str(details)
    assert load(store, delivery).state == "needs_you"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_between_sending_and_recording(
    store: Store,
    database_url: str,
    lms: RunningLms,
    delivery: ScoreDelivery,
    keys_dir: Path,
    work: Callable[..., DeliveryRound],
    moment: str,
) -> None:
    lms.gate.hold = moment
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.delivery_worker", database_url, str(keys_dir)],
        cwd=Path(lti_tool.__file__).parents[1],
    )
    try:
        assert lms.gate.is_held.wait(30), "the worker never sent"
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        lms.gate.let_go.set()
    with store.reading() as session:
        assert session.scalars(select(ScoreAttempt.phase)).all() == ["begun"]
    assert work().registrations == 0, "the dead worker's lease still runs"
    with store.writing() as session:  # its half minute passes
        session.execute(update(DeliveryLease).values(expires_at=read_clock() - timedelta(seconds=1)))
    assert work().confirmed == 1
    assert list_taken(lms) == [(92, "Well argued.")]
    assert load(store, delivery).state == "confirmed"
