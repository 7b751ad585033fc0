"""The picker: which sessions a facilitator places into her course, and the answer to her LMS (Deep Linking 2.0).

There is no session here: the form carries the request's handle, and works inside the LMS's frame without a cookie.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.placing import BadChoiceError, ChoiceProblem, ChosenLink, settle_choice
from lti_tool.lti.deep_linking import DeepLinkAnswer, sign_answer
from lti_tool.lti.platforms import list_placing_steps
from lti_tool.lti.tool_keys import ToolKey
from lti_tool.services.deep_links import LinkToPlace, OpenRequest, close_request, find_request, place_links
from lti_tool.web.guards import enters_publicly, find_tool, require_own_origin
from lti_tool.web.placing_pages import (
    PROBLEM_WORDS,
    PlacingForm,
    accepts_links,
    describe_picker,
    make_offer,
    read_placing_form,
    spell_number,
    write_links,
)
from lti_tool.web.security import allow_form_action, allow_frames_of, find_origin
from lti_tool.web.words import count_things

blueprint = Blueprint("placing", __name__, url_prefix="/lti")

NOTHING_PLACED: Final = "Nothing was placed."
WRONG_TYPES: Final = (
    "This tool places links to its sessions, and this place in the LMS does not take such links. Nothing was placed."
)


def show_picker(handle: str) -> AnyResponse:
    """Show the picker of an open request.

    Raises:
        LaunchRefused: deep_link_gone or registration_inactive.
    """
    return _show_choices(handle, _find(handle), PlacingForm())


@blueprint.post("/place")
@enters_publicly
def place() -> AnyResponse:
    """Take the picker's form: show a choice once more, place it, or place nothing."""
    require_own_origin(find_tool())
    handle = request.form.get("handle", "")
    opened = _find(handle)
    form = read_placing_form(request.form)
    do = request.form.get("do", "")
    if do == "cancel":
        return _place_nothing(handle, opened, DeepLinkAnswer(shown=NOTHING_PLACED, logged="cancelled"), "cancelled")
    if do == "explain" and not accepts_links(opened.settings):
        return _place_nothing(handle, opened, _explain_types(opened), "wrong_types")
    if do in {"place", "confirm"} and accepts_links(opened.settings):
        return _take_choice(handle, opened, form, is_confirmed=do == "confirm")
    return _show_choices(handle, opened, form)


def _take_choice(handle: str, opened: OpenRequest, form: PlacingForm, *, is_confirmed: bool) -> AnyResponse:
    """Place a choice. One link goes straight to the LMS; of several she learns first what comes after."""
    try:
        chosen = settle_choice(make_offer(find_tool().series, opened), form.wish)
    except BadChoiceError as error:
        return _show_choices(handle, opened, form, error.problem)
    if len(chosen) > 1 and not is_confirmed:
        return _show_confirmation(handle, opened, form, chosen)
    return _place(handle, opened, form, chosen)


def _explain_types(opened: OpenRequest) -> DeepLinkAnswer:
    types = ", ".join(opened.settings.accept_types) or "nothing"
    return DeepLinkAnswer(error=WRONG_TYPES, error_logged=f"ltiResourceLink is not among accept_types: {types}")


def _find(handle: str) -> OpenRequest:
    tool = find_tool()
    opened = find_request(tool.store, handle, now=tool.clock())
    allow_frames_of(opened.registration.origins)
    return opened


def _show_choices(
    handle: str, opened: OpenRequest, form: PlacingForm, problem: ChoiceProblem | None = None
) -> AnyResponse:
    series = find_tool().series
    if not accepts_links(opened.settings):
        return make_response(render_template("lti/cannot_place.html", handle=handle, opened=opened))
    page = render_template(
        "lti/picker.html",
        handle=handle,
        opened=opened,
        picker=describe_picker(series, opened, make_offer(series, opened)),
        form=form,
        problem=problem,
        problem_words=PROBLEM_WORDS[problem] if problem else "",
    )
    return make_response(page, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK)


def _show_confirmation(
    handle: str, opened: OpenRequest, form: PlacingForm, chosen: Sequence[ChosenLink]
) -> AnyResponse:
    page = render_template(
        "lti/place_several.html",
        handle=handle,
        opened=opened,
        form=form,
        links=write_links(find_tool().series, opened, form, chosen),
        count=spell_number(len(chosen)),
        columns=sum(link.has_column for link in chosen),
        steps=_list_steps(opened, chosen),
    )
    return make_response(page)


def _place(handle: str, opened: OpenRequest, form: PlacingForm, chosen: Sequence[ChosenLink]) -> AnyResponse:
    tool = find_tool()
    # Before anything is written: without a key there is no answer.
    key = tool.keys.signing_key()
    placed = place_links(tool.store, handle, chosen, now=tool.clock())
    answer = DeepLinkAnswer(
        links=write_links(tool.series, opened, form, placed),
        shown=f"On the Leading Edge sent {count_things(len(placed), 'link')} to your course.",
        logged=f"placed {' '.join(link.key for link in placed)}",
    )
    return _send(opened, answer, key, steps=_list_steps(opened, placed))


def _place_nothing(handle: str, opened: OpenRequest, answer: DeepLinkAnswer, reason: str) -> AnyResponse:
    tool = find_tool()
    key = tool.keys.signing_key()
    close_request(tool.store, handle, reason=reason, now=tool.clock())
    return _send(opened, answer, key)


def _send(opened: OpenRequest, answer: DeepLinkAnswer, key: ToolKey, steps: Sequence[str] = ()) -> AnyResponse:
    """Show the page that carries the answer to the LMS, by its script or by its button."""
    tool = find_tool()
    token = sign_answer(
        opened.registration,
        opened.deployment,
        opened.settings,
        answer,
        key=key,
        base_url=tool.settings.base_url,
        now=tool.clock(),
    )
    allow_form_action(find_origin(opened.settings.return_url))
    response = make_response(render_template("lti/placed.html", opened=opened, answer=answer, token=token, steps=steps))
    # With same-origin the LMS would be told "Origin: null"; the origin alone tells it nothing that it does not know.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _list_steps(opened: OpenRequest, links: Sequence[ChosenLink | LinkToPlace]) -> tuple[str, ...]:
    return list_placing_steps(
        opened.registration.family, opened.settings.placement, [link.has_column for link in links]
    )
