import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpClient


class Platform(ThreadingHTTPServer):
    """A platform on loopback that behaves as the path says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.connections: set[tuple[str, int]] = set()
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what these tests are about."""


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Platform

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.connections.add(self.client_address)
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        act: Callable[[], None] = getattr(self, "act_" + self.path.split("?")[0].strip("/"), self.act_ok)
        act()

    def do_POST(self) -> None:
        self.do_GET()

    def act_ok(self) -> None:
        self.answer(200, b'{"ok": true}', X_Mixed_Case="Kept")

    def act_redirect(self) -> None:
        self.answer(302, b"", Location="/ok")

    def act_refuse(self) -> None:
        self.send_response(409, "Refusing score with an earlier timestamp")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def act_large(self) -> None:
        self.answer(200, b"x" * 5000)

    def act_endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")

    def act_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def act_hang(self) -> None:
        time.sleep(1.0)

    def act_drop(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def act_short(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(
        allow_http=True, user_agent="lti-tool/1 (test)", read_timeout=0.3, max_bytes=4000, max_seconds=0.5
    )
    yield client
    client.close()


def fail(client: HttpClient, url: str) -> Unreachability:
    with pytest.raises(PlatformUnreachable) as error:
        client.request("GET", url)
    return error.value.kind


def test_answer_is_read(platform: Platform, client: HttpClient) -> None:
    answer = client.request("POST", f"{platform.url}/ok?a=b", headers={"Accept": "x/y"}, body=b"body")
    assert (answer.status, answer.is_ok, answer.body) == (200, True, b'{"ok": true}')
    assert answer.headers["x-mixed-case"] == answer.headers["X-MIXED-CASE"] == "Kept"
    method, path, headers, body = platform.seen[0]
    assert (method, path, body) == ("POST", "/ok?a=b", b"body")
    assert (headers["Accept"], headers["User-Agent"]) == ("x/y", "lti-tool/1 (test)")


def test_reason_phrase_is_kept(platform: Platform, client: HttpClient) -> None:
    answer = client.request("GET", f"{platform.url}/refuse")
    assert (answer.status, answer.reason, answer.is_ok) == (409, "Refusing score with an earlier timestamp", False)


def test_connection_is_kept_for_the_next_request(platform: Platform, client: HttpClient) -> None:
    for path in ("ok", "refuse", "ok", "redirect", "ok"):
        client.request("GET", f"{platform.url}/{path}")
    assert len(platform.connections) == 1


def test_redirect_is_handed_back_and_not_followed(platform: Platform, client: HttpClient) -> None:
    answer = client.request("GET", f"{platform.url}/redirect")
    assert (answer.status, answer.headers["Location"]) == (302, "/ok")
    assert len(platform.seen) == 1


@pytest.mark.parametrize("path", ["large", "endless"])
def test_answer_beyond_the_cap_is_given_up(path: str, platform: Platform, client: HttpClient) -> None:
    assert fail(client, f"{platform.url}/{path}") == Unreachability.TOO_LARGE
    assert client.request("GET", f"{platform.url}/ok").is_ok


def test_silence_is_given_up(platform: Platform, client: HttpClient) -> None:
    assert fail(client, f"{platform.url}/hang") == Unreachability.TIMEOUT


def test_slow_drip_is_given_up(platform: Platform, client: HttpClient) -> None:
    """Every byte starts the socket's own timeout again."""
    started = time.monotonic()
    assert fail(client, f"{platform.url}/drip") == Unreachability.TIMEOUT
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("path", ["drop", "short"])
def test_connection_that_breaks_off_is_no_answer(path: str, platform: Platform, client: HttpClient) -> None:
    assert fail(client, f"{platform.url}/{path}") == Unreachability.DROPPED


def test_nobody_there(client: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert fail(client, f"http://127.0.0.1:{port}/") == Unreachability.REFUSED


def test_plain_text_server_behind_https_is_a_tls_failure(platform: Platform, client: HttpClient) -> None:
    assert fail(client, platform.url.replace("http://", "https://")) == Unreachability.TLS


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/",
        "file:///etc/hosts",
        "http://",
        "http:///x",
        "127.0.0.1:5001",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX: y",
        "http://127.0.0.1\\@evil.example/",
        "http://[::1/",
        "",
    ],
)
def test_bad_address_is_not_called(url: str, client: HttpClient) -> None:
    assert fail(client, url) == Unreachability.BAD_URL


def test_plain_http_is_for_development_only(platform: Platform) -> None:
    assert fail(HttpClient(allow_http=False), f"{platform.url}/ok") == Unreachability.BAD_URL
    assert platform.seen == []


def test_line_break_in_a_header_writes_no_header(platform: Platform, client: HttpClient) -> None:
    with pytest.raises(PlatformUnreachable):
        client.request("GET", f"{platform.url}/ok", headers={"Authorization": "Bearer a\r\nX-Evil: 1"})
    assert platform.seen == []


def test_failure_names_the_address_without_its_query(client: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(PlatformUnreachable) as error:
        client.request("GET", f"http://127.0.0.1:{port}/x?secret=1")
    assert error.value.detail.startswith(f"GET http://127.0.0.1:{port}/x: ")


def test_environment_proxies_are_not_used(
    platform: Platform, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert client.request("GET", f"{platform.url}/ok").is_ok
