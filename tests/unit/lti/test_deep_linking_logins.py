"""What a login tells of its message before that comes: Moodle's as it was captured, and nobody else's."""

from typing import Any, cast

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.configuration import list_addresses, make_canvas_key
from lti_tool.lti.logins import parse_login
from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER, is_deep_linking_login
from lti_tool.lti.registering import PlatformOffer, build_registration
from tests.certification.moodle import ISSUER, load_form

CONTENT = "login-initiation-deep-linking"
ACTIVITY = "login-initiation-resource-link"


@pytest.mark.parametrize(
    ("family", "capture", "expected"),
    [
        (MOODLE, CONTENT, True),
        (MOODLE, ACTIVITY, False),
        (OTHER, CONTENT, None),
        (OTHER, ACTIVITY, None),
        (CANVAS, CONTENT, None),
    ],
)
def test_moodles_hint_tells_content_from_an_activity(family: str, capture: str, expected: bool | None) -> None:
    assert is_deep_linking_login(family, parse_login(load_form(capture))) is expected


@pytest.mark.parametrize("family", [CANVAS, MOODLE, OTHER])
def test_our_own_address_for_choosing_tells_it_everywhere(family: str) -> None:
    own = list_addresses("https://tool.example.org")
    fields = {**load_form(ACTIVITY), "lti_message_hint": "opaque"}
    for target, expected in ((own.choosing, True), (own.launch, None)):
        login = parse_login({**fields, "target_link_uri": target})
        assert is_deep_linking_login(family, login) is expected


@pytest.mark.parametrize("family", [CANVAS, MOODLE, OTHER])
def test_it_is_the_address_of_every_place_for_choosing_and_of_no_other(family: str) -> None:
    own = list_addresses("https://tool.example.org")
    (extension,) = cast("list[dict[str, Any]]", make_canvas_key(own.site)["extensions"])
    offer = PlatformOffer(
        name="LMS",
        issuer=ISSUER,
        auth_url=f"{ISSUER}/auth",
        token_url=f"{ISSUER}/token",
        jwks_url=f"{ISSUER}/jwks",
        registration_url=f"{ISSUER}/register",
        family=family,
        version=None,
        scopes=(),
        notice_types=(),
        origins=(),
    )
    tool = cast("dict[str, Any]", build_registration(offer, own.site)[vocabulary.TOOL_CONFIGURATION])
    places = [(one["message_type"], one["target_link_uri"]) for one in extension["settings"]["placements"]]
    places += [(one["type"], one["target_link_uri"]) for one in tool["messages"]]
    for message, target in places:
        assert target == (own.choosing if message == vocabulary.MESSAGE_DEEP_LINKING else own.launch)


@pytest.mark.parametrize("hint", [None, "opaque", "{}", '{"launchid":"ltilaunch11_1"}'])
def test_another_hint_tells_nothing(hint: str | None) -> None:
    fields = load_form(ACTIVITY)
    fields.pop("lti_message_hint")
    login = parse_login(fields if hint is None else {**fields, "lti_message_hint": hint})
    assert is_deep_linking_login(MOODLE, login) is None
