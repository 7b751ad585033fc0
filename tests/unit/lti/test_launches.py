"""The launch's overrides, one by one, each beside what the stock method does with the same token."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pylti1p3.exception import LtiException

from lti_tool.lti.claims import read_origin
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.launches import LaunchVerifier, ToolMessageLaunch
from lti_tool.lti.platform_keys import PlatformKeys
from tests.certification.payloads import Stock
from tests.certification.scene import CLIENT_ID, TOOL, KeyPair, Scene
from tests.certification.stock import StockLaunch, StockTool
from tests.unit.lti.doubles import ScriptedClient, answer_json, keys_that_serve

OWN_ORIGIN = read_origin(TOOL) or ("", "", 0)


def open_own(scene: Scene, token: str) -> ToolMessageLaunch:
    return ToolMessageLaunch(token, scene.expected(), scene.now, keys_that_serve(scene.keys, now=scene.now), OWN_ORIGIN)


def open_stock(scene: Scene, token: str) -> StockLaunch:
    """A stock launch that has decoded the token and found its registration, as its own ``validate`` would."""
    tool = StockTool(scene)
    launch = tool.open(token)
    launch.set_auto_validation(enable=False)
    launch.validate_jwt_format().validate_registration()
    return launch


def refuse(check: Callable[[], object]) -> RefusalCode:
    with pytest.raises(LaunchRefused) as refusal:
        check()
    return refusal.value.code


def test_state_is_not_compared_with_what_was_seen_and_stock_accepts_a_replay(scene: Scene) -> None:
    tool, token = StockTool(scene), scene.token()
    assert tool.ask(token) == tool.ask(token) == Stock.ACCEPTS
    own = open_own(scene, token)
    assert own.validate_state() is own


def test_format_refuses_a_payload_that_is_no_object_and_stock_crashes(scene: Scene) -> None:
    token = scene.keys.sign([1])
    with pytest.raises(AttributeError):
        open_stock(scene, token)
    assert refuse(open_own(scene, token).validate_jwt_format) == RefusalCode.MALFORMED_TOKEN


def test_format_refuses_padding_and_stock_accepts_it(scene: Scene) -> None:
    token = scene.keys.sign(scene.claims(pad="x"))
    head, payload, signature = token.split(".")
    padded = f"{head}.{payload}{'=' * (-len(payload) % 4 or 4)}.{signature}"
    assert open_stock(scene, padded)
    assert refuse(open_own(scene, padded).validate_jwt_format) == RefusalCode.MALFORMED_TOKEN


def test_issuer_that_is_no_text_is_refused_and_stock_hands_it_on(scene: Scene) -> None:
    token = scene.token(iss=["x"])
    stock = StockTool(scene).open(token)
    stock.set_auto_validation(enable=False)
    assert stock.validate_jwt_format().get_iss() == ["x"]  # type: ignore[comparison-overlap]
    assert refuse(open_own(scene, token).get_iss) == RefusalCode.WRONG_ISSUER


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": [CLIENT_ID, "evil"]}, RefusalCode.WRONG_AUDIENCE),
        ({"azp": "evil"}, RefusalCode.WRONG_AZP),
        ({"aud": [CLIENT_ID, 5], "azp": CLIENT_ID}, RefusalCode.WRONG_AUDIENCE),
    ],
)
def test_client_id_needs_every_audience_and_stock_takes_the_first(
    changes: dict[str, object], code: RefusalCode, scene: Scene
) -> None:
    token = scene.token(**changes)
    assert open_stock(scene, token).get_client_id() == CLIENT_ID
    assert refuse(open_own(scene, token).get_client_id) == code


def test_client_id_is_found_behind_another_audience_and_stock_finds_the_other(scene: Scene) -> None:
    token = scene.token(aud=["other", CLIENT_ID], azp=CLIENT_ID)
    stock = StockTool(scene).open(token)
    stock.set_auto_validation(enable=False)
    assert stock.validate_jwt_format().get_client_id() == "other"
    assert open_own(scene, token).get_client_id() == CLIENT_ID


def test_key_is_an_object_from_the_cache_and_stock_makes_text_each_time(scene: Scene) -> None:
    jwks = answer_json({"keys": [scene.keys.public_jwk()]})
    keys = PlatformKeys(ScriptedClient(lambda _: jwks), lambda: scene.now)
    for _ in range(10):
        own = ToolMessageLaunch(scene.token(), scene.expected(), scene.now, keys, OWN_ORIGIN)
        key, algorithm = own.get_public_key()
        assert isinstance(key, RSAPublicKey)
        assert algorithm == "RS256"
    assert keys.fetches == 1
    text, _ = open_stock(scene, scene.token()).get_public_key()
    assert isinstance(text, bytes)


def test_signature_with_another_algorithm_of_the_key_is_refused_and_stock_accepts_it(scene: Scene) -> None:
    """The stock class takes the algorithm from header and key together; here it is RS256 by decision."""
    pair = KeyPair("rs512", scene.keys.private_key)
    token = pair.sign(scene.claims(), alg="RS512")
    tool = StockTool(scene, jwk=pair.public_jwk(alg="RS512"))
    assert tool.ask(token) == Stock.ACCEPTS
    assert refuse(open_own(scene, token).validate_jwt_signature) == RefusalCode.WRONG_ALGORITHM


def test_signature_makes_the_claims_believable(scene: Scene) -> None:
    own = open_own(scene, scene.token())
    assert not own.is_signed
    own.validate_jwt_signature()
    assert own.is_signed
    forged = open_own(scene, scene.foreign_keys.sign(scene.claims(), kid=scene.keys.kid))
    assert refuse(forged.validate_jwt_signature) == RefusalCode.BAD_SIGNATURE
    assert not forged.is_signed


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_times_are_required_and_stock_needs_neither(name: str, scene: Scene) -> None:
    token = scene.token(**{name: None})
    open_stock(scene, token).validate_jwt_signature()
    assert refuse(open_own(scene, token).validate_times).value.startswith("missing_")


@pytest.mark.parametrize("seconds", [3, 60])
def test_times_have_leeway_and_stock_has_none(seconds: int, scene: Scene) -> None:
    token = scene.shift(seconds)
    with pytest.raises(LtiException, match="not yet valid"):
        open_stock(scene, token).validate_jwt_signature()
    open_own(scene, token).validate_times()


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1", True, [], {}, 1e300, -1e300, 10**400])
def test_times_that_are_no_times_are_refused(name: str, value: object, scene: Scene) -> None:
    assert refuse(open_own(scene, scene.token(**{name: value})).validate_times) == RefusalCode.BAD_CLAIM


def test_fractions_of_seconds_are_times(scene: Scene) -> None:
    seconds = scene.now.timestamp()
    own = open_own(scene, scene.token(iat=seconds, exp=seconds + 60.5, nbf=seconds - 0.5))
    assert own.validate().message.issued_at == datetime.fromtimestamp(int(seconds), scene.now.tzinfo)


def test_nonce_of_another_flow_is_refused_and_stock_accepts_it(scene: Scene) -> None:
    token = scene.token(nonce=scene.other_nonce)
    assert StockTool(scene).ask(token) == Stock.ACCEPTS
    assert refuse(open_own(scene, token).validate_nonce) == RefusalCode.WRONG_NONCE


@pytest.mark.parametrize("nonce", [5, True, ["n-this-flow"], {"n": 1}, "ü", "\ud800"])
def test_nonce_of_any_shape_is_refused(nonce: object, scene: Scene) -> None:
    assert refuse(open_own(scene, scene.token(nonce=nonce)).validate_nonce) == RefusalCode.WRONG_NONCE


def test_message_of_a_wrong_shape_is_refused_and_stock_crashes(scene: Scene) -> None:
    token = scene.token(resource_link="text")
    with pytest.raises(AttributeError):
        open_stock(scene, token).validate_message()
    assert refuse(open_own(scene, token).validate_message) == RefusalCode.BAD_CLAIM


def test_message_needs_a_target_on_our_host_and_stock_never_reads_it(scene: Scene) -> None:
    token = scene.token(target_link_uri="https://evil.example/")
    open_stock(scene, token).validate_message()
    assert refuse(open_own(scene, token).validate_message) == RefusalCode.FOREIGN_TARGET_LINK


def test_deployment_is_the_logins_and_stock_takes_any_it_was_configured_with(scene: Scene) -> None:
    tool = StockTool(scene, deployments=[scene.deployment_id, "another"])
    token = scene.token(deployment_id="another")
    assert tool.ask(token) == Stock.ACCEPTS
    assert refuse(open_own(scene, token).validate) == RefusalCode.WRONG_DEPLOYMENT


def test_nothing_is_kept_and_stock_keeps_the_whole_payload(scene: Scene) -> None:
    tool, token = StockTool(scene), scene.token()
    before = set(tool.memory.values)
    tool.ask(token)
    kept = [tool.memory.values[key] for key in set(tool.memory.values) - before]
    assert any(isinstance(value, dict) and value.get("email") == "jane@example.edu" for value in kept)
    own = open_own(scene, token).validate()
    assert own.save_launch_data() is own
    assert vars(own.get_session_service()) == {"_nonce": scene.nonce.encode()}


def test_signature_is_checked_before_any_claim_but_issuer_and_audience(scene: Scene) -> None:
    forged = scene.foreign_keys.sign(scene.claims(nonce="x", exp=1, roles=5), kid=scene.keys.kid)
    assert refuse(open_own(scene, forged).validate) == RefusalCode.BAD_SIGNATURE


def test_message_asked_for_too_early_is_an_error(scene: Scene) -> None:
    with pytest.raises(LtiException):
        _ = open_own(scene, scene.token()).message


class TestForm:
    @pytest.fixture
    def verifier(self, scene: Scene) -> LaunchVerifier:
        return LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), TOOL)

    def test_form_is_read(self, verifier: LaunchVerifier) -> None:
        form = verifier.read_form({"state": "s-1_A", "id_token": "a.b.c", "extra": "x"})
        assert (form.state, form.id_token) == ("s-1_A", "a.b.c")

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({}, RefusalCode.MISSING_STATE),
            ({"id_token": "a.b.c"}, RefusalCode.MISSING_STATE),
            ({"state": "s"}, RefusalCode.MISSING_TOKEN),
            ({"state": "s", "id_token": ""}, RefusalCode.MISSING_TOKEN),
            ({"state": "s p", "id_token": "a.b.c"}, RefusalCode.FLOW_UNKNOWN),
            ({"state": "s\0", "id_token": "a.b.c"}, RefusalCode.FLOW_UNKNOWN),
            ({"state": "s" * 201, "id_token": "a.b.c"}, RefusalCode.FLOW_UNKNOWN),
            ({"state": "s", "error": "login_required"}, RefusalCode.PLATFORM_ERROR),
            ({"state": "s", "error": "x", "id_token": "a.b.c"}, RefusalCode.PLATFORM_ERROR),
        ],
    )
    def test_form_that_lacks_something_is_refused(
        self, form: dict[str, str], code: RefusalCode, verifier: LaunchVerifier
    ) -> None:
        assert refuse(lambda: verifier.read_form(form)) == code

    def test_platforms_words_reach_the_log_in_one_safe_line(self, verifier: LaunchVerifier) -> None:
        form = {"error": "invalid_request", "error_description": "Invalid\nresponse_mode \ud800" + "x" * 1000}
        with pytest.raises(LaunchRefused) as refusal:
            verifier.read_form(form)
        assert refusal.value.detail.startswith("invalid_request: Invalid\\nresponse_mode")
        assert len(refusal.value.detail) <= 500
        assert refusal.value.detail.isprintable()


def test_base_url_must_be_an_address(scene: Scene) -> None:
    with pytest.raises(ValueError, match="base URL"):
        LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), "tool.example.org")


@pytest.fixture(scope="session")
def lasting_scene(platform_pair: KeyPair, stranger_pair: KeyPair) -> Scene:
    return Scene(platform_pair, stranger_pair, datetime.fromisoformat("2026-03-04T20:14:00+00:00"))


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(payload=GARBAGE, header=st.dictionaries(st.sampled_from(["alg", "kid", "crit", "typ"]), GARBAGE, max_size=2))
@settings(max_examples=150)
def test_signed_garbage_is_refused_and_nothing_else_happens(
    payload: Any, header: dict[str, Any], lasting_scene: Scene
) -> None:
    verifier = LaunchVerifier(keys_that_serve(lasting_scene.keys, now=lasting_scene.now), TOOL)
    with pytest.raises(LaunchRefused):
        verifier.verify(lasting_scene.keys.sign(payload, **header), lasting_scene.expected(), lasting_scene.now)


@given(
    changes=st.dictionaries(
        st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub"]), GARBAGE, min_size=1, max_size=3
    )
)
@settings(max_examples=150)
def test_correct_launch_with_garbage_in_it_is_read_or_refused(changes: dict[str, Any], lasting_scene: Scene) -> None:
    verifier = LaunchVerifier(keys_that_serve(lasting_scene.keys, now=lasting_scene.now), TOOL)
    token = lasting_scene.keys.sign(lasting_scene.claims() | changes)
    try:
        verifier.verify(token, lasting_scene.expected(), lasting_scene.now)
    except LaunchRefused:
        return
    # Only what may be absent, or may be any text, is let through.
    assert set(changes) <= {"azp", "nbf", "sub", "exp"}
