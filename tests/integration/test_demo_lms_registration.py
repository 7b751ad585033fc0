"""Dynamic registration at the demo LMS, several tools at once, and course copies with their notices."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
import pytest
from jwt.types import Options
from werkzeug.test import TestResponse

from lti_tool.demo_lms.courses import find_course
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.noticing import send_over_http
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.deep_links import SETTINGS, answer, ask, make_answer, make_item, sign
from tests.support.fake_tool import ALL_SCOPES, LMS, TOOL, DemoLmsWithFakeTool, read_form
from tests.support.waiting import find_free_port

MANNERS = list(Manner)
CONFIGURATION = "/.well-known/openid-configuration"
NOTICES = "https://purl.imsglobal.org/spec/lti/claim/platformnotificationservice"


def open_lms(tmp_path: Path, manner: Manner = Manner.STRICT, **settings: Any) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock(), manner=manner, **settings)


def start_registration(lms: DemoLmsWithFakeTool, address: str = f"{TOOL}/lti/register/abc") -> dict[str, str]:
    """Paste a registration address as the administrator; what the tool's page gets in its query."""
    lms.be("301")
    page = lms.browser.post("/admin/tools/register", base_url=LMS, data={"address": address})
    assert page.status_code == 200, page.text
    assert f"frame-src 'self' {TOOL} {TOOL};" in page.headers["Content-Security-Policy"]
    source = page.text.partition('name="registration"')[2].partition('src="')[2].partition('"')[0]
    return {name: values[0] for name, values in parse_qs(urlsplit(source.replace("&amp;", "&")).query).items()}


def make_request(**changes: object) -> dict[str, Any]:
    request: dict[str, Any] = {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{TOOL}/lti/login",
        "redirect_uris": [f"{TOOL}/lti/launch"],
        "client_name": "Second tool",
        "jwks_uri": f"{TOOL}/lti/jwks.json",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join([*ALL_SCOPES, lti.SCOPE_NOTICE_HANDLERS]),
        lti.TOOL_CONFIGURATION: make_configuration(),
        **changes,
    }
    return {name: value for name, value in request.items() if value is not None}


def make_configuration(**changes: object) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "domain": "127.0.0.1:5000",
        "target_link_uri": f"{TOOL}/lti/launch",
        "custom_parameters": {
            "history": "$Context.id.history",
            "previous": "$Canvas.course.previousContextIds.recursive",
        },
        "claims": ["iss", "sub", "name"],
        "messages": [{"type": "LtiDeepLinkingRequest", "target_link_uri": f"{TOOL}/lti/launch"}],
        **changes,
    }
    return {name: value for name, value in configuration.items() if value is not None}


def register(lms: DemoLmsWithFakeTool, token: str | None, **changes: object) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return lms.browser.post("/api/lti/registration", base_url=LMS, json=make_request(**changes), headers=headers)


def add_second_tool(lms: DemoLmsWithFakeTool, **changes: object) -> dict[str, Any]:
    """Register a second tool, activate it where that is needed, and return the LMS's answer."""
    made = register(lms, start_registration(lms)["registration_token"], **changes)
    assert made.status_code == 200, made.text
    body: dict[str, Any] = made.get_json()
    lms.be("301")
    lms.browser.post("/admin/tools/activate", base_url=LMS, data={"client_id": body["client_id"]})
    return body


def verify_for(lms: DemoLmsWithFakeTool, token: str, client_id: str) -> dict[str, Any]:
    (key, *_) = lms.browser.get("/api/lti/jwks.json", base_url=LMS).get_json()["keys"]
    off: Options = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK.from_dict(key), ["RS256"], options=off, audience=client_id, issuer=LMS
    )
    return claims


def follow(lms: DemoLmsWithFakeTool, address: str, client_id: str) -> dict[str, Any]:
    """Open a launch address and go the whole way as the tool with this client id."""
    page = lms.browser.get(address, base_url=LMS)
    assert page.status_code == 200, page.text
    _, login = read_form(page.text)
    assert login["client_id"] == client_id
    _, fields = read_form(lms.authorize(lms.make_request(login, client_id=client_id)).text)
    return verify_for(lms, fields["id_token"], client_id)


# The configuration


@pytest.mark.parametrize("manner", MANNERS)
def test_the_configuration_names_everything(tmp_path: Path, manner: Manner) -> None:
    lms = open_lms(tmp_path, manner)
    token = start_registration(lms)["registration_token"]
    body = lms.browser.get(CONFIGURATION, base_url=LMS, headers={"Authorization": f"Bearer {token}"}).get_json()
    assert body["issuer"] == LMS
    assert body["registration_endpoint"] == f"{LMS}/api/lti/registration"
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        assert body[name].startswith(f"{LMS}/api/lti/")
    assert set(ALL_SCOPES) < set(body["scopes_supported"])
    described = body[lti.PLATFORM_CONFIGURATION]
    families = {Manner.STRICT: "leading-edge-demo", Manner.CANVAS: "canvas", Manner.MOODLE: "moodle"}
    assert described["product_family_code"] == families[manner]
    assert {message["type"] for message in described["messages_supported"]} == {
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    }


def test_only_canvas_wants_the_token_for_it(tmp_path: Path) -> None:
    assert open_lms(tmp_path / "m", Manner.MOODLE).browser.get(CONFIGURATION, base_url=LMS).status_code == 200
    lms = open_lms(tmp_path / "c", Manner.CANVAS)
    refused = lms.browser.get(CONFIGURATION, base_url=LMS)
    assert (refused.status_code, refused.text) == (401, "missing_registration_token")
    made_up = lms.browser.get(CONFIGURATION, base_url=LMS, headers={"Authorization": "Bearer made-up"})
    assert (made_up.status_code, made_up.text) == (401, "invalid_registration_token")


def test_the_frame_gets_the_address_with_its_own_query_kept(tmp_path: Path) -> None:
    query = start_registration(open_lms(tmp_path), f"{TOOL}/lti/register/abc?foo=1")
    assert query["foo"] == "1"
    assert query["openid_configuration"] == f"{LMS}{CONFIGURATION}"
    claims = jwt.decode(query["registration_token"], options={"verify_signature": False})
    assert (claims["scope"], claims["exp"] - claims["iat"]) == ("reg", 3600)


@pytest.mark.parametrize("address", ["", "lti/register", "javascript:alert(1)", "ftp://x/y", "http://[::1"])
def test_something_else_than_an_address_is_refused(tmp_path: Path, address: str) -> None:
    lms = open_lms(tmp_path)
    lms.be("301")
    answer_ = lms.browser.post("/admin/tools/register", base_url=LMS, data={"address": address})
    assert (answer_.status_code, "That is not an address" in answer_.text) == (400, True)


@pytest.mark.parametrize("sub", ["101", "201", "nobody"])
def test_only_an_administrator_adds_and_activates(tmp_path: Path, sub: str) -> None:
    lms = open_lms(tmp_path, Manner.MOODLE)
    made = register(lms, start_registration(lms)["registration_token"]).get_json()
    lms.be(sub)
    for address, data in (("register", {"address": TOOL}), ("activate", {"client_id": made["client_id"]})):
        assert lms.browser.post(f"/admin/tools/{address}", base_url=LMS, data=data).status_code == 403
    assert "Only an administrator can add a tool" in lms.browser.get("/admin/tools", base_url=LMS).text
    assert lms.platform.tools.find_active(made["client_id"]) is None


# The registration


@pytest.mark.parametrize(("manner", "has_deployment", "is_active"), [
    (Manner.STRICT, True, True),
    (Manner.CANVAS, False, True),
    (Manner.MOODLE, True, False),
])  # fmt: skip
def test_a_tool_registers_itself(tmp_path: Path, manner: Manner, has_deployment: bool, is_active: bool) -> None:
    lms = open_lms(tmp_path, manner)
    token = start_registration(lms)["registration_token"]
    made = register(lms, token)
    body = made.get_json()
    assert made.status_code == 200
    assert body["client_id"] == jwt.decode(token, options={"verify_signature": False})["sub"]
    configuration = body[lti.TOOL_CONFIGURATION]
    assert ("deployment_id" in configuration) is has_deployment
    assert configuration.get("deployment_id", "2") == "2"
    assert (lti.SCOPE_NOTICE_HANDLERS in body["scope"]) is (manner is Manner.CANVAS)
    kept = lms.platform.tools.find(body["client_id"])
    assert kept is not None
    assert kept.is_active is is_active
    page = lms.browser.get("/admin/tools", base_url=LMS).text
    assert "Second tool" in page
    assert ("Pending" in page) is not is_active


def test_a_token_works_once_and_for_an_hour(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    token = start_registration(lms)["registration_token"]
    assert register(lms, token, client_name=None).status_code == 400, "a refusal spends nothing"
    assert register(lms, token).status_code == 200
    again = register(lms, token)
    assert (again.status_code, again.text) == (401, "token_already_used")
    late = start_registration(lms)["registration_token"]
    lms.clock.advance(hours=1)
    assert (register(lms, late).status_code, register(lms, late).text) == (401, "expired_registration_token")
    assert register(lms, None).text == "missing_registration_token"
    assert register(lms, "made-up").status_code == 401
    assert len(lms.platform.tools.list_all()) == 2


CONFIGURED = lti.TOOL_CONFIGURATION


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"response_types": None}, "missing required attribute response_types"),
        ({"initiate_login_uri": None}, "missing required attribute initiate_login_uri"),
        ({"redirect_uris": None}, "missing required attribute redirect_uris"),
        ({"client_name": None}, "missing required attribute client_name"),
        ({"jwks_uri": None}, "missing required attribute jwks_uri"),
        ({"token_endpoint_auth_method": None}, "missing required attribute token_endpoint_auth_method"),
        ({CONFIGURED: None}, f"missing required attribute {CONFIGURED}"),
        ({CONFIGURED: make_configuration(domain=None)}, "missing_domain"),
        ({CONFIGURED: make_configuration(domain="127.0.0.1")}, "domain_targetlinkuri_mismatch"),
        ({"response_types": ["code"]}, "invalid_response_types"),
        ({"redirect_uris": f"{TOOL}/lti/launch"}, "invalid_redirect_uris"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uris"),
        ({"token_endpoint_auth_method": "client_secret"}, "invalid_token_endpoint_auth_method"),
        ({"application_type": "native"}, "invalid_application_type"),
    ],
)
def test_refusals_are_moodles_words_in_plain_text(
    tmp_path: Path, manner: Manner, changes: dict[str, Any], word: str
) -> None:
    lms = open_lms(tmp_path, manner)
    refused = register(lms, start_registration(lms)["registration_token"], **changes)
    assert (refused.status_code, refused.text) == (400, word)
    assert len(lms.platform.tools.list_all()) == 1
    assert lms.platform.traffic.list_newest()[0].is_refused


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null"])
def test_a_body_that_is_no_object_is_refused(tmp_path: Path, body: bytes) -> None:
    lms = open_lms(tmp_path)
    headers = {"Authorization": f"Bearer {start_registration(lms)['registration_token']}"}
    refused = lms.browser.post(
        "/api/lti/registration", base_url=LMS, data=body, content_type="application/json", headers=headers
    )
    assert (refused.status_code, refused.text) == (400, "invalid_registration_request")


# Several tools at once


@pytest.mark.parametrize("manner", MANNERS)
def test_two_tools_are_served_apart(tmp_path: Path, manner: Manner) -> None:
    lms = open_lms(tmp_path, manner)
    made = add_second_tool(lms)
    client_id = made["client_id"]
    lms.be("201")
    assert ">Add from Second tool<" in lms.browser.get("/courses/course-3", base_url=LMS).text
    asked = follow(lms, f"/launch/course-3/deep-linking/several?client={client_id}", client_id)
    deployment_id = asked[lti.CLAIM_DEPLOYMENT_ID]
    assert deployment_id != "1"
    claims = make_answer(lms, asked, [make_item()], **{"iss": client_id, lti.CLAIM_DEPLOYMENT_ID: deployment_id})
    assert answer(lms, asked, [], token=sign(lms, claims)).status_code == 200
    answer(lms, ask(lms), [make_item("coaching")])
    lms.be("201")
    launched = follow(lms, "/launch/course-3/placed-1", client_id)
    assert launched[lti.CLAIM_DEPLOYMENT_ID] == deployment_id
    assert launched[lti.CLAIM_CUSTOM]["module"] == "visioning"
    own, other = (call_services(lms, launched, each) for each in (client_id, "leading-edge-demo"))
    assert [item["resourceId"] for item in own] == ["visioning"]
    assert [item["resourceId"] for item in other] == ["coaching"]


def call_services(lms: DemoLmsWithFakeTool, launched: dict[str, Any], client_id: str) -> list[dict[str, Any]]:
    """The line items of the course as this tool sees them, with a token of its own."""
    assertion = lms.make_assertion(iss=client_id, sub=client_id)
    token = lms.ask_token(assertion=assertion).get_json(force=True)["access_token"]
    tool = lms.platform.tools.find(client_id)
    assert tool is not None
    query = f"?type_id={tool.deployment_id}" if lms.platform.settings.manner is not Manner.CANVAS else ""
    base = launched[lti.CLAIM_AGS_ENDPOINT]["lineitems"].partition("?")[0]
    headers = {"Authorization": f"Bearer {token}", "Accept": lti.MEDIA_LINE_ITEM_CONTAINER}
    listed = lms.browser.get(f"{base.removeprefix(LMS)}{query}", base_url=LMS, headers=headers)
    assert listed.status_code == 200, listed.text
    items: list[dict[str, Any]] = listed.get_json()
    return items


def test_a_tool_has_only_the_scopes_it_registered_for(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    client_id = add_second_tool(lms, scope=lti.SCOPE_SCORE)["client_id"]
    assertion = lms.make_assertion(iss=client_id, sub=client_id)
    assert lms.ask_token(assertion=assertion).get_json()["scope"] == lti.SCOPE_SCORE
    lms.be("201")
    asked = follow(lms, f"/launch/course-3/deep-linking/one?client={client_id}", client_id)
    assert asked[lti.CLAIM_AGS_ENDPOINT]["scope"] == [lti.SCOPE_SCORE]
    assert lti.CLAIM_NAMES_ROLES not in asked


def test_one_tool_cannot_use_the_hint_or_the_column_of_another(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    client_id = add_second_tool(lms)["client_id"]
    request = lms.make_request(lms.start_launch(), client_id=client_id)
    assert read_form(lms.authorize(request).text)[1]["error"] == "access_denied"
    assertion = lms.make_assertion(iss=client_id, sub=client_id)
    token = lms.ask_token(assertion=assertion).get_json()["access_token"]
    path = lms.find_column_path()
    assert lms.post_score(token=token).status_code == 404, "the address is the other tool's"
    body = lms.browser.get(
        f"{path}?type_id=2",
        base_url=LMS,
        headers={"Authorization": f"Bearer {token}", "Accept": lti.MEDIA_LINE_ITEM},
    )
    assert body.status_code == 403


def test_moodle_opens_no_tool_that_waits(tmp_path: Path) -> None:
    lms = open_lms(tmp_path, Manner.MOODLE)
    client_id = register(lms, start_registration(lms)["registration_token"]).get_json()["client_id"]
    lms.be("201")
    address = f"/launch/course-3/deep-linking/several?client={client_id}"
    assert lms.browser.get(address, base_url=LMS).status_code == 404
    assertion = lms.make_assertion(iss=client_id, sub=client_id)
    assert lms.ask_token(assertion=assertion).status_code == 400
    lms.be("301")
    lms.browser.post("/admin/tools/activate", base_url=LMS, data={"client_id": client_id})
    lms.be("201")
    assert lms.browser.get(address, base_url=LMS).status_code == 200


def test_registrations_survive_a_restart(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    client_id = add_second_tool(lms)["client_id"]
    lms.start()
    kept = lms.platform.tools.find_active(client_id)
    assert kept is not None
    assert (kept.deployment_id, kept.redirect_uris) == ("2", (f"{TOOL}/lti/launch",))


def test_canvas_deployment_ids_look_like_canvas(tmp_path: Path) -> None:
    lms = open_lms(tmp_path, Manner.CANVAS)
    kept = lms.platform.tools.find(add_second_tool(lms)["client_id"])
    assert kept is not None
    number, _, digits = kept.deployment_id.partition(":")
    assert (number, len(digits)) == ("2", 40)


# Course copies


def copy(lms: DemoLmsWithFakeTool, course: str = "course-3", sub: str = "201") -> str:
    lms.be(sub)
    made = lms.browser.post(f"/courses/{course}/copy", base_url=LMS)
    assert made.status_code == 303, made.text
    return made.location.rpartition("/")[2]


@pytest.mark.parametrize("sub", ["201", "301"])
def test_a_copy_has_new_ids_and_keeps_what_the_tool_gave(tmp_path: Path, sub: str) -> None:
    lms = open_lms(tmp_path)
    answer(lms, ask(lms), [make_item(), make_item("coaching", lineItem=None)])
    lms.post_score(
        path=f"/api/lti/courses/course-3/lineitems/{lms.platform.gradebook.list_columns('course-3')[0].id}/lineitem"
    )
    new = copy(lms, sub=sub)
    assert new == "course-4"
    (old_column,) = lms.platform.gradebook.list_columns("course-3")
    (column,) = lms.platform.gradebook.list_columns(new)
    assert column.id != old_column.id
    assert (column.resource_id, column.tag, column.maximum) == ("visioning", "leading-edge", 50)
    assert column.extras == old_column.extras
    assert lms.platform.gradebook.list_grades(column) == [], "nobody's work comes along"
    lms.be("201")
    claims = lms.launch("201", column.resource_link_id or "", new)
    assert claims[lti.CLAIM_CONTEXT]["id"] == new
    assert claims[lti.CLAIM_CONTEXT]["title"] == "Leading Edge Cohort, empty copy 1"
    assert claims[lti.CLAIM_CUSTOM] == {"module": "visioning", "link_id": "abc-1"}
    assert claims[lti.CLAIM_RESOURCE_LINK]["id"].startswith("course-4-")
    assert claims[lti.CLAIM_AGS_ENDPOINT]["lineitem"].endswith(f"/{column.id}/lineitem?type_id=1")
    assert "empty copy 1" in lms.browser.get("/", base_url=LMS).text


def test_the_built_in_links_are_copied_too(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    new = copy(lms, "course-1")
    original, copied = find_course("course-1"), lms.platform.courses.find(new)
    assert original is not None
    assert copied is not None
    assert [link.title for link in copied.links] == [link.title for link in original.links]
    assert len(lms.platform.gradebook.list_columns(new)) == 8
    assert copied.members == original.members
    assert lms.launch("101", copied.links[1].id, new)[lti.CLAIM_CUSTOM] == {"module": "visioning"}


@pytest.mark.parametrize("sub", ["101", "401", "nobody"])
def test_who_may_not_copy(tmp_path: Path, sub: str) -> None:
    lms = open_lms(tmp_path)
    lms.be(sub)
    assert lms.browser.post("/courses/course-1/copy", base_url=LMS).status_code == 403
    assert "Copy this course" not in lms.browser.get("/courses/course-1", base_url=LMS).text


@pytest.mark.parametrize(
    ("manner", "variable", "first", "second"),
    [
        (Manner.MOODLE, "$Context.id.history", "", "course-4,course-3"),
        (Manner.STRICT, "$Context.id.history", "", "course-4,course-3"),
        (Manner.CANVAS, "$Canvas.course.previousContextIds.recursive", "", "course-4,course-3"),
        (Manner.CANVAS, "$Canvas.course.previousContextIds", "", "course-4"),
        (Manner.CANVAS, "$Context.id.history", "$Context.id.history", "$Context.id.history"),
        (Manner.MOODLE, "$ResourceLink.id.history", "$ResourceLink.id.history", "$ResourceLink.id.history"),
    ],
)
def test_a_copy_of_a_copy_tells_its_history_where_it_is_asked(
    tmp_path: Path, manner: Manner, variable: str, first: str, second: str
) -> None:
    lms = open_lms(tmp_path, manner, tool_custom={"fromtool": variable})
    answer(lms, ask(lms), [make_item(custom={"module": "visioning", "fromlink": variable})])
    lms.browser.post("/courses/course-3/links/placed-1", base_url=LMS, data={"act": "publish"})
    newest = copy(lms, copy(lms))
    for course, expected in (("course-3", first), (newest, second)):
        found = lms.platform.courses.find(course)
        assert found is not None
        custom = lms.launch("201", found.placed[0].key, course)[lti.CLAIM_CUSTOM]
        assert (custom["fromlink"], custom["fromtool"]) == (expected, expected)


# Notices


def put_handler(lms: DemoLmsWithFakeTool, handler: object, **changes: object) -> TestResponse:
    body = {"notice_type": "LtiContextCopyNotice", "handler": handler, **changes}
    token = lms.get_token(lti.SCOPE_NOTICE_HANDLERS)
    address = lms.launch()[lti.CLAIM_NOTICE_SERVICE]["platform_notification_service_url"].removeprefix(LMS)
    return lms.browser.put(address, base_url=LMS, json=body, headers={"Authorization": f"Bearer {token}"})


def test_only_canvas_offers_notices(tmp_path: Path) -> None:
    for manner in (Manner.STRICT, Manner.MOODLE):
        assert NOTICES not in open_lms(tmp_path / manner, manner).launch()
    offered = open_lms(tmp_path, Manner.CANVAS).launch()[NOTICES]
    assert offered["platform_notification_service_url"].startswith(f"{LMS}/api/lti/notice-handlers?")
    assert offered["service_versions"] == ["1.0"]
    assert offered["scope"] == [lti.SCOPE_NOTICE_HANDLERS]
    assert offered["notice_types_supported"] == ["LtiContextCopyNotice"]


def test_a_copy_is_told_to_the_handler(tmp_path: Path) -> None:
    sent: list[tuple[str, Mapping[str, Any]]] = []

    def take(address: str, body: Mapping[str, Any]) -> int:
        sent.append((address, body))
        return 204

    lms = open_lms(tmp_path, Manner.CANVAS, send_notice=take)
    copy(lms, "course-1")
    assert sent == [], "nobody asked"
    handler = f"{TOOL}/lti/notices"
    made = put_handler(lms, handler)
    assert made.get_json() == {"notice_type": "LtiContextCopyNotice", "handler": handler}
    new = copy(lms, "course-1")
    ((address, body),) = sent
    assert address == handler
    (notice,) = body["notices"]
    claims = lms.verify(notice["jwt"])
    assert claims[lti.CLAIM_NOTICE]["type"] == "LtiContextCopyNotice"
    assert claims[lti.CLAIM_NOTICE]["id"]
    assert claims[lti.CLAIM_ORIGIN_CONTEXTS] == ["course-1"]
    assert claims[lti.CLAIM_CONTEXT]["id"] == new
    assert (claims[lti.CLAIM_DEPLOYMENT_ID], claims["azp"]) == ("1", "leading-edge-demo")
    assert claims["nonce"]
    (entry,) = [one for one in lms.platform.traffic.list_newest() if one.title == "Notice: a course was copied"]
    assert (entry.status, entry.is_refused) == (204, False)
    put_handler(lms, "")
    copy(lms, "course-1")
    assert len(sent) == 1


def test_a_handler_is_read_back_and_has_to_be_the_tools_own(tmp_path: Path) -> None:
    lms = open_lms(tmp_path, Manner.CANVAS)
    for handler in ("https://elsewhere.example/notices", 5, None):
        assert put_handler(lms, handler).status_code == 400
    assert put_handler(lms, f"{TOOL}/n", notice_type="LtiSomethingNotice").status_code == 400
    put_handler(lms, f"{TOOL}/n")
    headers = {"Authorization": f"Bearer {lms.get_token(lti.SCOPE_NOTICE_HANDLERS)}"}
    body = lms.browser.get("/api/lti/notice-handlers", base_url=LMS, headers=headers).get_json()
    assert body["notice_handlers"] == [{"notice_type": "LtiContextCopyNotice", "handler": f"{TOOL}/n"}]
    unscoped = {"Authorization": f"Bearer {lms.get_token(lti.SCOPE_SCORE)}"}
    assert lms.browser.get("/api/lti/notice-handlers", base_url=LMS, headers=unscoped).status_code == 401


def test_a_tool_that_does_not_answer_stops_no_copy(tmp_path: Path) -> None:
    lms = open_lms(tmp_path, Manner.CANVAS, send_notice=send_over_http, tool_url=f"http://127.0.0.1:{find_free_port()}")
    put_handler_of = lms.platform.notice_handlers.put
    put_handler_of("leading-edge-demo", "LtiContextCopyNotice", f"{lms.platform.settings.tool_url}/n")
    before = time.monotonic()
    copy(lms, "course-1")
    assert time.monotonic() - before < 5
    entry = lms.platform.traffic.list_newest()[0]
    assert entry.is_refused
    assert "will not try again" in entry.outcome


def test_a_placed_links_return_address_is_unguessable(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    addresses = {ask(lms)[SETTINGS]["deep_link_return_url"] for _ in range(3)}
    assert len(addresses) == 3
    made_up = f"/api/lti/deep-linking/return?request={uuid4().hex}"
    assert lms.browser.post(made_up, base_url=LMS, data={"JWT": "x"}).status_code == 400
