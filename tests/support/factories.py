"""Invented people, courses and work, saved through the Store: ask for what the test is about, the rest is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from lti_tool.domain.roles import RosterStatus, Standing
from lti_tool.domain.submissions import ActivityKind, ReviewStatus, WorkState
from lti_tool.lti import vocabulary
from lti_tool.models import (
    Base,
    Cohort,
    ColumnRequest,
    Context,
    DeliveryLease,
    Deployment,
    EarnedScore,
    Enrolment,
    Invite,
    LaunchSession,
    LineItem,
    LoginFlow,
    Membership,
    NoticeHandler,
    ReadingRecord,
    Registration,
    ResourceLink,
    ReturnNote,
    Review,
    Revision,
    Roster,
    RosterEntry,
    ScoreAttempt,
    ScoreDelivery,
    Store,
    Submission,
    User,
)
from tests.support.clock import Clock

PLATFORM = "https://lms.example.org"
AGS_SCOPES = (vocabulary.SCOPE_LINE_ITEM, vocabulary.SCOPE_SCORE, vocabulary.SCOPE_RESULT_READONLY)

Row = TypeVar("Row", bound=Base)


class Factory:
    """Makes rows. Every method takes any column as a keyword and gives back the saved row, detached.

    Parents that are not handed over are made once and used again, so that ``make.submission()`` and
    ``make.line_item()`` of one test lie in the same course.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._numbers = count(1)
        self._shared: dict[str, Any] = {}

    def registration(self, **columns: Any) -> Registration:
        """A platform. Its addresses lie under ``PLATFORM``."""
        number = next(self._numbers)
        defaults: dict[str, Any] = {
            "name": f"Platform {number}",
            "issuer": PLATFORM,
            "client_id": f"client-{number}",
            "auth_url": f"{PLATFORM}/auth",
            "token_url": f"{PLATFORM}/token",
            "jwks_url": f"{PLATFORM}/jwks",
            "family": "other",
            "origins": [PLATFORM],
            "created_at": self._clock.now(),
        }
        return self._save(Registration(**defaults | columns))

    def deployment(self, registration: Registration | None = None, **columns: Any) -> Deployment:
        """An installation of a platform."""
        registration = registration or self._use("registration")
        defaults: dict[str, Any] = {
            "registration_id": registration.id,
            "id_on_platform": f"deployment-{next(self._numbers)}",
            "created_at": self._clock.now(),
        }
        return self._save(Deployment(**defaults | columns))

    def user(self, registration: Registration | None = None, **columns: Any) -> User:
        """Somebody known to a platform."""
        registration = registration or self._use("registration")
        number = next(self._numbers)
        defaults: dict[str, Any] = {
            "registration_id": registration.id,
            "sub": f"sub-{number}",
            "name": f"Person {number}",
            "created_at": self._clock.now(),
            "last_seen_at": self._clock.now(),
        }
        return self._save(User(**defaults | columns))

    def context(self, deployment: Deployment | None = None, **columns: Any) -> Context:
        """A course that offers the gradebook with every scope."""
        deployment = deployment or self._use("deployment")
        number = next(self._numbers)
        defaults: dict[str, Any] = {
            "deployment_id": deployment.id,
            "id_on_platform": f"course-{number}",
            "label": f"LEC-{number}",
            "title": f"Leading Edge Cohort {number}",
            "line_items_url": f"{PLATFORM}/courses/{number}/line_items",
            "ags_scopes": list(AGS_SCOPES),
            "created_at": self._clock.now(),
        }
        return self._save(Context(**defaults | columns))

    def membership(self, user: User, context: Context | None = None, **columns: Any) -> Membership:
        """A person's place in a course: a participant unless said otherwise."""
        context = context or self._use("context")
        defaults: dict[str, Any] = {
            "context_id": context.id,
            "user_id": user.id,
            "standing": Standing.PARTICIPANT,
            "created_at": self._clock.now(),
            "last_launch_at": self._clock.now(),
        }
        row = Membership(**defaults | columns)
        if "has_been_staff" not in columns:
            row.has_been_staff = row.standing == Standing.STAFF
        return self._save(row)

    def resource_link(self, context: Context | None = None, **columns: Any) -> ResourceLink:
        """A link in a course that opens Visioning."""
        context = context or self._use("context")
        number = next(self._numbers)
        defaults: dict[str, Any] = {
            "context_id": context.id,
            "id_on_platform": f"link-{number}",
            "title": "On the Leading Edge of Visioning",
            "module_key": "visioning",
            "created_at": self._clock.now(),
        }
        return self._save(ResourceLink(**defaults | columns))

    def cohort(self, context: Context | None = None, **columns: Any) -> Cohort:
        """A run of the series; not the course's default one unless ``is_default=True``."""
        context = context or self._use("context")
        defaults: dict[str, Any] = {
            "context_id": context.id,
            "name": "Everyone in this course",
            "created_at": self._clock.now(),
        }
        return self._save(Cohort(**defaults | columns))

    def enrolment(self, user: User | None = None, cohort: Cohort | None = None, **columns: Any) -> Enrolment:
        """A person in a cohort."""
        user, cohort = user or self._use("user"), cohort or self._use("cohort")
        defaults: dict[str, Any] = {"cohort_id": cohort.id, "user_id": user.id, "created_at": self._clock.now()}
        return self._save(Enrolment(**defaults | columns))

    def reading_record(self, enrolment: Enrolment | None = None, **columns: Any) -> ReadingRecord:
        """What was done with one reading: by default nothing yet."""
        enrolment = enrolment or self._use("enrolment")
        defaults: dict[str, Any] = {
            "cohort_id": enrolment.cohort_id,
            "user_id": enrolment.user_id,
            "module_key": "visioning",
            "activity_key": f"reading-{next(self._numbers)}",
            "tried": {},
            "updated_at": self._clock.now(),
        }
        return self._save(ReadingRecord(**defaults | columns))

    def submission(self, enrolment: Enrolment | None = None, **columns: Any) -> Submission:
        """A person's work on one activity: an empty draft of a plan unless said otherwise."""
        enrolment = enrolment or self._use("enrolment")
        defaults: dict[str, Any] = {
            "cohort_id": enrolment.cohort_id,
            "user_id": enrolment.user_id,
            "module_key": "visioning",
            "activity_key": f"plan-{next(self._numbers)}",
            "kind": ActivityKind.WORKSHEET,
            "state": WorkState.DRAFT,
            "draft": {},
            "draft_version": 1,
            "created_at": self._clock.now(),
        }
        return self._save(Submission(**defaults | columns))

    def revision(self, submission: Submission | None = None, **columns: Any) -> Revision:
        """A snapshot of submitted work."""
        submission = submission or self._use("submission")
        defaults: dict[str, Any] = {
            "submission_id": submission.id,
            "number": next(self._numbers),
            "document": {},
            "submitted_at": self._clock.now(),
        }
        return self._save(Revision(**defaults | columns))

    def review(self, revision: Revision | None = None, reviewer: User | None = None, **columns: Any) -> Review:
        """A reviewer's draft judgement of the shared submission's revision."""
        revision = revision or self._use("revision")
        reviewer = reviewer or self.user()
        with self._store.reading() as session:
            author_id = session.get_one(Submission, revision.submission_id).user_id
        defaults: dict[str, Any] = {
            "submission_id": revision.submission_id,
            "revision_id": revision.id,
            "author_id": author_id,
            "reviewer_id": reviewer.id,
            "status": ReviewStatus.DRAFT,
            "ratings": {},
            "comments": {},
            "named_fields": [],
            "rubric": {},
            "created_at": self._clock.now(),
            "saved_at": self._clock.now(),
        }
        return self._save(Review(**defaults | columns))

    def line_item(self, context: Context | None = None, **columns: Any) -> LineItem:
        """The gradebook column of Visioning."""
        context = context or self._use("context")
        with self._store.reading() as session:
            registration_id = session.get_one(Deployment, context.deployment_id).registration_id
        defaults: dict[str, Any] = {
            "registration_id": registration_id,
            "context_id": context.id,
            "module_key": "visioning",
            "url": f"{PLATFORM}/courses/{context.id}/line_items/{next(self._numbers)}",
            "created_at": self._clock.now(),
        }
        return self._save(LineItem(**defaults | columns))

    def earned_score(self, enrolment: Enrolment | None = None, **columns: Any) -> EarnedScore:
        """A full score for Visioning."""
        enrolment = enrolment or self._use("enrolment")
        defaults: dict[str, Any] = {
            "cohort_id": enrolment.cohort_id,
            "user_id": enrolment.user_id,
            "module_key": "visioning",
            "points": 100,
            "maximum": 100,
            "parts": {},
            "finished_at": self._clock.now(),
            "earned_at": self._clock.now(),
        }
        return self._save(EarnedScore(**defaults | columns))

    def score_delivery(
        self, earned_score: EarnedScore | None = None, line_item: LineItem | None = None, **columns: Any
    ) -> ScoreDelivery:
        """A score on its way to a column, due now."""
        earned, line_item = earned_score or self._use("earned_score"), line_item or self._use("line_item")
        defaults: dict[str, Any] = {
            "registration_id": line_item.registration_id,
            "line_item_id": line_item.id,
            "user_id": earned.user_id,
            "earned_score_id": earned.id,
            "score": earned.points,
            "maximum": earned.maximum,
            "finished_at": earned.finished_at,
            "next_attempt_at": self._clock.now(),
            "created_at": self._clock.now(),
        }
        return self._save(ScoreDelivery(**defaults | columns))

    def score_attempt(self, delivery: ScoreDelivery | None = None, **columns: Any) -> ScoreAttempt:
        """One line of a delivery's history."""
        delivery = delivery or self._use("score_delivery")
        defaults: dict[str, Any] = {
            "delivery_id": delivery.id,
            "phase": "begun",
            "version": delivery.version,
            "score": delivery.score,
            "timestamp": self._clock.now(),
            "at": self._clock.now(),
        }
        return self._save(ScoreAttempt(**defaults | columns))

    def delivery_lease(self, registration: Registration | None = None, **columns: Any) -> DeliveryLease:
        """A registration's lease, free."""
        registration = registration or self._use("registration")
        return self._save(DeliveryLease(**{"registration_id": registration.id} | columns))

    def column_request(self, context: Context | None = None, **columns: Any) -> ColumnRequest:
        """A wish for Visioning's column, due now."""
        context = context or self._use("context")
        defaults: dict[str, Any] = {
            "context_id": context.id,
            "module_key": "visioning",
            "label": "Visioning",
            "may_make": True,
            "next_attempt_at": self._clock.now(),
            "created_at": self._clock.now(),
        }
        return self._save(ColumnRequest(**defaults | columns))

    def return_note(
        self, review: Review | None = None, line_item: LineItem | None = None, **columns: Any
    ) -> ReturnNote:
        """What a column is told of a plan that came back, due now."""
        review, line_item = review or self._use("review"), line_item or self._use("line_item")
        defaults: dict[str, Any] = {
            "registration_id": line_item.registration_id,
            "line_item_id": line_item.id,
            "user_id": review.author_id,
            "review_id": review.id,
            "comment": "Your plan came back.",
            "next_attempt_at": self._clock.now(),
            "created_at": self._clock.now(),
        }
        return self._save(ReturnNote(**defaults | columns))

    def roster(self, context: Context | None = None, **columns: Any) -> Roster:
        """Where the course's list of people is; nobody asks for it yet."""
        context = context or self._use("context")
        defaults: dict[str, Any] = {
            "context_id": context.id,
            "url": f"{PLATFORM}/courses/{context.id}/memberships",
        }
        return self._save(Roster(**defaults | columns))

    def roster_entry(self, context: Context | None = None, **columns: Any) -> RosterEntry:
        """A learner on the course's list who never opened the tool."""
        context, number = context or self._use("context"), next(self._numbers)
        defaults: dict[str, Any] = {
            "context_id": context.id,
            "sub": f"listed-{number}",
            "standing": Standing.PARTICIPANT,
            "status": RosterStatus.ACTIVE,
            "first_listed_at": self._clock.now(),
            "last_listed_at": self._clock.now(),
        }
        return self._save(RosterEntry(**defaults | columns))

    def notice_handler(self, deployment: Deployment | None = None, **columns: Any) -> NoticeHandler:
        """A platform that offers notices and is to be told where to send them."""
        deployment = deployment or self._use("deployment")
        defaults: dict[str, Any] = {
            "deployment_id": deployment.id,
            "service_url": f"{PLATFORM}/notices",
            "wanted_at": self._clock.now(),
        }
        return self._save(NoticeHandler(**defaults | columns))

    def invite(self, **columns: Any) -> Invite:
        """A one-time address, good for a week and not used."""
        defaults: dict[str, Any] = {
            "secret_digest": f"{next(self._numbers):064}",
            "created_at": self._clock.now(),
            "expires_at": self._clock.now() + timedelta(days=7),
        }
        return self._save(Invite(**defaults | columns))

    def login_flow(self, registration: Registration | None = None, **columns: Any) -> LoginFlow:
        """A login under way, good for ten minutes."""
        registration = registration or self._use("registration")
        number = next(self._numbers)
        defaults: dict[str, Any] = {
            "id": f"flow-{number}",
            "state": f"state-{number}",
            "nonce": f"nonce-{number}",
            "binder_digest": "0" * 64,
            "registration_id": registration.id,
            "login_hint": "hint",
            "target_link_uri": "https://tool.example.org/lti/launch",
            "created_at": self._clock.now(),
            "expires_at": self._clock.now() + timedelta(minutes=10),
        }
        return self._save(LoginFlow(**defaults | columns))

    def launch_session(self, user: User | None = None, context: Context | None = None, **columns: Any) -> LaunchSession:
        """A session of the shared course, good for twelve hours."""
        user, context = user or self._use("user"), context or self._use("context")
        defaults: dict[str, Any] = {
            "id": f"session-{next(self._numbers)}",
            "secret_digest": "0" * 64,
            "registration_id": user.registration_id,
            "deployment_id": context.deployment_id,
            "user_id": user.id,
            "context_id": context.id,
            "standing": Standing.PARTICIPANT,
            "roles": [],
            "created_at": self._clock.now(),
            "expires_at": self._clock.now() + timedelta(hours=12),
        }
        return self._save(LaunchSession(**defaults | columns))

    @contextmanager
    def changing(self, row: Row) -> Iterator[Row]:
        """The row attached to a transaction, so that a test can change it: ``with make.changing(work) as row: …``."""
        with self._store.writing() as session:
            yield session.merge(row)

    def _use(self, name: str) -> Any:
        if name not in self._shared:
            self._shared[name] = getattr(self, name)()
        return self._shared[name]

    def _save(self, row: Row) -> Row:
        session: Session
        with self._store.writing() as session:
            session.add(row)
        # What is made first is what later rows lie in, whether the test asked for it or not.
        self._shared.setdefault(_name_of(row), row)
        return row


def _name_of(row: Base) -> str:
    words = [f"_{letter.lower()}" if letter.isupper() else letter for letter in type(row).__name__]
    return "".join(words).removeprefix("_")
