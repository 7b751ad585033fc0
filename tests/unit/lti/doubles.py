"""Stand-ins for what lies beyond the door: an HTTP client that answers from a script, and keys already fetched."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from urllib3 import HTTPHeaderDict

from lti_tool.lti.errors import PlatformUnreachable
from lti_tool.lti.http import HttpAnswer, HttpClient
from lti_tool.lti.platform_keys import PlatformKeys
from tests.certification.scene import KeyPair


@dataclass(frozen=True)
class Asked:
    """One request that was made."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class ScriptedClient(HttpClient):
    """Answers from a function; remembers what it was asked."""

    def __init__(self, answer: Callable[[Asked], HttpAnswer | PlatformUnreachable]) -> None:
        super().__init__(allow_http=True)
        self._answer = answer
        self.asked: list[Asked] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_vouched_for: bool = False,
    ) -> HttpAnswer:
        asked = Asked(method, url, headers or {}, body)
        self.asked.append(asked)
        answer = self._answer(asked)
        if isinstance(answer, PlatformUnreachable):
            raise answer
        return answer


def answer_json(
    document: object, status: int = 200, reason: str = "OK", headers: Mapping[str, str] | None = None
) -> HttpAnswer:
    """An answer that holds JSON."""
    return HttpAnswer(status, HTTPHeaderDict(headers or {}), json.dumps(document).encode(), reason)


def keys_that_serve(*pairs: KeyPair, now: datetime) -> PlatformKeys:
    """A key cache whose platform publishes these keys."""
    jwks = answer_json({"keys": [pair.public_jwk() for pair in pairs]})
    return PlatformKeys(ScriptedClient(lambda _: jwks), lambda: now)
