"""The demo, alive on free ports inside the test process: both servers, a delivery worker, the demo's people."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from lti_tool.app import create_app, utc_now
from lti_tool.config import Settings
from lti_tool.demo import FAMILIES
from lti_tool.demo_data import seed_demo
from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.settings import CLIENT_ID, DEPLOYMENT_ID, DemoLmsSettings
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.http import HttpClient
from lti_tool.lti.tool_keys import rotate
from lti_tool.models import Store
from lti_tool.services.deliveries import deliver_due
from lti_tool.services.registrations import RegistrationInput, add_registration
from lti_tool.web.tool import Tool
from tests.support.series import load_real_series


@dataclass
class LiveDemo:
    """Two origins that a browser can open, as ``make demo`` has them."""

    lms_url: str
    tool_url: str
    platform: Platform
    app: Flask

    @property
    def store(self) -> Store:
        """The tool's database."""
        tool: Tool = self.app.extensions["lti_tool"]
        return tool.store


@contextmanager
def run_live_demo(database_url: str, folder: Path, *, manner: Manner = Manner.STRICT) -> Iterator[LiveDemo]:
    """Serve the demo until the block ends. Everything is on loopback and on the real clock.

    ``manner`` is whose manners the LMS has; it is registered as that family.
    """
    lms_port, tool_port = _find_free_port(), _find_free_port()
    lms_url, tool_url = f"http://localhost:{lms_port}", f"http://127.0.0.1:{tool_port}"
    rotate(folder / "keys", utc_now())
    app = create_app(
        Settings(
            database_url=database_url,
            base_url=tool_url,
            secret_key="l" * 40,
            keys_dir=folder / "keys",
            is_development=True,
        ),
        series=load_real_series(),
    )
    settings = DemoLmsSettings(base_url=lms_url, tool_url=tool_url, data_dir=folder / "lms", manner=manner)
    lms = create_demo_lms(settings)
    demo = LiveDemo(lms_url, tool_url, lms.extensions["demo_lms"], app)
    add_registration(
        demo.store,
        RegistrationInput(
            name="Demo LMS",
            issuer=lms_url,
            client_id=CLIENT_ID,
            auth_url=settings.authorization_url,
            token_url=settings.token_url,
            jwks_url=settings.keys_url,
            family=FAMILIES[manner],
            origins=[lms_url],
            deployment_ids=[DEPLOYMENT_ID],
        ),
        now=utc_now(),
        allow_http=True,
    )
    seed_demo(demo.store, load_real_series(), utc_now(), platform=demo.platform, base_url=tool_url)
    sites = ((lms_port, lms), (tool_port, app))
    servers = [make_server("127.0.0.1", port, site, threaded=True) for port, site in sites]
    has_ended = Event()
    threads = [Thread(target=_serve, args=(server,), daemon=True) for server in servers]
    threads.append(Thread(target=_deliver, args=(demo, has_ended), daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield demo
    finally:
        has_ended.set()
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join(timeout=10)
        demo.store.engine.dispose()


def _serve(server: BaseWSGIServer) -> None:
    server.serve_forever(poll_interval=0.05)


def _deliver(demo: LiveDemo, has_ended: Event) -> None:
    tool: Tool = demo.app.extensions["lti_tool"]
    services = replace(tool.services, http=HttpClient(allow_http=True, user_agent="test"))
    client = GradebookClient(services)
    while not has_ended.wait(0.5):
        deliver_due(demo.store, client, owner="live-worker", clock=utc_now, services=services, base_url=demo.tool_url)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
