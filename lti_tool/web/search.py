"""Searching the readings: by words, by tag, or by both."""

from flask import Blueprint, render_template, request

from lti_tool.domain.reading_search import LONGEST_QUERY, read_query
from lti_tool.web.guards import EVERYBODY, enters, find_tool
from lti_tool.web.words import join_words

blueprint = Blueprint("search", __name__, url_prefix="/s/<session_id>")

# Naming a few of the words that are nowhere is enough to act on.
_MOST_UNKNOWN = 5


@blueprint.get("/search")
@enters(*EVERYBODY)
def show_search() -> str:
    """What was found, or the form with all tags where nothing was asked for."""
    index = find_tool().index
    query = read_query(request.args.get("q", ""), request.args.get("tag", ""))
    tag = index.find_tag(query.tag) if query.tag else None
    return render_template(
        "modules/search.html",
        index=index,
        query=query,
        tag_name=tag.name if tag else query.tag,
        hits=index.search(query),
        unknown=join_words([f"“{word}”" for word in index.list_unknown(query)[:_MOST_UNKNOWN]], "or"),
        longest=LONGEST_QUERY,
    )
