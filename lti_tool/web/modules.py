"""The series page and the page of one session."""

from flask import Blueprint, g, render_template

from lti_tool.services.course_copies import find_course_copy
from lti_tool.services.modules import show_module as read_module
from lti_tool.services.modules import show_series as read_series
from lti_tool.web.guards import EVERYBODY, enters, find_tool

blueprint = Blueprint("modules", __name__, url_prefix="/s/<session_id>")


@blueprint.get("/")
@enters(*EVERYBODY)
def show_series() -> str:
    """The eight sessions, their goals and who they are for."""
    tool = find_tool()
    page = read_series(tool.store, g.visit, tool.series, now=tool.clock())
    return render_template("modules/series.html", page=page, copy=find_course_copy(tool.store, g.visit))


@blueprint.get("/modules/<module_key>")
@enters(*EVERYBODY)
def show_module(module_key: str) -> str:
    """One session: where she stopped, what is next, and what it is about."""
    tool = find_tool()
    page = read_module(tool.store, g.visit, tool.series, module_key, now=tool.clock())
    return render_template("modules/module.html", page=page, session_count=len(tool.series.modules))
