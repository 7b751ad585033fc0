"""The picker for a course link that does not say what it opens: choose, confirm, undo."""

from http import HTTPStatus

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.links import bind_link, show_link
from lti_tool.web.guards import enters, find_tool

blueprint = Blueprint("links", __name__, url_prefix="/s/<session_id>/link")


@blueprint.get("")
@enters(Standing.STAFF)
def show() -> AnyResponse:
    """What this link opens; ``?module=`` asks for a confirmation of one choice."""
    tool = find_tool()
    wanted = request.args.get("module", "")
    is_known = wanted == SERIES_LINK or tool.series.find_module(wanted) is not None
    return make_response(
        render_template(
            "lti/link.html",
            link=show_link(tool.store, g.visit),
            series=tool.series,
            wanted=wanted if is_known else None,
        )
    )


@blueprint.post("")
@enters(Standing.STAFF)
def change() -> AnyResponse:
    """Bind the link, or undo it."""
    tool = find_tool()
    module_key = None if request.form.get("do") == "undo" else request.form.get("module", "")
    bind_link(tool.store, g.visit, tool.series, module_key, now=tool.clock())
    return redirect(url_for("links.show", session_id=g.visit.session_id), HTTPStatus.SEE_OTHER)
