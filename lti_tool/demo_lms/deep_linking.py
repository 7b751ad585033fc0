"""Deep Linking: sending a facilitator to choose, and putting into the course what came back (Deep Linking 2.0)."""

import secrets
from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from lti_tool.demo_lms.courses import Course, Link
from lti_tool.demo_lms.deep_link_answers import AnswerRefusedError, DeepLinkAnswer, read_answer
from lti_tool.demo_lms.deep_link_requests import DeepLinkRequest, make_data
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.passes import LaunchOrder
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.placements import find_placement
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.roles import is_administrator
from lti_tool.demo_lms.sending import find_signed_in, refuse_person, refuse_stranger, send_login
from lti_tool.demo_lms.settings import CLIENT_ID
from lti_tool.demo_lms.traffic import Exchange, current_exchange
from lti_tool.lti import vocabulary as lti

deep_linking = Blueprint("deep_linking", __name__)


@deep_linking.get("/launch/<course_id>/deep-linking/<placement>")
def start_choosing(course_id: str, placement: str) -> ResponseReturnValue:
    """Send a facilitator to a tool's picker. ``client`` says which tool; without it, the built-in one."""
    platform, exchange = current_platform(), current_exchange()
    course = platform.courses.find(course_id)
    tool = platform.tools.find_active(request.args.get("client", CLIENT_ID))
    found = find_placement(placement)
    if course is None or tool is None or found is None or not tool.deep_linking_url:
        raise NotFound
    person = find_signed_in(exchange)
    if person is None:
        return refuse_stranger(course)
    if not may_add(platform, course, person):
        words = "Only a facilitator of the course can add activities to it."
        return refuse_person(exchange, course, "You cannot add anything here", words)
    order = LaunchOrder(
        sub=person.sub,
        course_id=course.id,
        client_id=tool.client_id,
        message=lti.MESSAGE_DEEP_LINKING,
        placement=found.key,
    )
    return send_login(platform, exchange, order, tool.deep_linking_url, f"started for {person.name}: {found.button}")


@deep_linking.post("/api/lti/deep-linking/return")
def take_answer() -> ResponseReturnValue:
    """Take the tool's answer, which the browser posts as the single parameter ``JWT``, and show what it changed."""
    platform, exchange = current_platform(), current_exchange()
    handle = request.args.get("request") or request.args.get("data") or request.args.get("sesskey") or ""
    waiting = platform.deep_links.find(handle)
    course = platform.courses.find(waiting.request.course_id) if waiting else None
    if not exchange.check("the return address is one the LMS gave", course is not None) or not waiting or not course:
        return _refuse_answer(exchange, None, "the return address is one the LMS gave")
    tool = platform.tools.find_active(waiting.request.client_id)
    if not exchange.check("the tool is registered and active", tool is not None) or tool is None:
        return _refuse_answer(exchange, course, "the tool is registered and active")
    try:
        _check_form(platform, exchange, waiting.request, tool)
        _check(exchange, "the address was not used before", not waiting.is_answered)
        _check(exchange, "the address has not expired", platform.read_clock() < waiting.expires_at)
        answer = read_answer(platform, exchange, tool, waiting.request, request.form["JWT"])
        _check(exchange, "nobody else answered meanwhile", platform.deep_links.close(handle, platform.read_clock()))
    except AnswerRefusedError as refusal:
        return _refuse_answer(exchange, course, str(refusal))
    placed = [] if answer.error else place_items(platform, course, tool, answer)
    exchange.outcome = f"{len(placed)} links added" if placed else "nothing added"
    return render_template("placed.html", course=course, tab="course", placed=placed, answer=answer)


def may_add(platform: Platform, course: Course, person: Person) -> bool:
    """Whether the person may add to the course; Moodle's administrators may everywhere."""
    is_moodle = platform.settings.manner is Manner.MOODLE
    return course.is_taught_by(person) or (is_moodle and is_administrator(person))


def open_deep_link_request(platform: Platform, order: LaunchOrder) -> tuple[DeepLinkRequest, str]:
    """Return a new request and the address its answer comes to.

    Canvas's address carries a signed token, Moodle's the key of the session; only the strict manner sends ``data``.
    """
    manner = platform.settings.manner
    data = make_data() if manner is Manner.STRICT else ""
    found = DeepLinkRequest(
        sub=order.sub, course_id=order.course_id, client_id=order.client_id, placement=order.placement, data=data
    )
    query = {"request": secrets.token_urlsafe(24)}
    if manner is Manner.CANVAS:
        query = {"data": platform.sign({"jti": secrets.token_hex(16), "context": order.course_id})}
    if manner is Manner.MOODLE:
        deployment_id = platform.require_tool(order.client_id).deployment_id
        query = {"course": order.course_id, "id": deployment_id, "sesskey": secrets.token_urlsafe(18)}
    handle = next(query[name] for name in ("request", "data", "sesskey") if name in query)
    platform.deep_links.keep(handle, found, platform.read_clock())
    return found, f"{platform.settings.base_url}/api/lti/deep-linking/return?{urlencode(query)}"


def place_items(platform: Platform, course: Course, tool: RegisteredTool, answer: DeepLinkAnswer) -> list[Link]:
    """Put the answer's links into the course with their columns, and return them."""
    placed = platform.courses.place(course.id, [item.link for item in answer.items])
    for link, item in zip(placed, answer.items, strict=True):
        if item.column is not None:
            column = platform.gradebook.add_column(replace(item.column, resource_link_id=link.id))
            platform.column_owners.give(column, tool.client_id)
    return placed


def _refuse_answer(exchange: Exchange, course: Course | None, requirement: str) -> ResponseReturnValue:
    exchange.outcome = f"refused: {requirement}"
    problems = [f"The LMS did not take what the tool sent back. This has to be so and is not: {requirement}."]
    return render_template("problem.html", title="Nothing was added", course=course, problems=problems), 400


def _check_form(platform: Platform, exchange: Exchange, waiting: DeepLinkRequest, tool: RegisteredTool) -> None:
    if platform.settings.manner is Manner.MOODLE:
        kept = (request.args.get("course"), request.args.get("id")) == (waiting.course_id, tool.deployment_id)
        _check(exchange, "the return address is as the LMS gave it", kept)
    names = list(request.form.items(multi=True))
    _check(exchange, "the form has the one parameter JWT", [name for name, _ in names] == ["JWT"])


def _check(exchange: Exchange, requirement: str, passed: bool) -> None:
    if not exchange.check(requirement, passed):
        raise AnswerRefusedError(requirement)
