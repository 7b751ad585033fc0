"""The outbox from outside: counted, tried again, compared with the gradebooks."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_tool.domain.deliveries import AttemptPhase, DeliveryReason, DeliveryState
from lti_tool.lti.values import AnswerClass, PlatformAnswer, ScoreMessage
from lti_tool.models import ScoreAttempt, Store
from lti_tool.services.delivery_reports import count_deliveries, reconcile, retry_deliveries
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


# From outside


def test_counting_the_outbox(outbox: Outbox, make: Factory, clock: Clock) -> None:
    outbox.book.plan = [AnswerClass.NO_PERMISSION, outbox.book.record, AnswerClass.LOCKED]
    for _ in range(3):
        outbox.queue(earned_score=make.earned_score(make.enrolment(make.user())))
    outbox.work()
    counts = count_deliveries(outbox.store)
    assert counts.states == {
        DeliveryState.WAITING: 1,
        DeliveryState.SENT: 0,
        DeliveryState.CONFIRMED: 1,
        DeliveryState.NEEDS_YOU: 1,
    }
    assert counts.reasons == {DeliveryReason.NO_PERMISSION: 1, DeliveryReason.LOCKED: 1}
    assert counts.waiting_since == clock()


def test_a_retry_does_not_wait_for_a_silent_platform(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.PLATFORM_DOWN]
    outbox.work()
    assert retry_deliveries(outbox.store, None, now=clock()) == 1
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert outbox.book.sent[0] == outbox.book.sent[1], "the same message: nobody decided anything new"


def test_reconciling_reports_differences_and_changes_nothing(outbox: Outbox, make: Factory) -> None:
    deliveries = [outbox.queue(earned_score=make.earned_score(make.enrolment(make.user()))) for _ in range(3)]
    outbox.work()
    subs = [message.user_sub for message in outbox.book.sent]
    outbox.book.cell(outbox.url, subs[0]).score = Decimal("95.5")
    del outbox.book.cells[outbox.url, subs[1]]
    outbox.book.reads.clear()
    found = reconcile(outbox.store, outbox.book)
    assert outbox.book.reads == [(outbox.url, None)]
    assert found.compared == 3
    assert [(item.delivery_id, item.ours, item.theirs) for item in found.differences] == [
        (deliveries[0].id, "92 of 100", "95.5 of 100"),
        (deliveries[1].id, "92 of 100", None),
    ]
    assert {outbox.state(delivery) for delivery in deliveries} == {("confirmed", None)}
    outbox.book.read_failures = [AnswerClass.NO_PERMISSION]
    assert reconcile(outbox.store, outbox.book).unreadable == ((outbox.url, "planned"),)


def test_every_beginning_is_written_before_the_request(outbox: Outbox, store: Store) -> None:
    seen: list[list[str]] = []

    def look(url: str, message: ScoreMessage) -> PlatformAnswer:
        with store.reading() as session:
            seen.append(list(session.scalars(select(ScoreAttempt.phase))))
        return outbox.book.record(url, message)

    plan: list[Callable[[str, ScoreMessage], PlatformAnswer]] = [look]
    outbox.book.plan = [*plan]
    outbox.queue()
    outbox.work()
    assert seen == [[AttemptPhase.BEGUN]]
