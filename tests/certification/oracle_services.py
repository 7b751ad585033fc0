"""What the oracle's services stand on: its people and gradebook, and the library's service classes filled in."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lti1p3platform.exceptions import LineItemNotFoundException
from lti1p3platform.membership import Context
from lti1p3platform.request import Request
from lti1p3platform.score import UpdateScoreStatus
from lti1p3platform.service_connector import AssignmentsGradesService, NamesRoleProvisioningService

CONTEXT_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
COURSE = Context(id="oracle-course", label="ORACLE", title="A course of another library")


@dataclass(frozen=True)
class OraclePerson:
    """Somebody invented."""

    sub: str
    role: str
    name: str
    email: str


PEOPLE = {
    person.sub: person
    for person in (
        OraclePerson("o-teacher", f"{CONTEXT_ROLE}Instructor", "Orla Teach", "orla@example.org"),
        OraclePerson("o-learner", f"{CONTEXT_ROLE}Learner", "Leif Arner", "leif@example.org"),
        OraclePerson("o-second", f"{CONTEXT_ROLE}Learner", "Sec Ond", "sec@example.org"),
    )
}


@dataclass
class OracleBook:
    """The gradebook's storage: columns by id, and each person's newest score in them."""

    base: str
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    scores: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, column: dict[str, Any]) -> dict[str, Any]:
        number = str(len(self.columns) + 1)
        self.columns[number] = column | {"id": f"{self.base}/lineitems/{number}"}
        return self.columns[number]

    def find(self, number: str) -> dict[str, Any]:
        if number not in self.columns:
            raise LineItemNotFoundException(number)
        return self.columns[number]


class OracleRequest(Request):  # type: ignore[misc]  # the library ships no types
    """What the library wants to know of a request."""

    def build_metadata(self, request: Any) -> dict[str, Any]:
        numbers = {"page", "limit"}
        return {
            "method": request.method,
            "form_data": request.form.to_dict(),
            "get_data": {name: int(value) if name in numbers else value for name, value in request.args.items()},
            "headers": request.headers,
            "content_type": request.content_type,
            "path": request.path,
            "json": json.loads(request.get_data() or b"null"),
        }


class OracleGradebook(AssignmentsGradesService):  # type: ignore[misc]
    """The library's gradebook service on the storage above."""

    book: OracleBook

    def find_lineitems(self, page: int = 1, limit: int | None = None, **filters: str) -> dict[str, Any]:
        names = {"resource_link_id": "resourceLinkId", "resource_id": "resourceId", "tag": "tag"}
        wanted = {names[name]: value for name, value in filters.items()}
        found = [
            column
            for column in self.book.columns.values()
            if all(column.get(name) == value for name, value in wanted.items())
        ]
        return {"content": found, "has_next": False}

    def find_lineitem(self, line_item_id: str) -> dict[str, Any]:
        return self.book.find(line_item_id)

    def create_lineitem(self, creation_data: dict[str, Any]) -> dict[str, Any]:
        return self.book.add(creation_data)

    def update_lineitem(self, update_data: dict[str, Any]) -> dict[str, Any]:
        column = self.book.find(update_data["id"])
        address = column["id"]
        column.clear()
        column.update(update_data, id=address)
        return column

    def delete_lineitem(self, line_item_id: str) -> None:
        self.book.find(line_item_id)
        del self.book.columns[line_item_id]

    def update_score(self, line_item_id: str, score: dict[str, Any]) -> UpdateScoreStatus:
        self.book.find(line_item_id)
        known = self.book.scores.get((line_item_id, score["userId"]))
        if known and datetime.fromisoformat(score["timestamp"]) <= datetime.fromisoformat(known["timestamp"]):
            return UpdateScoreStatus.OLD_TIMESTAMP
        self.book.scores[line_item_id, score["userId"]] = score
        return UpdateScoreStatus.CREATED if known is None else UpdateScoreStatus.SUCCESS

    def get_results(
        self, line_item_id: str, page: int = 1, limit: int | None = None, user_id: str | None = None
    ) -> dict[str, Any]:
        address = self.book.find(line_item_id)["id"]
        results = [
            {
                "id": f"{address}/results/{user}",
                "userId": user,
                "resultScore": score["scoreGiven"],
                "resultMaximum": score["scoreMaximum"],
                "scoreOf": address,
            }
            for (column, user), score in self.book.scores.items()
            if column == line_item_id and user_id in {None, user}
        ]
        return {"content": results, "has_next": False}


class OracleRoster(NamesRoleProvisioningService):  # type: ignore[misc]
    """The library's list of people."""

    def get_member_data_page(self, page: int = 1, limit: int | None = None, **_: Any) -> dict[str, Any]:
        everybody = [
            {"user_id": person.sub, "roles": [person.role.rsplit("#", 1)[-1]], "name": person.name}
            for person in PEOPLE.values()
        ]
        start, end = (page - 1) * (limit or 0), page * (limit or len(everybody))
        return {"content": everybody[start:end], "has_next": end < len(everybody)}

    def get_context_by_id(self) -> Context:
        return COURSE
