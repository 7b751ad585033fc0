"""The self-check of a platform: gathering what is known, trying its doors, and putting it into lines.

What lies in the database is read first; then the platform's doors are tried, while no transaction is open.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import AttemptPhase, DeliveryState
from lti_tool.lti.configuration import SCOPES, list_addresses
from lti_tool.lti.connector import Services
from lti_tool.lti.probing import probe_keys, probe_token
from lti_tool.models import Deployment, LaunchSession, Registration, ScoreAttempt, ScoreDelivery, Store, User
from lti_tool.services.errors import NotFoundError
from lti_tool.services.refusals import list_refusals_of
from lti_tool.services.registrations import to_value
from lti_tool.services.self_check_lines import (
    CheckLine,
    CheckState,
    KnownPlatform,
    check_clock,
    check_own_keys,
    check_platform_keys,
    check_scopes,
    check_token,
    list_known_lines,
)

LOOKED_BACK: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """Every line about one platform; ``has_called`` says whether its doors were tried."""

    registration_id: int
    name: str
    issuer: str
    client_id: str
    lines: tuple[CheckLine, ...]
    has_called: bool

    @property
    def problems(self) -> int:
        """How many lines are to be mended."""
        return sum(line.state is CheckState.PROBLEM for line in self.lines)


def read_self_check(store: Store, registration_id: int, *, now: datetime) -> SelfCheck:
    """What is known of a platform without asking it anything.

    Raises:
        NotFoundError: there is no such registration.
    """
    known = _read_known(store, registration_id, now)
    return _describe(known, list_known_lines(known), has_called=False)


def run_self_check(
    store: Store, services: Services, registration_id: int, *, base_url: str, now: datetime
) -> SelfCheck:
    """The whole self-check: our keys as the platform sees them, its keys, a token, its clock, and what is known.

    Raises:
        NotFoundError: there is no such registration.
    """
    known = _read_known(store, registration_id, now)
    registration = known.registration
    # Our own address is no stranger's: it may well be a private one behind a proxy.
    own = probe_keys(services, list_addresses(base_url).keys, is_vouched_for=True)
    theirs = probe_keys(services, registration.jwks_url, is_vouched_for=registration.vouches_for(registration.jwks_url))
    token = probe_token(services, registration, SCOPES)
    called = (
        check_own_keys(services, own),
        check_platform_keys(theirs),
        check_clock(theirs),
        check_token(token),
        check_scopes(token),
    )
    return _describe(known, (*called, *list_known_lines(known)), has_called=True)


def _describe(known: KnownPlatform, lines: tuple[CheckLine, ...], *, has_called: bool) -> SelfCheck:
    registration = known.registration
    return SelfCheck(
        int(registration.id), registration.name, registration.issuer, registration.client_id, lines, has_called
    )


def _read_known(store: Store, registration_id: int, now: datetime) -> KnownPlatform:
    with store.reading() as session:
        row = session.get(Registration, registration_id)
        if row is None:
            raise NotFoundError(f"There is no registration {registration_id}. See them with: lti-tool platform list")
        launches, by_storage = session.execute(
            select(func.count(), func.count().filter(LaunchSession.came_by_storage)).where(
                LaunchSession.registration_id == row.id, LaunchSession.created_at >= now - LOOKED_BACK
            )
        ).one()
        rows = session.execute(
            select(ScoreDelivery.state, func.count())
            .where(ScoreDelivery.registration_id == row.id)
            .group_by(ScoreDelivery.state)
        )
        counts = {found.state: found[1] for found in rows}
        last_answer = _find_last_answer(session, row.id)
        return KnownPlatform(
            registration=to_value(row),
            deployments=tuple(
                session.scalars(
                    select(Deployment.id_on_platform)
                    .where(Deployment.registration_id == row.id)
                    .order_by(Deployment.id)
                )
            ),
            # Kept longer than the sessions are, and written again once an hour.
            last_launch_at=session.scalar(
                select(func.max(User.last_seen_at, type_=User.last_seen_at.type)).where(User.registration_id == row.id)
            ),
            launches=launches,
            launches_by_storage=by_storage,
            refusals=list_refusals_of(session, row.id),
            last_sent_at=session.scalar(
                select(func.max(ScoreDelivery.sent_at, type_=ScoreDelivery.created_at.type)).where(
                    ScoreDelivery.registration_id == row.id
                )
            ),
            waiting=counts.get(DeliveryState.WAITING, 0),
            needs_you=counts.get(DeliveryState.NEEDS_YOU, 0),
            last_answer=last_answer[0] if last_answer else None,
            last_answer_at=last_answer[1] if last_answer else None,
        )


def _find_last_answer(session: Session, registration_id: int) -> tuple[str | None, datetime] | None:
    row = session.execute(
        select(ScoreAttempt.answer, ScoreAttempt.at)
        .join(ScoreDelivery, ScoreDelivery.id == ScoreAttempt.delivery_id)
        .where(ScoreDelivery.registration_id == registration_id, ScoreAttempt.phase == AttemptPhase.ENDED)
        .order_by(ScoreAttempt.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.answer, row.at)
