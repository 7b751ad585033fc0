"""The tool's own address is its operator's word, and a number in a path is one a table can hold."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.models.base import LARGEST_ID
from lti_tool.web.addresses import IdConverter, OwnAddress
from tests.support.series import load_real_series

BASE_URL = "https://leading-edge.example.org"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'tool.sqlite3'}",
        base_url=BASE_URL,
        secret_key="a" * 40,
        keys_dir=tmp_path,
        is_development=False,
    )
    return create_app(settings, series=load_real_series())


@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example.org", "<>", ""])
def test_what_a_request_says_of_our_address_counts_for_nothing(host: str) -> None:
    seen: dict[str, Any] = {}

    def note(environ: dict[str, Any], _start_response: object) -> list[bytes]:
        seen.update(environ)
        return []

    OwnAddress(note, f"{BASE_URL}:8443")({"wsgi.url_scheme": "http", "HTTP_HOST": host}, lambda *_: lambda _: None)
    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("https", "leading-edge.example.org:8443")


def test_behind_a_proxy_that_speaks_http_everything_stays_on_https(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/healthz", base_url="http://10.0.0.7:8000")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    redirect = client.get("/s/abc/reviews", base_url="http://10.0.0.7:8000")
    assert (redirect.status_code, redirect.location) == (308, f"{BASE_URL}/s/abc/reviews/")


def test_a_number_is_one_a_table_can_hold() -> None:
    app = Flask(__name__)
    app.url_map.converters["int"] = IdConverter
    app.add_url_rule("/<int:number>", "show")
    router = app.url_map.bind("localhost")
    assert router.match(f"/{LARGEST_ID}") == ("show", {"number": LARGEST_ID})
    for number in (LARGEST_ID + 1, 10**30, -1):
        with pytest.raises(NotFound):
            router.match(f"/{number}")
