"""A platform with a token endpoint and one service, and the connector's side of the conversation."""

from collections.abc import Callable
from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.connector import (
    MemoryTokenCache,
    Services,
    TokenCache,
    ToolServiceConnector,
)
from lti_tool.lti.errors import PlatformUnreachable, ServiceError
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import Registration
from tests.certification.scene import ISSUER
from tests.support.clock import Clock
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

SCORE = [vocabulary.SCOPE_SCORE]
URL = f"{ISSUER}/items/1/scores"


class Exchange:
    """A platform with a token endpoint and one service; a test may change what either says."""

    def __init__(self, tool_keys: ToolKeys, clock: Clock, tokens: TokenCache | None = None) -> None:
        self.token: Callable[[], HttpAnswer | PlatformUnreachable] = self.issue
        self.service: Callable[[Asked], HttpAnswer | PlatformUnreachable] = lambda _: answer_json({})
        self.issued = 0
        self.http = ScriptedClient(self.respond)
        self.services = Services(self.http, tool_keys, tokens or MemoryTokenCache(), clock)

    def issue(self, expires_in: object = 3600) -> HttpAnswer:
        self.issued += 1
        return answer_json({"access_token": f"token-{self.issued}", "token_type": "Bearer", "expires_in": expires_in})

    def respond(self, asked: Asked) -> HttpAnswer | PlatformUnreachable:
        return self.token() if asked.url.endswith("/token") else self.service(asked)

    def call(self, registration: Registration, scopes: list[str] | None = None) -> Any:
        connector = ToolServiceConnector(registration, self.services)
        return connector.make_service_request(scopes or SCORE, URL, is_post=True, data="{}", content_type="x/y")

    def fail(self, registration: Registration) -> ServiceError:
        with pytest.raises(ServiceError) as error:
            self.call(registration)
        return error.value
