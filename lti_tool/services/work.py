"""Finding and describing one piece of a person's own work; what the use-cases on it share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Reflection, Series, Worksheet
from lti_tool.domain.answers import blank_document
from lti_tool.domain.submissions import EDITABLE, ActivityKind, ReviewStatus, Step, WorkState, can_take_step
from lti_tool.models import Review, Revision, Store, Submission, User
from lti_tool.services.errors import NotAllowedError, NotFoundError
from lti_tool.services.modules import find_module, read_state
from lti_tool.services.review_values import ReleasedReview, describe_released
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.services.visits import Visit


@dataclass(frozen=True, slots=True)
class WorkTarget:
    """An activity that can be worked on: a reflection or the module's worksheet."""

    module: Module
    key: str
    kind: ActivityKind
    reflection: Reflection | None
    worksheet: Worksheet | None

    @property
    def title(self) -> str:
        """What the activity is called."""
        found = self.reflection or self.worksheet
        return found.title if found else self.key

    def blank(self) -> dict[str, Any]:
        """An empty document of this activity."""
        return {"text": ""} if self.worksheet is None else blank_document(self.worksheet)


@dataclass(frozen=True, slots=True)
class WorkPage:
    """One piece of work for its author. ``version`` is 0 while nothing was saved.

    ``review`` is the latest released review, also of an earlier revision; ``lease_ends_at`` says until when a
    reviewer is reading.
    """

    target: WorkTarget
    document: dict[str, Any]
    version: int
    saved_at: datetime | None
    place: str | None
    state: WorkState
    is_private: bool
    submitted_at: datetime | None
    revision_number: int
    review: ReleasedReview | None
    can_edit: bool
    can_take_back: bool
    can_reopen: bool
    lease_ends_at: datetime | None


def find_target(series: Series, module_key: str, activity_key: str) -> WorkTarget:
    """The activity with this key.

    Raises:
        NotFoundError: there is none, or its module's work is not open yet.
    """
    module = find_module(series, module_key)
    if module.is_open:
        if activity_key == PLAN_KEY and module.worksheet is not None:
            return WorkTarget(module, PLAN_KEY, ActivityKind.WORKSHEET, None, module.worksheet)
        for reflection in module.reflections:
            if reflection.key == activity_key:
                return WorkTarget(module, activity_key, ActivityKind.REFLECTION, reflection, None)
    raise NotFoundError("There is no such work in this session.")


def require_worker(visit: Visit) -> int:
    """The cohort this visit works in.

    Raises:
        NotAllowedError: this visit has no work of its own.
    """
    if not visit.may_work or visit.cohort_id is None:
        raise NotAllowedError("You can read along. Work is saved for participants only.")
    return visit.cohort_id


def find_submission(
    session: Session, visit: Visit, target: WorkTarget, *, is_writing: bool = True
) -> Submission | None:
    """This person's own row, locked where the transaction writes and the database can."""
    statement = select(Submission).where(
        Submission.cohort_id == require_worker(visit),
        Submission.user_id == visit.user_id,
        Submission.module_key == target.module.key,
        Submission.activity_key == target.key,
    )
    return session.scalar(statement.with_for_update() if is_writing else statement)


def open_work(
    store: Store, visit: Visit, series: Series, module_key: str, activity_key: str, *, now: datetime
) -> WorkPage:
    """One piece of work as its author sees it; opening it marks the latest reply as seen.

    Raises:
        NotAllowedError: this visit has no work of its own.
        NotFoundError: there is no such activity.
    """
    target = find_target(series, module_key, activity_key)
    with store.reading() as session:
        submission = find_submission(session, visit, target, is_writing=False)
        page, has_new_reply = _describe(session, submission, target, now)
    if has_new_reply:
        with store.writing() as session:
            submission = find_submission(session, visit, target)
            if submission is not None:
                submission.reply_seen_at = now
    return page


def _describe(
    session: Session, submission: Submission | None, target: WorkTarget, now: datetime
) -> tuple[WorkPage, bool]:
    if submission is None:
        return _describe_blank(target), False
    state = read_state(submission, now)
    row = session.execute(
        select(Review, Revision.number, User.name)
        .join(Revision, Revision.id == Review.revision_id)
        .join(User, User.id == Review.reviewer_id)
        .where(Review.submission_id == submission.id, Review.status == ReviewStatus.RELEASED)
        .order_by(Review.released_at.desc())
        .limit(1)
    ).first()
    review = None
    if row is not None:
        review = describe_released(row[0], reviewer_name=row[2] or "Your facilitator", revision_number=row[1])
    seen_at = submission.reply_seen_at
    page = WorkPage(
        target=target,
        document=submission.draft,
        version=submission.draft_version,
        saved_at=submission.draft_saved_at,
        place=submission.draft_place,
        state=state,
        is_private=submission.is_private,
        submitted_at=submission.submitted_at,
        revision_number=submission.revision_count,
        review=review,
        can_edit=state in EDITABLE,
        can_take_back=can_take_step(state, Step.TAKE_BACK),
        can_reopen=can_take_step(state, Step.REOPEN),
        lease_ends_at=submission.lease_expires_at if state is WorkState.IN_REVIEW else None,
    )
    return page, review is not None and (seen_at is None or seen_at < review.released_at)


def _describe_blank(target: WorkTarget) -> WorkPage:
    return WorkPage(
        target=target,
        document=target.blank(),
        version=0,
        saved_at=None,
        place=None,
        state=WorkState.DRAFT,
        is_private=False,
        submitted_at=None,
        revision_number=0,
        review=None,
        can_edit=True,
        can_take_back=False,
        can_reopen=False,
        lease_ends_at=None,
    )
