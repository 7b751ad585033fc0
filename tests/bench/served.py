"""Applications served as in production: gunicorn, one worker with four threads, and the CPU clock of that worker."""

import os
import select
import signal
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

CONFIG_FILE = "tool.json"
THREADS = 4
_FOLDER_VARIABLE = "BENCH_FOLDER"
_START_SECONDS = 60.0
# MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of Linux: the clock of a whole process, in nanoseconds.
_SCHEDULER_CLOCK = 2


def make_tool() -> Flask:
    """The tool, for gunicorn. Only development may ask a loopback platform for its keys; the rest is production's."""
    from lti_tool.app import create_app  # noqa: PLC0415 - each server loads its own application only
    from lti_tool.config import read_settings  # noqa: PLC0415

    app = create_app(read_settings())
    app.jinja_env.auto_reload = False
    return app


def make_plain() -> Flask:
    """The plain example with its storage through Flask-SQLAlchemy, for gunicorn."""
    return _make_plain(on_driver=False)


def make_plain_on_driver() -> Flask:
    """The plain example with its storage through the bare driver, for gunicorn."""
    return _make_plain(on_driver=True)


def _make_plain(*, on_driver: bool) -> Flask:
    from tests.bench.plain_example import make_plain_example  # noqa: PLC0415

    return make_plain_example(Path(os.environ[_FOLDER_VARIABLE]), CONFIG_FILE, on_driver=on_driver)


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


@dataclass(frozen=True, slots=True)
class Starting:
    """A server that was told to start; several may be on their way up, or down, at once."""

    port: int
    server: "subprocess.Popen[bytes]"

    def wait(self) -> Served:
        """Wait until the application answers.

        Raises:
            RuntimeError: it ended instead.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_START_SECONDS)
        # The kernel takes connections before the application is there.
        connection.request("GET", "/")
        deadline = time.monotonic() + _START_SECONDS
        while not select.select([connection.sock], [], [], 0.05)[0]:
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start; its reason is above")
        connection.close()
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text(encoding="ascii")
        return Served(self.port, int(children.split()[0]))

    def stop(self) -> None:
        """Ask for gunicorn's quick end: there is nobody left to be polite to."""
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)


def reserve_port() -> socket.socket:
    """A listening socket on a free port; handed to a server, so that nobody can take the port in between."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener.set_inheritable(True)
    return listener


@contextmanager
def serve(maker: str, listener: socket.socket, folder: Path, environment: Mapping[str, str]) -> Iterator[Starting]:
    """Serve what the function ``maker`` of this module makes, until the block ends."""
    arguments = ["--workers=1", "--worker-class=gthread", f"--threads={THREADS}", "--log-level=warning"]
    # A browser that waits for its turn keeps its connection.
    arguments += ["--keep-alive=75", "--no-control-socket", f"--bind=fd://{listener.fileno()}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *arguments, f"{__name__}:{maker}()"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment, _FOLDER_VARIABLE: str(folder)},
        pass_fds=[listener.fileno()],
    )
    starting = Starting(listener.getsockname()[1], server)
    try:
        yield starting
    finally:
        starting.stop()
        server.wait()
        listener.close()
