"""The roles of a person in a launch and on the list of people, as each manner writes them."""

from typing import Final

from lti_tool.demo_lms.courses import Course, CourseRole
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import TEST_STUDENT, Person
from lti_tool.lti import vocabulary as lti

_INSTRUCTOR: Final = lti.ROLE_CONTEXT_PREFIX + "Instructor"
_LEARNER: Final = lti.ROLE_CONTEXT_PREFIX + "Learner"
_ASSISTANT: Final = lti.ROLE_CONTEXT_SUB_PREFIX + "Instructor#TeachingAssistant"
_CANVAS_ASSISTANT: Final = lti.ROLE_CONTEXT_SUB_PREFIX + "instructor#TeachingAssistant"
_CANVAS_USER: Final = lti.ROLE_SYSTEM_PREFIX + "User"


def is_administrator(person: Person) -> bool:
    """Whether the person runs the LMS."""
    return any(role.endswith("#Administrator") for role in person.account_roles)


def list_launch_roles(manner: Manner, course: Course, person: Person, *, is_enrolled: bool = True) -> list[str]:
    """Return the role URIs of a launch: the course's for a member, and the account's own.

    Moodle says Instructor of everybody who may change the course, its administrators and non-editing teachers too,
    and Learner of everybody else (captured). Canvas writes its assistant's sub-role with a small letter, and tells
    everybody's system role.
    """
    role = course.find_role(person) if is_enrolled else None
    if manner is Manner.MOODLE:
        return _list_as_moodle(role, person)
    in_course = _list_course_roles(role, _CANVAS_ASSISTANT if manner is Manner.CANVAS else _ASSISTANT)
    if manner is Manner.STRICT:
        return [*in_course, *person.account_roles]
    own = [lti.ROLE_TEST_USER] if person == TEST_STUDENT else []
    return [*person.account_roles, *in_course, *own, *([] if is_administrator(person) else [_CANVAS_USER])]


def list_member_roles(manner: Manner, role: CourseRole) -> list[str]:
    """Return a member's roles on the list of people: short on Moodle, whose non-editing teacher is Learner there."""
    if manner is Manner.MOODLE:
        return ["Instructor" if role is CourseRole.INSTRUCTOR else "Learner"]
    return _list_course_roles(role, _CANVAS_ASSISTANT if manner is Manner.CANVAS else _ASSISTANT)


def _list_course_roles(role: CourseRole | None, assistant: str) -> list[str]:
    match role:
        case CourseRole.LEARNER:
            return [_LEARNER]
        case CourseRole.INSTRUCTOR:
            return [_INSTRUCTOR]
        case CourseRole.ASSISTANT:
            return [assistant, _INSTRUCTOR]
        case None:
            return []


def _list_as_moodle(role: CourseRole | None, person: Person) -> list[str]:
    if is_administrator(person):
        institution, system = person.account_roles
        return [institution, _INSTRUCTOR, system]
    return [_INSTRUCTOR if role is not None and role.is_staff else _LEARNER]
