"""Invitations: one-time addresses at which a platform registers this tool by itself (Dynamic Registration 1.0).

An invitation is asked for, talked over with the platform while no transaction is open, and used up together with the
registration it led to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lti_tool.lti.logins import digest, new_token
from lti_tool.lti.registering import PlatformOffer, ToolRegistered
from lti_tool.models import Invite, Store
from lti_tool.services.audit import record_fact
from lti_tool.services.errors import ToolError
from lti_tool.services.registration_checks import check_text
from lti_tool.services.registrations import RegistrationDetails, RegistrationInput, keep_registered_platform

DEFAULT_DAYS: Final = 7
MOST_DAYS: Final = 90
TALKING_TIME: Final = timedelta(minutes=2)


class InviteGoneError(ToolError):
    """The address is unknown, too old or used; nothing says which, so that none can be guessed at."""

    code = "invite_gone"
    status = 410

    def __init__(self) -> None:
        super().__init__(
            "This address cannot be used. It works once and for a limited time. "
            "Ask the people who run this tool for a new one."
        )


class InviteBusyError(ToolError):
    """Somebody is registering with this invitation at this moment."""

    code = "invite_busy"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "A registration with this address is under way already. Wait two minutes, then start again in your LMS."
        )


@dataclass(frozen=True, slots=True)
class InviteDetails:
    """An invitation. ``registration_id`` is what it led to."""

    id: int
    name: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    registration_id: int | None


@dataclass(frozen=True, slots=True)
class InviteMade:
    """A new invitation and its secret, which is told once and not kept."""

    details: InviteDetails
    secret: str


def create_invite(store: Store, *, name: str | None, days: int = DEFAULT_DAYS, now: datetime) -> InviteMade:
    """Make an invitation that is good for ``days``; the registration takes ``name`` if one is given.

    Raises:
        BadRegistrationError: the name cannot be used.
    """
    secret = new_token()
    row = Invite(
        secret_digest=digest(secret),
        name=None if name is None else check_text("name", name),
        created_at=now,
        expires_at=now + timedelta(days=min(max(days, 1), MOST_DAYS)),
    )
    with store.writing() as session:
        session.add(row)
        session.flush()
        record_fact(session, now=now, verb="made_invite", object_kind="invite", object_id=row.id)
        return InviteMade(_describe(row), secret)


def list_invites(store: Store) -> tuple[InviteDetails, ...]:
    """Every invitation, the newest first."""
    with store.reading() as session:
        return tuple(_describe(row) for row in session.scalars(select(Invite).order_by(Invite.id.desc())))


def find_invite(store: Store, secret: str, *, now: datetime) -> InviteDetails:
    """The open invitation with this secret.

    Raises:
        InviteGoneError: there is none.
    """
    with store.reading() as session:
        return _describe(_load(session, secret, now))


def begin_registering(store: Store, secret: str, *, now: datetime) -> InviteDetails:
    """Take the invitation for two minutes, so that two presses of a button make one registration.

    Raises:
        InviteGoneError: there is no open invitation with this secret.
        InviteBusyError: somebody else has taken it.
    """
    with store.writing() as session:
        row = _load(session, secret, now)
        taken = session.execute(
            update(Invite)
            .where(Invite.id == row.id, Invite.used_at.is_(None))
            .where(Invite.begun_at.is_(None) | (Invite.begun_at <= now - TALKING_TIME))
            .values(begun_at=now)
            .returning(Invite.id)
        ).one_or_none()
        if taken is None:
            raise InviteBusyError
        return _describe(row)


def give_back_invite(store: Store, secret: str, *, now: datetime) -> None:
    """Let the invitation be tried again at once: nothing came of it."""
    with store.writing() as session:
        row = _load(session, secret, now)
        row.begun_at = None


def keep_registration(
    store: Store, secret: str, offer: PlatformOffer, registered: ToolRegistered, *, allow_http: bool, now: datetime
) -> RegistrationDetails:
    """Keep what a platform answered, and use the invitation up with it.

    Raises:
        InviteGoneError: it was used meanwhile.
        BadRegistrationError: something in the answer cannot be kept.
        RegistrationExistsError: this issuer and client id are there already; nothing is overwritten.
    """
    with store.writing() as session:
        row = _load(session, secret, now)
        kept = keep_registered_platform(
            session,
            RegistrationInput(
                name=row.name or offer.name,
                issuer=offer.issuer,
                client_id=registered.client_id,
                auth_url=offer.auth_url,
                token_url=offer.token_url,
                jwks_url=offer.jwks_url,
                family=offer.family,
                origins=offer.origins,
                deployment_ids=() if registered.deployment_id is None else (registered.deployment_id,),
            ),
            allow_http=allow_http,
            now=now,
        )
        row.used_at = now
        row.registration_id = kept.id
        row.answer = dict(registered.answer)
        record_fact(
            session,
            now=now,
            verb="registered_by_invite",
            object_kind="registration",
            object_id=kept.id,
            invite=row.id,
        )
        return kept


def _load(session: Session, secret: str, now: datetime) -> Invite:
    row = session.scalar(select(Invite).where(Invite.secret_digest == digest(secret)).with_for_update())
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise InviteGoneError
    return row


def _describe(row: Invite) -> InviteDetails:
    return InviteDetails(row.id, row.name, row.created_at, row.expires_at, row.used_at, row.registration_id)
