"""Judging in the light of a delivery's history: what an answer, or a cell that was read, leads to."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import (
    AttemptAnswer,
    AttemptPhase,
    DeliveryReason,
    DeliveryState,
    Verdict,
    judge_answer,
)
from lti_tool.lti.platforms import traits_of
from lti_tool.models import ScoreAttempt, ScoreDelivery
from lti_tool.services.delivery_values import Ending, Reading, Sending, counts_attempts

CLOCKS_APART: Final = timedelta(minutes=10)


def judge_ending(
    session: Session,
    delivery: ScoreDelivery,
    sending: Sending,
    ending: Ending,
    reading: Reading | None,
    *,
    failures: int,
    chance: float,
    now: datetime,
) -> Verdict:
    """Decide what the end of an attempt leads to; ``failures`` are the platform's in a row."""
    if (
        ending.answer is AttemptAnswer.ATTEMPTS_USED_UP
        and sending.message.is_new_attempt
        and counts_attempts(traits_of(sending.cell.registration.family))
    ):
        # No attempt is left, yet a score does not need one: the next message says that it is none.
        delivery.told_finished_at = delivery.finished_at
        return Verdict(DeliveryState.WAITING, wait=timedelta())
    if ending.answer is AttemptAnswer.STALE:
        settled = _judge_stale(session, delivery, sending, reading)
        if settled is not None:
            return settled
    verdict = judge_answer(
        ending.answer,
        failures=delivery.failures,
        platform_failures=failures,
        same_before=min(delivery.failures, _count_same(session, sending, ending.answer)),
        chance=chance,
        retry_after=ending.retry_after,
    )
    if ending.answer is AttemptAnswer.STALE and verdict.wait is not None and reading is not None:
        return _wait_for_gradebook_clock(verdict, reading, now)
    return verdict


def _judge_stale(
    session: Session, delivery: ScoreDelivery, sending: Sending, reading: Reading | None
) -> Verdict | None:
    """What the cell says of a score that was called stale; None if it should be stamped anew."""
    if reading is None or reading.failure is not None:
        # The same time was used before and its answer never came: this answer says that it was recorded.
        return Verdict(DeliveryState.SENT, wait=timedelta()) if sending.follows_doubt else None
    if reading.number is None:
        return None
    if reading.number.equals(int(sending.message.score_given), delivery.maximum):
        return Verdict(DeliveryState.CONFIRMED)
    ours = session.scalars(select(ScoreAttempt.score).where(ScoreAttempt.delivery_id == delivery.id).distinct())
    if any(reading.number.equals(score, delivery.maximum) for score in ours):
        return None
    return Verdict(DeliveryState.NEEDS_YOU, DeliveryReason.CHANGED_IN_GRADEBOOK)


def _wait_for_gradebook_clock(verdict: Verdict, reading: Reading, now: datetime) -> Verdict:
    """Wait until our clock has passed the time the gradebook noted (Moodle stamps with its own clock)."""
    if reading.recorded_at is None or verdict.wait is None:
        return verdict
    ahead = reading.recorded_at - now + timedelta(seconds=1)
    if ahead > CLOCKS_APART:
        return Verdict(DeliveryState.NEEDS_YOU, DeliveryReason.STALE)
    return Verdict(verdict.state, verdict.reason, max(verdict.wait, ahead))


def _count_same(session: Session, sending: Sending, answer: AttemptAnswer) -> int:
    """How often in a row this version got this answer, before the attempt that has just ended."""
    answers = session.scalars(
        select(ScoreAttempt.answer)
        .where(
            ScoreAttempt.delivery_id == sending.delivery_id,
            ScoreAttempt.version == sending.version,
            ScoreAttempt.phase == AttemptPhase.ENDED,
            ScoreAttempt.begun_id < sending.begun_id,
            ScoreAttempt.answer != AttemptAnswer.LOST,
        )
        .order_by(ScoreAttempt.id.desc())
        .limit(10)
    ).all()
    return next((count for count, earlier in enumerate(answers) if earlier != answer), len(answers))


def was_recorded(begun: ScoreAttempt, delivery: ScoreDelivery, reading: Reading) -> bool:
    """Whether the cell shows that an attempt whose answer was lost had arrived."""
    if reading.number is None or not reading.number.equals(begun.score, delivery.maximum):
        return False
    if begun.version != delivery.version or not begun.with_comment or reading.comment is None:
        return True
    # The same number with another comment is the score before this one.
    return " ".join(reading.comment.split()) == " ".join((delivery.comment or "").split())
