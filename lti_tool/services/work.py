"""Finding and describing one piece of a person's own work; what the use-cases on it share."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Reflection, Series, Worksheet
from lti_tool.content.sources import list_sources
from lti_tool.domain.answers import Document, blank_document
from lti_tool.domain.carrying import Copy, SourceChange, find_source_changes, take_copies
from lti_tool.domain.living import list_living_questions
from lti_tool.domain.row_uses import RowUse
from lti_tool.domain.submissions import EDITABLE, ActivityKind, ReviewStatus, Step, WorkState, can_take_step
from lti_tool.models import Review, Revision, Store, Submission, User
from lti_tool.services.brief import BriefSection, has_brief, make_brief
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.errors import NotAllowedError, NotFoundError
from lti_tool.services.modules import find_module, read_state
from lti_tool.services.own_plans import read_own_plans
from lti_tool.services.plan_sources import PlanSource, describe_sources, find_uses, list_related, read_sources
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

    def require_worksheet(self) -> Worksheet:
        """The worksheet of a plan.

        Raises:
            NotFoundError: it is no plan.
        """
        if self.worksheet is None:
            raise NotFoundError("There is no plan in this session.")
        return self.worksheet

    def blank(self) -> dict[str, Any]:
        """An empty document of this activity."""
        return {"text": ""} if self.worksheet is None else blank_document(self.worksheet)


@dataclass(frozen=True, slots=True)
class WorkPage:
    """One piece of work for its author. ``version`` is 0 while nothing was saved.

    ``review`` is the latest released review, also of an earlier revision; ``lease_ends_at`` says until when a
    reviewer is reading. ``sources`` are the fields of other plans that it builds on, ``source_changes`` those that read
    differently by now, and ``row_uses`` the places in other plans that name rows of this one. ``brief`` is the
    principal's page, where the plan shows it.
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
    sources: tuple[PlanSource, ...] = ()
    source_changes: tuple[SourceChange, ...] = ()
    row_uses: Mapping[str, tuple[RowUse, ...]] = field(default_factory=dict)
    brief: tuple[BriefSection, ...] = ()

    @property
    def is_living(self) -> bool:
        """Whether it is accepted and some of its answers go on being written."""
        worksheet = self.target.worksheet
        return self.state is WorkState.ACCEPTED and worksheet is not None and bool(list_living_questions(worksheet))


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

    The first opening of a plan copies what it builds on from her other plans, with its revision and date.

    Raises:
        NotAllowedError: this visit has no work of its own.
        NotFoundError: there is no such activity.
    """
    target = find_target(series, module_key, activity_key)
    with store.reading() as session:
        submission = find_submission(session, visit, target, is_writing=False)
        page, has_new_reply = _describe(session, submission, target, now)
        page, has_new_copies = _add_sources(session, visit, series, page)
    if has_new_copies:
        page = repeat_on_collision(lambda: _store_copies(store, visit, series, target, page, now))
    if has_new_reply:
        with store.writing() as session:
            submission = find_submission(session, visit, target)
            if submission is not None:
                submission.reply_seen_at = now
    return page


def read_own_draft(
    store: Store, visit: Visit, series: Series, module_key: str, activity_key: str
) -> tuple[WorkTarget, Document]:
    """The activity and its stored draft, or an empty one: what a form is laid over when it is saved by itself.

    Raises:
        NotAllowedError, NotFoundError: as for opening it.
    """
    target = find_target(series, module_key, activity_key)
    with store.reading() as session:
        submission = find_submission(session, visit, target, is_writing=False)
        return target, target.blank() if submission is None else submission.draft


def copy_sources(session: Session, visit: Visit, series: Series, target: WorkTarget, document: Document) -> Document:
    """``document`` with a copy of everything its plan builds on that is written and was not copied yet."""
    if target.worksheet is None or not list_sources(target.worksheet):
        return document
    current = read_current(session, series, target, cohort_id=require_worker(visit), user_id=visit.user_id)
    return take_copies(target.worksheet, document, current)


def read_current(
    session: Session, series: Series, target: WorkTarget, *, cohort_id: int, user_id: int
) -> dict[str, Copy]:
    """What the sources of a plan hold now, by address."""
    if target.worksheet is None:
        return {}
    related = list_related(series, target.module)
    plans = read_own_plans(session, related, cohort_id=cohort_id, user_id=user_id)
    return read_sources(session, series, target.worksheet, plans)


def make_submission(visit: Visit, target: WorkTarget, document: Document, now: datetime) -> Submission:
    """A new row of work with nothing of hers in it yet."""
    return Submission(
        cohort_id=require_worker(visit),
        user_id=visit.user_id,
        module_key=target.module.key,
        activity_key=target.key,
        kind=target.kind,
        draft=document,
        draft_version=0,
        created_at=now,
    )


def _add_sources(session: Session, visit: Visit, series: Series, page: WorkPage) -> tuple[WorkPage, bool]:
    """The page with what its plan builds on, and whether something of it must be copied first."""
    worksheet = page.target.worksheet
    if worksheet is None:
        return page, False
    shows_brief = has_brief(worksheet)
    module = page.target.module
    needed = series.modules if shows_brief else list_related(series, module)
    plans = read_own_plans(session, needed, cohort_id=require_worker(visit), user_id=visit.user_id)
    page = replace(
        page,
        sources=describe_sources(series, worksheet),
        row_uses=find_uses(module.key, plans),
        brief=make_brief(plans) if shows_brief else (),
    )
    if not page.can_edit or not list_sources(worksheet):
        return page, False
    current = read_sources(session, series, worksheet, plans)
    document = take_copies(worksheet, page.document, current)
    changes = find_source_changes(worksheet, page.document, current)
    return replace(page, document=document, source_changes=changes), document is not page.document


def _store_copies(
    store: Store, visit: Visit, series: Series, target: WorkTarget, page: WorkPage, now: datetime
) -> WorkPage:
    """Keep the copies that ``page`` shows; her own words and their version stay as they are."""
    with store.writing() as session:
        submission = find_submission(session, visit, target)
        if submission is None:
            submission = make_submission(visit, target, target.blank(), now)
            session.add(submission)
            session.flush()
        if read_state(submission, now) in EDITABLE:
            submission.draft = copy_sources(session, visit, series, target, submission.draft)
        session.flush()
        return replace(page, document=submission.draft, version=submission.draft_version)


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
