"""A course with a column and a librarian who works in it: where tests of drafts, submitting and scores begin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

import lti_tool.demo_data
from lti_tool.content.schema import Module, Series
from lti_tool.domain.roles import Standing
from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import Decision
from lti_tool.models import AuditFact, Cohort, EarnedScore, LineItem, Revision, ScoreDelivery, Store, Submission, User
from lti_tool.services import reviews
from lti_tool.services.drafts import DraftInput, Saved, save_draft
from lti_tool.services.module_values import ModulePage
from lti_tool.services.modules import show_module
from lti_tool.services.readings import mark_read, record_checks
from lti_tool.services.review_values import NOTHING_WRITTEN
from lti_tool.services.submitting import Submitted, submit_work
from lti_tool.services.visits import Visit
from lti_tool.services.work import WorkPage, open_work
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import make_visit
from tests.support.series import find_visioning, load_real_series

WORDS_IN_RANGE = "word " * 240


@cache
def read_good_plan() -> Mapping[str, Any]:
    """The finished plan of the demo: it has no gaps."""
    path = Path(lti_tool.demo_data.__file__).parent / "answers.yaml"
    answers: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["done"]["answers"]
    return answers


@dataclass
class WorkScene:
    """Dana works, Ruth reviews. Every verb acts as Dana unless it says otherwise."""

    store: Store
    clock: Clock
    make: Factory
    series: Series
    cohort: Cohort
    column: LineItem
    user: User
    dana: Visit
    ruth: Visit

    @property
    def module(self) -> Module:
        """Visioning."""
        return find_visioning()

    def use_policy(self, policy: Policy) -> None:
        """Change how columns are earned."""
        with self.make.changing(self.cohort) as cohort:
            cohort.policy = policy

    def save(self, key: str = "a", version: int = 0, visit: Visit | None = None, **more: Any) -> Saved:
        """Save a draft: ``text`` for a reflection, ``fields`` for the plan."""
        return save_draft(
            self.store,
            visit or self.dana,
            self.series,
            "visioning",
            key,
            draft=_read_input(version, more),
            now=self.clock.now(),
        )

    def submit(self, key: str = "a", version: int = 0, *, accepts_range: bool = False, **more: Any) -> Submitted:
        """Submit work."""
        return submit_work(
            self.store,
            self.dana,
            self.series,
            "visioning",
            key,
            draft=_read_input(version, more),
            accepts_range=accepts_range,
            now=self.clock.now(),
        )

    def submit_plan(self) -> Submitted:
        """Submit the good plan."""
        return self.submit("plan", fields=read_good_plan())

    def submit_reflections(self) -> None:
        """Submit both reflections inside their ranges."""
        for key in ("a", "b"):
            self.submit(key, text=WORDS_IN_RANGE)

    def read_everything(self) -> None:
        """Mark every reading read and try every check."""
        for reading in self.module.readings:
            answers = {check.key: "not_sure" for check in reading.checks}
            record_checks(self.store, self.dana, self.series, "visioning", reading.key, answers, now=self.clock.now())
            mark_read(self.store, self.dana, self.series, "visioning", reading.key, now=self.clock.now())

    def review_plan(self, decision: Decision = Decision.ACCEPT, levels: Mapping[str, int] | None = None) -> None:
        """Ruth reviews the waiting plan and releases."""
        plan = self.find("plan")
        with self.store.reading() as session:
            revision = session.scalars(
                select(Revision).where(Revision.submission_id == plan.id, Revision.number == plan.revision_count)
            ).one()
        content = replace(NOTHING_WRITTEN, ratings=levels or {}, overall="One question: who will lead it?")
        saved = reviews.save_review(
            self.store,
            self.ruth,
            self.series,
            plan.id,
            revision_id=revision.id,
            draft=content,
            version=0,
            now=self.clock.now(),
        )
        reviews.release_review(
            self.store,
            self.ruth,
            self.series,
            plan.id,
            revision_id=revision.id,
            decision=decision,
            version=saved.version,
            now=self.clock.now(),
        )

    def open(self, key: str = "a") -> WorkPage:
        """Open work as its author."""
        return open_work(self.store, self.dana, self.series, "visioning", key, now=self.clock.now())

    def show(self, visit: Visit | None = None) -> ModulePage:
        """The module's own page."""
        return show_module(self.store, visit or self.dana, self.series, "visioning", now=self.clock.now())

    def find(self, key: str) -> Submission:
        """The stored submission."""
        with self.store.reading() as session:
            return session.scalars(
                select(Submission).where(Submission.activity_key == key, Submission.user_id == self.user.id)
            ).one()

    def list_earned(self) -> list[int]:
        """Every earned score in points."""
        with self.store.reading() as session:
            return list(session.scalars(select(EarnedScore.points)))

    def list_deliveries(self) -> list[tuple[int, int, str]]:
        """Score, version and state of every delivery."""
        with self.store.reading() as session:
            rows = session.execute(
                select(ScoreDelivery.score, ScoreDelivery.version, ScoreDelivery.state).order_by(ScoreDelivery.id)
            )
            return [(score, version, state) for score, version, state in rows]

    def list_verbs(self) -> list[str]:
        """What the audit says happened, in order."""
        with self.store.reading() as session:
            return list(session.scalars(select(AuditFact.verb).order_by(AuditFact.id)))


def make_work_scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    """Dana is new in a course with one column; Ruth facilitates."""
    context = make.context()
    cohort = make.cohort(context, is_default=True)
    user = make.user(name="Dana Whitfield")
    ruth = make.user(name="Ruth Okafor")
    make.enrolment(user, cohort)
    make.membership(user, context)
    make.membership(ruth, context, standing=Standing.STAFF)
    return WorkScene(
        store=store,
        clock=clock,
        make=make,
        series=load_real_series(),
        cohort=cohort,
        column=make.line_item(context),
        user=user,
        dana=make_visit(user, context.id, cohort, standing=Standing.PARTICIPANT),
        ruth=make_visit(ruth, context.id, cohort),
    )


def _read_input(version: int, more: Mapping[str, Any]) -> DraftInput:
    place = more.get("place")
    document = {key: value for key, value in more.items() if key not in {"place", "is_private"}}
    return DraftInput(document=document, version=version, place=place, is_private=bool(more.get("is_private", False)))
