"""Platforms' public keys: fetched seldom, kept as key objects, found by ``kid`` (Security Framework §6.3)."""

import binascii
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from lti_tool.lti.errors import LaunchRefused, PlatformUnreachable, RefusalCode
from lti_tool.lti.http import HttpClient
from lti_tool.lti.json_text import BadJsonError, parse_json
from lti_tool.lti.tokens import ALGORITHM
from lti_tool.lti.values import Registration

DEFAULT_LIFETIME: Final = timedelta(hours=1)
SHORTEST_LIFETIME: Final = timedelta(minutes=5)
LONGEST_LIFETIME: Final = timedelta(hours=1)
STALE_GRACE: Final = timedelta(hours=1)
UNKNOWN_KEY_MEMORY: Final = timedelta(seconds=60)
REFETCH_INTERVAL: Final = timedelta(seconds=10)
FAILURE_MEMORY: Final = timedelta(seconds=10)
SMALLEST_KEY_BITS: Final = 2048
MOST_KEYS: Final = 100
MOST_UNKNOWN_KEYS: Final = 200


@dataclass(slots=True)
class _KeySet:
    """One address's keys and what is remembered of asking for them."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: Mapping[str, RSAPublicKey] = field(default_factory=dict)
    fetched_at: datetime | None = None
    fresh_until: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    unknown: dict[str, datetime] = field(default_factory=dict)

    def is_fresh(self, now: datetime) -> bool:
        return self.fresh_until is not None and now < self.fresh_until

    def is_still_usable(self, now: datetime) -> bool:
        return self.fresh_until is not None and now < self.fresh_until + STALE_GRACE

    def has_just_failed(self, now: datetime) -> bool:
        return self.failed_at is not None and now < self.failed_at + FAILURE_MEMORY

    def was_just_fetched(self, now: datetime) -> bool:
        return self.fetched_at is not None and now < self.fetched_at + REFETCH_INTERVAL

    def is_known_missing(self, kid: str, now: datetime) -> bool:
        until = self.unknown.get(kid)
        return until is not None and now < until

    def remember_missing(self, kid: str, now: datetime) -> None:
        if len(self.unknown) >= MOST_UNKNOWN_KEYS:
            self.unknown.clear()
        self.unknown[kid] = now + UNKNOWN_KEY_MEMORY


class PlatformKeys:
    """The key cache of one process; any number of threads may ask. ``fetches`` counts the requests made."""

    def __init__(self, http: HttpClient, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._clock = clock
        self._sets: dict[str, _KeySet] = {}
        self._sets_lock = threading.Lock()
        self.fetches = 0

    def key(self, registration: Registration, kid: str) -> RSAPublicKey:
        """Find the platform's key named ``kid``.

        An unknown name makes one more fetch (platforms rotate keys without notice), at most one in ten seconds per
        address, and is then remembered for a minute. If the platform does not answer, keys it published up to an
        hour beyond their lifetime still serve.

        Raises:
            LaunchRefused: unknown_key, or platform_keys_unreachable.
        """
        address = registration.jwks_url
        known = self._sets.get(address)
        if known is None:
            with self._sets_lock:
                known = self._sets.setdefault(address, _KeySet())
        now = self._clock()
        found = known.keys.get(kid) if known.is_fresh(now) else None
        return found or self._find_with_fetch(known, address, kid, is_vouched_for=registration.vouches_for(address))

    def _find_with_fetch(self, known: _KeySet, address: str, kid: str, *, is_vouched_for: bool) -> RSAPublicKey:
        with known.lock:
            now = self._clock()
            if self._may_fetch(known, kid, now):
                self._fetch(known, address, now, is_vouched_for=is_vouched_for)
                is_answer_new = known.failed_at is None
            else:
                is_answer_new = False
            found = known.keys.get(kid) if known.is_still_usable(now) else None
            if found is not None:
                return found
            if known.failed_at is not None and not known.is_fresh(now):
                raise LaunchRefused(RefusalCode.PLATFORM_KEYS_UNREACHABLE, f"{address}: {known.failure}")
            if is_answer_new:
                known.remember_missing(kid, now)
            raise LaunchRefused(RefusalCode.UNKNOWN_KEY, f"{address} has no RS256 key with kid {kid[:100]!r}")

    @staticmethod
    def _may_fetch(known: _KeySet, kid: str, now: datetime) -> bool:
        if known.has_just_failed(now):
            return False
        if not known.is_fresh(now):
            return True
        return kid not in known.keys and not known.is_known_missing(kid, now) and not known.was_just_fetched(now)

    def _fetch(self, known: _KeySet, address: str, now: datetime, *, is_vouched_for: bool) -> None:
        self.fetches += 1
        try:
            answer = self._http.request(
                "GET", address, headers={"Accept": "application/json"}, is_vouched_for=is_vouched_for
            )
            keys = read_key_set(answer.body) if answer.status == 200 else None
        except (PlatformUnreachable, BadJsonError) as error:
            known.failed_at, known.failure = now, str(error)
            return
        if keys is None:
            known.failed_at, known.failure = now, f"it answered {answer.status}"
            return
        known.keys, known.fetched_at, known.failed_at = keys, now, None
        known.fresh_until = now + read_lifetime(answer.headers.get("Cache-Control", ""))


def read_key_set(content: bytes) -> dict[str, RSAPublicKey]:
    """Read the RS256 signature keys of a JWK Set (RFC 7517 §5); keys of another kind or that cannot be used are left.

    Raises:
        BadJsonError: it is not a JWK Set.
    """
    document = parse_json(content)
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise BadJsonError("it is not a JWK Set")
    keys: dict[str, RSAPublicKey] = {}
    for jwk in listed[:MOST_KEYS]:
        key = _read_key(jwk) if isinstance(jwk, dict) else None
        if key is not None:
            keys[jwk["kid"]] = key
    return keys


def read_lifetime(cache_control: str) -> timedelta:
    """Say how long an answer with this ``Cache-Control`` is kept: its max-age, within five minutes and an hour."""
    match = re.search(r"\bmax-age=(\d{1,9})\b", cache_control)
    wanted = timedelta(seconds=int(match.group(1))) if match else DEFAULT_LIFETIME
    return min(max(wanted, SHORTEST_LIFETIME), LONGEST_LIFETIME)


def _read_key(jwk: dict[str, object]) -> RSAPublicKey | None:
    kid = jwk.get("kid")
    is_ours = (
        isinstance(kid, str)
        and bool(kid)
        and jwk.get("kty") == "RSA"
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", ALGORITHM) == ALGORITHM
    )
    if not is_ours:
        return None
    try:
        key = RSAPublicNumbers(_read_number(jwk.get("e")), _read_number(jwk.get("n"))).public_key()
    except (ValueError, TypeError):
        return None
    return key if key.key_size >= SMALLEST_KEY_BITS else None


def _read_number(value: object) -> int:
    if not isinstance(value, str) or not value or len(value) > 3000:
        raise TypeError("not a base64url number")
    encoded = value.rstrip("=").encode("ascii").translate(bytes.maketrans(b"-_", b"+/"))
    return int.from_bytes(binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True), "big")
