"""Who enters as what: roles of a launch become one standing in the course.

Roles are compared as whole URIs, case-insensitively (Canvas has written ``instructor#TeachingAssistant`` with a
small i); only context roles count, since an institution's administrator has no rights in a course by that alone.
Source: LTI Core 1.3 §5.3.7 and appendix A.2.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

_MEMBERSHIP: Final = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_STAFF_NAMES: Final = ("Instructor", "ContentDeveloper")
_STAFF_SUB_ROLES: Final = ("Instructor#TeachingAssistant",)

_STAFF: Final = frozenset(
    [uri.casefold() for name in _STAFF_NAMES for uri in (f"{_MEMBERSHIP}#{name}", name)]
    + [f"{_MEMBERSHIP}/{sub}".casefold() for sub in _STAFF_SUB_ROLES]
    # Core appendix A.2 lists sub-roles under Instructor as well as a short TeachingAssistant in older platforms.
    + [f"{_MEMBERSHIP}#TeachingAssistant".casefold(), "teachingassistant"]
)
_LEARNER: Final = frozenset({f"{_MEMBERSHIP}#Learner".casefold(), "learner"})
_ADMINISTRATORS: Final = frozenset(
    uri.casefold()
    for uri in (
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin",
    )
)
_TEST_USER: Final = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser".casefold()


class Standing(StrEnum):
    """What a person is in one launch.

    Staff review; participants work and are scored; practice works and is never scored; visitors read along;
    administrators (not in the course) get set-up pages.
    """

    STAFF = "staff"
    PARTICIPANT = "participant"
    PRACTICE = "practice"
    VISITOR = "visitor"
    ADMINISTRATOR = "administrator"

    @property
    def may_work(self) -> bool:
        """Whether this person has work of her own to write and submit."""
        return self in {Standing.PARTICIPANT, Standing.PRACTICE}


class RosterStatus(StrEnum):
    """What a course's own list of people says of somebody: there; there but inactive; no longer there."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    GONE = "gone"


def decide_standing(roles: Iterable[str], *, has_context: bool, has_been_staff: bool) -> Standing:
    """Decide who enters.

    Args:
        roles: the roles claim as sent (full URIs or short context names).
        has_context: whether the launch names a course; without one nobody can work.
        has_been_staff: whether this person ever launched as staff in this course. Her Learner launches are
            then practice: Moodle lets a teacher switch to the student role, and its non-editing teacher is
            Instructor in launches but Learner on the roster.
    """
    held = {role.casefold() for role in roles}
    if not has_context:
        return Standing.ADMINISTRATOR if held & _ADMINISTRATORS else Standing.VISITOR
    if held & _STAFF:
        return Standing.STAFF
    if held & _LEARNER:
        is_practice = has_been_staff or _TEST_USER in held
        return Standing.PRACTICE if is_practice else Standing.PARTICIPANT
    if held & _ADMINISTRATORS:
        return Standing.ADMINISTRATOR
    return Standing.VISITOR
