"""A platform's lists, read page by page to their end: AGS 2.0 §3.2.5 and NRPS 2.0 §2.4.2 page alike."""

from collections.abc import Iterator
from typing import Final

from lti_tool.lti.claims import read_origin
from lti_tool.lti.connector import ToolServiceConnector
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.values import AnswerClass, PlatformAnswer

MOST_PAGES: Final = 200


def read_pages(connector: ToolServiceConnector, scope: str, url: str, accept: str) -> Iterator[object]:
    """Give the body of each page, following the platform's own next addresses to the letter within its origin.

    A body that is not JSON comes as None.

    Raises:
        ServiceError: a page could not be read, leads elsewhere, or the pages have no end.
        NoKeyError: the tool has no key to sign with.
    """
    page: str | None = url
    seen: set[str] = set()
    while page is not None:
        if page in seen or len(seen) >= MOST_PAGES:
            raise refuse_answer("The list has no end.")
        if seen and read_origin(page) != read_origin(url):
            # The token goes with the request: only the platform that gave it may see it.
            raise refuse_answer("The list goes on at another address.")
        seen.add(page)
        answer = connector.make_service_request([scope], page, accept=accept)
        yield answer["body"]
        page = answer["next_page_url"]


def refuse_answer(detail: str, *, is_made: bool = False) -> ServiceError:
    """An answer that nothing can be done with; ``is_made``: what was asked for may be done over there all the same."""
    return ServiceError(PlatformAnswer(AnswerClass.REFUSED, None, detail, maybe_recorded=is_made))
