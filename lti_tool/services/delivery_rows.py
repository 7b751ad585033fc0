"""Changing the rows of a delivery inside a caller's transaction: its state, its history, where it goes."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import AttemptPhase, DeliveryState, GradebookNumber, Verdict, format_number
from lti_tool.lti.vocabulary import SCOPE_RESULT_READONLY
from lti_tool.models import Context, LineItem, Registration, ReturnNote, ScoreAttempt, ScoreDelivery, User
from lti_tool.services.delivery_values import Cell, Ending
from lti_tool.services.registrations import to_value
from lti_tool.services.scores import queue_waiting_scores


def find_cell(session: Session, message: ScoreDelivery | ReturnNote) -> Cell:
    """Where a score or a note goes."""
    registration, url, scopes, sub = session.execute(
        select(Registration, LineItem.url, Context.ags_scopes, User.sub)
        .select_from(LineItem)
        .join(Registration, Registration.id == LineItem.registration_id)
        .join(Context, Context.id == LineItem.context_id)
        .join(User, User.id == message.user_id)
        .where(LineItem.id == message.line_item_id)
    ).one()
    return Cell(to_value(registration), url, sub, can_read=SCOPE_RESULT_READONLY in scopes)


def end_attempt(session: Session, begun: ScoreAttempt, ending: Ending, now: datetime) -> ScoreAttempt:
    """Write down what was learnt of an attempt's end."""
    end = ScoreAttempt(
        delivery_id=begun.delivery_id,
        phase=AttemptPhase.ENDED,
        begun_id=begun.id,
        version=begun.version,
        score=begun.score,
        timestamp=begun.timestamp,
        with_comment=begun.with_comment,
        as_new_attempt=begun.as_new_attempt,
        answer=ending.answer,
        status=ending.status,
        detail=ending.detail or None,
        maybe_recorded=ending.maybe_recorded,
        at=now,
    )
    session.add(end)
    session.flush()
    return end


def note_sent(session: Session, delivery: ScoreDelivery, version: int, at: datetime) -> None:
    """The gradebook has taken this version; so its column is there."""
    delivery.sent_version = max(delivery.sent_version, version)
    delivery.sent_at = at
    column = session.get_one(LineItem, delivery.line_item_id)
    if column.is_gone:
        column.is_gone = False
        # Scores that were earned or refused while it was gone found no column.
        queue_waiting_scores(session, column, at)


def confirm(delivery: ScoreDelivery, number: GradebookNumber, now: datetime) -> Verdict:
    """The gradebook shows this delivery's newest score."""
    delivery.confirmed_version = delivery.version
    delivery.confirmed_at = now
    note_number(delivery, number)
    verdict = Verdict(DeliveryState.CONFIRMED)
    apply_verdict(delivery, verdict, now)
    return verdict


def note_number(delivery: ScoreDelivery, number: GradebookNumber | None) -> None:
    """Keep what the gradebook shows, in its own numbers."""
    delivery.confirmed_score = None if number is None else format_number(number.score)[:40]
    maximum = None if number is None else number.maximum
    delivery.confirmed_maximum = None if maximum is None else format_number(maximum)[:40]


def forget_told(delivery: ScoreDelivery, begun: ScoreAttempt) -> None:
    """The attempt did not reach the gradebook: what it told has to be told again."""
    if begun.with_comment:
        delivery.told_comment = None
    if begun.as_new_attempt:
        delivery.told_finished_at = None


def apply_verdict(delivery: ScoreDelivery, verdict: Verdict, now: datetime) -> None:
    """Move the delivery to where a verdict puts it."""
    delivery.state = verdict.state
    delivery.reason = verdict.reason
    delivery.next_attempt_at = None if verdict.wait is None else now + verdict.wait
    delivery.failures = delivery.failures + 1 if verdict.state is DeliveryState.WAITING else 0
