"""The people of the course: who is in it, who has been here, and how far each plan is."""

from http import HTTPStatus

from flask import Blueprint, g, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.services.people import PlanState, list_people
from lti_tool.services.rosters import RosterProblem, ask_for_roster
from lti_tool.web.guards import enters, find_tool
from lti_tool.web.notices import say
from lti_tool.web.presentation import StateLook

blueprint = Blueprint("people", __name__, url_prefix="/s/<session_id>/people")

LOOKS = {
    PlanState.NOT_BEGUN: StateLook("Not begun", "circle"),
    PlanState.WRITING: StateLook("Writing", "pencil", "active"),
    PlanState.WAITING: StateLook("Waiting for review", "sent", "active"),
    PlanState.RETURNED: StateLook("Sent back", "back", "attention"),
    PlanState.ACCEPTED: StateLook("Accepted", "check", "good"),
}
STANDINGS = {
    Standing.STAFF: "Facilitator",
    Standing.PARTICIPANT: "Librarian",
    Standing.PRACTICE: "Practice, nothing is sent",
    Standing.VISITOR: "Visitor, reads along",
    Standing.ADMINISTRATOR: "Administrator of the LMS",
}
PROBLEMS = {
    RosterProblem.THROTTLED: (
        "Your LMS is busy and asked us to wait.",
        "We ask again by ourselves. You need not do anything.",
    ),
    RosterProblem.PLATFORM_DOWN: (
        "Your LMS did not answer, or its answer could not be read.",
        "We ask again by ourselves. You need not do anything.",
    ),
    RosterProblem.TOOL_FAULT: (
        "Something is wrong on our side: the tool could not sign its question.",
        "We try again by ourselves. If this stays, tell whoever set the tool up for your course.",
    ),
    RosterProblem.NO_PERMISSION: (
        "Your LMS does not let the tool see who is in this course.",
        "Ask whoever set the tool up to allow “names and roles” for it in the LMS. Then choose the button below.",
    ),
    RosterProblem.NOT_THERE: (
        "Your LMS says that it has no list of people for this course.",
        "Open the tool from the course once more. If this stays, tell whoever set the tool up for your course.",
    ),
    RosterProblem.REFUSED: (
        "Your LMS answered with something that is no list of people.",
        "Choose the button below to try once more. If this stays, tell whoever set the tool up for your course.",
    ),
}


@blueprint.get("/")
@enters(Standing.STAFF)
def show_people() -> AnyResponse:
    """Everybody of the course, and how fresh the list is."""
    tool = find_tool()
    page = list_people(tool.store, g.visit, tool.series, now=tool.clock())
    problem = None if page.roster is None or page.roster.problem is None else PROBLEMS[page.roster.problem]
    return make_response(
        render_template("cohort/people.html", page=page, looks=LOOKS, standings=STANDINGS, problem=problem)
    )


@blueprint.post("/")
@enters(Standing.STAFF)
def look_for_people() -> AnyResponse:
    """Ask for the list again; a worker reads it in a moment."""
    tool = find_tool()
    ask_for_roster(tool.store, g.visit, now=tool.clock())
    say("We are asking your LMS. Look again in a few seconds.", "active")
    return redirect(url_for("people.show_people", session_id=g.visit.session_id), HTTPStatus.SEE_OTHER)
