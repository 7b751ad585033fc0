"""The demo's people with work behind them: one waits for review, one is half-way, one is new.

Everything goes through the same doors as for real people: their launches are the demo LMS's own claims, their work
is saved and submitted by the services, at times that look like a past week.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select, update

from lti_tool.content.schema import Module, Series
from lti_tool.demo_lms.courses import COURSES, Course
from lti_tool.demo_lms.people import DANA, MARISOL, PRIYA, RUTH, Person
from lti_tool.demo_lms.platform import Platform
from lti_tool.domain.roles import Standing
from lti_tool.domain.scoring import Policy
from lti_tool.lti.claims import read_message, read_origin
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import AuditFact, Cohort, Context, Registration, Store
from lti_tool.services.arrivals import record_arrival
from lti_tool.services.audit import record_fact
from lti_tool.services.drafts import DraftInput, save_draft
from lti_tool.services.readings import NOT_SURE, mark_read, record_checks
from lti_tool.services.registrations import to_value
from lti_tool.services.submitting import submit_work
from lti_tool.services.visits import Visit

MODULE_KEY = "visioning"
SEEDED = "seeded_demo"
_ANSWERS = Path(__file__).parent / "answers.yaml"


def seed_demo(store: Store, series: Series, now: datetime, *, platform: Platform, base_url: str) -> bool:
    """Give the demo people their work, once; whether there was anything to do.

    The demo LMS must be registered. A demo whose people are complete is left as it is; one that was stopped half-way
    is completed, since doing a step again changes nothing.
    """
    with store.reading() as session:
        registration = session.scalars(
            select(Registration).where(Registration.issuer == platform.settings.base_url)
        ).one()
        if session.scalar(select(AuditFact.id).where(AuditFact.verb == SEEDED).limit(1)) is not None:
            return False
        value = to_value(registration)
    seeder = _Seeder(store, series, value, platform, base_url)
    course = COURSES[0]
    for minutes, person in enumerate((RUTH, DANA, PRIYA, MARISOL)):
        seeder.launch(course, person, now - timedelta(days=8, minutes=minutes))
    seeder.use_points(course)
    answers = yaml.safe_load(_ANSWERS.read_text(encoding="utf-8"))
    seeder.do_everything(course, answers["done"], now)
    seeder.do_half(course, answers["halfway"], now)
    with store.writing() as session:
        record_fact(session, now=now, verb=SEEDED)
    return True


class _Seeder:
    """Acts as the demo people, one step at a time."""

    def __init__(
        self, store: Store, series: Series, registration: RegistrationValue, platform: Platform, base_url: str
    ) -> None:
        self._store = store
        self._series = series
        self._registration = registration
        self._platform = platform
        origin = read_origin(base_url)
        if origin is None:
            raise ValueError(f"not an address: {base_url}")
        self._origin = origin
        module = series.find_module(MODULE_KEY)
        if module is None:
            raise ValueError(f"the series has no module {MODULE_KEY}")
        self._module: Module = module

    def launch(self, course: Course, person: Person, at: datetime) -> Visit:
        """Arrive through the module's link, as the demo LMS would send this person."""
        link = course.find_link(MODULE_KEY)
        if link is None:
            raise LookupError(f"{course.id} has no link to {MODULE_KEY}")
        claims = self._platform.launch_claims(person, link, nonce="demo")
        message = read_message(claims, self._origin)
        with self._store.writing() as session:
            arrival = record_arrival(
                session, registration=self._registration, message=message, series=self._series, now=at
            )
        return Visit(
            session_id="demo",
            registration_id=int(self._registration.id),
            user_id=arrival.user_id,
            person_name=person.name,
            context_id=arrival.context_id,
            context_title=course.title,
            cohort_id=arrival.cohort_id,
            cohort_name=None,
            policy=Policy.POINTS,
            standing=Standing(arrival.standing),
            resource_link_id=arrival.resource_link_id,
            link_module_key=arrival.module_key,
            return_url=None,
            platform_name=self._registration.name,
            frame_origins=(),
            locale=None,
            expires_at=at + timedelta(hours=1),
        )

    def use_points(self, course: Course) -> None:
        """Let this course's columns show the points of the rubric, so that the sum can be seen."""
        with self._store.writing() as session:
            context_id = session.scalars(select(Context.id).where(Context.id_on_platform == course.id)).one()
            session.execute(update(Cohort).where(Cohort.context_id == context_id).values(policy=Policy.POINTS))

    def do_everything(self, course: Course, answers: Mapping[str, Any], now: datetime) -> None:
        """Dana: three readings, both reflections, and the plan, submitted two days ago."""
        visit = self.launch(course, DANA, now - timedelta(days=7))
        for day, reading in enumerate(self._module.readings):
            self._read(visit, reading.key, now - timedelta(days=6 - day), tried=len(reading.checks))
        for key, text in answers["reflections"].items():
            self._write(visit, key, {"text": text}, now - timedelta(days=3), is_final=True)
        self._write(visit, "plan", {"fields": answers["answers"]}, now - timedelta(days=2, hours=3), is_final=True)

    def do_half(self, course: Course, answers: Mapping[str, Any], now: datetime) -> None:
        """Priya: one reading done and one begun, one reflection submitted and one begun, the plan up to Part C."""
        visit = self.launch(course, PRIYA, now - timedelta(days=4))
        self._read(visit, self._module.readings[0].key, now - timedelta(days=4), tried=4)
        record_checks(
            self._store,
            visit,
            self._series,
            MODULE_KEY,
            self._module.readings[1].key,
            {self._module.readings[1].checks[0].key: NOT_SURE},
            now=now - timedelta(days=2),
        )
        for key, work in answers["reflections"].items():
            self._write(
                visit, key, {"text": work["text"]}, now - timedelta(days=2), is_final=work["state"] == "submitted"
            )
        place = "C"
        self._write(visit, "plan", {"fields": answers["answers"]}, now - timedelta(hours=20), place=place)

    def _read(self, visit: Visit, key: str, at: datetime, *, tried: int) -> None:
        reading = next(reading for reading in self._module.readings if reading.key == key)
        chosen = {
            check.key: next(option.key for option in check.options if option.correct)
            for check in reading.checks[:tried]
        }
        record_checks(self._store, visit, self._series, MODULE_KEY, key, chosen, now=at)
        mark_read(self._store, visit, self._series, MODULE_KEY, key, now=at)

    def _write(
        self,
        visit: Visit,
        key: str,
        document: Mapping[str, Any],
        at: datetime,
        *,
        is_final: bool = False,
        place: str | None = None,
    ) -> None:
        draft = DraftInput(document=document, version=0, place=place)
        if is_final:
            submit_work(self._store, visit, self._series, MODULE_KEY, key, draft=draft, now=at)
        else:
            save_draft(self._store, visit, self._series, MODULE_KEY, key, draft=draft, now=at)
