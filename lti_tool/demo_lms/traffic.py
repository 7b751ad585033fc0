"""The record of every LTI message and service call: what came, what was checked, what was answered.

Nothing that opens a door is kept: hints, tokens and assertions are shortened before they are written.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from flask import g, has_request_context

from lti_tool.demo_lms.memory import Memory, format_instant
from lti_tool.demo_lms.settings import TRAFFIC_KEPT

_LONGEST_VALUE: Final = 4000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and whether it was as it has to be."""

    words: str
    passed: bool
    found: str = ""


@dataclass(slots=True)
class Exchange:
    """One message or call while it is being treated. ``facts`` are what the page shows of its content."""

    title: str
    route: str
    method: str
    address: str
    status: int = 0
    outcome: str = ""
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    def check(self, words: str, passed: bool, found: object = "") -> bool:
        """Write down one check and return whether it passed."""
        self.checks.append(Check(words, passed, "" if passed else clip(str(found))))
        return passed

    def show(self, **facts: object) -> None:
        """Write down what was said, for the traffic page. Underscores in names become spaces."""
        for name, value in facts.items():
            self.facts[name.replace("_", " ")] = clip(value if isinstance(value, str) else format_json(value))


@dataclass(frozen=True, slots=True)
class TrafficEntry:
    """One exchange as it was recorded."""

    id: int
    at: datetime
    title: str
    route: str
    method: str
    address: str
    status: int
    outcome: str
    checks: tuple[Check, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def is_refused(self) -> bool:
        """Whether the exchange ended badly."""
        return self.status >= 400 or any(not check.passed for check in self.checks)


def clip(text: str, longest: int = _LONGEST_VALUE) -> str:
    """Return the text, cut where it gets too long to show, without what cannot be stored."""
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= longest else f"{clean[:longest]}… ({len(clean)} characters)"


def shorten_secret(secret: str) -> str:
    """Return enough of a secret to compare two by eye and too little to use."""
    return f"{clip(secret[:6])}… ({len(secret)} characters)"


def format_json(value: object) -> str:
    """Return indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


class Traffic:
    """The last few hundred exchanges."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def record(self, exchange: Exchange, at: datetime) -> None:
        """Keep this exchange and forget the oldest beyond the number kept."""
        body = json.dumps(asdict(exchange))
        with self._memory.write() as connection:
            cursor = connection.execute("INSERT INTO traffic (at, body) VALUES (?, ?)", (format_instant(at), body))
            connection.execute("DELETE FROM traffic WHERE id <= ?", ((cursor.lastrowid or 0) - TRAFFIC_KEPT,))

    def list_newest(self, limit: int = TRAFFIC_KEPT) -> list[TrafficEntry]:
        """Return what is kept, newest first."""
        with self._memory.read() as connection:
            rows = connection.execute("SELECT id, at, body FROM traffic ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
        return [_read_entry(row["id"], row["at"], json.loads(row["body"])) for row in rows]

    def count(self) -> int:
        """Return how many exchanges are kept."""
        with self._memory.read() as connection:
            return int(connection.execute("SELECT count(*) FROM traffic").fetchone()[0])


def _read_entry(entry_id: int, at: str, body: Mapping[str, object]) -> TrafficEntry:
    checks = body["checks"]
    facts = body["facts"]
    if not isinstance(checks, list) or not isinstance(facts, dict):
        raise TypeError("a traffic row holds a list of checks and an object of facts")
    return TrafficEntry(
        id=entry_id,
        at=datetime.fromisoformat(at),
        title=str(body["title"]),
        route=str(body["route"]),
        method=str(body["method"]),
        address=str(body["address"]),
        status=int(str(body["status"])),
        outcome=str(body["outcome"]),
        checks=tuple(Check(**check) for check in checks),
        facts=tuple(facts.items()),
    )


def current_exchange() -> Exchange:
    """Return the exchange of the request being treated.

    Raises:
        LookupError: this request is none that is recorded.
    """
    exchange = find_exchange()
    if exchange is None:
        raise LookupError("no exchange is being recorded")
    return exchange


def find_exchange() -> Exchange | None:
    """Return the exchange of the request being treated, or None for one that is not recorded."""
    exchange = g.get("exchange") if has_request_context() else None
    return exchange if isinstance(exchange, Exchange) else None
