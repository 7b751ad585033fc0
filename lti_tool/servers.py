"""The programs the supervisor starts: the web server, the demo LMS, the delivery worker.

``python -m lti_tool.servers web --host 127.0.0.1 --port 5000 --workers 2``, ``lms …``, ``worker``. Operators type
``lti-tool serve`` and ``lti-tool worker`` instead. Settings come from the environment, as everywhere.
"""

import logging
import os
import secrets
import socket
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # gunicorn ships no types

from lti_tool.config import Settings, SettingsError, read_settings
from lti_tool.processes import StopFlag, catch_stop_signals, end_with_supervisor

THREADS: Final = 8
IDLE_SECONDS: Final = 0.5
TIDYING_SECONDS: Final = 3600.0
LONGEST_TROUBLE_SECONDS: Final = 30.0
_LONGEST_REQUEST_LINE: Final = 8190
"""gunicorn's own maximum: login hints travel in addresses, and Canvas's are long."""

if TYPE_CHECKING:
    from lti_tool.lti.connector import Services
    from lti_tool.models import Store

_log = logging.getLogger("lti_tool.servers")


class WebServer(BaseApplication):  # type: ignore[misc] # for the same reason
    """gunicorn with threads, told everything in code."""

    def __init__(self, make_app: Callable[[], Flask], binds: list[str], workers: int) -> None:
        self._make_app = make_app
        self._options = {
            "bind": binds,
            "workers": workers,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 15,
            "keepalive": 5,
            "limit_request_line": _LONGEST_REQUEST_LINE,
            "loglevel": "warning",
            # Nothing but this program's own supervisor steers it.
            "control_socket_disable": True,
            # The heartbeat file must not be on a disk that may be slow; where there is no such place, the default.
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand over the options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application, in each worker of its own: nothing opened before the fork is shared."""
        return self._make_app()


def log_to_stderr() -> None:
    """Send the program's own log where the operator looks: the terminal, or the service manager's journal."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("lti_tool").setLevel(logging.INFO)


def is_port_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def list_loopback_hosts() -> list[str]:
    """The addresses ``localhost`` may mean to a browser on this machine."""
    return ["127.0.0.1", *(["::1"] if socket.has_ipv6 and is_port_free("::1", 0) else [])]


@contextmanager
def opened_services(settings: Settings, store: "Store") -> Iterator["Services"]:
    """What a call to any platform needs: this process's own connections, and the tokens that all processes share."""
    from lti_tool.app import make_http_client, utc_now  # noqa: PLC0415 - each program loads its own parts only
    from lti_tool.lti.connector import Services  # noqa: PLC0415
    from lti_tool.lti.tool_keys import ToolKeys  # noqa: PLC0415
    from lti_tool.services.access_tokens import StoredTokenCache  # noqa: PLC0415

    http = make_http_client(settings)
    try:
        tokens = StoredTokenCache(store, settings.secret_key)
        yield Services(http, ToolKeys(settings.keys_dir), tokens, utc_now)
    finally:
        http.close()


def run_worker(settings: Settings, should_stop: StopFlag) -> None:
    """Deliver scores, do the other duties of a worker, and tidy up once an hour, until told to stop.

    Trouble (a database that is away) is logged, waited out and tried again.
    """
    from lti_tool.app import utc_now  # noqa: PLC0415
    from lti_tool.lti.ags import GradebookClient  # noqa: PLC0415
    from lti_tool.models.store import open_store  # noqa: PLC0415
    from lti_tool.services.deliveries import deliver_due  # noqa: PLC0415
    from lti_tool.services.housekeeping import forget_ended_entries  # noqa: PLC0415

    store = open_store(settings.database_url)
    owner = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
    failures = 0
    tidy_at = time.monotonic()
    _log.info("delivery worker %s started", owner)
    with opened_services(settings, store) as services:
        client = GradebookClient(services)
        while not should_stop():
            try:
                if time.monotonic() >= tidy_at:
                    tidy_at = time.monotonic() + TIDYING_SECONDS
                    forget_ended_entries(store, now=utc_now(), should_stop=should_stop)
                done = deliver_due(
                    store,
                    client,
                    owner=owner,
                    clock=utc_now,
                    should_stop=should_stop,
                    services=services,
                    base_url=settings.base_url,
                )
            except Exception:  # noqa: BLE001 - see below
                # Whatever it was, a worker that ends delivers nothing; the trouble is in the log.
                failures += 1
                _log.exception("delivery round failed, %s in a row", failures)
                should_stop.nap(min(2.0 ** min(failures, 10), LONGEST_TROUBLE_SECONDS))
            else:
                failures = 0
                if done.did_nothing:
                    should_stop.nap(IDLE_SECONDS)
    store.engine.dispose()
    _log.info("delivery worker %s stopped", owner)


def run_web(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve the tool until told to stop."""
    # Loaded once, before the fork: the web processes share the memory and start at once.
    from lti_tool.app import create_app  # noqa: PLC0415

    WebServer(lambda: create_app(settings), [_format_bind(host, port)], workers).run()


def run_lms(url: str, tool_url: str, data_dir: Path, manner: str) -> None:
    """Serve the demo LMS until told to stop. One process: the misbehaviour it can be told to show is kept in it."""
    from lti_tool.demo_lms.app import create_demo_lms  # noqa: PLC0415
    from lti_tool.demo_lms.manners import Manner  # noqa: PLC0415
    from lti_tool.demo_lms.settings import DemoLmsSettings  # noqa: PLC0415

    settings = DemoLmsSettings(data_dir=data_dir, base_url=url, tool_url=tool_url, manner=Manner(manner))
    binds = [_format_bind(host, urlsplit(url).port or 80) for host in list_loopback_hosts()]
    WebServer(lambda: create_demo_lms(settings), binds, 1).run()


def main(arguments: list[str] | None = None) -> int:
    """Run one of the programs, and end with the supervisor that started it."""
    end_with_supervisor()
    log_to_stderr()
    options = _parse(arguments)
    if options.program == "lms":
        run_lms(options.url, options.tool_url, options.data_dir, options.manner)
        return 0
    try:
        settings = read_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.program == "web":
        run_web(settings, options.host, options.port, options.workers)
    else:
        with catch_stop_signals() as should_stop:
            run_worker(settings, should_stop)
    return 0


def _parse(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m lti_tool.servers", description=__doc__)
    programs = parser.add_subparsers(dest="program", required=True)
    web = programs.add_parser("web", help="the tool's pages")
    web.add_argument("--host", required=True)
    web.add_argument("--port", type=int, required=True)
    web.add_argument("--workers", type=int, required=True)
    lms = programs.add_parser("lms", help="the demo LMS")
    lms.add_argument("--url", required=True)
    lms.add_argument("--tool-url", required=True)
    lms.add_argument("--data-dir", type=Path, required=True)
    lms.add_argument("--manner", choices=("strict", "canvas", "moodle"), default="strict")
    programs.add_parser("worker", help="a delivery worker")
    return parser.parse_args(arguments)


def _format_bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
