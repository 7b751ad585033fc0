"""The way in: a login flow begins, comes back from the platform, and becomes a launch session (D2, D3)."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from lti_tool.content.schema import Series
from lti_tool.lti.claims import is_storable
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.logins import build_authentication_url, digest, new_token
from lti_tool.lti.values import ExpectedLaunch, LaunchMessage, LoginInitiation
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import LaunchSession, LoginFlow, Registration, Store
from lti_tool.models.store import AnyRow
from lti_tool.services.arrivals import Arrival, record_arrival
from lti_tool.services.audit import record_fact
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.registrations import make_value
from lti_tool.services.visits import SESSION_LIFETIME, digest_secret

FLOW_LIFETIME = timedelta(minutes=10)
LONGEST_LOCALE = 40

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
)
_FIND_REGISTRATIONS = select(*_REGISTRATION).where(Registration.issuer == bindparam("issuer"))
_FIND_FLOW = select(
    LoginFlow.id,
    LoginFlow.state,
    LoginFlow.nonce,
    LoginFlow.binder_digest,
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
_ADD_SESSION = insert(LaunchSession).inline()


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


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """An open launch session: its public id, the secret for the cookie, the flow it used up, and who arrived."""

    session_id: str
    secret: str
    flow_id: str
    arrival: Arrival


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


def rebind_login(store: Store, *, flow_id: str, redirect_uri: str, now: datetime) -> LoginStarted:
    """Bind a flow to the tab it is opened in, whose cookies are first-party; the earlier binder stops working.

    State and nonce are new as well. With the old ones, somebody could have let the platform answer her own login, and
    slip that answer to whom she has talked into opening the tab: he would work in her name (login CSRF).

    Raises:
        LaunchRefused: the flow is unknown, used or too old.
    """
    state, nonce, binder = (new_token() for _ in range(3))
    with store.writing_rows() as rows:
        _load_flow(rows, _FIND_FLOW_BY_ID, {"flow_id": flow_id}, now)
        values = {"state": state, "nonce": nonce, "binder_digest": digest(binder)}
        rows.execute(update(LoginFlow).where(LoginFlow.id == flow_id, LoginFlow.consumed_at.is_(None)).values(values))
        flow = _load_flow(rows, _FIND_FLOW_BY_ID, {"flow_id": flow_id}, now)
    return _describe_flow(flow, binder, redirect_uri)


def accept_launch(
    store: Store,
    verifier: LaunchVerifier,
    form: Mapping[str, str],
    *,
    series: Series,
    read_binder: Callable[[str], str | None],
    now: datetime,
) -> SessionStarted:
    """Validate a launch completely, use up its flow and open a new session.

    ``read_binder`` returns the binder this browser brought for a flow id. The flow is consumed in one UPDATE
    after every check, so a token can be used once, whoever sends it.

    Raises:
        LaunchRefused: any check of ``lti.md`` §1.2 failed; the code says which.
    """
    state = form.get("state", "")
    try:
        launch = verifier.read_form(form)
    except LaunchRefused as refusal:
        if refusal.code is RefusalCode.PLATFORM_ERROR:
            _spend_flow(store, state, now)
        raise
    with store.reading_rows() as rows:
        flow = _load_flow(rows, _FIND_FLOW_BY_STATE, {"state": launch.state}, now)
    registration = make_value(flow.registration_id, flow)
    binder = read_binder(flow.id)
    if binder is None or not hmac.compare_digest(digest(binder), flow.binder_digest):
        raise LaunchRefused(RefusalCode.WRONG_BROWSER, "the binder cookie of this flow did not come back")
    expected = ExpectedLaunch(registration=registration, nonce=flow.nonce, deployment_hint=flow.deployment_hint)
    message = verifier.verify(launch.id_token, expected, now)
    # A whole class may click a link of a new course at the same moment; each launch writes what the others have not.
    return repeat_on_collision(lambda: _open_session(store, flow.id, registration, message, series, now))


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
    if flow.consumed_at is not None:
        raise LaunchRefused(RefusalCode.FLOW_USED, f"flow {flow.id[:8]} was used at {flow.consumed_at.isoformat()}")
    if flow.expires_at <= now:
        raise LaunchRefused(RefusalCode.FLOW_EXPIRED, f"flow {flow.id[:8]} ended at {flow.expires_at.isoformat()}")
    if not flow.is_active:
        raise LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, f"registration {flow.registration_id} is switched off")
    return flow


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


def _spend_flow(store: Store, state: str, now: datetime) -> None:
    if not is_storable(state):
        return
    with store.writing_rows() as rows:
        rows.execute(
            update(LoginFlow).where(LoginFlow.state == state, LoginFlow.consumed_at.is_(None)).values(consumed_at=now)
        )


def _open_session(
    store: Store,
    flow_id: str,
    registration: RegistrationValue,
    message: LaunchMessage,
    series: Series,
    now: datetime,
) -> SessionStarted:
    session_id = f"{int(now.timestamp()):08x}{new_token()[:22]}"
    secret = new_token()
    with store.writing_rows() as rows:
        if rows.execute(_CONSUME_FLOW, {"flow_id": flow_id, "now": now}).rowcount != 1:
            raise LaunchRefused(RefusalCode.FLOW_USED, f"flow {flow_id[:8]} was used by another request just now")
        arrival = record_arrival(rows, registration=registration, message=message, series=series, now=now)
        rows.execute(
            _ADD_SESSION,
            {
                "id": session_id,
                "secret_digest": digest_secret(secret),
                "registration_id": int(registration.id),
                "deployment_id": arrival.deployment_id,
                "user_id": arrival.user_id,
                "context_id": arrival.context_id,
                "resource_link_id": arrival.resource_link_id,
                "cohort_id": arrival.cohort_id,
                "standing": arrival.standing,
                "roles": list(message.roles),
                "return_url": message.return_url,
                "locale": message.locale[:LONGEST_LOCALE] if message.locale else None,
                "created_at": now,
                "expires_at": now + SESSION_LIFETIME,
            },
        )
        record_fact(
            rows,
            now=now,
            verb="launched",
            actor_id=arrival.user_id,
            context_id=arrival.context_id,
            object_kind="launch_session",
            object_id=session_id,
            standing=arrival.standing.value,
        )
    return SessionStarted(session_id, secret, flow_id, arrival)
