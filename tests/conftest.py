"""Fixtures every test may ask for, and two guards no test can escape: no network, no call inside a transaction."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lti_tool.lti.http import HttpAnswer, HttpClient
from lti_tool.models.store import Store, has_open_transaction, open_store
from tests.support.browser import BrowserMissingError, find_chromium
from tests.support.clock import Clock
from tests.support.databases import PostgresDatabases, ServerOfTheRun, SqliteDatabases
from tests.support.factories import Factory
from tests.support.postgres import PostgresMissingError

BOTH_DATABASES = ("sqlite", "postgresql")

_server = ServerOfTheRun()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Close the network, and start PostgreSQL where it serves all xdist workers: in the process that starts them."""
    # Loopback and unix sockets are this machine; everything else is a network, and tests have none.
    config.option.allow_hosts = "127.0.0.1,::1,localhost"
    config.option.allow_unix_socket = True
    is_worker = hasattr(config, "workerinput")
    if not is_worker and getattr(config.option, "numprocesses", None):
        try:
            _server.start()
        except PostgresMissingError as missing:
            sys.stderr.write(f"{missing}\n")  # tests that need it fail with the same words


def pytest_unconfigure() -> None:
    """Stop it when the run is over."""
    _server.stop()


@pytest.fixture(autouse=True)
def calls_in_transactions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A platform may take half a minute to answer; a transaction open meanwhile would hold everybody up."""
    calls: list[str] = []
    request: Callable[..., HttpAnswer] = HttpClient.request

    def guard(client: HttpClient, method: str, url: str, **rest: Any) -> HttpAnswer:
        if has_open_transaction():
            calls.append(f"{method} {url}")
            pytest.fail(f"a platform was called while a transaction was open: {method} {url}")
        return request(client, method, url, **rest)

    monkeypatch.setattr(HttpClient, "request", guard)
    yield calls
    # The failure above is raised in the thread that called, which need not be the test's own.
    assert not calls, f"platforms were called while a transaction was open: {calls}"


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at 2026-03-04 20:14 UTC until the test moves it."""
    return Clock()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Makes SQLite files for tests that need more than the one of ``store``."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Makes PostgreSQL databases for tests that need more than the one of ``store``."""
    try:
        folder = _server.find_folder()
    except PostgresMissingError as missing:
        pytest.fail(str(missing), pytrace=False)
    databases = PostgresDatabases(folder)
    yield databases
    databases.close()


@pytest.fixture(params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty, migrated database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        with request.getfixturevalue("sqlite_databases").lend(tmp_path) as url:
            yield url
    else:
        with request.getfixturevalue("postgres_databases").lend() as url:
            yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A Store on ``database_url``."""
    store = open_store(database_url)
    yield store
    store.engine.dispose()


@pytest.fixture
def make(store: Store, clock: Clock) -> Factory:
    """Makes rows in ``store``: ``make.submission(state="submitted")``."""
    return Factory(store, clock)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser that browser tests drive."""
    try:
        return find_chromium()
    except BrowserMissingError as missing:
        pytest.fail(str(missing), pytrace=False)
