"""Launches: login initiation, the authorization endpoint and the LMS's key set (Security Framework 5.1.1)."""

from dataclasses import replace

from flask import Blueprint, Response, json, render_template, request, session
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from lti_tool.demo_lms.authorization import (
    AuthorizationRefusedError,
    check_authorization,
    list_address_problems,
)
from lti_tool.demo_lms.deep_linking import open_deep_link_request
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.messages import Visit, build_deep_linking_claims, build_review_claims
from lti_tool.demo_lms.passes import LaunchOrder
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.platform import DOCUMENT_TARGETS, Platform, current_platform
from lti_tool.demo_lms.recording import follow_with
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.roles import is_administrator
from lti_tool.demo_lms.sending import (
    find_signed_in,
    hide_secrets,
    refuse_person,
    refuse_stranger,
    render_form,
    send_login,
)
from lti_tool.demo_lms.traffic import Exchange, current_exchange, shorten_secret
from lti_tool.lti import vocabulary as lti

launching = Blueprint("launching", __name__)


@launching.get("/launch/<course_id>/<link_key>")
def start_login(course_id: str, link_key: str) -> ResponseReturnValue:
    """Begin a launch of this link for the person of this browser.

    ``target=iframe|window`` says where it will be shown. ``via=redirect`` sends the browser with GET instead of a
    form. ``url`` asks for another page of the tool, as Canvas's lti.requestFullWindowLaunch does.
    """
    platform, exchange = current_platform(), current_exchange()
    course = platform.courses.find(course_id)
    link = course.find_link(link_key) if course else None
    tool = platform.tools.find_active(link.client_id) if link else None
    if course is None or link is None or tool is None:
        raise NotFound
    person = find_signed_in(exchange)
    if person is None:
        return refuse_stranger(course)
    is_stranger = not platform.is_enrolled(course, person) and not is_administrator(person)
    if platform.settings.manner is Manner.MOODLE and is_stranger:
        words = "You cannot enrol yourself in this course. In Moodle, only its members can open what is in it."
        return refuse_person(exchange, course, "You are not in this course", words)
    if not link.is_published and not course.is_taught_by(person):
        words = "Your facilitator has not published this activity yet."
        return refuse_person(exchange, course, "Not published yet", words)
    asked = request.args.get("url", "")
    if asked and not exchange.check("the asked page is on the tool's own host", tool.owns_url(asked), asked):
        raise NotFound
    order = LaunchOrder(
        sub=person.sub,
        course_id=course.id,
        client_id=link.client_id,
        link_key=link.key,
        document_target=_read_target(),
        target=asked,
    )
    return send_login(platform, exchange, order, asked or link.target, f"started for {person.name}: {link.title}")


@launching.get("/launch/<course_id>/review/<int:column_id>")
def start_review(course_id: str, column_id: int) -> ResponseReturnValue:
    """Begin a submission review: a facilitator opens somebody's work, a learner her own.

    ``for`` is the person whose work it is. Moodle's link on the column's head names nobody, so it may be left out
    there. Canvas has no such message: its grader opens the address the tool sent with the score.
    """
    platform, exchange = current_platform(), current_exchange()
    course = platform.courses.find(course_id)
    column = platform.gradebook.find_column(course.id, column_id) if course else None
    link = course.find_link(column.resource_link_id or "") if course and column else None
    if course is None or column is None or link is None:
        raise NotFound
    person = find_signed_in(exchange)
    if person is None:
        return refuse_stranger(course)
    for_sub, manner = request.args.get("for", ""), platform.settings.manner
    if for_sub and not any(learner.sub == for_sub for learner in course.learners):
        raise NotFound
    if not for_sub and manner is not Manner.MOODLE:
        raise NotFound
    if for_sub != person.sub and not course.is_taught_by(person):
        words = "Only a facilitator can open somebody else's work."
        return refuse_person(exchange, course, "This is not your work", words)
    order = LaunchOrder(
        sub=person.sub,
        course_id=course.id,
        client_id=link.client_id,
        link_key=link.key,
        document_target=_read_target(),
    )
    what = f"started for {person.name}: the work of {for_sub or 'nobody in particular'} in {column.label}"
    if manner is Manner.CANVAS:
        work = platform.gradebook.find_cell(column, for_sub).work
        tool = platform.require_tool(link.client_id)
        if work is None or work.kind != "basic_lti_launch" or not tool.owns_url(work.data or ""):
            words = "Canvas opens a page the tool named with a score, and the tool has named none for this person."
            return refuse_person(exchange, course, "Nothing to open yet", words)
        target = work.data or ""
        return send_login(platform, exchange, replace(order, target=target), target, what)
    review = replace(order, message=lti.MESSAGE_SUBMISSION_REVIEW, column_id=column.id, for_sub=for_sub)
    return send_login(platform, exchange, review, link.target, what)


@launching.route("/api/lti/authorize", methods=["GET", "POST"])
def authorize() -> ResponseReturnValue:
    """Answer the tool's authorization request with an id_token, or with why not.

    A refusal goes to the tool's registered address. Where client or address are not registered ones there is nobody
    who may be told, so the person is.
    """
    platform, exchange = current_platform(), current_exchange()
    sent = request.form if request.method == "POST" else request.args
    exchange.show(received=hide_secrets(sent.to_dict()))
    problems = list_address_problems(platform, exchange, sent)
    if problems:
        exchange.outcome = "refused: " + " ".join(problems)
        return render_template("problem.html", title="The LMS did not open this activity", problems=problems), 400
    tool = platform.require_tool(sent["client_id"])
    form = {"state": sent["state"]} if "state" in sent else {}
    try:
        order, person = check_authorization(platform, exchange, sent, tool, session.get("person"))
        form["id_token"] = _make_id_token(platform, tool, order, person, sent["nonce"])
    except AuthorizationRefusedError as refusal:
        exchange.outcome = f"refused: {refusal.error}: {refusal.reason}"
        form |= {"error": refusal.error, "error_description": refusal.reason}
    else:
        exchange.outcome = f"it is {person.name}"
        if platform.settings.manner is Manner.CANVAS and platform.browsers.treatment.target:
            form["lti_storage_target"] = platform.browsers.treatment.target.value
    return render_form("Opening the activity", sent["redirect_uri"], form)


@launching.get("/api/lti/jwks.json")
def publish_keys() -> ResponseReturnValue:
    """Return the LMS's public keys."""
    key_set = current_platform().keys.describe_all()
    current_exchange().outcome = f"{len(key_set['keys'])} published"
    answer = Response(json.dumps(key_set), content_type="application/json")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def _read_target() -> str:
    target = request.args.get("target", "iframe")
    return target if target in DOCUMENT_TARGETS else "iframe"


def _make_id_token(platform: Platform, tool: RegisteredTool, order: LaunchOrder, person: Person, nonce: str) -> str:
    claims = _build_claims(platform, tool, order, person, nonce)
    launch = Exchange("Launch", "LMS to tool, through the browser", "POST", str(claims[lti.CLAIM_TARGET_LINK_URI]))
    launch.outcome = f"id_token sent for {person.name}: {order.message}"
    launch.show(
        message=order.message,
        signed_with=f"RS256, key {platform.keys.newest.kid}",
        claims=_hide_return_address({**claims, "nonce": shorten_secret(nonce)}),
    )
    follow_with(launch)
    return platform.sign(claims)


def _build_claims(
    platform: Platform, tool: RegisteredTool, order: LaunchOrder, person: Person, nonce: str
) -> dict[str, object]:
    course = platform.courses.find(order.course_id)
    if course is None:
        raise AuthorizationRefusedError("invalid_request", "the course is still there")
    visit = Visit(person, course, tool, nonce, document_target=order.document_target)
    if order.message == lti.MESSAGE_DEEP_LINKING:
        request_, return_url = open_deep_link_request(platform, order)
        return build_deep_linking_claims(platform, visit, order, request_, return_url)
    if order.message == lti.MESSAGE_SUBMISSION_REVIEW:
        try:
            return build_review_claims(platform, visit, order)
        except LookupError as error:
            raise AuthorizationRefusedError("invalid_request", "the column is still in the gradebook") from error
    link = course.find_link(order.link_key)
    if link is None:
        raise AuthorizationRefusedError("invalid_request", "the activity is still in the course")
    return platform.launch_claims(person, link, nonce=nonce, document_target=order.document_target, target=order.target)


def _hide_return_address(claims: dict[str, object]) -> dict[str, object]:
    """Return the claims without the handle that lets an answer in, for the traffic page."""
    settings = claims.get(lti.CLAIM_DEEP_LINKING_SETTINGS)
    if not isinstance(settings, dict):
        return claims
    address = str(settings["deep_link_return_url"]).partition("?")[0]
    return {**claims, lti.CLAIM_DEEP_LINKING_SETTINGS: {**settings, "deep_link_return_url": f"{address}?…"}}
