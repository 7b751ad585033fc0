"""The pages people see: course, people, gradebook, traffic, and the one an activity is opened in."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms.courses import COURSES, Course, Link
from lti_tool.demo_lms.deep_linking import may_add
from lti_tool.demo_lms.faults import Spoiling
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import PEOPLE, TEST_STUDENT, Person, find_person
from lti_tool.demo_lms.placements import find_placement, list_placements
from lti_tool.demo_lms.platform import current_platform
from lti_tool.demo_lms.roles import is_administrator
from lti_tool.demo_lms.settings import CLIENT_ID
from lti_tool.demo_lms.storage import SLOW_MILLISECONDS, StorageHabit, StorageTarget
from lti_tool.demo_lms.traffic import Exchange, clip

pages = Blueprint("pages", __name__)

_TRAFFIC_SHOWN: Final = 40
_RETURN_WORDS: Final = ("lti_msg", "lti_errormsg", "lti_log", "lti_errorlog")


def find_current_person() -> Person | None:
    """Return who this browser has chosen to be."""
    return find_person(session.get("person"))


def format_moment(moment: datetime) -> str:
    """Return a time as people here write it, on this machine's clock."""
    local = moment.astimezone()
    hour = local.hour % 12 or 12
    half = "am" if local.hour < 12 else "pm"
    return f"{local:%b} {local.day}, {local.year}, {hour}:{local:%M:%S} {half}"


def _require_course(course_id: str) -> Course:
    return current_platform().courses.find(course_id) or abort(404)


def _require_link(course_id: str, link_key: str) -> tuple[Course, Link]:
    course = _require_course(course_id)
    return course, course.find_link(link_key) or abort(404)


@pages.get("/")
def show_first_course() -> ResponseReturnValue:
    """Show the demo course."""
    return show_course(COURSES[0].id)


@pages.get("/courses/<course_id>")
def show_course(course_id: str) -> ResponseReturnValue:
    """Show a course: what to try, who to be, its links, and what its facilitator can do with it."""
    platform, person = current_platform(), find_current_person()
    course, manner = _require_course(course_id), platform.settings.manner
    can_add = person is not None and may_add(platform, course, person)
    sees_all = person is None or can_add or course.is_taught_by(person)
    return render_template(
        "course.html",
        course=course,
        tab="course",
        people=(*PEOPLE, TEST_STUDENT) if manner is Manner.CANVAS else PEOPLE,
        links=[link for link in course.links if link.is_published or sees_all],
        can_add=can_add,
        can_copy=person is not None and (course.is_taught_by(person) or is_administrator(person)),
        placements=list_placements(manner),
        tools=[tool for tool in platform.tools.list_active() if tool.deep_linking_url],
        treatment=platform.browsers.treatment,
        targets=list(StorageTarget),
        habits=[
            habit for habit in StorageHabit if habit is not StorageHabit.WRONG_ORIGIN or platform.settings.other_origin
        ],
    )


@pages.post("/person")
def choose_person() -> ResponseReturnValue:
    """Become one of the people, or nobody, and go back to the course."""
    course = current_platform().courses.find(request.form.get("course")) or COURSES[0]
    person = find_person(request.form.get("person"))
    if person is None:
        session.pop("person", None)
    else:
        session["person"] = person.sub
    return redirect(url_for("pages.show_course", course_id=course.id), 303)


@pages.get("/courses/<course_id>/links/<link_key>")
def show_link(course_id: str, link_key: str) -> ResponseReturnValue:
    """Show an activity in a frame of the course."""
    course, link = _require_link(course_id, link_key)
    address = url_for("launching.start_login", course_id=course.id, link_key=link.key)
    return _show_frame(course, link.title, address)


@pages.get("/courses/<course_id>/add/<placement>")
def show_picker(course_id: str, placement: str) -> ResponseReturnValue:
    """Show a tool's picker in a frame of the course. Never in a new tab: the answer would not find its way back."""
    course, found = _require_course(course_id), find_placement(placement) or abort(404)
    client = request.args.get("client", CLIENT_ID)
    address = url_for("deep_linking.start_choosing", course_id=course.id, placement=found.key, client=client)
    return _show_frame(course, found.button, address, is_picker=True)


@pages.get("/courses/<course_id>/review/<int:column_id>")
def show_review(course_id: str, column_id: int) -> ResponseReturnValue:
    """Show somebody's work in a frame of the gradebook."""
    course, gradebook = _require_course(course_id), current_platform().gradebook
    column = gradebook.find_column(course.id, column_id) or abort(404)
    address = url_for("launching.start_review", course_id=course.id, column_id=column.id)
    if "for" in request.args:
        address += "?" + urlencode({"for": request.args["for"]})
    return _show_frame(course, column.label, address)


def _show_frame(course: Course, title: str, address: str, *, is_picker: bool = False) -> ResponseReturnValue:
    """Return a page with a tool in a frame, and with what its script needs to know about storage."""
    platform = current_platform()
    treatment, other = platform.browsers.treatment, platform.settings.other_origin
    is_elsewhere = treatment.habit is StorageHabit.WRONG_ORIGIN and other is not None
    g.frame_origins = [other] if is_elsewhere else []
    origins = sorted({tool.origin for tool in platform.tools.list_active()})
    return render_template(
        "activity.html",
        course=course,
        title=title,
        address=address,
        is_picker=is_picker,
        tab="course",
        treatment=treatment,
        origins=" ".join(origins),
        slow_milliseconds=SLOW_MILLISECONDS,
        elsewhere=f"{other}/storage-elsewhere" if is_elsewhere else "",
    )


@pages.get("/storage")
def show_storage_frame() -> ResponseReturnValue:
    """Return the hidden frame a tool sends its storage messages to, from the origin of the authorization endpoint."""
    platform = current_platform()
    origins = sorted({tool.origin for tool in platform.tools.list_active()})
    return render_template(
        "storage.html",
        treatment=platform.browsers.treatment,
        origins=" ".join(origins),
        slow_milliseconds=SLOW_MILLISECONDS,
    )


@pages.get("/storage-elsewhere")
def show_other_origin() -> ResponseReturnValue:
    """Return a page that answers storage messages from an origin that is not the LMS's, when its parent asks it to."""
    return render_template("elsewhere.html", parent_origin=current_platform().settings.base_url)


@pages.get("/courses/<course_id>/people")
def show_people(course_id: str) -> ResponseReturnValue:
    """Show who is in the course and who is not."""
    course = _require_course(course_id)
    states = current_platform().enrolments.list_states(course.id)
    return render_template("people.html", course=course, tab="people", states=states)


@pages.get("/courses/<course_id>/grades")
def show_grades(course_id: str) -> ResponseReturnValue:
    """Show the gradebook."""
    course, gradebook = _require_course(course_id), current_platform().gradebook
    columns = gradebook.list_columns(course.id)
    person, manner = find_current_person(), current_platform().settings.manner
    cells = {(column.id, grade.sub): grade for column in columns for grade in gradebook.list_grades(column)}
    return render_template(
        "grades.html",
        course=course,
        tab="grades",
        columns=columns,
        cells=cells,
        teaches=person is not None and course.is_taught_by(person),
        reviewable={column.id for column in columns if course.find_link(column.resource_link_id or "")},
        has_nameless_review=manner is Manner.MOODLE,
    )


@pages.get("/courses/<course_id>/grades/<int:column_id>/<sub>")
def show_history(course_id: str, column_id: int, sub: str) -> ResponseReturnValue:
    """Show every score that arrived for one cell."""
    course, gradebook = _require_course(course_id), current_platform().gradebook
    column = gradebook.find_column(course.id, column_id) or abort(404)
    person = find_person(sub) or abort(404)
    if person not in course.learners:
        abort(404)
    history = gradebook.list_history(column, person.sub)
    rules = gradebook.rules
    locks = {"column": rules.find(column.id).is_locked, "cell": rules.is_cell_locked(column.id, person.sub)}
    return render_template(
        "history.html", course=course, tab="grades", column=column, learner=person, history=history, locks=locks
    )


@pages.get("/courses/<course_id>/return")
def show_return(course_id: str) -> ResponseReturnValue:
    """Take somebody back from the tool, with the message it sends along (LTI Core, launch presentation claim)."""
    course, platform = _require_course(course_id), current_platform()
    words = {name: clip(request.args.get(name, "").strip(), 1000) for name in _RETURN_WORDS}
    exchange = Exchange("Return from the tool", "Tool to LMS, through the browser", "GET", request.path, 200)
    exchange.outcome = "with a message" if any(words.values()) else "without a message"
    exchange.show(**{name: value for name, value in words.items() if value})
    platform.traffic.record(exchange, platform.read_clock())
    link = course.find_link(request.args.get("link", ""))
    return render_template(
        "return.html", course=course, tab="course", link=link, message=words["lti_msg"], error=words["lti_errormsg"]
    )


@pages.get("/traffic")
def show_traffic() -> ResponseReturnValue:
    """Show the newest messages and calls, or with ``all=1`` everything that is kept."""
    platform = current_platform()
    everything = request.args.get("all") == "1"
    return render_template(
        "traffic.html",
        tab="traffic",
        course=platform.courses.find(request.args.get("course")) or COURSES[0],
        entries=platform.traffic.list_newest() if everything else platform.traffic.list_newest(_TRAFFIC_SHOWN),
        total=platform.traffic.count(),
        plans=platform.faults.describe_plans(),
    )


@pages.post("/faults")
def plan_fault() -> ResponseReturnValue:
    """Misbehave for the next calls, as asked on the traffic page."""
    faults = current_platform().faults
    calls = min(max(request.form.get("calls", 1, int), 1), 100)
    match request.form.get("fault"):
        case "down":
            faults.be_down(calls)
        case "slow":
            faults.hang(5, calls)
        case "lost":
            faults.lose_answers(calls)
        case "page":
            faults.answer_html(calls)
        case "throttle":
            faults.throttle(calls)
        case "broken":
            faults.spoil_answers(Spoiling.TRUNCATED, calls)
        case "forget":
            current_platform().access_tokens.forget_all()
        case "none":
            faults.clear()
        case _:
            abort(400)
    return redirect(url_for("pages.show_traffic") + "#faults", 303)


def is_own_form(origin: str | None, fetch_site: str | None, base_url: str) -> bool:
    """Whether a form was sent by one of the LMS's own pages; browsers always say where a POST comes from."""
    own = urlsplit(base_url)
    return origin in {None, f"{own.scheme}://{own.netloc}"} and fetch_site in {None, "same-origin", "none"}
