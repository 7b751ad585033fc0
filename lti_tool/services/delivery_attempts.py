"""The two transactions around every request to a gradebook: begin an attempt, and record how it ended.

Rows are locked in one order everywhere: the registration's lease, then the delivery.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import (
    AttemptAnswer,
    AttemptPhase,
    DeliveryReason,
    DeliveryState,
    Verdict,
    judge_answer,
)
from lti_tool.models import LineItem, ScoreAttempt, ScoreDelivery, Store
from lti_tool.services.column_lookup import OtherColumns, keep_other_columns
from lti_tool.services.delivery_beginning import begin_attempt
from lti_tool.services.delivery_judging import judge_ending, was_recorded
from lti_tool.services.delivery_leases import (
    count_platform_failures,
    leave_platform_alone,
    note_platform_answers,
    renew_lease,
)
from lti_tool.services.delivery_rows import (
    apply_verdict,
    confirm,
    end_attempt,
    find_cell,
    forget_told,
    note_number,
    note_sent,
)
from lti_tool.services.delivery_values import (
    Doubt,
    Ending,
    Reading,
    Sending,
)
from lti_tool.services.scores import hold_scores_of_course, is_withheld


def claim_next(
    store: Store, registration_id: int, *, owner: str, now: datetime, base_url: str = ""
) -> Sending | Doubt | None:
    """Begin the next due attempt of this registration; None when nothing is due.

    ``base_url`` is our own address, for the link that opens her work for a grader.

    Raises:
        LeaseLostError: the lease ran out.
    """
    with store.writing() as session:
        renew_lease(session, registration_id, owner=owner, now=now)
        while (delivery := _find_due(session, registration_id, now)) is not None:
            begun, end = _find_last_attempt(session, delivery)
            cell = find_cell(session, delivery)
            is_in_doubt = begun is not None and (end is None or end.maybe_recorded)
            if begun is not None and is_in_doubt and cell.can_read:
                return Doubt(delivery.id, begun.id, cell)
            if begun is not None and end is None:
                end = end_attempt(session, begun, Ending(AttemptAnswer.LOST, maybe_recorded=True), now)
            sending = begin_attempt(
                session, delivery, cell, begun, end, follows_doubt=is_in_doubt, now=now, base_url=base_url
            )
            if sending is not None:
                return sending
        return None


def resolve_doubt(
    store: Store, doubt: Doubt, reading: Reading, *, owner: str, now: datetime, chance: float, base_url: str = ""
) -> Sending | Verdict:
    """Judge an attempt whose end was unknown by what its cell holds; begin another if the score is not there.

    Raises:
        LeaseLostError: the lease ran out.
    """
    with store.writing() as session:
        registration_id = int(doubt.cell.registration.id)
        renew_lease(session, registration_id, owner=owner, now=now)
        failures = count_platform_failures(session, registration_id)
        delivery = session.get_one(ScoreDelivery, doubt.delivery_id, with_for_update=True)
        begun = session.get_one(ScoreAttempt, doubt.begun_id)
        if delivery.state != DeliveryState.WAITING:
            return Verdict(DeliveryState(delivery.state))
        follows_doubt = False
        if reading.failure is not None:
            verdict = judge_answer(
                reading.failure.answer,
                failures=delivery.failures,
                platform_failures=failures,
                same_before=0,
                chance=chance,
                retry_after=reading.failure.retry_after,
            )
            if verdict.pause is not None:
                leave_platform_alone(session, registration_id, until=now + verdict.pause, now=now)
                apply_verdict(delivery, verdict, now)
                return verdict
            ending, follows_doubt = Ending(AttemptAnswer.LOST, maybe_recorded=True), True
        elif was_recorded(begun, delivery, reading):
            ending = Ending(AttemptAnswer.FOUND, detail="The gradebook holds it.")
        else:
            ending = Ending(AttemptAnswer.LOST, detail="The gradebook does not hold it.")
            forget_told(delivery, begun)
        end = end_attempt(session, begun, ending, now)
        if ending.answer is AttemptAnswer.FOUND:
            note_platform_answers(session, registration_id)
            note_sent(session, delivery, begun.version, begun.at)
            if begun.version == delivery.version and reading.number is not None:
                return confirm(delivery, reading.number, now)
        sending = begin_attempt(
            session, delivery, doubt.cell, begun, end, follows_doubt=follows_doubt, now=now, base_url=base_url
        )
        return sending or Verdict(DeliveryState.WAITING)


def record_ending(
    store: Store,
    sending: Sending,
    ending: Ending,
    reading: Reading | None,
    *,
    now: datetime,
    chance: float,
    others: OtherColumns | None = None,
) -> Verdict | None:
    """Record how an attempt ended and what follows; None if another worker has judged it meanwhile.

    ``reading`` is what the cell holds, read because the platform called the score stale; ``others`` are the columns
    the module has in place of one that is gone.
    """
    with store.writing() as session:
        registration_id = int(sending.cell.registration.id)
        failures = count_platform_failures(session, registration_id)
        if others is not None:
            # Whoever settles scores holds the course first and a delivery after it; so does this.
            hold_scores_of_course(session, others.course.context_id)
        delivery = session.get_one(ScoreDelivery, sending.delivery_id, with_for_update=True)
        begun = session.get_one(ScoreAttempt, sending.begun_id)
        is_judged = _is_judged(session, begun)
        end_attempt(session, begun, ending, now)
        if is_judged:
            return None
        if ending.answer is not AttemptAnswer.SENT and not ending.maybe_recorded:
            forget_told(delivery, begun)
        verdict = judge_ending(session, delivery, sending, ending, reading, failures=failures, chance=chance, now=now)
        if verdict.pause is not None:
            leave_platform_alone(session, registration_id, until=now + verdict.pause, now=now)
        elif ending.answer is not AttemptAnswer.TOOL_FAULT:
            note_platform_answers(session, registration_id)
        if ending.answer is AttemptAnswer.COLUMN_GONE:
            session.get_one(LineItem, delivery.line_item_id).is_gone = True
        _settle(session, delivery, sending, verdict, reading, now)
        if others is not None and others.items:
            _leave_gone_column(session, delivery.line_item_id)
            keep_other_columns(session, others, now)
        return verdict


def _find_due(session: Session, registration_id: int, now: datetime) -> ScoreDelivery | None:
    return session.scalars(
        select(ScoreDelivery)
        .where(
            ScoreDelivery.registration_id == registration_id,
            ScoreDelivery.state == DeliveryState.WAITING,
            ScoreDelivery.next_attempt_at <= now,
            ~is_withheld(),
        )
        .order_by(ScoreDelivery.next_attempt_at, ScoreDelivery.id)
        .limit(1)
        .with_for_update()
    ).first()


def _find_last_attempt(session: Session, delivery: ScoreDelivery) -> tuple[ScoreAttempt | None, ScoreAttempt | None]:
    begun = session.scalars(
        select(ScoreAttempt)
        .where(ScoreAttempt.delivery_id == delivery.id, ScoreAttempt.phase == AttemptPhase.BEGUN)
        .order_by(ScoreAttempt.id.desc())
        .limit(1)
    ).first()
    if begun is None:
        return None, None
    end = session.scalars(
        select(ScoreAttempt).where(ScoreAttempt.begun_id == begun.id).order_by(ScoreAttempt.id.desc()).limit(1)
    ).first()
    return begun, end


def _is_judged(session: Session, begun: ScoreAttempt) -> bool:
    ended = exists().where(ScoreAttempt.begun_id == begun.id)
    later = exists().where(ScoreAttempt.delivery_id == begun.delivery_id, ScoreAttempt.id > begun.id)
    return bool(session.scalar(select(ended | later)))


def _settle(
    session: Session,
    delivery: ScoreDelivery,
    sending: Sending,
    verdict: Verdict,
    reading: Reading | None,
    now: datetime,
) -> None:
    number = None if reading is None else reading.number
    if verdict.state in {DeliveryState.SENT, DeliveryState.CONFIRMED}:
        note_sent(session, delivery, sending.version, now)
    if delivery.version != sending.version:
        _wait_with_newer(delivery, verdict, now)
    elif verdict.state is DeliveryState.CONFIRMED and number is not None:
        confirm(delivery, number, now)
    else:
        apply_verdict(delivery, verdict, now)
        if verdict.state is DeliveryState.SENT and not sending.cell.can_read:
            delivery.next_attempt_at = None
        if verdict.reason is DeliveryReason.CHANGED_IN_GRADEBOOK:
            note_number(delivery, number)


def _leave_gone_column(session: Session, line_item_id: int) -> None:
    """Nothing more is sent to a column that is gone once its module has another: every score goes there."""
    session.execute(
        update(ScoreDelivery)
        .where(ScoreDelivery.line_item_id == line_item_id, ScoreDelivery.state == DeliveryState.WAITING)
        .values(state=DeliveryState.NEEDS_YOU, reason=DeliveryReason.COLUMN_GONE, failures=0, next_attempt_at=None)
    )


def _wait_with_newer(delivery: ScoreDelivery, verdict: Verdict, now: datetime) -> None:
    """A newer score arrived while this one was under way: it goes next, unless the platform wants to be left alone."""
    delivery.state = DeliveryState.WAITING
    delivery.reason = None if verdict.pause is None else verdict.reason
    delivery.next_attempt_at = now + (verdict.pause or timedelta())
