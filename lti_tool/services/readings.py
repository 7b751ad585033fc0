"""A reading for one person: what she tried, what she marked, and the score that may rise with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Reading, Series
from lti_tool.models import ReadingRecord, Store
from lti_tool.services.audit import record_fact
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.errors import NotAllowedError, NotFoundError
from lti_tool.services.modules import find_module
from lti_tool.services.reading_changes import ReadingChange, find_change
from lti_tool.services.scores import settle_score
from lti_tool.services.visits import Visit

NOT_SURE = "not_sure"


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """A reading and what this person did with it. ``tried`` maps a check to the option she chose.

    ``change`` is what became new in it since she marked it read, if anything did.
    """

    module: Module
    reading: Reading
    tried: Mapping[str, str]
    marked_read_at: datetime | None
    change: ReadingChange | None
    can_record: bool


def show_reading(store: Store, visit: Visit, series: Series, module_key: str, key: str) -> ReadingPage:
    """One reading. Visitors and staff may read; only those with work of their own are recorded.

    Raises:
        NotFoundError: there is no such reading.
    """
    module, reading = _find_reading(series, module_key, key)
    record = None
    if visit.may_work:
        with store.reading() as session:
            record = _find_record(session, visit, module, reading, is_writing=False)
    return ReadingPage(
        module=module,
        reading=reading,
        tried=dict(record.tried) if record else {},
        marked_read_at=record.marked_read_at if record else None,
        change=find_change(reading, record),
        can_record=visit.may_work,
    )


def record_checks(
    store: Store,
    visit: Visit,
    series: Series,
    module_key: str,
    key: str,
    answers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Keep what she tried. Right and wrong count the same; an answer to no known check is passed over.

    Raises:
        NotAllowedError: this visit has no work of its own.
        NotFoundError: there is no such reading.
    """
    module, reading = _find_reading(series, module_key, key)
    options = {check.key: {option.key for option in check.options} | {NOT_SURE} for check in reading.checks}
    tried = {check: answer for check, answer in answers.items() if answer in options.get(check, set())}

    def record_them() -> None:
        with store.writing() as session:
            record = _open_record(session, visit, module, reading, now)
            record.tried = {**record.tried, **tried}
            record.updated_at = now
            _conclude(session, visit, series, record, "tried_checks", now)

    repeat_on_collision(record_them)


def mark_read(store: Store, visit: Visit, series: Series, module_key: str, key: str, *, now: datetime) -> None:
    """Mark a reading read, in the version it has now; marking the same version again changes nothing.

    A reading that has changed since is marked anew. That earns nothing and costs nothing: what she tried stays, and
    her score is not settled, since new checks in the reading must not lower it.

    Raises:
        NotAllowedError: this visit has no work of its own.
        NotFoundError: there is no such reading.
    """
    module, reading = _find_reading(series, module_key, key)

    def mark() -> None:
        with store.writing() as session:
            record = _open_record(session, visit, module, reading, now)
            if record.marked_read_at is None:
                _note_version(record, reading, now)
                _conclude(session, visit, series, record, "marked_read", now)
            elif find_change(reading, record) is not None:
                _note_version(record, reading, now)
                _record(session, visit, record, "marked_read_again", now)

    repeat_on_collision(mark)


def _find_reading(series: Series, module_key: str, key: str) -> tuple[Module, Reading]:
    module = find_module(series, module_key)
    reading = next((reading for reading in module.readings if reading.key == key), None)
    if reading is None or not module.is_open:
        raise NotFoundError("There is no such reading in this session.")
    return module, reading


def _find_record(
    session: Session, visit: Visit, module: Module, reading: Reading, *, is_writing: bool
) -> ReadingRecord | None:
    statement = select(ReadingRecord).where(
        ReadingRecord.cohort_id == visit.cohort_id,
        ReadingRecord.user_id == visit.user_id,
        ReadingRecord.module_key == module.key,
        ReadingRecord.activity_key == reading.key,
    )
    return session.scalar(statement.with_for_update() if is_writing else statement)


def _open_record(session: Session, visit: Visit, module: Module, reading: Reading, now: datetime) -> ReadingRecord:
    if not visit.may_work or visit.cohort_id is None:
        raise NotAllowedError("You can read along. Work is saved for participants only.")
    record = _find_record(session, visit, module, reading, is_writing=True)
    if record is None:
        record = ReadingRecord(
            cohort_id=visit.cohort_id,
            user_id=visit.user_id,
            module_key=module.key,
            activity_key=reading.key,
            tried={},
            updated_at=now,
        )
        session.add(record)
    return record


def _note_version(record: ReadingRecord, reading: Reading, now: datetime) -> None:
    record.marked_read_at = now
    record.read_version = reading.version
    record.updated_at = now


def _conclude(session: Session, visit: Visit, series: Series, record: ReadingRecord, verb: str, now: datetime) -> None:
    _record(session, visit, record, verb, now)
    settle_score(
        session,
        series=series,
        cohort_id=record.cohort_id,
        user_id=record.user_id,
        module_key=record.module_key,
        now=now,
    )


def _record(session: Session, visit: Visit, record: ReadingRecord, verb: str, now: datetime) -> None:
    session.flush()
    record_fact(
        session,
        now=now,
        verb=verb,
        actor_id=visit.user_id,
        context_id=visit.context_id,
        object_kind="reading_record",
        object_id=record.id,
        module=record.module_key,
        reading=record.activity_key,
    )
