"""Launches that wait a moment: verified, but their browser is still to prove itself by platform storage (D2)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.logins import digest, new_token
from lti_tool.lti.message_documents import read_message_document, write_message
from lti_tool.lti.values import LaunchMessage
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import LoginFlow, ParkedLaunch, Registration, Store
from lti_tool.models.store import AnyRow
from lti_tool.services.registrations import make_value

PARKING_TIME = timedelta(minutes=2)

_FIND_PARKED = (
    select(
        ParkedLaunch.message,
        ParkedLaunch.expires_at,
        LoginFlow.id.label("flow_id"),
        LoginFlow.storage_digest,
        LoginFlow.consumed_at,
        Registration,
    )
    .join(LoginFlow, LoginFlow.id == ParkedLaunch.flow_id)
    .join(Registration, Registration.id == LoginFlow.registration_id)
    .where(ParkedLaunch.handle_digest == bindparam("handle"))
)


@dataclass(frozen=True, slots=True)
class LaunchParked:
    """A verified launch whose browser has to bring the binder that the platform's page keeps.

    ``state`` names it there; ``storage_target`` is the frame to ask.
    """

    handle: str
    state: str
    storage_target: str
    registration: RegistrationValue
    is_deep_linking: bool


@dataclass(frozen=True, slots=True)
class ProvedLaunch:
    """A parked launch whose binder came back."""

    flow_id: str
    registration: RegistrationValue
    message: LaunchMessage


def park_launch(
    store: Store, flow: AnyRow, registration: RegistrationValue, message: LaunchMessage, *, now: datetime
) -> LaunchParked:
    """Keep a verified launch until its browser brings the binder; the flow stays unused until then.

    A launch that comes again (by reloading) waits under its newest handle alone.
    """
    handle = new_token()
    with store.writing_rows() as rows:
        rows.execute(delete(ParkedLaunch).where(ParkedLaunch.flow_id == flow.id))
        rows.execute(
            insert(ParkedLaunch).inline(),
            {
                "handle_digest": digest(handle),
                "flow_id": flow.id,
                "message": write_message(message),
                "expires_at": now + PARKING_TIME,
            },
        )
    return LaunchParked(handle, flow.state, flow.storage_target or "", registration, message.deep_linking is not None)


def prove_parked_launch(store: Store, *, handle: str, binder: str, now: datetime) -> ProvedLaunch:
    """The parked launch with this handle, if this is the binder its platform's page was given to keep.

    Raises:
        LaunchRefused: parked_launch_gone, registration_inactive, browser_not_proved (there is no binder) or
            wrong_browser (it is another flow's).
    """
    with store.reading() as session:
        found = session.execute(_FIND_PARKED, {"handle": digest(handle)}).one_or_none()
        if found is None or found.expires_at <= now or found.consumed_at is not None:
            raise LaunchRefused(RefusalCode.PARKED_LAUNCH_GONE, "no launch waits under this handle")
        registration = make_value(found.Registration.id, found.Registration)
        message = read_message_document(found.message)
    refusal = _find_proof_refusal(registration, found.storage_digest, binder)
    if refusal is not None:
        refusal.registration_id = registration.id
        raise refusal.with_return_url(message.return_url)
    return ProvedLaunch(found.flow_id, registration, message)


def _find_proof_refusal(
    registration: RegistrationValue, storage_digest: str | None, binder: str
) -> LaunchRefused | None:
    if not registration.active:
        return LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, f"registration {registration.id} is switched off")
    if not binder:
        return LaunchRefused(RefusalCode.BROWSER_NOT_PROVED, "the platform's page did not give the binder back")
    if not storage_digest or not hmac.compare_digest(digest(binder), storage_digest):
        return LaunchRefused(RefusalCode.WRONG_BROWSER, "the binder from platform storage is not this flow's")
    return None
