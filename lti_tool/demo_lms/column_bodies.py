"""Reading a line item that a tool wants made or changed, as strictly or as lightly as the LMS's manner does."""

from dataclasses import replace
from typing import Final

from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.fields import (
    Body,
    check_instant,
    is_finite_number,
    read_flag,
    read_positive_number,
    read_required_text,
    read_text,
)
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.refusals import require
from lti_tool.demo_lms.traffic import Exchange

_LONGEST_LABEL: Final = 255
_OWN_NAMES: Final = frozenset({"id", "label", "scoreMaximum", "resourceId", "tag", "resourceLinkId"})


def read_new_column(platform: Platform, exchange: Exchange, course: Course, body: Body) -> Column:
    """Return a column of this description, made by the tool whatever link it names.

    Raises:
        ServiceRefusedError: a field is missing or wrong, or the link is none of this course.
    """
    return _read_column(platform.settings.manner, exchange, course, body)


def read_changed_column(platform: Platform, exchange: Exchange, course: Course, old: Column, body: Body) -> Column:
    """Return the column as this description changes it. It keeps its id, its link and who made it.

    Raises:
        ServiceRefusedError: a field is missing or wrong, or it wants the column elsewhere.
    """
    manner = platform.settings.manner
    if manner is Manner.CANVAS:
        body = {"label": old.label, "scoreMaximum": old.maximum, "resourceId": old.resource_id, "tag": old.tag, **body}
    own_id = platform.build_line_item_url(old)
    require(exchange, "id, if it is there, is this column's", body.get("id", own_id) == own_id, found=body.get("id"))
    if manner is Manner.STRICT:
        link_id = body.get("resourceLinkId", old.resource_link_id)
        same = link_id == old.resource_link_id
        require(exchange, "resourceLinkId, if it is there, is unchanged", same, found=link_id)
    new = _read_column(manner, exchange, course, body)
    return replace(new, id=old.id, resource_link_id=old.resource_link_id, made_by_tool=old.made_by_tool)


def _read_column(manner: Manner, exchange: Exchange, course: Course, body: Body) -> Column:
    label, maximum = _read_label_and_maximum(manner, exchange, body)
    column = Column(
        id=0,
        course_id=course.id,
        label=label,
        maximum=maximum,
        resource_id=read_text(exchange, body, "resourceId"),
        tag=read_text(exchange, body, "tag"),
        resource_link_id=read_text(exchange, body, "resourceLinkId"),
        made_by_tool=True,
        extras={name: value for name, value in body.items() if name not in _OWN_NAMES},
    )
    if manner is Manner.STRICT:
        for name in ("startDateTime", "endDateTime"):
            check_instant(exchange, body, name)
        read_flag(exchange, body, "gradesReleased")
    link_id = column.resource_link_id
    is_known = link_id is None or any(link.id == link_id for link in course.links)
    requirement = "resourceLinkId, if it is there, is a link of this course"
    require(exchange, requirement, is_known, status=404, error="foreign_link", found=link_id)
    return column


def _read_label_and_maximum(manner: Manner, exchange: Exchange, body: Body) -> tuple[str, float]:
    """Return label and maximum. Moodle reads a number in quotes, and breaks on a label its database cannot hold."""
    if manner is Manner.STRICT:
        label = read_required_text(exchange, body, "label", _LONGEST_LABEL)
        return label, read_positive_number(exchange, body, "scoreMaximum")
    status = 422 if manner is Manner.CANVAS else 400
    text, value = body.get("label"), body.get("scoreMaximum")
    label = text if isinstance(text, str) and text.strip() else ""
    require(exchange, "label is there", bool(label), status=status, found=text)
    fits = manner is Manner.CANVAS or len(label) <= _LONGEST_LABEL
    require(exchange, "label fits into the database", fits, status=502, error="label_too_long", found=len(label))
    maximum = read_loose_number(value)
    require(exchange, "scoreMaximum is a number above 0", (maximum or 0) > 0, status=status, found=value)
    return label, maximum or 0.0


def read_loose_number(value: object) -> float | None:
    """Return a number, also one that came as text; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(str(value)) if is_finite_number(value) else None
