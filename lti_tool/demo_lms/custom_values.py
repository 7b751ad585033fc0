"""Custom parameters in a launch: what a tool asked for, with the variables this manner of LMS knows filled in.

Core 6 lets an unknown variable arrive as it was written, and every manner does so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lti_tool.demo_lms.courses import Course, CourseRole, Link
from lti_tool.demo_lms.grades import Column, format_number
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import Person

_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]")

Variables = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Scene:
    """Whom and what a launch is about: the variables speak of nothing else."""

    person: Person
    course: Course
    link: Link | None = None
    column: Column | None = None


def resolve_custom(manner: Manner, wanted: list[Mapping[str, str]], scene: Scene) -> dict[str, str | None]:
    """Return the custom claim of several sets of parameters, the later ones on top."""
    values: dict[str, str | None] = {}
    variables = list_variables(manner, scene)
    for parameters in wanted:
        pairs = _rewrite_as_moodle(parameters) if manner is Manner.MOODLE else list(parameters.items())
        for name, value in pairs:
            values[name] = variables.get(value[1:], value) if value.startswith("$") else value
    return values


def list_variables(manner: Manner, scene: Scene) -> Variables:
    """Return the variables this manner can fill in, without their dollar sign."""
    person, course, link = scene.person, scene.course, scene.link
    common: dict[str, str | None] = {
        "Context.id": course.id,
        "Context.title": course.title,
        "Context.label": course.label,
        "CourseSection.title": course.title,
        "User.id": person.sub,
        "Person.name.full": person.name,
        "Person.name.given": person.given_name,
        "Person.name.family": person.family_name,
        "Person.email.primary": person.email,
    }
    match manner:
        case Manner.MOODLE:
            return common | {
                "Context.id.history": ",".join(course.history),
                "ResourceLink.id": link.id if link else None,
                "ResourceLink.title": link.title if link else None,
                "ResourceLink.description": link.description if link else None,
                "User.username": f"{person.given_name}{person.sub}".lower(),
                "Person.address.timezone": "99",
            }
        case Manner.CANVAS:
            return common | _list_canvas_variables(scene)
        case Manner.STRICT:
            own = {"ResourceLink.id": link.id, "ResourceLink.title": link.title} if link else {}
            return common | own | {"Context.id.history": ",".join(course.history)}


def _list_canvas_variables(scene: Scene) -> dict[str, str | None]:
    """Return Canvas's own: those of an assignment only where there is one (doc/api/tools_variable_substitutions)."""
    course, link, column = scene.course, scene.link, scene.column
    of_course: dict[str, str | None] = {
        "Canvas.course.id": course.id,
        "Canvas.course.name": course.title,
        "Canvas.course.previousContextIds": ",".join(course.history[:1]),
        "Canvas.course.previousContextIds.recursive": ",".join(course.history),
        "Canvas.course.sectionIds": _list_sections(course, scene.person),
        "Canvas.user.id": scene.person.sub,
        **({"ResourceLink.id": link.id, "ResourceLink.title": link.title} if link else {}),
    }
    if column is None:
        return of_course
    return of_course | {
        "Canvas.assignment.id": str(column.id),
        "Canvas.assignment.title": column.label,
        "Canvas.assignment.pointsPossible": format_number(column.maximum),
    }


def _list_sections(course: Course, person: Person) -> str:
    """Return the sections a member is in: learners are divided between two, staff are in both."""
    first, second = f"{course.id}-a", f"{course.id}-b"
    role = course.find_role(person)
    if role is None:
        return ""
    if role is not CourseRole.LEARNER:
        return f"{first},{second}"
    return first if int(person.sub) % 2 else second


def _rewrite_as_moodle(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the pairs after Moodle has kept them as lines of text.

    A newline in a value begins another parameter, and a name that is not all small letters and digits comes twice
    (both captured).
    """
    lines = "\n".join(f"{name}={value}" for name, value in parameters.items()).split("\n")
    pairs: list[tuple[str, str]] = []
    for line in lines:
        name, equals, value = line.partition("=")
        if equals:
            simple = _NOT_IN_A_NAME.sub("_", name.strip().lower())
            pairs.extend((each, value.strip()) for each in dict.fromkeys([simple, name.strip()]))
    return pairs
