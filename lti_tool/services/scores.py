"""Settling scores: what a person has earned in a module, written as rows in the caller's transaction (D1, D6).

Nothing here talks to a gradebook. A score that nothing holds becomes an EarnedScore and one ScoreDelivery for
every column of its module; the delivery worker does the rest. A score is never taken away: while something
holds it, what was earned before stays.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Series
from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.scoring import Holding, ModuleFacts, ModuleScore, Policy, compute_score, find_holdings
from lti_tool.domain.submissions import Decision, ReviewStatus, WorkState
from lti_tool.models import (
    Cohort,
    EarnedScore,
    Enrolment,
    LineItem,
    ReadingRecord,
    Review,
    Revision,
    ScoreDelivery,
    Submission,
)

WORD_TOLERANCE = Fraction(1, 10)
PLAN_KEY = "plan"
HANDED_IN = frozenset({WorkState.SUBMITTED, WorkState.IN_REVIEW, WorkState.ACCEPTED})


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
    with the score; None keeps the earlier one.
    """
    module = series.find_module(module_key)
    cohort = session.get_one(Cohort, cohort_id)
    is_practice = session.scalar(
        select(Enrolment.is_practice).where(Enrolment.cohort_id == cohort_id, Enrolment.user_id == user_id)
    )
    if module is None or not module.is_open or is_practice is None:
        return Settled(completes=False, holdings=(), score=None, has_column=False, is_practice=bool(is_practice))
    policy = Policy(cohort.policy)
    facts = gather_facts(session, module=module, cohort_id=cohort_id, user_id=user_id)
    score = compute_score(policy, facts)
    columns = list_columns(session, context_id=cohort.context_id, module_key=module_key)
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


def gather_facts(session: Session, *, module: Module, cohort_id: int, user_id: int) -> ModuleFacts:
    """What is known of this person's work in this module."""
    mine = (Submission.cohort_id == cohort_id, Submission.user_id == user_id, Submission.module_key == module.key)
    rows = session.execute(
        select(Submission.activity_key, Submission.state, Submission.revision_count, Revision.words)
        .outerjoin(
            Revision, and_(Revision.submission_id == Submission.id, Revision.number == Submission.revision_count)
        )
        .where(*mine)
    )
    work = {key: (WorkState(state), revisions, words or 0) for key, state, revisions, words in rows}
    untouched = (WorkState.DRAFT, 0, 0)
    reflections = [(reflection, work.get(reflection.key, untouched)) for reflection in module.reflections]
    plan_state, plan_revisions, _ = work.get(PLAN_KEY, untouched)
    accepted = session.execute(
        select(Review.ratings)
        .join(Submission, Submission.id == Review.submission_id)
        .join(Revision, Revision.id == Review.revision_id)
        .where(
            *mine,
            Submission.activity_key == PLAN_KEY,
            Review.status == ReviewStatus.RELEASED,
            Review.decision == Decision.ACCEPT,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()
    readings = session.execute(
        select(ReadingRecord.activity_key, ReadingRecord.marked_read_at, ReadingRecord.tried).where(
            ReadingRecord.cohort_id == cohort_id,
            ReadingRecord.user_id == user_id,
            ReadingRecord.module_key == module.key,
        )
    )
    read = {key: set(tried) for key, marked_at, tried in readings if marked_at is not None}
    return ModuleFacts(
        readings_total=len(module.readings),
        readings_done=sum(
            reading.key in read and read[reading.key] >= {check.key for check in reading.checks}
            for reading in module.readings
        ),
        reflections_total=len(module.reflections),
        reflections_submitted=sum(state in HANDED_IN for _, (state, _, _) in reflections),
        reflections_in_range=sum(
            state in HANDED_IN and is_in_word_range(words, reflection.min_words, reflection.max_words)
            for reflection, (state, _, words) in reflections
        ),
        reflections_were_submitted=sum(revisions > 0 for _, (_, revisions, _) in reflections),
        criteria_total=len(module.worksheet.rubric) if module.worksheet else 0,
        plan_is_submitted=plan_state in {WorkState.SUBMITTED, WorkState.IN_REVIEW},
        plan_is_accepted=accepted is not None,
        plan_was_submitted=plan_revisions > 0,
        ratings={} if accepted is None else {key: int(level) for key, level in accepted[0].items()},
    )


def list_handed_in(session: Session, *, module: Module, cohort_id: int, user_id: int) -> frozenset[str]:
    """Keys of the activities of this module that are submitted or accepted at the moment."""
    return frozenset(
        session.scalars(
            select(Submission.activity_key).where(
                Submission.cohort_id == cohort_id,
                Submission.user_id == user_id,
                Submission.module_key == module.key,
                Submission.state.in_(HANDED_IN),
            )
        )
    )


def is_in_word_range(words: int, low: int, high: int) -> bool:
    """Whether a word count is inside a range, with ten percent tolerance at both ends."""
    return low * (1 - WORD_TOLERANCE) <= words <= high * (1 + WORD_TOLERANCE)


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
    """Queue every score of this column's module that was earned in its course before the column was known."""
    waiting = session.scalars(
        select(EarnedScore)
        .join(Cohort, Cohort.id == EarnedScore.cohort_id)
        .outerjoin(
            ScoreDelivery,
            and_(ScoreDelivery.line_item_id == column.id, ScoreDelivery.user_id == EarnedScore.user_id),
        )
        .where(
            Cohort.context_id == column.context_id,
            EarnedScore.module_key == column.module_key,
            ScoreDelivery.id.is_(None),
        )
    ).all()
    for earned in waiting:
        queue_delivery(session, earned, column, now)
    return len(waiting)


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
            maximum=100,
            parts=parts,
            comment=comment,
            finished_at=_find_finish(session, cohort_id, user_id, module_key) or now,
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
    earned.finished_at = _find_finish(session, cohort_id, user_id, module_key) or now
    earned.version += 1
    earned.earned_at = now
    return earned


def _find_finish(session: Session, cohort_id: int, user_id: int, module_key: str) -> datetime | None:
    """When she really finished: her last submission in this module (Canvas marks later times as late)."""
    return session.scalar(
        select(func.max(Submission.submitted_at)).where(
            Submission.cohort_id == cohort_id, Submission.user_id == user_id, Submission.module_key == module_key
        )
    )
