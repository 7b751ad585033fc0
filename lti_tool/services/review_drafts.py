"""A reviewer's own draft: started, saved, given back, and opened again over a released review to correct it."""

from datetime import datetime

from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.reviewing import suggest_decision
from lti_tool.domain.submissions import REVIEWED, WAITING, Step, WorkState, take_step
from lti_tool.models import Review, Store
from lti_tool.services.errors import NotNowError
from lti_tool.services.review_access import (
    Case,
    describe_lease,
    drop_lease,
    find_case,
    find_draft,
    find_latest_revision,
    record_review_fact,
    settle_lease,
    take_lease,
)
from lti_tool.services.review_storage import clean_draft, find_refusal, find_standing_review, keep_draft, make_draft
from lti_tool.services.review_values import NOTHING_WRITTEN, ReviewDraftInput, SavedReview, read_content, weigh_ratings
from lti_tool.services.visits import Visit


def start_review(store: Store, visit: Visit, series: Series, submission_id: int, *, now: datetime) -> SavedReview:
    """Claim a plan before writing anything, or renew the claim.

    Raises:
        TakenBackError, AlreadyReviewedError, ReadByAnotherError: it cannot be claimed now.
    """
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id)
        refusal = find_refusal(session, case, None, visit, now)
        if refusal is not None:
            raise refusal
        _claim(session, case, visit, now)
        revision = find_latest_revision(session, case.submission)
        draft = None if revision is None else find_draft(session, revision.id, visit.user_id)
        return _describe_saved(session, case, draft, visit, now)


def save_review(
    store: Store,
    visit: Visit,
    series: Series,
    submission_id: int,
    *,
    revision_id: int,
    draft: ReviewDraftInput,
    version: int,
    now: datetime,
) -> SavedReview:
    """Keep what a reviewer has written; the first words or levels claim a plan, later ones renew the claim.

    Whatever has happened to the work meanwhile, the words are kept before it is said so.

    Raises:
        StaleReviewError: ``version`` is not the stored one; it carries the stored draft, and nothing was changed.
        RefusedReviewError: something is not part of this review or too long; nothing was changed.
        TakenBackError, NewerRevisionError, AlreadyReviewedError, ReadByAnotherError: kept, but it cannot go on now.
    """
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id)
        content = clean_draft(case, draft)
        refusal = find_refusal(session, case, revision_id, visit, now)
        stored = keep_draft(
            session, case, revision_id=revision_id, content=content, version=version, visit=visit, now=now
        )
        if refusal is None and stored is not None:
            _claim(session, case, visit, now)
        saved = _describe_saved(session, case, stored, visit, now)
    if refusal is not None:
        raise refusal
    return saved


def let_go(store: Store, visit: Visit, series: Series, submission_id: int, *, now: datetime) -> None:
    """End one's own claim; the draft stays. Letting go of what one does not hold changes nothing."""
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id)
        state = settle_lease(case.submission, now)
        if state is not WorkState.IN_REVIEW or case.submission.lease_owner_id != visit.user_id:
            return
        drop_lease(case.submission, take_step(state, Step.LET_GO))
        record_review_fact(session, case, visit, "let_go_of_review", now)


def begin_correction(store: Store, visit: Visit, series: Series, submission_id: int, *, now: datetime) -> SavedReview:
    """Open a draft over the released review, filled with what it says. A draft one already has keeps its words.

    Raises:
        NotNowError: there is no released review that still stands.
    """
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id)
        state = settle_lease(case.submission, now)
        released = find_standing_review(session, case.submission)
        if state not in REVIEWED or released is None:
            raise NotNowError(
                "Its author is working on this again, so the earlier review stands as it is. "
                "Your next review will take its place."
            )
        draft = find_draft(session, released.revision_id, visit.user_id)
        if draft is None:
            content = read_content(released)
            draft = make_draft(case, released.revision_id, content, visit, now)
            draft.decision = released.decision
            session.add(draft)
        if draft.supersedes_id != released.id:
            draft.supersedes_id = released.id
            record_review_fact(session, case, visit, "began_correction", now)
        session.flush()
        return _describe_saved(session, case, draft, visit, now)


def drop_correction(store: Store, visit: Visit, series: Series, submission_id: int, *, now: datetime) -> None:
    """Leave the released review as it is. A correction that says something else is put aside, not thrown away."""
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id)
        released = find_standing_review(session, case.submission)
        draft = None if released is None else find_draft(session, released.revision_id, visit.user_id)
        if released is None or draft is None or draft.supersedes_id is None:
            return
        if read_content(draft) == read_content(released):
            session.delete(draft)
        else:
            draft.supersedes_id = None
        record_review_fact(session, case, visit, "dropped_correction", now)


def _claim(session: Session, case: Case, visit: Visit, now: datetime) -> None:
    """Take or renew the lease of a plan that waits. Reflections have none, a correction needs none."""
    if not case.is_plan or WorkState(case.submission.state) not in WAITING:
        return
    if take_lease(case.submission, visit.user_id, now):
        record_review_fact(session, case, visit, "started_review", now)


def _describe_saved(session: Session, case: Case, draft: Review | None, visit: Visit, now: datetime) -> SavedReview:
    content = NOTHING_WRITTEN if draft is None else read_content(draft)
    worksheet = case.module.worksheet if case.is_plan else None
    return SavedReview(
        version=0 if draft is None else draft.version,
        at=None if draft is None else draft.saved_at,
        lease=describe_lease(session, case.submission, now, user_id=visit.user_id),
        points=weigh_ratings(worksheet, content.ratings, case.points),
        rated=len(content.ratings),
        criteria_total=len(worksheet.rubric) if worksheet else 0,
        suggestion=suggest_decision(content.ratings, len(worksheet.rubric)) if worksheet else None,
    )
