"""The queue: whose plan waits, who is still writing, and what was reviewed lately. No word of anybody's work."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from lti_tool.content.schema import Module, Series
from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.reviewing import find_current_state
from lti_tool.domain.submissions import REVIEWED, WAITING, ActivityKind, Decision, ReviewStatus, WorkState
from lti_tool.models import Enrolment, LineItem, Review, Revision, ScoreDelivery, Store, Submission, User
from lti_tool.services.returned_plans import ReturnedPlan, read_unopened_returns
from lti_tool.services.review_access import label_person, label_reviewer, require_staff
from lti_tool.services.review_values import Lease
from lti_tool.services.score_facts import HANDED_IN
from lti_tool.services.scores import is_withheld
from lti_tool.services.visits import Visit

MOST_RECENT = 20


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One person's work in one module. ``submission_id`` opens it: the plan, or a reflection while there is none.

    ``saved_at`` is when her draft was last saved; ``own_draft_saved_at`` when this reviewer last wrote about it.
    """

    submission_id: int
    person_label: str
    is_practice: bool
    is_own_work: bool
    module_key: str
    module_title: str
    state: WorkState
    submitted_at: datetime | None
    waiting: timedelta | None
    saved_at: datetime | None
    revision_number: int
    is_resubmission: bool
    lease: Lease | None
    own_draft_saved_at: datetime | None
    reflections_done: int
    reflections_total: int
    decision: Decision | None
    released_at: datetime | None
    released_by: str | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Everything the queue page shows. ``delivery_problems`` counts scores that need a person.

    ``returned`` are plans that were sent back and not opened by their authors since.
    """

    waiting: tuple[QueueEntry, ...]
    working: tuple[QueueEntry, ...]
    recent: tuple[QueueEntry, ...]
    delivery_problems: int
    returned: tuple[ReturnedPlan, ...] = ()


def list_queue(store: Store, visit: Visit, series: Series, *, now: datetime) -> Queue:
    """The queue of this cohort: plans that wait, oldest first; drafts, latest first; reviews, latest first.

    Raises:
        NotAllowedError: the visitor does not review here.
    """
    cohort_id = require_staff(visit)
    with store.reading() as session:
        entries = _list_entries(session, visit, series, cohort_id, now)
        problems = _count_delivery_problems(session, visit)
        returned = read_unopened_returns(session, visit, series)
    waiting = [entry for entry in entries if entry.state in WAITING]
    working = [entry for entry in entries if entry.state not in WAITING and entry.state is not WorkState.ACCEPTED]
    recent = [entry for entry in entries if entry.state in REVIEWED and entry.released_at is not None]
    return Queue(
        waiting=tuple(sorted(waiting, key=lambda entry: (entry.submitted_at or now, entry.submission_id))),
        working=tuple(sorted(working, key=lambda entry: entry.saved_at or _LONG_AGO, reverse=True)),
        recent=tuple(sorted(recent, key=lambda entry: entry.released_at or _LONG_AGO, reverse=True)[:MOST_RECENT]),
        delivery_problems=problems,
        returned=returned,
    )


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _list_entries(session: Session, visit: Visit, series: Series, cohort_id: int, now: datetime) -> list[QueueEntry]:
    modules = {module.key: module for module in series.modules}
    own_drafts = _find_own_drafts(session, visit.user_id, cohort_id)
    reviewed_before = _find_reviewed(session, cohort_id)
    rows = _select_work(session, cohort_id)
    entries = []
    for (_, module_key), group in groupby(rows, key=lambda row: (row.user_id, row.module_key)):
        work = list(group)
        # A plan stands for the whole module; its reflections stand in while there is none.
        main = next((row for row in work if row.kind == ActivityKind.WORKSHEET), work[0])
        if module_key in modules:
            entries.append(
                _describe_entry(
                    main,
                    work,
                    module=modules[module_key],
                    visit=visit,
                    own_draft_saved_at=own_drafts.get(main.id),
                    was_reviewed=main.id in reviewed_before,
                    now=now,
                )
            )
    return entries


def _select_work(session: Session, cohort_id: int) -> Iterable[Row[Any]]:
    """What the queue needs of every piece of work, and nothing of its text."""
    owner, reviewer = aliased(User), aliased(User)
    return session.execute(
        select(
            Submission.id,
            Submission.user_id,
            Submission.module_key,
            Submission.kind,
            Submission.state,
            Submission.submitted_at,
            Submission.draft_saved_at,
            Submission.revision_count,
            Submission.lease_owner_id,
            Submission.lease_expires_at,
            Enrolment.is_practice,
            User.name,
            owner.name.label("owner_name"),
            Review.decision,
            Review.released_at,
            reviewer.name.label("reviewer_name"),
        )
        .join(User, User.id == Submission.user_id)
        .join(Enrolment, and_(Enrolment.cohort_id == Submission.cohort_id, Enrolment.user_id == Submission.user_id))
        .outerjoin(owner, owner.id == Submission.lease_owner_id)
        .outerjoin(Review, Review.id == Submission.current_review_id)
        .outerjoin(reviewer, reviewer.id == Review.reviewer_id)
        # A plan that was only opened (to copy what it builds on) holds no word of hers yet.
        .where(Submission.cohort_id == cohort_id, Submission.draft_version > 0)
        .order_by(Submission.user_id, Submission.module_key, Submission.id)
    )


def _describe_entry(
    main: Row[Any],
    work: list[Row[Any]],
    *,
    module: Module,
    visit: Visit,
    own_draft_saved_at: datetime | None,
    was_reviewed: bool,
    now: datetime,
) -> QueueEntry:
    is_plan = main.kind == ActivityKind.WORKSHEET
    state = find_current_state(WorkState(main.state), main.lease_expires_at, now) if is_plan else WorkState.DRAFT
    is_waiting = state in WAITING
    lease = None
    if state is WorkState.IN_REVIEW and main.lease_expires_at is not None:
        lease = Lease(label_reviewer(main.owner_name), main.lease_owner_id == visit.user_id, main.lease_expires_at)
    is_reviewed = is_plan and main.released_at is not None
    return QueueEntry(
        submission_id=main.id,
        person_label=label_person(main.name, main.user_id),
        is_practice=main.is_practice,
        is_own_work=main.user_id == visit.user_id,
        module_key=module.key,
        module_title=module.title,
        state=state,
        submitted_at=main.submitted_at if is_waiting else None,
        waiting=now - main.submitted_at if is_waiting and main.submitted_at else None,
        saved_at=max((row.draft_saved_at for row in work if row.draft_saved_at), default=None),
        revision_number=main.revision_count,
        is_resubmission=is_waiting and was_reviewed,
        lease=lease,
        own_draft_saved_at=own_draft_saved_at,
        reflections_done=sum(row.kind == ActivityKind.REFLECTION and row.state in HANDED_IN for row in work),
        reflections_total=len(module.reflections),
        decision=Decision(main.decision) if is_reviewed else None,
        released_at=main.released_at if is_reviewed else None,
        released_by=label_reviewer(main.reviewer_name) if is_reviewed else None,
    )


def _find_own_drafts(session: Session, user_id: int, cohort_id: int) -> dict[int, datetime]:
    """When this reviewer last saved a draft about the newest revision of each piece of work."""
    rows = session.execute(
        select(Review.submission_id, Review.saved_at)
        .join(Submission, Submission.id == Review.submission_id)
        .join(Revision, Revision.id == Review.revision_id)
        .where(
            Submission.cohort_id == cohort_id,
            Review.reviewer_id == user_id,
            Review.status == ReviewStatus.DRAFT,
            Revision.number == Submission.revision_count,
        )
    )
    return {row.submission_id: row.saved_at for row in rows}


def _find_reviewed(session: Session, cohort_id: int) -> frozenset[int]:
    """The pieces of work that ever got a released review."""
    return frozenset(
        session.scalars(
            select(Review.submission_id)
            .join(Submission, Submission.id == Review.submission_id)
            .where(Submission.cohort_id == cohort_id, Review.status != ReviewStatus.DRAFT)
            .distinct()
        )
    )


def _count_delivery_problems(session: Session, visit: Visit) -> int:
    """Scores that need a person, as the page of scores lists them: a deleted column counts while there is no other."""
    other, column = aliased(ScoreDelivery), aliased(LineItem)
    has_another_column = exists().where(
        other.earned_score_id == ScoreDelivery.earned_score_id,
        other.line_item_id == column.id,
        column.is_gone.is_(False),
    )
    count = session.scalar(
        select(func.count())
        .select_from(ScoreDelivery)
        .join(LineItem, LineItem.id == ScoreDelivery.line_item_id)
        .where(
            LineItem.context_id == visit.context_id,
            ScoreDelivery.state == DeliveryState.NEEDS_YOU,
            ~is_withheld(),
            or_(LineItem.is_gone.is_(False), ~has_another_column),
        )
    )
    return count or 0
