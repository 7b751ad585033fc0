import json
from collections.abc import Iterator
from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.configuration import (
    CANVAS_HOSTED,
    SCOPES,
    describe_moodle,
    describe_own_canvas,
    list_addresses,
    make_canvas_key,
)

SITE = "https://tool.example.org"

# app/models/lti/resource_placement.rb, PLACEMENTS_BY_MESSAGE_TYPE: those of ours, by the message they may have.
CANVAS_PLACEMENTS = {
    vocabulary.MESSAGE_DEEP_LINKING: {
        *("assignment_selection", "link_selection", "module_index_menu_modal", "module_menu_modal"),
        "course_assignments_menu",
    },
    vocabulary.MESSAGE_RESOURCE_LINK: {"course_navigation", "account_navigation"},
}
# lib/schemas/lti_configuration.rb and internal_lti_configuration.rb: what is required, and the types of what we send.
REQUIRED = {"title", "description", "target_link_uri", "oidc_initiation_url"}
PLACEMENT_TYPES = {
    "placement": str,
    "enabled": bool,
    "message_type": str,
    "target_link_uri": str,
    "text": str,
    "icon_url": str,
    "selection_width": int,
    "selection_height": int,
    "default": str,
    "visibility": str,
    "custom_fields": dict,
}


@pytest.fixture
def key() -> dict[str, Any]:
    """The key as Canvas reads it: out of JSON."""
    document: dict[str, Any] = json.loads(json.dumps(make_canvas_key(SITE)))
    return document


@pytest.fixture
def placements(key: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["placement"]: item for item in key["extensions"][0]["settings"]["placements"]}


def list_texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from list_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from list_texts(item)
    elif isinstance(value, str):
        yield value


def test_the_canvas_key_is_complete(key: dict[str, Any]) -> None:
    assert key.keys() >= REQUIRED
    assert key["oidc_initiation_url"] == f"{SITE}/lti/login"
    assert key["target_link_uri"] == f"{SITE}/lti/launch"
    assert key["redirect_uris"] == [f"{SITE}/lti/launch"]
    assert key["public_jwk_url"] == f"{SITE}/lti/jwks.json"
    (canvas,) = key["extensions"]
    assert canvas["platform"] == "canvas.instructure.com"
    assert canvas["domain"] == "tool.example.org"
    assert canvas["privacy_level"] == "name_only"


def test_it_asks_for_the_least_and_for_nothing_an_older_canvas_would_refuse(key: dict[str, Any]) -> None:
    assert set(key["scopes"]) == {*vocabulary.AGS_SCOPES, vocabulary.SCOPE_MEMBERSHIP_READONLY}
    assert len(key["scopes"]) == len(SCOPES) == 5
    assert vocabulary.SCOPE_NOTICE_HANDLERS not in key["scopes"]


def test_every_placement_has_a_message_that_canvas_takes_there(placements: dict[str, dict[str, Any]]) -> None:
    found: dict[str, set[str]] = {}
    for name, placement in placements.items():
        found.setdefault(placement["message_type"], set()).add(name)
        assert {field: type(value) for field, value in placement.items()}.items() <= PLACEMENT_TYPES.items()
    assert found == CANVAS_PLACEMENTS


def test_choosing_has_room(placements: dict[str, dict[str, Any]]) -> None:
    for name in CANVAS_PLACEMENTS[vocabulary.MESSAGE_DEEP_LINKING]:
        assert placements[name]["selection_width"] >= 800
        assert placements[name]["selection_height"] >= 340


def test_the_menus_show_no_more_than_they_should(placements: dict[str, dict[str, Any]]) -> None:
    course, account = placements["course_navigation"], placements["account_navigation"]
    assert (course["default"], course["visibility"]) == ("disabled", "members")
    assert course["custom_fields"] == {"module": "series"}
    assert account["visibility"] == "admins"
    assert account["custom_fields"] == {"page": "self_check"}


def test_what_the_tool_needs_to_know_of_a_course_is_asked_for(key: dict[str, Any]) -> None:
    assert key["custom_fields"] == {
        "canvas_course_id": "$Canvas.course.id",
        "canvas_assignment_id": "$Canvas.assignment.id",
        "section_ids": "$Canvas.course.sectionIds",
        "prev_contexts": "$Canvas.course.previousContextIds",
        "context_history": "$Context.id.history",
        "link_history": "$ResourceLink.id.history",
        "due_at": "$Canvas.assignment.dueAt.iso8601",
    }


@pytest.mark.parametrize("site", [SITE, "http://127.0.0.1:5000"])
def test_every_address_of_ours_lies_under_the_base_url(site: str) -> None:
    addresses = [text for text in list_texts(make_canvas_key(site)) if "://" in text and text not in SCOPES]
    assert len(addresses) > 10
    assert [address for address in addresses if not address.startswith(f"{site}/")] == []
    assert list_addresses(site).domain == site.partition("://")[2]


def test_the_hosts_of_canvas_are_told_apart() -> None:
    issuers = {kind: addresses.issuer for kind, addresses in CANVAS_HOSTED.items()}
    assert issuers == {
        "cloud": "https://canvas.instructure.com",
        "beta": "https://canvas.beta.instructure.com",
        "test": "https://canvas.test.instructure.com",
    }
    assert CANVAS_HOSTED["beta"].jwks_url == "https://sso.beta.canvaslms.com/api/lti/security/jwks"
    assert CANVAS_HOSTED["cloud"].auth_url == "https://sso.canvaslms.com/api/lti/authorize_redirect"
    assert CANVAS_HOSTED["test"].token_url == "https://sso.test.canvaslms.com/login/oauth2/token"


def test_a_canvas_of_ones_own_keeps_the_issuer_of_the_vendor() -> None:
    own = describe_own_canvas("https://canvas.school.example")
    assert own.issuer == "https://canvas.instructure.com"
    assert own.auth_url == "https://canvas.school.example/api/lti/authorize_redirect"
    named = describe_own_canvas("https://canvas.school.example", "https://canvas.school.example")
    assert named.issuer == "https://canvas.school.example"


def test_a_moodle_is_its_own_issuer() -> None:
    moodle = describe_moodle("https://school.example/moodle")
    assert moodle.issuer == "https://school.example/moodle"
    assert moodle.token_url == "https://school.example/moodle/mod/lti/token.php"
