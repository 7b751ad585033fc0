"""A course with two facilitators and a librarian whose Mission Plan waits: where every test of reviewing begins."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import select

from lti_tool.content.loader import default_series_folder, load_series
from lti_tool.content.schema import Module, Series
from lti_tool.domain.answers import blank_document, set_answer
from lti_tool.domain.roles import Standing
from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import ActivityKind, Decision, WorkState
from lti_tool.models import AuditFact, Cohort, Enrolment, Review, Revision, Store, Submission, User
from lti_tool.services import reviews
from lti_tool.services.review_values import NOTHING_WRITTEN, Released, ReviewDraftInput, SavedReview
from lti_tool.services.review_views import ReviewPage
from lti_tool.services.visits import Visit
from tests.support.clock import Clock
from tests.support.factories import Factory

MISSION = "We help every learner ask better questions."


@dataclass
class ReviewScene:
    """The people and their work, and the verbs of reviewing with everything but the point filled in."""

    store: Store
    clock: Clock
    make: Factory
    series: Series
    cohort: Cohort
    enrolment: Enrolment
    ruth: Visit
    omar: Visit
    dana: User
    plan: Submission
    revision: Revision

    @property
    def module(self) -> Module:
        """Visioning."""
        return self.series.modules[0]

    def as_policy(self, policy: Policy) -> None:
        """Change how columns are earned in this cohort."""
        with self.make.changing(self.cohort) as cohort:
            cohort.policy = policy
        self.ruth = replace(self.ruth, policy=policy)
        self.omar = replace(self.omar, policy=policy)

    def save(
        self, visit: Visit | None = None, *, version: int = 0, revision: Revision | None = None, **content: Any
    ) -> SavedReview:
        """Save a review draft; ``content`` is any of ratings, comments, named_fields, overall."""
        revision = revision or self.revision
        return reviews.save_review(
            self.store,
            visit or self.ruth,
            self.series,
            revision.submission_id,
            revision_id=revision.id,
            draft=write_draft(**content),
            version=version,
            now=self.clock.now(),
        )

    def release(
        self,
        decision: Decision | None = Decision.ACCEPT,
        visit: Visit | None = None,
        *,
        version: int = 0,
        revision: Revision | None = None,
    ) -> Released:
        """Release what is stored."""
        revision = revision or self.revision
        return reviews.release_review(
            self.store,
            visit or self.ruth,
            self.series,
            revision.submission_id,
            revision_id=revision.id,
            decision=decision,
            version=version,
            now=self.clock.now(),
        )

    def open(self, visit: Visit | None = None, submission: Submission | None = None) -> ReviewPage:
        """Open the review page."""
        submission = submission or self.plan
        return reviews.open_review(self.store, visit or self.ruth, self.series, submission.id, now=self.clock.now())

    def submit_again(self, number: int, **answers: Any) -> Revision:
        """A newer revision of the plan, as its author's submitting makes it."""
        revision = self.make.revision(self.plan, number=number, document=write_plan(self.module, **answers))
        with self.make.changing(self.find_plan()) as plan:
            plan.state = WorkState.SUBMITTED
            plan.revision_count = number
            plan.submitted_at = self.clock.now()
            plan.current_review_id = None
            plan.lease_owner_id = plan.lease_expires_at = None
        return revision

    def take_back(self) -> None:
        """The author takes the plan back."""
        with self.make.changing(self.find_plan()) as plan:
            plan.state = WorkState.DRAFT
            plan.lease_owner_id = plan.lease_expires_at = None

    def find_plan(self) -> Submission:
        """The plan as it is stored now."""
        with self.store.reading() as session:
            return session.get_one(Submission, self.plan.id)

    def list_reviews(self, submission: Submission | None = None) -> list[Review]:
        """Every stored review of the plan, oldest first."""
        wanted = (submission or self.plan).id
        with self.store.reading() as session:
            return list(session.scalars(select(Review).where(Review.submission_id == wanted).order_by(Review.id)))

    def list_verbs(self) -> list[str]:
        """What the audit says happened, in order."""
        with self.store.reading() as session:
            return list(session.scalars(select(AuditFact.verb).order_by(AuditFact.id)))

    def add_reflection(
        self, key: str, text: str = "I kept the door open.", **columns: Any
    ) -> tuple[Submission, Revision]:
        """A submitted reflection of Dana's."""
        is_private = bool(columns.pop("is_private", False))
        work = self.make.submission(
            self.enrolment,
            activity_key=key,
            kind=ActivityKind.REFLECTION,
            state=WorkState.SUBMITTED,
            revision_count=1,
            is_private=is_private,
            submitted_at=self.clock.now(),
            **columns,
        )
        revision = self.make.revision(
            work, number=1, document={"text": text}, is_private=is_private, words=len(text.split())
        )
        return work, revision

    def add_person(self, name: str | None, *, waiting: timedelta, **columns: Any) -> Submission:
        """Another librarian whose plan has waited this long."""
        user = self.make.user(name=name)
        enrolment = self.make.enrolment(user, self.cohort, is_practice=columns.pop("is_practice", False))
        work = self.make.submission(
            enrolment,
            activity_key="plan",
            state=WorkState.SUBMITTED,
            revision_count=1,
            submitted_at=self.clock.now() - waiting,
            **columns,
        )
        self.make.revision(work, number=1, document=write_plan(self.module))
        return work


@cache
def read_shipped_series() -> Series:
    """The series that ships with the tool, read once."""
    return load_series(default_series_folder())


def make_scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    """Ruth and Omar facilitate; Dana's plan was submitted two days ago."""
    series = read_shipped_series()
    context = make.context()
    cohort = make.cohort(context, is_default=True)
    dana = make.user(name="Dana Reyes")
    enrolment = make.enrolment(dana, cohort)
    visits = [make_visit(make.user(name=name), context.id, cohort) for name in ("Ruth Okafor", "Omar Haddad")]
    plan = make.submission(
        enrolment,
        activity_key="plan",
        state=WorkState.SUBMITTED,
        revision_count=1,
        submitted_at=clock.now() - timedelta(days=2),
        draft_saved_at=clock.now() - timedelta(days=2),
    )
    revision = make.revision(plan, number=1, document=write_plan(series.modules[0]), submitted_at=plan.submitted_at)
    return ReviewScene(store, clock, make, series, cohort, enrolment, visits[0], visits[1], dana, plan, revision)


def make_visit(user: User, context_id: int, cohort: Cohort, **changes: Any) -> Visit:
    """A facilitator's open launch."""
    visit = Visit(
        session_id=f"session-{user.id}",
        registration_id=user.registration_id,
        user_id=user.id,
        person_name=user.name,
        context_id=context_id,
        context_title="Leading Edge Cohort",
        cohort_id=cohort.id,
        cohort_name=cohort.name,
        policy=Policy(cohort.policy),
        standing=Standing.STAFF,
        resource_link_id=None,
        link_module_key="visioning",
        return_url=None,
        platform_name="Platform",
        frame_origins=(),
        locale=None,
        expires_at=cohort.created_at + timedelta(hours=12),
    )
    return replace(visit, **changes)


def write_plan(module: Module, **answers: Any) -> dict[str, Any]:
    """A plan with a mission in it and whatever else the test says."""
    assert module.worksheet is not None
    document = blank_document(module.worksheet)
    for path, answer in ({"mission_statement": MISSION, "campus_name": "Lakeview Middle"} | answers).items():
        document = set_answer(document, path, answer)
    return document


def write_draft(
    *,
    ratings: Mapping[str, int] | None = None,
    comments: Mapping[str, str] | None = None,
    named_fields: tuple[str, ...] = (),
    overall: str = "",
) -> ReviewDraftInput:
    """What a reviewer has written."""
    return replace(
        NOTHING_WRITTEN, ratings=ratings or {}, comments=comments or {}, named_fields=named_fields, overall=overall
    )


def rate_all(module: Module, level: int) -> dict[str, int]:
    """Every criterion at one level."""
    assert module.worksheet is not None
    return {criterion.key: level for criterion in module.worksheet.rubric}
