"""pylti1p3's small parts, adapted: one registration per conversation, no cookies, no storage, no network of its own.

The stock parts read Flask's globals, keep launches in the browser's cookie and fetch without time limits. Ours hold
exactly what one call was given.
"""

from collections.abc import Mapping
from typing import NoReturn

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pylti1p3.cookie import CookieService
from pylti1p3.deployment import Deployment
from pylti1p3.registration import Registration as LibraryRegistration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract
from typing_extensions import override

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.tool_keys import ToolKey
from lti_tool.lti.values import Registration


class GivenParameters(Request):
    """The request as the library sees it: the parameters of this call, nothing else."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters

    @override
    def is_secure(self) -> bool:
        """Say yes: our own address comes from the settings, never from a request."""
        return True

    @override
    def get_param(self, key: str) -> str:
        """Give a parameter, or the empty text."""
        return self._parameters.get(key, "")


class NoCookies(CookieService):
    """The library sets and reads no cookie; the browser is bound to its flow elsewhere."""

    @override
    def get_cookie(self, name: str) -> str | None:
        """Know of no cookie."""
        return None

    @override
    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        """Keep nothing."""


class FlowMemory(SessionService):
    """The session as the library sees it: the one nonce of this flow.

    The stock service believes any nonce it ever issued, for a day and any number of times, and stores the whole token.
    """

    def __init__(self, nonce: str) -> None:
        # The stock __init__ would set up cookie storage.
        self._nonce = nonce.encode("utf-8", "surrogatepass")

    @override
    def check_nonce(self, nonce: str) -> bool:
        """Whether it is this flow's nonce."""
        # Not a secret comparison: the browser that sends the token has seen the nonce in the address of its login.
        return nonce.encode("utf-8", "surrogatepass") == self._nonce

    @override
    def save_nonce(self, nonce: str) -> None:
        """Keep nothing: the flow's row holds the nonce."""

    @override
    def check_state_is_valid(self, state: str, id_token_hash: str) -> bool:
        """Believe no token because it was seen before: that is a replay."""
        return False

    @override
    def save_launch_data(self, key: str, jwt_body: Mapping[str, object]) -> None:
        """Keep nothing: the token's claims are neither stored nor logged."""

    @override
    def set_state_valid(self, state: str, id_token_hash: str) -> None:
        """Keep nothing: a state is used once, in the database."""


class KnownRegistration(LibraryRegistration):
    """A registration as the library sees it: platform addresses and, for services, a key *object* to sign with.

    The stock class takes PEM text, which is parsed and validated again for every signature (about 37 ms of CPU).
    """

    def __init__(self, registration: Registration, key: ToolKey | None = None) -> None:
        self.set_issuer(registration.issuer)
        self.set_client_id(registration.client_id)
        self.set_auth_login_url(registration.auth_url)
        self.set_auth_token_url(registration.token_url)
        self.set_key_set_url(registration.jwks_url)
        self._key = key

    @override
    def get_tool_private_key(self) -> RSAPrivateKey | None:  # type: ignore[override]  # an object instead of text
        """Give the key object; PyJWT signs with it as it is."""
        return None if self._key is None else self._key.private_key

    @override
    def get_kid(self) -> str | None:
        """Give the key's name without deriving it again."""
        return None if self._key is None else self._key.kid


class KnownPlatform(ToolConfAbstract[GivenParameters]):
    """The tool's configuration as the library sees it: the one registration this conversation is about.

    The stock class keeps how many clients an issuer has in a dictionary shared by every configuration of the process.
    """

    def __init__(self, registration: Registration, deployment_hint: str | None = None) -> None:
        self._known = KnownRegistration(registration)
        self._deployment_hint = deployment_hint

    @override
    def check_iss_has_one_client(self, iss: str) -> bool:
        """Say no: a registration is always issuer and client_id."""
        return False

    @override
    def check_iss_has_many_clients(self, iss: str) -> bool:
        """Say yes: hosted Canvas has every school under one issuer."""
        return True

    @override
    def find_registration_by_issuer(self, iss: str, *args: object, **kwargs: object) -> NoReturn:
        """Refuse: an issuer alone names nobody."""
        raise LaunchRefused(RefusalCode.UNKNOWN_CLIENT, "a registration was asked for without its client_id")

    @override
    def find_registration_by_params(
        self,
        iss: str,
        client_id: str,
        *args: object,
        **kwargs: object,
    ) -> KnownRegistration:
        """Give the registration, if it is the one asked for.

        Raises:
            LaunchRefused: wrong_issuer or wrong_audience.
        """
        if iss != self._known.get_issuer():
            raise LaunchRefused(RefusalCode.WRONG_ISSUER, f"iss is {iss[:200]!r}, not {self._known.get_issuer()!r}")
        if client_id != self._known.get_client_id():
            raise LaunchRefused(RefusalCode.WRONG_AUDIENCE, f"the token is for {client_id[:200]!r}")
        return self._known

    @override
    def find_deployment(self, iss: str, deployment_id: str) -> NoReturn:
        """Refuse: an issuer alone names nobody."""
        raise LaunchRefused(RefusalCode.UNKNOWN_CLIENT, "a deployment was asked for without its client_id")

    @override
    def find_deployment_by_params(
        self,
        iss: str,
        deployment_id: str,
        client_id: str,
        *args: object,
        **kwargs: object,
    ) -> Deployment | None:
        """Give the deployment unless the login named another; whether it is known is for the database to say."""
        if self._deployment_hint not in {None, deployment_id}:
            return None
        return Deployment().set_deployment_id(deployment_id)


class SealedSession(requests.Session):
    """What the library gets as its network: nothing. Every request goes through our own client and its limits."""

    @override
    def request(self, *args: object, **kwargs: object) -> NoReturn:
        """Refuse to go out.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("pylti1p3 tried to use a network of its own")


SEALED_SESSION = SealedSession()
