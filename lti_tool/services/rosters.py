"""Keeping a course's list of people: where it is, when it is wanted, and reading it (claim, talk, record).

The list replaces what is known. Whoever is on it and never opened the tool has an entry and no user row; whoever is on
it no longer is kept and marked.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import wait_before_retry
from lti_tool.domain.roles import RosterStatus, Standing, decide_standing
from lti_tool.lti.errors import BadKeyError, NoKeyError, ServiceError
from lti_tool.lti.nrps import MemberStatus, RosterClient, RosterMember
from lti_tool.lti.values import AnswerClass, LaunchMessage
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import Context, Deployment, Registration, Roster, RosterEntry, Store
from lti_tool.models.store import AnyRow
from lti_tool.services.audit import record_fact
from lti_tool.services.delivery_leases import renew_lease
from lti_tool.services.duties import Duty, DutyCall, DutyDone
from lti_tool.services.errors import NotAllowedError, NotFoundError, NotNowError
from lti_tool.services.registrations import to_value
from lti_tool.services.visits import Visit

GROWS_OLD_AFTER: Final = timedelta(hours=1)
MOST_AT_ONCE: Final = 10

_log = logging.getLogger("lti_tool.rosters")


class RosterProblem(StrEnum):
    """Why a list was not read. The first three heal by themselves and are tried again."""

    THROTTLED = "throttled"
    PLATFORM_DOWN = "platform_down"
    TOOL_FAULT = "tool_fault"
    NO_PERMISSION = "no_permission"
    NOT_THERE = "not_there"
    REFUSED = "refused"


_HEAL: Final = frozenset({RosterProblem.THROTTLED, RosterProblem.PLATFORM_DOWN, RosterProblem.TOOL_FAULT})
# Classes that are about a score mean here what their status means to anybody else.
_PROBLEMS: Final = {
    AnswerClass.THROTTLED: RosterProblem.THROTTLED,
    AnswerClass.PLATFORM_DOWN: RosterProblem.PLATFORM_DOWN,
    AnswerClass.STALE: RosterProblem.PLATFORM_DOWN,
    AnswerClass.LOCKED: RosterProblem.PLATFORM_DOWN,
    AnswerClass.NO_PERMISSION: RosterProblem.NO_PERMISSION,
    AnswerClass.COLUMN_GONE: RosterProblem.NOT_THERE,
}


def keep_roster(
    rows: Connection, known: AnyRow, context_id: int, message: LaunchMessage, standing: Standing, now: datetime
) -> None:
    """Note where a launch says the list is, in the launch's transaction; a facilitator's asks for an old one.

    ``known`` has the ``roster_*`` columns of the course's row. A launch that names no list takes none away.
    """
    url = message.memberships_url
    if url is None:
        return
    is_old = known.roster_read_at is None or now - known.roster_read_at >= GROWS_OLD_AFTER
    wanted_at = now if standing is Standing.STAFF and is_old else None
    if known.roster_url is None:
        rows.execute(insert(Roster).values(context_id=context_id, url=url, wanted_at=wanted_at, failures=0))
        return
    changes: dict[str, Any] = {}
    if known.roster_url != url:
        changes["url"] = url
    # What waits already keeps its time: a platform that is down is not asked more often because people come.
    if wanted_at is not None and known.roster_wanted_at is None:
        changes["wanted_at"] = wanted_at
    if changes:
        rows.execute(update(Roster).where(Roster.context_id == context_id).values(changes))


def ask_for_roster(store: Store, visit: Visit, *, now: datetime) -> None:
    """Let the next worker read the list, because a facilitator asked.

    Raises:
        NotAllowedError: the visitor is no facilitator here.
        NotFoundError: the launch came without a course.
        NotNowError: the platform offers no list.
    """
    if not visit.is_staff:
        raise NotAllowedError("Only facilitators of this course can look for new people.")
    if visit.context_id is None:
        raise NotFoundError
    with store.writing() as session:
        roster = session.get(Roster, visit.context_id, with_for_update=True)
        if roster is None:
            raise NotNowError("Your LMS gives this tool no list of the people in this course, so we cannot ask for it.")
        roster.wanted_at, roster.failures = now, 0
        record_fact(
            session,
            now=now,
            verb="asked_for_roster",
            actor_id=visit.user_id,
            context_id=visit.context_id,
            object_kind="context",
            object_id=visit.context_id,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A list that is to be read now, and the wish it answers."""

    registration: RegistrationValue
    context_id: int
    url: str
    wanted_at: datetime


class _StoppedError(Exception):
    """The worker is to stop; the wish stays."""


def _list_due(session: Session) -> Iterable[tuple[int, datetime]]:
    rows = session.execute(
        select(Deployment.registration_id, Roster.wanted_at)
        .join(Context, Context.id == Roster.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .where(Registration.is_active, Roster.wanted_at.is_not(None))
    )
    return [(row.registration_id, row.wanted_at) for row in rows]


def _read_due(call: DutyCall) -> DutyDone:
    """Read the lists that are due, the longest waiting first; a platform that does not answer is left alone.

    Raises:
        LeaseLostError: the lease ran out; what was being read is not recorded.
    """
    done = 0
    for _ in range(MOST_AT_ONCE):
        if call.should_stop() or (reading := _claim(call)) is None:
            break
        try:
            members = _read(call, reading)
        except _StoppedError:
            break
        except ServiceError as error:
            problem = _PROBLEMS.get(error.answer.answer_class, RosterProblem.REFUSED)
            _log.info("roster context=%s problem=%s: %s", reading.context_id, problem, error)
            wait = _record_failure(call, reading, problem, error.answer.retry_after)
            if problem not in _HEAL:
                return DutyDone(done=done, needs_you=1)
            # Only throttling says anything of the scores: a list may be slow because it is long.
            pause_until = call.clock() + wait if problem is RosterProblem.THROTTLED else None
            return DutyDone(done=done, put_off=1, pause_until=pause_until)
        except (NoKeyError, BadKeyError) as error:
            _log.warning("roster context=%s: %s", reading.context_id, error)
            _record_failure(call, reading, RosterProblem.TOOL_FAULT, None)
            return DutyDone(done=done, put_off=1)
        _record_list(call, reading, members)
        done += 1
    return DutyDone(done=done)


def _claim(call: DutyCall) -> _Reading | None:
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        roster = session.scalar(
            select(Roster)
            .join(Context, Context.id == Roster.context_id)
            .join(Deployment, Deployment.id == Context.deployment_id)
            .where(Deployment.registration_id == call.registration_id, Roster.wanted_at <= now)
            .order_by(Roster.wanted_at, Roster.context_id)
            .limit(1)
            .with_for_update(of=Roster)
        )
        if roster is None or roster.wanted_at is None:
            return None
        roster.tried_at = now
        registration = to_value(session.get_one(Registration, call.registration_id))
        return _Reading(registration, roster.context_id, roster.url, roster.wanted_at)


def _read(call: DutyCall, reading: _Reading) -> tuple[RosterMember, ...]:
    def keep_the_lease() -> None:
        if call.should_stop():
            raise _StoppedError
        with call.store.writing() as session:
            renew_lease(session, call.registration_id, owner=call.owner, now=call.clock())

    client = RosterClient(call.services)
    return client.read_roster(reading.registration, reading.url, before_next_page=keep_the_lease)


def _record_failure(
    call: DutyCall, reading: _Reading, problem: RosterProblem, retry_after: timedelta | None
) -> timedelta:
    """Note why, and when to try again if it may heal; the list itself stays as it is. Returns the wait."""
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        roster = session.get_one(Roster, reading.context_id, with_for_update=True)
        roster.failures += 1
        roster.problem = problem
        wait = wait_before_retry(roster.failures, call.chance(), retry_after)
        if problem in _HEAL:
            roster.wanted_at = now + wait
        elif roster.wanted_at == reading.wanted_at:
            roster.wanted_at = None
        return wait


def _record_list(call: DutyCall, reading: _Reading, members: tuple[RosterMember, ...]) -> None:
    now = call.clock()
    with call.store.writing() as session:
        # A worker that was too slow must not put an older list over a newer one.
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        roster = session.get_one(Roster, reading.context_id, with_for_update=True)
        counts = _replace_list(session, reading.context_id, members, now)
        roster.read_at, roster.failures, roster.problem = now, 0, None
        if roster.wanted_at == reading.wanted_at:
            roster.wanted_at = None
        record_fact(
            session,
            now=now,
            verb="read_roster",
            context_id=reading.context_id,
            object_kind="context",
            object_id=reading.context_id,
            **counts,
        )
    _log.info("roster context=%s %s", reading.context_id, counts)


def _replace_list(
    session: Session, context_id: int, members: tuple[RosterMember, ...], now: datetime
) -> dict[str, int]:
    known = {
        entry.sub: entry for entry in session.scalars(select(RosterEntry).where(RosterEntry.context_id == context_id))
    }
    listed = {member.sub: member for member in members if member.status is not MemberStatus.DELETED}
    added: list[dict[str, Any]] = []
    inactive = 0
    for sub, member in listed.items():
        is_active = member.status is MemberStatus.ACTIVE
        inactive += not is_active
        said = {
            # A list without names keeps none: only what is sent is kept.
            "name": member.name,
            "standing": decide_standing(member.roles, has_context=True, has_been_staff=False),
            "status": RosterStatus.ACTIVE if is_active else RosterStatus.INACTIVE,
            "last_listed_at": now,
        }
        if sub not in known:
            added.append({"context_id": context_id, "sub": sub, "first_listed_at": now, **said})
            continue
        for name, value in said.items():
            setattr(known[sub], name, value)
    gone = [
        entry for sub, entry in known.items() if sub not in listed and RosterStatus(entry.status) != RosterStatus.GONE
    ]
    for entry in gone:
        entry.status = RosterStatus.GONE
    session.flush()
    if added:
        session.execute(insert(RosterEntry), added)
    return {"listed": len(listed), "added": len(added), "inactive": inactive, "gone": len(gone)}


ROSTER_DUTY: Final = Duty("rosters", _list_due, _read_due)
