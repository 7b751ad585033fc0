"""What a teacher does by hand in the LMS: grade a cell, lock it, remove a column, suspend or unenrol somebody."""

from typing import Final

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms.column_bodies import read_loose_number
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.people import find_person
from lti_tool.demo_lms.platform import current_platform

teaching = Blueprint("teaching", __name__)

_LONGEST_COMMENT: Final = 1000
_STATES: Final = {
    "suspend": EnrolmentState.SUSPENDED,
    "unenrol": EnrolmentState.UNENROLLED,
    "enrol": EnrolmentState.ACTIVE,
}


@teaching.post("/courses/<course_id>/grades/<int:column_id>/<sub>")
def change_cell(course_id: str, column_id: int, sub: str) -> ResponseReturnValue:
    """Grade a cell by hand, lock or open it or its column, or remove the column."""
    platform = current_platform()
    gradebook, course = platform.gradebook, platform.courses.find(course_id) or abort(404)
    column = gradebook.find_column(course.id, column_id) or abort(404)
    if find_person(sub) not in course.learners:
        abort(404)
    here = url_for("pages.show_history", course_id=course.id, column_id=column.id, sub=sub)
    match request.form.get("act"):
        case "grade":
            value = read_loose_number(request.form.get("value", ""))
            if value is None or not 0 <= value <= column.maximum:
                abort(400)
            comment = request.form.get("comment", "").strip()[:_LONGEST_COMMENT]
            gradebook.override_grade(column, sub, value, platform.read_clock(), comment)
        case "lock cell" | "open cell" as act:
            gradebook.rules.lock_cell(column.id, sub, locked=act == "lock cell")
        case "lock column" | "open column" as act:
            gradebook.rules.lock_column(column.id, locked=act == "lock column")
        case "remove column":
            gradebook.remove_column(column)
            here = url_for("pages.show_grades", course_id=course.id)
        case _:
            abort(400)
    return redirect(here, 303)


@teaching.post("/courses/<course_id>/people/<sub>")
def change_member(course_id: str, sub: str) -> ResponseReturnValue:
    """Suspend a member, unenrol her, or enrol her again."""
    course, person = current_platform().courses.find(course_id) or abort(404), find_person(sub) or abort(404)
    state = _STATES.get(request.form.get("act", "")) or abort(400)
    if course.find_role(person) is None:
        abort(404)
    current_platform().enrolments.change(course.id, person.sub, state)
    return redirect(url_for("pages.show_people", course_id=course.id), 303)
