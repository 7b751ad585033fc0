"""The one-time address an administrator pastes into her LMS: the tool registers itself there (Dynamic Registration)."""

from http import HTTPStatus

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.lti.claims import read_origin
from lti_tool.lti.errors import RegistrationProblem, RegistrationRefused
from lti_tool.lti.platforms import CANVAS, MOODLE
from lti_tool.lti.registering import read_offer, register_tool
from lti_tool.services.errors import ToolError
from lti_tool.services.invites import begin_registering, find_invite, give_back_invite, keep_registration
from lti_tool.web.errors import Problem, show_problem
from lti_tool.web.guards import enters_publicly, find_tool, require_own_origin
from lti_tool.web.security import allow_frames_of, find_origin

blueprint = Blueprint("registering", __name__, url_prefix="/lti/register")

LONGEST_TOKEN = 8000

PROBLEM_WORDS = {
    RegistrationProblem.BAD_CONFIGURATION_ADDRESS: (
        "The address of your LMS's description is not one we may open. It must be a public https address.",
        "Start again from your LMS. If it is inside a school's own network, connect it by hand.",
    ),
    RegistrationProblem.CONFIGURATION_UNREACHABLE: (
        "We could not read your LMS's description of itself.",
        "Start again from your LMS. If it is inside a school's own network, we may not reach it: connect it by hand.",
    ),
    RegistrationProblem.CONFIGURATION_UNREADABLE: (
        "Your LMS answered, but not with a description we can read.",
        "Check that the tool's address was pasted where your LMS registers LTI 1.3 tools. Or connect by hand.",
    ),
    RegistrationProblem.ISSUER_ELSEWHERE: (
        "The description names another site than the one it came from, so we did not believe it.",
        "Check your LMS's own address in its settings. Or connect by hand.",
    ),
    RegistrationProblem.BAD_PLATFORM_ADDRESS: (
        "One of the addresses your LMS named is missing, or is not a full https address.",
        "Check that your LMS uses https everywhere. Or connect by hand.",
    ),
    RegistrationProblem.PLATFORM_REFUSED_TOOL: (
        "Your LMS did not take the registration.",
        "Its own words are below. Most often its one-time permission was used before: start again from your LMS.",
    ),
    RegistrationProblem.REGISTRATION_UNREADABLE: (
        "Your LMS answered the registration with something we cannot read, so we do not know what it calls us.",
        "Look whether the tool appears in your LMS now. If so, delete it there and start again, or connect by hand.",
    ),
}


@blueprint.get("/<invite>")
@enters_publicly
def show_invite(invite: str) -> AnyResponse:
    """Ask the administrator once before anything is registered; a link that is merely looked at changes nothing."""
    tool = find_tool()
    found = find_invite(tool.store, invite, now=tool.clock())
    configuration = request.args.get("openid_configuration", "")
    origin = _allow_frame(configuration)
    return make_response(
        render_template(
            "lti/register.html",
            invite=invite,
            expires_at=found.expires_at,
            configuration=configuration,
            platform_host=origin.removeprefix("https://"),
            registration_token=request.args.get("registration_token", "")[:LONGEST_TOKEN],
            own_address=f"{tool.settings.base_url}{request.path}",
        )
    )


@blueprint.post("/<invite>")
@enters_publicly
def register(invite: str) -> AnyResponse:
    """Register with the LMS and keep what it answered."""
    tool = find_tool()
    require_own_origin(tool)
    configuration = request.form.get("openid_configuration", "")
    token = request.form.get("registration_token", "")[:LONGEST_TOKEN] or None
    allow_http = tool.settings.is_development
    _allow_frame(configuration)
    begin_registering(tool.store, invite, now=tool.clock())
    try:
        offer = read_offer(tool.services.http, configuration, token, allow_http=allow_http)
        registered = register_tool(tool.services.http, offer, token, base_url=tool.settings.base_url)
    except RegistrationRefused as refusal:
        give_back_invite(tool.store, invite, now=tool.clock())
        happened, to_do = PROBLEM_WORDS[refusal.problem]
        return _show_refusal(
            refusal.problem.value,
            happened,
            to_do,
            HTTPStatus.BAD_GATEWAY,
            said=refusal.said,
            detail=refusal.detail,
        )
    try:
        kept = keep_registration(tool.store, invite, offer, registered, allow_http=allow_http, now=tool.clock())
    except ToolError as error:
        give_back_invite(tool.store, invite, now=tool.clock())
        return _show_refusal(
            error.code,
            f"Your LMS registered the tool, and we could not keep it: {error.message}",
            "Delete the new entry in your LMS, so that nobody uses it by mistake. Then start again.",
            error.status,
            detail=type(error).__name__,
        )
    return make_response(
        render_template(
            "lti/registered.html",
            registration=kept,
            is_canvas=kept.family == CANVAS,
            is_moodle=kept.family == MOODLE,
            has_deployment=bool(kept.deployments),
            scopes=registered.scopes,
        )
    )


def _allow_frame(configuration: str) -> str:
    """Let the LMS that opened this frame it, and give its origin; who holds an invitation may act here anyway."""
    if read_origin(configuration) is None:
        return ""
    origin = find_origin(configuration)
    allow_frames_of((origin,))
    return origin


def _show_refusal(
    problem: str, happened: str, to_do: str, status: int, *, said: str = "", detail: str = ""
) -> AnyResponse:
    return show_problem(
        Problem(status, problem, "The tool is not connected yet", happened, to_do),
        detail=detail,
        template="lti/register_refused.html",
        said=said,
    )
