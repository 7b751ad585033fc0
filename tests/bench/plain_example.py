"""The other side of the comparison: a plain pylti1p3 Flask application, written as the library's example is.

Like the example it reads its configuration for every request, fetches the platform's key set for every launch, and
ties the browser to its login by a cookie named after the state. Two things differ, both so that like is compared with
like. The library's storage (nonces and launches) is a table that several processes can share: through Flask-SQLAlchemy,
as a Flask developer would write it, or through the bare SQLite driver, the least that a database can cost. And a launch
ends in a redirect to a page, which finds the launch again by its id.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, redirect, url_for
from flask_sqlalchemy import SQLAlchemy
from pylti1p3.contrib.flask.message_launch import FlaskMessageLaunch
from pylti1p3.contrib.flask.oidc_login import FlaskOIDCLogin
from pylti1p3.contrib.flask.request import FlaskRequest
from pylti1p3.launch_data_storage.base import LaunchDataStorage
from pylti1p3.tool_config.json_file import ToolConfJsonFile
from sqlalchemy import Text, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.wrappers import Response

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head>
<body><main><h1>{{ title }}</h1><p>Hello {{ name }}.</p></main></body></html>"""

# The library's part for Flask has no types.
_Request: Any = FlaskRequest
_Login: Any = FlaskOIDCLogin
_Launch: Any = FlaskMessageLaunch


class _Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=_Base)


class Item(_Base):
    """One stored value and when it may be forgotten."""

    __tablename__ = "storage"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    ends_at: Mapped[float | None]


class TableStorage(LaunchDataStorage[Any]):
    """The library's storage as a table, through Flask-SQLAlchemy."""

    def can_set_keys_expiration(self) -> bool:
        return True

    def get_value(self, key: str) -> Any:
        item = self._find(key)
        return None if item is None else json.loads(item.value)

    def set_value(self, key: str, value: Any, exp: int | None = None) -> None:
        ends_at = None if exp is None else time.time() + exp
        db.session.merge(Item(name=self._prepare_key(key), value=json.dumps(value), ends_at=ends_at))
        db.session.commit()

    def check_value(self, key: str) -> bool:
        return self._find(key) is not None

    def _find(self, key: str) -> Item | None:
        item = db.session.get(Item, self._prepare_key(key))
        return None if item is None or (item.ends_at is not None and item.ends_at <= time.time()) else item


class DriverStorage(LaunchDataStorage[Any]):
    """The same table through SQLite's own driver."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def can_set_keys_expiration(self) -> bool:
        return True

    def get_value(self, key: str) -> Any:
        found = self._find(key)
        return None if found is None else json.loads(found)

    def set_value(self, key: str, value: Any, exp: int | None = None) -> None:
        ends_at = None if exp is None else time.time() + exp
        self._connection.execute(
            "INSERT INTO storage (name, value, ends_at) VALUES (?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at",
            (self._prepare_key(key), json.dumps(value), ends_at),
        )

    def check_value(self, key: str) -> bool:
        return self._find(key) is not None

    def _find(self, key: str) -> str | None:
        row = self._connection.execute(
            "SELECT value FROM storage WHERE name = ? AND (ends_at IS NULL OR ends_at > ?)",
            (self._prepare_key(key), time.time()),
        ).fetchone()
        return None if row is None else str(row[0])


def make_plain_example(folder: Path, config_file: str, *, on_driver: bool) -> Flask:
    """Make the application; ``folder`` holds its configuration file and its key."""
    app = Flask(__name__)
    app.secret_key = "not a secret: nothing is signed with it"
    database = folder / ("driver.sqlite3" if on_driver else "plain.sqlite3")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{database}"
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", _set_up)
        _Base.metadata.create_all(db.engine)
    open_storage = _open_driver_storages(database) if on_driver else TableStorage
    _add_views(app, str(folder / config_file), open_storage)
    return app


def _add_views(app: Flask, config: str, open_storage: Callable[[], LaunchDataStorage[Any]]) -> None:
    page = app.jinja_env.from_string(_PAGE)

    def begin(*, checks_cookies: bool) -> Response:
        request = _Request()
        target_link_uri = request.get_param("target_link_uri")
        if not target_link_uri:
            raise ValueError('Missing "target_link_uri" param')
        login = _Login(request, ToolConfJsonFile(config), launch_data_storage=open_storage())
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
        message = _Launch(_Request(), ToolConfJsonFile(config), launch_data_storage=open_storage())
        message.get_launch_data()
        return redirect(url_for("show", launch_id=message.get_launch_id()))

    @app.get("/page/<launch_id>/")
    def show(launch_id: str) -> str:
        message = _Launch.from_cache(
            launch_id, _Request(), ToolConfJsonFile(config), launch_data_storage=open_storage()
        )
        data = message.get_launch_data()
        link = data["https://purl.imsglobal.org/spec/lti/claim/resource_link"]
        return page.render(title=link["title"], name=data["name"])


def _open_driver_storages(database: Path) -> Callable[[], DriverStorage]:
    """Make storages, one a request, because a storage remembers whose it is; each thread keeps its connection."""
    of_thread = threading.local()

    def open_storage() -> DriverStorage:
        connection: sqlite3.Connection | None = getattr(of_thread, "connection", None)
        if connection is None:
            connection = of_thread.connection = sqlite3.connect(database, isolation_level=None, timeout=10)
            _set_up(connection)
        return DriverStorage(connection)

    return open_storage


def _set_up(connection: sqlite3.Connection, *_record: object) -> None:
    # The tool's own settings (models/store.py).
    connection.execute("PRAGMA journal_mode=WAL").close()
    connection.execute("PRAGMA synchronous=NORMAL").close()
