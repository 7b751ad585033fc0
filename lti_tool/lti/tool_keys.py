"""The tool's own key pairs: files in one directory, the newest signs, all are published (RFC 7517, RFC 7638)."""

import base64
import hashlib
import json
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from lti_tool.lti.errors import BadKeyError, NoKeyError
from lti_tool.lti.tokens import ALGORITHM

KEY_BITS: Final = 2048
REREAD_SECONDS: Final = 30.0
KEPT_AFTER_USE: Final = timedelta(days=1)
"""How long a key stays published after it signed last: what it signed has ended, and key sets were fetched anew."""
_FILE_NAME: Final = re.compile(r"(\d{8}T\d{6})(\d{0,6})Z\.pem")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolKey:
    """A key pair: its name (the RFC 7638 thumbprint), its file, and the key object that signs."""

    kid: str
    created_at: datetime
    path: Path
    private_key: rsa.RSAPrivateKey = field(repr=False)

    def to_public_jwk(self) -> dict[str, str]:
        """Show the public half as platforms want it: Canvas requires alg, use and kid."""
        return {**_name_public_numbers(self.private_key), "alg": ALGORITHM, "use": "sig", "kid": self.kid}


class ToolKeys:
    """The keys of one process. A change of the directory is noticed within 30 seconds, and at once when publishing."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: tuple[ToolKey, ...] = ()
        self._public: dict[str, list[dict[str, str]]] = {"keys": []}
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._looked_at: float | None = None

    def signing_key(self) -> ToolKey:
        """Give the newest key.

        Raises:
            NoKeyError: there is none.
            BadKeyError: a key file cannot be used.
        """
        if self._looked_at is None or self._clock() - self._looked_at >= REREAD_SECONDS:
            self._reread()
        if not self._keys:
            self._reread()
        if not self._keys:
            raise NoKeyError(f"There is no key pair in {self._directory}. Make one with: lti-tool keys rotate")
        return self._keys[0]

    def public_jwks(self) -> dict[str, list[dict[str, str]]]:
        """Give the JWK Set to publish, newest key first.

        The directory is looked at on every call: a platform that meets a new kid asks here once, and must find it.

        Raises:
            NoKeyError: there is no key.
            BadKeyError: a key file cannot be used.
        """
        self._reread()
        self.signing_key()
        return self._public

    def _reread(self) -> None:
        with self._lock:
            self._looked_at = self._clock()
            seen = _look_at_files(self._directory)
            if seen == self._seen:
                return
            try:
                keys = list_keys(self._directory)
            except BadKeyError as error:
                if not self._keys:
                    raise
                _log.warning("The keys in use stay in use: %s", error)
                self._seen = seen
                return
            self._keys = keys
            self._public = {"keys": [key.to_public_jwk() for key in keys]}
            self._seen = seen


def list_keys(directory: Path) -> tuple[ToolKey, ...]:
    """Read every key pair in the directory, newest first.

    Raises:
        BadKeyError: a key file cannot be used; the message names it.
    """
    names = sorted((name for name, _, _ in _look_at_files(directory)), key=_read_time, reverse=True)
    return tuple(_load_key(directory / name) for name in names)


def list_spent_keys(keys: Sequence[ToolKey], now: datetime) -> tuple[ToolKey, ...]:
    """Name the keys nobody needs any more: a newer one has signed for a day. ``keys`` are all, newest first."""
    return tuple(key for newer, key in pairwise(keys) if now - newer.created_at > KEPT_AFTER_USE)


def rotate(directory: Path, now: datetime) -> ToolKey:
    """Make a key pair that signs from now on; older ones stay published until their files are removed.

    The file appears complete or not at all, readable by its owner only.

    Raises:
        BadKeyError: the directory cannot be written.
    """
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    content = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=".new-", dir=directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            path = _link_under_free_name(Path(draft), directory, now)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise BadKeyError(f"No key could be written to {directory}: {error.strerror}") from error
    return ToolKey(compute_thumbprint(private_key), _read_time(path.name), path, private_key)


def compute_thumbprint(private_key: rsa.RSAPrivateKey) -> str:
    """Name a key by its public half (RFC 7638 §3): the same key has the same name on every machine."""
    members = json.dumps(_name_public_numbers(private_key), sort_keys=True, separators=(",", ":"))
    return _encode(hashlib.sha256(members.encode("ascii")).digest())


def _link_under_free_name(draft: Path, directory: Path, now: datetime) -> Path:
    # os.link refuses to replace a file, so two rotations at once can never lose a key.
    moment = now.astimezone(UTC)
    while True:
        path = directory / moment.strftime("%Y%m%dT%H%M%S%fZ.pem")
        try:
            os.link(draft, path)
        except FileExistsError:
            moment += timedelta(microseconds=1)
        else:
            return path


def _look_at_files(directory: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        with os.scandir(directory) as entries:
            found = [entry for entry in entries if _FILE_NAME.fullmatch(entry.name)]
            return tuple(sorted((e.name, e.stat().st_mtime_ns, e.stat().st_size) for e in found))
    except OSError:
        return ()


def _load_key(path: Path) -> ToolKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise BadKeyError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is left out on purpose: it could quote the key.
        raise BadKeyError(f"{path} is not an unencrypted PEM private key") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < KEY_BITS:
        raise BadKeyError(f"{path} is not an RSA key of at least {KEY_BITS} bits")
    return ToolKey(compute_thumbprint(key), _read_time(path.name), path, key)


def _read_time(name: str) -> datetime:
    match = _FILE_NAME.fullmatch(name)
    if match is None:
        raise BadKeyError(f"{name} is not named like a key file (20260901T120000Z.pem)")
    try:
        return datetime.strptime(match[1] + match[2].ljust(6, "0") + "+0000", "%Y%m%dT%H%M%S%f%z")
    except ValueError:
        raise BadKeyError(f"{name} does not begin with a date and a time") from None


def _name_public_numbers(private_key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = private_key.public_key().public_numbers()
    return {"e": _encode_number(numbers.e), "kty": "RSA", "n": _encode_number(numbers.n)}


def _encode_number(number: int) -> str:
    return _encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
