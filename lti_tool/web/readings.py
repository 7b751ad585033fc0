"""One reading: its text, its checks, and "mark as read"."""

from http import HTTPStatus

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.services.readings import mark_read, record_checks
from lti_tool.services.readings import show_reading as read_reading
from lti_tool.web.guards import EVERYBODY, enters, find_tool
from lti_tool.web.notices import say

blueprint = Blueprint("readings", __name__, url_prefix="/s/<session_id>/modules/<module_key>/readings")

_CHECK_PREFIX = "check."


@blueprint.get("/<reading_key>")
@enters(*EVERYBODY)
def show_reading(module_key: str, reading_key: str) -> AnyResponse:
    """The reading, with the sources it cites and what this person tried."""
    tool = find_tool()
    page = read_reading(tool.store, g.visit, tool.series, module_key, reading_key)
    cited = set(page.reading.sources)
    sources = [source for source in tool.series.bibliography if source.key in cited]
    return make_response(render_template("modules/reading.html", page=page, sources=sources))


@blueprint.post("/<reading_key>")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def change_reading(module_key: str, reading_key: str) -> AnyResponse:
    """Keep the answers she tried, or mark the reading read (which keeps them too, so that no try is lost)."""
    tool = find_tool()
    where = (tool.store, g.visit, tool.series, module_key, reading_key)
    answers = {
        name.removeprefix(_CHECK_PREFIX): value
        for name, value in request.form.items()
        if name.startswith(_CHECK_PREFIX)
    }
    if answers:
        record_checks(*where, answers, now=tool.clock())
    if request.form.get("do") == "read":
        mark_read(*where, now=tool.clock())
    elif not answers:
        say("Choose an answer first. “Not sure” counts as a try.", "attention")
    here = url_for(
        "readings.show_reading", session_id=g.visit.session_id, module_key=module_key, reading_key=reading_key
    )
    return redirect(f"{here}#{'done' if request.form.get('do') == 'read' else 'checks'}", HTTPStatus.SEE_OTHER)
