"""The first leg: a platform's login initiation read, and the address that asks it who is there."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration as LibraryRegistration
from typing_extensions import override

from lti_tool.lti.claims import is_storable
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.library import FlowMemory, GivenParameters, KnownPlatform, NoCookies
from lti_tool.lti.values import LoginInitiation, Registration

LONGEST_HINT: Final = 8 * 1024
LONGEST_ADDRESS: Final = 2000
LONGEST_NAME: Final = 255
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")


class LoginRedirect(Redirect[str]):
    """Where the browser goes next; going there is left to the web."""

    def __init__(self, url: str) -> None:
        self._url = url

    @override
    def do_redirect(self) -> str:
        """Give the address."""
        return self._url

    @override
    def do_js_redirect(self) -> str:
        """Give the address: there is no script to write it into."""
        return self._url

    @override
    def set_redirect_url(self, location: str) -> None:
        """Replace the address."""
        self._url = location

    @override
    def get_redirect_url(self) -> str:
        """Give the address."""
        return self._url


class ToolLogin(OIDCLogin[GivenParameters, KnownPlatform, FlowMemory, NoCookies, str]):
    """The library's login for one registration, with our state and nonce instead of a cookie and a session.

    Against the stock class: ``client_id`` is checked however many registrations an issuer has; ``target_link_uri`` is
    required; and an authorization address that has a query already keeps it.
    """

    def __init__(self, registration: Registration, login: LoginInitiation, *, state: str, nonce: str) -> None:
        hints = {"iss": login.issuer, "login_hint": login.login_hint, "target_link_uri": login.target_link_uri}
        optional = {"client_id": login.client_id, "lti_message_hint": login.message_hint}
        super().__init__(
            GivenParameters(hints | {name: value for name, value in optional.items() if value is not None}),
            KnownPlatform(registration, login.deployment_hint),
            FlowMemory(nonce),
            NoCookies(),
        )
        self._client_id = registration.client_id
        self._state = state
        self._nonce = nonce

    @override
    def get_redirect(self, url: str) -> LoginRedirect:
        """Wrap the address."""
        return LoginRedirect(url)

    @override
    def validate_oidc_login(self) -> LibraryRegistration:
        """Check that the login is this registration's.

        Raises:
            LaunchRefused: missing_login_parameter, wrong_issuer or wrong_audience.
        """
        for name in ("iss", "login_hint", "target_link_uri"):
            if not self._get_request_param(name):
                raise LaunchRefused(RefusalCode.MISSING_LOGIN_PARAMETER, f"the login has no {name}")
        return self._tool_config.find_registration_by_params(
            self._get_request_param("iss"), self._get_request_param("client_id") or self._client_id
        )

    @override
    def _prepare_redirect_url(self, launch_url: str) -> str:
        self._registration = self.validate_oidc_login()
        parameters = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": self._client_id,
            "redirect_uri": launch_url,
            "state": self._state,
            "nonce": self._nonce,
            "login_hint": self._get_request_param("login_hint"),
        }
        hint = self._get_request_param("lti_message_hint")
        if hint:
            parameters["lti_message_hint"] = hint
        return append_query(self._registration.get_auth_login_url() or "", parameters)


def parse_login(parameters: Mapping[str, str]) -> LoginInitiation:
    """Read a login initiation, from a GET or a POST alike (Security Framework §5.1.1.1).

    Nothing in it is believed, fetched or followed. The message hint is kept to the letter: Moodle's is raw JSON.

    Raises:
        LaunchRefused: missing_login_parameter or bad_login_parameter.
    """
    hint = _read_optional(parameters, "lti_deployment_id", LONGEST_NAME)
    # Canvas's documentation names the parameter without its prefix.
    canvas_hint = _read_optional(parameters, "deployment_id", LONGEST_NAME)
    if hint is not None and canvas_hint is not None and hint != canvas_hint:
        raise LaunchRefused(RefusalCode.BAD_LOGIN_PARAMETER, "lti_deployment_id and deployment_id differ")
    return LoginInitiation(
        issuer=_read_required(parameters, "iss", LONGEST_NAME),
        login_hint=_read_required(parameters, "login_hint", LONGEST_HINT),
        target_link_uri=_read_required(parameters, "target_link_uri", LONGEST_ADDRESS),
        client_id=_read_optional(parameters, "client_id", LONGEST_NAME),
        message_hint=_read_optional(parameters, "lti_message_hint", LONGEST_HINT),
        deployment_hint=hint if hint is not None else canvas_hint,
        storage_target=_read_optional(parameters, "lti_storage_target", LONGEST_NAME),
    )


def build_authentication_url(
    registration: Registration, login: LoginInitiation, *, state: str, nonce: str, redirect_uri: str
) -> str:
    """Build the address of the authentication request (Security Framework §5.1.1.2).

    Raises:
        LaunchRefused: registration_inactive, or the login is not this registration's.
        ValueError: state or nonce holds characters that Moodle would filter away (auth.php cleans both as PARAM_TEXT).
    """
    if not _TOKEN.fullmatch(state) or not _TOKEN.fullmatch(nonce):
        raise ValueError("state and nonce consist of letters, digits, - and _ only")
    if not registration.active:
        raise LaunchRefused(RefusalCode.REGISTRATION_INACTIVE, f"registration {registration.id} is switched off")
    flow = ToolLogin(registration, login, state=state, nonce=nonce)
    return flow.get_redirect_object(redirect_uri).get_redirect_url()


def append_query(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an address, whether it has a query or not. Their names are ours and need no quoting."""
    parts = urlsplit(url)
    added = "&".join([f"{name}={quote(value, safe='')}" for name, value in parameters.items()])
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added, fragment="").geturl()


def new_token() -> str:
    """Make 256 random bits as 43 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Hash a random token for keeping: whoever reads the database cannot use it (SHA-256, hexadecimal)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _read_required(parameters: Mapping[str, str], name: str, longest: int) -> str:
    value = _read_optional(parameters, name, longest)
    if value is None or value.isspace():
        raise LaunchRefused(RefusalCode.MISSING_LOGIN_PARAMETER, f"the login has no {name}")
    return value


def _read_optional(parameters: Mapping[str, str], name: str, longest: int) -> str | None:
    value = parameters.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > longest or not is_storable(value):
        raise LaunchRefused(
            RefusalCode.BAD_LOGIN_PARAMETER, f"{name} is not a text of at most {longest} characters without NUL"
        )
    return value
