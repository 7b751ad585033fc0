"""A platform's gradebook as it speaks over HTTP, in memory, and the worker who does duties for one course there."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import inspect, select

from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.models import Base, ColumnRequest, Context, LineItem, Store
from lti_tool.services.deliveries import DeliveryRound, deliver_due
from tests.support.clock import Clock
from tests.support.factories import PLATFORM, Factory
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

TOOL = "https://tool.example.org"
Answer = HttpAnswer | PlatformUnreachable


@dataclass
class GradebookOffice:
    """One course's columns and cells. ``plan`` holds what is answered to the next calls of a kind, one each.

    A kind is ``list``, ``make``, ``read``, ``change``, ``score`` or ``results``. A planned function may do what was
    asked (``office.treat``) before it answers something else.
    """

    store: Store
    clock: Clock
    make: Factory
    keys: ToolKeys
    context: Context
    columns: list[dict[str, Any]] = field(default_factory=list)
    results: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, Asked]] = field(default_factory=list)
    plan: dict[str, list[Answer | Callable[[Asked], Answer]]] = field(default_factory=dict)
    tokens: MemoryTokenCache = field(default_factory=MemoryTokenCache)

    @classmethod
    def open(cls, store: Store, clock: Clock, make: Factory, folder: Path, family: str) -> "GradebookOffice":
        """A course of a platform of this family, without any column."""
        make.registration(family=family)
        return cls.of(store, clock, make, folder, make.context())

    @classmethod
    def of(cls, store: Store, clock: Clock, make: Factory, folder: Path, context: Context) -> "GradebookOffice":
        """The same for a course that is there already."""
        rotate(folder / "office-keys", clock.now())
        return cls(store, clock, make, ToolKeys(folder / "office-keys"), context)

    @property
    def services(self) -> Services:
        """What the worker calls with."""
        return Services(ScriptedClient(self._respond), self.keys, self.tokens, self.clock)

    def work(self, **options: Any) -> DeliveryRound:
        """One round of a worker with every duty."""
        services = self.services
        client = GradebookClient(services)
        usual: dict[str, Any] = {"chance": lambda: 1.0, "services": services, "base_url": TOOL}
        return deliver_due(self.store, client, owner="worker", clock=self.clock, **usual | options)

    def add_column(self, **fields: Any) -> dict[str, Any]:
        """A column that is there already, whoever made it."""
        number = len(self.columns) + 1
        column = {"id": f"{PLATFORM}/columns/{number}", "label": "Visioning", "scoreMaximum": 100, **fields}
        self.columns.append(column)
        return column

    def calls(self, *kinds: str) -> list[Asked]:
        """What was asked of these kinds."""
        return [asked for kind, asked in self.asked if kind in kinds]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """What was sent with calls of this kind."""
        return [json.loads(asked.body or b"null") for asked in self.calls(kind)]

    def list_rows(self, table: type[Base]) -> list[Any]:
        """Every row of a table, in order."""
        with self.store.reading() as session:
            return list(session.scalars(select(table).order_by(*inspect(table).primary_key)))

    def find_request(self) -> ColumnRequest:
        """The one wish for a column."""
        (request,) = self.list_rows(ColumnRequest)
        return request  # type: ignore[no-any-return]

    def list_columns(self) -> list[tuple[str, str, bool]]:
        """Module, address and "made here" of each column that is known and not gone."""
        return [(row.module_key, row.url, row.was_made_here) for row in self.list_rows(LineItem) if not row.is_gone]

    def treat(self, asked: Asked) -> HttpAnswer:
        """Do what is asked, as a good platform does."""
        kind, path = _name_call(asked), urlsplit(asked.url).path
        match kind:
            case "list":
                return answer_json(self.columns)
            case "make":
                return answer_json(self.add_column(**json.loads(asked.body or b"")), 201)
            case "read" | "change":
                column = next(one for one in self.columns if one["id"] == asked.url)
                if kind == "change":
                    changed = json.loads(asked.body or b"")
                    column.clear()
                    column.update(changed)
                return answer_json(column)
            case "results":
                return answer_json(self.results.get(path.removesuffix("/results"), []))
        return answer_json({"resultUrl": "x"})

    def _respond(self, asked: Asked) -> Answer:
        if asked.url.endswith("/token"):
            return answer_json({"access_token": "a-token", "expires_in": 3600})
        kind = _name_call(asked)
        self.asked.append((kind, asked))
        planned = self.plan.get(kind)
        if not planned:
            return self.treat(asked)
        step = planned.pop(0)
        return step(asked) if callable(step) else step


def _name_call(asked: Asked) -> str:
    path = urlsplit(asked.url).path
    if path.endswith("/scores"):
        return "score"
    if path.endswith("/results"):
        return "results"
    if path.endswith("/line_items"):
        return "make" if asked.method == "POST" else "list"
    return "change" if asked.method == "PUT" else "read"
