"""Opening one person's work in one module for a reviewer: reading claims nothing, and she can see that it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series, Worksheet
from lti_tool.domain.answers import Document
from lti_tool.domain.reviewing import find_current_state, suggest_decision
from lti_tool.domain.scoring import compute_score, find_holdings
from lti_tool.domain.submissions import EDITABLE, REVIEWED, WAITING, ReviewStatus, WorkState
from lti_tool.models import AuditFact, Review, Revision, Store, Submission
from lti_tool.services.audit import record_fact
from lti_tool.services.errors import NotFoundError
from lti_tool.services.review_access import (
    Case,
    describe_lease,
    find_case,
    find_draft,
    find_latest_revision,
    find_next_waiting,
)
from lti_tool.services.review_answers import describe_parts
from lti_tool.services.review_reflections import describe_reflection, find_released
from lti_tool.services.review_storage import describe_draft, restore_rubric
from lti_tool.services.review_values import (
    NOTHING_WRITTEN,
    Lease,
    ReleasedReview,
    ReviewDraft,
    weigh_ratings,
)
from lti_tool.services.review_views import ReflectionView, ReviewPage, ScoreOutlook, Standpoint
from lti_tool.services.score_facts import PLAN_KEY, gather_facts
from lti_tool.services.score_lines import ScoreLine, describe_score
from lti_tool.services.visits import Visit

SAME_OPENING = timedelta(hours=1)
NO_DRAFT = ReviewDraft(content=NOTHING_WRITTEN, version=0, saved_at=None)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What of a plan this reviewer may read now, and what she can do with it."""

    standpoint: Standpoint
    state: WorkState
    revision: Revision | None
    draft: ReviewDraft
    lease: Lease | None


def open_review(store: Store, visit: Visit, series: Series, submission_id: int, *, now: datetime) -> ReviewPage:
    """One person's work in the module of this submission: her plan with her reflections beside it.

    Opening is an audit fact, at most one for each reviewer, revision and hour; it claims nothing.

    Raises:
        NotAllowedError: the visitor does not review here.
        NotFoundError: there is no such submission in this cohort.
        OwnWorkError: it is the visitor's own.
    """
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id, is_writing=False)
        worksheet = case.module.worksheet
        if worksheet is None:
            raise NotFoundError
        work = _find_work(session, case.submission)
        plan = work.get(PLAN_KEY)
        reading = _read_plan(session, plan, visit, now)
        reflections = tuple(
            describe_reflection(session, reflection, work.get(reflection.key), visit, now)
            for reflection in case.module.reflections
        )
        _note_opening(session, case, visit, reading.revision, reflections, now)
        return _describe_page(session, case, worksheet, plan, reading, reflections, visit=visit, now=now)


def _find_work(session: Session, submission: Submission) -> Mapping[str, Submission]:
    rows = session.scalars(
        select(Submission).where(
            Submission.cohort_id == submission.cohort_id,
            Submission.user_id == submission.user_id,
            Submission.module_key == submission.module_key,
        )
    )
    return {row.activity_key: row for row in rows}


def _read_plan(session: Session, plan: Submission | None, visit: Visit, now: datetime) -> _Reading:
    if plan is None:
        return _Reading(Standpoint.NOT_SUBMITTED, WorkState.DRAFT, None, NO_DRAFT, None)
    state = find_current_state(WorkState(plan.state), plan.lease_expires_at, now)
    if state in WAITING or state in REVIEWED:
        revision = find_latest_revision(session, plan)
    else:
        revision = _find_reviewed_revision(session, plan)
    own = None if revision is None else find_draft(session, revision.id, visit.user_id)
    lease = describe_lease(session, plan, now, user_id=visit.user_id)
    if state in REVIEWED:
        is_correcting = own is not None and own.supersedes_id == plan.current_review_id
        standpoint = Standpoint.CORRECTING if is_correcting else Standpoint.REVIEWED
    elif state in WAITING:
        is_held = lease is not None and not lease.is_mine
        standpoint = Standpoint.HELD_BY_ANOTHER if is_held else Standpoint.CAN_REVIEW
    elif revision is not None:
        standpoint = Standpoint.BEING_REVISED
    else:
        standpoint = Standpoint.TAKEN_BACK if plan.revision_count else Standpoint.NOT_SUBMITTED
    draft = describe_draft(own) if own is not None else _find_carried_draft(session, plan, visit)
    return _Reading(standpoint, state, revision, draft, lease)


def _find_reviewed_revision(session: Session, plan: Submission) -> Revision | None:
    """The newest revision that was reviewed: what a reviewer has read already is no draft."""
    return session.scalar(
        select(Revision)
        .join(Review, Review.revision_id == Revision.id)
        .where(Revision.submission_id == plan.id, Review.status == ReviewStatus.RELEASED)
        .order_by(Revision.number.desc())
        .limit(1)
    )


def _find_carried_draft(session: Session, plan: Submission, visit: Visit) -> ReviewDraft:
    """What this reviewer wrote on an earlier revision and never released, to be offered again on the newer one."""
    last_release = (
        select(Review.released_at)
        .where(Review.submission_id == plan.id, Review.status != ReviewStatus.DRAFT)
        .order_by(Review.released_at.desc())
        .limit(1)
    )
    released_at = session.scalar(last_release)
    row = session.execute(
        select(Review, Revision.number)
        .join(Revision, Revision.id == Review.revision_id)
        .where(
            Review.submission_id == plan.id,
            Review.reviewer_id == visit.user_id,
            Review.status == ReviewStatus.DRAFT,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()
    if row is None or (released_at is not None and row[0].saved_at <= released_at):
        return NO_DRAFT
    return replace(describe_draft(row[0]), version=0, is_correction=False, carried_from=row[1])


def _find_previous(session: Session, revision: Revision) -> tuple[Revision, ReleasedReview] | None:
    """The newest earlier revision that was reviewed, with its review: what this reviewer asked for last time."""
    earlier = session.scalar(
        select(Revision)
        .join(Review, Review.revision_id == Revision.id)
        .where(
            Revision.submission_id == revision.submission_id,
            Revision.number < revision.number,
            Review.status == ReviewStatus.RELEASED,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    )
    review = None if earlier is None else find_released(session, earlier)
    return None if earlier is None or review is None else (earlier, review)


def _describe_page(
    session: Session,
    case: Case,
    worksheet: Worksheet,
    plan: Submission | None,
    reading: _Reading,
    reflections: tuple[ReflectionView, ...],
    *,
    visit: Visit,
    now: datetime,
) -> ReviewPage:
    revision = reading.revision
    released = None if revision is None else find_released(session, revision)
    previous = None if revision is None else _find_previous(session, revision)
    can_write = reading.standpoint in {Standpoint.CAN_REVIEW, Standpoint.CORRECTING}
    levels = reading.draft.content.ratings if can_write or released is None else released.content.ratings
    if released is not None and not can_write:
        worksheet = restore_rubric(worksheet, released.rubric)
    score = describe_score(
        session, module=case.module, cohort_id=case.submission.cohort_id, user_id=case.submission.user_id
    )
    return ReviewPage(
        submission_id=case.submission.id if plan is None else plan.id,
        person_label=case.person_label,
        is_practice=case.is_practice,
        module=case.module,
        worksheet=worksheet,
        standpoint=reading.standpoint,
        state=reading.state,
        draft_saved_at=None if plan is None else plan.draft_saved_at,
        revision_id=None if revision is None else revision.id,
        revision_number=0 if revision is None else revision.number,
        submitted_at=None if revision is None else revision.submitted_at,
        compared_with=None if previous is None else previous[0].number,
        parts=()
        if plan is None or revision is None
        else describe_parts(
            worksheet,
            _hide_again(plan, reading.state, revision),
            None if previous is None else previous[0].document,
        ),
        previous=None if previous is None else previous[1],
        released=released,
        draft=reading.draft,
        lease=reading.lease,
        points=weigh_ratings(worksheet, levels, case.points),
        suggestion=suggest_decision(levels, len(worksheet.rubric)),
        outlook=_look_ahead(session, case, levels, score) if can_write else None,
        score=score,
        reflections=reflections,
        next_waiting_id=find_next_waiting(session, visit, now, after_id=None if plan is None else plan.id),
    )


def _hide_again(plan: Submission, state: WorkState, revision: Revision) -> Document:
    """What was submitted, without the private fields that its author has hidden in her draft since."""
    if state not in EDITABLE:
        return revision.document
    still = plan.draft.get("shown", ())
    return {**revision.document, "shown": [path for path in revision.document.get("shown", ()) if path in still]}


def _look_ahead(
    session: Session, case: Case, levels: Mapping[str, int], score: ScoreLine | None
) -> ScoreOutlook | None:
    if score is None:
        return None
    facts = gather_facts(
        session, module=case.module, cohort_id=case.submission.cohort_id, user_id=case.submission.user_id
    )
    accepted = replace(facts, plan_is_accepted=True, plan_was_submitted=True, ratings=levels)
    computed = compute_score(score.policy, accepted, case.points)
    return ScoreOutlook(
        policy=score.policy,
        holdings=find_holdings(score.policy, accepted),
        score=None if computed is None else computed.points,
        has_column=score.has_column,
        is_practice=case.is_practice,
    )


def _note_opening(
    session: Session,
    case: Case,
    visit: Visit,
    revision: Revision | None,
    reflections: tuple[ReflectionView, ...],
    now: datetime,
) -> None:
    """Write down who read what, once an hour. Where no words were shown, nothing was read."""
    reflection_id = max((view.revision_id or 0 for view in reflections if view.text is not None), default=0)
    verb = "opened_reflections" if revision is None else "opened_plan"
    revision_id = reflection_id if revision is None else revision.id
    if not revision_id:
        return
    already = session.scalar(
        select(AuditFact.id)
        .where(
            AuditFact.context_id == visit.context_id,
            AuditFact.at > now - SAME_OPENING,
            AuditFact.verb == verb,
            AuditFact.actor_id == visit.user_id,
            AuditFact.object_kind == "revision",
            AuditFact.object_id == str(revision_id),
        )
        .limit(1)
    )
    if already is None:
        record_fact(
            session,
            now=now,
            verb=verb,
            actor_id=visit.user_id,
            subject_id=case.submission.user_id,
            context_id=visit.context_id,
            object_kind="revision",
            object_id=revision_id,
            module=case.module.key,
        )
