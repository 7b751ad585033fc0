"""The example of a plan: shown after one's own first try, or whenever somebody asks for it."""

from flask import Blueprint, g, make_response, render_template, request
from werkzeug.wrappers import Response

from lti_tool.services.examples import describe_example, has_own_draft
from lti_tool.web.guards import EVERYBODY, enters, find_tool

blueprint = Blueprint("examples", __name__, url_prefix="/s/<session_id>/modules/<module_key>/plan/example")


@blueprint.get("")
@enters(*EVERYBODY)
def show_example(module_key: str) -> Response:
    """A filled-in plan with notes in its margin; before her own first saved draft, a page that asks to wait."""
    tool = find_tool()
    page = describe_example(tool.series, module_key, request.args.get("version", ""))
    may_see = request.args.get("show") == "yes" or has_own_draft(tool.store, g.visit, tool.series, module_key)
    template = "worksheets/example.html" if may_see else "worksheets/example_later.html"
    return make_response(render_template(template, page=page, module=page.module))
