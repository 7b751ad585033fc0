"""What a launch says of its link: the module it opens, the column it is coupled to, the course it was copied from.

Runs inside the launch's transaction. The usual case (everything known, nothing changed) costs no statement.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.lti.values import LaunchMessage, Registration
from lti_tool.models import Context, ContextCopy, Deployment, LineItem, Placement, ResourceLink
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.models.store import AnyRow
from lti_tool.services.audit import record_fact
from lti_tool.services.scores import hold_scores_of_course, queue_waiting_scores

MOST_FOREBEARS = 50


def keep_link(
    connection: Connection,
    known: AnyRow,
    registration: Registration,
    context_id: int,
    message: LaunchMessage,
    series: Series,
    now: datetime,
) -> tuple[int | None, str | None]:
    """Keep the link; returns its id and the module it opens.

    A link says its module itself (``custom.module``). One that does not may be a copy of one that was placed or bound
    before: then our own id in it, or its history, tells, always within the same registration.
    """
    claim = message.resource_link
    if claim is None:
        return None, None
    wanted = message.custom.get("module")
    named = wanted if wanted == SERIES_LINK or (wanted and series.find_module(wanted)) else None
    placement_id = message.custom.get("placement")
    is_new = known.link_id is None
    placement = None
    if placement_id is not None and (is_new or known.link_placement_id != placement_id):
        placement = _find_placement(connection, registration, placement_id)
    if named is None and placement is not None:
        named = placement.module_key
    if named is None and is_new:
        named = _find_forebear_module(connection, registration, message)
    if is_new:
        note_copy(connection, registration, context_id, message, placement, now)
        link_id = connection.execute(
            insert(ResourceLink)
            .values(
                context_id=context_id,
                id_on_platform=claim.id_on_platform,
                title=claim.title,
                module_key=named,
                placement_id=None if placement is None else placement.id,
                created_at=now,
            )
            .returning(ResourceLink.id)
        ).scalar_one()
        return link_id, named
    changes: dict[str, Any] = {}
    if named is not None and known.link_module_key != named:
        # The link names its module itself now, whatever a facilitator chose for it before.
        changes |= {"module_key": named, "bound_by_id": None}
    if placement is not None:
        changes["placement_id"] = placement.id
    if claim.title is not None and known.link_title != claim.title:
        changes["title"] = claim.title
    if changes:
        connection.execute(update(ResourceLink).where(ResourceLink.id == known.link_id).values(changes))
    return known.link_id, named if named is not None else known.link_module_key


def keep_column(
    connection: Connection,
    known: AnyRow,
    registration: Registration,
    context_id: int,
    link_id: int | None,
    module_key: str | None,
    message: LaunchMessage,
    now: datetime,
) -> None:
    """Keep the column this link is coupled to. A new one receives every score that waited for it."""
    url = message.ags.line_item_url if message.ags else None
    if url is None or module_key is None or module_key == SERIES_LINK:
        return
    is_ours = known.column_context_id == context_id
    is_changed = is_ours and (known.is_gone or known.column_module_key != module_key)
    if known.column_id is not None and not is_changed:
        return
    hold_scores_of_course(connection, context_id)
    if known.column_id is None:
        column_id = connection.execute(
            insert(LineItem)
            .values(
                registration_id=int(registration.id),
                context_id=context_id,
                resource_link_id=link_id,
                module_key=module_key,
                url=url,
                created_at=now,
            )
            .returning(LineItem.id)
        ).scalar_one()
    else:
        column_id = known.column_id
        connection.execute(
            update(LineItem).where(LineItem.id == column_id).values(is_gone=False, module_key=module_key)
        )
    # Inside the launch's own transaction: a session on a connection that is in one neither begins nor ends it.
    with Session(connection) as session:
        queue_waiting_scores(session, session.get_one(LineItem, column_id), now)
        session.flush()


def note_copy(
    connection: Connection,
    registration: Registration,
    context_id: int,
    message: LaunchMessage,
    placement: AnyRow | None,
    now: datetime,
) -> None:
    """Write down that this course is a copy, once: told by the platform's history of it, or by a link placed elsewhere.

    Moodle fills in ``$Context.id.history``, Canvas ``$Canvas.course.previousContextIds``. A copied course is a new,
    empty run; nothing else follows from this.
    """
    history = _list_forebears(message)
    comes_from_elsewhere = placement is not None and placement.context_id != context_id
    if not history and not comes_from_elsewhere:
        return
    if connection.execute(select(ContextCopy.context_id).where(ContextCopy.context_id == context_id)).one_or_none():
        return
    keep_copy(
        connection,
        registration,
        context_id,
        history,
        copied_from_id=placement.context_id if placement is not None and comes_from_elsewhere else None,
        now=now,
    )


def keep_copy(
    connection: Connection,
    registration: Registration,
    context_id: int,
    history: list[str],
    *,
    copied_from_id: int | None,
    now: datetime,
) -> None:
    """Keep a course's forebears; the nearest that this registration's people know here is the one it came from."""
    if copied_from_id is None and history:
        found = {
            row.id_on_platform: row.id
            for row in connection.execute(
                select(Context.id, Context.id_on_platform)
                .join(Deployment, Deployment.id == Context.deployment_id)
                .where(Deployment.registration_id == int(registration.id), Context.id_on_platform.in_(history))
            )
            if row.id != context_id
        }
        copied_from_id = next((found[one] for one in history if one in found), None)
    connection.execute(
        insert(ContextCopy).values(context_id=context_id, history=history, copied_from_id=copied_from_id, noted_at=now)
    )
    record_fact(
        connection,
        now=now,
        verb="noted_copy",
        context_id=context_id,
        object_kind="context",
        object_id=copied_from_id,
    )


def _list_forebears(message: LaunchMessage) -> list[str]:
    return _split_ids(message.custom.get("context_history") or message.custom.get("prev_contexts") or "")


def _split_ids(said: str) -> list[str]:
    return [one for one in (part.strip() for part in said.split(",")) if one][:MOST_FOREBEARS]


def _find_placement(connection: Connection, registration: Registration, placement_id: str) -> AnyRow | None:
    """The placement with our id, if it was made for this registration: an id of another tenant means nothing here."""
    return connection.execute(
        select(Placement.id, Placement.context_id, Placement.module_key)
        .join(Context, Context.id == Placement.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .where(Placement.id == placement_id, Deployment.registration_id == int(registration.id))
    ).one_or_none()


def _find_forebear_module(connection: Connection, registration: Registration, message: LaunchMessage) -> str | None:
    """The module of the link this one was copied from, where the platform tells its history (Core appendix)."""
    history = _split_ids(message.custom.get("link_history", ""))
    if not history:
        return None
    rows = connection.execute(
        select(ResourceLink.id_on_platform, ResourceLink.module_key)
        .join(Context, Context.id == ResourceLink.context_id)
        .join(Deployment, Deployment.id == Context.deployment_id)
        .where(
            Deployment.registration_id == int(registration.id),
            ResourceLink.id_on_platform.in_(history),
            ResourceLink.module_key.is_not(None),
        )
    )
    found = {row.id_on_platform: row.module_key for row in rows}
    return next((found[one] for one in history if one in found), None)
