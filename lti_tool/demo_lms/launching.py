"""Launches: login initiation, the authorization endpoint and the LMS's key set (Security Framework 5.1.1)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from flask import Blueprint, Response, g, json, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from lti_tool.demo_lms.authorization import (
    AuthorizationRefusedError,
    check_authorization,
    list_address_problems,
)
from lti_tool.demo_lms.courses import find_course
from lti_tool.demo_lms.passes import MessageHint
from lti_tool.demo_lms.people import Person, find_person
from lti_tool.demo_lms.platform import DOCUMENT_TARGETS, Platform, current_platform
from lti_tool.demo_lms.recording import follow_with
from lti_tool.demo_lms.traffic import Exchange, current_exchange, shorten_secret
from lti_tool.lti import vocabulary as lti

launching = Blueprint("launching", __name__)

_SECRET_PARAMETERS: Final = frozenset({"lti_message_hint", "state", "nonce"})


@launching.get("/launch/<course_id>/<link_key>")
def start_login(course_id: str, link_key: str) -> ResponseReturnValue:
    """Begin a launch of this link for the person of this browser.

    ``target=iframe|window`` says where it will be shown. ``via=redirect`` sends the browser with GET instead of a
    form: both are allowed (Security Framework 5.1.1.1), and a tool has to take both.
    """
    platform, exchange = current_platform(), current_exchange()
    course = find_course(course_id)
    link = course.find_link(link_key) if course else None
    if link is None:
        raise NotFound
    person = find_person(session.get("person"))
    if not exchange.check("Somebody is signed in to the LMS", person is not None, "nobody") or person is None:
        exchange.outcome = "refused: nobody was chosen"
        return render_template(
            "problem.html",
            title="Choose who you are first",
            course=course,
            problems=["The LMS does not know who you are in this browser, so it cannot open the activity for you."],
        ), 403
    target = request.args.get("target", "iframe")
    parameters = platform.start_launch(person, link, target if target in DOCUMENT_TARGETS else "iframe")
    exchange.outcome = f"started for {person.name}: {link.title}"
    exchange.show(sent=_hide_secrets(parameters))
    if request.args.get("via") == "redirect":
        return redirect(f"{platform.settings.tool_login_url}?{urlencode(parameters)}")
    return _render_form("Opening the activity", platform.settings.tool_login_url, parameters)


@launching.route("/api/lti/authorize", methods=["GET", "POST"])
def authorize() -> ResponseReturnValue:
    """Answer the tool's authorization request with an id_token, or with why not.

    A refusal goes to the tool's registered address. Where client or address are not the registered ones there is
    nobody who may be told, so the person is.
    """
    platform, exchange = current_platform(), current_exchange()
    sent = request.form if request.method == "POST" else request.args
    exchange.show(received=_hide_secrets(sent.to_dict()))
    problems = list_address_problems(platform.settings, exchange, sent)
    if problems:
        exchange.outcome = "refused: " + " ".join(problems)
        return render_template("problem.html", title="The LMS did not open this activity", problems=problems), 400
    form = {"state": sent["state"]} if "state" in sent else {}
    try:
        hint, person = check_authorization(platform, exchange, sent, session.get("person"))
        form["id_token"] = _make_id_token(platform, hint, person, sent["nonce"])
    except AuthorizationRefusedError as refusal:
        exchange.outcome = f"refused: {refusal.error}: {refusal.reason}"
        form |= {"error": refusal.error, "error_description": refusal.reason}
    else:
        exchange.outcome = f"it is {person.name}"
    return _render_form("Opening the activity", platform.settings.tool_launch_url, form)


@launching.get("/api/lti/jwks.json")
def publish_keys() -> ResponseReturnValue:
    """Return the LMS's public keys."""
    key_set = current_platform().keys.describe_all()
    current_exchange().outcome = f"{len(key_set['keys'])} published"
    answer = Response(json.dumps(key_set), content_type="application/json")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def _make_id_token(platform: Platform, hint: MessageHint, person: Person, nonce: str) -> str:
    course = find_course(hint.course_id)
    link = course.find_link(hint.link_key) if course else None
    if link is None:
        raise AuthorizationRefusedError("invalid_request", "The activity is not in the course any more.")
    claims = platform.launch_claims(person, link, nonce=nonce, document_target=hint.document_target)
    launch = Exchange("Launch", "LMS to tool, through the browser", "POST", platform.settings.tool_launch_url)
    launch.outcome = f"id_token sent for {person.name}: {link.title}"
    launch.show(
        message=lti.MESSAGE_RESOURCE_LINK,
        signed_with=f"RS256, key {platform.keys.newest.kid}",
        claims={**claims, "nonce": shorten_secret(nonce)},
    )
    follow_with(launch)
    return platform.sign(claims)


def _render_form(title: str, action: str, fields: Mapping[str, str]) -> ResponseReturnValue:
    """Return a page that posts these fields by itself, or by its button where scripts do not run."""
    g.form_action = current_platform().settings.tool_url
    return render_template("send.html", title=title, action=action, fields=fields)


def _hide_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: shorten_secret(value) if name in _SECRET_PARAMETERS else value for name, value in parameters.items()}
