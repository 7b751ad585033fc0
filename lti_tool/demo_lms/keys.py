"""Keys on both sides: the LMS's own pairs, which sign launches, and the tool's public keys, which it fetches."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from jwt.api_jws import PyJWS
from jwt.types import Options

from lti_tool.demo_lms.memory import Memory
from lti_tool.demo_lms.settings import DemoLmsSettings

_KEYS_LIVE: Final = timedelta(minutes=10)
_LARGEST_KEY_SET: Final = 100_000
_JWS: Final = PyJWS()

# For those who look at the claims themselves, each in a platform's own words.
SIGNATURE_ONLY: Final[Options] = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}

SigningKey = RSAPrivateKey | str | bytes


class ToolKeysUnavailableError(Exception):
    """The tool's key set could not be fetched or read."""


def _encode_number(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _describe_public_key(key: RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"e": _encode_number(numbers.e), "kty": "RSA", "n": _encode_number(numbers.n)}


def _name_key(key: RSAPublicKey) -> str:
    """Return the key's RFC 7638 thumbprint."""
    canonical = json.dumps(_describe_public_key(key), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One of the LMS's key pairs."""

    kid: str
    private_key: RSAPrivateKey

    def describe(self) -> dict[str, str]:
        """Return the public half as a JSON Web Key."""
        return {
            **_describe_public_key(self.private_key.public_key()),
            "kid": self.kid,
            "alg": "RS256",
            "use": "sig",
        }


class PlatformKeys:
    """The LMS's own key pairs: the newest signs, all are published."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._pairs = self._load()
        if not self._pairs:
            self.rotate(only_if_none=True)

    def _load(self) -> list[KeyPair]:
        with self._memory.read() as connection:
            rows = connection.execute("SELECT kid, pem FROM platform_keys ORDER BY id DESC").fetchall()
        pairs = []
        for row in rows:
            key = serialization.load_pem_private_key(row["pem"].encode(), password=None)
            if not isinstance(key, RSAPrivateKey):
                raise TypeError("the demo LMS signs with RSA keys only")
            pairs.append(KeyPair(row["kid"], key))
        return pairs

    def rotate(self, *, only_if_none: bool = False) -> KeyPair:
        """Make a new pair that signs from now on; the older ones stay published."""
        key = generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with self._memory.write() as connection:
            known = connection.execute("SELECT count(*) FROM platform_keys").fetchone()[0]
            if not (only_if_none and known):
                connection.execute(
                    "INSERT INTO platform_keys (kid, pem) VALUES (?, ?)", (_name_key(key.public_key()), pem.decode())
                )
        self._pairs = self._load()
        return self.newest

    @property
    def newest(self) -> KeyPair:
        """The pair that signs."""
        return self._pairs[0]

    def describe_all(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key set."""
        return {"keys": [pair.describe() for pair in self._pairs]}

    def sign(self, claims: object, headers: Mapping[str, object] | None = None, key: SigningKey | None = None) -> str:
        """Return any JSON value as a signed token, RS256 with the newest key's ``kid`` unless told otherwise.

        ``headers`` are laid over the usual ones; None takes one away; ``alg`` chooses the algorithm ("none" too).
        ``key`` signs instead of the LMS's own. With these a test makes every token a tool has to refuse.
        """
        own = self.newest
        merged = {"typ": "JWT", "alg": "RS256", "kid": own.kid, **(headers or {})}
        algorithm = str(merged.pop("alg"))
        signing_key: SigningKey = own.private_key if key is None else key
        if algorithm == "none":
            signing_key = ""
        payload = json.dumps(claims, separators=(",", ":")).encode()
        kept = {name: value for name, value in merged.items() if value is not None}
        return _JWS.encode(payload, signing_key, algorithm=algorithm, headers=kept)


def fetch_key_set_over_http(url: str) -> Mapping[str, object]:
    """Return the key set published at ``url``: one request, no redirect, five seconds, a size cap.

    Raises:
        OSError: the request failed (``requests`` errors are OSErrors).
        ValueError: the answer is not a key set.
    """
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            url,
            headers={"Accept": "application/json", "User-Agent": "leading-edge-demo-lms"},
            timeout=5,
            allow_redirects=False,
        )
    if answer.status_code != 200:
        raise ValueError(f"{url} answered {answer.status_code}")
    if len(answer.content) > _LARGEST_KEY_SET:
        raise ValueError(f"{url} answered with more than {_LARGEST_KEY_SET} bytes")
    key_set: Mapping[str, object] = answer.json()
    return key_set


def _index_keys(key_set: object) -> dict[str, jwt.PyJWK]:
    """Return the set's RSA public keys by their ``kid``.

    Raises:
        ValueError: it is no key set.
        jwt.PyJWTError: a key in it is broken.
    """
    listed = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(listed, list):
        raise ValueError("the key set has no list of keys")  # noqa: TRY004 - what came over the wire is a value
    usable = [item for item in listed if isinstance(item, dict) and item.get("kty") == "RSA" and "d" not in item]
    named = [item for item in usable if isinstance(item.get("kid"), str)]
    return {item["kid"]: jwt.PyJWK.from_dict(item, algorithm="RS256") for item in named}


class ToolKeys:
    """The tool's public keys: fetched when first needed, kept ten minutes, fetched again for an unknown ``kid``."""

    def __init__(
        self, settings: DemoLmsSettings, note_fetch: Callable[[str, str, bool], None], url: str | None = None
    ) -> None:
        self._url = url or settings.tool_keys_url
        replacement = settings.fetch_tool_keys if url is None else None
        self._fetch = replacement or (lambda: fetch_key_set_over_http(self._url))
        self._note_fetch = note_fetch
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: datetime | None = None

    def find(self, kid: str, now: datetime) -> jwt.PyJWK | None:
        """Return the tool's RSA key of that name, or None if the tool does not publish one.

        Raises:
            ToolKeysUnavailableError: the key set could not be fetched or read.
        """
        with self._lock:
            fresh = self._fetched_at is not None and abs(now - self._fetched_at) < _KEYS_LIVE
            if not fresh or kid not in self._keys:
                self._keys = self._read_key_set()
                self._fetched_at = now
            return self._keys.get(kid)

    def _read_key_set(self) -> dict[str, jwt.PyJWK]:
        try:
            keys = _index_keys(self._fetch())
        except (OSError, ValueError, jwt.PyJWTError) as error:
            self._note_fetch(self._url, f"{type(error).__name__}: {error}", False)
            raise ToolKeysUnavailableError(f"the tool's keys could not be fetched from {self._url}") from error
        self._note_fetch(self._url, f"{len(keys)} RSA keys", True)
        return keys
