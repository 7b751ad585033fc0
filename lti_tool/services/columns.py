"""Gradebook columns of modules that have none: asking for them, and the worker's duty of finding or making them.

What is asked for is a row; the worker looks through the course's columns first, keeps those that are there, and makes
only what nobody has made. No platform refuses a second column of the same name, so it looks before every making, and
after a lost answer it waits before it looks.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import wait_before_retry
from lti_tool.domain.scoring import MAXIMUM
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.deep_linking import COLUMN_TAG
from lti_tool.lti.errors import BadKeyError, NoKeyError, ServiceError
from lti_tool.lti.values import AnswerClass, LineItemValue, PlatformAnswer
from lti_tool.models import ColumnRequest, Context, Deployment, LineItem, Registration
from lti_tool.services.audit import record_fact
from lti_tool.services.column_lookup import (
    CourseColumns,
    choose_columns,
    find_course_columns,
    keep_column_found,
    may_make_columns,
)
from lti_tool.services.delivery_leases import renew_lease
from lti_tool.services.duties import Duty, DutyCall, DutyDone
from lti_tool.services.scores import hold_scores_of_course

MOST_COURSES_AT_ONCE: Final = 20
MOST_MAKINGS_WITHOUT_ANSWER: Final = 3
AFTER_LOST_ANSWER: Final = timedelta(minutes=1)
WHILE_AT_WORK: Final = timedelta(minutes=1)
TOOL_FAULT: Final = "tool_fault"
_HEAL: Final = frozenset({AnswerClass.THROTTLED, AnswerClass.PLATFORM_DOWN, AnswerClass.STALE, AnswerClass.LOCKED})

_log = logging.getLogger("lti_tool.columns")


@dataclass(frozen=True, slots=True)
class _Wish:
    """One module's column that is to be looked for now, and whether it may be made."""

    request_id: int
    module_key: str
    label: str
    may_make: bool


@dataclass(frozen=True, slots=True)
class _Course:
    """A course with wishes that are due."""

    columns: CourseColumns
    wishes: tuple[_Wish, ...]


@dataclass(slots=True)
class _Tally:
    done: int = 0
    put_off: int = 0
    needs_you: int = 0
    pause_until: datetime | None = None

    def as_done(self) -> DutyDone:
        return DutyDone(self.done, self.put_off, self.needs_you, self.pause_until)


def _list_due(session: Session) -> Iterable[tuple[int, datetime]]:
    rows = session.execute(
        select(
            Deployment.registration_id,
            func.min(ColumnRequest.next_attempt_at, type_=ColumnRequest.next_attempt_at.type),
        )
        .join(Context, Context.id == ColumnRequest.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .join(Registration, Registration.id == Deployment.registration_id)
        .where(Registration.is_active, ColumnRequest.state == "waiting")
        .group_by(Deployment.registration_id)
    )
    return [(row[0], row[1]) for row in rows if row[1] is not None]


def _serve(call: DutyCall) -> DutyDone:
    """Serve the courses whose wishes are due, the longest waiting first; stop when the platform wants to be left alone.

    Raises:
        LeaseLostError: the lease ran out; what was under way is looked for again.
    """
    client = GradebookClient(call.services)
    tally = _Tally()
    for _ in range(MOST_COURSES_AT_ONCE):
        if call.should_stop() or tally.pause_until is not None or (course := _claim(call, tally)) is None:
            break
        _serve_course(call, client, course, tally)
    return tally.as_done()


COLUMNS_DUTY: Final = Duty("columns", _list_due, _serve)


def _claim(call: DutyCall, tally: _Tally) -> _Course | None:
    """The next course with due wishes; what needs no looking is settled at once."""
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        while (first := _find_first(session, call.registration_id, now)) is not None:
            columns = find_course_columns(session, first)
            wishes = [
                _Wish(request.id, request.module_key, request.label, request.may_make)
                for request in _claim_requests(session, columns, now, tally)
            ]
            if wishes:
                return _Course(columns, tuple(wishes))
        return None


def _find_first(session: Session, registration_id: int, now: datetime) -> int | None:
    return session.scalar(
        select(ColumnRequest.context_id)
        .join(Context, Context.id == ColumnRequest.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .where(
            Deployment.registration_id == registration_id,
            ColumnRequest.state == "waiting",
            ColumnRequest.next_attempt_at <= now,
        )
        .order_by(ColumnRequest.next_attempt_at, ColumnRequest.id)
        .limit(1)
    )


def _claim_requests(session: Session, columns: CourseColumns, now: datetime, tally: _Tally) -> list[ColumnRequest]:
    there = set(
        session.scalars(
            select(LineItem.module_key).where(LineItem.context_id == columns.context_id, LineItem.is_gone.is_(False))
        )
    )
    due = session.scalars(
        select(ColumnRequest)
        .where(
            ColumnRequest.context_id == columns.context_id,
            ColumnRequest.state == "waiting",
            ColumnRequest.next_attempt_at <= now,
        )
        .order_by(ColumnRequest.id)
        .with_for_update()
    )
    claimed = []
    for request in due:
        if request.module_key in there:
            _end(request, None)
        elif not columns.can_list:
            _leave(request, AnswerClass.NO_PERMISSION, tally)
        else:
            # Whoever is killed at it, or fails at it, comes back no sooner.
            request.next_attempt_at = now + WHILE_AT_WORK
            claimed.append(request)
    session.flush()
    return claimed


def _serve_course(call: DutyCall, client: GradebookClient, course: _Course, tally: _Tally) -> None:
    columns = course.columns
    try:
        listed = client.list_line_items(columns.registration, columns.line_items_url or "", scopes=columns.scopes)
    except ServiceError as error:
        _record_failure(call, course.wishes, error.answer, tally)
        return
    except (NoKeyError, BadKeyError) as error:
        _log.warning("columns context=%s: %s", columns.context_id, error)
        _record_failure(call, course.wishes, None, tally)
        return
    missing = _keep_found(call, course, listed, tally)
    _name_columns(client, course, listed)
    for number, wish in enumerate(missing):
        if call.should_stop():
            return
        if not _begin_making(call, wish, tally):
            continue
        try:
            made = client.create_line_item(
                columns.registration,
                columns.line_items_url or "",
                label=wish.label,
                score_maximum=MAXIMUM,
                resource_id=wish.module_key,
                tag=COLUMN_TAG,
            )
        except ServiceError as error:
            # What one is refused for, the others would be refused for too.
            _record_failure(call, missing[number:], error.answer, tally, begun=wish)
            return
        except (NoKeyError, BadKeyError):
            _record_failure(call, missing[number:], None, tally, begun=wish)
            return
        _keep_made(call, course, wish, made)
        tally.done += 1


def _keep_found(call: DutyCall, course: _Course, listed: Sequence[LineItemValue], tally: _Tally) -> list[_Wish]:
    """Keep every column of these modules that is there; returns the wishes for which one is to be made."""
    now = call.clock()
    missing = []
    found = 0
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        hold_scores_of_course(session, course.columns.context_id)
        for wish in course.wishes:
            items = choose_columns(listed, wish.module_key, course.columns.links)
            for item in items:
                found += keep_column_found(session, course.columns, wish.module_key, item, now)
            if items or not wish.may_make:
                _end(session.get_one(ColumnRequest, wish.request_id), None if items else "not_there")
                tally.done += 1
            elif not may_make_columns(course.columns.line_items_url, course.columns.scopes):
                _leave(session.get_one(ColumnRequest, wish.request_id), AnswerClass.NO_PERMISSION, tally)
            else:
                missing.append(wish)
        if found:
            _record(session, course.columns, "found_columns", now, count=found)
    return missing


def _name_columns(client: GradebookClient, course: _Course, listed: Sequence[LineItemValue]) -> None:
    """Put our name on columns that only their link tells of, so that a copy of the course can be known by it."""
    columns = course.columns
    if not may_make_columns(columns.line_items_url, columns.scopes):
        return
    for wish in course.wishes:
        for item in choose_columns(listed, wish.module_key, columns.links):
            if item.resource_id is not None:
                continue
            try:
                names = {"resourceId": wish.module_key, "tag": COLUMN_TAG}
                client.update_line_item(columns.registration, item.url, names)
            except ServiceError as error:
                _log.info("column not named context=%s: %s", columns.context_id, error)


def _begin_making(call: DutyCall, wish: _Wish, tally: _Tally) -> bool:
    """Write down that a column is about to be made; not once too often where no answer ever comes."""
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        request = session.get_one(ColumnRequest, wish.request_id, with_for_update=True)
        if request.attempt_begun_at is not None and request.failures >= MOST_MAKINGS_WITHOUT_ANSWER:
            _leave(request, AnswerClass.REFUSED, tally)
            return False
        request.attempt_begun_at = now
        return True


def _keep_made(call: DutyCall, course: _Course, wish: _Wish, made: LineItemValue) -> None:
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        hold_scores_of_course(session, course.columns.context_id)
        keep_column_found(session, course.columns, wish.module_key, made, now, made=True)
        _end(session.get_one(ColumnRequest, wish.request_id), None)
        _record(session, course.columns, "made_column", now, module=wish.module_key)


def _record_failure(
    call: DutyCall,
    wishes: Sequence[_Wish],
    answer: PlatformAnswer | None,
    tally: _Tally,
    *,
    begun: _Wish | None = None,
) -> None:
    """Note why, and when to try again if it may heal; ``answer`` is None where the tool itself could not ask.

    ``begun`` is the wish whose making was answered like this.
    """
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        for wish in wishes:
            request = session.get_one(ColumnRequest, wish.request_id, with_for_update=True)
            is_lost = answer is not None and answer.maybe_recorded
            if answer is not None and answer.answer_class not in _HEAL and not is_lost:
                _leave(request, answer.answer_class, tally)
                continue
            if wish is begun and not is_lost:
                request.attempt_begun_at = None
            request.failures += 1
            request.reason = TOOL_FAULT if answer is None else answer.answer_class
            wait = wait_before_retry(request.failures, call.chance(), answer.retry_after if answer else None)
            request.next_attempt_at = now + (max(wait, AFTER_LOST_ANSWER) if is_lost else wait)
            tally.put_off += 1
            if answer is not None and answer.answer_class is AnswerClass.THROTTLED:
                tally.pause_until = now + wait
    _log.info("columns put off registration=%s: %s", call.registration_id, answer)


def _end(request: ColumnRequest, reason: str | None) -> None:
    request.state, request.reason = "done", reason
    request.next_attempt_at = request.attempt_begun_at = None
    request.failures = 0


def _leave(request: ColumnRequest, reason: AnswerClass, tally: _Tally) -> None:
    """Leave it to the person who asked; where nobody asked, nobody is troubled."""
    _end(request, reason.value)
    if request.may_make:
        request.state = "needs_you"
        tally.needs_you += 1


def _record(
    session: Session,
    columns: CourseColumns,
    verb: str,
    now: datetime,
    *,
    module: str | None = None,
    count: int | None = None,
) -> None:
    record_fact(
        session,
        now=now,
        verb=verb,
        context_id=columns.context_id,
        object_kind="context",
        object_id=columns.context_id,
        module=module,
        count=count,
    )
