"""The line item service: the gradebook's columns as the tool sees them (AGS 2.0, section 3.2)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, json, request

from lti_tool.demo_lms.calls import (
    require_accept,
    require_column,
    require_content_type,
    require_course,
    require_scope,
)
from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.fields import (
    Body,
    check_instant,
    read_flag,
    read_json_object,
    read_positive_number,
    read_required_text,
    read_text,
)
from lti_tool.demo_lms.gradebook import Column, write_json_number
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import require
from lti_tool.demo_lms.traffic import Exchange, current_exchange
from lti_tool.lti import vocabulary as lti

Item = TypeVar("Item")

line_items = Blueprint("line_items", __name__)

_CONTAINER_RULE: Final = "/api/lti/courses/<course_id>/lineitems"
_ITEM_RULE: Final = "/api/lti/courses/<course_id>/lineitems/<int:column_id>/lineitem"
_LONGEST_LABEL: Final = 255
_OWN_NAMES: Final = frozenset({"id", "label", "scoreMaximum", "resourceId", "tag", "resourceLinkId"})


@line_items.get(_CONTAINER_RULE)
def list_line_items(course_id: str) -> Response:
    """Return the course's columns, filtered and paged if asked; without ``limit`` all of them."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM, lti.SCOPE_LINE_ITEM_READONLY)
    course = require_course(exchange, course_id)
    require_accept(exchange, lti.MEDIA_LINE_ITEM_CONTAINER)
    columns = platform.gradebook.list_columns(
        course.id,
        resource_link_id=request.args.get("resource_link_id"),
        resource_id=request.args.get("resource_id"),
        tag=request.args.get("tag"),
    )
    page, headers = cut_page(exchange, f"{platform.settings.base_url}{request.path}", columns)
    exchange.outcome = f"{len(page)} of {len(columns)} columns sent"
    body = [describe_column(platform, column) for column in page]
    return answer_json(body, lti.MEDIA_LINE_ITEM_CONTAINER, headers=headers)


@line_items.post(_CONTAINER_RULE)
def add_line_item(course_id: str) -> Response:
    """Make a column of the tool's own."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM)
    course = require_course(exchange, course_id)
    require_content_type(exchange, lti.MEDIA_LINE_ITEM, answers_with_body=True)
    body = read_json_object(exchange)
    column = platform.gradebook.add_column(_read_column(exchange, course, body))
    exchange.outcome = f"column {column.id} made: {column.label}"
    described = describe_column(platform, column)
    return answer_json(described, lti.MEDIA_LINE_ITEM, 201, {"Location": str(described["id"])})


@line_items.get(_ITEM_RULE)
def show_line_item(course_id: str, column_id: int) -> Response:
    """Return one column."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM, lti.SCOPE_LINE_ITEM_READONLY)
    column = require_column(platform, exchange, require_course(exchange, course_id), column_id)
    require_accept(exchange, lti.MEDIA_LINE_ITEM)
    exchange.outcome = f"sent: {column.label}"
    return answer_json(describe_column(platform, column), lti.MEDIA_LINE_ITEM)


@line_items.put(_ITEM_RULE)
def replace_line_item(course_id: str, column_id: int) -> Response:
    """Put this description in the column's place: what is left out is emptied, and the link stays the same."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM)
    course = require_course(exchange, course_id)
    old = require_column(platform, exchange, course, column_id)
    require_content_type(exchange, lti.MEDIA_LINE_ITEM, answers_with_body=True)
    body = read_json_object(exchange)
    own_id = platform.build_line_item_url(old)
    require(exchange, "id, if it is there, is this column's", body.get("id", own_id) == own_id, found=body.get("id"))
    link_id = body.get("resourceLinkId", old.resource_link_id)
    require(exchange, "resourceLinkId, if it is there, is unchanged", link_id == old.resource_link_id, found=link_id)
    new = replace(
        _read_column(exchange, course, body),
        id=old.id,
        resource_link_id=old.resource_link_id,
        made_by_tool=old.made_by_tool,
    )
    platform.gradebook.replace_column(new)
    exchange.outcome = f"column {new.id} is now: {new.label}"
    return answer_json(describe_column(platform, new), lti.MEDIA_LINE_ITEM)


@line_items.delete(_ITEM_RULE)
def remove_line_item(course_id: str, column_id: int) -> Response:
    """Remove a column of the tool's own with its scores; one that came with a link stays: 403."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM)
    column = require_column(platform, exchange, require_course(exchange, course_id), column_id)
    requirement = "the column was made by the tool and not together with a link"
    require(exchange, requirement, column.made_by_tool, status=403, error="forbidden")
    platform.gradebook.remove_column(column)
    exchange.outcome = f"column {column.id} removed: {column.label}"
    return Response(status=204)


def describe_column(platform: Platform, column: Column) -> dict[str, object]:
    """Return the column as a line item."""
    optional = {
        "resourceId": column.resource_id,
        "tag": column.tag,
        "resourceLinkId": column.resource_link_id,
        **column.extras,
    }
    return {
        "id": platform.build_line_item_url(column),
        "label": column.label,
        "scoreMaximum": write_json_number(column.maximum),
        **{name: value for name, value in optional.items() if value is not None},
    }


def cut_page(exchange: Exchange, address: str, items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """Return the asked page of these and the ``Link`` header to the next (AGS 2.0, 3.2.5); all without ``limit``."""
    if "limit" not in request.args:
        return items, {}
    limit, page = request.args.get("limit", 0, int), request.args.get("page", 1, int)
    require(exchange, "limit and page are numbers from 1 on", limit > 0 and page > 0, found=request.args.to_dict())
    first, after = (page - 1) * limit, page * limit
    if after >= len(items):
        return items[first:after], {}
    query = urlencode({**request.args.to_dict(), "page": page + 1})
    return items[first:after], {"Link": f'<{address}?{query}>; rel="next"'}


def answer_json(body: object, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON under exactly this media type."""
    return Response(json.dumps(body), status, headers=dict(headers or {}), content_type=media_type)


def _read_column(exchange: Exchange, course: Course, body: Body) -> Column:
    """Return a column of this description; a 400 for a wrong field, a 404 for a foreign link."""
    column = Column(
        id=0,
        course_id=course.id,
        label=read_required_text(exchange, body, "label", _LONGEST_LABEL),
        maximum=read_positive_number(exchange, body, "scoreMaximum"),
        resource_id=read_text(exchange, body, "resourceId"),
        tag=read_text(exchange, body, "tag"),
        resource_link_id=read_text(exchange, body, "resourceLinkId"),
        made_by_tool=True,
        extras={name: value for name, value in body.items() if name not in _OWN_NAMES},
    )
    for name in ("startDateTime", "endDateTime"):
        check_instant(exchange, body, name)
    read_flag(exchange, body, "gradesReleased")
    link_id = column.resource_link_id
    is_known = link_id is None or any(link.id == link_id for link in course.links)
    requirement = "resourceLinkId, if it is there, is a link of this course"
    require(exchange, requirement, is_known, status=404, error="not_found", found=link_id)
    return column
