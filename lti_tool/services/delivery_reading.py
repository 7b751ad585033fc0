"""Reading back: what gradebooks show of the scores that were sent, one results request a column."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import (
    AttemptAnswer,
    DeliveryReason,
    DeliveryState,
    Verdict,
    judge_answer,
    judge_reading,
)
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import ScoreDelivery, Store
from lti_tool.services.delivery_leases import (
    count_platform_failures,
    leave_platform_alone,
    note_platform_answers,
    renew_lease,
)
from lti_tool.services.delivery_rows import apply_verdict, confirm, find_cell, note_number
from lti_tool.services.delivery_values import Ending, Gradebooks, Reading, read_column

FEW_ENOUGH_TO_ASK_FOR = 1


@dataclass(frozen=True, slots=True)
class SentScore:
    """A score that was sent and whose cell is to be read."""

    delivery_id: int
    version: int
    user_sub: str


@dataclass(frozen=True, slots=True)
class SentColumn:
    """The sent scores of one column."""

    registration: RegistrationValue
    url: str
    scores: tuple[SentScore, ...]


def read_back_due(
    store: Store,
    client: Gradebooks,
    registration_id: int,
    *,
    owner: str,
    clock: Callable[[], datetime],
    chance: Callable[[], float],
    limit: int,
) -> list[Verdict]:
    """Read back what was sent and is due, column by column; stop when the platform does not answer.

    Raises:
        LeaseLostError: the lease ran out.
    """
    verdicts: list[Verdict] = []
    for column in _claim_columns(store, registration_id, owner=owner, now=clock(), limit=limit):
        found = read_sent_column(client, column)
        with store.writing() as session:
            renew_lease(session, registration_id, owner=owner, now=clock())
            if isinstance(found, Reading) and found.failure is not None:
                verdict = _note_failure(session, registration_id, column, found.failure, now=clock(), chance=chance())
                verdicts.append(verdict)
                if verdict.pause is not None:
                    break
            elif not isinstance(found, Reading):
                note_platform_answers(session, registration_id)
                verdicts += _note_readings(session, column, found, clock())
    return verdicts


def read_sent_column(client: Gradebooks, column: SentColumn) -> dict[str, Reading] | Reading:
    """One results request for these scores: for the one person, or for all of the column."""
    only = column.scores[0].user_sub if len(column.scores) == FEW_ENOUGH_TO_ASK_FOR else None
    return read_column(client, column.registration, column.url, only)


def group_by_column(
    session: Session, deliveries: Iterable[ScoreDelivery]
) -> tuple[list[SentColumn], list[ScoreDelivery]]:
    """Sort sent scores by column; second, those in courses that do not let us read."""
    columns: dict[int, list[SentScore]] = defaultdict(list)
    places: dict[int, tuple[RegistrationValue, str]] = {}
    unreadable = []
    for delivery in deliveries:
        cell = find_cell(session, delivery)
        if not cell.can_read:
            unreadable.append(delivery)
            continue
        places[delivery.line_item_id] = (cell.registration, cell.line_item_url)
        columns[delivery.line_item_id].append(SentScore(delivery.id, delivery.version, cell.user_sub))
    return [SentColumn(*places[key], tuple(scores)) for key, scores in columns.items()], unreadable


def _claim_columns(store: Store, registration_id: int, *, owner: str, now: datetime, limit: int) -> list[SentColumn]:
    with store.writing() as session:
        renew_lease(session, registration_id, owner=owner, now=now)
        due = session.scalars(
            select(ScoreDelivery)
            .where(
                ScoreDelivery.registration_id == registration_id,
                ScoreDelivery.state == DeliveryState.SENT,
                ScoreDelivery.next_attempt_at <= now,
            )
            .order_by(ScoreDelivery.line_item_id, ScoreDelivery.id)
            .limit(limit)
            .with_for_update()
        ).all()
        columns, unreadable = group_by_column(session, due)
        for delivery in unreadable:
            delivery.next_attempt_at = None
        return columns


def _load_still_sent(session: Session, column: SentColumn) -> list[tuple[ScoreDelivery, SentScore]]:
    """The rows that nothing newer has happened to since they were claimed."""
    by_id = {score.delivery_id: score for score in column.scores}
    rows = session.scalars(
        select(ScoreDelivery).where(ScoreDelivery.id.in_(by_id)).order_by(ScoreDelivery.id).with_for_update()
    )
    return [
        (row, by_id[row.id]) for row in rows if row.state == DeliveryState.SENT and row.version == by_id[row.id].version
    ]


def _note_readings(session: Session, column: SentColumn, found: dict[str, Reading], now: datetime) -> list[Verdict]:
    verdicts = []
    for delivery, score in _load_still_sent(session, column):
        number = found.get(score.user_sub, Reading()).number
        verdict = judge_reading(
            number, score=delivery.score, maximum=delivery.maximum, readings_before=delivery.failures
        )
        if verdict.state is DeliveryState.CONFIRMED and number is not None:
            confirm(delivery, number, now)
        else:
            readings = delivery.failures + 1 if verdict.state is DeliveryState.SENT else 0
            apply_verdict(delivery, verdict, now)
            delivery.failures = readings
            note_number(delivery, number)
        verdicts.append(verdict)
    return verdicts


def _note_failure(
    session: Session, registration_id: int, column: SentColumn, failure: Ending, *, now: datetime, chance: float
) -> Verdict:
    """The column could not be read: later, if the platform is silent; a person, if it is gone; else it stays "sent"."""
    said = judge_answer(
        failure.answer,
        failures=0,
        platform_failures=count_platform_failures(session, registration_id),
        same_before=0,
        chance=chance,
        retry_after=failure.retry_after,
    )
    if said.pause is not None:
        leave_platform_alone(session, registration_id, until=now + said.pause, now=now)
        verdict = Verdict(DeliveryState.SENT, wait=said.pause, pause=said.pause)
    elif failure.answer is AttemptAnswer.COLUMN_GONE:
        verdict = Verdict(DeliveryState.NEEDS_YOU, DeliveryReason.COLUMN_GONE)
    else:
        verdict = Verdict(DeliveryState.SENT)
    for delivery, _ in _load_still_sent(session, column):
        readings = delivery.failures
        apply_verdict(delivery, verdict, now)
        delivery.failures = readings if verdict.state is DeliveryState.SENT else 0
    return verdict
