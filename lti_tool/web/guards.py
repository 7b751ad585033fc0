"""The door-keepers of every page: who may enter, whose session it is, and whether a write was really meant.

Every view says who may enter with ``@enters(...)`` or ``@enters_publicly``; a house test refuses one that does not.
"""

import hmac
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge

from lti_tool.domain.roles import Standing
from lti_tool.services.errors import NotAllowedError, ToolError
from lti_tool.services.visits import Visit, find_visit
from lti_tool.web.security import add_default_header, allow_any_frame
from lti_tool.web.tool import Tool

View = TypeVar("View", bound=Callable[..., Any])

SESSION_COOKIE_PREFIX = "__Host-s_"
EVERYBODY_IN_THE_COURSE = (Standing.STAFF, Standing.PARTICIPANT, Standing.PRACTICE, Standing.VISITOR)
EVERYBODY = tuple(Standing)
MOST_FIELDS = 5000
"""Of one form. Flask counts the parts of a multipart body, but not the fields of the kind browsers send."""


class ForgedRequestError(ToolError):
    """A write without our CSRF token or from another origin."""

    code = "form_not_ours"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This form did not come from a page of ours that is still open, so nothing was changed. "
            "Go back, reload the page and try again; your text is still in the form."
        )


def find_tool() -> Tool:
    """The wired tool of this app."""
    return cast("Tool", current_app.extensions["lti_tool"])


def enters(*standings: Standing) -> Callable[[View], View]:
    """Let only these standings in, with an open launch session; every write needs our token and our origin."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(session_id: str, **values: Any) -> Any:
            tool = find_tool()
            visit = find_visit(
                tool.store,
                session_id=session_id,
                secret=request.cookies.get(SESSION_COOKIE_PREFIX + session_id),
                now=tool.clock(),
            )
            g.visit = visit
            if visit.standing not in standings:
                raise NotAllowedError(explain_refusal(visit))
            if request.method not in {"GET", "HEAD"}:
                check_write(tool, session_id)
            return view(**values)

        guarded.entered_by = standings  # type: ignore[attr-defined] # read by the house test
        return cast("View", guarded)

    return decorate


def enters_publicly(view: View) -> View:
    """Mark a view that anybody may open: the LTI addresses, health and static pages."""
    view.entered_by = "everybody"  # type: ignore[attr-defined] # read by the house test
    return view


def explain_refusal(visit: Visit) -> str:
    """Why this page is not for this person, in words."""
    if visit.standing is Standing.VISITOR:
        return "You can read along. Work is saved for participants only."
    if visit.standing is Standing.STAFF:
        return "This page belongs to a participant. Facilitators see submitted work under Reviews."
    if visit.standing is Standing.ADMINISTRATOR:
        return "You opened this as an administrator who is not in the course, so its work is not shown."
    return "This page is for the facilitators of this course."


def make_csrf_token(tool: Tool, session_id: str) -> str:
    """The token that a page of this session carries in its forms."""
    return hmac.new(tool.settings.secret_key.encode(), b"csrf:" + session_id.encode(), sha256).hexdigest()


def check_write(tool: Tool, session_id: str) -> None:
    """Refuse a write that another site could have made.

    Raises:
        ForgedRequestError: the token is missing or wrong, or the browser names another origin (or ``null``).
        RequestEntityTooLarge: it has more fields than any page of ours.
    """
    if sum(map(len, request.form.listvalues())) > MOST_FIELDS:
        raise RequestEntityTooLarge
    token = request.form.get("csrf_token") or request.headers.get("X-CSRF-Token") or ""
    # Compared as bytes: texts that are not ASCII cannot be compared in constant time.
    is_ours = hmac.compare_digest(token.encode(errors="replace"), make_csrf_token(tool, session_id).encode())
    if not is_ours or not is_own_origin(tool):
        raise ForgedRequestError


def is_own_origin(tool: Tool) -> bool:
    """Whether the browser says that this request was made by a page of ours."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    return origin == tool.settings.origin


def require_own_origin(tool: Tool) -> None:
    """Refuse a form without a session that another site sends; its page may be shown in the frame it was sent from.

    Raises:
        ForgedRequestError: the browser names another origin, or ``null``.
    """
    if not is_own_origin(tool):
        allow_any_frame()
        raise ForgedRequestError


def add_template_helpers() -> dict[str, Any]:
    """What templates call: ``here`` for links inside the session and ``csrf_field`` for forms."""
    visit: Visit | None = g.get("visit")

    def here(endpoint: str, **values: Any) -> str:
        if visit is not None:
            values.setdefault("session_id", visit.session_id)
        return url_for(endpoint, **values)

    def csrf_field() -> Markup:
        if visit is None:
            return Markup("")
        return Markup('<input type="hidden" name="csrf_token" value="{}">').format(
            make_csrf_token(find_tool(), visit.session_id)
        )

    return {"visit": visit, "here": here, "csrf_field": csrf_field}


def keep_out_of_caches(response: Response) -> Response:
    """People's pages are never stored by a shared cache or shown by the back button after a session ended."""
    if not request.path.startswith("/static/"):
        add_default_header(response, "Cache-Control", "no-store")
    return response
