"""The outbox from outside: count what is in it, try again what waits, compare gradebooks with what was sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import DeliveryReason, DeliveryState, format_number
from lti_tool.models import DeliveryLease, LineItem, Registration, ScoreDelivery, Store
from lti_tool.services.audit import record_fact
from lti_tool.services.delivery_leases import allow_now
from lti_tool.services.delivery_reading import group_by_column, read_sent_column
from lti_tool.services.delivery_values import Gradebooks, Reading
from lti_tool.services.scores import is_withheld


@dataclass(frozen=True, slots=True)
class SilentPlatform:
    """A platform that does not answer, or asked us to wait; ``resume_at`` is when it is tried again."""

    registration_id: int
    name: str
    silent_since: datetime
    resume_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    """How many scores are in each state; ``reasons`` are those of scores that wait or need a person."""

    states: Mapping[DeliveryState, int]
    reasons: Mapping[DeliveryReason, int]
    waiting_since: datetime | None
    silent_platforms: tuple[SilentPlatform, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that does not show what was sent; ``theirs`` is None where it is empty."""

    delivery_id: int
    line_item_url: str
    user_sub: str
    ours: str
    theirs: str | None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What comparing found. ``unreadable`` holds columns that did not answer, with the platform's words."""

    compared: int
    differences: tuple[Difference, ...]
    unreadable: tuple[tuple[str, str], ...]
    not_allowed: int


def count_deliveries(store: Store) -> DeliveryCounts:
    """Count the outbox."""
    under_way = ScoreDelivery.state.in_((DeliveryState.WAITING, DeliveryState.NEEDS_YOU))
    # What became practice before it was sent waits for nothing and needs nobody.
    goes_on = ~(under_way & is_withheld())
    with store.reading() as session:
        states = session.execute(
            select(ScoreDelivery.state, func.count()).where(goes_on).group_by(ScoreDelivery.state)
        ).all()
        reasons = session.execute(
            select(ScoreDelivery.reason, func.count())
            .where(under_way, goes_on, ScoreDelivery.reason.is_not(None))
            .group_by(ScoreDelivery.reason)
        ).all()
        waiting_since = session.scalar(
            select(func.min(ScoreDelivery.created_at, type_=ScoreDelivery.created_at.type)).where(
                ScoreDelivery.state == DeliveryState.WAITING, goes_on
            )
        )
        silent = session.execute(
            select(Registration.id, Registration.name, DeliveryLease.silent_since, DeliveryLease.resume_at)
            .join(DeliveryLease, DeliveryLease.registration_id == Registration.id)
            .where(DeliveryLease.silent_since.is_not(None), Registration.is_active)
            .order_by(Registration.id)
        ).all()
    counted = {DeliveryState(state): count for state, count in states}
    return DeliveryCounts(
        states={state: counted.get(state, 0) for state in DeliveryState},
        reasons={DeliveryReason(reason): count for reason, count in reasons if reason is not None},
        waiting_since=waiting_since,
        silent_platforms=tuple(
            SilentPlatform(number, name, since, resume_at) for number, name, since, resume_at in silent if since
        ),
    )


def retry_deliveries(store: Store, delivery_ids: Collection[int] | None, *, now: datetime) -> int:
    """Let the worker try these scores at once, or all that wait or need a person; return how many.

    All leaves out what somebody changed in a gradebook: sending that again is a decision about one score.
    """
    with store.writing() as session:
        statement = select(ScoreDelivery.id, ScoreDelivery.registration_id)
        if delivery_ids is None:
            statement = statement.where(
                ScoreDelivery.state.in_((DeliveryState.WAITING, DeliveryState.NEEDS_YOU)),
                func.coalesce(ScoreDelivery.reason, "") != DeliveryReason.CHANGED_IN_GRADEBOOK,
                ~is_withheld(),
            )
        else:
            statement = statement.where(
                ScoreDelivery.id.in_(delivery_ids), ScoreDelivery.state != DeliveryState.CONFIRMED
            )
        found = session.execute(statement).all()
        ids = {delivery_id for delivery_id, _ in found}
        make_due(session, ids, {registration_id for _, registration_id in found}, now)
        record_fact(session, now=now, verb="retried_deliveries", object_kind="score_delivery", count=len(ids))
        return len(ids)


def make_due(session: Session, delivery_ids: set[int], registration_ids: set[int], now: datetime) -> None:
    """Make these scores due now and their platforms worth a try; a score that needed a person is sent anew."""
    allow_now(session, registration_ids)
    chosen = ScoreDelivery.id.in_(delivery_ids)
    quietly = {"synchronize_session": False}
    session.execute(
        update(ScoreDelivery)
        .where(chosen, ScoreDelivery.state.in_((DeliveryState.NEEDS_YOU, DeliveryState.CONFIRMED)))
        .values(state=DeliveryState.WAITING, reason=None, failures=0, next_attempt_at=now)
        .execution_options(**quietly)
    )
    session.execute(
        update(ScoreDelivery)
        .where(chosen, ScoreDelivery.state.in_((DeliveryState.WAITING, DeliveryState.SENT)))
        .values(next_attempt_at=now)
        .execution_options(**quietly)
    )


def reconcile(store: Store, client: Gradebooks, *, registration_id: int | None = None) -> Reconciliation:
    """Read every column that scores were sent to and report the cells that differ. Changes nothing.

    One results request a column, with no transaction open. Scores that a facilitator left as the gradebook has them
    are not compared.
    """
    with store.reading() as session:
        statement = (
            select(ScoreDelivery)
            .join(LineItem, LineItem.id == ScoreDelivery.line_item_id)
            .join(Registration, Registration.id == ScoreDelivery.registration_id)
            .where(
                ScoreDelivery.state.in_((DeliveryState.SENT, DeliveryState.CONFIRMED)),
                ScoreDelivery.reason.is_(None),
                Registration.is_active,
            )
            .order_by(ScoreDelivery.line_item_id, ScoreDelivery.id)
        )
        if registration_id is not None:
            statement = statement.where(ScoreDelivery.registration_id == registration_id)
        deliveries = session.scalars(statement).all()
        columns, unreadable_rows = group_by_column(session, deliveries)
    by_id = {delivery.id: delivery for delivery in deliveries}
    differences: list[Difference] = []
    unreadable: list[tuple[str, str]] = []
    compared = 0
    for column in columns:
        found = read_sent_column(client, column)
        if isinstance(found, Reading):
            unreadable.append((column.url, found.failure.detail if found.failure else ""))
            continue
        for score in column.scores:
            compared += 1
            difference = _compare(by_id[score.delivery_id], column.url, score.user_sub, found.get(score.user_sub))
            if difference is not None:
                differences.append(difference)
    return Reconciliation(compared, tuple(differences), tuple(unreadable), not_allowed=len(unreadable_rows))


def _compare(delivery: ScoreDelivery, url: str, user_sub: str, reading: Reading | None) -> Difference | None:
    number = None if reading is None else reading.number
    if number is not None and number.equals(delivery.score, delivery.maximum):
        return None
    theirs = None
    if number is not None:
        theirs = format_number(number.score)
        theirs += "" if number.maximum is None else f" of {format_number(number.maximum)}"
    return Difference(delivery.id, url, user_sub, f"{delivery.score} of {delivery.maximum}", theirs)
