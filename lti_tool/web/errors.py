"""One table from exception to page: a status, a code, plain words, a reference number and a way back."""

import logging
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.services.errors import ToolError
from lti_tool.services.refusals import note_refusal
from lti_tool.services.visits import SessionEndedError
from lti_tool.web.guards import find_tool
from lti_tool.web.refusal_words import describe_refusal
from lti_tool.web.security import allow_any_frame

_log = logging.getLogger("lti_tool.refusals")


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error page says."""

    status: int
    code: str
    title: str
    what_happened: str
    what_to_do: str
    return_url: str | None = None


_HTTP_PROBLEMS = {
    400: ("bad_request", "We could not read that", "The request was not in a form we understand. Nothing was changed."),
    404: ("not_found", "There is no such page", "The address does not lead to anything here."),
    405: ("wrong_method", "That cannot be done here", "This address is there, but not for that. Nothing was changed."),
    413: (
        "body_too_large",
        "That is too much at once",
        "What was sent is larger than we can take. Nothing was changed.",
    ),
}

_USE_CASE_TITLES = {"not_allowed": "This page is not open to you", "not_found": "There is no such page"}

SESSION_ENDED = Problem(
    401,
    "session_ended",
    "This page's session has ended",
    "You were away for a while, or your browser did not keep the session. What was saved is safe.",
    "Close this page and open the activity again from your course. You will be where you stopped.",
)


def register_error_pages(app: Flask) -> None:
    """Answer every exception with a page in words (or JSON where a script asked). Never a stack trace."""

    @app.errorhandler(LaunchRefused)
    def refuse_launch(refusal: LaunchRefused) -> Response:
        words = describe_refusal(refusal.code, urlsplit(find_tool().settings.base_url).netloc)
        allow_any_frame()
        status = 413 if refusal.code is RefusalCode.BODY_TOO_LARGE else words.status
        reference = make_reference()
        _remember(refusal, reference)
        return show_problem(
            Problem(status, refusal.code.value, words.title, words.what_happened, words.what_to_do, refusal.return_url),
            detail=refusal.detail,
            reference=reference,
        )

    @app.errorhandler(SessionEndedError)
    def end_session(_error: SessionEndedError) -> Response:
        allow_any_frame()
        return show_problem(SESSION_ENDED, detail="no open session with this secret")

    @app.errorhandler(ToolError)
    def refuse_use_case(error: ToolError) -> Response:
        title = _USE_CASE_TITLES.get(error.code, "That is not possible")
        return show_problem(
            Problem(error.status, error.code, title, error.message, "Go back to where you were."),
            # Not its words: they can hold somebody's name.
            detail=type(error).__name__,
        )

    @app.errorhandler(RequestEntityTooLarge)
    @app.errorhandler(HTTPException)
    def refuse_request(error: HTTPException) -> Response:
        status = error.code or 500
        code, title, happened = _HTTP_PROBLEMS.get(status, ("not_possible", "That is not possible", "Nothing changed."))
        allow_any_frame()
        response = show_problem(
            Problem(status, code, title, happened, "Go back, or open the activity again from your course."),
            detail=f"{error.name}: {request.method}",
        )
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    @app.errorhandler(Exception)
    def fail_gently(error: Exception) -> Response:
        reference = make_reference()
        logging.getLogger("lti_tool").exception("unexpected error reference=%s", reference, exc_info=error)
        allow_any_frame()
        problem = Problem(
            500,
            "our_fault",
            "Something broke on our side",
            "This is our fault, not yours. What was saved before is safe.",
            "Try once more. If it happens again, give your administrator the reference number.",
        )
        return render_problem(problem, reference)


def make_reference() -> str:
    """A short number to quote: the page shows it and the log holds it."""
    return secrets.token_hex(4).upper()


def _remember(refusal: LaunchRefused, reference: str) -> None:
    """Count the refusal for the self-check; a database that is away must not hide the reason from the person."""
    tool = find_tool()
    try:
        note_refusal(
            tool.store,
            registration_id=refusal.registration_id,
            code=refusal.code.value,
            reference=reference,
            now=tool.clock(),
        )
    except SQLAlchemyError as error:
        _log.warning("refusal not counted: %s", type(error).__name__)


def show_problem(
    problem: Problem,
    *,
    detail: str,
    reference: str | None = None,
    template: str = "errors/refused.html",
    **more: str,
) -> Response:
    """Log a refusal with its reference number and show its page; ``more`` is for a template of its own."""
    reference = reference or make_reference()
    _log.info(
        "refused code=%s status=%s reference=%s path=%s detail=%s",
        problem.code,
        problem.status,
        reference,
        # Both can hold what a stranger sent: written so that nobody can write lines of their own into the log.
        ascii(request.path)[1:-1][:500],
        ascii(detail)[1:-1][:500],
    )
    return render_problem(problem, reference, template, **more)


def render_problem(problem: Problem, reference: str, template: str = "errors/refused.html", **more: str) -> Response:
    """The page, or JSON for a script that asked for JSON."""
    if request.accept_mimetypes.best == "application/json":
        body = jsonify(code=problem.code, message=f"{problem.what_happened} {problem.what_to_do}", reference=reference)
        return make_response(body, problem.status)
    g.setdefault("visit", None)
    page = render_template(template, problem=problem, reference=reference, **more)
    return make_response(page, problem.status)
