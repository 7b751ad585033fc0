"""The administrator's page: what works between her LMS and this tool, what does not, and what to do."""

from flask import Blueprint, g, make_response, render_template
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.services.self_check import SelfCheck, read_self_check, run_self_check
from lti_tool.web.guards import enters, find_tool

blueprint = Blueprint("self_check", __name__, url_prefix="/s/<session_id>/self-check")


@blueprint.get("/")
@enters(Standing.ADMINISTRATOR)
def show_self_check() -> AnyResponse:
    """What is known already; nothing is asked of the LMS by merely looking."""
    tool = find_tool()
    return _show(read_self_check(tool.store, g.visit.registration_id, now=tool.clock()))


@blueprint.post("/")
@enters(Standing.ADMINISTRATOR)
def run() -> AnyResponse:
    """Try every door and show what came back."""
    tool = find_tool()
    found = run_self_check(
        tool.store,
        tool.services,
        g.visit.registration_id,
        base_url=tool.settings.base_url,
        now=tool.clock(),
    )
    return _show(found)


def _show(found: SelfCheck) -> AnyResponse:
    return make_response(render_template("lti/self_check.html", check=found))
