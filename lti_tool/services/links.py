"""Binding a course link that names no module: the facilitator chooses once, and can undo it."""

from dataclasses import dataclass
from datetime import datetime

from lti_tool.content.schema import Series
from lti_tool.models import ResourceLink, Store
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.audit import record_fact
from lti_tool.services.errors import NotAllowedError, NotFoundError
from lti_tool.services.visits import Visit


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A link of the course: what it opens now, and whether a facilitator chose that here (and so may undo it)."""

    title: str | None
    module_key: str | None
    was_chosen_here: bool


def show_link(store: Store, visit: Visit) -> LinkPage:
    """The link this launch came through.

    Raises:
        NotAllowedError: only staff choose.
        NotFoundError: the launch came through no link.
    """
    with store.reading() as session:
        link = session.get(ResourceLink, _require_link(visit))
    if link is None:
        raise NotFoundError
    return LinkPage(link.title, link.module_key, link.bound_by_id is not None)


def bind_link(store: Store, visit: Visit, series: Series, module_key: str | None, *, now: datetime) -> None:
    """Let this link open a module (or ``series``); None undoes an earlier choice.

    Raises:
        NotFoundError: no such module, or no such link.
        NotAllowedError: only staff choose, and a link whose address names its module is not changed here.
    """
    if module_key is not None and module_key != SERIES_LINK and series.find_module(module_key) is None:
        raise NotFoundError("There is no such session in this series.")
    with store.writing() as session:
        link = session.get(ResourceLink, _require_link(visit))
        if link is None:
            raise NotFoundError
        if link.module_key is not None and link.bound_by_id is None:
            raise NotAllowedError("This link says itself what it opens. Change it in your course.")
        link.module_key = module_key
        link.bound_by_id = None if module_key is None else visit.user_id
        record_fact(
            session,
            now=now,
            verb="bound_link" if module_key else "unbound_link",
            actor_id=visit.user_id,
            context_id=visit.context_id,
            object_kind="resource_link",
            object_id=link.id,
            module=module_key,
        )


def _require_link(visit: Visit) -> int:
    if not visit.is_staff:
        raise NotAllowedError("Only facilitators choose what a link opens.")
    if visit.resource_link_id is None:
        raise NotFoundError
    return visit.resource_link_id
