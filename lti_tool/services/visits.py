"""Who is here: the launch session behind a request, as one frozen value."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, select

from lti_tool.domain.roles import Standing
from lti_tool.domain.scoring import Policy
from lti_tool.lti.platforms import traits_of
from lti_tool.models import Cohort, Context, LaunchSession, Registration, ResourceLink, Store, User

SESSION_LIFETIME = timedelta(hours=12)

# Every page asks this, so the statement is built once.
_FIND_VISIT = (
    select(
        LaunchSession.secret_digest,
        LaunchSession.registration_id,
        LaunchSession.user_id,
        User.name,
        LaunchSession.context_id,
        Context.title,
        LaunchSession.cohort_id,
        Cohort.name,
        Cohort.policy,
        LaunchSession.standing,
        LaunchSession.resource_link_id,
        ResourceLink.module_key,
        LaunchSession.return_url,
        Registration.name,
        Registration.origins,
        LaunchSession.locale,
        LaunchSession.expires_at,
        Registration.family,
    )
    .join(User, User.id == LaunchSession.user_id)
    .join(Registration, Registration.id == LaunchSession.registration_id)
    .outerjoin(Context, Context.id == LaunchSession.context_id)
    .outerjoin(Cohort, Cohort.id == LaunchSession.cohort_id)
    .outerjoin(ResourceLink, ResourceLink.id == LaunchSession.resource_link_id)
    .where(LaunchSession.id == bindparam("session_id"), Registration.is_active)
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One launch that is still open. Every query of a page is scoped to its course and cohort.

    ``takes_frame_messages``: the LMS's page sizes and scrolls our frame when it is asked to.
    """

    session_id: str
    registration_id: int
    user_id: int
    person_name: str | None
    context_id: int | None
    context_title: str | None
    cohort_id: int | None
    cohort_name: str | None
    policy: Policy
    standing: Standing
    resource_link_id: int | None
    link_module_key: str | None
    return_url: str | None
    platform_name: str
    frame_origins: tuple[str, ...]
    locale: str | None
    expires_at: datetime
    takes_frame_messages: bool = False

    @property
    def is_staff(self) -> bool:
        """Whether this launch reviews work."""
        return self.standing is Standing.STAFF

    @property
    def may_work(self) -> bool:
        """Whether this launch has work of its own: a participant's or practice, inside a cohort."""
        return self.standing.may_work and self.cohort_id is not None


class SessionEndedError(Exception):
    """The launch session is unknown, expired, or its secret did not come with the request."""


def digest_secret(secret: str) -> str:
    """What is stored of a secret that only the browser holds."""
    return sha256(secret.encode()).hexdigest()


def find_visit(store: Store, *, session_id: str, secret: str | None, now: datetime) -> Visit:
    """The open launch session with this public id and secret.

    Raises:
        SessionEndedError: there is none, it is over, or the secret is wrong or missing.
    """
    if not secret:
        raise SessionEndedError
    with store.reading_rows() as rows:
        row = rows.execute(_FIND_VISIT, {"session_id": session_id}).one_or_none()
    if row is None or row[16] <= now or not hmac.compare_digest(row[0], digest_secret(secret)):
        raise SessionEndedError
    return Visit(
        session_id=session_id,
        registration_id=row[1],
        user_id=row[2],
        person_name=row[3],
        context_id=row[4],
        context_title=row[5],
        cohort_id=row[6],
        cohort_name=row[7],
        policy=Policy(row[8]) if row[8] else Policy.COMPLETION,
        standing=Standing(row[9]),
        resource_link_id=row[10],
        link_module_key=row[11],
        return_url=row[12],
        platform_name=row[13],
        frame_origins=tuple(row[14]),
        locale=row[15],
        expires_at=row[16],
        takes_frame_messages=traits_of(row[17]).takes_frame_messages,
    )
