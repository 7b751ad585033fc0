"""What the LMS says in a launch: the claims of its three messages, in each manner.

Resource links (LTI Core 5.3), Deep Linking 2.0 (4.4), submission review. Moodle's shape is that of its captures,
Canvas's that of its source.
"""

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from lti_tool.demo_lms.courses import Course, Link
from lti_tool.demo_lms.custom_values import Scene, resolve_custom
from lti_tool.demo_lms.deep_link_requests import DeepLinkRequest
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.passes import LaunchOrder
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.placements import describe_settings, find_placement
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.settings import CANVAS_ID_TOKEN_SECONDS, ID_TOKEN_SECONDS
from lti_tool.lti import vocabulary as lti

if TYPE_CHECKING:
    from lti_tool.demo_lms.platform import Platform

_CANVAS_PLACEMENT: Final = "https://www.instructure.com/placement"
_CONTEXT_TYPES: Final = {
    Manner.STRICT: lti.CONTEXT_COURSE_SECTION,
    Manner.CANVAS: lti.CONTEXT_COURSE_OFFERING,
    Manner.MOODLE: "CourseSection",
}
_MOODLE_VERSION: Final = "2024100706"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who goes into which tool from where, and the nonce the tool asked for."""

    person: Person
    course: Course
    tool: RegisteredTool
    nonce: str
    document_target: str = "iframe"


def build_link_claims(platform: "Platform", visit: Visit, link: Link, *, target: str = "") -> dict[str, object]:
    """Return every claim of a resource link launch, new on each call, for a caller to alter."""
    target = target or link.target or visit.tool.target_url
    claims = _build_common_claims(platform, visit, lti.MESSAGE_RESOURCE_LINK, target)
    claims |= _describe_link(platform, visit, link)
    return claims | _describe_custom(platform, visit, link, link.custom)


def build_review_claims(platform: "Platform", visit: Visit, order: LaunchOrder) -> dict[str, object]:
    """Return every claim of a submission review launch: whose work is in ``for_user``, if the LMS says it.

    Moodle's grade column names nobody (captured). What the column's ``submissionReview`` leaves out is the link's.

    Raises:
        LookupError: the column or its link is gone.
    """
    column = platform.gradebook.find_column(visit.course.id, order.column_id)
    link = visit.course.find_link(column.resource_link_id or "") if column else None
    if column is None or link is None:
        raise LookupError("the column or its link is gone")
    review = column.extras.get("submissionReview")
    wanted = review if isinstance(review, dict) else {}
    target = wanted.get("url") or link.target or visit.tool.target_url
    claims = _build_common_claims(platform, visit, lti.MESSAGE_SUBMISSION_REVIEW, str(target))
    claims |= _describe_link(platform, visit, link)
    if order.for_sub:
        claims[lti.CLAIM_FOR_USER] = {"user_id": order.for_sub}
    return claims | _describe_custom(platform, visit, link, {**link.custom, **wanted.get("custom", {})})


def build_deep_linking_claims(
    platform: "Platform", visit: Visit, order: LaunchOrder, request: DeepLinkRequest, return_url: str
) -> dict[str, object]:
    """Return every claim of a Deep Linking request."""
    manner = platform.settings.manner
    claims = _build_common_claims(platform, visit, lti.MESSAGE_DEEP_LINKING, visit.tool.deep_linking_url)
    presentation = {"locale": "en"} if manner is Manner.MOODLE else _present(visit)
    claims[lti.CLAIM_LAUNCH_PRESENTATION] = presentation
    settings = describe_settings(manner, order.placement, visit.tool.name, request.data)
    claims[lti.CLAIM_DEEP_LINKING_SETTINGS] = {"deep_link_return_url": return_url, **settings}
    claims[lti.CLAIM_AGS_ENDPOINT] = platform.describe_grade_service(visit.tool, visit.course)
    if manner is Manner.CANVAS:
        placement = find_placement(order.placement)
        claims[_CANVAS_PLACEMENT] = placement.canvas_name if placement else None
    return claims | _describe_custom(platform, visit, None, {})


def _build_common_claims(platform: "Platform", visit: Visit, message: str, target: str) -> dict[str, object]:
    settings, course = platform.settings, visit.course
    now = int(platform.read_clock().timestamp())
    lives = CANVAS_ID_TOKEN_SECONDS if settings.manner is Manner.CANVAS else ID_TOKEN_SECONDS
    context: dict[str, object] = {
        "id": course.id,
        "label": course.label,
        "title": course.title,
        "type": [_CONTEXT_TYPES[settings.manner]],
    }
    claims: dict[str, object] = {
        "iss": settings.base_url,
        "aud": visit.tool.client_id,
        "sub": visit.person.sub,
        "iat": now,
        "exp": now + lives,
        "nonce": visit.nonce,
        **platform.describe_person(visit.person),
        lti.CLAIM_MESSAGE_TYPE: message,
        lti.CLAIM_VERSION: lti.VERSION,
        lti.CLAIM_DEPLOYMENT_ID: visit.tool.deployment_id,
        lti.CLAIM_TARGET_LINK_URI: target,
        lti.CLAIM_ROLES: platform.list_roles(course, visit.person),
        lti.CLAIM_CONTEXT: context,
        lti.CLAIM_TOOL_PLATFORM: _describe_platform(platform),
        **platform.describe_roster_service(course.id, visit.tool),
    }
    return claims | _describe_extensions(platform, visit, context)


def _describe_extensions(platform: "Platform", visit: Visit, context: dict[str, object]) -> dict[str, object]:
    """Return what only this manner says beside the specification's claims."""
    person, course = visit.person, visit.course
    match platform.settings.manner:
        case Manner.STRICT:
            return {"locale": "en-US"}
        case Manner.MOODLE:
            sources = {"person_sourcedid": "", "course_section_sourcedid": ""}
            names = {} if platform.settings.names_hidden else {"user_username": f"{person.given_name}.demo".lower()}
            return {lti.CLAIM_LIS: sources, lti.CLAIM_EXTENSION: {**names, "lms": "moodle-2"}}
        case Manner.CANVAS:
            errors: dict[str, object] = {"errors": {}}
            return {
                "azp": visit.tool.client_id,
                "locale": "en",
                "errors": errors,
                lti.CLAIM_CONTEXT: {**context, "validation_context": None, "errors": errors},
                lti.CLAIM_LEGACY_USER_ID: secrets.token_hex(20),
                lti.CLAIM_LTI_1_1: {"user_id": person.sub, "validation_context": None, "errors": errors},
                **platform.describe_notice_service(course, visit.tool),
            }


def _describe_platform(platform: "Platform") -> dict[str, object]:
    settings = platform.settings
    if settings.manner is Manner.MOODLE:
        own = {"version": _MOODLE_VERSION, "description": "Demo LMS"}
    else:
        own = {"version": "cloud" if settings.manner is Manner.CANVAS else "1", "url": settings.base_url}
    return {"guid": platform.guid, "name": "Demo LMS", "product_family_code": settings.traits.product, **own}


def _describe_link(platform: "Platform", visit: Visit, link: Link) -> dict[str, object]:
    manner = platform.settings.manner
    columns = platform.list_columns_of(visit.tool, visit.course.id, link)
    described: dict[str, object] = {"id": link.id, "title": link.title, "description": link.description}
    query = {"link": link.key}
    if manner is Manner.MOODLE:
        query = {"launch_container": "3", "link": link.key, "sesskey": secrets.token_urlsafe(8)}
    more: dict[str, object] = {}
    if manner is Manner.CANVAS:
        described |= {"validation_context": None, "errors": {"errors": {}}}
        more[_CANVAS_PLACEMENT] = "assignment_selection" if columns else "link_selection"
    if manner is Manner.MOODLE and columns:
        source = {"data": {"instanceid": link.key, "userid": visit.person.sub}, "hash": secrets.token_hex(32)}
        more[lti.CLAIM_BASIC_OUTCOME] = {
            "lis_result_sourcedid": json.dumps(source, separators=(",", ":")),
            "lis_outcome_service_url": f"{platform.settings.base_url}/mod/lti/service.php",
        }
    return_url = f"{platform.settings.base_url}/courses/{visit.course.id}/return?{urlencode(query)}"
    return {
        lti.CLAIM_RESOURCE_LINK: described,
        lti.CLAIM_LAUNCH_PRESENTATION: {**_present(visit), "return_url": return_url},
        lti.CLAIM_AGS_ENDPOINT: platform.describe_grade_service(visit.tool, visit.course, columns),
        **more,
    }


def _present(visit: Visit) -> dict[str, object]:
    return {"document_target": visit.document_target, "locale": "en-US"}


def _describe_custom(platform: "Platform", visit: Visit, link: Link | None, wanted: object) -> dict[str, object]:
    columns: list[Column] = platform.list_columns_of(visit.tool, visit.course.id, link) if link else []
    scene = Scene(visit.person, visit.course, link, next(iter(columns), None))
    of_link = wanted if isinstance(wanted, dict) else {}
    values = resolve_custom(platform.settings.manner, [visit.tool.custom, of_link], scene)
    return {lti.CLAIM_CUSTOM: values} if values else {}
