"""``lti-tool serve`` as an operator runs it: web processes and a worker, restarted when they die, stopped together."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import find_free_port, is_alive, list_descendants, wait_for

SECONDS = 90


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
    environment |= {
        "LTI_TOOL_BASE_URL": "https://tool.example.org",
        "LTI_TOOL_SECRET_KEY": "s" * 40,
        "LTI_TOOL_KEYS_DIR": str(tmp_path / "keys"),
        "LTI_TOOL_DATABASE_URL": database_url,
    }
    subprocess.run([sys.executable, "-m", "lti_tool.cli", "keys", "rotate"], env=environment, check=True)
    return environment


@pytest.fixture
def port() -> int:
    return find_free_port()


@pytest.fixture
def server(environment: dict[str, str], port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "lti_tool.cli", "serve", "--port", str(port), "--workers", "2"]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as served,
    ):
        try:
            yield served
        finally:
            served.terminate()
            served.wait(30)


def ask(port: int) -> dict[str, object] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            found = json.load(answer)
            return found if isinstance(found, dict) else None
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_serve_restarts_the_dead_and_stops_all(server: subprocess.Popen[bytes], port: int, tmp_path: Path) -> None:
    assert wait_for("an answer", lambda: ask(port), SECONDS)["status"] == "ok"
    log = tmp_path / "log"
    wait_for("the delivery worker", lambda: "delivery worker" in log.read_text(), SECONDS)
    web, worker = (find_program(server.pid, name) for name in ("web", "worker"))
    os.kill(worker, signal.SIGKILL)
    wait_for("a new worker", lambda: log.read_text().count("started") >= 2, SECONDS)
    os.kill(web, signal.SIGKILL)
    wait_for("the news of it", lambda: "web server ended (SIGKILL)" in log.read_text(), SECONDS)
    assert wait_for("an answer again", lambda: ask(port), SECONDS)["status"] == "ok"

    family = list_descendants(server.pid)
    assert len(family) == 4, "the web server, its two processes, and the worker"
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
    assert not [pid for pid in family if is_alive(pid)]


def find_program(supervisor: int, name: str) -> int:
    family = list_descendants(supervisor)
    return next(pid for pid, command in family.items() if f"lti_tool.servers {name}" in command)
