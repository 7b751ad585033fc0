"""The library's small parts, adapted: each beside the stock part it replaces."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pylti1p3.registration import Registration as LibraryRegistration
from pylti1p3.session import SessionService
from pylti1p3.tool_config.dict import ToolConfDict

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.library import (
    SEALED_SESSION,
    FlowMemory,
    GivenParameters,
    KnownPlatform,
    KnownRegistration,
    NoCookies,
)
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import Registration
from tests.certification.scene import CLIENT_ID, ISSUER, Scene
from tests.certification.stock import StockTool


def test_parameters_are_those_of_the_call() -> None:
    request = GivenParameters({"a": "b"})
    assert (request.get_param("a"), request.get_param("missing"), request.is_secure()) == ("b", "", True)


def test_no_cookie_is_kept() -> None:
    cookies = NoCookies()
    cookies.set_cookie("state", "value")
    assert cookies.get_cookie("state") is None


class TestFlowMemory:
    def test_only_this_flows_nonce_is_known(self) -> None:
        memory = FlowMemory("n-this")
        memory.save_nonce("n-other")
        assert memory.check_nonce("n-this")
        assert not memory.check_nonce("n-other")
        assert not memory.check_nonce("")
        assert not memory.check_nonce("n-this\ud800")

    def test_stock_service_knows_every_nonce_it_ever_gave(self, scene: Scene) -> None:
        stock = StockTool(scene)
        service = SessionService(GivenParameters({}))
        service.set_data_storage(stock.memory)
        assert service.check_nonce(scene.nonce)
        assert service.check_nonce(scene.other_nonce)
        assert service.check_nonce(scene.nonce)

    def test_token_seen_before_is_not_believed(self) -> None:
        memory = FlowMemory("n")
        memory.set_state_valid("state", "hash")
        assert not memory.check_state_is_valid("state", "hash")

    def test_stock_service_believes_a_token_it_has_seen(self, scene: Scene) -> None:
        service = SessionService(GivenParameters({}))
        service.set_data_storage(StockTool(scene).memory)
        service.set_state_valid("state", "hash")
        assert service.check_state_is_valid("state", "hash")

    def test_launch_is_not_kept(self) -> None:
        memory = FlowMemory("n")
        memory.save_launch_data("key", {"sub": "7"})
        assert vars(memory) == {"_nonce": b"n"}


class TestKnownRegistration:
    def test_key_is_an_object_with_its_name(self, registration: Registration, tool_keys: ToolKeys) -> None:
        key = tool_keys.signing_key()
        known = KnownRegistration(registration, key)
        assert isinstance(known.get_tool_private_key(), RSAPrivateKey)
        assert known.get_kid() == key.kid

    def test_stock_registration_derives_its_name_from_text_each_time(self) -> None:
        assert LibraryRegistration().get_kid() is None

    def test_addresses_are_the_registrations(self, registration: Registration) -> None:
        known = KnownRegistration(registration)
        assert (known.get_issuer(), known.get_client_id()) == (ISSUER, CLIENT_ID)
        assert known.get_auth_login_url() == registration.auth_url
        assert known.get_auth_token_url() == registration.token_url
        assert known.get_key_set_url() == registration.jwks_url
        assert known.get_tool_private_key() is None
        assert known.get_kid() is None


class TestKnownPlatform:
    def test_two_configurations_share_nothing(self, scene: Scene) -> None:
        one = KnownPlatform(scene.registration())
        KnownPlatform(scene.registration(client_id="another"))
        assert one.check_iss_has_many_clients(ISSUER)
        assert not one.check_iss_has_one_client(ISSUER)
        assert one.find_registration_by_params(ISSUER, CLIENT_ID).get_client_id() == CLIENT_ID

    def test_stock_configurations_share_how_many_clients_an_issuer_has(self) -> None:
        issuer = "https://shared.example.edu"
        client: Any = {"client_id": "a", "auth_login_url": "x", "auth_token_url": "y", "deployment_ids": ["1"]}
        one = ToolConfDict({issuer: client})
        assert one.check_iss_has_one_client(issuer)
        ToolConfDict({issuer: [client]})
        assert not one.check_iss_has_one_client(issuer)

    @pytest.mark.parametrize(
        ("issuer", "client_id", "code"),
        [
            ("https://evil.example", CLIENT_ID, RefusalCode.WRONG_ISSUER),
            (ISSUER, "evil", RefusalCode.WRONG_AUDIENCE),
        ],
    )
    def test_another_registration_is_refused_by_code(
        self, issuer: str, client_id: str, code: RefusalCode, registration: Registration
    ) -> None:
        with pytest.raises(LaunchRefused) as refusal:
            KnownPlatform(registration).find_registration_by_params(issuer, client_id)
        assert refusal.value.code == code

    def test_stock_configuration_fails_without_code(self, scene: Scene) -> None:
        with pytest.raises(Exception, match="not found") as error:
            StockTool(scene).config.find_registration_by_params("https://evil.example", "x")
        assert type(error.value) is Exception

    def test_issuer_alone_names_nobody(self, registration: Registration) -> None:
        platform = KnownPlatform(registration)
        with pytest.raises(LaunchRefused, match="client_id"):
            platform.find_registration_by_issuer(ISSUER)
        with pytest.raises(LaunchRefused, match="client_id"):
            platform.find_deployment(ISSUER, "7:d1")

    def test_deployment_is_the_one_the_login_named(self, registration: Registration) -> None:
        named, open_to_any = KnownPlatform(registration, "7:d1"), KnownPlatform(registration)
        assert named.find_deployment_by_params(ISSUER, "other", CLIENT_ID) is None
        for platform in (named, open_to_any):
            found = platform.find_deployment_by_params(ISSUER, "7:d1", CLIENT_ID)
            assert found is not None
            assert found.get_deployment_id() == "7:d1"


def test_library_has_no_network_of_its_own() -> None:
    with pytest.raises(RuntimeError, match="network"):
        SEALED_SESSION.get("https://lms.example.edu/jwks")
    with pytest.raises(RuntimeError, match="network"):
        SEALED_SESSION.post("https://lms.example.edu/token", data={})
