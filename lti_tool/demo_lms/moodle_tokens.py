"""What Moodle 4.5.6 looks at in an assertion, and in which words it refuses one (captured).

It wants a ``kid``, a right signature, a known ``sub``, an end that has not come and no beginning in the future. It
does not look at ``iss``, ``aud`` and ``jti``, takes an assertion that lacks ``exp`` or ``iat``, and takes one twice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import jwt

from lti_tool.demo_lms.fields import is_finite_number
from lti_tool.demo_lms.keys import SIGNATURE_ONLY, ToolKeysUnavailableError
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, require
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.traffic import Exchange


def check_assertion_as_moodle(platform: Platform, exchange: Exchange, tool: RegisteredTool, assertion: str) -> None:
    """Check the assertion as Moodle does.

    Raises:
        ServiceRefusedError: it is refused; ``error`` is the free text Moodle puts there.
    """

    def check(requirement: str, passed: bool, words: str, found: object = "") -> None:
        require(exchange, requirement, passed, error=words, found=found)

    header, claims = _read_unverified(assertion)
    check("the assertion is a signed token", bool(header), "invalid_request")
    check("sub is the client_id", claims.get("sub") == tool.client_id, "invalid_client", claims.get("sub"))
    kid = header.get("kid")
    check("it names its key (kid)", bool(kid), "error/Error: kid must be provided in JWT header.")
    try:
        key = platform.find_keys_of(tool).find(str(kid), platform.read_clock())
    except ToolKeysUnavailableError as error:
        exchange.check("the tool's keys can be fetched", False, error)
        raise ServiceRefusedError(404, "keys_unavailable", str(error)) from error
    check("the tool publishes that key", key is not None, '"kid" invalid, unable to lookup correct key', kid)
    check("it is signed with RS256", header.get("alg") == "RS256", "Incorrect key for this algorithm")
    try:
        jwt.decode(assertion, key or "", algorithms=["RS256"], options=SIGNATURE_ONLY)
    except jwt.PyJWTError as error:
        exchange.check("the signature is right", False, type(error).__name__)
        reason = "The assertion's signature is not right."
        raise ServiceRefusedError(400, "Signature verification failed", reason) from error
    exchange.check("the signature is right", True)
    now, ends, began = platform.read_clock().timestamp(), claims.get("exp"), claims.get("iat")
    if is_finite_number(began):
        start = datetime.fromtimestamp(float(str(began)), UTC)
        words = f"Cannot handle token with iat prior to {start:%Y-%m-%dT%H:%M:%S%z}"
        check("iat, if it is there, is not in the future", start.timestamp() <= now, words, began)
    if is_finite_number(ends):
        check("exp, if it is there, is in the future", float(str(ends)) > now, "Expired token", ends)


def _read_unverified(assertion: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    try:
        token = jwt.decode_complete(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}, {}
    header: Mapping[str, object] = token["header"]
    claims: Mapping[str, object] = token["payload"]
    return header, claims
