"""Sending a browser to a tool: the form that posts itself, and who may send one."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from flask import g, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.passes import LaunchOrder
from lti_tool.demo_lms.people import Person, find_person
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.registrations import read_origin
from lti_tool.demo_lms.traffic import Exchange, shorten_secret

_SECRET_PARAMETERS: Final = frozenset({"lti_message_hint", "state", "nonce"})


def find_signed_in(exchange: Exchange) -> Person | None:
    """Return who is signed in to the LMS in this browser, having written it down."""
    person = find_person(session.get("person"))
    if not exchange.check("Somebody is signed in to the LMS", person is not None, "nobody"):
        exchange.outcome = "refused: nobody was chosen"
    return person


def refuse_stranger(course: Course) -> ResponseReturnValue:
    """Return the page for somebody the LMS does not know yet."""
    words = "The LMS does not know who you are in this browser, so it cannot open the activity for you."
    return render_template("problem.html", title="Choose who you are first", course=course, problems=[words]), 403


def refuse_person(exchange: Exchange, course: Course, title: str, words: str) -> ResponseReturnValue:
    """Return the page for somebody who may not do this."""
    exchange.check("the person may do this", False)
    exchange.outcome = f"refused: {title}"
    return render_template("problem.html", title=title, course=course, problems=[words]), 403


def send_login(
    platform: Platform, exchange: Exchange, order: LaunchOrder, target: str, what: str
) -> ResponseReturnValue:
    """Return the login initiation: a form, or with ``via=redirect`` a GET (Security Framework 5.1.1.1 allows both)."""
    tool = platform.require_tool(order.client_id)
    parameters = platform.start_message(order, target)
    exchange.outcome = what
    exchange.show(sent=hide_secrets(parameters))
    if request.args.get("via") == "redirect":
        mark = "&" if "?" in tool.login_url else "?"
        return redirect(f"{tool.login_url}{mark}{urlencode(parameters)}")
    return render_form("Opening the activity", tool.login_url, parameters)


def render_form(title: str, action: str, fields: Mapping[str, str]) -> ResponseReturnValue:
    """Return a page that posts these fields by itself, or by its button where scripts do not run."""
    g.form_action = read_origin(action)
    return render_template("send.html", title=title, action=action, fields=fields)


def hide_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with those cut short that open something."""
    return {name: shorten_secret(value) if name in _SECRET_PARAMETERS else value for name, value in parameters.items()}
