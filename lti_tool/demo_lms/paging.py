"""Cutting a list into pages as each manner does, with the ``Link`` header that leads to the next."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, TypeVar
from urllib.parse import urlencode

from flask import request

from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, require
from lti_tool.demo_lms.traffic import Exchange

Item = TypeVar("Item")

_BOOKMARK: Final = "bookmark:"


def cut_page(platform: Platform, exchange: Exchange, items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """Return the asked page of line items or results and its headers (AGS 2.0, 3.2.5)."""
    address, traits = f"{platform.settings.base_url}{request.path}", platform.settings.traits
    match platform.settings.manner:
        case Manner.STRICT:
            return _cut_strictly(exchange, address, items)
        case Manner.CANVAS:
            return _cut_as_canvas(address, items, traits.line_item_page, traits.longest_line_item_page)
        case Manner.MOODLE:
            return _cut_line_items_as_moodle(address, items)


def cut_roster_page(platform: Platform, exchange: Exchange, items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """Return the asked page of people and its headers (NRPS 2.0, 2.4.2)."""
    address, traits = f"{platform.settings.base_url}{request.path}", platform.settings.traits
    match platform.settings.manner:
        case Manner.STRICT:
            return _cut_strictly(exchange, address, items)
        case Manner.CANVAS:
            return _cut_as_canvas(address, items, traits.roster_page, traits.longest_roster_page)
        case Manner.MOODLE:
            return _cut_people_as_moodle(address, items)


def _cut_strictly(exchange: Exchange, address: str, items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """Everything without ``limit``; a bad one is refused."""
    if "limit" not in request.args:
        return items, {}
    limit, page = request.args.get("limit", 0, int), request.args.get("page", 1, int)
    require(exchange, "limit and page are numbers from 1 on", limit > 0 and page > 0, found=request.args.to_dict())
    first, after = (page - 1) * limit, page * limit
    if after >= len(items):
        return items[first:after], {}
    query = urlencode({**request.args.to_dict(), "page": page + 1})
    return items[first:after], {"Link": f'<{address}?{query}>; rel="next"'}


def _cut_line_items_as_moodle(address: str, items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """Moodle 4.5 (captured): ``limit`` and ``from``; curly quotes around the relations, ``&amp;`` in the addresses."""
    limit, first = _read_limit_and_from()
    if limit < 1:
        return items, {}
    places = {"first": 0, "canonical": first}
    if first > 0:
        places["prev"] = max(first - limit, 0)
    if first + limit < len(items):
        places["next"] = first + limit
    places["last"] = len(items) - len(items) % limit
    kept = {name: value for name, value in request.args.items() if name not in {"limit", "from", "page"}}
    order = [name for name in ("first", "prev", "canonical", "next", "last") if name in places]
    links = [
        f"<{address}?{urlencode({**kept, 'limit': limit, 'from': places[name]}).replace('&', '&amp;')}>; "
        f"rel=\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"
        for name in order
    ]
    # The bytes are UTF-8; a header's text is Latin-1 for every HTTP library.
    return items[first : first + limit], {"Link": ", ".join(links).encode().decode("latin-1")}


def _cut_people_as_moodle(address: str, items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """Moodle 4.5 (captured): plain quotes here, and the next page has forgotten the ``role`` that was asked for."""
    limit, first = _read_limit_and_from()
    if limit < 1:
        return items, {}
    after = first + limit
    if after >= len(items):
        return items[first:after], {}
    link = {"rlid": request.args["rlid"]} if "rlid" in request.args else {}
    query = urlencode({"limit": limit, "from": after, **link})
    return items[first:after], {"Link": f'<{address}?{query}>; rel="next"'}


def _read_limit_and_from() -> tuple[int, int]:
    return request.args.get("limit", 0, int), max(request.args.get("from", 0, int), 0)


def _cut_as_canvas(
    address: str, items: list[Item], usual: int | None, longest: int | None
) -> tuple[list[Item], dict[str, str]]:
    """Canvas: always pages; the next one is an opaque bookmark in which upper and lower case matter.

    A bookmark it did not make is answered 404.
    """
    asked = request.args.get("limit", request.args.get("per_page", 0, int), int)
    size = min(asked if asked > 0 else usual or len(items), longest or len(items))
    first = _read_bookmark(request.args["page"]) if "page" in request.args else 0
    kept = {name: value for name, value in request.args.items() if name not in {"page", "per_page"}}

    def link(page: str, relation: str) -> str:
        return f'<{address}?{urlencode({**kept, "page": page, "per_page": size})}>; rel="{relation}"'

    links = [link(request.args.get("page", "first"), "current")]
    if first + size < len(items):
        links.append(link(_write_bookmark(first + size), "next"))
    links.append(link("first", "first"))
    return items[first : first + size], {"Link": ",".join(links)}


def _write_bookmark(place: int) -> str:
    return _BOOKMARK + urlsafe_b64encode(json.dumps(["Page", place]).encode()).decode().rstrip("=")


def _read_bookmark(page: str) -> int:
    if page in {"1", "first"}:
        return 0
    code = page.removeprefix(_BOOKMARK)
    try:
        word, place = json.loads(urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        word, place = "", -1
    if not page.startswith(_BOOKMARK) or word != "Page" or not isinstance(place, int) or place < 0:
        raise ServiceRefusedError(404, "not_found", "There is no such page of this list.", subject="Page")
    return place
