"""A JWS in compact form taken apart, strictly and fast, and its signature verified (RFC 7515 §5.2)."""

import binascii
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.json_text import BadJsonError, parse_json

LONGEST_TOKEN: Final = 128 * 1024
ALGORITHM: Final = "RS256"
_PADDING: Final = PKCS1v15()
_HASH: Final = SHA256()
_TO_STANDARD_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class TokenParts:
    """A token's parts, nothing of them believed yet."""

    key_id: str
    claims: dict[str, object]
    signed_bytes: bytes
    signature: bytes


def take_token_apart(token: str) -> TokenParts:
    """Decode a token's three parts and check its header against what this tool accepts, whatever the header asks for.

    The algorithm comes from here, never from the header; ``jku``, ``jwk``, ``x5u`` and ``x5c`` are not looked at.

    Raises:
        LaunchRefused: malformed_token, wrong_algorithm or missing_kid.
    """
    if len(token) > LONGEST_TOKEN:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"the token is longer than {LONGEST_TOKEN} characters")
    try:
        encoded = token.encode("ascii")
    except UnicodeEncodeError:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, "the token holds characters outside base64url") from None
    segments = encoded.split(b".")
    if len(segments) != 3:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"a token has three parts, this has {len(segments)}")
    key_id = _check_header(_decode_object(segments[0], "header"))
    return TokenParts(
        key_id=key_id,
        claims=_decode_object(segments[1], "payload"),
        signed_bytes=encoded[: len(segments[0]) + 1 + len(segments[1])],
        signature=_decode_segment(segments[2], "signature"),
    )


def verify_signature(parts: TokenParts, key: RSAPublicKey) -> None:
    """Verify RS256 and nothing else (V3).

    Raises:
        LaunchRefused: bad_signature.
    """
    try:
        key.verify(parts.signature, parts.signed_bytes, _PADDING, _HASH)
    except InvalidSignature:
        raise LaunchRefused(RefusalCode.BAD_SIGNATURE, f"kid {parts.key_id[:100]!r} did not sign this") from None


def describe(value: object) -> str:
    """Say what a claim holds, for the log: text quoted and cut, anything else by its type only."""
    return repr(value[:200]) if isinstance(value, str) else type(value).__name__


def _check_header(header: dict[str, object]) -> str:
    if header.get("alg") != ALGORITHM:
        raise LaunchRefused(RefusalCode.WRONG_ALGORITHM, f"alg is {describe(header.get('alg'))}, not {ALGORITHM}")
    if "crit" in header:
        # RFC 7515 §4.1.11: an extension that must be understood and is not makes the token invalid.
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, "the header names critical extensions")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise LaunchRefused(RefusalCode.MISSING_KID, "the header has no kid")
    return key_id


def _decode_object(segment: bytes, name: str) -> dict[str, object]:
    try:
        value = parse_json(_decode_segment(segment, name))
    except BadJsonError as error:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"the {name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"the {name} is a {type(value).__name__}, not an object")
    return value


def _decode_segment(segment: bytes, name: str) -> bytes:
    # base64url has neither these two characters nor padding (RFC 7515 §2); the decoder alone would let them pass.
    if b"+" in segment or b"/" in segment or b"=" in segment:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"the {name} is not base64url")
    padded = segment.translate(_TO_STANDARD_ALPHABET) + b"=" * (-len(segment) % 4)
    try:
        return binascii.a2b_base64(padded, strict_mode=True)
    except ValueError:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"the {name} is not base64url") from None
