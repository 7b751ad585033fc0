"""What a platform says of itself is checked before it is believed, and what we ask of it is the least that works."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.configuration import SCOPES
from lti_tool.lti.errors import PlatformUnreachable, RegistrationProblem, RegistrationRefused, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.lti.registering import PlatformOffer, build_registration, read_offer, register_tool
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

SITE = "https://lms.example.org"
CONFIGURATION = f"{SITE}/openid-configuration"
BASE = "https://leading-edge.example.org"
TOKEN = "one-time-token"


def configuration(**changes: Any) -> dict[str, Any]:
    """What a Moodle publishes (captured in 4.5), with changes."""
    document: dict[str, Any] = {
        "issuer": SITE,
        "token_endpoint": f"{SITE}/mod/lti/token.php",
        "jwks_uri": f"{SITE}/mod/lti/certs.php",
        "authorization_endpoint": f"{SITE}/mod/lti/auth.php",
        "registration_endpoint": f"{SITE}/mod/lti/openid-registration.php",
        "scopes_supported": [*SCOPES, "openid"],
        vocabulary.PLATFORM_CONFIGURATION: {"product_family_code": "moodle", "version": "4.5.6", "variables": []},
    }
    return {name: value for name, value in (document | changes).items() if value is not None}


def serving(answer: HttpAnswer | PlatformUnreachable | Callable[[Asked], HttpAnswer]) -> ScriptedClient:
    return ScriptedClient(answer if callable(answer) else lambda _: answer)


def read(document: object, url: str = CONFIGURATION) -> PlatformOffer:
    return read_offer(serving(answer_json(document)), url, None, allow_http=False)


def problem_of(document: object, url: str = CONFIGURATION) -> RegistrationProblem:
    with pytest.raises(RegistrationRefused) as refusal:
        read(document, url)
    return refusal.value.problem


def test_moodle_describes_itself() -> None:
    offer = read(configuration())
    assert (offer.issuer, offer.family, offer.version) == (SITE, MOODLE, "4.5.6")
    assert offer.origins == (SITE,)
    assert offer.name == "lms.example.org"


def test_token_goes_with_the_question_where_one_was_given() -> None:
    client = serving(answer_json(configuration()))
    read_offer(client, CONFIGURATION, TOKEN, allow_http=False)
    read_offer(client, CONFIGURATION, None, allow_http=False)
    assert client.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert "Authorization" not in client.asked[1].headers


@pytest.mark.parametrize(
    ("url", "issuer", "is_believed"),
    [
        ("https://sso.canvaslms.com/api/lti/security/openid-configuration", "https://canvas.instructure.com", True),
        ("https://sso.beta.canvaslms.com/x", "https://canvas.beta.instructure.com", True),
        ("https://school.instructure.com/x", "https://canvas.instructure.com", True),
        ("https://school.beta.instructure.com/x", "https://canvas.beta.instructure.com", True),
        ("https://school.beta.instructure.com/x", "https://canvas.instructure.com", False),
        ("https://sso.canvaslms.com/x", "https://canvas.test.instructure.com", False),
        ("https://evil.example.org/x", "https://canvas.instructure.com", False),
        ("https://evilinstructure.com/x", "https://canvas.instructure.com", False),
        (CONFIGURATION, "https://other.example.org", False),
        (CONFIGURATION, "https://lms.example.org:8443", True),
    ],
)
def test_nobody_speaks_for_another_issuer(url: str, issuer: str, is_believed: bool) -> None:
    document = configuration(issuer=issuer)
    if is_believed:
        assert read(document, url).issuer == issuer
    else:
        assert problem_of(document, url) is RegistrationProblem.ISSUER_ELSEWHERE


def test_hosted_canvas_may_be_framed_by_every_school_of_its_own() -> None:
    offer = read(
        configuration(
            issuer="https://canvas.instructure.com",
            **{vocabulary.PLATFORM_CONFIGURATION: {"product_family_code": "canvas"}},
        ),
        "https://sso.canvaslms.com/x",
    )
    assert offer.family == CANVAS
    assert "https://*.instructure.com" in offer.origins


@pytest.mark.parametrize(
    "name", ["issuer", "token_endpoint", "jwks_uri", "authorization_endpoint", "registration_endpoint"]
)
@pytest.mark.parametrize("value", [None, "", 7, "http://lms.example.org/x", "javascript:alert(1)", "https://a\\b.org/"])
def test_every_address_must_be_a_full_https_one(name: str, value: object) -> None:
    assert problem_of(configuration(**{name: value})) is RegistrationProblem.BAD_PLATFORM_ADDRESS


@pytest.mark.parametrize(
    "url", ["", "http://lms.example.org/x", "ftp://x", "https://user@lms.example.org/x", "https://" + "a" * 2000]
)
def test_configuration_address_must_be_a_full_https_one(url: str) -> None:
    assert problem_of(configuration(), url) is RegistrationProblem.BAD_CONFIGURATION_ADDRESS


@pytest.mark.parametrize("document", [[], "text", 7, None])
def test_configuration_must_be_an_object(document: object) -> None:
    assert problem_of(document) is RegistrationProblem.CONFIGURATION_UNREADABLE


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(404, {}, b"<title>Not found</title>", "Not Found"),
        HttpAnswer(302, {"Location": "http://169.254.169.254/"}, b"", "Found"),
        PlatformUnreachable(Unreachability.TIMEOUT, "no answer"),
        PlatformUnreachable(Unreachability.BAD_URL, "lms.example.org is not at a public address"),
        PlatformUnreachable(Unreachability.TOO_LARGE, "larger than we read"),
    ],
)
def test_configuration_that_does_not_come(answer: HttpAnswer | PlatformUnreachable) -> None:
    with pytest.raises(RegistrationRefused) as refusal:
        read_offer(serving(answer), CONFIGURATION, TOKEN, allow_http=False)
    assert refusal.value.problem is RegistrationProblem.CONFIGURATION_UNREACHABLE


def test_odd_parts_of_a_description_are_left_out() -> None:
    offer = read(configuration(scopes_supported="all", **{vocabulary.PLATFORM_CONFIGURATION: [1]}))
    assert (offer.scopes, offer.family, offer.version, offer.notice_types) == ((), OTHER, None, ())


def test_we_ask_for_the_least() -> None:
    wish = build_registration(read(configuration()), BASE)
    assert set(str(wish["scope"]).split()) == set(SCOPES)
    tool = wish[vocabulary.TOOL_CONFIGURATION]
    assert isinstance(tool, dict)
    assert "email" not in tool["claims"]
    assert wish["redirect_uris"] == [f"{BASE}/lti/launch"]
    types = [message["type"] for message in tool["messages"]]
    assert types[0] == vocabulary.MESSAGE_DEEP_LINKING


def test_domain_keeps_its_port() -> None:
    # Moodle compares it with the port of target_link_uri and refuses the registration otherwise (measured).
    tool = build_registration(read(configuration()), "https://tool.example.org:8443")[vocabulary.TOOL_CONFIGURATION]
    assert isinstance(tool, dict)
    assert tool["domain"] == "tool.example.org:8443"


def test_nothing_is_asked_that_the_platform_does_not_offer() -> None:
    offered = [vocabulary.SCOPE_SCORE, vocabulary.SCOPE_RESULT_READONLY]
    wish = build_registration(read(configuration(scopes_supported=offered)), BASE)
    assert set(str(wish["scope"]).split()) == set(offered)


def test_canvas_gets_placements_and_the_least_privacy_level() -> None:
    described = {"product_family_code": "canvas", "notice_types_supported": [vocabulary.NOTICE_CONTEXT_COPY]}
    offer = read(
        configuration(
            issuer="https://canvas.instructure.com",
            scopes_supported=None,
            **{vocabulary.PLATFORM_CONFIGURATION: described},
        ),
        "https://sso.canvaslms.com/x",
    )
    wish = build_registration(offer, BASE)
    assert vocabulary.SCOPE_NOTICE_HANDLERS in str(wish["scope"])
    tool = wish[vocabulary.TOOL_CONFIGURATION]
    assert isinstance(tool, dict)
    assert tool["https://canvas.instructure.com/lti/privacy_level"] == "name_only"
    placements = {place for message in tool["messages"] for place in message["placements"]}
    assert {"module_index_menu_modal", "course_navigation", "account_navigation"} <= placements
    navigation = next(m for m in tool["messages"] if m["placements"] == ["course_navigation"])
    assert navigation["https://canvas.instructure.com/lti/course_navigation/default_enabled"] is False


def register(answer: HttpAnswer | PlatformUnreachable) -> Any:
    return register_tool(serving(answer), read(configuration()), TOKEN, base_url=BASE)


def test_answer_is_kept_without_what_opens_doors() -> None:
    document = {
        "client_id": "abc",
        "registration_access_token": "secret-1",
        "token_endpoint_auth_method": "private_key_jwt",
        "note": f"made with {TOKEN}",
        "scope": " ".join(SCOPES),
        vocabulary.TOOL_CONFIGURATION: {"deployment_id": "1"},
    }
    made = register(answer_json(document))
    assert (made.client_id, made.deployment_id, made.scopes) == ("abc", "1", SCOPES)
    kept = json.dumps(made.answer)
    assert "secret-1" not in kept
    assert TOKEN not in kept
    assert "private_key_jwt" in kept


def test_canvas_tells_no_deployment_id() -> None:
    assert register(answer_json({"client_id": 10000000000123})).deployment_id is None


@pytest.mark.parametrize(
    "document", [{}, [], {"client_id": ""}, {"client_id": None}, {"client_id": "a\nb"}, {"client_id": "x" * 300}]
)
def test_answer_without_a_client_id_is_no_answer(document: object) -> None:
    with pytest.raises(RegistrationRefused) as refusal:
        register(answer_json(document))
    assert refusal.value.problem is RegistrationProblem.REGISTRATION_UNREADABLE


def test_refusal_keeps_the_platforms_own_words_and_not_the_token() -> None:
    with pytest.raises(RegistrationRefused) as refusal:
        register(HttpAnswer(401, {}, f"token_already_used {TOKEN}".encode(), "Unauthorized"))
    assert refusal.value.problem is RegistrationProblem.PLATFORM_REFUSED_TOOL
    assert "token_already_used" in refusal.value.said
    assert TOKEN not in refusal.value.said
