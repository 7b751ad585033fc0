"""Settling scores: what a person has earned in a module, written as rows in the caller's transaction (D1, D6).

Nothing here talks to a gradebook. A score that nothing holds becomes an EarnedScore and one ScoreDelivery for
every column of its module; the delivery worker does the rest. A score is never taken away: while something
holds it, what was earned before stays.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.deliveries import DeliveryReason, DeliveryState
from lti_tool.domain.scoring import (
    MAXIMUM,
    Holding,
    ModuleScore,
    Policy,
    compute_score,
    find_holdings,
)
from lti_tool.models import Cohort, Context, EarnedScore, Enrolment, LineItem, ScoreDelivery
from lti_tool.services.score_facts import find_comment, find_finish, gather_facts


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling found: whether nothing holds the score any more, what does, and the score if there is one.

    ``is_practice`` says that nothing is ever sent for this person's work here.
    """

    completes: bool
    holdings: tuple[Holding, ...]
    score: int | None
    has_column: bool
    is_practice: bool


def settle_score(
    session: Session,
    *,
    series: Series,
    cohort_id: int,
    user_id: int,
    module_key: str,
    now: datetime,
    comment: str | None = None,
) -> Settled:
    """Compute what this person has earned in this module and write it if it is new.

    Called by every use-case that can change it, inside its transaction. ``comment`` goes to the gradebook once,
    with the score; None keeps the earlier one, and a first score takes that of the accepted plan.
    """
    module = series.find_module(module_key)
    context_id, policy_name = session.execute(
        select(Cohort.context_id, Cohort.policy).where(Cohort.id == cohort_id)
    ).one()
    hold_scores_of_course(session, context_id)
    is_practice = session.scalar(
        select(Enrolment.is_practice).where(Enrolment.cohort_id == cohort_id, Enrolment.user_id == user_id)
    )
    if module is None or not module.is_open or is_practice is None:
        return Settled(completes=False, holdings=(), score=None, has_column=False, is_practice=bool(is_practice))
    policy = Policy(policy_name)
    facts = gather_facts(session, module=module, cohort_id=cohort_id, user_id=user_id)
    score = compute_score(policy, facts, series.points)
    columns = list_columns(session, context_id=context_id, module_key=module_key)
    if score is not None and not is_practice:
        earned = _write_earned(
            session,
            cohort_id=cohort_id,
            user_id=user_id,
            module_key=module_key,
            policy=policy,
            score=score,
            now=now,
            comment=comment,
        )
        if earned is not None:
            for column in columns:
                queue_delivery(session, earned, column, now)
    return Settled(
        completes=score is not None,
        holdings=find_holdings(policy, facts),
        score=None if score is None else score.points,
        has_column=bool(columns),
        is_practice=is_practice,
    )


def hold_scores_of_course(session: Session | Connection, context_id: int) -> None:
    """Let no other transaction settle scores or add columns in this course until this one ends.

    Otherwise a release and her last submission at the same moment would each find the other's work undone, or a score
    and the column it waits for each find the other missing, and the score would never be sent. SQLite writes one
    transaction at a time anyway.
    """
    session.execute(select(Context.id).where(Context.id == context_id).with_for_update(key_share=True))


def list_columns(session: Session, *, context_id: int, module_key: str) -> list[LineItem]:
    """The gradebook columns this module has in this course."""
    return list(
        session.scalars(
            select(LineItem)
            .where(LineItem.context_id == context_id, LineItem.module_key == module_key, LineItem.is_gone.is_(False))
            .order_by(LineItem.id)
        )
    )


def queue_waiting_scores(session: Session, column: LineItem, now: datetime) -> int:
    """Queue every score of this column's module that was earned in its course and that the column was not told.

    The column is new, or there again, or another module's from now on. Who did the module in two cohorts gets the
    later score.
    """
    rows = session.execute(
        select(EarnedScore, ScoreDelivery)
        .join(Cohort, Cohort.id == EarnedScore.cohort_id)
        .join(Enrolment, and_(Enrolment.cohort_id == Cohort.id, Enrolment.user_id == EarnedScore.user_id))
        .outerjoin(
            ScoreDelivery,
            and_(ScoreDelivery.line_item_id == column.id, ScoreDelivery.user_id == EarnedScore.user_id),
        )
        .where(
            Cohort.context_id == column.context_id,
            EarnedScore.module_key == column.module_key,
            Enrolment.is_practice.is_(False),
        )
        .order_by(EarnedScore.earned_at, EarnedScore.id)
    )
    latest = {earned.user_id: (earned, delivery) for earned, delivery in rows}
    waiting = [earned for earned, delivery in latest.values() if delivery is None or not _tells(delivery, earned)]
    for earned in waiting:
        queue_delivery(session, earned, column, now)
    return len(waiting)


def _tells(delivery: ScoreDelivery, earned: EarnedScore) -> bool:
    """Whether this delivery brings this score, or has brought it."""
    if delivery.reason == DeliveryReason.COLUMN_GONE:
        return False
    return (delivery.earned_score_id, delivery.score) == (earned.id, earned.points)


def is_withheld() -> ColumnElement[bool]:
    """SQL: whether a delivery's work is practice by now, so that nothing of it is sent any more (D12)."""
    return exists().where(
        EarnedScore.id == ScoreDelivery.earned_score_id,
        Enrolment.cohort_id == EarnedScore.cohort_id,
        Enrolment.user_id == EarnedScore.user_id,
        Enrolment.is_practice,
    )


def queue_delivery(session: Session, earned: EarnedScore, column: LineItem, now: datetime) -> None:
    """Make this column's cell want this score; a newer score replaces one that was not sent yet."""
    delivery = session.scalar(
        select(ScoreDelivery)
        .where(ScoreDelivery.line_item_id == column.id, ScoreDelivery.user_id == earned.user_id)
        .with_for_update()
    )
    if delivery is None:
        session.add(
            ScoreDelivery(
                registration_id=column.registration_id,
                line_item_id=column.id,
                user_id=earned.user_id,
                earned_score_id=earned.id,
                score=earned.points,
                maximum=earned.maximum,
                comment=earned.comment,
                finished_at=earned.finished_at,
                next_attempt_at=now,
                created_at=now,
            )
        )
        session.flush()
        return
    delivery.earned_score_id = earned.id
    delivery.score = earned.points
    delivery.maximum = earned.maximum
    delivery.comment = earned.comment
    delivery.finished_at = earned.finished_at
    delivery.version += 1
    delivery.state = DeliveryState.WAITING
    delivery.reason = None
    delivery.failures = 0
    delivery.next_attempt_at = now


def _write_earned(
    session: Session,
    *,
    cohort_id: int,
    user_id: int,
    module_key: str,
    policy: Policy,
    score: ModuleScore,
    now: datetime,
    comment: str | None,
) -> EarnedScore | None:
    """Write the score; None when nothing about it is new."""
    earned = session.scalar(
        select(EarnedScore)
        .where(
            EarnedScore.cohort_id == cohort_id,
            EarnedScore.user_id == user_id,
            EarnedScore.module_key == module_key,
        )
        .with_for_update()
    )
    parts: dict[str, Any] = {
        "policy": policy.value,
        "parts": [{"name": part.name, "earned": str(part.earned), "possible": part.possible} for part in score.parts],
    }
    if earned is None:
        earned = EarnedScore(
            cohort_id=cohort_id,
            user_id=user_id,
            module_key=module_key,
            points=score.points,
            maximum=MAXIMUM,
            parts=parts,
            comment=comment or find_comment(session, cohort_id, user_id, module_key) or None,
            finished_at=find_finish(session, cohort_id, user_id, module_key) or now,
            earned_at=now,
        )
        session.add(earned)
        session.flush()
        return earned
    is_new_comment = comment is not None and comment != earned.comment
    if earned.points == score.points and not is_new_comment:
        earned.parts = parts
        return None
    earned.points = score.points
    earned.parts = parts
    earned.comment = comment if comment is not None else earned.comment
    earned.finished_at = find_finish(session, cohort_id, user_id, module_key) or now
    earned.version += 1
    earned.earned_at = now
    return earned
