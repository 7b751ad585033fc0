"""The only way out: HTTP with time limits, a size cap, no redirects and no proxies from the environment."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.response import BaseHTTPResponse

from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.public_addresses import PublicPoolManager

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 15.0
WHOLE_ANSWER_SECONDS: Final = 30.0
MAX_BYTES: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, read to its end. ``headers`` is case-insensitive; ``reason`` is where Moodle puts its explanation."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    reason: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300


class HttpClient:
    """One pool of connections to platforms, shared by every thread of a process.

    A redirect is handed back as it is: following it would carry a bearer token to an address nobody registered. Unless
    ``allow_private``, only hosts that somebody vouches for may be at private addresses.
    """

    def __init__(
        self,
        *,
        allow_http: bool,
        allow_private: bool = True,
        user_agent: str = "lti-tool",
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = READ_SECONDS,
        max_bytes: int = MAX_BYTES,
        max_seconds: float = WHOLE_ANSWER_SECONDS,
    ) -> None:
        self._schemes = frozenset({"https", "http"} if allow_http else {"https"})
        self._user_agent = user_agent
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=8, retries=False)
        self._public_pool = self._pool if allow_private else PublicPoolManager(num_pools=64, maxsize=8)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_vouched_for: bool = False,
    ) -> HttpAnswer:
        """Ask once and read the answer within the limits.

        ``is_vouched_for``: an operator typed this host, so it may be at a private address (a school's own network).

        Raises:
            PlatformUnreachable: no usable answer: the address is not allowed, nobody answered in time, the
                certificate is wrong, or the answer is too large.
        """
        self._check_address(url)
        deadline = time.monotonic() + self._max_seconds
        try:
            response = (self._pool if is_vouched_for else self._public_pool).urlopen(
                method,
                url,
                body=body,
                headers={"User-Agent": self._user_agent, **(headers or {})},
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                content = self._read_within_limits(response, deadline)
            finally:
                # Closing what was not read to its end keeps a half-read connection out of the pool.
                response.close()
                response.release_conn()
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise PlatformUnreachable(_name_failure(error), f"{method} {_strip_query(url)}: {error}"[:500]) from error
        return HttpAnswer(response.status, response.headers, content, response.reason or "")

    def close(self) -> None:
        """Close every kept connection."""
        self._pool.clear()
        self._public_pool.clear()

    def _check_address(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            is_allowed = (
                parts.scheme in self._schemes
                and bool(parts.hostname)
                and parts.username is None
                and parts.port != 0
                and not any(character <= " " or character in '\\"<>\x7f' for character in url)
            )
        except ValueError:
            is_allowed = False
        if not is_allowed:
            allowed = " or ".join(sorted(self._schemes, reverse=True))
            raise PlatformUnreachable(
                Unreachability.BAD_URL, f"not an address this tool may call (it must be {allowed}): {url[:200]!r}"
            )

    def _read_within_limits(self, response: BaseHTTPResponse, deadline: float) -> bytes:
        # The socket's own timeout starts again with every byte, so a slow drip needs a deadline of its own.
        content = bytearray()
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > self._max_bytes:
                raise PlatformUnreachable(
                    Unreachability.TOO_LARGE, f"the answer is larger than {self._max_bytes} bytes"
                )
            if time.monotonic() > deadline:
                raise PlatformUnreachable(Unreachability.TIMEOUT, f"the answer took longer than {self._max_seconds} s")
        return bytes(content)


def _name_failure(error: Exception) -> Unreachability:
    # The order matters: urllib3's "cannot connect" is also one of its timeouts.
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Unreachability], ...] = (
        (exceptions.SSLError, Unreachability.TLS),
        ((exceptions.NewConnectionError, exceptions.NameResolutionError), Unreachability.REFUSED),
        ((exceptions.TimeoutError, TimeoutError), Unreachability.TIMEOUT),
        ((exceptions.LocationValueError, ValueError), Unreachability.BAD_URL),
    )
    for kind, name in kinds:
        if isinstance(error, kind):
            return name
    return Unreachability.DROPPED


def _strip_query(url: str) -> str:
    return url.split("?", 1)[0]
