"""Pages for whoever connects an LMS, public: everything to copy, what is stored about people, and two statements."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.lti import vocabulary
from lti_tool.lti.configuration import (
    CANVAS_HOSTED,
    CUSTOM_FIELDS,
    DESCRIPTION,
    SCOPES,
    TITLE,
    list_addresses,
    make_canvas_key,
)
from lti_tool.services.registration_checks import BadRegistrationError
from lti_tool.web.guards import enters_publicly, find_tool
from lti_tool.web.privacy_words import list_stored_things
from lti_tool.web.setup_forms import KIND_NAMES, make_command, read_setup_form

blueprint = Blueprint("setup", __name__, url_prefix="/lti")


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing the tool asks an LMS for: what an administrator may call it, and why we ask."""

    scope: str
    name: str
    reason: str


_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    vocabulary.SCOPE_LINE_ITEM: (
        "Make and change gradebook columns",
        "If a session has no column yet, a facilitator can have one made. The tool changes only columns of its own.",
    ),
    vocabulary.SCOPE_LINE_ITEM_READONLY: (
        "See the tool's gradebook columns",
        "After a course is copied, its columns have new addresses. The tool finds them, so that no score goes astray.",
    ),
    vocabulary.SCOPE_RESULT_READONLY: (
        "See scores in the tool's columns",
        "After a score is sent, it is read back. Only then do we say that it is in the gradebook.",
    ),
    vocabulary.SCOPE_SCORE: (
        "Send scores",
        "What a librarian has earned goes into the gradebook by itself, so that nobody types it.",
    ),
    vocabulary.SCOPE_MEMBERSHIP_READONLY: (
        "See who is in the course",
        "The facilitator's board also lists people who have not opened the tool yet.",
    ),
}


def list_permissions() -> tuple[Permission, ...]:
    """Every scope that the tool asks for, with its reason."""
    return tuple(Permission(scope, *_REASONS[scope]) for scope in SCOPES)


@blueprint.get("/canvas.json")
@enters_publicly
def show_canvas_key() -> Response:
    """The developer key for Canvas, which takes it by this address or pasted."""
    return jsonify(make_canvas_key(find_tool().settings.base_url))


@blueprint.get("/setup")
@enters_publicly
def show_setup() -> AnyResponse:
    """Everything an administrator copies, and the block she sends to the operator; the form keeps nothing."""
    settings = find_tool().settings
    form = read_setup_form(request.args, allow_http=settings.is_development)
    page = render_template(
        "lti/setup.html",
        own=list_addresses(settings.base_url),
        title=TITLE,
        description=DESCRIPTION,
        canvas_key=json.dumps(make_canvas_key(settings.base_url), indent=2),
        canvas_hosted=CANVAS_HOSTED,
        custom_fields=CUSTOM_FIELDS,
        permissions=list_permissions(),
        kinds=KIND_NAMES,
        form=form,
        was_sent="kind" in request.args,
        command=make_command(form),
        problem_code=BadRegistrationError.code if form.problems else "",
    )
    return make_response(page, BadRegistrationError.status if form.problems else HTTPStatus.OK)


@blueprint.get("/privacy")
@enters_publicly
def show_privacy() -> str:
    """What is stored about people, why, who sees it and how long: one entry for every table."""
    return render_template("lti/privacy.html", groups=list_stored_things())


@blueprint.get("/agreement")
@enters_publicly
def show_agreement() -> str:
    """What a school district asks before it signs a data-privacy agreement."""
    return render_template("lti/agreement.html", permissions=list_permissions())


@blueprint.get("/accessibility")
@enters_publicly
def show_accessibility() -> str:
    """The accessibility statement."""
    return render_template("lti/accessibility.html")
