"""What can go wrong at the door: one code per reason, so that every refusal has its own words and its own test."""

from enum import StrEnum
from typing import Self

from lti_tool.lti.values import PlatformAnswer


class RefusalCode(StrEnum):
    """Why a login or a launch was refused. The value is shown as ``data-error-code`` and found again in the log."""

    UNKNOWN_ISSUER = "unknown_issuer"
    UNKNOWN_CLIENT = "unknown_client"
    AMBIGUOUS_CLIENT = "ambiguous_client"
    REGISTRATION_INACTIVE = "registration_inactive"
    MISSING_LOGIN_PARAMETER = "missing_login_parameter"
    BAD_LOGIN_PARAMETER = "bad_login_parameter"
    MISSING_STATE = "missing_state"
    FLOW_UNKNOWN = "flow_unknown"
    FLOW_EXPIRED = "flow_expired"
    FLOW_USED = "flow_used"
    WRONG_BROWSER = "wrong_browser"
    MISSING_TOKEN = "missing_token"  # noqa: S105  # a code, not a secret
    PLATFORM_ERROR = "platform_error"
    MALFORMED_TOKEN = "malformed_token"  # noqa: S105  # a code, not a secret
    MISSING_KID = "missing_kid"
    UNKNOWN_KEY = "unknown_key"
    PLATFORM_KEYS_UNREACHABLE = "platform_keys_unreachable"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_AZP = "wrong_azp"
    MISSING_EXPIRY = "missing_expiry"
    EXPIRED = "expired"
    MISSING_ISSUED_AT = "missing_issued_at"
    ISSUED_IN_FUTURE = "issued_in_future"
    ISSUED_TOO_LONG_AGO = "issued_too_long_ago"
    NOT_YET_VALID = "not_yet_valid"
    MISSING_NONCE = "missing_nonce"
    WRONG_NONCE = "wrong_nonce"
    MISSING_SUBJECT = "missing_subject"
    BAD_SUBJECT = "bad_subject"
    MISSING_MESSAGE_TYPE = "missing_message_type"
    UNKNOWN_MESSAGE_TYPE = "unknown_message_type"
    MISSING_VERSION = "missing_version"
    WRONG_VERSION = "wrong_version"
    MISSING_DEPLOYMENT = "missing_deployment"
    UNKNOWN_DEPLOYMENT = "unknown_deployment"
    WRONG_DEPLOYMENT = "wrong_deployment"
    MISSING_TARGET_LINK = "missing_target_link"
    FOREIGN_TARGET_LINK = "foreign_target_link"
    MISSING_RESOURCE_LINK = "missing_resource_link"
    MISSING_ROLES = "missing_roles"
    BAD_CLAIM = "bad_claim"
    MISSING_DEEP_LINKING_SETTINGS = "missing_deep_linking_settings"
    BAD_DEEP_LINK_RETURN = "bad_deep_link_return"
    COOKIES_REFUSED = "cookies_refused"
    DEEP_LINK_NEEDS_COOKIES = "deep_link_needs_cookies"
    DEEP_LINK_IN_TAB = "deep_link_in_tab"
    BROWSER_NOT_PROVED = "browser_not_proved"
    PARKED_LAUNCH_GONE = "parked_launch_gone"
    TICKET_GONE = "ticket_gone"
    DEEP_LINK_GONE = "deep_link_gone"
    NOT_FOR_PLACING = "not_for_placing"
    BODY_TOO_LARGE = "body_too_large"


class LaunchRefused(Exception):  # noqa: N818  # a refusal is an answer, not a fault
    """A login or launch that is not let in.

    ``detail`` is technical and for the log only. ``return_url`` is set only when a token whose signature, issuer and
    audience were verified carried one; it is http(s).
    """

    def __init__(self, code: RefusalCode, detail: str, return_url: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.return_url = return_url
        self.registration_id: str | None = None

    def with_return_url(self, return_url: str | None) -> Self:
        """Add the way back that the verified token named."""
        self.return_url = return_url
        return self


class RegistrationProblem(StrEnum):
    """Why a platform could not register this tool by itself (Dynamic Registration 1.0)."""

    BAD_CONFIGURATION_ADDRESS = "bad_configuration_address"
    CONFIGURATION_UNREACHABLE = "configuration_unreachable"
    CONFIGURATION_UNREADABLE = "configuration_unreadable"
    ISSUER_ELSEWHERE = "issuer_elsewhere"
    BAD_PLATFORM_ADDRESS = "bad_platform_address"
    PLATFORM_REFUSED_TOOL = "platform_refused_tool"
    REGISTRATION_UNREADABLE = "registration_unreadable"


class RegistrationRefused(Exception):  # noqa: N818  # a refusal is an answer, not a fault
    """A registration that did not come about.

    ``said`` are the platform's own words, for the administrator; ``detail`` is technical and for the log.
    """

    def __init__(self, problem: RegistrationProblem, detail: str, said: str = "") -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail
        self.said = said


class Unreachability(StrEnum):
    """How a request failed to bring an answer. ``TIMEOUT`` and ``DROPPED`` may have been acted upon over there."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    DROPPED = "dropped"
    TOO_LARGE = "too_large"
    BAD_URL = "bad_url"
    TLS = "tls"


class PlatformUnreachable(Exception):  # noqa: N818  # it names what happened
    """No usable answer came from a platform's address."""

    def __init__(self, kind: Unreachability, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class ServiceError(Exception):
    """A platform's service said no, or said nothing usable; ``answer`` says what to do about it."""

    def __init__(self, answer: PlatformAnswer) -> None:
        super().__init__(f"{answer.answer_class}: {answer.detail}")
        self.answer = answer


class NoKeyError(Exception):
    """The tool has no key pair to sign with; the message says which command makes one."""


class BadKeyError(Exception):
    """A key file cannot be used; the message names the file and the reason, never its content."""
