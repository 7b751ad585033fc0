"""The demo LMS as a Flask app: what it is made of, its headers, its error pages."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from lti_tool.demo_lms.administration import administration
from lti_tool.demo_lms.deep_linking import deep_linking
from lti_tool.demo_lms.gradebook import format_number
from lti_tool.demo_lms.launching import launching
from lti_tool.demo_lms.line_items import line_items
from lti_tool.demo_lms.noticing import noticing
from lti_tool.demo_lms.pages import find_current_person, format_moment, is_own_form, pages
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.recording import install_recording, is_lti_address, refuse_unroutable_call
from lti_tool.demo_lms.registering import registering
from lti_tool.demo_lms.roster import roster
from lti_tool.demo_lms.scores import scores
from lti_tool.demo_lms.settings import DemoLmsSettings
from lti_tool.demo_lms.teaching import teaching
from lti_tool.demo_lms.tokens import tokens

_LARGEST_BODY: Final = 256 * 1024
_OTHER_ORIGIN_TOO: Final = frozenset({"static", "pages.show_other_origin"})
_PROBLEMS: Final = {
    400: "The LMS could not make sense of this request.",
    403: "This form was not sent from one of the LMS's own pages, so nothing was changed. Go back and try again.",
    404: "There is no such page in this LMS. It may have been in a course that was started afresh.",
    405: "This address cannot be opened like that.",
    413: "What was sent is too large.",
}


def create_demo_lms(settings: DemoLmsSettings) -> Flask:
    """Return the demo LMS as a WSGI app that any threaded server can serve.

    Its :class:`Platform` is ``app.extensions["demo_lms"]``. Everything but the faults lives in one SQLite file under
    ``settings.data_dir``, so a restart forgets nothing.
    """
    app = Flask(__name__, static_folder="static", template_folder=str(_find_templates()))
    platform = Platform(settings)
    app.extensions["demo_lms"] = platform
    app.config.update(
        SECRET_KEY=platform.cookie_secret,
        SESSION_COOKIE_NAME="demo_lms_person",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="None",
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
    )
    app.jinja_env.filters["moment"] = format_moment
    app.jinja_env.filters["number"] = format_number
    app.context_processor(lambda: {"person": find_current_person(), "courses": platform.courses.list_shown()})
    app.before_request(_keep_to_own_address)
    install_recording(app)
    for blueprint in (
        *(pages, launching, deep_linking, tokens, line_items, scores, roster),
        *(registering, noticing, teaching, administration),
    ):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _show_problem)
    app.after_request(_set_headers)
    return app


def _find_templates() -> Path:
    """Return the folder of pages: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates" / "demo_lms"
    return inside if inside.is_dir() else package.parent / "templates" / "demo_lms"


def _keep_to_own_address() -> ResponseReturnValue | None:
    """Send people who typed another name of this machine to the LMS's own, where its cookie lives."""
    if is_lti_address(request.path) or request.endpoint in _OTHER_ORIGIN_TOO:
        return None
    base_url = current_platform().settings.base_url
    if request.method == "POST" and not is_own_form(
        request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site"), base_url
    ):
        abort(403)
    if request.method == "GET" and urlsplit(request.host_url).hostname != urlsplit(base_url).hostname:
        return redirect(base_url + request.full_path.removesuffix("?"))
    return None


def _show_problem(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, HTTPException) and error.response is not None:
        return error.get_response()
    if request.path.startswith("/api/lti/"):
        return refuse_unroutable_call(error)
    status = error.code or 500
    words = _PROBLEMS.get(status, "Something went wrong in the LMS. Try again in a moment.")
    return render_template("problem.html", title=error.name, problems=[words]), status


def _set_headers(response: Response) -> Response:
    platform = current_platform()
    own = platform.settings.base_url
    tools = {tool.origin for tool in platform.tools.list_active()} - {own}
    framed = " ".join([*sorted(tools), *g.get("frame_origins", [])])
    ancestors = own if request.endpoint in _OTHER_ORIGIN_TOO else "'self'"
    form_action = " ".join(["'self'", *([g.form_action] if "form_action" in g else [])])
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self' {framed}; "
        f"form-action {form_action}; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
