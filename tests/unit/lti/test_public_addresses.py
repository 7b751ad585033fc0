"""A platform cannot send us into our own network: neither by an address, nor by a name, nor by a name that changes."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpClient
from lti_tool.lti.public_addresses import PrivateAddressError, connect_publicly, is_public
from lti_tool.lti.values import Registration


@pytest.fixture
def neighbour() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that nobody outside should reach, and what it was asked."""
    app, asked = Flask(__name__), []

    @app.route("/<path:path>")
    def answer(path: str) -> str:
        asked.append(path)
        return "secret"

    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "ff02::1",
        "not an address",
        "",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


def test_neighbour_is_not_asked(neighbour: tuple[str, list[str]]) -> None:
    url, asked = neighbour
    client = HttpClient(allow_http=True, allow_private=False)
    for address in (url, url.replace("127.0.0.1", "localhost"), url.replace("127.0.0.1", "[::ffff:127.0.0.1]")):
        with pytest.raises(PlatformUnreachable) as refusal:
            client.request("GET", f"{address}/latest/meta-data")
        assert refusal.value.kind is Unreachability.BAD_URL
        assert "not at a public address" in refusal.value.detail
    assert asked == []
    client.close()


def test_neighbour_is_asked_where_an_operator_vouched_for_it(neighbour: tuple[str, list[str]]) -> None:
    url, asked = neighbour
    client = HttpClient(allow_http=True, allow_private=False)
    assert client.request("GET", f"{url}/keys", is_vouched_for=True).body == b"secret"
    assert asked == ["keys"]
    client.close()


def test_development_asks_anybody(neighbour: tuple[str, list[str]]) -> None:
    url, asked = neighbour
    client = HttpClient(allow_http=True)
    assert client.request("GET", f"{url}/keys").body == b"secret"
    assert asked == ["keys"]
    client.close()


def test_name_that_answers_differently_the_second_time_is_caught_by_its_socket(
    neighbour: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = neighbour
    port = int(url.rsplit(":", 1)[1])

    def resolve(*_arguments: Any, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", port)))
        return opened[-1]

    monkeypatch.setattr(socket, "create_connection", _connect_directly(port))
    with pytest.raises(PrivateAddressError):
        connect_publicly("rebinding.example.org", port, connect)
    assert opened[0].fileno() == -1, "it is closed, and nothing was sent"
    assert asked == []


def _connect_directly(port: int) -> Any:
    def connect(_address: tuple[str, int]) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.connect(("127.0.0.1", port))
        return made

    return connect


def test_registration_vouches_for_what_an_operator_typed(registration: Registration) -> None:
    typed = replace(registration, token_url="https://lms.school.internal/token")
    assert typed.vouches_for("https://lms.school.internal/courses/1/line_items")
    assert not typed.vouches_for("https://payroll.school.internal/")
    assert not typed.vouches_for("https://[bad")
    invited = replace(typed, was_invited=True)
    assert not invited.vouches_for("https://lms.school.internal/token")
