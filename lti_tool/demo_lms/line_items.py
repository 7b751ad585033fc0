"""The line item service: the gradebook's columns as the tool sees them (AGS 2.0, section 3.2)."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, Response, json, request

from lti_tool.demo_lms.calls import (
    is_of_caller,
    require_accept,
    require_column,
    require_content_type,
    require_course,
    require_scope,
)
from lti_tool.demo_lms.column_bodies import read_changed_column, read_new_column
from lti_tool.demo_lms.fields import Body, read_json_object
from lti_tool.demo_lms.gradebook import Column, write_json_number
from lti_tool.demo_lms.manners import Manner, write_media_type
from lti_tool.demo_lms.paging import cut_page
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import require
from lti_tool.demo_lms.traffic import current_exchange
from lti_tool.lti import vocabulary as lti

line_items = Blueprint("line_items", __name__)

_CONTAINER_RULE: Final = "/api/lti/courses/<course_id>/lineitems"
_ITEM_RULE: Final = "/api/lti/courses/<course_id>/lineitems/<int:column_id>/lineitem"


@line_items.get(_CONTAINER_RULE)
def list_line_items(course_id: str) -> Response:
    """Return the course's columns, filtered and paged if asked; without ``limit`` all of them, except on Canvas."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM, lti.SCOPE_LINE_ITEM_READONLY)
    course = require_course(platform, exchange, course_id)
    require_accept(platform, exchange, lti.MEDIA_LINE_ITEM_CONTAINER, is_line_item_list=True)
    columns = platform.gradebook.list_columns(
        course.id,
        resource_link_id=request.args.get("resource_link_id"),
        resource_id=request.args.get("resource_id"),
        tag=request.args.get("tag"),
    )
    columns = [column for column in columns if is_of_caller(platform, column)]
    page, headers = cut_page(platform, exchange, columns)
    exchange.outcome = f"{len(page)} of {len(columns)} columns sent"
    body = [describe_column(platform, column) for column in page]
    return answer_json(body, lti.MEDIA_LINE_ITEM_CONTAINER, headers=headers)


@line_items.post(_CONTAINER_RULE)
def add_line_item(course_id: str) -> Response:
    """Make a column of the tool's own."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM)
    course = require_course(platform, exchange, course_id)
    require_content_type(platform, exchange, lti.MEDIA_LINE_ITEM, answers_with_body=True)
    body = read_json_object(exchange)
    column = platform.gradebook.add_column(read_new_column(platform, exchange, course, body))
    platform.column_owners.give(column, platform.find_caller().client_id)
    exchange.outcome = f"column {column.id} made: {column.label}"
    described = _describe_written(platform, column, body)
    strict = {"Location": str(described["id"])} if platform.settings.manner is Manner.STRICT else {}
    return answer_json(described, lti.MEDIA_LINE_ITEM, 201, strict)


@line_items.get(_ITEM_RULE)
def show_line_item(course_id: str, column_id: int) -> Response:
    """Return one column."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM, lti.SCOPE_LINE_ITEM_READONLY)
    column = require_column(platform, exchange, require_course(platform, exchange, course_id), column_id)
    require_accept(platform, exchange, lti.MEDIA_LINE_ITEM)
    exchange.outcome = f"sent: {column.label}"
    return answer_json(describe_column(platform, column), lti.MEDIA_LINE_ITEM)


@line_items.put(_ITEM_RULE)
def replace_line_item(course_id: str, column_id: int) -> Response:
    """Put this description in the column's place: what is left out is emptied, and the link stays the same.

    Canvas leaves what is left out as it was.
    """
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM)
    course = require_course(platform, exchange, course_id)
    old = require_column(platform, exchange, course, column_id)
    require_content_type(platform, exchange, lti.MEDIA_LINE_ITEM, answers_with_body=True)
    body = read_json_object(exchange)
    new = read_changed_column(platform, exchange, course, old, body)
    platform.gradebook.replace_column(new)
    exchange.outcome = f"column {new.id} is now: {new.label}"
    return answer_json(_describe_written(platform, new, body), lti.MEDIA_LINE_ITEM)


@line_items.delete(_ITEM_RULE)
def remove_line_item(course_id: str, column_id: int) -> Response:
    """Remove a column of the tool's own with its scores; one that came with a link stays: 403.

    Canvas says 401 to that. Moodle 4.5.6 removed it (captured).
    """
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_LINE_ITEM)
    column = require_column(platform, exchange, require_course(platform, exchange, course_id), column_id)
    requirement = "the column was made by the tool and not together with a link"
    may_go = column.made_by_tool or platform.settings.traits.parts_with_coupled_columns
    require(exchange, requirement, may_go, status=403, error="forbidden")
    platform.gradebook.remove_column(column)
    exchange.outcome = f"column {column.id} removed: {column.label}"
    return Response(status=204)


def describe_column(platform: Platform, column: Column) -> dict[str, object]:
    """Return the column as a line item. Moodle says the link's id twice."""
    is_moodle = platform.settings.manner is Manner.MOODLE
    optional = {
        "resourceId": column.resource_id,
        "tag": column.tag,
        "resourceLinkId": column.resource_link_id,
        **({"ltiLinkId": column.resource_link_id} if is_moodle else {}),
        **column.extras,
    }
    return {
        "id": platform.build_line_item_url(column),
        "label": column.label,
        "scoreMaximum": write_json_number(column.maximum),
        **{name: value for name, value in optional.items() if value is not None},
    }


def answer_json(body: object, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON under this media type, as the LMS's manner writes it."""
    content_type = write_media_type(current_platform().settings.manner, media_type)
    return Response(json.dumps(body), status, headers=dict(headers or {}), content_type=content_type)


def _describe_written(platform: Platform, column: Column, body: Body) -> dict[str, object]:
    """Return the answer to a column made or changed: Moodle sends back what it was sent, with the address."""
    if platform.settings.manner is Manner.MOODLE:
        return {**body, "id": platform.build_line_item_url(column)}
    return describe_column(platform, column)
