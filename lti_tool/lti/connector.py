"""Talking to a platform's services: a token for exactly the scopes of the call, then the call, within our limits."""

import html
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from urllib.parse import urlencode

from pylti1p3.service_connector import ServiceConnector, TServiceConnectorResponse
from typing_extensions import override

from lti_tool.lti import vocabulary
from lti_tool.lti.answer_words import describe_answer
from lti_tool.lti.errors import PlatformUnreachable, ServiceError, Unreachability
from lti_tool.lti.http import HttpAnswer, HttpClient
from lti_tool.lti.json_text import BadJsonError, parse_json, parse_json_exactly
from lti_tool.lti.library import SEALED_SESSION, KnownRegistration
from lti_tool.lti.platforms import classify, classify_token_answer
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass, PlatformAnswer, Registration

TOKEN_MARGIN: Final = timedelta(seconds=60)
UNSTATED_TOKEN_LIFETIME: Final = 600
LONGEST_TOKEN_LIFETIME: Final = 24 * 3600
ASSERTION_SECONDS: Final = 240
# Moodle's php-jwt has no leeway: what we signed 3 seconds ahead of its clock is refused (measured).
BACKDATING_SECONDS: Final = 5
MOST_CACHED_TOKENS: Final = 10_000


class TokenCache(Protocol):
    """Where access tokens wait for their next use. ``key`` names registration and scopes.

    Its first line is the registration's id. No tenant's key is ever another's.
    """

    def get(self, key: str, now: datetime) -> str | None:
        """Give a token that is still good at ``now``."""

    def put(self, key: str, token: str, good_until: datetime) -> None:
        """Keep a token."""

    def drop(self, key: str) -> None:
        """Forget a token that was refused."""


class MemoryTokenCache:
    """A token cache of one process; any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def get(self, key: str, now: datetime) -> str | None:
        """Give a token that is still good at ``now``."""
        kept = self._tokens.get(key)
        return kept[0] if kept is not None and now < kept[1] else None

    def put(self, key: str, token: str, good_until: datetime) -> None:
        """Keep a token."""
        with self._lock:
            if len(self._tokens) >= MOST_CACHED_TOKENS:
                self._tokens.clear()
            self._tokens[key] = (token, good_until)

    def drop(self, key: str) -> None:
        """Forget a token that was refused."""
        with self._lock:
            self._tokens.pop(key, None)


@dataclass(frozen=True, slots=True)
class Services:
    """What every service call needs and no call changes."""

    http: HttpClient
    keys: ToolKeys
    tokens: TokenCache
    clock: Callable[[], datetime]


class ToolServiceConnector(ServiceConnector):
    """The library's connector for one registration, with our client, key objects and a token cache that outlives it.

    Against the stock class: time limits and a size cap; no redirect carries the token away; tokens are kept until a
    minute before they end and renewed once on 401; the next page's address keeps its capitals; a good status with a
    body that is not JSON is still good.
    """

    def __init__(self, registration: Registration, services: Services) -> None:
        super().__init__(KnownRegistration(registration), requests_session=SEALED_SESSION)
        self._known = registration
        self._services = services
        self.last_answer: HttpAnswer | None = None

    @override
    def get_access_token(self, scopes: Sequence[str]) -> str:
        """Give a token for exactly these scopes, from the cache or from the platform (Security Framework §4.1).

        Raises:
            ServiceError: the platform gives none.
            NoKeyError: the tool has no key to sign with.
        """
        name = self._name_token(scopes)
        now = self._services.clock()
        kept = self._services.tokens.get(name, now)
        if kept is not None:
            return kept
        answer = self._ask_for_token(self._build_token_request(scopes, now))
        token, lifetime = self._read_token(answer)
        if lifetime > TOKEN_MARGIN:
            self._services.tokens.put(name, token, now + lifetime - TOKEN_MARGIN)
        return token

    def ask_what_is_granted(self, scopes: Sequence[str]) -> tuple[str, ...]:
        """Ask for a new token with these scopes and give those that it holds; a platform may grant fewer.

        Without a ``scope`` in the answer all were granted (RFC 6749 §5.1).

        Raises:
            ServiceError: the platform gives none.
            NoKeyError: the tool has no key to sign with.
        """
        answer = self._ask_for_token(self._build_token_request(scopes, self._services.clock()))
        self._read_token(answer)
        document = parse_json(answer.body)
        granted = document.get("scope") if isinstance(document, dict) else None
        return tuple(granted.split()) if isinstance(granted, str) else tuple(scopes)

    @override
    def make_service_request(
        self,
        scopes: Sequence[str],
        url: str,
        is_post: bool = False,
        data: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        case_insensitive_headers: bool = False,
    ) -> TServiceConnectorResponse:
        """Call a service.

        Raises:
            ServiceError: it was not reached, or said no.
            NoKeyError: the tool has no key to sign with.
        """
        headers = {"Accept": accept} | ({"Content-Type": content_type} if is_post else {})
        body = (data or "").encode("utf-8") if is_post else None
        answer = self._call("POST" if is_post else "GET", url, headers, body, scopes)
        return {
            "headers": dict(answer.headers),
            "body": _read_body(answer.body),  # type: ignore[typeddict-item]  # any JSON
            "next_page_url": find_next_page(answer.headers.get("Link", "")),
        }

    def send(
        self,
        method: str,
        url: str,
        *,
        scope: str,
        accept: str,
        body: str | None = None,
        content_type: str | None = None,
    ) -> HttpAnswer:
        """Call a service with any method; the stock class knows GET and POST only.

        Raises:
            ServiceError: it was not reached, or said no.
            NoKeyError: the tool has no key to sign with.
        """
        headers = {"Accept": accept} | ({} if content_type is None else {"Content-Type": content_type})
        return self._call(method, url, headers, None if body is None else body.encode("utf-8"), [scope])

    def _call(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, scopes: Sequence[str]
    ) -> HttpAnswer:
        token = self.get_access_token(scopes)
        answer = self._send(method, url, headers, body, token)
        if answer.status == 401:
            # The token may have been withdrawn before its time; a second 401 means it is not the token.
            self._services.tokens.drop(self._name_token(scopes))
            token = self.get_access_token(scopes)
            answer = self._send(method, url, headers, body, token)
        self.last_answer = answer
        if not answer.is_ok:
            raise ServiceError(
                PlatformAnswer(
                    classify(self._known.family, answer.status, answer.body, answer.reason),
                    answer.status,
                    describe_answer(answer.status, answer.reason, answer.body, token),
                    read_retry_after(answer.headers.get("Retry-After", ""), self._services.clock()),
                    maybe_recorded=answer.status >= 500,
                )
            )
        return answer

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None, token: str) -> HttpAnswer:
        authorized = {**headers, "Authorization": f"Bearer {token}"}
        try:
            return self._services.http.request(
                method, url, headers=authorized, body=body, is_vouched_for=self._known.vouches_for(url)
            )
        except PlatformUnreachable as error:
            kind = AnswerClass.REFUSED if error.kind is Unreachability.BAD_URL else AnswerClass.PLATFORM_DOWN
            is_unsure = error.kind in _MAYBE_RECORDED
            raise ServiceError(PlatformAnswer(kind, None, str(error)[:500], maybe_recorded=is_unsure)) from error

    def _ask_for_token(self, form: bytes) -> HttpAnswer:
        try:
            return self._services.http.request(
                "POST",
                self._known.token_url,
                headers=_FORM_HEADERS,
                body=form,
                is_vouched_for=self._known.vouches_for(self._known.token_url),
            )
        except PlatformUnreachable as error:
            # Whatever became of this, the call itself was not made.
            kind = AnswerClass.REFUSED if error.kind is Unreachability.BAD_URL else AnswerClass.PLATFORM_DOWN
            raise ServiceError(PlatformAnswer(kind, None, f"No access token: {error}"[:500])) from error

    def _name_token(self, scopes: Sequence[str]) -> str:
        # Issuer and scopes are not enough: hosted Canvas has every school under one issuer, and a token fetched for
        # one school must never be sent for another. A changed registration starts afresh.
        known = self._known
        return "\n".join((known.id, known.client_id, known.token_url, *sorted(scopes)))

    def _build_token_request(self, scopes: Sequence[str], now: datetime) -> bytes:
        key = self._services.keys.signing_key()
        seconds = int(now.timestamp()) - BACKDATING_SECONDS
        claims: dict[str, str | int] = {
            "iss": self._known.client_id,
            "sub": self._known.client_id,
            "aud": self._known.token_url,
            "iat": seconds,
            "exp": seconds + ASSERTION_SECONDS,
            "jti": uuid.uuid4().hex,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": vocabulary.CLIENT_ASSERTION_TYPE,
            "client_assertion": self.encode_jwt(claims, key.private_key, {"kid": key.kid}),  # type: ignore[arg-type]
            "scope": " ".join(sorted(scopes)),
        }
        return urlencode(form).encode("ascii")

    def _read_token(self, answer: HttpAnswer) -> tuple[str, timedelta]:
        if not answer.is_ok:
            kind = classify_token_answer(self._known.family, answer.status, answer.body)
            said = describe_answer(answer.status, answer.reason, answer.body)
            wait = read_retry_after(answer.headers.get("Retry-After", ""), self._services.clock())
            raise ServiceError(PlatformAnswer(kind, answer.status, f"No access token: {said}"[:500], wait))
        try:
            document = parse_json(answer.body)
        except BadJsonError:
            document = None
        token = document.get("access_token") if isinstance(document, dict) else None
        # A line break in a token would write headers of the platform's choosing.
        if not isinstance(token, str) or not _BEARER_TOKEN.fullmatch(token):
            raise ServiceError(
                PlatformAnswer(AnswerClass.PLATFORM_DOWN, answer.status, "The token answer has no token.")
            )
        stated = document.get("expires_in") if isinstance(document, dict) else None
        seconds = stated if isinstance(stated, int) and not isinstance(stated, bool) else UNSTATED_TOKEN_LIFETIME
        return token, timedelta(seconds=max(0, min(seconds, LONGEST_TOKEN_LIFETIME)))


_FORM_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_BEARER_TOKEN: Final = re.compile(r"[!-~]{1,20000}")
_MAYBE_RECORDED: Final = frozenset({Unreachability.TIMEOUT, Unreachability.DROPPED, Unreachability.TOO_LARGE})
_LINK: Final = re.compile(r"<([^>]*)>([^<]*)")
_NEXT: Final = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)', re.IGNORECASE)
_CURLY_NEXT: Final = re.compile(r";\s*rel\s*=\s*\u201cnext\u201d", re.IGNORECASE)


def find_next_page(link_header: str) -> str | None:
    """Find the next page's address, to the letter (RFC 8288); the stock class lower-cases it, which breaks Canvas's.

    Moodle's list of columns puts curly quotes around ``next`` and writes its address as HTML does (lineitems.php,
    measured); only such an address is unescaped.
    """
    for address, parameters in _LINK.findall(_read_header(link_header)):
        if _NEXT.search(parameters):
            return str(address)
        if _CURLY_NEXT.search(parameters):
            return html.unescape(str(address))
    return None


def _read_header(value: str) -> str:
    """A header's text; what is beyond ASCII in it is UTF-8 that was read byte by byte."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def read_retry_after(value: str, now: datetime) -> timedelta | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110 §10.2.3), at most a day."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return min(timedelta(seconds=int(value)), timedelta(days=1))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), timedelta(days=1))


def _read_body(body: bytes) -> object:
    try:
        return parse_json_exactly(body)
    except BadJsonError:
        # A gradebook that has stored a score may answer with nothing, or with a page.
        return None
