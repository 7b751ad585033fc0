"""One cell, column and list of the demo LMS in a manner: what the tests of the manners ask about, over HTTP."""

from typing import Any

from werkzeug.test import TestResponse

from lti_tool.demo_lms.cells import Cell
from lti_tool.demo_lms.gradebook import Column
from lti_tool.lti import vocabulary as lti
from tests.support.fake_tool import LMS, DemoLmsWithFakeTool

ITEMS = "/api/lti/courses/course-1/lineitems"
NEXT_MINUTE = "2026-03-04T20:15:00Z"
NO_SCORE: dict[str, Any] = {"scoreGiven": "absent", "scoreMaximum": "absent"}


def column_of(lms: DemoLmsWithFakeTool) -> Column:
    """The column of Visioning."""
    (column,) = lms.platform.gradebook.list_columns("course-1", resource_id="visioning")
    return column


def cell_of(lms: DemoLmsWithFakeTool, sub: str = "101") -> Cell:
    """What stands in one person's cell of Visioning."""
    return lms.platform.gradebook.find_cell(column_of(lms), sub)


def write(lms: DemoLmsWithFakeTool, method: str, path: str, body: object = None) -> TestResponse:
    """Make, change or remove a line item."""
    headers = {"Authorization": f"Bearer {lms.get_token(lti.SCOPE_LINE_ITEM)}"}
    sent: dict[str, Any] = {} if body is None else {"json": body, "content_type": lti.MEDIA_LINE_ITEM}
    return lms.browser.open(f"{path}?type_id=1", method=method, base_url=LMS, headers=headers, **sent)


def read_items(lms: DemoLmsWithFakeTool, query: str = "") -> TestResponse:
    """List the line items of the first course."""
    return lms.read(f"{ITEMS}?{query}", lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM_READONLY)


def find_next(answer: TestResponse) -> str | None:
    """The next page's address after the host, as a browser's parser would find it."""
    links = [part for part in answer.headers.get("Link", "").split(",") if part.endswith('rel="next"')]
    return links[0].partition("<")[2].partition(">")[0].removeprefix(LMS) if links else None
