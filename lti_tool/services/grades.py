"""The facilitator's gradebook page: every score of the course, how far it has come, and trying again."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.deliveries import AttemptAnswer, AttemptPhase, DeliveryReason, DeliveryState
from lti_tool.models import (
    Cohort,
    DeliveryLease,
    EarnedScore,
    Enrolment,
    LineItem,
    ScoreAttempt,
    ScoreDelivery,
    Store,
    Submission,
    User,
)
from lti_tool.services.audit import record_fact
from lti_tool.services.column_requests import MissingColumns, describe_missing_columns
from lti_tool.services.delivery_reports import make_due
from lti_tool.services.errors import NotAllowedError, NotFoundError, NotNowError
from lti_tool.services.review_access import label_person
from lti_tool.services.score_lines import DeliveryLine, describe_delivery
from lti_tool.services.scores import is_withheld
from lti_tool.services.visits import Visit

MOST_HISTORY = 20
_URGENCY = (DeliveryState.NEEDS_YOU, DeliveryState.WAITING, DeliveryState.SENT, DeliveryState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened to a score: ``answer`` is None where it was about to be sent."""

    at: datetime
    score: int
    answer: AttemptAnswer | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One score on its way to one column.

    ``detail`` are the platform's own words if it needs a person; ``silent_since`` is when the platform
    stopped answering; ``confirmed_maximum`` is the column's own maximum.
    """

    delivery_id: int
    person_label: str
    module_key: str
    module_title: str
    line: DeliveryLine
    detail: str | None
    silent_since: datetime | None
    confirmed_maximum: str | None
    history: tuple[HistoryLine, ...]

    @property
    def is_kept(self) -> bool:
        """Whether a facilitator left the gradebook's own number."""
        return self.line.reason == DeliveryReason.KEPT_GRADEBOOK

    @property
    def can_retry(self) -> bool:
        """Whether there is something to try at once: to send, or to look whether it arrived."""
        if self.line.state is DeliveryState.SENT:
            return self.line.next_attempt_at is not None
        return self.line.state is not DeliveryState.CONFIRMED or self.is_kept

    @property
    def can_keep(self) -> bool:
        """Whether the gradebook's own number can be kept."""
        return self.line.state is DeliveryState.NEEDS_YOU and self.line.reason == DeliveryReason.CHANGED_IN_GRADEBOOK


@dataclass(frozen=True, slots=True)
class KeptScore:
    """A score without a column to go to."""

    person_label: str
    module_title: str
    points: int
    maximum: int
    earned_at: datetime


@dataclass(frozen=True, slots=True)
class PracticePerson:
    """Somebody whose work is practice, so that nothing is sent."""

    person_label: str


@dataclass(frozen=True, slots=True)
class GradesPage:
    """Everything the page shows: scores under way, the most urgent first; scores without a column; practice.

    ``missing`` are the sessions that have no column here.
    """

    rows: tuple[DeliveryRow, ...]
    without_column: tuple[KeptScore, ...]
    not_scored: tuple[PracticePerson, ...]
    missing: MissingColumns

    def count(self, state: DeliveryState) -> int:
        """How many scores are in this state."""
        return sum(row.line.state is state for row in self.rows)


def list_deliveries(store: Store, visit: Visit, series: Series) -> GradesPage:
    """List every score of this course.

    Raises:
        NotAllowedError: the visitor does not facilitate here.
        NotFoundError: the launch came without a course.
    """
    context_id = _require_course(visit)
    titles = {module.key: module.title for module in series.modules}
    order = {module.key: number for number, module in enumerate(series.modules)}
    is_unfinished = ScoreDelivery.state.in_((DeliveryState.WAITING, DeliveryState.NEEDS_YOU))
    with store.reading() as session:
        found = session.execute(
            select(ScoreDelivery, LineItem, User.name, DeliveryLease.resume_at, DeliveryLease.silent_since)
            .join(LineItem, LineItem.id == ScoreDelivery.line_item_id)
            .join(User, User.id == ScoreDelivery.user_id)
            .outerjoin(DeliveryLease, DeliveryLease.registration_id == ScoreDelivery.registration_id)
            .where(LineItem.context_id == context_id, ~(is_unfinished & is_withheld()))
        ).all()
        histories = _list_histories(session, [row[0].id for row in found])
        without_column = _list_without_column(session, context_id, titles)
        not_scored = _list_practice(session, context_id)
        missing = describe_missing_columns(session, context_id, series)
    # A column that is gone is nobody's problem once the score has another one to go to.
    placed = {delivery.earned_score_id for delivery, column, *_ in found if not column.is_gone}
    rows = [
        _describe_row(
            delivery,
            label_person(name, delivery.user_id),
            column.module_key,
            titles.get(column.module_key, column.module_key),
            resume_at,
            silent_since,
            histories.get(delivery.id, ()),
        )
        for delivery, column, name, resume_at, silent_since in found
        if not column.is_gone or delivery.earned_score_id not in placed
    ]
    rows.sort(key=lambda row: (_URGENCY.index(row.line.state), row.person_label, order.get(row.module_key, 99)))
    return GradesPage(tuple(rows), without_column, not_scored, missing)


def retry_delivery(store: Store, visit: Visit, delivery_id: int, *, now: datetime) -> None:
    """Try this score again now, whatever the waiting time; after a change in the gradebook this sends ours again.

    Raises:
        NotAllowedError: the visitor does not facilitate here.
        NotFoundError: there is no such score in this course.
        NotNowError: the gradebook has it.
    """
    with store.writing() as session:
        delivery = _find_delivery(session, visit, delivery_id)
        is_kept = delivery.reason == DeliveryReason.KEPT_GRADEBOOK
        if delivery.state == DeliveryState.CONFIRMED and not is_kept:
            raise NotNowError("The gradebook shows this score already. There is nothing to send.")
        make_due(session, {delivery.id}, {delivery.registration_id}, now)
        _record(session, visit, delivery, "retried_delivery", now)


def keep_gradebook_score(store: Store, visit: Visit, delivery_id: int, *, now: datetime) -> None:
    """Leave the number somebody put into the gradebook; it stays until a newer score is released here.

    Raises:
        NotAllowedError: the visitor does not facilitate here.
        NotFoundError: there is no such score in this course.
        NotNowError: nobody changed it in the gradebook.
    """
    with store.writing() as session:
        delivery = _find_delivery(session, visit, delivery_id, locking=True)
        if delivery.reason != DeliveryReason.CHANGED_IN_GRADEBOOK:
            raise NotNowError("The number in the gradebook is not different any more. Nothing was changed.")
        delivery.state = DeliveryState.CONFIRMED
        delivery.reason = DeliveryReason.KEPT_GRADEBOOK
        delivery.confirmed_at = now
        delivery.next_attempt_at = None
        _record(session, visit, delivery, "kept_gradebook_score", now)


def _require_course(visit: Visit) -> int:
    if not visit.is_staff:
        raise NotAllowedError("Only facilitators of this course see its scores.")
    if visit.context_id is None:
        raise NotFoundError
    return visit.context_id


def _find_delivery(session: Session, visit: Visit, delivery_id: int, *, locking: bool = False) -> ScoreDelivery:
    statement = (
        select(ScoreDelivery)
        .join(LineItem, LineItem.id == ScoreDelivery.line_item_id)
        .where(ScoreDelivery.id == delivery_id, LineItem.context_id == _require_course(visit))
    )
    delivery = session.scalar(statement.with_for_update(of=ScoreDelivery) if locking else statement)
    if delivery is None:
        raise NotFoundError("There is no such score in this course.")
    return delivery


def _record(session: Session, visit: Visit, delivery: ScoreDelivery, verb: str, now: datetime) -> None:
    record_fact(
        session,
        now=now,
        verb=verb,
        actor_id=visit.user_id,
        subject_id=delivery.user_id,
        context_id=visit.context_id,
        object_kind="score_delivery",
        object_id=delivery.id,
        version=delivery.version,
    )


def _list_histories(session: Session, delivery_ids: Sequence[int]) -> dict[int, tuple[HistoryLine, ...]]:
    histories: dict[int, list[HistoryLine]] = defaultdict(list)
    attempts = session.scalars(
        select(ScoreAttempt).where(ScoreAttempt.delivery_id.in_(delivery_ids)).order_by(ScoreAttempt.id.desc())
    )
    for attempt in attempts:
        lines = histories[attempt.delivery_id]
        if len(lines) < MOST_HISTORY:
            answer = AttemptAnswer(attempt.answer) if attempt.phase == AttemptPhase.ENDED and attempt.answer else None
            # Without a status nobody answered, and the detail is ours, for the log.
            detail = attempt.detail if attempt.status is not None else None
            lines.append(HistoryLine(attempt.at, attempt.score, answer, detail))
    return {delivery_id: tuple(lines) for delivery_id, lines in histories.items()}


def _describe_row(
    delivery: ScoreDelivery,
    person_label: str,
    module_key: str,
    module_title: str,
    resume_at: datetime | None,
    silent_since: datetime | None,
    history: tuple[HistoryLine, ...],
) -> DeliveryRow:
    line = describe_delivery(delivery)
    if line.state is DeliveryState.WAITING and resume_at is not None and line.next_attempt_at is not None:
        # While its platform is left alone, nothing is sent, whatever the score's own time says.
        line = replace(line, next_attempt_at=max(line.next_attempt_at, resume_at))
    latest = next((entry for entry in history if entry.answer is not None), None)
    needs_you = line.state is DeliveryState.NEEDS_YOU
    return DeliveryRow(
        delivery_id=delivery.id,
        person_label=person_label,
        module_key=module_key,
        module_title=module_title,
        line=line,
        detail=latest.detail if needs_you and latest is not None else None,
        silent_since=silent_since if line.state is DeliveryState.WAITING else None,
        confirmed_maximum=delivery.confirmed_maximum,
        history=history,
    )


def _list_without_column(session: Session, context_id: int, titles: dict[str, str]) -> tuple[KeptScore, ...]:
    found = session.execute(
        select(EarnedScore, User.name)
        .join(Cohort, Cohort.id == EarnedScore.cohort_id)
        .join(User, User.id == EarnedScore.user_id)
        .join(Enrolment, and_(Enrolment.cohort_id == Cohort.id, Enrolment.user_id == User.id))
        .outerjoin(ScoreDelivery, ScoreDelivery.earned_score_id == EarnedScore.id)
        .where(Cohort.context_id == context_id, Enrolment.is_practice.is_(False), ScoreDelivery.id.is_(None))
        .order_by(EarnedScore.earned_at, EarnedScore.id)
    )
    return tuple(
        KeptScore(
            label_person(name, earned.user_id),
            titles.get(earned.module_key, earned.module_key),
            earned.points,
            earned.maximum,
            earned.earned_at,
        )
        for earned, name in found
    )


def _list_practice(session: Session, context_id: int) -> tuple[PracticePerson, ...]:
    """People whose submitted work is practice."""
    found = session.execute(
        select(User.id, User.name)
        .join(Enrolment, Enrolment.user_id == User.id)
        .join(Cohort, Cohort.id == Enrolment.cohort_id)
        .join(Submission, and_(Submission.cohort_id == Cohort.id, Submission.user_id == User.id))
        .where(Cohort.context_id == context_id, Enrolment.is_practice, Submission.revision_count > 0)
        .distinct()
        .order_by(User.id)
    )
    return tuple(PracticePerson(label_person(name, user_id)) for user_id, name in found)
