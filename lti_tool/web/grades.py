"""The facilitator's gradebook page: each score with its state in words, "Try again now", and missing columns."""

from http import HTTPStatus

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.roles import Standing
from lti_tool.services.column_requests import Which, ask_for_columns
from lti_tool.services.grades import keep_gradebook_score, list_deliveries, retry_delivery
from lti_tool.web.column_words import explain_missing_column
from lti_tool.web.delivery_words import explain_attempt, explain_delivery
from lti_tool.web.guards import enters, find_tool
from lti_tool.web.notices import say
from lti_tool.web.words import count_things

blueprint = Blueprint("grades", __name__, url_prefix="/s/<session_id>/grades")


@blueprint.get("/")
@enters(Standing.STAFF)
def show_grades() -> AnyResponse:
    """Every score of the course on its way to the gradebook."""
    tool = find_tool()
    page = list_deliveries(tool.store, g.visit, tool.series)
    filters = current_app.jinja_env.filters
    return make_response(
        render_template(
            "cohort/grades.html",
            page=page,
            rows=[(row, explain_delivery(row, filters["when"], filters["moment"])) for row in page.rows],
            explain_attempt=explain_attempt,
            explain_missing_column=explain_missing_column,
            needs_you=page.count(DeliveryState.NEEDS_YOU),
        )
    )


@blueprint.post("/columns")
@enters(Standing.STAFF)
def make_columns() -> AnyResponse:
    """Ask for the columns that are missing: those that scores wait for (``do=waiting``), or every session's."""
    tool = find_tool()
    try:
        which = Which(request.form.get("do", Which.WAITING))
    except ValueError:
        raise BadRequest from None
    count = ask_for_columns(tool.store, g.visit, tool.series, which, now=tool.clock())
    columns = count_things(count, "gradebook column")
    say(f"We are looking for {columns} now and make what is not there. Choose “Look again” in a few seconds.", "active")
    return redirect(url_for("grades.show_grades", session_id=g.visit.session_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:delivery_id>/retry")
@enters(Standing.STAFF)
def retry(delivery_id: int) -> AnyResponse:
    """Try this score again now, or keep the gradebook's own number (``do=keep``)."""
    tool = find_tool()
    match request.form.get("do", "retry"):
        case "retry":
            retry_delivery(tool.store, g.visit, delivery_id, now=tool.clock())
            say("We are trying again now. Choose “Look again” in a few seconds to see how it went.", "active")
        case "keep":
            keep_gradebook_score(tool.store, g.visit, delivery_id, now=tool.clock())
            say("The gradebook keeps its number. Nothing is sent unless a newer score is released.")
        case _:
            raise BadRequest
    return redirect(url_for("grades.show_grades", session_id=g.visit.session_id), HTTPStatus.SEE_OTHER)
