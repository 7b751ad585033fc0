"""Leases: which worker sends for a registration, until when, and how long a silent platform is left alone."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lti_tool.models import DeliveryLease, Store
from lti_tool.models.base import UtcDateTime

LEASE_LENGTH: Final = timedelta(seconds=30)
RENEWED_EVERY: Final = timedelta(seconds=5)

_log = logging.getLogger("lti_tool.deliveries")


class LeaseLostError(Exception):
    """The lease ran out and may be another worker's: nothing more may be sent under it."""


def take_lease(store: Store, registration_id: int, *, owner: str, now: datetime) -> bool:
    """Take a registration's lease if it is free and its platform is not being left alone.

    One UPDATE decides: where two workers try at once on PostgreSQL, the second waits for the first's row and then
    tests it again, so that never both get it.
    """
    with store.writing() as session:
        if _update_lease(session, registration_id, _is_free(now), owner=owner, expires_at=now + LEASE_LENGTH):
            return True
        if session.get(DeliveryLease, registration_id) is not None:
            return False
        _insert_if_missing(session, registration_id)
        return _update_lease(session, registration_id, _is_free(now), owner=owner, expires_at=now + LEASE_LENGTH)


def renew_lease(session: Session, registration_id: int, *, owner: str, now: datetime) -> None:
    """Push the lease's end out, inside the caller's transaction.

    Raises:
        LeaseLostError: it ran out before.
    """
    still_ours = (DeliveryLease.owner == owner) & (DeliveryLease.expires_at > now)
    if not _update_lease(session, registration_id, still_ours, expires_at=now + LEASE_LENGTH):
        raise LeaseLostError


def release_lease(store: Store, registration_id: int, *, owner: str) -> None:
    """Give the lease back, if it is still ours."""
    with store.writing() as session:
        _update_lease(session, registration_id, DeliveryLease.owner == owner, owner=None, expires_at=None)


def leave_platform_alone(session: Session, registration_id: int, *, until: datetime, now: datetime) -> None:
    """Send nothing to this platform before ``until``: it does not answer, or asked us to wait."""
    session.execute(
        update(DeliveryLease)
        .where(DeliveryLease.registration_id == registration_id)
        .values(
            failures=DeliveryLease.failures + 1,
            resume_at=until,
            silent_since=func.coalesce(DeliveryLease.silent_since, literal(now, UtcDateTime())),
        )
        .execution_options(synchronize_session=False)
    )


def note_platform_answers(session: Session, registration_id: int) -> None:
    """The platform answers: forget that it did not."""
    session.execute(
        update(DeliveryLease)
        .where(DeliveryLease.registration_id == registration_id, DeliveryLease.failures > 0)
        .values(failures=0, resume_at=None, silent_since=None)
        .execution_options(synchronize_session=False)
    )


def count_platform_failures(session: Session, registration_id: int) -> int:
    """How often in a row this platform has not answered; holds the lease's row until the transaction ends."""
    statement = select(DeliveryLease.failures).where(DeliveryLease.registration_id == registration_id)
    return session.scalar(statement.with_for_update()) or 0


def allow_now(session: Session, registration_ids: set[int]) -> None:
    """Let the next worker try these platforms at once, because a person asked."""
    session.execute(
        update(DeliveryLease)
        .where(DeliveryLease.registration_id.in_(registration_ids))
        .values(resume_at=None)
        .execution_options(synchronize_session=False)
    )


class LeaseKeeper:
    """Keeps a taken lease alive from a thread of its own while a slow platform is being talked to; then releases it.

    A worker that is killed stops renewing, and its lease ends by itself.
    """

    def __init__(self, store: Store, registration_id: int, *, owner: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._registration_id = registration_id
        self._owner = owner
        self._clock = clock
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{registration_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        release_lease(self._store, self._registration_id, owner=self._owner)

    def _keep(self) -> None:
        while not self._is_over.wait(RENEWED_EVERY.total_seconds()):
            try:
                with self._store.writing() as session:
                    renew_lease(session, self._registration_id, owner=self._owner, now=self._clock())
            except LeaseLostError:
                return
            except SQLAlchemyError:
                # The next renewal may do better; if none does, the lease ends and the round stops by itself.
                _log.warning("lease not renewed registration=%s", self._registration_id, exc_info=True)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(DeliveryLease.owner.is_(None), DeliveryLease.expires_at <= now) & or_(
        DeliveryLease.resume_at.is_(None), DeliveryLease.resume_at <= now
    )


def _update_lease(session: Session, registration_id: int, condition: ColumnElement[bool], **values: Any) -> bool:
    statement = (
        update(DeliveryLease)
        .where(DeliveryLease.registration_id == registration_id, condition)
        .values(**values)
        .returning(DeliveryLease.registration_id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).first() is not None


def _insert_if_missing(session: Session, registration_id: int) -> None:
    insert = insert_on_postgresql if session.get_bind().dialect.name == "postgresql" else insert_on_sqlite
    session.execute(insert(DeliveryLease).values(registration_id=registration_id, failures=0).on_conflict_do_nothing())
