"""The tools this LMS knows: the built-in one, and those that registered themselves."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.memory import Memory
from lti_tool.demo_lms.settings import CLIENT_ID, DEPLOYMENT_ID, DemoLmsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredTool:
    """One registration. ``scopes`` None allows every scope the LMS offers; ``deep_linking_url`` empty is none."""

    client_id: str
    deployment_id: str
    name: str
    login_url: str
    redirect_uris: tuple[str, ...]
    keys_url: str
    target_url: str
    domain: str
    deep_linking_url: str = ""
    scopes: tuple[str, ...] | None = None
    custom: Mapping[str, str] = field(default_factory=dict)
    is_active: bool = True

    @property
    def origin(self) -> str:
        """The scheme and host its pages come from."""
        return read_origin(self.login_url)

    def owns_url(self, url: str) -> bool:
        """Whether this address lies on the tool's own host, port included."""
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.netloc == self.domain


def read_origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class ToolRegistry:
    """All registrations, the built-in one first."""

    def __init__(self, memory: Memory, find_settings: Callable[[], DemoLmsSettings]) -> None:
        self._memory = memory
        self._find_settings = find_settings

    @property
    def built_in(self) -> RegisteredTool:
        """The tool the LMS began with."""
        settings = self._find_settings()
        return RegisteredTool(
            client_id=CLIENT_ID,
            deployment_id=DEPLOYMENT_ID,
            name="Leading Edge",
            login_url=settings.tool_login_url,
            redirect_uris=(settings.tool_launch_url,),
            keys_url=settings.tool_keys_url,
            target_url=settings.tool_launch_url,
            domain=urlsplit(settings.tool_url).netloc,
            deep_linking_url=settings.tool_launch_url,
            custom=dict(settings.tool_custom),
        )

    def list_all(self) -> list[RegisteredTool]:
        """Return every registration, active or not."""
        with self._memory.read() as connection:
            rows = connection.execute("SELECT body FROM registrations ORDER BY id").fetchall()
        return [self.built_in, *(_read_tool(json.loads(row["body"])) for row in rows)]

    def list_active(self) -> list[RegisteredTool]:
        """Return those whose tool may be opened."""
        return [tool for tool in self.list_all() if tool.is_active]

    def find(self, client_id: str | None) -> RegisteredTool | None:
        """Return the registration with this client id, active or not."""
        return next((tool for tool in self.list_all() if tool.client_id == client_id), None)

    def find_active(self, client_id: str | None) -> RegisteredTool | None:
        """Return the registration with this client id if its tool may be opened."""
        return next((tool for tool in self.list_active() if tool.client_id == client_id), None)

    def add(self, tool: RegisteredTool, manner: Manner) -> RegisteredTool:
        """Keep a new registration and return it with its deployment id, in the shape of the LMS's manner."""
        with self._memory.write() as connection:
            cursor = connection.execute(
                "INSERT INTO registrations (client_id, body) VALUES (?, '{}')", (tool.client_id,)
            )
            number = int(cursor.lastrowid or 0) + 1  # the built-in tool is number 1
            deployment_id = f"{number}:{secrets.token_hex(20)}" if manner is Manner.CANVAS else str(number)
            kept = replace(tool, deployment_id=deployment_id)
            _write_tool(connection, kept)
        return kept

    def activate(self, client_id: str) -> None:
        """Let a tool that waits for its activation be opened."""
        tool = self.find(client_id)
        if tool is None:
            raise LookupError(f"no registration {client_id}")
        with self._memory.write() as connection:
            _write_tool(connection, replace(tool, is_active=True))


class ColumnOwners:
    """Which tool each gradebook column belongs to; what is not mentioned is the built-in tool's."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def find(self, column: Column) -> str:
        """Return the client id of the column's tool."""
        with self._memory.read() as connection:
            row = connection.execute("SELECT client_id FROM column_owners WHERE column_id = ?", (column.id,)).fetchone()
        return str(row["client_id"]) if row else CLIENT_ID

    def give(self, column: Column, client_id: str) -> None:
        """Let the column belong to this tool."""
        with self._memory.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO column_owners (column_id, client_id) VALUES (?, ?)", (column.id, client_id)
            )


def _write_tool(connection: sqlite3.Connection, tool: RegisteredTool) -> None:
    connection.execute(
        "UPDATE registrations SET body = ? WHERE client_id = ?", (json.dumps(asdict(tool)), tool.client_id)
    )


def _read_tool(body: dict[str, Any]) -> RegisteredTool:
    scopes = body["scopes"]
    return RegisteredTool(
        **{
            **body,
            "redirect_uris": tuple(body["redirect_uris"]),
            "scopes": None if scopes is None else tuple(scopes),
        }
    )
