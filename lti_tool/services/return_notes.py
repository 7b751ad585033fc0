"""Telling the gradebook that a plan came back, where no score stands: written with the release, sent by the worker.

Nothing of this may ever touch a grade. So it is told only to families that keep an empty cell empty at it; where a
grade could be erased, only after the cell was read and found empty, with a time from before that reading: a number that
a teacher writes meanwhile is newer, and the platform refuses ours.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import (
    AttemptAnswer,
    choose_timestamp,
    is_too_early,
    wait_before_retry,
)
from lti_tool.domain.submissions import Decision, ReviewStatus, WorkState
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.errors import BadKeyError, NoKeyError
from lti_tool.lti.platforms import traits_of
from lti_tool.lti.values import PendingNote
from lti_tool.lti.vocabulary import SCOPE_RESULT_READONLY, SCOPE_SCORE
from lti_tool.models import (
    Cohort,
    Context,
    Deployment,
    EarnedScore,
    Enrolment,
    LineItem,
    Registration,
    ReturnNote,
    Review,
    ScoreDelivery,
    Submission,
)
from lti_tool.services.delivery_leases import renew_lease
from lti_tool.services.delivery_rows import find_cell
from lti_tool.services.delivery_values import Cell, Ending, adds_every_comment, read_cell, to_ending
from lti_tool.services.duties import Duty, DutyCall, DutyDone
from lti_tool.services.scores import list_columns

MOST_AT_ONCE: Final = 50
WHILE_AT_WORK: Final = timedelta(minutes=1)
NOT_NEEDED: Final = "not_needed"
SCORE_THERE: Final = "score_there"
_HEAL: Final = frozenset({AttemptAnswer.THROTTLED, AttemptAnswer.PLATFORM_DOWN, AttemptAnswer.TOOL_FAULT})

_log = logging.getLogger("lti_tool.return_notes")


def write_return_notes(session: Session, submission: Submission, review: Review, comment: str, now: datetime) -> int:
    """Write what each column of a returned plan's module is told, in the release's own transaction; how many.

    Nothing where her work is practice, where a score stands or is on its way, where the platform could erase a grade
    and does not let us look, and where a correction comes after a note that was sent: she has been told.
    """
    context_id, is_practice = session.execute(
        select(Cohort.context_id, Enrolment.is_practice)
        .join(Enrolment, Enrolment.cohort_id == Cohort.id)
        .where(Cohort.id == submission.cohort_id, Enrolment.user_id == submission.user_id)
    ).one()
    earned = (
        select(EarnedScore.id)
        .join(Cohort, Cohort.id == EarnedScore.cohort_id)
        .where(
            Cohort.context_id == context_id,
            EarnedScore.user_id == submission.user_id,
            EarnedScore.module_key == submission.module_key,
        )
        .limit(1)
    )
    if is_practice or session.scalar(earned) is not None:
        return 0
    columns = list_columns(session, context_id=context_id, module_key=submission.module_key)
    written = 0
    for column in columns:
        if not _may_tell(session, column) or _was_told(session, column, submission.user_id, review.supersedes_id):
            continue
        if session.scalar(select(_has_delivery(column.id, submission.user_id))):
            continue
        session.add(
            ReturnNote(
                registration_id=column.registration_id,
                line_item_id=column.id,
                user_id=submission.user_id,
                review_id=review.id,
                comment=comment,
                next_attempt_at=now,
                created_at=now,
            )
        )
        written += 1
    session.flush()
    return written


def drop_notes_of(session: Session, review_id: int, now: datetime) -> None:
    """Let what was not sent yet of a review go: another review took its place."""
    session.execute(
        update(ReturnNote)
        .where(ReturnNote.review_id == review_id, ReturnNote.state == "waiting", ReturnNote.begun_at.is_(None))
        .values(state="dropped", reason=NOT_NEEDED, next_attempt_at=None, ended_at=now)
        .execution_options(synchronize_session=False)
    )


def find_note_time(session: Session, line_item_id: int, user_id: int) -> datetime | None:
    """The latest time a note for this cell was stamped with; whatever is sent after it needs a later one."""
    return session.scalar(
        select(func.max(ReturnNote.timestamp, type_=ReturnNote.timestamp.type)).where(
            ReturnNote.line_item_id == line_item_id, ReturnNote.user_id == user_id
        )
    )


def _may_tell(session: Session, column: LineItem) -> bool:
    family, scopes = session.execute(
        select(Registration.family, Context.ags_scopes)
        .join(Deployment, Deployment.registration_id == Registration.id)
        .join(Context, Context.deployment_id == Deployment.id)
        .where(Context.id == column.context_id)
    ).one()
    traits = traits_of(family)
    can_be_sure = traits.keeps_grade_while_waiting or SCOPE_RESULT_READONLY in scopes
    return traits.keeps_waiting_without_grade and can_be_sure and SCOPE_SCORE in scopes


def _was_told(session: Session, column: LineItem, user_id: int, superseded_id: int | None) -> bool:
    told = exists().where(
        ReturnNote.line_item_id == column.id,
        ReturnNote.user_id == user_id,
        ReturnNote.review_id == superseded_id,
        ReturnNote.begun_at.is_not(None),
    )
    return superseded_id is not None and bool(session.scalar(select(told)))


def _has_delivery(line_item_id: int, user_id: int) -> ColumnElement[bool]:
    return exists().where(ScoreDelivery.line_item_id == line_item_id, ScoreDelivery.user_id == user_id)


@dataclass(frozen=True, slots=True)
class _Note:
    """A note that is written down as begun; ``is_repeat``: the same was begun before and its end is unknown."""

    note_id: int
    cell: Cell
    message: PendingNote
    is_repeat: bool


def _list_due(session: Session) -> Iterable[tuple[int, datetime]]:
    rows = session.execute(
        select(ReturnNote.registration_id, func.min(ReturnNote.next_attempt_at, type_=ReturnNote.next_attempt_at.type))
        .join(Registration, Registration.id == ReturnNote.registration_id)
        .where(Registration.is_active, ReturnNote.state == "waiting")
        .group_by(ReturnNote.registration_id)
    )
    return [(row[0], row[1]) for row in rows if row[1] is not None]


def _send_due(call: DutyCall) -> DutyDone:
    """Send the notes that are due; a platform that asks to be left alone is.

    Raises:
        LeaseLostError: the lease ran out.
    """
    client = GradebookClient(call.services)
    done = put_off = 0
    for _ in range(MOST_AT_ONCE):
        if call.should_stop() or (note := _claim(call)) is None:
            break
        reading = read_cell(client, note.cell) if note.cell.can_read else None
        if reading is not None and reading.number is not None:
            _record(call, note, "dropped", SCORE_THERE)
            continue
        keeps_grade = traits_of(note.cell.registration.family).keeps_grade_while_waiting
        if reading is not None and reading.failure is not None and not keeps_grade:
            # Nothing was sent: whatever happened, it may be looked for again.
            ending = reading.failure
            wait = _record_unsent(call, note, ending, was_sent=False)
        else:
            ending = _send(client, note)
            if ending.answer is AttemptAnswer.SENT or (note.is_repeat and ending.answer is AttemptAnswer.STALE):
                _record(call, note, "sent", None)
                done += 1
                continue
            wait = _record_unsent(call, note, ending, was_sent=True)
        put_off += wait is not None
        if ending.answer is AttemptAnswer.THROTTLED and wait is not None:
            return DutyDone(done, put_off, pause_until=call.clock() + wait)
    return DutyDone(done, put_off)


RETURN_NOTES_DUTY: Final = Duty("return notes", _list_due, _send_due)


def _claim(call: DutyCall) -> _Note | None:
    """Begin the next note that is still true; those that are not are dropped."""
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        while (note := _find_due(session, call.registration_id, now)) is not None:
            if not _is_needed(session, note):
                _settle(note, "dropped", NOT_NEEDED, now)
            elif (begun := _begin(session, note, now)) is not None:
                return begun
            session.flush()
        return None


def _find_due(session: Session, registration_id: int, now: datetime) -> ReturnNote | None:
    return session.scalars(
        select(ReturnNote)
        .where(
            ReturnNote.registration_id == registration_id,
            ReturnNote.state == "waiting",
            ReturnNote.next_attempt_at <= now,
        )
        .order_by(ReturnNote.next_attempt_at, ReturnNote.id)
        .limit(1)
        .with_for_update()
    ).first()


def _is_needed(session: Session, note: ReturnNote) -> bool:
    """Whether the plan is still back with her, no score stands in that cell or is on its way, and we may still tell."""
    column = session.get_one(LineItem, note.line_item_id)
    if column.is_gone or not _may_tell(session, column):
        return False
    still_back = (
        select(Review.id)
        .join(Submission, Submission.current_review_id == Review.id)
        .join(
            Enrolment,
            and_(Enrolment.cohort_id == Submission.cohort_id, Enrolment.user_id == Submission.user_id),
        )
        .where(
            Review.id == note.review_id,
            Review.status == ReviewStatus.RELEASED,
            Review.decision == Decision.RETURN,
            Submission.state == WorkState.RETURNED,
            Enrolment.is_practice.is_(False),
            ~_has_delivery(note.line_item_id, note.user_id),
        )
    )
    return session.scalar(still_back) is not None


def _begin(session: Session, note: ReturnNote, now: datetime) -> _Note | None:
    cell = find_cell(session, note)
    is_repeat = note.begun_at is not None
    if is_repeat and adds_every_comment(traits_of(cell.registration.family)):
        # Nobody knows whether it arrived, and a second one would be read twice.
        _settle(note, "failed", AttemptAnswer.LOST, now)
        return None
    # A repeat has the time of the first: a platform that took that one refuses it, and so she is told once.
    stamp = note.timestamp if is_repeat else None
    if stamp is None:
        stamp = choose_timestamp(now, find_note_time(session, note.line_item_id, note.user_id))
        if is_too_early(stamp, now):
            note.next_attempt_at = stamp
            return None
    note.timestamp, note.begun_at = stamp, now
    note.next_attempt_at = now + WHILE_AT_WORK
    session.flush()
    return _Note(note.id, cell, PendingNote(cell.user_sub, stamp, note.comment), is_repeat)


def _send(client: GradebookClient, note: _Note) -> Ending:
    try:
        return to_ending(client.send_note(note.cell.registration, note.cell.line_item_url, note.message))
    except (NoKeyError, BadKeyError) as error:
        _log.warning("note not sent note=%s: %s", note.note_id, error)
        return Ending(AttemptAnswer.TOOL_FAULT, detail=str(error)[:500])


def _record(call: DutyCall, note: _Note, state: str, reason: str | None) -> None:
    now = call.clock()
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        _settle(session.get_one(ReturnNote, note.note_id, with_for_update=True), state, reason, now)
    _log.info("note=%s state=%s reason=%s", note.note_id, state, reason)


def _record_unsent(call: DutyCall, note: _Note, ending: Ending, *, was_sent: bool) -> timedelta | None:
    """Note why it did not go well, and when to try again if it may heal; returns the wait, None if it is over."""
    now = call.clock()
    maybe_there = was_sent and ending.maybe_recorded
    with call.store.writing() as session:
        renew_lease(session, call.registration_id, owner=call.owner, now=now)
        row = session.get_one(ReturnNote, note.note_id, with_for_update=True)
        row.detail = ending.detail or None
        if ending.answer not in _HEAL and not maybe_there:
            _settle(row, "failed", ending.answer, now)
            return None
        if not maybe_there and not note.is_repeat:
            # It certainly did not arrive: the next is no repeat, and has its own time.
            row.begun_at = None
        row.failures += 1
        row.reason = ending.answer
        wait = wait_before_retry(row.failures, call.chance(), ending.retry_after)
        row.next_attempt_at = now + wait
        return wait


def _settle(note: ReturnNote, state: str, reason: str | None, now: datetime) -> None:
    note.state, note.reason = state, reason
    note.next_attempt_at, note.ended_at = None, now
