"""Deep linking requests: opened by a launch, shown by the picker, answered once (Deep Linking 2.0)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select, update

from lti_tool.domain.placing import ChosenLink
from lti_tool.domain.roles import Standing
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.logins import digest, new_token
from lti_tool.lti.message_documents import read_deep_linking_document, write_deep_linking
from lti_tool.lti.values import DeepLinkingSettings, LaunchMessage, Registration
from lti_tool.models import Cohort, Context, ContextCopy, DeepLinkRequest, Deployment, Placement, ResourceLink, Store
from lti_tool.models import Registration as RegistrationRow
from lti_tool.services.arrivals import LATEST_DAY_END, Arrival
from lti_tool.services.audit import record_fact
from lti_tool.services.registrations import to_value

REQUEST_LIFETIME = timedelta(hours=2)
LONGEST_LOCALE = 40


@dataclass(frozen=True, slots=True)
class DeepLinkOpened:
    """A request for content, and the handle its picker carries in its form; the flow it used up."""

    handle: str
    flow_id: str
    arrival: Arrival


class Presence(StrEnum):
    """How we know that a module is in the course. Nobody tells us when a link is thrown away there."""

    OPENED = "opened"
    HANDED_OVER = "handed_over"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class PlacedModule:
    """A module that is in the course already: since when, and how we know."""

    since: datetime
    presence: Presence


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that waits for its answer. ``deployment`` is the platform's id; ``ends_on`` the end of the cohort."""

    registration: Registration
    deployment: str
    settings: DeepLinkingSettings
    context_title: str | None
    ends_on: date | None
    placed: Mapping[str, PlacedModule]


@dataclass(frozen=True, slots=True)
class LinkToPlace:
    """One link as it was placed; without a course nothing is kept of it, so it has no id of ours."""

    key: str
    has_column: bool
    placement_id: str | None


def open_deep_link(
    rows: Connection,
    flow_id: str,
    registration: Registration,
    message: LaunchMessage,
    arrival: Arrival,
    *,
    now: datetime,
) -> DeepLinkOpened:
    """Keep a verified request until its picker answers, in the launch's own transaction.

    Raises:
        LaunchRefused: not_for_placing: whoever clicked does not facilitate here.
    """
    if message.deep_linking is None or arrival.standing not in {Standing.STAFF, Standing.ADMINISTRATOR}:
        raise LaunchRefused(
            RefusalCode.NOT_FOR_PLACING, f"standing {arrival.standing.value}", return_url=message.return_url
        )
    handle = new_token()
    rows.execute(
        insert(DeepLinkRequest).inline(),
        {
            "handle_digest": digest(handle),
            "registration_id": int(registration.id),
            "deployment_id": arrival.deployment_id,
            "user_id": arrival.user_id,
            "context_id": arrival.context_id,
            "standing": arrival.standing,
            "settings": write_deep_linking(message.deep_linking),
            "locale": message.locale[:LONGEST_LOCALE] if message.locale else None,
            "created_at": now,
            "expires_at": now + REQUEST_LIFETIME,
        },
    )
    record_fact(
        rows,
        now=now,
        verb="opened_picker",
        actor_id=arrival.user_id,
        context_id=arrival.context_id,
        object_kind="deployment",
        object_id=arrival.deployment_id,
        standing=arrival.standing.value,
    )
    return DeepLinkOpened(handle, flow_id, arrival)


def find_request(store: Store, handle: str, *, now: datetime) -> OpenRequest:
    """The request with this handle, while it waits for its answer.

    Raises:
        LaunchRefused: deep_link_gone (answered, too old, or never there) or registration_inactive.
    """
    statement = (
        select(
            DeepLinkRequest.settings,
            DeepLinkRequest.context_id,
            DeepLinkRequest.answered_at,
            DeepLinkRequest.expires_at,
            Deployment.id_on_platform.label("deployment"),
            Context.title,
            RegistrationRow,
        )
        .join(RegistrationRow, RegistrationRow.id == DeepLinkRequest.registration_id)
        .join(Deployment, Deployment.id == DeepLinkRequest.deployment_id)
        .outerjoin(Context, Context.id == DeepLinkRequest.context_id)
        .where(DeepLinkRequest.handle_digest == digest(handle))
    )
    with store.reading() as session:
        found = session.execute(statement).one_or_none()
        if found is None or found.answered_at is not None or found.expires_at <= now:
            raise LaunchRefused(RefusalCode.DEEP_LINK_GONE, "no request waits under this handle")
        registration = to_value(found.Registration)
        if not registration.active:
            raise LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, f"registration {registration.id} is switched off")
        rows = session.connection()
        has_course = found.context_id is not None
        return OpenRequest(
            registration=registration,
            deployment=found.deployment,
            settings=read_deep_linking_document(found.settings),
            context_title=found.title,
            ends_on=_find_end(rows, found.context_id, now) if has_course else None,
            placed=_list_placed(rows, found.context_id) if has_course else {},
        )


def place_links(store: Store, handle: str, links: Sequence[ChosenLink], *, now: datetime) -> tuple[LinkToPlace, ...]:
    """Answer a request with links: each gets an id of ours, by which it is known again wherever it is copied to.

    Raises:
        LaunchRefused: deep_link_gone: somebody answered it already, or it is too old.
    """
    with store.writing_rows() as rows:
        context_id, user_id = _use_up(rows, handle, now)
        placed = tuple(
            LinkToPlace(link.key, link.has_column, None if context_id is None else new_token()) for link in links
        )
        if context_id is not None:
            rows.execute(
                insert(Placement).inline(),
                [
                    {
                        "id": link.placement_id,
                        "context_id": context_id,
                        "module_key": link.key,
                        "has_column": link.has_column,
                        "placed_by_id": user_id,
                        "placed_at": now,
                    }
                    for link in placed
                ],
            )
        record_fact(
            rows,
            now=now,
            verb="placed_links",
            actor_id=user_id,
            context_id=context_id,
            object_kind="context",
            object_id=context_id,
            modules=" ".join(link.key for link in placed),
            columns=sum(link.has_column for link in placed),
        )
    return placed


def close_request(store: Store, handle: str, *, reason: str, now: datetime) -> None:
    """Answer a request with nothing. ``reason`` is a code for the audit.

    Raises:
        LaunchRefused: deep_link_gone: somebody answered it already, or it is too old.
    """
    with store.writing_rows() as rows:
        context_id, user_id = _use_up(rows, handle, now)
        record_fact(
            rows,
            now=now,
            verb="placed_nothing",
            actor_id=user_id,
            context_id=context_id,
            object_kind="context",
            object_id=context_id,
            reason=reason,
        )


def _use_up(rows: Connection, handle: str, now: datetime) -> tuple[int | None, int]:
    """Take the request out of the way of every other answer, in one UPDATE; whose course it is, and who asked."""
    answered = rows.execute(
        update(DeepLinkRequest)
        .where(
            DeepLinkRequest.handle_digest == digest(handle),
            DeepLinkRequest.answered_at.is_(None),
            DeepLinkRequest.expires_at > now,
        )
        .values(answered_at=now)
        .returning(DeepLinkRequest.context_id, DeepLinkRequest.user_id)
    ).one_or_none()
    if answered is None:
        raise LaunchRefused(RefusalCode.DEEP_LINK_GONE, "this request was answered already, or just now")
    return answered.context_id, answered.user_id


def _find_end(rows: Connection, context_id: int, now: datetime) -> date | None:
    """When the course's open cohorts end: the last of them, and never while one has no end."""
    ends = rows.scalars(select(Cohort.closes_on).where(Cohort.context_id == context_id)).all()
    today = (now - LATEST_DAY_END).date()
    dates = [end for end in ends if end is not None and end >= today]
    return max(dates) if dates and None not in ends else None


def _list_placed(rows: Connection, context_id: int) -> dict[str, PlacedModule]:
    """What is in the course already, the surest knowledge last: copied with it, handed over, opened by somebody."""
    placed: dict[str, PlacedModule] = {}
    copy = rows.execute(
        select(ContextCopy.copied_from_id, ContextCopy.noted_at).where(ContextCopy.context_id == context_id)
    ).one_or_none()
    if copy is not None and copy.copied_from_id is not None:
        keys = {*_list_opened(rows, copy.copied_from_id), *_list_handed_over(rows, copy.copied_from_id)}
        placed |= {key: PlacedModule(copy.noted_at, Presence.COPIED) for key in keys}
    handed_over = _list_handed_over(rows, context_id)
    placed |= {key: PlacedModule(since, Presence.HANDED_OVER) for key, since in handed_over.items()}
    for key, since in _list_opened(rows, context_id).items():
        placed[key] = PlacedModule(min(since, handed_over.get(key, since)), Presence.OPENED)
    return placed


def _list_handed_over(rows: Connection, context_id: int) -> dict[str, datetime]:
    statement = (
        select(Placement.module_key, func.min(Placement.placed_at).label("since"))
        .where(Placement.context_id == context_id)
        .group_by(Placement.module_key)
    )
    return {row.module_key: row.since for row in rows.execute(statement)}


def _list_opened(rows: Connection, context_id: int) -> dict[str, datetime]:
    statement = (
        select(ResourceLink.module_key, func.min(ResourceLink.created_at).label("since"))
        .where(ResourceLink.context_id == context_id, ResourceLink.module_key.is_not(None))
        .group_by(ResourceLink.module_key)
    )
    return {row.module_key: row.since for row in rows.execute(statement) if row.module_key is not None}
