"""The way of a visit out of a frame that keeps no cookie: a ticket into a new tab, used once, good for a minute (D3).

A ticket alone opens nothing. Half of what it takes goes to the new tab as a cookie, so that an address with a ticket in
it, sent to somebody else, cannot make him work in its sender's name (login CSRF).
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.logins import digest, new_token
from lti_tool.models import LaunchSession, SessionTicket, Store
from lti_tool.services.audit import record_fact
from lti_tool.services.visits import digest_secret

TICKET_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket for the address of the new tab, and the binder for its cookie."""

    ticket: str
    binder: str


@dataclass(frozen=True, slots=True)
class SessionMoved:
    """A launch session that goes on in another tab: its public id and its new secret."""

    session_id: str
    secret: str


def make_ticket(store: Store, *, session_id: str, secret: str, now: datetime) -> Ticket:
    """Make a ticket for a session that was proved by storage, to whom its secret is known.

    Raises:
        LaunchRefused: ticket_gone: the session is over, is none of those, or went to another tab already.
    """
    made = Ticket(new_token(), new_token())
    with store.writing_rows() as rows:
        statement = select(LaunchSession).where(
            LaunchSession.id == session_id, LaunchSession.came_by_storage, LaunchSession.expires_at > now
        )
        found = rows.execute(statement).one_or_none()
        if found is None or not hmac.compare_digest(found.secret_digest, digest_secret(secret)):
            raise LaunchRefused(RefusalCode.TICKET_GONE, "no session of a frame with this secret")
        rows.execute(
            insert(SessionTicket).inline(),
            {
                "ticket_digest": _digest_pair(made.ticket, made.binder),
                "session_id": session_id,
                "expires_at": now + TICKET_LIFETIME,
            },
        )
        record_fact(
            rows,
            now=now,
            verb="made_ticket",
            actor_id=found.user_id,
            context_id=found.context_id,
            object_kind="launch_session",
            object_id=session_id,
        )
    return made


def redeem_ticket(store: Store, *, ticket: str, binder: str, now: datetime) -> SessionMoved:
    """Use a ticket up and give its session a new secret; the frame's own stops working.

    Raises:
        LaunchRefused: ticket_gone: used, too old, of another browser or of a session that is over.
    """
    secret = new_token()
    with store.writing_rows() as rows:
        session_id = rows.execute(
            update(SessionTicket)
            .where(
                SessionTicket.ticket_digest == _digest_pair(ticket, binder),
                SessionTicket.used_at.is_(None),
                SessionTicket.expires_at > now,
            )
            .values(used_at=now)
            .returning(SessionTicket.session_id)
        ).scalar_one_or_none()
        if session_id is None:
            raise LaunchRefused(RefusalCode.TICKET_GONE, "no unused ticket like this")
        moved = rows.execute(
            update(LaunchSession)
            .where(LaunchSession.id == session_id, LaunchSession.expires_at > now)
            .values(secret_digest=digest_secret(secret))
            .returning(LaunchSession.user_id, LaunchSession.context_id)
        ).one_or_none()
        if moved is None:
            raise LaunchRefused(RefusalCode.TICKET_GONE, f"session {session_id[:8]} is over")
        record_fact(
            rows,
            now=now,
            verb="moved_to_tab",
            actor_id=moved.user_id,
            context_id=moved.context_id,
            object_kind="launch_session",
            object_id=session_id,
        )
    return SessionMoved(session_id, secret)


def _digest_pair(ticket: str, binder: str) -> str:
    return digest(f"{ticket}.{binder}")
