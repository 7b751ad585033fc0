"""The second leg: a platform's posted token checked, rule by rule, and read into a LaunchMessage."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pylti1p3.exception import LtiException
from pylti1p3.message_launch import MessageLaunch
from typing_extensions import override

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import Claims, Origin, read_message, read_origin, read_return_url
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.library import SEALED_SESSION, FlowMemory, GivenParameters, KnownPlatform, NoCookies
from lti_tool.lti.platform_keys import PlatformKeys
from lti_tool.lti.tokens import ALGORITHM, TokenParts, describe, take_token_apart, verify_signature
from lti_tool.lti.values import ExpectedLaunch, LaunchForm, LaunchMessage

LEEWAY_SECONDS: Final = 60
OLDEST_ISSUE_SECONDS: Final = 600
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")


class ToolMessageLaunch(MessageLaunch[GivenParameters, KnownPlatform, FlowMemory, NoCookies]):
    """The library's launch with its measured gaps closed; each override says which.

    One object checks one token. State, single use and the browser's binding are the database's business and are
    checked by the caller before and after.
    """

    def __init__(
        self, id_token: str, expected: ExpectedLaunch, now: datetime, keys: PlatformKeys, origin: Origin
    ) -> None:
        super().__init__(
            GivenParameters({"id_token": id_token}),
            KnownPlatform(expected.registration, expected.deployment_hint),
            FlowMemory(expected.nonce),
            NoCookies(),
            requests_session=SEALED_SESSION,
        )
        self._token = id_token
        self._expected = expected
        self._now = now.timestamp()
        self._keys = keys
        self._own_origin = origin
        self._parts: TokenParts | None = None
        self._message: LaunchMessage | None = None
        self.is_signed = False

    @property
    def claims(self) -> Claims:
        """The payload; believe it only when :attr:`is_signed`."""
        return self._take_apart().claims

    @property
    def message(self) -> LaunchMessage:
        """The message that was read.

        Raises:
            LtiException: it has not been read yet.
        """
        if self._message is None:
            raise LtiException("the message was asked for before it was checked")
        return self._message

    @override
    def validate(self) -> Self:
        """Check everything, the signature before any claim but issuer and audience.

        The stock order believes the nonce and looks up the registration first, and it stores the launch at the end.

        Raises:
            LaunchRefused: with the code of the first rule that is broken.
        """
        self._validated = True
        self.validate_jwt_format()
        self.validate_registration()
        self.validate_jwt_signature()
        self.validate_times()
        self.validate_nonce()
        self.validate_message()
        self.validate_deployment()
        return self

    @override
    def validate_state(self) -> Self:
        """Do nothing: the stock check accepts a token again because it has seen it before.

        The caller has found the unused flow that belongs to the state, and consumes it afterwards.
        """
        return self

    @override
    def validate_jwt_format(self) -> Self:
        """Take the token apart strictly; the stock check crashes later on a payload that is no object."""
        self._jwt = {"header": {"kid": self._take_apart().key_id, "alg": ALGORITHM}, "body": self._take_apart().claims}  # type: ignore[typeddict-item]
        return self

    @override
    def get_iss(self) -> str:
        """Give ``iss``, if it is text.

        Raises:
            LaunchRefused: wrong_issuer.
        """
        issuer = self.claims.get("iss")
        if not isinstance(issuer, str):
            raise LaunchRefused(RefusalCode.WRONG_ISSUER, "iss is missing or not text")
        return issuer

    @override
    def get_client_id(self) -> str:
        """Give whom the token was issued to (V6, V7; OpenID Connect Core §3.1.3.7).

        The stock class takes the first audience and ignores the others and ``azp``. Here our client_id must be among
        the audiences, several audiences need an ``azp``, and any ``azp`` must be ours.

        Raises:
            LaunchRefused: wrong_audience or wrong_azp.
        """
        client_id = self._expected.registration.client_id
        audience = self.claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if client_id not in audiences or not all(isinstance(one, str) for one in audiences):
            raise LaunchRefused(RefusalCode.WRONG_AUDIENCE, f"aud is {describe(audience)}, not {client_id!r}")
        authorized = self.claims.get("azp")
        if authorized is None and any(one != client_id for one in audiences):
            raise LaunchRefused(RefusalCode.WRONG_AUDIENCE, "aud holds others beside us and no azp says whom it is for")
        if authorized is not None and authorized != client_id:
            raise LaunchRefused(RefusalCode.WRONG_AZP, f"azp is {describe(authorized)}, not {client_id!r}")
        return client_id

    @override
    def get_public_key(self) -> tuple[RSAPublicKey, str]:  # type: ignore[override]  # an object instead of PEM text
        """Find the platform's key; the stock class fetches without limits for every launch, or never again."""
        return self._keys.key(self._expected.registration, self._take_apart().key_id), ALGORITHM

    @override
    def validate_jwt_signature(self) -> Self:
        """Verify RS256 and nothing else (V3); the stock class takes the algorithm from the token's header.

        Raises:
            LaunchRefused: bad_signature, unknown_key or platform_keys_unreachable.
        """
        key, _ = self.get_public_key()
        parts = self._take_apart()
        verify_signature(parts, key)
        self.is_signed = True
        return self

    def validate_times(self) -> Self:
        """Check V8 and V9 with clocks up to a minute apart; the stock class needs neither claim and has no leeway.

        Raises:
            LaunchRefused: missing_expiry, expired, missing_issued_at, issued_in_future, issued_too_long_ago,
                not_yet_valid or bad_claim.
        """
        expires = self._read_time("exp", RefusalCode.MISSING_EXPIRY)
        if expires is not None and expires < self._now - LEEWAY_SECONDS:
            raise LaunchRefused(RefusalCode.EXPIRED, f"exp was {self._now - expires:.0f} s ago")
        issued = self._read_time("iat", RefusalCode.MISSING_ISSUED_AT)
        if issued is not None and issued > self._now + LEEWAY_SECONDS:
            raise LaunchRefused(RefusalCode.ISSUED_IN_FUTURE, f"iat is {issued - self._now:.0f} s ahead of our clock")
        if issued is not None and issued < self._now - OLDEST_ISSUE_SECONDS:
            raise LaunchRefused(RefusalCode.ISSUED_TOO_LONG_AGO, f"iat was {self._now - issued:.0f} s ago")
        begins = self._read_time("nbf", None)
        if begins is not None and begins > self._now + LEEWAY_SECONDS:
            raise LaunchRefused(RefusalCode.NOT_YET_VALID, f"nbf is {begins - self._now:.0f} s ahead of our clock")
        return self

    @override
    def validate_nonce(self) -> Self:
        """Check V10: the nonce is this flow's; the stock class accepts that of any other flow, again and again.

        Raises:
            LaunchRefused: missing_nonce or wrong_nonce.
        """
        nonce = self.claims.get("nonce")
        if nonce is None or nonce == "":
            raise LaunchRefused(RefusalCode.MISSING_NONCE, "there is no nonce")
        if not isinstance(nonce, str) or not self._session_service.check_nonce(nonce):
            raise LaunchRefused(RefusalCode.WRONG_NONCE, "the nonce is not the one this login was given")
        return self

    @override
    def validate_message(self) -> Self:
        """Read the message with every type checked, then let the stock checks see it, which crash on wrong types.

        Raises:
            LaunchRefused: with the code of the first rule that is broken.
        """
        allow_anonymous = self._expected.registration.allows_anonymous
        self._message = read_message(self.claims, self._own_origin, allow_anonymous=allow_anonymous)
        if self._message.message_type == vocabulary.MESSAGE_RESOURCE_LINK and self._message.subject:
            super().validate_message()
        return self

    @override
    def validate_deployment(self) -> Self:
        """Check that the deployment is the one the login named, if it named one (V13).

        Raises:
            LaunchRefused: wrong_deployment.
        """
        deployment, hint = self.message.deployment_id, self._expected.deployment_hint
        if hint is not None and deployment != hint:
            raise LaunchRefused(
                RefusalCode.WRONG_DEPLOYMENT, f"deployment_id is {deployment!r}, the login said {hint[:255]!r}"
            )
        super().validate_deployment()
        return self

    @override
    def save_launch_data(self) -> Self:
        """Keep nothing: the stock class puts the whole payload into its storage."""
        return self

    @override
    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def _take_apart(self) -> TokenParts:
        if self._parts is None:
            self._parts = take_token_apart(self._token)
        return self._parts

    def _read_time(self, name: str, missing: RefusalCode | None) -> float | None:
        value = self.claims.get(name)
        if value is None:
            if missing is None:
                return None
            raise LaunchRefused(missing, f"there is no {name}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is a {type(value).__name__}, not a number")
        # An integer beyond any float compares well but cannot be shown, and means no time on any clock.
        if not -1e15 < value < 1e15 or not math.isfinite(value):
            raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is not a time")
        return float(value)


class LaunchVerifier:
    """Checks launches against what their flows remember. One per process; any number of threads."""

    def __init__(self, keys: PlatformKeys, base_url: str) -> None:
        origin = read_origin(base_url)
        if origin is None:
            raise ValueError(f"the base URL is not an http(s) address: {base_url!r}")
        self._keys = keys
        self._own_origin = origin

    def read_form(self, form: Mapping[str, str]) -> LaunchForm:
        """Read what the platform posted (V1). After a platform_error the caller still ends the flow of its ``state``.

        Raises:
            LaunchRefused: platform_error, missing_state, flow_unknown or missing_token.
        """
        if form.get("error"):
            words = f"{form['error']}: {form.get('error_description', '')}"
            raise LaunchRefused(RefusalCode.PLATFORM_ERROR, ascii(words)[1:-1][:500])
        state, token = form.get("state", ""), form.get("id_token", "")
        if not state:
            raise LaunchRefused(RefusalCode.MISSING_STATE, "the form has no state")
        if not _STATE.fullmatch(state):
            raise LaunchRefused(RefusalCode.FLOW_UNKNOWN, "the state holds what we never send")
        if not token:
            raise LaunchRefused(RefusalCode.MISSING_TOKEN, "the form has no id_token")
        return LaunchForm(state, token)

    def verify(self, id_token: str, expected: ExpectedLaunch, now: datetime) -> LaunchMessage:
        """Check a token (V3 to V20) and read it. Whether its deployment is known is for the database to say.

        Raises:
            LaunchRefused: with the code of the first rule that is broken, and the way back once the token is proved.
        """
        if not expected.registration.active:
            raise LaunchRefused(
                RefusalCode.REGISTRATION_INACTIVE, f"registration {expected.registration.id} is switched off"
            )
        launch = ToolMessageLaunch(id_token, expected, now, self._keys, self._own_origin)
        try:
            return launch.validate().message
        except LaunchRefused as refused:
            raise refused.with_return_url(read_return_url(launch.claims) if launch.is_signed else None) from None
        except LtiException as error:
            raise LaunchRefused(RefusalCode.BAD_CLAIM, str(error)[:500]) from None
