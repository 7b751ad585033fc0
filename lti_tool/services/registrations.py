"""Registrations: which platforms this tool knows, under which client ids, and where they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Session

from lti_tool.lti.platforms import CANVAS, detect_family
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import Context, Deployment, LineItem, Registration, Store
from lti_tool.models.store import AnyRow
from lti_tool.services.audit import record_fact
from lti_tool.services.errors import NotFoundError, ToolError
from lti_tool.services.registration_checks import (
    BadRegistrationError,
    check_deployment_ids,
    check_family,
    check_issuer,
    check_origins,
    check_text,
    check_url,
    origin_of,
)


class RegistrationExistsError(ToolError):
    """This issuer and client id are registered already."""

    code = "registration_exists"
    status = 409


@dataclass(frozen=True, slots=True)
class DeploymentDetails:
    """One deployment id; ``was_adopted`` if it was taken from the first launch rather than typed."""

    id_on_platform: str
    was_adopted: bool


@dataclass(frozen=True, slots=True)
class RegistrationDetails:
    """Everything kept about one registration."""

    id: int
    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    family: str
    origins: tuple[str, ...]
    is_active: bool
    allows_anonymous: bool
    was_invited: bool
    deployments: tuple[DeploymentDetails, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationInput:
    """What an operator says of a platform.

    Without a family, the issuer tells it where it can. Without origins, the authentication address gives the one;
    but people see Canvas at their school's own address, which only the operator knows.
    """

    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    family: str | None = None
    origins: Sequence[str] = ()
    deployment_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationChanges:
    """What to change; None leaves a thing as it is. Deployment ids are added, origins replace the old ones."""

    name: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    jwks_url: str | None = None
    family: str | None = None
    origins: Sequence[str] | None = None
    deployment_ids: Sequence[str] = ()
    is_active: bool | None = None
    allows_anonymous: bool | None = None


def to_value(row: Registration) -> RegistrationValue:
    """The registration as the door (``lti/``) takes it."""
    return make_value(row.id, row)


def make_value(registration_id: int, row: Registration | AnyRow) -> RegistrationValue:
    """The same of a row that holds a registration's columns beside others."""
    return RegistrationValue(
        id=str(registration_id),
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        auth_url=row.auth_url,
        token_url=row.token_url,
        jwks_url=row.jwks_url,
        family=row.family,
        origins=tuple(row.origins),
        active=row.is_active,
        allows_anonymous=row.allows_anonymous,
        was_invited=row.was_invited,
    )


def add_registration(
    store: Store, platform: RegistrationInput, *, allow_http: bool, now: datetime
) -> RegistrationDetails:
    """Register a platform. Without deployment ids it adopts the first one that launches.

    Raises:
        BadRegistrationError: an address, name or family cannot be right.
        RegistrationExistsError: this issuer and client id are there already, perhaps removed.
    """
    row = _make_row(platform, allow_http=allow_http, now=now)
    deployment_ids = check_deployment_ids(platform.deployment_ids)
    with store.writing() as session:
        _keep_row(session, row, deployment_ids, now)
        record_fact(session, now=now, verb="added_registration", object_kind="registration", object_id=row.id)
        return _describe(session, row)


def keep_registered_platform(
    session: Session, platform: RegistrationInput, *, allow_http: bool, now: datetime
) -> RegistrationDetails:
    """Keep a platform that registered itself, in the caller's transaction.

    Raises:
        BadRegistrationError: an address, name or family cannot be right.
        RegistrationExistsError: this issuer and client id are there already; it is never overwritten.
    """
    row = _make_row(platform, allow_http=allow_http, now=now)
    row.was_invited = True
    _keep_row(session, row, check_deployment_ids(platform.deployment_ids), now)
    return _describe(session, row)


def _make_row(platform: RegistrationInput, *, allow_http: bool, now: datetime) -> Registration:
    issuer = check_issuer(platform.issuer, allow_http=allow_http)
    family = check_family(platform.family or detect_family(issuer))
    if family == CANVAS and not platform.origins:
        raise BadRegistrationError(
            "Say where people see this Canvas, so that it may show the tool: --origin https://school.instructure.com"
        )
    return Registration(
        name=check_text("name", platform.name),
        issuer=issuer,
        client_id=check_text("client id", platform.client_id),
        auth_url=check_url("authentication address", platform.auth_url, allow_http=allow_http),
        token_url=check_url("token address", platform.token_url, allow_http=allow_http),
        jwks_url=check_url("key set address", platform.jwks_url, allow_http=allow_http),
        family=family,
        origins=check_origins(platform.origins or [origin_of(platform.auth_url)], allow_http=allow_http),
        created_at=now,
    )


def _keep_row(session: Session, row: Registration, deployment_ids: list[str], now: datetime) -> None:
    _refuse_duplicate(session, row.issuer, row.client_id)
    session.add(row)
    session.flush()
    _add_deployments(session, row, deployment_ids, now)


def list_registrations(store: Store) -> tuple[RegistrationDetails, ...]:
    """Every registration, removed ones too, in the order they were added."""
    with store.reading() as session:
        rows = session.scalars(select(Registration).order_by(Registration.id)).all()
        return tuple(_describe(session, row) for row in rows)


def read_registration(store: Store, registration_id: int) -> RegistrationDetails:
    """One registration.

    Raises:
        NotFoundError: there is none with this id.
    """
    with store.reading() as session:
        return _describe(session, _load(session, registration_id))


def edit_registration(
    store: Store, registration_id: int, changes: RegistrationChanges, *, allow_http: bool, now: datetime
) -> RegistrationDetails:
    """Change what is said of a platform. Its issuer and client id stay: they are what it is known by.

    Raises:
        NotFoundError: there is no such registration.
        BadRegistrationError: an address, name or family cannot be right.
    """
    values: dict[str, object] = {}
    if changes.name is not None:
        values["name"] = check_text("name", changes.name)
    for column, words in (
        ("auth_url", "authentication address"),
        ("token_url", "token address"),
        ("jwks_url", "key set address"),
    ):
        url = getattr(changes, column)
        if url is not None:
            values[column] = check_url(words, url, allow_http=allow_http)
    if changes.family is not None:
        values["family"] = check_family(changes.family)
    if changes.origins is not None:
        values["origins"] = check_origins(changes.origins, allow_http=allow_http)
    if changes.is_active is not None:
        values["is_active"] = changes.is_active
    if changes.allows_anonymous is not None:
        values["allows_anonymous"] = changes.allows_anonymous
    deployment_ids = check_deployment_ids(changes.deployment_ids)
    with store.writing() as session:
        row = _load(session, registration_id)
        for column, value in values.items():
            setattr(row, column, value)
        _add_deployments(session, row, deployment_ids, now)
        record_fact(session, now=now, verb="edited_registration", object_kind="registration", object_id=row.id)
        session.flush()
        return _describe(session, row)


def deactivate_registration(store: Store, registration_id: int, *, now: datetime) -> RegistrationDetails:
    """Let nobody in from this platform any more. Its people's work and scores are kept.

    Raises:
        NotFoundError: there is no such registration.
    """
    with store.writing() as session:
        row = _load(session, registration_id)
        row.is_active = False
        record_fact(session, now=now, verb="removed_registration", object_kind="registration", object_id=row.id)
        session.flush()
        return _describe(session, row)


def move_platform(store: Store, registration_id: int, *, new_base: str, now: datetime) -> RegistrationDetails:
    """Follow a platform to a new address: its own addresses, its origins, and its courses' gradebooks.

    Everything that begins with the old issuer begins with ``new_base`` afterwards, so that work and scores stay
    with the people and columns they belong to.

    Raises:
        NotFoundError: there is no such registration.
        RegistrationExistsError: another registration with this client id is at the new address already.
    """
    new_base = check_issuer(new_base, allow_http=True)
    with store.writing() as session:
        row = _load(session, registration_id)
        old_base = row.issuer
        if old_base == new_base:
            return _describe(session, row)
        _refuse_duplicate(session, new_base, row.client_id)
        row.issuer = new_base
        row.auth_url, row.token_url, row.jwks_url = (
            _change_base(url, old_base, new_base) for url in (row.auth_url, row.token_url, row.jwks_url)
        )
        row.origins = [_change_base(origin, old_base, new_base) for origin in row.origins]
        deployments = select(Deployment.id).where(Deployment.registration_id == row.id)
        moved_url = literal(new_base) + func.substr(LineItem.url, len(old_base) + 1)
        session.execute(
            update(LineItem)
            .where(LineItem.registration_id == row.id, LineItem.url.startswith(f"{old_base}/", autoescape=True))
            .values(url=moved_url)
        )
        moved_list = literal(new_base) + func.substr(Context.line_items_url, len(old_base) + 1)
        session.execute(
            update(Context)
            .where(
                Context.deployment_id.in_(deployments),
                Context.line_items_url.startswith(f"{old_base}/", autoescape=True),
            )
            .values(line_items_url=moved_list)
        )
        record_fact(session, now=now, verb="moved_registration", object_kind="registration", object_id=row.id)
        session.flush()
        return _describe(session, row)


def _load(session: Session, registration_id: int) -> Registration:
    row = session.get(Registration, registration_id)
    if row is None:
        raise NotFoundError(f"There is no registration {registration_id}. See them with: lti-tool platform list")
    return row


def _refuse_duplicate(session: Session, issuer: str, client_id: str) -> None:
    known = session.scalar(
        select(Registration).where(Registration.issuer == issuer, Registration.client_id == client_id)
    )
    if known is not None:
        advice = (
            "" if known.is_active else f" It was removed; bring it back: lti-tool platform edit {known.id} --active"
        )
        raise RegistrationExistsError(
            f"Client {client_id} of {issuer} is registered already, as registration {known.id}.{advice}"
        )


def _add_deployments(session: Session, row: Registration, deployment_ids: Iterable[str], now: datetime) -> None:
    known = set(session.scalars(select(Deployment.id_on_platform).where(Deployment.registration_id == row.id)))
    session.add_all(
        Deployment(registration_id=row.id, id_on_platform=text, created_at=now)
        for text in deployment_ids
        if text not in known
    )


def _change_base(url: str, old_base: str, new_base: str) -> str:
    return new_base + url[len(old_base) :] if url == old_base or url.startswith(f"{old_base}/") else url


def _describe(session: Session, row: Registration) -> RegistrationDetails:
    deployments = session.scalars(
        select(Deployment).where(Deployment.registration_id == row.id).order_by(Deployment.id)
    )
    return RegistrationDetails(
        id=row.id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        auth_url=row.auth_url,
        token_url=row.token_url,
        jwks_url=row.jwks_url,
        family=row.family,
        origins=tuple(row.origins),
        is_active=row.is_active,
        allows_anonymous=row.allows_anonymous,
        was_invited=row.was_invited,
        deployments=tuple(DeploymentDetails(item.id_on_platform, item.was_adopted) for item in deployments),
        created_at=row.created_at,
    )
