"""Delivering scores: what a worker does in one round (D6).

A round takes one registration's lease after another. Inside a lease, each due score is claimed in a transaction, sent
with no transaction open, and recorded in another; then what was sent is read back, one request a column; then come the
other duties (columns, notes, lists of people). A worker may be killed at any point: the next one finds the attempt
begun and without an end, and looks before it sends again.
"""

import logging
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import AttemptAnswer, DeliveryState, Verdict
from lti_tool.lti.connector import Services
from lti_tool.models import DeliveryLease, Registration, ScoreDelivery, Store
from lti_tool.services.column_lookup import look_for_other_columns
from lti_tool.services.delivery_attempts import claim_next, record_ending, resolve_doubt
from lti_tool.services.delivery_leases import (
    LeaseKeeper,
    LeaseLostError,
    leave_platform_alone,
    note_platform_answers,
    take_lease,
)
from lti_tool.services.delivery_reading import read_back_due
from lti_tool.services.delivery_values import Doubt, Gradebooks, Sending, read_cell, send
from lti_tool.services.duties import Duty, DutyCall
from lti_tool.services.duties_list import list_duties
from lti_tool.services.scores import is_withheld

UNDER_WAY = (DeliveryState.WAITING, DeliveryState.SENT)
MOST_AT_ONCE = 100

_log = logging.getLogger("lti_tool.deliveries")


@dataclass(slots=True)
class DeliveryRound:
    """What a round did: registrations it held, scores taken by a gradebook, confirmed, put off, left to a person.

    ``duties`` are other requests that went well; those put off or left to a person count with the scores.
    """

    registrations: int = 0
    sent: int = 0
    confirmed: int = 0
    duties: int = 0
    put_off: int = 0
    needs_you: int = 0
    lost_leases: list[int] = field(default_factory=list)

    @property
    def did_nothing(self) -> bool:
        """Whether nothing was due, so that the worker may wait a moment."""
        return not (self.sent or self.confirmed or self.duties or self.put_off or self.needs_you)


@dataclass(frozen=True, slots=True)
class _Worker:
    """What every step of a round needs."""

    store: Store
    client: Gradebooks
    owner: str
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    should_stop: Callable[[], bool]
    limit: int
    services: Services | None
    base_url: str


def deliver_due(
    store: Store,
    client: Gradebooks,
    *,
    owner: str,
    clock: Callable[[], datetime],
    limit: int = MOST_AT_ONCE,
    chance: Callable[[], float] = random.random,
    should_stop: Callable[[], bool] = lambda: False,
    services: Services | None = None,
    base_url: str = "",
) -> DeliveryRound:
    """Send and read back everything that is due; never sleeps.

    Args:
        store: the database.
        client: the gradebooks; its calls are made while no transaction is open.
        owner: a name no other worker has.
        clock: gives the present as aware UTC.
        limit: scores a registration may send in one round, so that every registration has its turn.
        chance: gives random numbers from 0 to 1, to spread retries.
        should_stop: asked between scores; the round ends early, with its leases released.
        services: what a call to a platform needs; without it only scores are served, and no other duty.
        base_url: our own address; graders are given links to it.
    """
    done = DeliveryRound()
    duties = () if services is None else list_duties(base_url)
    worker = _Worker(store, client, owner, clock, chance, should_stop, limit, services, base_url)
    with store.reading() as session:
        due = [row for row in _list_due(session, duties) if row.due_at <= clock()]
    for row in due:
        if should_stop():
            break
        registration_id = row.registration_id
        if not take_lease(store, registration_id, owner=owner, now=clock()):
            continue
        done.registrations += 1
        with LeaseKeeper(store, registration_id, owner=owner, clock=clock):
            try:
                _serve_registration(worker, row, done)
            except LeaseLostError:
                _log.warning("lease lost registration=%s owner=%s", registration_id, owner)
                done.lost_leases.append(registration_id)
    return done


def next_due_at(store: Store) -> datetime | None:
    """When the next score is due to be sent or read back; None if nothing waits. A new one may come at any time."""
    with store.reading() as session:
        return min((row.due_at for row in _list_due(session)), default=None)


@dataclass(frozen=True, slots=True)
class _DueRegistration:
    """A registration with something under way; ``duties`` are those with something that waits, and since when."""

    registration_id: int
    due_at: datetime
    duties: tuple[tuple[Duty, datetime], ...]


def _list_due(session: Session, duties: tuple[Duty, ...] = ()) -> list[_DueRegistration]:
    """Registrations with something under way, and when each may go on, the longest waiting first."""
    rows = session.execute(
        select(
            ScoreDelivery.registration_id,
            func.min(ScoreDelivery.next_attempt_at, type_=ScoreDelivery.next_attempt_at.type),
        )
        .where(
            ScoreDelivery.state.in_(UNDER_WAY),
            ScoreDelivery.next_attempt_at.is_not(None),
            ~((ScoreDelivery.state == DeliveryState.WAITING) & is_withheld()),
        )
        .group_by(ScoreDelivery.registration_id)
    )
    earliest: dict[int, datetime] = {row[0]: row[1] for row in rows if row[1] is not None}
    waiting: dict[int, dict[Duty, datetime]] = defaultdict(dict)
    for duty in duties:
        for registration_id, moment in duty.list_due(session):
            first = min(moment, waiting[registration_id].get(duty, moment))
            waiting[registration_id][duty] = first
            earliest[registration_id] = min(first, earliest.get(registration_id, first))
    leases = session.execute(
        select(Registration.id, DeliveryLease.resume_at, DeliveryLease.expires_at)
        .outerjoin(DeliveryLease, DeliveryLease.registration_id == Registration.id)
        .where(Registration.is_active)
    )
    due = [
        _DueRegistration(
            registration_id,
            max([earliest[registration_id], *(end for end in ends if end is not None)]),
            tuple(waiting[registration_id].items()),
        )
        for registration_id, *ends in leases
        if registration_id in earliest
    ]
    return sorted(due, key=lambda registration: (registration.due_at, registration.registration_id))


def _serve_registration(worker: _Worker, due: _DueRegistration, done: DeliveryRound) -> None:
    registration_id = due.registration_id
    for _ in range(worker.limit):
        if worker.should_stop():
            return
        step = claim_next(
            worker.store, registration_id, owner=worker.owner, now=worker.clock(), base_url=worker.base_url
        )
        if step is None:
            break
        verdict = _take_step(worker, step)
        _count(done, verdict)
        if verdict is not None and verdict.pause is not None:
            return
    for verdict in read_back_due(
        worker.store,
        worker.client,
        registration_id,
        owner=worker.owner,
        clock=worker.clock,
        chance=worker.chance,
        limit=worker.limit,
    ):
        _count(done, verdict, is_reading=True)
        if verdict.pause is not None:
            return
    _do_duties(worker, due, done)


def _do_duties(worker: _Worker, due: _DueRegistration, done: DeliveryRound) -> None:
    """Do the other duties that are due; one whose platform asks to be left alone ends them all."""
    if worker.services is None:
        return
    registration_id = due.registration_id
    call = DutyCall(
        worker.store,
        worker.services,
        registration_id,
        worker.owner,
        worker.clock,
        worker.chance,
        worker.should_stop,
    )
    for duty, moment in due.duties:
        if worker.should_stop():
            return
        if moment > worker.clock():
            continue
        try:
            found = duty.serve(call)
        except LeaseLostError:
            raise
        except Exception:  # noqa: BLE001 - one duty that cannot be done must not hold up scores
            _log.exception("duty failed, fault in the tool duty=%s registration=%s", duty.name, registration_id)
            continue
        if found.done:
            with worker.store.writing() as session:
                note_platform_answers(session, registration_id)
        done.duties += found.done
        done.put_off += found.put_off
        done.needs_you += found.needs_you
        if found.pause_until is not None:
            with worker.store.writing() as session:
                leave_platform_alone(session, registration_id, until=found.pause_until, now=worker.clock())
            return


def _take_step(worker: _Worker, step: Sending | Doubt) -> Verdict | None:
    if isinstance(step, Doubt):
        reading = read_cell(worker.client, step.cell)
        resolved = resolve_doubt(
            worker.store,
            step,
            reading,
            owner=worker.owner,
            now=worker.clock(),
            chance=worker.chance(),
            base_url=worker.base_url,
        )
        if isinstance(resolved, Verdict):
            return resolved
        step = resolved
    ending = send(worker.client, step)
    is_stale = ending.answer is AttemptAnswer.STALE
    shown = read_cell(worker.client, step.cell) if is_stale and step.cell.can_read else None
    others = None
    if ending.answer is AttemptAnswer.COLUMN_GONE:
        ending, others = look_for_other_columns(worker.store, worker.client, step.cell, ending)
    verdict = record_ending(
        worker.store, step, ending, shown, others=others, now=worker.clock(), chance=worker.chance()
    )
    _log.info(
        "score delivery=%s version=%s answer=%s status=%s state=%s",
        step.delivery_id,
        step.version,
        ending.answer,
        ending.status,
        verdict.state if verdict is not None else "judged by another worker",
    )
    return verdict


def _count(done: DeliveryRound, verdict: Verdict | None, *, is_reading: bool = False) -> None:
    if verdict is None:
        return
    if verdict.state is DeliveryState.CONFIRMED:
        done.confirmed += 1
        done.sent += not is_reading
    elif verdict.state is DeliveryState.SENT:
        done.sent += not is_reading
    elif verdict.state is DeliveryState.WAITING:
        done.put_off += 1
    else:
        done.needs_you += 1
