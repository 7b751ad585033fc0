"""The stock connector and ours before the same answers: each override shows what it mends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pylti1p3.exception import LtiServiceException
from pylti1p3.service_connector import ServiceConnector

from lti_tool.lti.connector import (
    ToolServiceConnector,
)
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.library import KnownRegistration
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import Registration
from tests.certification.scene import ISSUER
from tests.support.clock import Clock
from tests.unit.lti.doubles import answer_json
from tests.unit.lti.exchange import SCORE, URL, Exchange


@pytest.fixture
def exchange(tool_keys: ToolKeys, clock: Clock) -> Exchange:
    return Exchange(tool_keys, clock)


class StockSession(requests.Session):
    """The network of a stock connector, answering from a script."""

    def __init__(self, answers: Callable[[str, str], tuple[int, bytes, dict[str, str]]]) -> None:
        super().__init__()
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append((method, url, kwargs))
        response = requests.Response()
        response.status_code, response._content, headers = self.answers(method, url)
        response.headers.update(headers)
        response.url = url
        return response


@pytest.fixture
def open_stock(
    registration: Registration, tool_keys: ToolKeys
) -> Callable[[Any], tuple[ServiceConnector, StockSession]]:
    def open_it(answers: Any) -> tuple[ServiceConnector, StockSession]:
        session = StockSession(answers)
        return ServiceConnector(KnownRegistration(registration, tool_keys.signing_key()), session), session

    return open_it


def answer_stock(body: bytes, headers: dict[str, str] | None = None) -> Any:
    token = json.dumps({"access_token": "t", "expires_in": 1}).encode()
    return lambda _, url: (200, token, {}) if url.endswith("/token") else (200, body, headers or {})


NEXT = f"{ISSUER}/Items?Bookmark=AbC"


def test_next_page_keeps_its_capitals_and_stock_loses_them(
    exchange: Exchange, registration: Registration, open_stock: Any
) -> None:
    link = {"Link": f'<{NEXT}>; rel="next"'}
    stock, _ = open_stock(answer_stock(b"[]", {"link": link["Link"]}))
    assert stock.make_service_request(SCORE, URL)["next_page_url"] == NEXT.lower()
    exchange.service = lambda _: answer_json([], headers=link)
    assert (
        ToolServiceConnector(registration, exchange.services).make_service_request(SCORE, URL)["next_page_url"] == NEXT
    )


def test_page_after_a_stored_score_is_fine_and_stock_raises(
    exchange: Exchange, registration: Registration, open_stock: Any
) -> None:
    stock, _ = open_stock(answer_stock(b"<html>stored</html>"))
    with pytest.raises(ValueError, match="Expecting value"):
        stock.make_service_request(SCORE, URL, is_post=True, data="{}")
    exchange.service = lambda _: HttpAnswer(200, {}, b"<html>stored</html>")
    assert exchange.call(registration)["body"] is None


def test_token_outlives_the_connector_and_its_end_is_kept_and_stock_does_neither(
    exchange: Exchange, registration: Registration, open_stock: Any, clock: Clock
) -> None:
    answers = answer_stock(b"{}")
    (one, session), (two, other_session) = open_stock(answers), open_stock(answers)
    for connector in (one, one, two):
        connector.make_service_request(SCORE, URL)
    assert [url.rsplit("/", 1)[-1] for _, url, _ in session.asked] == ["token", "scores", "scores"]
    assert [url.rsplit("/", 1)[-1] for _, url, _ in other_session.asked] == ["token", "scores"]
    exchange.call(registration)
    exchange.call(registration)
    clock.advance(hours=1)
    exchange.call(registration)
    assert exchange.issued == 2


def test_every_call_has_limits_and_stock_has_none(open_stock: Any) -> None:
    stock, session = open_stock(answer_stock(b"{}"))
    stock.make_service_request(SCORE, URL)
    assert all(kwargs.get("timeout") is None for _, _, kwargs in session.asked)
    assert any(kwargs.get("allow_redirects") for _, _, kwargs in session.asked)


def test_refused_token_is_final_for_stock(open_stock: Any) -> None:
    token = json.dumps({"access_token": "t"}).encode()
    stock, session = open_stock(lambda _, url: (200, token, {}) if url.endswith("/token") else (401, b"", {}))
    with pytest.raises(LtiServiceException):
        stock.make_service_request(SCORE, URL)
    assert len(session.asked) == 2
