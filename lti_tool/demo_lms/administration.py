"""What an administrator does: add a tool by its registration address, open one that waits, copy a whole course."""

from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.deep_linking import may_add
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.noticing import tell_of_copy
from lti_tool.demo_lms.people import Person, find_person
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.registering import CONFIGURATION_PATH
from lti_tool.demo_lms.registrations import read_origin
from lti_tool.demo_lms.roles import is_administrator
from lti_tool.demo_lms.storage import StorageHabit, StorageTarget

administration = Blueprint("administration", __name__)

_LONGEST_ADDRESS: Final = 2000


@administration.get("/admin/tools")
def show_tools() -> ResponseReturnValue:
    """Show the registered tools, with those that wait for activation."""
    platform = current_platform()
    return render_template(
        "tools.html",
        tools=platform.tools.list_all(),
        is_administrator=_is_administrator(),
        manner=platform.settings.manner,
    )


@administration.post("/admin/tools/register")
def add_tool() -> ResponseReturnValue:
    """Open a tool's registration address in a frame, with the LMS's configuration and a single-use token."""
    _require_administrator()
    platform = current_platform()
    address = request.form.get("address", "").strip()
    try:
        parts = urlsplit(address)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and len(address) <= _LONGEST_ADDRESS
    except ValueError:
        is_address = False
    if not is_address:
        words = "This is not a web address. Paste the whole address the tool's operator gave you, with https://."
        return render_template("problem.html", title="That is not an address", problems=[words]), 400
    token = platform.registration_tokens.make(platform.sign, platform.read_clock())
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("openid_configuration", f"{platform.settings.base_url}{CONFIGURATION_PATH}"),
        ("registration_token", token),
    ]
    origin = read_origin(address)
    g.frame_origins = [origin]
    opened = parts._replace(query=urlencode(query), fragment="").geturl()
    return render_template("register.html", address=opened, origin=origin)


@administration.post("/admin/tools/activate")
def activate_tool() -> ResponseReturnValue:
    """Let a tool that registered itself be opened."""
    _require_administrator()
    platform = current_platform()
    tool = platform.tools.find(request.form.get("client_id")) or abort(404)
    if tool.client_id != platform.tools.built_in.client_id:
        platform.tools.activate(tool.client_id)
    return redirect(url_for("administration.show_tools"), 303)


@administration.post("/browsers")
def treat_browsers() -> ResponseReturnValue:
    """Offer storage or not, and answer well or badly, as chosen on the course page."""
    platform = current_platform()
    try:
        target = StorageTarget(request.form.get("target", ""))
        habit = StorageHabit(request.form.get("habit", StorageHabit.ANSWERS))
    except ValueError:
        abort(400)
    if habit is StorageHabit.WRONG_ORIGIN and platform.settings.other_origin is None:
        abort(400)
    platform.browsers.treat(target, habit)
    course = platform.courses.find(request.form.get("course")) or platform.courses.list_shown()[0]
    return redirect(url_for("pages.show_course", course_id=course.id) + "#browsers", 303)


@administration.post("/courses/<course_id>/copy")
def copy_course(course_id: str) -> ResponseReturnValue:
    """Copy a course with its links and columns, but without anybody's work; tell the tools that want to know."""
    platform, person = current_platform(), find_person(session.get("person"))
    original = platform.courses.find(course_id) or abort(404)
    if person is None or not (original.is_taught_by(person) or is_administrator(person)):
        abort(403)
    copy = make_copy(platform, original)
    if platform.settings.manner is Manner.CANVAS:
        for tool in platform.tools.list_active():
            if any(link.client_id == tool.client_id for link in copy.links):
                tell_of_copy(platform, original, copy, tool)
    return redirect(url_for("pages.show_course", course_id=copy.id), 303)


@administration.post("/courses/<course_id>/links/<link_key>")
def change_link(course_id: str, link_key: str) -> ResponseReturnValue:
    """Publish a link a tool placed, or take it out of the course."""
    platform, person = current_platform(), find_person(session.get("person"))
    course = platform.courses.find(course_id) or abort(404)
    link = next((link for link in course.placed if link.key == link_key), None) or abort(404)
    if person is None or not may_add(platform, course, person):
        abort(403)
    match request.form.get("act"):
        case "publish":
            platform.courses.publish(link)
        case "remove":
            for column in platform.gradebook.list_columns(course.id, resource_link_id=link.id):
                platform.gradebook.remove_column(column)
            platform.courses.remove(link)
        case _:
            abort(400)
    return redirect(url_for("pages.show_course", course_id=course.id), 303)


def make_copy(platform: Platform, original: Course) -> Course:
    """Return a new course like this one: its links and columns have new ids, and keep custom, resourceId and tag."""
    copy = platform.courses.add_copy(original)
    placed = platform.courses.place(copy.id, list(original.links))
    new_ids = {old.id: new.id for old, new in zip(original.links, placed, strict=True)}
    for column in platform.gradebook.list_columns(original.id):
        link_id = new_ids.get(column.resource_link_id or "")
        copied = platform.gradebook.add_column(replace(column, course_id=copy.id, resource_link_id=link_id))
        platform.column_owners.give(copied, platform.column_owners.find(column))
    return platform.courses.find(copy.id) or copy


def _is_administrator() -> bool:
    person: Person | None = find_person(session.get("person"))
    return person is not None and is_administrator(person)


def _require_administrator() -> None:
    if not _is_administrator():
        abort(403)
