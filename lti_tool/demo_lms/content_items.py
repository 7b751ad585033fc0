"""Reading the content items a tool sends back: links and columns, as each manner takes them (Deep Linking 2.0, 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lti_tool.demo_lms.column_bodies import read_loose_number
from lti_tool.demo_lms.courses import COLUMN_MAXIMUM, Link
from lti_tool.demo_lms.fields import is_finite_number, parse_instant
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.lti import vocabulary as lti

_LONGEST_TITLE: Final = 255
_SIZES: Final = ("width", "height")

Item = Mapping[str, object]


class ItemRefusedError(Exception):
    """An item cannot be taken; the message says which and why."""


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """One item, read: the link and, where it wants one, the column that goes with it."""

    link: Link
    column: Column | None


def read_items(manner: Manner, tool: RegisteredTool, course_id: str, items: object) -> list[PlacedItem]:
    """Return what the course will hold.

    Raises:
        ItemRefusedError: an item is none, or is not of the kind that was asked for.
    """
    if not isinstance(items, list):
        raise ItemRefusedError("content_items is not a list")
    return [_read_item(manner, tool, course_id, item, f"item {number}") for number, item in enumerate(items, 1)]


def _read_item(manner: Manner, tool: RegisteredTool, course_id: str, item: object, where: str) -> PlacedItem:
    if not isinstance(item, dict):
        raise ItemRefusedError(f"{where} is not an object")
    kind = item.get("type")
    if kind != lti.ITEM_RESOURCE_LINK:
        raise ItemRefusedError(f"{where} is of type {kind}, and only {lti.ITEM_RESOURCE_LINK} was asked for")
    target = _read_text(item, "url", where)
    if target and not tool.owns_url(target):
        raise ItemRefusedError(f"{where} has a url that is not on the tool's host {tool.domain}: {target}")
    if manner is Manner.STRICT:
        _check_presentation(item, where)
    title = _read_text(item, "title", where) or tool.name
    wanted = item.get("lineItem")
    column = None if wanted is None else _read_column(manner, course_id, wanted, title, where)
    link = Link(
        course_id=course_id,
        key="",
        title=column.label if column and manner is Manner.CANVAS else title[:_LONGEST_TITLE],
        description=_read_text(item, "text", where),
        custom=_read_custom(item, where),
        target=target,
        client_id=tool.client_id,
        is_published=manner is not Manner.CANVAS,
    )
    return PlacedItem(link, column)


def _read_column(manner: Manner, course_id: str, wanted: object, title: str, where: str) -> Column:
    """Return the column. Moodle ignores its label and takes 100 where no maximum is said (captured)."""
    if not isinstance(wanted, dict):
        raise ItemRefusedError(f"{where} has a lineItem that is not an object")
    label = _read_text(wanted, "label", f"the lineItem of {where}") or title
    value = wanted.get("scoreMaximum")
    maximum = read_loose_number(value) if manner is Manner.MOODLE else None
    if manner is Manner.MOODLE:
        label, maximum = title, COLUMN_MAXIMUM if value is None else maximum
    elif is_finite_number(value):
        maximum = float(str(value))
    if maximum is None or maximum <= 0:
        raise ItemRefusedError(f"{where} has a lineItem whose scoreMaximum is not a number above 0: {value}")
    return Column(
        id=0,
        course_id=course_id,
        label=label[:_LONGEST_TITLE],
        maximum=maximum,
        resource_id=_read_text(wanted, "resourceId", where) or None,
        tag=_read_text(wanted, "tag", where) or None,
        extras=_read_extras(manner, wanted, where),
    )


def _read_extras(manner: Manner, wanted: Item, where: str) -> dict[str, object]:
    """Return what a line item may have beside its own fields. Canvas knows no submission review."""
    review = wanted.get("submissionReview")
    if review is not None:
        if not isinstance(review, dict):
            raise ItemRefusedError(f"{where} has a submissionReview that is not an object")
        _read_text(review, "url", f"the submissionReview of {where}")
        _read_custom(review, f"the submissionReview of {where}")
        states = review.get("reviewableStatus", [])
        if not isinstance(states, list) or not all(isinstance(state, str) for state in states):
            raise ItemRefusedError(f"{where} has a reviewableStatus that is not a list of words")
    kept = {"submissionReview": review} if review is not None and manner is not Manner.CANVAS else {}
    released = wanted.get("gradesReleased")
    if released is not None and not isinstance(released, bool):
        raise ItemRefusedError(f"{where} has a gradesReleased that is neither true nor false")
    return kept | ({"gradesReleased": released} if released is not None and manner is Manner.STRICT else {})


def _read_custom(item: Item, where: str) -> dict[str, str]:
    custom = item.get("custom", {})
    if not isinstance(custom, dict) or not all(isinstance(value, str) for value in custom.values()):
        raise ItemRefusedError(f"{where} has a custom that is not an object of texts")
    return dict(custom)


def _read_text(item: Item, name: str, where: str) -> str:
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise ItemRefusedError(f"{where} has a {name} that is not text")
    return value or ""


def _check_presentation(item: Item, where: str) -> None:
    """Refuse a window, frame or time that is not as the specification has it; the demo shows none of them."""
    for name in ("window", "iframe", "icon", "thumbnail"):
        part = item.get(name, {})
        if not isinstance(part, dict):
            raise ItemRefusedError(f"{where} has a {name} that is not an object")
        if any(size in part and not is_finite_number(part[size]) for size in _SIZES):
            raise ItemRefusedError(f"{where} has a {name} whose size is not a number")
    for name in ("available", "submission"):
        times = item.get(name, {})
        if not isinstance(times, dict) or any(parse_instant(value) is None for value in times.values()):
            raise ItemRefusedError(f"{where} has a time in {name} that is not an ISO 8601 date and time with its zone")
