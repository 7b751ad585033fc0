"""Where platforms post their notices: each is believed once, and an answer of 200 says that all were taken."""

from flask import Blueprint, Response, jsonify, request

from lti_tool.lti.notices import read_notices
from lti_tool.services.notices import take_notice
from lti_tool.web.guards import enters_publicly, find_tool

blueprint = Blueprint("platform_notices", __name__, url_prefix="/lti")


@blueprint.post("/notices")
@enters_publicly
def receive() -> Response:
    """Take a batch of notices (Platform Notification Service 1.0 §3); the first bad one refuses the batch."""
    tool = find_tool()
    unproved = read_notices(request.get_data())
    taken = [take_notice(tool.store, tool.platform_keys, one, now=tool.clock()) for one in unproved]
    return jsonify(taken=len(taken), new=sum(taken))
