"""The way in: a launch that comes back from the platform becomes a launch session or a picker (D2, D3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from lti_tool.content.schema import Series
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.logins import new_token
from lti_tool.lti.values import ExpectedLaunch, LaunchMessage
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import LaunchSession, ParkedLaunch, Store
from lti_tool.models.store import AnyRow
from lti_tool.services.arrivals import Arrival, record_arrival
from lti_tool.services.audit import record_fact
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.deep_links import DeepLinkOpened, open_deep_link
from lti_tool.services.flows import consume_flow, find_flow_of_state, is_bound_by_cookie, spend_flow
from lti_tool.services.parking import LaunchParked, park_launch, prove_parked_launch
from lti_tool.services.registrations import make_value
from lti_tool.services.visits import SESSION_LIFETIME, digest_secret

LONGEST_LOCALE = 40

_ADD_SESSION = insert(LaunchSession).inline()


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """An open launch session: its public id, the secret for the cookie, the flow it used up, and who arrived."""

    session_id: str
    secret: str
    flow_id: str
    arrival: Arrival


LaunchAnswer = SessionStarted | DeepLinkOpened | LaunchParked


def accept_launch(
    store: Store,
    verifier: LaunchVerifier,
    form: Mapping[str, str],
    *,
    series: Series,
    read_binder: Callable[[str], str | None],
    now: datetime,
) -> LaunchAnswer:
    """Validate a launch completely, use up its flow and open what it is for.

    ``read_binder`` returns the binder this browser brought for a flow id in a cookie. Without one, a launch whose
    binder the platform's page keeps is parked until that comes back. The flow is consumed in one UPDATE after every
    check, so a token can be used once, whoever sends it.

    Raises:
        LaunchRefused: any check of ``lti.md`` §1.2 failed; the code says which.
    """
    state = form.get("state", "")
    try:
        launch = verifier.read_form(form)
    except LaunchRefused as refusal:
        if refusal.code is RefusalCode.PLATFORM_ERROR:
            spend_flow(store, state, now=now)
        raise
    flow = find_flow_of_state(store, launch.state, now=now)
    registration = make_value(flow.registration_id, flow)
    try:
        is_bound = is_bound_by_cookie(flow, read_binder(flow.id))
        expected = ExpectedLaunch(registration=registration, nonce=flow.nonce, deployment_hint=flow.deployment_hint)
        message = verifier.verify(launch.id_token, expected, now)
        _check_place_of_choice(flow, message)
        if not is_bound:
            return park_launch(store, flow, registration, message, now=now)
        return finish_launch(store, flow.id, registration, message, series=series, now=now)
    except LaunchRefused as refusal:
        refusal.registration_id = registration.id
        raise


def accept_parked_launch(
    store: Store, *, handle: str, binder: str, series: Series, now: datetime
) -> SessionStarted | DeepLinkOpened:
    """Open what a parked launch is for, now that the platform's page gave its binder back.

    Raises:
        LaunchRefused: parked_launch_gone, browser_not_proved, wrong_browser, flow_used, or its deployment is unknown.
    """
    proved = prove_parked_launch(store, handle=handle, binder=binder, now=now)
    try:
        return finish_launch(
            store, proved.flow_id, proved.registration, proved.message, series=series, now=now, came_by_storage=True
        )
    except LaunchRefused as refusal:
        refusal.registration_id = proved.registration.id
        raise


def finish_launch(
    store: Store,
    flow_id: str,
    registration: RegistrationValue,
    message: LaunchMessage,
    *,
    series: Series,
    now: datetime,
    came_by_storage: bool = False,
) -> SessionStarted | DeepLinkOpened:
    """Use up the flow of a verified launch whose browser is proved, and open a session or a picker.

    Raises:
        LaunchRefused: flow_used, or its deployment is unknown.
    """

    def open_once() -> SessionStarted | DeepLinkOpened:
        with store.writing_rows() as rows:
            consume_flow(rows, flow_id, now=now)
            if came_by_storage:
                rows.execute(delete(ParkedLaunch).where(ParkedLaunch.flow_id == flow_id))
            arrival = record_arrival(rows, registration=registration, message=message, series=series, now=now)
            if message.deep_linking is not None:
                return open_deep_link(rows, flow_id, registration, message, arrival, now=now)
            return _open_session(rows, flow_id, registration, message, arrival, now, came_by_storage=came_by_storage)

    # A whole class may click a link of a new course at the same moment; each launch writes what the others have not.
    return repeat_on_collision(open_once)


def _check_place_of_choice(flow: AnyRow, message: LaunchMessage) -> None:
    """A choice of content in a tab of its own is lost: the platform's page waits for it in its frame (D2).

    On Moodle the function that takes the answer is missing from the tab (measured).

    Raises:
        LaunchRefused: deep_link_in_tab.
    """
    if flow.is_in_tab and message.deep_linking is not None:
        raise LaunchRefused(RefusalCode.DEEP_LINK_IN_TAB, "content is chosen inside the platform's page")


def _open_session(
    rows: Connection,
    flow_id: str,
    registration: RegistrationValue,
    message: LaunchMessage,
    arrival: Arrival,
    now: datetime,
    *,
    came_by_storage: bool,
) -> SessionStarted:
    session_id = f"{int(now.timestamp()):08x}{new_token()[:22]}"
    secret = new_token()
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
            "came_by_storage": came_by_storage,
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
