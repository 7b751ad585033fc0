"""Beginning an attempt: what is said this time, stamped with which time, written down before it is sent."""

from datetime import datetime

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import (
    LONGEST_AHEAD,
    AttemptAnswer,
    AttemptPhase,
    choose_timestamp,
    is_too_early,
    keeps_timestamp,
)
from lti_tool.lti.configuration import list_addresses
from lti_tool.lti.platforms import PlatformTraits, traits_of
from lti_tool.lti.values import ScoreMessage
from lti_tool.models import EarnedScore, ScoreAttempt, ScoreDelivery, Submission
from lti_tool.services.arrival_work import WORK_PARAMETER
from lti_tool.services.delivery_values import Cell, Sending, adds_every_comment, counts_attempts, digest_comment
from lti_tool.services.return_notes import find_note_time
from lti_tool.services.score_facts import PLAN_KEY


def begin_attempt(
    session: Session,
    delivery: ScoreDelivery,
    cell: Cell,
    last: ScoreAttempt | None,
    end: ScoreAttempt | None,
    *,
    follows_doubt: bool,
    now: datetime,
    base_url: str,
) -> Sending | None:
    """Write an attempt down as begun; None if its time lies too far ahead, and it waits until then."""
    is_repeat = last is not None and end is not None and _is_same_again(delivery, last, end)
    stamp = last.timestamp if is_repeat and last is not None else _choose_stamp(session, delivery, now)
    if is_too_early(stamp, now):
        delivery.next_attempt_at = stamp - LONGEST_AHEAD
        session.flush()
        return None
    traits = traits_of(cell.registration.family)
    comment = _choose_comment(delivery, traits)
    is_new_attempt = delivery.told_finished_at is None or delivery.finished_at > delivery.told_finished_at
    begun = ScoreAttempt(
        delivery_id=delivery.id,
        phase=AttemptPhase.BEGUN,
        version=delivery.version,
        score=delivery.score,
        timestamp=stamp,
        with_comment=comment is not None,
        as_new_attempt=is_new_attempt,
        at=now,
    )
    session.add(begun)
    delivery.last_timestamp = stamp
    if comment is not None:
        delivery.told_comment = digest_comment(comment)
    if is_new_attempt:
        delivery.told_finished_at = delivery.finished_at
    session.flush()
    message = ScoreMessage(
        user_sub=cell.user_sub,
        timestamp=stamp,
        score_given=delivery.score,
        score_maximum=delivery.maximum,
        comment=comment,
        submitted_at=delivery.finished_at,
        is_new_attempt=is_new_attempt,
        overrides_teacher=_was_taken(session, delivery),
        work_url=_find_work_url(session, delivery, base_url) if is_new_attempt and counts_attempts(traits) else None,
    )
    return Sending(delivery.id, begun.id, delivery.version, cell, message, follows_doubt=follows_doubt and is_repeat)


def _choose_stamp(session: Session, delivery: ScoreDelivery, now: datetime) -> datetime:
    """A time later than that of every score and note this cell was told before."""
    told = [delivery.last_timestamp, find_note_time(session, delivery.line_item_id, delivery.user_id)]
    return choose_timestamp(now, max((moment for moment in told if moment is not None), default=None))


def _find_work_url(session: Session, delivery: ScoreDelivery, base_url: str) -> str | None:
    """The launch that opens her plan for a grader; it says which work it is about and lets nobody in by itself."""
    plan_id = session.scalar(
        select(Submission.id)
        .join(
            EarnedScore,
            and_(
                EarnedScore.cohort_id == Submission.cohort_id,
                EarnedScore.user_id == Submission.user_id,
                EarnedScore.module_key == Submission.module_key,
            ),
        )
        .where(EarnedScore.id == delivery.earned_score_id, Submission.activity_key == PLAN_KEY)
    )
    if not base_url or plan_id is None:
        return None
    return f"{list_addresses(base_url).launch}?{WORK_PARAMETER}={plan_id}"


def _is_same_again(delivery: ScoreDelivery, last: ScoreAttempt, end: ScoreAttempt) -> bool:
    # A score a person sends again after it needed her is a new decision and gets a new time (failures are 0 then).
    answer = AttemptAnswer(end.answer) if end.answer else None
    is_unfinished = answer is AttemptAnswer.LOST or delivery.failures > 0
    return last.version == delivery.version and is_unfinished and keeps_timestamp(answer)


def _was_taken(session: Session, delivery: ScoreDelivery) -> bool:
    """Whether the platform took this very version before: it is only sent again when a person here decides so."""
    taken = exists().where(
        ScoreAttempt.delivery_id == delivery.id,
        ScoreAttempt.version == delivery.version,
        ScoreAttempt.answer.in_((AttemptAnswer.SENT, AttemptAnswer.FOUND)),
    )
    return bool(session.scalar(select(taken)))


def _choose_comment(delivery: ScoreDelivery, traits: PlatformTraits) -> str | None:
    if not delivery.comment:
        return None
    if adds_every_comment(traits) and delivery.told_comment == digest_comment(delivery.comment):
        return None
    return delivery.comment
