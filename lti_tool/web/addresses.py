"""Addresses: the tool's own is what its operator says it is, and a number in a path is one a table can hold."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.routing import IntegerConverter, Map

from lti_tool.models.base import LARGEST_ID


class OwnAddress:
    """Puts scheme and host of ``LTI_TOOL_BASE_URL`` into every request before the application sees it.

    So a redirect that the router makes (a missing slash) stays on https behind a proxy that speaks http to us, a
    forged ``Host`` names nothing, and one that cannot be parsed breaks nothing.
    """

    def __init__(self, application: WSGIApplication, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._application = application
        self._scheme = parts.scheme
        self._host = parts.netloc

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        environ["wsgi.url_scheme"] = self._scheme
        environ["HTTP_HOST"] = self._host
        return self._application(environ, start_response)


class IdConverter(IntegerConverter):
    """``<int:…>`` in a path: larger numbers than a table can hold name no page, in place of breaking the query."""

    def __init__(self, map: Map) -> None:  # noqa: A002 - werkzeug's own name
        super().__init__(map, max=LARGEST_ID)
