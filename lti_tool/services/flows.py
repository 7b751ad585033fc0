"""Login flows: begun by a platform's login, bound to one browser, good for one launch and ten minutes (D2)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from lti_tool.lti.claims import is_storable
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.logins import build_authentication_url, digest, new_token
from lti_tool.lti.values import LoginInitiation
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import LoginFlow, Registration, Store
from lti_tool.models.store import AnyRow
from lti_tool.services.registrations import make_value

FLOW_LIFETIME = timedelta(minutes=10)

# Every launch passes here three times, so these statements are built once and bring rows, not mapped objects.
_REGISTRATION = (
    Registration.id.label("registration_id"),
    Registration.name,
    Registration.issuer,
    Registration.client_id,
    Registration.auth_url,
    Registration.token_url,
    Registration.jwks_url,
    Registration.family,
    Registration.origins,
    Registration.is_active,
    Registration.allows_anonymous,
    Registration.was_invited,
)
_FIND_REGISTRATIONS = select(*_REGISTRATION).where(Registration.issuer == bindparam("issuer"))
_FIND_FLOW = select(
    LoginFlow.id,
    LoginFlow.state,
    LoginFlow.nonce,
    LoginFlow.binder_digest,
    LoginFlow.storage_digest,
    LoginFlow.is_in_tab,
    LoginFlow.login_hint,
    LoginFlow.message_hint,
    LoginFlow.target_link_uri,
    LoginFlow.deployment_hint,
    LoginFlow.storage_target,
    LoginFlow.expires_at,
    LoginFlow.consumed_at,
    *_REGISTRATION,
).join(Registration, Registration.id == LoginFlow.registration_id)
_FIND_FLOW_BY_ID = _FIND_FLOW.where(LoginFlow.id == bindparam("flow_id"))
_FIND_FLOW_BY_STATE = _FIND_FLOW.where(LoginFlow.state == bindparam("state"))
_ADD_FLOW = insert(LoginFlow).inline()
_CONSUME_FLOW = (
    update(LoginFlow)
    .where(LoginFlow.id == bindparam("flow_id"), LoginFlow.consumed_at.is_(None))
    .values(consumed_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class LoginStarted:
    """A login under way: its flow, and the binder that goes to this browser only."""

    flow_id: str
    binder: str
    registration: RegistrationValue
    login: LoginInitiation
    state: str
    nonce: str
    redirect_uri: str

    def build_authentication_url(self) -> str:
        """Where the platform waits for this browser.

        Raises:
            LaunchRefused: the login is not this registration's.
        """
        return build_authentication_url(
            self.registration, self.login, state=self.state, nonce=self.nonce, redirect_uri=self.redirect_uri
        )


def begin_login(store: Store, login: LoginInitiation, *, redirect_uri: str, now: datetime) -> LoginStarted:
    """Store a single-use flow for this login.

    Raises:
        LaunchRefused: the issuer or client is not registered here, or the login does not say which of several.
    """
    flow_id, state, nonce, binder = (new_token() for _ in range(4))
    with store.writing_rows() as rows:
        registration = _find_registration(rows, login)
        rows.execute(
            _ADD_FLOW,
            {
                "id": flow_id,
                "state": state,
                "nonce": nonce,
                "binder_digest": digest(binder),
                "registration_id": int(registration.id),
                "login_hint": login.login_hint,
                "message_hint": login.message_hint,
                "target_link_uri": login.target_link_uri,
                "deployment_hint": login.deployment_hint,
                "storage_target": login.storage_target,
                "created_at": now,
                "expires_at": now + FLOW_LIFETIME,
            },
        )
    return LoginStarted(flow_id, binder, registration, login, state, nonce, redirect_uri)


def continue_login(store: Store, *, flow_id: str, redirect_uri: str, now: datetime) -> tuple[LoginStarted, str]:
    """The flow as it stands, and the digest of the binder it expects; its own binder is never given out again.

    Raises:
        LaunchRefused: the flow is unknown, used or too old.
    """
    with store.reading_rows() as rows:
        flow = _load_flow(rows, _FIND_FLOW_BY_ID, {"flow_id": flow_id}, now)
    return _describe_flow(flow, "", redirect_uri), flow.binder_digest


def bind_to_storage(store: Store, *, flow_id: str, redirect_uri: str, now: datetime) -> LoginStarted:
    """Give a flow a second binder, for the platform's page to keep; the cookie's own is never shown to a page.

    Whoever opens the flow's page is given one, and it need not be who began the login: therefore state and nonce are
    new as well, as where a tab is opened. An answer that somebody else let the platform make before is worth nothing.

    Raises:
        LaunchRefused: the flow is unknown, used or too old.
    """
    binder = new_token()
    return _renew(store, flow_id, {"storage_digest": digest(binder)}, binder, redirect_uri, now)


def rebind_login(store: Store, *, flow_id: str, redirect_uri: str, now: datetime) -> LoginStarted:
    """Bind a flow to the tab it is opened in, whose cookies are first-party; the earlier binders stop working.

    State and nonce are new as well. With the old ones, somebody could have let the platform answer her own login, and
    slip that answer to whom she has talked into opening the tab: he would work in her name (login CSRF).

    Raises:
        LaunchRefused: the flow is unknown, used or too old.
    """
    binder = new_token()
    values = {"binder_digest": digest(binder), "storage_digest": None, "is_in_tab": True}
    return _renew(store, flow_id, values, binder, redirect_uri, now)


def find_flow_of_state(store: Store, state: str, *, now: datetime) -> AnyRow:
    """The flow that a launch with this state answers, beside its registration.

    Raises:
        LaunchRefused: the flow is unknown, used or too old, or its registration is switched off.
    """
    with store.reading_rows() as rows:
        return _load_flow(rows, _FIND_FLOW_BY_STATE, {"state": state}, now)


def is_bound_by_cookie(flow: AnyRow, binder: str | None) -> bool:
    """Whether the cookie proves this browser; False if platform storage still can.

    Raises:
        LaunchRefused: wrong_browser.
    """
    if binder is not None and hmac.compare_digest(digest(binder), flow.binder_digest):
        return True
    if binder is not None or flow.storage_digest is None:
        raise LaunchRefused(RefusalCode.WRONG_BROWSER, "the binder cookie of this flow did not come back")
    return False


def consume_flow(rows: Connection, flow_id: str, *, now: datetime) -> None:
    """Use up a flow in one UPDATE.

    Raises:
        LaunchRefused: flow_used.
    """
    if rows.execute(_CONSUME_FLOW, {"flow_id": flow_id, "now": now}).rowcount != 1:
        raise LaunchRefused(RefusalCode.FLOW_USED, f"flow {flow_id[:8]} was used by another request just now")


def spend_flow(store: Store, state: str, *, now: datetime) -> None:
    """Use up the flow with this state, if there is one: the platform said that nothing comes of it."""
    if not is_storable(state):
        return
    with store.writing_rows() as rows:
        rows.execute(
            update(LoginFlow).where(LoginFlow.state == state, LoginFlow.consumed_at.is_(None)).values(consumed_at=now)
        )


def _renew(
    store: Store, flow_id: str, changes: Mapping[str, object], binder: str, redirect_uri: str, now: datetime
) -> LoginStarted:
    """Give a flow that may go on a new state and nonce, and what its new binder changes."""
    state, nonce = new_token(), new_token()
    with store.writing_rows() as rows:
        _load_flow(rows, _FIND_FLOW_BY_ID, {"flow_id": flow_id}, now)
        values = {"state": state, "nonce": nonce, **changes}
        rows.execute(update(LoginFlow).where(LoginFlow.id == flow_id, LoginFlow.consumed_at.is_(None)).values(values))
        flow = _load_flow(rows, _FIND_FLOW_BY_ID, {"flow_id": flow_id}, now)
    return _describe_flow(flow, binder, redirect_uri)


def _find_registration(rows: Connection, login: LoginInitiation) -> RegistrationValue:
    found = rows.execute(_FIND_REGISTRATIONS, {"issuer": login.issuer}).all()
    if not found:
        raise LaunchRefused(RefusalCode.UNKNOWN_ISSUER, f"issuer {login.issuer!r}")
    if login.client_id is not None:
        found = [row for row in found if row.client_id == login.client_id]
        if not found:
            raise LaunchRefused(RefusalCode.UNKNOWN_CLIENT, f"client {login.client_id!r} of {login.issuer!r}")
    found = [row for row in found if row.is_active]
    if not found:
        raise LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, f"registrations of {login.issuer!r} are switched off")
    if len(found) > 1:
        # Hosted Canvas has one issuer for every institution; without a client_id there is no telling which.
        raise LaunchRefused(RefusalCode.AMBIGUOUS_CLIENT, f"{len(found)} registrations of {login.issuer!r}")
    return make_value(found[0].registration_id, found[0])


def _load_flow(rows: Connection, statement: Select[*tuple[Any, ...]], key: Mapping[str, str], now: datetime) -> AnyRow:
    """The flow beside its registration, if it may go on."""
    # What no table can hold cannot be asked for either.
    flow = rows.execute(statement, key).one_or_none() if all(map(is_storable, key.values())) else None
    if flow is None:
        raise LaunchRefused(RefusalCode.FLOW_UNKNOWN, "no such flow")
    refusal = _find_flow_refusal(flow, now)
    if refusal is not None:
        refusal.registration_id = str(flow.registration_id)
        raise refusal
    return flow


def _find_flow_refusal(flow: AnyRow, now: datetime) -> LaunchRefused | None:
    if flow.consumed_at is not None:
        return LaunchRefused(RefusalCode.FLOW_USED, f"flow {flow.id[:8]} was used at {flow.consumed_at.isoformat()}")
    if flow.expires_at <= now:
        return LaunchRefused(RefusalCode.FLOW_EXPIRED, f"flow {flow.id[:8]} ended at {flow.expires_at.isoformat()}")
    if not flow.is_active:
        detail = f"registration {flow.registration_id} is switched off"
        return LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, detail)
    return None


def _describe_flow(flow: AnyRow, binder: str, redirect_uri: str) -> LoginStarted:
    registration = make_value(flow.registration_id, flow)
    login = LoginInitiation(
        issuer=registration.issuer,
        login_hint=flow.login_hint,
        target_link_uri=flow.target_link_uri,
        client_id=registration.client_id,
        message_hint=flow.message_hint,
        deployment_hint=flow.deployment_hint,
        storage_target=flow.storage_target,
    )
    return LoginStarted(flow.id, binder, registration, login, flow.state, flow.nonce, redirect_uri)
