"""Her own promises with a date, out of all her plans."""

from flask import Blueprint, g, render_template

from lti_tool.domain.roles import Standing
from lti_tool.services.commitments import read_commitments
from lti_tool.web.guards import enters, find_tool
from lti_tool.web.times import find_zone

blueprint = Blueprint("commitments", __name__, url_prefix="/s/<session_id>")


@blueprint.get("/promises")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def show_commitments() -> str:
    """What she promised and by when; nobody else has this page."""
    tool = find_tool()
    today = tool.clock().astimezone(find_zone()).date()
    page = read_commitments(tool.store, g.visit, tool.series, today=today)
    return render_template("modules/commitments.html", page=page)
