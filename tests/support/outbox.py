"""An outbox with a worker: queue scores, work a round, look at what became of them."""

from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.domain.deliveries import DeliveryState
from lti_tool.models import DeliveryLease, LineItem, ScoreAttempt, ScoreDelivery, Store, User
from lti_tool.services.deliveries import DeliveryRound, deliver_due, next_due_at
from lti_tool.services.delivery_leases import LEASE_LENGTH
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.gradebooks import Killed, MemoryGradebook

_A_SCORE: dict[str, Any] = {"score": 92, "comment": "Well argued."}


class Outbox:
    """One score on its way, and a worker to carry it."""

    def __init__(self, store: Store, make: Factory, clock: Clock, book: MemoryGradebook) -> None:
        self.store, self.make, self.clock, self.book = store, make, clock, book
        self.owner = "worker-1"

    def queue(self, **columns: Any) -> ScoreDelivery:
        delivery = self.make.score_delivery(**(_A_SCORE | columns))
        with self.store.reading() as session:
            self.url = session.get_one(LineItem, delivery.line_item_id).url
            self.sub = session.get_one(User, delivery.user_id).sub
        return delivery

    def work(self, **options: Any) -> DeliveryRound:
        return deliver_due(
            self.store, self.book, owner=self.owner, clock=self.clock, **{"chance": lambda: 1.0} | options
        )

    def load(self, delivery: ScoreDelivery) -> ScoreDelivery:
        with self.store.reading() as session:
            return session.get_one(ScoreDelivery, delivery.id)

    def state(self, delivery: ScoreDelivery) -> tuple[str, str | None]:
        row = self.load(delivery)
        return row.state, row.reason

    def history(self, delivery: ScoreDelivery) -> list[tuple[str, str | None]]:
        with self.store.reading() as session:
            rows = session.scalars(
                select(ScoreAttempt).where(ScoreAttempt.delivery_id == delivery.id).order_by(ScoreAttempt.id)
            )
            return [(row.phase, row.answer) for row in rows]

    def release(self, delivery: ScoreDelivery, **columns: Any) -> None:
        """A newer score, as a use-case writes it."""
        with self.make.changing(self.load(delivery)) as row:
            for name, value in columns.items():
                setattr(row, name, value)
            row.version += 1
            row.state, row.reason, row.failures = DeliveryState.WAITING, None, 0
            row.next_attempt_at = self.clock()

    def be_canvas(self) -> None:
        self.make.registration(family="canvas")
        self.book.adds_comments = True

    def work_until_settled(self, delivery: ScoreDelivery, rounds: int = 10) -> None:
        for _ in range(rounds):
            self.work()
            due = next_due_at(self.store)
            if due is None:
                return
            if due > self.clock():
                self.clock.advance(due - self.clock())
        pytest.fail(f"not settled after {rounds} rounds: {self.state(delivery)}")

    def be_killed(self) -> None:
        """Work until killed. A worker that is killed releases nothing: its lease is put back as it was."""
        with pytest.raises(Killed):
            self.work()
        with self.store.writing() as session:
            lease = session.scalars(select(DeliveryLease)).one()
            lease.owner, lease.expires_at = self.owner, self.clock() + LEASE_LENGTH
