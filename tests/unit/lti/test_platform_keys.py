import threading
from collections.abc import Iterable
from datetime import timedelta

import pytest

from lti_tool.lti.errors import LaunchRefused, PlatformUnreachable, RefusalCode, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.json_text import BadJsonError
from lti_tool.lti.platform_keys import PlatformKeys, read_key_set, read_lifetime
from lti_tool.lti.values import Registration
from tests.certification.scene import KeyPair, Scene
from tests.support.clock import Clock
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

DOWN = PlatformUnreachable(Unreachability.TIMEOUT, "no answer")


class Published:
    """A platform's key set that a test may change, with the cache that reads it."""

    def __init__(self, clock: Clock, *pairs: KeyPair) -> None:
        self.answer: HttpAnswer | PlatformUnreachable = DOWN
        self.http = ScriptedClient(self.respond)
        self.keys = PlatformKeys(self.http, clock)
        self.publish(pairs)

    def publish(self, pairs: Iterable[KeyPair], cache_control: str = "") -> None:
        self.answer = answer_json(
            {"keys": [pair.public_jwk() for pair in pairs]}, headers={"Cache-Control": cache_control}
        )

    def respond(self, _: Asked) -> HttpAnswer | PlatformUnreachable:
        return self.answer

    def refuse(self, registration: Registration, kid: str) -> RefusalCode:
        with pytest.raises(LaunchRefused) as refusal:
            self.keys.key(registration, kid)
        return refusal.value.code


@pytest.fixture
def published(clock: Clock, platform_pair: KeyPair) -> Published:
    return Published(clock, platform_pair)


def test_key_is_fetched_once_and_kept_as_an_object(
    published: Published, registration: Registration, platform_pair: KeyPair
) -> None:
    key = published.keys.key(registration, platform_pair.kid)
    assert key.public_numbers() == platform_pair.private_key.public_key().public_numbers()
    assert all(published.keys.key(registration, platform_pair.kid) is key for _ in range(100))
    assert published.keys.fetches == len(published.http.asked) == 1
    assert published.http.asked[0].url == registration.jwks_url


def test_key_is_fetched_again_after_its_lifetime(
    published: Published, registration: Registration, platform_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    clock.advance(minutes=59)
    published.keys.key(registration, platform_pair.kid)
    assert published.keys.fetches == 1
    clock.advance(minutes=1)
    published.keys.key(registration, platform_pair.kid)
    assert published.keys.fetches == 2


def test_withdrawn_key_is_forgotten_after_its_lifetime(
    published: Published, registration: Registration, platform_pair: KeyPair, stranger_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    published.publish([stranger_pair])
    clock.advance(hours=1)
    assert published.refuse(registration, platform_pair.kid) == RefusalCode.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 3600),
        ("max-age=600", 600),
        ("public, max-age=600, immutable", 600),
        ("max-age=0", 300),
        ("no-store", 3600),
        ("max-age=99999999", 3600),
        ("max-age=x", 3600),
        ("max-age=" + "9" * 5000, 3600),
    ],
)
def test_lifetime_is_bounded(header: str, seconds: int) -> None:
    assert read_lifetime(header) == timedelta(seconds=seconds)


def test_lifetime_is_the_platforms_wish(
    published: Published, registration: Registration, platform_pair: KeyPair, clock: Clock
) -> None:
    published.publish([platform_pair], cache_control="max-age=600")
    published.keys.key(registration, platform_pair.kid)
    clock.advance(seconds=601)
    published.keys.key(registration, platform_pair.kid)
    assert published.keys.fetches == 2


def test_new_key_is_found_at_once(
    published: Published, registration: Registration, platform_pair: KeyPair, stranger_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    published.publish([platform_pair, stranger_pair])
    clock.advance(seconds=11)
    published.keys.key(registration, stranger_pair.kid)
    assert published.keys.fetches == 2


def test_unknown_key_makes_one_fetch_a_minute(
    published: Published, registration: Registration, platform_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    clock.advance(seconds=11)
    for _ in range(50):
        assert published.refuse(registration, "invented") == RefusalCode.UNKNOWN_KEY
    assert published.keys.fetches == 2
    clock.advance(seconds=61)
    assert published.refuse(registration, "invented") == RefusalCode.UNKNOWN_KEY
    assert published.keys.fetches == 3


def test_many_unknown_keys_make_one_fetch_in_ten_seconds(
    published: Published, registration: Registration, platform_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    clock.advance(seconds=11)
    for number in range(500):
        assert published.refuse(registration, f"invented-{number}") == RefusalCode.UNKNOWN_KEY
    assert published.keys.fetches == 2


def test_new_key_that_met_the_limit_is_not_held_against_it(
    published: Published, registration: Registration, platform_pair: KeyPair, stranger_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    clock.advance(seconds=11)
    published.refuse(registration, "invented")
    published.publish([stranger_pair])
    assert published.refuse(registration, stranger_pair.kid) == RefusalCode.UNKNOWN_KEY
    clock.advance(seconds=11)
    assert published.keys.key(registration, stranger_pair.kid)


def test_platform_that_does_not_answer_is_asked_again_after_ten_seconds(
    published: Published, registration: Registration, platform_pair: KeyPair, clock: Clock
) -> None:
    published.answer = DOWN
    for _ in range(20):
        assert published.refuse(registration, platform_pair.kid) == RefusalCode.PLATFORM_KEYS_UNREACHABLE
    assert published.keys.fetches == 1
    published.publish([platform_pair])
    clock.advance(seconds=10)
    assert published.keys.key(registration, platform_pair.kid)


def test_known_keys_serve_on_for_an_hour_when_the_platform_does_not_answer(
    published: Published, registration: Registration, platform_pair: KeyPair, clock: Clock
) -> None:
    published.keys.key(registration, platform_pair.kid)
    published.answer = DOWN
    clock.advance(minutes=119)
    assert published.keys.key(registration, platform_pair.kid)
    clock.advance(minutes=2)
    assert published.refuse(registration, platform_pair.kid) == RefusalCode.PLATFORM_KEYS_UNREACHABLE


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(404, {}, b"{}"),
        HttpAnswer(302, {"Location": "https://evil.example"}, b""),
        HttpAnswer(200, {}, b"<html>"),
        HttpAnswer(200, {}, b"[]"),
        HttpAnswer(200, {}, b'{"keys": {}}'),
    ],
)
def test_answer_that_is_no_key_set_is_no_answer(
    answer: HttpAnswer, published: Published, registration: Registration, platform_pair: KeyPair
) -> None:
    published.answer = answer
    assert published.refuse(registration, platform_pair.kid) == RefusalCode.PLATFORM_KEYS_UNREACHABLE


def test_only_signature_keys_of_the_right_kind_are_read(platform_pair: KeyPair) -> None:
    weak = KeyPair.invent("weak", bits=1024)
    jwks = [
        platform_pair.public_jwk(kid="good"),
        platform_pair.public_jwk(kid="bare", alg=None, use=None),
        platform_pair.public_jwk(kid="encrypts", use="enc"),
        platform_pair.public_jwk(kid="other-alg", alg="RS512"),
        platform_pair.public_jwk(kid=None),
        platform_pair.public_jwk(kid=5),
        platform_pair.public_jwk(kid="n-is-a-number", n=5),
        platform_pair.public_jwk(kid="n-is-no-base64", n="!!!"),
        platform_pair.public_jwk(kid="n-is-not-ascii", n="ü"),
        platform_pair.public_jwk(kid="e-is-even", e="Ag"),
        platform_pair.public_jwk(kid="n-without-end", n="A" * 5000),
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        weak.public_jwk(),
        "not an object",
        None,
    ]
    assert set(read_key_set(answer_json({"keys": jwks}).body)) == {"good", "bare"}


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"keys": null}'])
def test_what_is_no_key_set_is_refused(content: bytes) -> None:
    with pytest.raises(BadJsonError):
        read_key_set(content)


def test_registrations_do_not_share_keys(scene: Scene, clock: Clock) -> None:
    def respond(asked: Asked) -> HttpAnswer:
        pair = scene.keys if asked.url.endswith("/one") else scene.foreign_keys
        return answer_json({"keys": [pair.public_jwk(kid="same-name")]})

    keys = PlatformKeys(ScriptedClient(respond), clock)
    one = keys.key(scene.registration(jwks_url="https://lms.example.edu/one"), "same-name")
    two = keys.key(scene.registration(jwks_url="https://lms.example.edu/two"), "same-name")
    assert one.public_numbers() != two.public_numbers()


def test_many_threads_make_one_fetch(registration: Registration, platform_pair: KeyPair, clock: Clock) -> None:
    all_ask, found = threading.Barrier(8), []
    jwks = answer_json({"keys": [platform_pair.public_jwk()]})
    keys = PlatformKeys(ScriptedClient(lambda _: jwks), clock)

    def ask() -> None:
        all_ask.wait()
        found.append(keys.key(registration, platform_pair.kid))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert keys.fetches == 1
