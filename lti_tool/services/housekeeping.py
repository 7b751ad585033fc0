"""Forgetting what is over: what led in and has ended, and platforms' old tokens, a batch at a time."""

from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lti_tool.models import (
    AccessToken,
    DeepLinkRequest,
    LaunchSession,
    LoginFlow,
    ParkedLaunch,
    SessionTicket,
    Store,
)
from lti_tool.services.audit import record_fact

KEPT_AFTER_END: Final = timedelta(days=1)
BATCH: Final = 1000
# Those first that go with another one (by ON DELETE CASCADE), or they would never be counted.
_TABLES: Final = {
    "parked": (ParkedLaunch, ParkedLaunch.handle_digest, ParkedLaunch.expires_at),
    "flows": (LoginFlow, LoginFlow.id, LoginFlow.expires_at),
    "tickets": (SessionTicket, SessionTicket.ticket_digest, SessionTicket.expires_at),
    "sessions": (LaunchSession, LaunchSession.id, LaunchSession.expires_at),
    "choices": (DeepLinkRequest, DeepLinkRequest.handle_digest, DeepLinkRequest.expires_at),
    "tokens": (AccessToken, AccessToken.name_digest, AccessToken.good_until),
}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows were deleted: login flows and launches parked in them, sessions and their tickets, and choices.

    ``tokens`` are those of platforms.
    """

    flows: int = 0
    sessions: int = 0
    parked: int = 0
    tickets: int = 0
    choices: int = 0
    tokens: int = 0

    def __add__(self, other: "Forgotten") -> "Forgotten":
        """Count together."""
        return Forgotten(*map(sum, zip(astuple(self), astuple(other), strict=True)))


def forget_ended_entries(
    store: Store, *, now: datetime, batch: int = BATCH, should_stop: Callable[[], bool] = lambda: False
) -> Forgotten:
    """Delete what led in or was open, where its end is more than a day past.

    A day, so that a refusal can still be looked into. Each batch is a transaction of its own: on SQLite nobody else
    writes meanwhile. Any number of workers may do this at once; what one has deleted the other does not find.
    """
    total = Forgotten()
    is_done = False
    while not is_done and not should_stop():
        with store.writing() as session:
            forgotten = _forget_batch(session, now - KEPT_AFTER_END, batch)
            if forgotten != Forgotten():
                counts = {name: count for name, count in asdict(forgotten).items() if count}
                record_fact(session, now=now, verb="forgot_entries", **counts)
        total += forgotten
        is_done = max(astuple(forgotten)) < batch
    return total


def _forget_batch(session: Session, ended_before: datetime, batch: int) -> Forgotten:
    counts = {}
    for name, (table, key, end) in _TABLES.items():
        ended = select(key).where(end < ended_before).order_by(end).limit(batch)
        gone = session.scalars(
            delete(table).where(key.in_(ended)).returning(key), execution_options={"synchronize_session": False}
        ).all()
        counts[name] = len(gone)
    return Forgotten(**counts)
