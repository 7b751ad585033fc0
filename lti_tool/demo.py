"""The demo: the tool and a small LMS on this machine, with invented people and work, kept in one folder."""

import os
import secrets
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from itertools import islice
from pathlib import Path
from typing import Final

from lti_tool.cli_support import CommandRefusedError
from lti_tool.config import Settings, read_settings
from lti_tool.content.loader import default_series_folder, load_series
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.settings import CLIENT_ID, DEPLOYMENT_ID, DemoLmsSettings
from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.lti.tool_keys import list_keys, rotate
from lti_tool.models.schema import upgrade_schema
from lti_tool.models.store import Store, open_store
from lti_tool.processes import Program, StopFlag, Supervisor
from lti_tool.servers import is_port_free, list_loopback_hosts
from lti_tool.services.registrations import (
    RegistrationDetails,
    RegistrationInput,
    add_registration,
    list_registrations,
    move_platform,
)

TOOL_HOST: Final = "127.0.0.1"
TOOL_PORT: Final = 5000
LMS_PORT: Final = 5001
FAMILIES: Final = {Manner.STRICT: OTHER, Manner.CANVAS: CANVAS, Manner.MOODLE: MOODLE}
"""The family that the demo LMS is registered as, by whose manners it has."""
_READY_SECONDS: Final = 60.0
_IN_WORDS: Final = {
    Manner.STRICT: "",
    Manner.CANVAS: " with the manners of Canvas",
    Manner.MOODLE: " with the manners of Moodle",
}
_ASK_SECONDS: Final = 0.2


class DemoError(CommandRefusedError):
    """The demo cannot start; the message says why and what to type."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Where this demo lives. Two hosts, so that the tool's cookies are third-party in the LMS, as in real life.

    An LMS with the manners of Canvas or Moodle keeps its own data, in a folder inside the demo's: its addresses and
    its gradebook are other ones.
    """

    whole_folder: Path
    port: int
    lms_port: int
    manner: Manner = Manner.STRICT

    @property
    def folder(self) -> Path:
        """Where this manner's data is kept."""
        return self.whole_folder if self.manner is Manner.STRICT else self.whole_folder / self.manner

    @property
    def tool_url(self) -> str:
        """The tool's own address."""
        return f"http://{TOOL_HOST}:{self.port}"

    @property
    def lms_url(self) -> str:
        """The LMS's own address, which is also its issuer."""
        return f"http://localhost:{self.lms_port}"

    @property
    def lms_settings(self) -> DemoLmsSettings:
        """What the demo LMS is told."""
        return DemoLmsSettings(
            data_dir=self.folder / "lms", base_url=self.lms_url, tool_url=self.tool_url, manner=self.manner
        )

    def make_environment(self) -> dict[str, str]:
        """The variables the tool's processes run with."""
        return {
            "LTI_TOOL_ENV": "development",
            "LTI_TOOL_BASE_URL": self.tool_url,
            "LTI_TOOL_DATABASE_URL": f"sqlite:///{self.folder / 'tool.sqlite3'}",
            "LTI_TOOL_KEYS_DIR": str(self.folder / "keys"),
            "LTI_TOOL_SECRET_KEY": _keep_secret(self.folder / "secret"),
            "LTI_TOOL_SERIES_DIR": "",
        }


def find_manner(word: str) -> Manner:
    """The manner that is called this: ``strict``, ``canvas`` or ``moodle``."""
    return Manner(word)


def run_demo(demo: Demo, *, now: datetime, say: Callable[[str], None]) -> int:
    """Prepare the demo, start everything, print the address to open, and run until Ctrl-C.

    Raises:
        DemoError: a port is taken, or the folder belongs to something else.
    """
    _refuse_taken_ports(demo)
    environment = prepare_demo(demo, now=now, say=say)
    supervisor = Supervisor(_list_programs(demo, environment), say)

    def announce(should_stop: StopFlag) -> None:
        if not _wait_until_up(demo, supervisor, should_stop):
            return
        say("")
        say("The demo is running. Open this in Chrome, Edge or Firefox:")
        say("")
        say(f"    {demo.lms_url}")
        say("")
        say(f"It is a small LMS{_IN_WORDS[demo.manner]}; the tool itself answers at {demo.tool_url}.")
        say("Safari refuses secure cookies from this machine, so the tool cannot open in a frame there.")
        say("Ctrl-C stops everything. Your data stays for the next time; make demo-reset starts afresh.")
        say("")

    say("Starting the tool, the LMS and the delivery worker ...")
    code = supervisor.run(announce)
    say("Everything has stopped.")
    return code


def prepare_demo(demo: Demo, *, now: datetime, say: Callable[[str], None]) -> dict[str, str]:
    """Make or complete the demo's keys, database, registration and people; return the tool's variables.

    What is there already is kept: it may be called on every start.

    Raises:
        DemoError: the folder cannot be written.
    """
    try:
        demo.folder.mkdir(parents=True, exist_ok=True)
        environment = demo.make_environment()
    except OSError as error:
        raise DemoError(
            f"The demo keeps its data in {demo.folder}, which cannot be written: {error.strerror}"
        ) from error
    settings = read_settings(environment)
    if not list_keys(settings.keys_dir):
        say("Making a key pair ...")
        rotate(settings.keys_dir, now)
    store = open_store(settings.database_url)
    try:
        say("Preparing the database ...")
        upgrade_schema(store.engine)
        platform = Platform(demo.lms_settings)
        register_demo_lms(store, demo, now=now)
        _seed(store, settings, platform, now, say)
    finally:
        store.engine.dispose()
    return environment


def register_demo_lms(store: Store, demo: Demo, *, now: datetime) -> RegistrationDetails:
    """Register the demo LMS, or follow it to the port it has this time."""
    known = next((found for found in list_registrations(store) if found.client_id == CLIENT_ID), None)
    if known is not None:
        return move_platform(store, known.id, new_base=demo.lms_url, now=now)
    lms = demo.lms_settings
    return add_registration(
        store,
        RegistrationInput(
            name="Demo LMS",
            issuer=lms.base_url,
            client_id=CLIENT_ID,
            auth_url=lms.authorization_url,
            token_url=lms.token_url,
            jwks_url=lms.keys_url,
            family=FAMILIES[demo.manner],
            origins=[lms.base_url],
            deployment_ids=[DEPLOYMENT_ID],
        ),
        allow_http=True,
        now=now,
    )


def _seed(store: Store, settings: Settings, platform: Platform, now: datetime, say: Callable[[str], None]) -> None:
    from lti_tool.demo_data import seed_demo  # noqa: PLC0415 - its parts are needed once in a demo's life

    series = load_series(settings.series_dir or default_series_folder())
    if seed_demo(store, series, now, platform=platform, base_url=settings.base_url):
        say("Three librarians and their work are in place.")


def _list_programs(demo: Demo, environment: dict[str, str]) -> list[Program]:
    servers = "lti_tool.servers"
    web = (servers, "web", "--host", TOOL_HOST, "--port", str(demo.port), "--workers", "1")
    places = ("--url", demo.lms_url, "--tool-url", demo.tool_url, "--data-dir", str(demo.folder / "lms"))
    lms = (servers, "lms", *places, "--manner", demo.manner.value)
    return [
        Program("tool", web, environment),
        Program("demo LMS", lms),
        Program("delivery worker", (servers, "worker"), environment),
    ]


def _wait_until_up(demo: Demo, supervisor: Supervisor, should_stop: StopFlag) -> bool:
    """Wait until both servers answer; give up when one has failed, so that the supervisor can say so."""
    deadline = time.monotonic() + _READY_SECONDS
    waiting = [demo.port, demo.lms_port]
    while waiting and not should_stop() and supervisor.find_failure() is None and time.monotonic() < deadline:
        if _answers(waiting[0]):
            waiting.pop(0)
        else:
            should_stop.nap(_ASK_SECONDS)
    return not waiting


def _answers(port: int) -> bool:
    """Whether a page comes back. A connection alone says little: it is accepted while the pages are still loading."""
    connection = HTTPConnection(TOOL_HOST, port, timeout=2)
    try:
        connection.request("HEAD", "/healthz")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def _refuse_taken_ports(demo: Demo) -> None:
    if demo.port == demo.lms_port:
        raise DemoError(f"The tool and the LMS need two ports, and both were given {demo.port}.")
    taken_tool = not is_port_free(TOOL_HOST, demo.port)
    taken_lms = not all(is_port_free(host, demo.lms_port) for host in list_loopback_hosts())
    if not (taken_tool or taken_lms):
        return
    taken = [*([demo.port] if taken_tool else []), *([demo.lms_port] if taken_lms else [])]
    choices = _find_free_ports(len(taken), beyond=max(demo.port, demo.lms_port))
    port = choices.pop(0) if taken_tool else demo.port
    lms_port = choices.pop(0) if taken_lms else demo.lms_port
    variables = [f"PORT={port}"] if port != TOOL_PORT else []
    variables += [f"LMS_PORT={lms_port}"] if lms_port != LMS_PORT else []
    variables += [f"MANNER={demo.manner.value}"] if demo.manner is not Manner.STRICT else []
    ports = " and ".join(str(number) for number in taken)
    verb = "is" if len(taken) == 1 else "are"
    raise DemoError(
        f"Port {ports} {verb} taken by another program (perhaps this demo, in another window). "
        f"Stop that, or type: {shlex.join(variables)} make demo"
    )


def _find_free_ports(wanted: int, *, beyond: int) -> list[int]:
    """Free ports that are easy to type: the next round numbers."""
    round_numbers = (port for port in range(beyond - beyond % 10 + 50, 65536, 10))
    free = (port for port in round_numbers if all(is_port_free(host, port) for host in list_loopback_hosts()))
    return list(islice(free, wanted))


def _keep_secret(path: Path) -> str:
    """The demo's secret, made once, so that open pages survive a restart."""
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii")
