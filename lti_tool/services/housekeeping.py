"""Forgetting what is over: login flows and launch sessions that have ended are deleted, a batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_tool.models import LaunchSession, LoginFlow, Store
from lti_tool.services.audit import record_fact

KEPT_AFTER_END: Final = timedelta(days=1)
BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were deleted."""

    flows: int = 0
    sessions: int = 0


def forget_ended_entries(
    store: Store, *, now: datetime, batch: int = BATCH, should_stop: Callable[[], bool] = lambda: False
) -> Forgotten:
    """Delete login flows and launch sessions whose end is more than a day past.

    A day, so that a refusal can still be looked into. Each batch is a transaction of its own: on SQLite nobody else
    writes meanwhile. Any number of workers may do this at once; what one has deleted the other does not find.
    """
    flows = sessions = 0
    is_done = False
    while not is_done and not should_stop():
        with store.writing() as session:
            forgotten = _forget_batch(session, now - KEPT_AFTER_END, batch)
            if forgotten != Forgotten():
                record_fact(session, now=now, verb="forgot_entries", flows=forgotten.flows, sessions=forgotten.sessions)
        flows += forgotten.flows
        sessions += forgotten.sessions
        is_done = max(forgotten.flows, forgotten.sessions) < batch
    return Forgotten(flows, sessions)


def _forget_batch(session: Session, ended_before: datetime, batch: int) -> Forgotten:
    counts = []
    for table in (LoginFlow, LaunchSession):
        ended = select(table.id).where(table.expires_at < ended_before).order_by(table.expires_at).limit(batch)
        gone = session.scalars(
            delete(table).where(table.id.in_(ended)).returning(table.id),
            execution_options={"synchronize_session": False},
        ).all()
        counts.append(len(gone))
    return Forgotten(*counts)
