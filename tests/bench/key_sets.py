"""How often a worker asks a platform for its keys, counted over an hour of the tool's own clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lti_tool.lti.http import HttpClient
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.platform_keys import PlatformKeys
from lti_tool.lti.values import ExpectedLaunch, Registration
from tests.bench.platform import CLIENT_ID, DEPLOYMENT_ID, Platform
from tests.support.clock import Clock

_TOOL = "http://127.0.0.1"
_NONCE = "nonce"
_SIGNED_AGAIN_AFTER = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class KeyFetches:
    """How many launches were checked, and how many requests for keys reached the platform."""

    launches: int
    fetches: int


def count_key_fetches(platform: Platform, launches: int) -> KeyFetches:
    """Check this many launches, spread evenly over an hour, as one worker would."""
    clock = Clock(datetime.now(UTC))
    http = HttpClient(allow_http=True)
    verifier = LaunchVerifier(PlatformKeys(http, clock), _TOOL)
    registration = Registration(
        id="1",
        name="An invented school",
        issuer=platform.url,
        client_id=CLIENT_ID,
        auth_url=f"{platform.url}/auth",
        token_url=f"{platform.url}/token",
        jwks_url=f"{platform.url}/jwks/clock",
        family="other",
    )
    expected = ExpectedLaunch(registration, _NONCE, DEPLOYMENT_ID)
    signed_at, token = clock.now(), _sign(platform, clock)
    try:
        for _ in range(launches):
            if clock.now() - signed_at > _SIGNED_AGAIN_AFTER:
                signed_at, token = clock.now(), _sign(platform, clock)
            verifier.verify(token, expected, clock.now())
            clock.advance(seconds=3600 / launches)
    finally:
        http.close()
    return KeyFetches(launches, platform.counts["key set of clock"])


def _sign(platform: Platform, clock: Clock) -> str:
    return platform.sign_launch(1, _NONCE, f"{_TOOL}/lti/launch", int(clock.now().timestamp()))
