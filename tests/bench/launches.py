"""CPU of a launch, ours beside the plain example's: both up at once, driven in turns from this process."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lti_tool.models.schema import upgrade_schema
from lti_tool.models.store import open_store
from lti_tool.services.registrations import RegistrationInput, add_registration
from tests.bench.browsers import PlainVisitor, ToolVisitor
from tests.bench.pairing import Contender, Sizes, measure_in_turns
from tests.bench.platform import CLIENT_ID, DEPLOYMENT_ID, PEOPLE, Platform
from tests.bench.served import CONFIG_FILE, Served, Starting, reserve_port, serve


@dataclass(frozen=True, slots=True)
class LaunchCosts:
    """Milliseconds of CPU in each round, by contender, and how often the tool asked for keys in how many launches."""

    used: dict[str, list[float]]
    tool_launches: int
    tool_key_fetches: int


TOOL_FIRST, TOOL_AGAIN, TOOL_PAGE = "tool, first", "tool, again", "tool, page"
PLAIN, PLAIN_CHECKED, PLAIN_PAGE = "plain", "plain, cookies checked", "plain, page"
PLAIN_ON_DRIVER = "plain on the driver"


def measure_launches(folder: Path, platform: Platform, sizes: Sizes) -> LaunchCosts:
    """Serve everything at once, let everybody launch once so that their rows are there, then measure."""
    with (
        _serve_all(folder, platform) as (tool, plain, on_driver),
        closing(ToolVisitor(tool, platform)) as visitor,
        closing(PlainVisitor(plain, platform)) as other,
        closing(PlainVisitor(on_driver, platform)) as third,
    ):
        for _ in range(PEOPLE):
            visitor.launch_first()
        launching = measure_in_turns(
            [
                Contender(TOOL_FIRST, visitor.launch_first, tool.read_cpu),
                Contender(PLAIN, other.launch, plain.read_cpu),
                Contender(TOOL_AGAIN, visitor.launch_again, tool.read_cpu),
                Contender(PLAIN_ON_DRIVER, third.launch, on_driver.read_cpu),
                Contender(PLAIN_CHECKED, other.launch_checked, plain.read_cpu),
            ],
            sizes.rounds,
            sizes.launches,
        )
        page, plain_page = visitor.launch_first().location, other.launch().location
        opening = measure_in_turns(
            [
                Contender(TOOL_PAGE, lambda: visitor.open_page(page), tool.read_cpu),
                Contender(PLAIN_PAGE, lambda: other.open_page(plain_page), plain.read_cpu),
            ],
            sizes.rounds,
            sizes.launches,
        )
        return LaunchCosts(launching | opening, visitor.launches, platform.counts["key set of tool"])


@contextmanager
def _serve_all(folder: Path, platform: Platform) -> Iterator[tuple[Served, Served, Served]]:
    _configure_plain(folder, platform)
    with (
        start_tool(folder, platform) as (tool, _),
        serve("make_plain", reserve_port(), folder, {}) as plain,
        serve("make_plain_on_driver", reserve_port(), folder, {}) as on_driver,
    ):
        try:
            yield tool.wait(), plain.wait(), on_driver.wait()
        finally:
            for server in (tool, plain, on_driver):
                server.stop()


@contextmanager
def start_tool(folder: Path, platform: Platform) -> Iterator[tuple[Starting, str]]:
    """Serve the tool with a database of its own in ``folder``, whose address comes with it."""
    database_url = f"sqlite:///{folder / 'tool.sqlite3'}"
    _register(database_url, platform)
    listener = reserve_port()
    environment = {
        "LTI_TOOL_ENV": "development",
        "LTI_TOOL_DATABASE_URL": database_url,
        "LTI_TOOL_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
        "LTI_TOOL_SECRET_KEY": "b" * 40,
        "LTI_TOOL_KEYS_DIR": str(folder),
    }
    with serve("make_tool", listener, folder, environment) as tool:
        yield tool, database_url


def _register(database_url: str, platform: Platform) -> None:
    store = open_store(database_url)
    try:
        upgrade_schema(store.engine)
        add_registration(
            store,
            RegistrationInput(
                name="An invented school",
                issuer=platform.url,
                client_id=CLIENT_ID,
                auth_url=f"{platform.url}/auth",
                token_url=f"{platform.url}/token",
                jwks_url=f"{platform.url}/jwks/tool",
                deployment_ids=[DEPLOYMENT_ID],
            ),
            allow_http=True,
            now=datetime.now(UTC),
        )
    finally:
        store.engine.dispose()


def _configure_plain(folder: Path, platform: Platform) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (folder / "private.key").write_bytes(pem)
    config = {
        platform.url: [
            {
                "default": True,
                "client_id": CLIENT_ID,
                "auth_login_url": f"{platform.url}/auth",
                "auth_token_url": f"{platform.url}/token",
                "auth_audience": None,
                "key_set_url": f"{platform.url}/jwks/plain",
                "key_set": None,
                "private_key_file": "private.key",
                "deployment_ids": [DEPLOYMENT_ID],
            }
        ]
    }
    (folder / CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")
