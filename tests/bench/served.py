"""Applications served as in production: gunicorn, one worker with four threads, and the CPU clock of that worker."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask

from lti_tool.app import create_app
from lti_tool.config import read_settings
from tests.bench.plain_example import make_plain_example

THREADS = 4
_FOLDER_VARIABLE = "BENCH_FOLDER"
_START_SECONDS = 30.0
# MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of Linux: the clock of a whole process, in nanoseconds.
_SCHEDULER_CLOCK = 2


def make_tool() -> Flask:
    """The tool, for gunicorn. Only development may ask a loopback platform for its keys; the rest is production's."""
    app = create_app(read_settings())
    app.jinja_env.auto_reload = False
    return app


def make_plain() -> Flask:
    """The plain example, for gunicorn."""
    return make_plain_example(Path(os.environ[_FOLDER_VARIABLE]))


@dataclass(frozen=True, slots=True)
class Served:
    """A running application: its address and its worker's process."""

    port: int
    worker_pid: int

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    def read_cpu(self) -> int:
        """Nanoseconds of CPU the worker has used since it started, in and outside the kernel."""
        return time.clock_gettime_ns((~self.worker_pid << 3) | _SCHEDULER_CLOCK)


def reserve_port() -> socket.socket:
    """A listening socket on a free port; handed to a server, so that nobody can take the port in between."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


@contextmanager
def serve(maker: str, listener: socket.socket, folder: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """Serve what the function ``maker`` of this module makes, until the block ends."""
    arguments = ["--workers=1", "--worker-class=gthread", f"--threads={THREADS}", "--log-level=warning"]
    # A browser that waits for its turn keeps its connection.
    arguments += ["--keep-alive=75", "--no-control-socket", f"--bind=fd://{listener.fileno()}", f"{__name__}:{maker}()"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *arguments],
        env={**os.environ, **environment, _FOLDER_VARIABLE: str(folder)},
        pass_fds=[listener.fileno()],
    )
    try:
        served = Served(listener.getsockname()[1], _wait_for_worker(server))
        _wait_for_answer(server, served)
        yield served
    finally:
        server.terminate()
        server.wait()
        listener.close()


def _wait_for_worker(server: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        pids = children.read_text(encoding="ascii").split()
        if pids:
            return int(pids[0])
        time.sleep(0.05)
    raise RuntimeError("the server did not start; its reason is above")


def _wait_for_answer(server: subprocess.Popen[bytes], served: Served) -> None:
    """Wait until the application is there: the kernel takes connections before it is."""
    connection = HTTPConnection("127.0.0.1", served.port, timeout=_START_SECONDS)
    connection.request("GET", "/")
    while not select.select([connection.sock], [], [], 0.1)[0]:
        if server.poll() is not None:
            raise RuntimeError("the server did not start; its reason is above")
    connection.close()
