"""The other side of the comparison: a plain pylti1p3 Flask application, written as the library's example is.

Like the example it reads its configuration for every request, fetches the platform's key set for every launch, and
ties the browser to its login by a cookie named after the state. Two things differ, both so that the comparison is of
like with like. The library's storage (nonces and launches) is a table that several processes can share, in SQLite
with the tool's own settings and through the driver itself, which is the least a database can cost. And a launch ends
in a redirect to a page, which finds the launch again by its id.
"""

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from flask import Flask, redirect, url_for
from pylti1p3.contrib.flask import FlaskMessageLaunch, FlaskOIDCLogin, FlaskRequest
from pylti1p3.launch_data_storage.base import LaunchDataStorage
from pylti1p3.tool_config import ToolConfJsonFile
from werkzeug.wrappers import Response

from lti_tool.models.store import BUSY_TIMEOUT_MS

CONFIG_FILE = "tool.json"
DATABASE_FILE = "plain.sqlite3"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><main><h1>{{ title }}</h1><p>Hello {{ name }}.</p></main></body></html>"""


class SharedStorage(LaunchDataStorage[Any]):
    """The library's storage as a table of names, values and ends of life."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._of_thread = threading.local()

    def can_set_keys_expiration(self) -> bool:
        return True

    def get_value(self, key: str) -> Any:
        found = self._find(key)
        return None if found is None else json.loads(found)

    def set_value(self, key: str, value: Any, exp: int | None = None) -> None:
        ends_at = None if exp is None else time.time() + exp
        self._connect().execute(
            "INSERT INTO storage (name, value, ends_at) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at",
            (self._prepare_key(key), json.dumps(value), ends_at),
        )

    def check_value(self, key: str) -> bool:
        return self._find(key) is not None

    def make_table(self) -> None:
        self._connect().execute("CREATE TABLE IF NOT EXISTS storage (name TEXT PRIMARY KEY, value TEXT, ends_at REAL)")

    def _find(self, key: str) -> str | None:
        row = (
            self._connect()
            .execute(
                "SELECT value FROM storage WHERE name = ? AND (ends_at IS NULL OR ends_at > ?)",
                (self._prepare_key(key), time.time()),
            )
            .fetchone()
        )
        return None if row is None else str(row[0])

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._of_thread.connection = connection
        return connection


def make_plain_example(folder: Path) -> Flask:
    """Make the application; ``folder`` holds its configuration, its key and its database."""
    app = Flask(__name__)
    app.secret_key = "not a secret: nothing is signed with it"
    page = app.jinja_env.from_string(_PAGE)
    connections = threading.local()
    config = str(folder / CONFIG_FILE)

    def open_storage() -> SharedStorage:
        # One a request, because it remembers whose request it serves; connections live as long as their thread.
        storage = SharedStorage(folder / DATABASE_FILE)
        storage._of_thread = connections
        return storage

    open_storage().make_table()

    def begin(*, checks_cookies: bool) -> Response:
        request = FlaskRequest()
        target_link_uri = request.get_param("target_link_uri")
        if not target_link_uri:
            raise ValueError('Missing "target_link_uri" param')
        login = FlaskOIDCLogin(request, ToolConfJsonFile(config), launch_data_storage=open_storage())
        if checks_cookies:
            login.enable_check_cookies()
        response: Response = login.redirect(target_link_uri)
        return response

    @app.route("/login/", methods=["GET", "POST"])
    def login() -> Response:
        return begin(checks_cookies=False)

    @app.route("/checked-login/", methods=["GET", "POST"])
    def checked_login() -> Response:
        return begin(checks_cookies=True)

    @app.post("/launch/")
    def launch() -> Response:
        message = FlaskMessageLaunch(FlaskRequest(), ToolConfJsonFile(config), launch_data_storage=open_storage())
        message.get_launch_data()
        return redirect(url_for("show", launch_id=message.get_launch_id()))

    @app.get("/page/<launch_id>/")
    def show(launch_id: str) -> str:
        message = FlaskMessageLaunch.from_cache(
            launch_id, FlaskRequest(), ToolConfJsonFile(config), launch_data_storage=open_storage()
        )
        data = message.get_launch_data()
        return page.render(
            title=data["https://purl.imsglobal.org/spec/lti/claim/resource_link"]["title"], name=data["name"]
        )

    return app
