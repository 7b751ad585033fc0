"""Logins, ours beside the stock library's where it falls short."""

import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylti1p3.exception import OIDCException
from pylti1p3.oidc_login import OIDCLogin

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.library import FlowMemory, GivenParameters, KnownPlatform, NoCookies
from lti_tool.lti.logins import (
    LONGEST_HINT,
    LoginRedirect,
    ToolLogin,
    append_query,
    build_authentication_url,
    digest,
    new_token,
    parse_login,
)
from lti_tool.lti.values import LoginInitiation, Registration
from tests.certification.scene import CLIENT_ID, ISSUER, TOOL

LOGIN = {
    "iss": ISSUER,
    "login_hint": "user 7/ü",
    "target_link_uri": f"{TOOL}/lti/launch",
    "client_id": CLIENT_ID,
    "lti_message_hint": '{"cmid":13,"launchid":"ltilaunch11_911713566"} &=+',
    "lti_deployment_id": "7:d1",
    "lti_storage_target": "post_message_forwarding",
}
REDIRECT = f"{TOOL}/lti/launch"


def test_login_is_read() -> None:
    assert parse_login(LOGIN) == LoginInitiation(
        issuer=ISSUER,
        login_hint="user 7/ü",
        target_link_uri=f"{TOOL}/lti/launch",
        client_id=CLIENT_ID,
        message_hint=LOGIN["lti_message_hint"],
        deployment_hint="7:d1",
        storage_target="post_message_forwarding",
    )


def test_what_is_optional_may_be_absent_or_empty() -> None:
    required = {name: LOGIN[name] for name in ("iss", "login_hint", "target_link_uri")}
    login = parse_login(required | {"client_id": "", "lti_message_hint": ""})
    assert (login.client_id, login.message_hint, login.deployment_hint, login.storage_target) == (None,) * 4


@pytest.mark.parametrize("name", ["iss", "login_hint", "target_link_uri"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_required_is_missed(name: str, value: str | None) -> None:
    parameters = {key: old for key, old in LOGIN.items() if key != name} | ({} if value is None else {name: value})
    with pytest.raises(LaunchRefused) as refusal:
        parse_login(parameters)
    assert refusal.value.code == RefusalCode.MISSING_LOGIN_PARAMETER
    assert name in refusal.value.detail


@pytest.mark.parametrize("name", sorted(LOGIN))
@pytest.mark.parametrize("value", ["nul \0", "half \ud800", "x" * (LONGEST_HINT + 1)])
def test_what_cannot_be_kept_is_refused(name: str, value: str) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        parse_login(LOGIN | {name: value})
    assert refusal.value.code == RefusalCode.BAD_LOGIN_PARAMETER
    assert name in refusal.value.detail


def test_long_hints_are_kept_to_the_letter() -> None:
    hint = "é " * (LONGEST_HINT // 2)
    assert parse_login(LOGIN | {"lti_message_hint": hint}).message_hint == hint


def test_canvas_names_the_deployment_without_prefix() -> None:
    parameters = {name: value for name, value in LOGIN.items() if name != "lti_deployment_id"}
    assert parse_login(parameters | {"deployment_id": "123:abc"}).deployment_hint == "123:abc"
    assert parse_login(LOGIN | {"deployment_id": "7:d1"}).deployment_hint == "7:d1"
    with pytest.raises(LaunchRefused) as refusal:
        parse_login(LOGIN | {"deployment_id": "other"})
    assert refusal.value.code == RefusalCode.BAD_LOGIN_PARAMETER


@given(st.dictionaries(st.sampled_from([*LOGIN, "deployment_id"]), st.text() | st.sampled_from(list(LOGIN.values()))))
def test_any_parameters_are_read_or_refused(parameters: dict[str, str]) -> None:
    try:
        parse_login(parameters)
    except LaunchRefused:
        return


def test_authentication_address_asks_what_the_framework_says(registration: Registration) -> None:
    url = build_authentication_url(
        registration, parse_login(LOGIN), state="state_1", nonce="nonce-1", redirect_uri=REDIRECT
    )
    parts = urlsplit(url)
    assert url.startswith(registration.auth_url + "?")
    assert dict(parse_qsl(parts.query, strict_parsing=True)) == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "state": "state_1",
        "nonce": "nonce-1",
        "login_hint": "user 7/ü",
        "lti_message_hint": LOGIN["lti_message_hint"],
    }
    assert re.fullmatch(r"[!-~]+", url)


def test_absent_message_hint_is_not_sent(registration: Registration) -> None:
    login = parse_login({name: value for name, value in LOGIN.items() if name != "lti_message_hint"})
    url = build_authentication_url(registration, login, state="s", nonce="n", redirect_uri=REDIRECT)
    assert "lti_message_hint" not in url


@pytest.mark.parametrize("bad", ["", "with space", "plus+", "ü", "x" * 201])
def test_state_and_nonce_hold_only_what_moodle_lets_through(bad: str, registration: Registration) -> None:
    for state, nonce in ((bad, "n"), ("s", bad)):
        with pytest.raises(ValueError, match="letters"):
            build_authentication_url(registration, parse_login(LOGIN), state=state, nonce=nonce, redirect_uri=REDIRECT)


def test_switched_off_registration_is_not_asked(scene: Any) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        build_authentication_url(
            scene.registration(active=False), parse_login(LOGIN), state="s", nonce="n", redirect_uri=REDIRECT
        )
    assert refusal.value.code == RefusalCode.REGISTRATION_INACTIVE


class StockLogin(OIDCLogin[GivenParameters, KnownPlatform, FlowMemory, NoCookies, str]):
    """The stock login with its one abstract method filled in."""

    def get_redirect(self, url: str) -> LoginRedirect:
        return LoginRedirect(url)


class OneClient(KnownPlatform):
    """A configuration as the library's own: one client per issuer until somebody says otherwise."""

    def check_iss_has_one_client(self, iss: str) -> bool:
        return True

    def find_registration_by_issuer(self, iss: str, *args: object, **kwargs: object) -> Any:
        return self._known


def build_stock_url(registration: Registration, parameters: dict[str, str]) -> str:
    login = StockLogin(GivenParameters(parameters), OneClient(registration), FlowMemory("n"), NoCookies())
    return login.get_redirect_object(REDIRECT).get_redirect_url()


def build_own_url(registration: Registration, parameters: dict[str, str]) -> str:
    return build_authentication_url(registration, parse_login(parameters), state="s", nonce="n", redirect_uri=REDIRECT)


def test_address_with_a_query_keeps_it_and_stock_breaks_it(scene: Any) -> None:
    registration = scene.registration(auth_url=f"{ISSUER}/auth?tenant=a%20b#part")
    own = urlsplit(build_own_url(registration, LOGIN))
    assert (parse_qs(own.query)["tenant"], parse_qs(own.query)["scope"], own.fragment) == (["a b"], ["openid"], "")
    stock = urlsplit(build_stock_url(registration, LOGIN))
    assert "scope" not in parse_qs(stock.query)


def test_login_of_another_client_is_refused_and_stock_accepts_it(registration: Registration) -> None:
    assert build_stock_url(registration, LOGIN | {"client_id": "another"})
    with pytest.raises(LaunchRefused) as refusal:
        build_own_url(registration, LOGIN | {"client_id": "another"})
    assert refusal.value.code == RefusalCode.WRONG_AUDIENCE


def test_login_of_another_issuer_is_refused_and_stock_accepts_it(registration: Registration) -> None:
    assert build_stock_url(registration, LOGIN | {"iss": "https://evil.example"})
    with pytest.raises(LaunchRefused) as refusal:
        build_own_url(registration, LOGIN | {"iss": "https://evil.example"})
    assert refusal.value.code == RefusalCode.WRONG_ISSUER


def test_login_without_target_is_refused_and_stock_accepts_it(registration: Registration) -> None:
    without = {name: value for name, value in LOGIN.items() if name != "target_link_uri"}
    assert build_stock_url(registration, without)
    login = LoginInitiation(issuer=ISSUER, login_hint="7", target_link_uri="")
    with pytest.raises(LaunchRefused) as refusal:
        ToolLogin(registration, login, state="s", nonce="n").get_redirect_object(REDIRECT)
    assert refusal.value.code == RefusalCode.MISSING_LOGIN_PARAMETER


def test_stock_login_without_issuer_has_no_code(registration: Registration) -> None:
    with pytest.raises(OIDCException):
        build_stock_url(registration, {})


def test_state_and_nonce_are_the_callers_and_stock_invents_its_own(registration: Registration) -> None:
    own = parse_qs(urlsplit(build_own_url(registration, LOGIN)).query)
    assert (own["state"], own["nonce"]) == (["s"], ["n"])
    stock = parse_qs(urlsplit(build_stock_url(registration, LOGIN)).query)
    assert stock["state"] != ["s"]


def test_redirect_is_an_address_and_no_page() -> None:
    redirect = LoginRedirect("https://a.example/")
    assert redirect.do_redirect() == redirect.do_js_redirect() == redirect.get_redirect_url() == "https://a.example/"
    redirect.set_redirect_url("https://b.example/")
    assert redirect.get_redirect_url() == "https://b.example/"


@given(
    st.dictionaries(st.text(alphabet="ab_", min_size=1), st.text(st.characters(codec="utf-8"), min_size=1), min_size=1)
)
def test_appended_parameters_are_read_back(parameters: dict[str, str]) -> None:
    url = append_query("https://a.example/x?one=1", parameters)
    assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == {"one": "1"} | parameters


def test_tokens_are_256_random_bits() -> None:
    made = {new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in made)


def test_digest_is_sha256_of_any_text() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert re.fullmatch(r"[0-9a-f]{64}", digest("\ud800"))
