"""Which of a gradebook's columns are a module's: looking for them, and keeping those that were found.

A column is a module's if the link it belongs to opens that module, or if it carries our own name for it (``resourceId``
and ``tag``), which a course copy keeps while it changes the column's address and the link's id.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.domain.deliveries import AttemptAnswer
from lti_tool.lti.deep_linking import COLUMN_TAG
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.values import LineItemValue
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.lti.vocabulary import SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READONLY
from lti_tool.models import Context, Deployment, LineItem, Registration, ResourceLink, Store
from lti_tool.services.delivery_values import Cell, Ending, Gradebooks, to_ending
from lti_tool.services.registrations import to_value
from lti_tool.services.scores import hold_scores_of_course, queue_waiting_scores

_PASSING: Final = frozenset({AttemptAnswer.THROTTLED, AttemptAnswer.PLATFORM_DOWN})


@dataclass(frozen=True, slots=True)
class CourseColumns:
    """Where a course's columns are listed, what may be done there, and the module of each link that is known here."""

    registration: RegistrationValue
    context_id: int
    line_items_url: str | None
    scopes: tuple[str, ...]
    links: Mapping[str, str | None]

    @property
    def can_list(self) -> bool:
        """Whether the platform lets the tool look."""
        return may_list_columns(self.line_items_url, self.scopes)


def may_list_columns(line_items_url: str | None, scopes: Collection[str]) -> bool:
    """Whether the platform lets the tool look through a course's columns."""
    return line_items_url is not None and bool({SCOPE_LINE_ITEM, SCOPE_LINE_ITEM_READONLY} & {*scopes})


def may_make_columns(line_items_url: str | None, scopes: Collection[str]) -> bool:
    """Whether the platform lets the tool make columns in a course."""
    return line_items_url is not None and SCOPE_LINE_ITEM in scopes


def find_course_columns(session: Session, context_id: int) -> CourseColumns:
    """What is needed to look for a course's columns."""
    context = session.get_one(Context, context_id)
    registration = session.scalars(
        select(Registration)
        .join(Deployment, Deployment.registration_id == Registration.id)
        .where(Deployment.id == context.deployment_id)
    ).one()
    links = session.execute(
        select(ResourceLink.id_on_platform, ResourceLink.module_key).where(ResourceLink.context_id == context_id)
    )
    return CourseColumns(
        to_value(registration),
        context_id,
        context.line_items_url,
        tuple(context.ags_scopes),
        {row.id_on_platform: row.module_key for row in links},
    )


def choose_columns(
    items: Iterable[LineItemValue], module_key: str, links: Mapping[str, str | None]
) -> tuple[LineItemValue, ...]:
    """The columns of this module among those of a course; a link that is known here says it before any name does."""

    def belongs(item: LineItemValue) -> bool:
        linked = links.get(item.resource_link_id or "")
        if linked is not None:
            return linked == module_key
        # Moodle empties a tag that somebody's PUT left out (measured); the name alone is ours already.
        return item.resource_id == module_key and item.tag in {COLUMN_TAG, None}

    return tuple(item for item in items if belongs(item))


def keep_column_found(
    session: Session, course: CourseColumns, module_key: str, item: LineItemValue, now: datetime, *, made: bool = False
) -> bool:
    """Keep a column and queue the scores that waited for it; whether it is new here, or there again.

    The caller holds the scores of the course (``hold_scores_of_course``), so a launch that brings the same column at
    the same moment waits. A column that is another module's here, or another course's, is left alone.
    """
    registration_id = int(course.registration.id)
    column = session.scalar(
        select(LineItem).where(LineItem.registration_id == registration_id, LineItem.url == item.url)
    )
    if column is None:
        link_id = session.scalar(
            select(ResourceLink.id).where(
                ResourceLink.context_id == course.context_id, ResourceLink.id_on_platform == item.resource_link_id
            )
        )
        column = LineItem(
            registration_id=registration_id,
            context_id=course.context_id,
            resource_link_id=link_id,
            module_key=module_key,
            url=item.url,
            was_made_here=made,
            created_at=now,
        )
        session.add(column)
        session.flush()
    elif (column.context_id, column.module_key) != (course.context_id, module_key) or not column.is_gone:
        return False
    column.is_gone = False
    queue_waiting_scores(session, column, now)
    return True


@dataclass(frozen=True, slots=True)
class OtherColumns:
    """What was found in place of a column that is gone: the module's other columns, none if there are none."""

    course: CourseColumns
    module_key: str
    items: tuple[LineItemValue, ...]


def look_for_other_columns(
    store: Store, client: Gradebooks, cell: Cell, ending: Ending
) -> tuple[Ending, OtherColumns | None]:
    """After a column said that it is gone: look once whether its module has another, before anybody is troubled.

    If the platform does not say just now, nothing is decided: the ending returned is that of the looking, and the
    score is tried again later.
    """
    with store.reading() as session:
        column = session.scalars(
            select(LineItem).where(
                LineItem.registration_id == int(cell.registration.id), LineItem.url == cell.line_item_url
            )
        ).one()
        course, module_key = find_course_columns(session, column.context_id), column.module_key
    if not course.can_list or course.line_items_url is None:
        return ending, None
    try:
        listed = client.list_line_items(course.registration, course.line_items_url, scopes=course.scopes)
    except ServiceError as error:
        looking = to_ending(error.answer)
        return (looking if looking.answer in _PASSING else ending), None
    others = [item for item in listed if item.url != cell.line_item_url]
    return ending, OtherColumns(course, module_key, choose_columns(others, module_key, course.links))


def keep_other_columns(session: Session, other: OtherColumns, now: datetime) -> int:
    """Keep what was found, so that every score of the module goes there; how many were new here."""
    hold_scores_of_course(session, other.course.context_id)
    return sum(keep_column_found(session, other.course, other.module_key, item, now) for item in other.items)
