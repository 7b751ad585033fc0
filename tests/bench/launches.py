"""CPU of a launch, ours beside the plain example's: both up at once, driven in turns from this process."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
from tests.bench.plain_example import CONFIG_FILE
from tests.bench.platform import CLIENT_ID, DEPLOYMENT_ID, PEOPLE, Platform
from tests.bench.served import Served, reserve_port, serve


@dataclass(frozen=True, slots=True)
class LaunchCosts:
    """Milliseconds of CPU for each round, and how often the tool asked for the key set in how many launches."""

    tool_first: list[float]
    tool_again: list[float]
    tool_page: list[float]
    plain: list[float]
    plain_checked: list[float]
    plain_page: list[float]
    tool_launches: int
    tool_key_fetches: int


def measure_launches(folder: Path, platform: Platform, sizes: Sizes) -> LaunchCosts:
    """Serve both, let everybody launch once so that their rows are there, then measure."""
    with _serve_both(folder, platform) as (tool, plain):
        visitor, other = ToolVisitor(tool, platform), PlainVisitor(plain, platform)
        before = platform.counts["key sets"]
        for _ in range(PEOPLE):
            visitor.launch_first()
        page = visitor.launch_first().location
        key_fetches = platform.counts["key sets"] - before
        for _ in range(PEOPLE):
            other.launch()
        launching = measure_in_turns(
            [
                Contender("tool first", visitor.launch_first, tool.read_cpu),
                Contender("plain", other.launch, plain.read_cpu),
                Contender("tool again", visitor.launch_again, tool.read_cpu),
                Contender("plain checked", other.launch_checked, plain.read_cpu),
            ],
            sizes.rounds,
            sizes.launches,
        )
        page, plain_page = visitor.launch_first().location, other.launch().location
        opening = measure_in_turns(
            [
                Contender("tool page", lambda: visitor.open_page(page), tool.read_cpu),
                Contender("plain page", lambda: other.open_page(plain_page), plain.read_cpu),
            ],
            sizes.rounds,
            sizes.launches,
        )
        return LaunchCosts(
            tool_first=launching["tool first"],
            tool_again=launching["tool again"],
            tool_page=opening["tool page"],
            plain=launching["plain"],
            plain_checked=launching["plain checked"],
            plain_page=opening["plain page"],
            tool_launches=visitor.launches,
            tool_key_fetches=key_fetches,
        )


@contextmanager
def _serve_both(folder: Path, platform: Platform) -> Iterator[tuple[Served, Served]]:
    database_url = f"sqlite:///{folder / 'tool.sqlite3'}"
    _register(database_url, platform)
    _configure_plain(folder, platform)
    with ExitStack() as running:
        listener = reserve_port()
        environment = {
            "LTI_TOOL_ENV": "development",
            "LTI_TOOL_DATABASE_URL": database_url,
            "LTI_TOOL_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "LTI_TOOL_SECRET_KEY": "b" * 40,
            "LTI_TOOL_KEYS_DIR": str(folder),
        }
        tool = running.enter_context(serve("make_tool", listener, folder, environment))
        plain = running.enter_context(serve("make_plain", reserve_port(), folder, {}))
        yield tool, plain


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
                jwks_url=f"{platform.url}/jwks",
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
                "key_set_url": f"{platform.url}/jwks",
                "key_set": None,
                "private_key_file": "private.key",
                "deployment_ids": [DEPLOYMENT_ID],
            }
        ]
    }
    (folder / CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")
