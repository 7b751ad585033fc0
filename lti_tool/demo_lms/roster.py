"""The roster service: who is in a course and as what (NRPS 2.0)."""

from typing import Final

from flask import Blueprint, Response, request

from lti_tool.demo_lms.calls import require_accept, require_known_course, require_scope
from lti_tool.demo_lms.courses import Course, CourseRole, Link
from lti_tool.demo_lms.custom_values import Scene, resolve_custom
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.line_items import answer_json
from lti_tool.demo_lms.paging import cut_roster_page
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import require
from lti_tool.demo_lms.roles import list_member_roles
from lti_tool.demo_lms.traffic import Exchange, current_exchange
from lti_tool.lti import vocabulary as lti

roster = Blueprint("roster", __name__)

_RULE: Final = "/api/lti/courses/<course_id>/memberships"

Member = tuple[Person, CourseRole]


@roster.get(_RULE)
def list_members(course_id: str) -> Response:
    """Return the members of a course, a page at a time if asked; on Canvas never more than 50.

    ``role`` takes a role's address or its short name, ``rlid`` a link of this course and then says with each member
    what a launch from there would carry.
    """
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_MEMBERSHIP_READONLY)
    course = require_known_course(exchange, course_id)
    require_accept(platform, exchange, lti.MEDIA_MEMBERSHIP_CONTAINER)
    link = _require_link(platform, exchange, course)
    states = platform.enrolments.list_states(course.id)
    members = [member for member in course.members if _is_listed(platform, member, states)]
    page, headers = cut_roster_page(platform, exchange, members)
    exchange.outcome = f"{len(page)} of {len(members)} people sent"
    body = {
        "id": f"{platform.settings.base_url}{request.path}",
        "context": {"id": course.id, "label": course.label, "title": course.title},
        "members": [_describe_member(platform, course, member, states, link) for member in page],
    }
    return answer_json(body, lti.MEDIA_MEMBERSHIP_CONTAINER, headers=headers)


def _require_link(platform: Platform, exchange: Exchange, course: Course) -> Link | None:
    """Return the link that ``rlid`` names: 404 where the course has none of that id (NRPS 2.0, 3.3.4)."""
    link_id = request.args.get("rlid")
    link = next((link for link in course.links if link.id == link_id), None)
    is_course = link_id == course.id and not platform.settings.traits.has_type_id  # Canvas: the course's own id too
    passed = link_id is None or link is not None or is_course
    requirement, subject = "rlid, if it is there, is a link of this course", f"LTI link {link_id}"
    require(exchange, requirement, passed, status=404, error="not_found", found=link_id, subject=subject)
    return link


def _is_listed(platform: Platform, member: Member, states: dict[str, EnrolmentState]) -> bool:
    person, role = member
    state = states.get(person.sub, EnrolmentState.ACTIVE)
    shown = {EnrolmentState.ACTIVE} | (
        {EnrolmentState.SUSPENDED} if platform.settings.traits.shows_inactive_people else set()
    )
    wanted = request.args.get("role")
    return state in shown and wanted in {None, str(role), lti.ROLE_CONTEXT_PREFIX + role}


def _describe_member(
    platform: Platform, course: Course, member: Member, states: dict[str, EnrolmentState], link: Link | None
) -> dict[str, object]:
    """Return somebody as the tool may know her: with a short role on Moodle, an address of a role elsewhere."""
    person, role = member
    is_active = states.get(person.sub, EnrolmentState.ACTIVE) is EnrolmentState.ACTIVE
    described: dict[str, object] = {
        "status": "Active" if is_active else "Inactive",
        "roles": list_member_roles(platform.settings.manner, role),
        "user_id": person.sub,
        **platform.describe_person(person),
    }
    if link is not None:
        described["message"] = [
            {
                lti.CLAIM_MESSAGE_TYPE: lti.MESSAGE_RESOURCE_LINK,
                lti.CLAIM_DEPLOYMENT_ID: platform.find_caller().deployment_id,
                lti.CLAIM_CUSTOM: resolve_custom(platform.settings.manner, [link.custom], Scene(person, course, link)),
            }
        ]
    return described
