"""Who enters as what (D12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.domain.roles import Standing, decide_standing

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SUB = "http://purl.imsglobal.org/vocab/lis/v2/membership/"
INSTITUTION = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
SYSTEM = "http://purl.imsglobal.org/vocab/lis/v2/system/person#"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


def decide(*roles: str, has_context: bool = True, has_been_staff: bool = False) -> Standing:
    return decide_standing(roles, has_context=has_context, has_been_staff=has_been_staff)


@pytest.mark.parametrize(
    "role",
    [
        MEMBERSHIP + "Instructor",
        MEMBERSHIP + "ContentDeveloper",
        SUB + "Instructor#TeachingAssistant",
        SUB + "instructor#TeachingAssistant",
        (MEMBERSHIP + "Instructor").upper(),
        "Instructor",
    ],
)
def test_teaching_roles_are_staff(role: str) -> None:
    assert decide(role) is Standing.STAFF
    assert decide(MEMBERSHIP + "Learner", role) is Standing.STAFF


@pytest.mark.parametrize("role", [MEMBERSHIP + "Learner", "Learner", (MEMBERSHIP + "learner")])
def test_a_learner_participates(role: str) -> None:
    assert decide(role) is Standing.PARTICIPANT


@pytest.mark.parametrize(
    "role",
    [
        MEMBERSHIP + "Mentor",
        MEMBERSHIP + "Member",
        MEMBERSHIP + "NotAnInstructor",
        MEMBERSHIP + "Instructors",
        INSTITUTION + "Instructor",
        INSTITUTION + "Learner",
        "https://example.org/Instructor",
        "urn:anything",
        "",
    ],
)
def test_everybody_else_visits(role: str) -> None:
    assert decide(role) is Standing.VISITOR


def test_nobody_without_roles_works() -> None:
    assert decide() is Standing.VISITOR


def test_student_view_and_former_staff_practise() -> None:
    assert decide(MEMBERSHIP + "Learner", TEST_USER) is Standing.PRACTICE
    assert decide(MEMBERSHIP + "Learner", has_been_staff=True) is Standing.PRACTICE
    assert decide(MEMBERSHIP + "Instructor", has_been_staff=True) is Standing.STAFF


@pytest.mark.parametrize("role", [INSTITUTION + "Administrator", SYSTEM + "Administrator", SYSTEM + "SysAdmin"])
def test_an_administrator_outside_the_course_sets_things_up(role: str) -> None:
    assert decide(role) is Standing.ADMINISTRATOR
    assert decide(role, has_context=False) is Standing.ADMINISTRATOR
    assert decide(role, MEMBERSHIP + "Instructor") is Standing.STAFF
    assert decide(role, MEMBERSHIP + "Learner") is Standing.PARTICIPANT


@given(st.lists(st.text()), st.booleans())
def test_without_a_course_nobody_works_or_reviews(roles: list[str], has_been_staff: bool) -> None:
    standing = decide_standing(
        [*roles, MEMBERSHIP + "Learner", MEMBERSHIP + "Instructor"], has_context=False, has_been_staff=has_been_staff
    )
    assert not standing.may_work
    assert standing is not Standing.STAFF


@given(st.lists(st.text()), st.booleans())
def test_unknown_roles_never_give_rights(roles: list[str], has_been_staff: bool) -> None:
    known = {"instructor", "contentdeveloper", "teachingassistant", "learner"}
    unknown = [role for role in roles if role.casefold() not in known and "purl.imsglobal.org" not in role.casefold()]
    assert decide_standing(unknown, has_context=True, has_been_staff=has_been_staff) is Standing.VISITOR
