"""What a person's own pages say about her score: what still holds it, what it is, and whether the gradebook has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module
from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.scoring import Holding, Policy, ScorePart, find_holdings
from lti_tool.models import Cohort, EarnedScore, Enrolment, LineItem, ScoreDelivery
from lti_tool.services.score_facts import gather_facts, list_handed_in
from lti_tool.services.scores import list_columns

_MOST_URGENT_FIRST = (
    DeliveryState.NEEDS_YOU,
    DeliveryState.WAITING,
    DeliveryState.SENT,
    DeliveryState.CONFIRMED,
)


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """How far one score has come on its way to the gradebook."""

    delivery_id: int
    state: DeliveryState
    reason: str | None
    score: int
    maximum: int
    sent_at: datetime | None
    confirmed_at: datetime | None
    confirmed_score: str | None
    next_attempt_at: datetime | None
    failures: int


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One module's score for one person. ``delivery`` is the most urgent of its columns' deliveries."""

    policy: Policy
    holdings: tuple[Holding, ...]
    open_reflections: tuple[tuple[str, int], ...]
    points: int | None
    maximum: int
    parts: tuple[ScorePart, ...]
    delivery: DeliveryLine | None
    has_column: bool
    is_practice: bool


def describe_score(session: Session, *, module: Module, cohort_id: int, user_id: int) -> ScoreLine | None:
    """The score line of this person in this module; None if she is not enrolled or the module is not open."""
    row = session.execute(
        select(Cohort.policy, Cohort.context_id, Enrolment.is_practice)
        .join(Enrolment, Enrolment.cohort_id == Cohort.id)
        .where(Cohort.id == cohort_id, Enrolment.user_id == user_id)
    ).one_or_none()
    if row is None or not module.is_open:
        return None
    policy = Policy(row[0])
    facts = gather_facts(session, module=module, cohort_id=cohort_id, user_id=user_id)
    earned = session.scalar(
        select(EarnedScore).where(
            EarnedScore.cohort_id == cohort_id,
            EarnedScore.user_id == user_id,
            EarnedScore.module_key == module.key,
        )
    )
    columns = list_columns(session, context_id=row[1], module_key=module.key)
    delivery = None
    if earned is not None:
        delivery = min(
            map(describe_delivery, _list_deliveries(session, earned)),
            key=lambda line: _MOST_URGENT_FIRST.index(line.state),
            default=None,
        )
    return ScoreLine(
        policy=policy,
        holdings=find_holdings(policy, facts),
        open_reflections=_list_open_reflections(session, module, cohort_id, user_id),
        points=earned.points if earned else None,
        maximum=earned.maximum if earned else 100,
        parts=read_parts(earned.parts) if earned else (),
        delivery=delivery,
        has_column=bool(columns),
        is_practice=row[2],
    )


def describe_delivery(delivery: ScoreDelivery) -> DeliveryLine:
    """A delivery as a value."""
    return DeliveryLine(
        delivery_id=delivery.id,
        state=DeliveryState(delivery.state),
        reason=delivery.reason,
        score=delivery.score,
        maximum=delivery.maximum,
        sent_at=delivery.sent_at,
        confirmed_at=delivery.confirmed_at,
        confirmed_score=delivery.confirmed_score,
        next_attempt_at=delivery.next_attempt_at,
        failures=delivery.failures,
    )


def _list_deliveries(session: Session, earned: EarnedScore) -> list[ScoreDelivery]:
    """Its deliveries; one to a deleted column counts only while the score has no other."""
    rows = session.execute(
        select(ScoreDelivery, LineItem.is_gone)
        .join(LineItem, LineItem.id == ScoreDelivery.line_item_id)
        .where(ScoreDelivery.earned_score_id == earned.id)
    ).all()
    return [row[0] for row in rows if not row[1]] or [row[0] for row in rows]


def read_parts(parts: Mapping[str, object]) -> tuple[ScorePart, ...]:
    """The parts of a stored score, exact again."""
    rows = parts.get("parts")
    if not isinstance(rows, list):
        return ()
    return tuple(ScorePart(str(row["name"]), Fraction(row["earned"]), int(row["possible"])) for row in rows)


def _list_open_reflections(
    session: Session, module: Module, cohort_id: int, user_id: int
) -> tuple[tuple[str, int], ...]:
    handed_in = list_handed_in(session, module=module, cohort_id=cohort_id, user_id=user_id)
    return tuple(
        (reflection.title, reflection.minutes) for reflection in module.reflections if reflection.key not in handed_in
    )
