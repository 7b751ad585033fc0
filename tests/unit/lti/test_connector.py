"""Tokens and service calls: what is asked, kept, renewed, and what every answer becomes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.lti import vocabulary
from lti_tool.lti.connector import (
    MemoryTokenCache,
    Services,
    ToolServiceConnector,
    find_next_page,
    read_retry_after,
)
from lti_tool.lti.errors import NoKeyError, PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass, Registration
from tests.certification.scene import CLIENT_ID, ISSUER, Scene
from tests.support.clock import Clock
from tests.unit.lti.doubles import answer_json
from tests.unit.lti.exchange import SCORE, URL, Exchange


@pytest.fixture
def exchange(tool_keys: ToolKeys, clock: Clock) -> Exchange:
    return Exchange(tool_keys, clock)


def test_token_is_asked_for_as_the_framework_says(
    exchange: Exchange, registration: Registration, tool_keys: ToolKeys, clock: Clock
) -> None:
    exchange.call(registration)
    asked = exchange.http.asked[0]
    assert (asked.method, asked.url) == ("POST", registration.token_url)
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    form = {name: values[0] for name, values in parse_qs((asked.body or b"").decode()).items()}
    assertion = form.pop("client_assertion")
    assert form == {
        "grant_type": "client_credentials",
        "client_assertion_type": vocabulary.CLIENT_ASSERTION_TYPE,
        "scope": vocabulary.SCOPE_SCORE,
    }
    key = tool_keys.signing_key()
    assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "typ": "JWT", "kid": key.kid}
    claims = jwt.decode(
        assertion,
        key.private_key.public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_aud": False},
    )
    seconds = int(clock.now().timestamp())
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, registration.token_url)
    assert (claims["iat"], claims["exp"]) == (seconds - 5, seconds + 235)
    assert claims["jti"]


def test_assertions_are_never_the_same(exchange: Exchange, registration: Registration, clock: Clock) -> None:
    exchange.call(registration)
    clock.advance(hours=2)
    exchange.call(registration)
    first, second = (asked.body for asked in exchange.http.asked if asked.url == registration.token_url)
    assert first != second


def test_call_carries_the_token_and_exact_media_types(exchange: Exchange, registration: Registration) -> None:
    ToolServiceConnector(registration, exchange.services).make_service_request(SCORE, URL, accept="a/b")
    asked = exchange.http.asked[1]
    assert (asked.method, asked.url, asked.body) == ("GET", URL, None)
    assert asked.headers == {"Accept": "a/b", "Authorization": "Bearer token-1"}
    exchange.call(registration)
    assert exchange.http.asked[2].headers["Content-Type"] == "x/y"
    assert exchange.http.asked[2].body == b"{}"


def test_token_is_kept_until_a_minute_before_its_end(
    exchange: Exchange, registration: Registration, clock: Clock
) -> None:
    for _ in range(5):
        exchange.call(registration)
    clock.advance(seconds=3539)
    exchange.call(registration)
    assert exchange.issued == 1
    clock.advance(seconds=1)
    exchange.call(registration)
    assert exchange.issued == 2


@pytest.mark.parametrize(("expires_in", "seconds"), [(None, 540), ("3600", 540), (True, 540), (10**12, 86340)])
def test_token_without_a_sensible_end_is_kept_a_while(
    expires_in: object, seconds: int, exchange: Exchange, registration: Registration, clock: Clock
) -> None:
    exchange.token = lambda: exchange.issue(expires_in)
    exchange.call(registration)
    clock.advance(seconds=seconds - 1)
    exchange.call(registration)
    assert exchange.issued == 1
    clock.advance(seconds=1)
    exchange.call(registration)
    assert exchange.issued == 2


@pytest.mark.parametrize("expires_in", [0, -5, 60])
def test_token_about_to_end_is_used_once(expires_in: int, exchange: Exchange, registration: Registration) -> None:
    exchange.token = lambda: exchange.issue(expires_in)
    exchange.call(registration)
    exchange.call(registration)
    assert exchange.issued == 2


def test_tokens_of_two_schools_under_one_issuer_never_mix(exchange: Exchange, scene: Scene) -> None:
    one, two = scene.registration(), scene.registration(id="2", client_id="another-school")
    exchange.call(one)
    exchange.call(two)
    sent = [asked.headers["Authorization"] for asked in exchange.http.asked if asked.url == URL]
    assert sent == ["Bearer token-1", "Bearer token-2"]


def test_each_set_of_scopes_has_its_token(exchange: Exchange, registration: Registration) -> None:
    exchange.call(registration, [vocabulary.SCOPE_SCORE])
    exchange.call(registration, [vocabulary.SCOPE_RESULT_READONLY])
    exchange.call(registration, [vocabulary.SCOPE_SCORE])
    assert exchange.issued == 2


def test_changed_registration_starts_afresh(exchange: Exchange, scene: Scene) -> None:
    exchange.call(scene.registration())
    exchange.call(scene.registration(token_url=f"{ISSUER}/v2/token"))
    assert exchange.issued == 2


def test_refused_token_is_renewed_once(exchange: Exchange, registration: Registration) -> None:
    exchange.service = lambda asked: answer_json({}, 401 if asked.headers["Authorization"] == "Bearer token-1" else 200)
    exchange.call(registration)
    assert exchange.issued == 2
    exchange.call(registration)
    assert exchange.issued == 2


def test_second_refusal_is_the_answer(exchange: Exchange, registration: Registration) -> None:
    exchange.service = lambda _: answer_json({}, 401, "Unauthorized")
    answer = exchange.fail(registration).answer
    assert (answer.answer_class, answer.status) == (AnswerClass.NO_PERMISSION, 401)
    assert len([asked for asked in exchange.http.asked if asked.url == URL]) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"access_token": null}',
        b'{"access_token": ""}',
        b'{"access_token": "a\\r\\nX: y"}',
    ],
)
def test_token_answer_without_a_token_is_no_answer(body: bytes, exchange: Exchange, registration: Registration) -> None:
    exchange.token = lambda: HttpAnswer(200, {}, body)
    assert exchange.fail(registration).answer.answer_class == AnswerClass.PLATFORM_DOWN


def test_token_refusal_says_why(exchange: Exchange, registration: Registration) -> None:
    exchange.token = lambda: answer_json({"error": "invalid_scope"}, 400, "Bad Request", {"Retry-After": "30"})
    answer = exchange.fail(registration).answer
    assert answer.answer_class == AnswerClass.NO_PERMISSION
    assert answer.detail == "No access token: 400 Bad Request invalid_scope"
    assert answer.retry_after == timedelta(seconds=30)
    assert not answer.maybe_recorded


@pytest.mark.parametrize(
    ("kind", "answer_class", "maybe_recorded"),
    [
        (Unreachability.TIMEOUT, AnswerClass.PLATFORM_DOWN, True),
        (Unreachability.DROPPED, AnswerClass.PLATFORM_DOWN, True),
        (Unreachability.TOO_LARGE, AnswerClass.PLATFORM_DOWN, True),
        (Unreachability.REFUSED, AnswerClass.PLATFORM_DOWN, False),
        (Unreachability.TLS, AnswerClass.PLATFORM_DOWN, False),
        (Unreachability.BAD_URL, AnswerClass.REFUSED, False),
    ],
)
def test_no_answer_tells_whether_it_may_have_been_acted_upon(
    kind: Unreachability,
    answer_class: AnswerClass,
    maybe_recorded: bool,
    exchange: Exchange,
    registration: Registration,
) -> None:
    exchange.service = lambda _: PlatformUnreachable(kind, "silence")
    answer = exchange.fail(registration).answer
    assert (answer.answer_class, answer.status, answer.maybe_recorded) == (answer_class, None, maybe_recorded)
    assert "silence" in answer.detail


def test_silent_token_endpoint_means_nothing_was_sent(exchange: Exchange, registration: Registration) -> None:
    exchange.token = lambda: PlatformUnreachable(Unreachability.TIMEOUT, "silence")
    answer = exchange.fail(registration).answer
    assert answer.answer_class == AnswerClass.PLATFORM_DOWN
    assert not answer.maybe_recorded


def test_refusal_is_classified_with_its_waiting_time(exchange: Exchange, registration: Registration) -> None:
    exchange.service = lambda _: answer_json({"errors": "slow down"}, 429, "Too Many Requests", {"Retry-After": "120"})
    answer = exchange.fail(registration).answer
    assert (answer.answer_class, answer.status) == (AnswerClass.THROTTLED, 429)
    assert answer.retry_after == timedelta(minutes=2)
    assert answer.detail == "429 Too Many Requests slow down"


def test_tokens_are_not_in_details(exchange: Exchange, registration: Registration) -> None:
    exchange.service = lambda asked: HttpAnswer(400, {}, asked.headers["Authorization"].encode(), "token-1 is bad")
    assert exchange.fail(registration).answer.detail == "400 … is bad Bearer …"
    exchange.token = lambda: HttpAnswer(400, {}, exchange.http.asked[-1].body or b"", "Bad eyJhbGciOi.eyJpc3Mi.c2ln")
    exchange.services.tokens.drop("\n".join(("1", CLIENT_ID, registration.token_url, vocabulary.SCOPE_SCORE)))
    assert "eyJ" not in exchange.fail(registration).answer.detail


def test_no_key_is_the_operators_business(exchange: Exchange, registration: Registration, tmp_path: Any) -> None:
    services = Services(exchange.http, ToolKeys(tmp_path), MemoryTokenCache(), exchange.services.clock)
    with pytest.raises(NoKeyError):
        ToolServiceConnector(registration, services).make_service_request(SCORE, URL)


NEXT = f"{ISSUER}/Items?Bookmark=AbC"


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (f'<{NEXT}>; rel="next"', NEXT),
        (f"<{NEXT}>;rel=next", NEXT),
        (f'<{NEXT}>; title="x"; REL="Next"', NEXT),
        (f'<{NEXT}>; rel="prev next"', NEXT),
        (f'<{ISSUER}/1>; rel="first", <{NEXT}>; rel="next", <{ISSUER}/9>; rel="last"', NEXT),
        (f'<{ISSUER}/a,b>; rel="prev",<{NEXT}>; rel="next"', NEXT),
        (f'<{NEXT}>; rel="nextish"', None),
        (f"<{NEXT}>; rel=“next”", NEXT),
        (f"<{NEXT}>; rel=“next”".encode().decode("latin-1"), NEXT),
        (f"<{NEXT}&amp;from=1>; rel=“next”", f"{NEXT}&from=1"),
        (f'<{NEXT}&amp;from=1>; rel="next"', f"{NEXT}&amp;from=1"),
        (f"<{ISSUER}/1>; rel=“first”, <{NEXT}>; rel=“next”", NEXT),
        (f"<{NEXT}>; rel=“nextish”", None),
        (f'<{NEXT}>; rel="first"', None),
        ("", None),
        ("<", None),
    ],
)
def test_next_page_is_found(header: str, address: str | None) -> None:
    assert find_next_page(header) == address


@given(st.text())
def test_any_link_header_is_read(header: str) -> None:
    find_next_page(header)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("999999", 86400),
        ("9" * 50, None),
        ("-1", None),
        ("Wed, 04 Mar 2026 20:15:00 GMT", 60),
        ("Wed, 04 Mar 2026 20:13:00 GMT", 0),
        ("Wed, 04 Mar 2026 20:15:00 -0000", 60),
        ("Fri, 04 Mar 2050 20:15:00 GMT", 86400),
        ("soon", None),
        ("²", None),
        ("", None),
    ],
)
def test_waiting_time_is_read(value: str, seconds: int | None) -> None:
    now = datetime(2026, 3, 4, 20, 14, tzinfo=UTC)
    assert read_retry_after(value, now) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text())
def test_any_waiting_time_is_read(value: str) -> None:
    read_retry_after(value, datetime(2026, 3, 4, tzinfo=UTC))


class TestMemoryTokenCache:
    def test_token_is_given_until_its_end(self, clock: Clock) -> None:
        cache = MemoryTokenCache()
        assert cache.get("a", clock()) is None
        cache.put("a", "token", clock() + timedelta(seconds=10))
        assert cache.get("a", clock()) == "token"
        assert cache.get("b", clock()) is None
        assert cache.get("a", clock.advance(seconds=10)) is None

    def test_dropped_token_is_gone(self, clock: Clock) -> None:
        cache = MemoryTokenCache()
        cache.put("a", "token", clock() + timedelta(seconds=10))
        cache.drop("a")
        cache.drop("a")
        assert cache.get("a", clock()) is None

    def test_cache_does_not_grow_without_end(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lti_tool.lti.connector.MOST_CACHED_TOKENS", 3)
        cache = MemoryTokenCache()
        for number in range(10):
            cache.put(str(number), "token", clock() + timedelta(seconds=10))
        assert cache.get("9", clock()) == "token"
        assert len(cache._tokens) <= 3
