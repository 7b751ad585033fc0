"""A platform with a list of people, its facilitators' launches, and the worker who reads the list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.models import Cohort, Deployment, Registration, Roster, RosterEntry, Store, User
from lti_tool.services.delivery_leases import take_lease
from lti_tool.services.duties import DutyCall, DutyDone
from lti_tool.services.people import PeoplePage, list_people
from lti_tool.services.rosters import ROSTER_DUTY
from tests.support.arrivals import INSTRUCTOR, LEARNER, Doorstep
from tests.support.clock import Clock
from tests.support.factories import PLATFORM, Factory
from tests.support.review_scene import make_visit
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

URL = f"{PLATFORM}/courses/7/memberships"
Answer = HttpAnswer | PlatformUnreachable


def list_member(sub: str, name: str | None = None, role: str = LEARNER, **more: object) -> dict[str, object]:
    """Somebody as a platform lists her."""
    return {"user_id": sub, "roles": [role], **({} if name is None else {"name": name}), **more}


@dataclass
class Office:
    """Course 7 and who is in it. ``answer`` is what the platform says when it is asked for the list."""

    store: Store
    clock: Clock
    keys: ToolKeys
    doorstep: Doorstep
    registration: Registration
    answer: Callable[[Asked], Answer] = lambda _: answer_json({"members": []})
    should_stop: Callable[[], bool] = lambda: False
    asked: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, store: Store, clock: Clock, make: Factory, folder: Path) -> "Office":
        """An office with keys of its own."""
        rotate(folder / "keys", clock.now())
        row = make.registration()
        return cls(store, clock, ToolKeys(folder / "keys"), Doorstep.of(store, clock, row), row)

    def arrive(self, sub: str = "ruth", role: str = INSTRUCTOR, **changes: Any) -> int:
        """A launch that says where the list is; returns the course's id."""
        arrival = self.doorstep.arrive(sub, role=role, **{"memberships_url": URL} | changes)
        assert arrival.context_id is not None
        return arrival.context_id

    def work(self) -> DutyDone:
        """A round of the worker, under its lease."""
        take_lease(self.store, self.registration.id, owner="worker", now=self.clock())
        return ROSTER_DUTY.serve(
            DutyCall(
                store=self.store,
                services=Services(ScriptedClient(self._respond), self.keys, MemoryTokenCache(), self.clock),
                registration_id=self.registration.id,
                owner="worker",
                clock=self.clock,
                chance=lambda: 1.0,
                should_stop=self.should_stop,
            )
        )

    def read(self, *members: dict[str, object]) -> DutyDone:
        """Have the list read with these people on it."""
        self.answer = lambda _: answer_json({"members": list(members)})
        with self.store.writing() as session:
            session.scalars(select(Roster)).one().wanted_at = self.clock()
        return self.work()

    def find_roster(self) -> Roster:
        """How the list stands."""
        with self.store.reading() as session:
            return session.scalars(select(Roster)).one()

    def find_deployment(self) -> Deployment:
        """Where course 7 lies."""
        with self.store.reading() as session:
            return session.scalars(select(Deployment)).one()

    def list_entries(self) -> dict[str, tuple[str | None, str, str]]:
        """Name, standing and status of everybody who ever was on the list."""
        with self.store.reading() as session:
            rows = session.scalars(select(RosterEntry).order_by(RosterEntry.sub))
            return {row.sub: (row.name, row.standing, row.status) for row in rows}

    def list_due(self) -> Sequence[tuple[int, datetime]]:
        """What a worker would find to do."""
        with self.store.reading() as session:
            return list(ROSTER_DUTY.list_due(session))

    def show_page(self, sub: str = "ruth") -> PeoplePage:
        """The page of people as this facilitator sees it."""
        with self.store.reading() as session:
            user = session.scalars(select(User).where(User.sub == sub)).one()
            cohort = session.scalars(select(Cohort)).first()
        assert cohort is not None
        return list_people(
            self.store, make_visit(user, cohort.context_id, cohort), self.doorstep.series, now=self.clock()
        )

    def _respond(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            return answer_json({"access_token": "a-token", "expires_in": 3600})
        self.asked.append(asked.url)
        return self.answer(asked)
