import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.tokens import describe, take_token_apart
from tests.certification.scene import KeyPair, encode


def write(header: object, payload: object = None, signature: bytes = b"s") -> str:
    parts = (json.dumps(header).encode(), json.dumps({} if payload is None else payload).encode(), signature)
    return ".".join(encode(part) for part in parts)


def test_token_is_taken_apart(platform_pair: KeyPair) -> None:
    token = platform_pair.sign({"sub": "ü"})
    parts = take_token_apart(token)
    assert (parts.key_id, parts.claims) == (platform_pair.kid, {"sub": "ü"})
    assert parts.signed_bytes == token.rsplit(".", 1)[0].encode()
    assert encode(parts.signature) == token.rsplit(".", 1)[1]


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", RefusalCode.MALFORMED_TOKEN),
        ("..", RefusalCode.MALFORMED_TOKEN),
        ("a.b", RefusalCode.MALFORMED_TOKEN),
        ("ä.b.c", RefusalCode.MALFORMED_TOKEN),
        ("\ud800.b.c", RefusalCode.MALFORMED_TOKEN),
        ("a" * 200_000, RefusalCode.MALFORMED_TOKEN),
        (write([]), RefusalCode.MALFORMED_TOKEN),
        (write({"alg": "RS256", "kid": "k"}, [1]), RefusalCode.MALFORMED_TOKEN),
        (write({"alg": "RS256", "kid": "k"}) + "=", RefusalCode.MALFORMED_TOKEN),
        (write({"alg": "RS256", "kid": "k"}) + "+", RefusalCode.MALFORMED_TOKEN),
        (write({"alg": "RS256", "kid": "k"}) + "\n", RefusalCode.MALFORMED_TOKEN),
        (write({"alg": "RS256", "kid": "k", "crit": []}), RefusalCode.MALFORMED_TOKEN),
        (write({"alg": "none", "kid": "k"}), RefusalCode.WRONG_ALGORITHM),
        (write({"alg": ["RS256"], "kid": "k"}), RefusalCode.WRONG_ALGORITHM),
        (write({"kid": "k"}), RefusalCode.WRONG_ALGORITHM),
        (write({"alg": "rs256", "kid": "k"}), RefusalCode.WRONG_ALGORITHM),
        (write({"alg": "RS256"}), RefusalCode.MISSING_KID),
        (write({"alg": "RS256", "kid": ""}), RefusalCode.MISSING_KID),
        (write({"alg": "RS256", "kid": 5}), RefusalCode.MISSING_KID),
    ],
)
def test_bad_token_is_refused(token: str, code: RefusalCode) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        take_token_apart(token)
    assert refusal.value.code == code


@given(st.text() | st.builds(".".join, st.lists(st.text(alphabet="abcXYZ019-_+/="), min_size=2, max_size=4)))
def test_any_text_is_refused_and_nothing_else_happens(token: str) -> None:
    with pytest.raises(LaunchRefused):
        take_token_apart(token)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_inside_base64url_are_refused_and_nothing_else_happens(header: bytes, payload: bytes) -> None:
    with pytest.raises(LaunchRefused):
        take_token_apart(f"{encode(header)}.{encode(payload)}.AA")


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_every_padding_is_understood(length: int) -> None:
    signature = bytes(range(length))
    assert take_token_apart(write({"alg": "RS256", "kid": "k"}, signature=signature)).signature == signature


def test_standard_alphabet_is_not_base64url() -> None:
    token = write({"alg": "RS256", "kid": "k"}, signature=b"\xfb\xff\xfe")
    assert "-" in token or "_" in token
    head, _, _ = token.rpartition(".")
    with pytest.raises(LaunchRefused):
        take_token_apart(f"{head}.{base64.b64encode(bytes([0xFB, 0xFF, 0xFE])).decode()}")


def test_description_never_holds_what_a_log_cannot_write() -> None:
    assert describe("a\ud800") == r"'a\ud800'"
    assert describe("x" * 5000) == repr("x" * 200)
    assert describe({"a": []}) == "dict"
