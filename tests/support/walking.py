"""A walk through every address of the tool: each GET rule of the map, filled with everything that there is."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import select
from werkzeug.routing import MapAdapter, Rule
from werkzeug.test import TestResponse

from lti_tool.models import ScoreDelivery, Submission
from tests.support.front_door import TOOL, FrontDoor, Person

# What an address takes in its query, by endpoint, besides nothing at all.
QUERIES: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "examples.show_example": ({"show": "yes", "version": "weak"},),
    "links.show": ({"module": "visioning"},),
    "search.show_search": ({"q": "trust"}, {"tag": "trust"}),
}
_PACKED = re.compile(r"[A-Za-z0-9_-]{16,}")


@dataclass
class Walk:
    """What came of walking: the statuses each rule answered with, whoever asked."""

    door: FrontDoor
    statuses: dict[str, set[int]] = field(default_factory=dict)

    def list_rules(self) -> list[Rule]:
        """Every rule of the tool's map that answers a GET."""
        return [rule for rule in self.door.app.url_map.iter_rules() if "GET" in (rule.methods or ())]

    def list_addresses(self, session_id: str) -> Iterator[str]:
        """Every address of the tool as this launch session would write it."""
        adapter = self._bind()
        things = list(self._list_things())
        for rule in self.list_rules():
            needed = rule.arguments - {"session_id"}
            session = {"session_id": session_id} if "session_id" in rule.arguments else {}
            for values in things:
                if values.keys() == needed:
                    for query in ({}, *QUERIES.get(rule.endpoint, ())):
                        yield adapter.build(rule.endpoint, {**session, **values, **query})

    def go(self, person: Person, session_id: str | None = None) -> dict[str, str]:
        """Open every address as ``person``: everything each one answered with, by its address within the session."""
        session_id = person.session_id if session_id is None else session_id
        answers = {}
        for address in self.list_addresses(session_id):
            answers[address.removeprefix(f"/s/{session_id}/")] = read_all(self.get(person, address))
        return answers

    def get(self, person: Person, address: str) -> TestResponse:
        """Open one address and remember that its rule was visited."""
        answer = person.tool.get(address, base_url=TOOL)
        self.note(address, answer)
        return answer

    def note(self, address: str, answer: TestResponse) -> None:
        """Remember how the rule of this address was answered."""
        rule, _ = self._bind().match(urlsplit(address).path, method="GET", return_rule=True)
        self.statuses.setdefault(rule.rule, set()).add(answer.status_code)

    def list_unvisited(self) -> list[str]:
        """The rules that nobody got an answer from, or only refusals."""
        return [
            f"{rule.rule} {sorted(self.statuses.get(rule.rule, ()))}"
            for rule in self.list_rules()
            if not any(status < 400 for status in self.statuses.get(rule.rule, ()))
        ]

    def _bind(self) -> MapAdapter:
        return self.door.app.url_map.bind(urlsplit(TOOL).netloc, url_scheme="http")

    def _list_things(self) -> Iterator[dict[str, object]]:
        """Everything an address can name, by the names that rules have for it."""
        yield {}
        for module in self.door.tool.series.modules:
            yield {"module_key": module.key}
            for reading in module.readings:
                yield {"module_key": module.key, "reading_key": reading.key}
            for reflection in module.reflections:
                yield {"module_key": module.key, "reflection_key": reflection.key}
        with self.door.store.reading() as session:
            for submission_id in session.scalars(select(Submission.id).order_by(Submission.id)):
                yield {"submission_id": submission_id}
            for delivery_id in session.scalars(select(ScoreDelivery.id).order_by(ScoreDelivery.id)):
                yield {"delivery_id": delivery_id}
        yield {"filename": "js/worksheet.js"}
        yield {"flow_id": "none"}


def read_all(answer: TestResponse) -> str:
    """Everything in an answer: status, headers, what is packed in them, and body."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    body = answer.get_data(as_text=True)
    answer.close()
    return "\n".join([answer.status, headers, *_unpack(headers), body])


def _unpack(headers: str) -> Iterator[str]:
    """The texts in signed cookies: in base64, and compressed if they are long."""
    for packed in _PACKED.findall(headers):
        try:
            raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
            yield raw.decode(errors="replace")
            yield zlib.decompress(raw).decode(errors="replace")
        except (binascii.Error, zlib.error):
            continue
