"""Releasing a review: the one moment at which its author sees it, her work moves and her score is settled."""

from datetime import datetime

from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.returning import tell_return
from lti_tool.domain.reviewing import find_plan_gaps, find_reflection_gaps
from lti_tool.domain.submissions import WAITING, Decision, ReviewStatus, Step, WorkState, take_step
from lti_tool.models import Review, Store
from lti_tool.services.return_notes import drop_notes_of, write_return_notes
from lti_tool.services.review_access import (
    Case,
    drop_lease,
    find_case,
    find_draft,
    find_next_waiting,
    may_send_back,
    record_review_fact,
)
from lti_tool.services.review_storage import describe_draft, find_refusal, find_standing_review, make_draft
from lti_tool.services.review_values import (
    NOTHING_WRITTEN,
    Released,
    ReviewDraft,
    ReviewDraftInput,
    SentBackBeforeError,
    StaleReviewError,
    UnfinishedReviewError,
    read_content,
)
from lti_tool.services.scores import settle_score
from lti_tool.services.visits import Visit

_STEPS = {Decision.ACCEPT: Step.ACCEPT, Decision.RETURN: Step.RETURN}


def release_review(
    store: Store,
    visit: Visit,
    series: Series,
    submission_id: int,
    *,
    revision_id: int,
    decision: Decision | None,
    version: int,
    now: datetime,
) -> Released:
    """Release the stored draft: accept or return a plan, or answer a reflection; a correction supersedes.

    Accepting a plan needs no draft at all. ``version`` is the draft that was read once more before.

    Raises:
        UnfinishedReviewError: something is missing; the draft stays as it is.
        StaleReviewError: the draft was saved elsewhere since it was read.
        TakenBackError, NewerRevisionError, AlreadyReviewedError, ReadByAnotherError: it cannot be released now.
        SentBackBeforeError: a reflection returns once only.
    """
    with store.writing() as session:
        case = find_case(session, visit, series, submission_id)
        refusal = find_refusal(session, case, revision_id, visit, now)
        if refusal is not None:
            raise refusal
        draft = find_draft(session, revision_id, visit.user_id)
        stored_version = 0 if draft is None else draft.version
        if stored_version != version:
            raise StaleReviewError(ReviewDraft(NOTHING_WRITTEN, 0, None) if draft is None else describe_draft(draft))
        content = NOTHING_WRITTEN if draft is None else read_content(draft)
        chosen = _require_release(case, visit, decision, content)
        if draft is None:
            draft = make_draft(case, revision_id, content, visit, now)
            session.add(draft)
        is_correction = _supersede(session, case, draft)
        _release(session, case, draft, chosen, now)
        if is_correction and draft.supersedes_id is not None:
            drop_notes_of(session, draft.supersedes_id, now)
        settled = settle_score(
            session,
            series=series,
            cohort_id=case.submission.cohort_id,
            user_id=case.submission.user_id,
            module_key=case.module.key,
            now=now,
            comment=(content.overall or None) if case.is_plan and chosen is Decision.ACCEPT else None,
        )
        if chosen is Decision.RETURN and case.is_plan and case.module.worksheet is not None:
            sentence = tell_return(case.module.worksheet.title, len(content.named_fields))
            write_return_notes(session, case.submission, draft, sentence, now)
        record_review_fact(
            session,
            case,
            visit,
            "corrected_review" if is_correction else "released_review",
            now,
            decision=chosen.value,
            review=draft.id,
        )
        return Released(
            decision=chosen,
            completes=settled.completes,
            holdings=settled.holdings,
            score=settled.score,
            has_column=settled.has_column,
            is_practice=settled.is_practice,
            is_correction=is_correction,
            next_waiting_id=find_next_waiting(session, visit, now, after_id=submission_id),
        )


def _require_release(case: Case, visit: Visit, decision: Decision | None, content: ReviewDraftInput) -> Decision:
    """The decision, once nothing is missing."""
    if case.is_plan:
        gaps = find_plan_gaps(
            decision,
            visit.policy,
            ratings=content.ratings,
            criteria_total=len(case.module.worksheet.rubric) if case.module.worksheet else 0,
            named_fields=content.named_fields,
            overall=content.overall,
        )
    else:
        gaps = find_reflection_gaps(decision, content.overall)
    if gaps or decision is None:
        raise UnfinishedReviewError(gaps)
    is_return = decision is Decision.RETURN
    if is_return and not may_send_back(case.submission):
        raise SentBackBeforeError
    return decision


def _supersede(session: Session, case: Case, draft: Review) -> bool:
    """Put the standing review aside if ``draft`` corrects it; whether it does."""
    standing = find_standing_review(session, case.submission)
    if standing is None:
        # What was carried over from before must not pose as a correction.
        draft.supersedes_id = None
        return False
    standing.status = ReviewStatus.SUPERSEDED
    draft.supersedes_id = standing.id
    # Two released reviews of one revision may not stand side by side, not even between two statements.
    session.flush()
    return True


def _release(session: Session, case: Case, draft: Review, decision: Decision, now: datetime) -> None:
    draft.status = ReviewStatus.RELEASED
    draft.decision = decision
    draft.released_at = now
    draft.saved_at = now
    session.flush()
    submission = case.submission
    before = WorkState(submission.state)
    state = take_step(before, Step.START_REVIEW) if before in WAITING else before
    drop_lease(submission, take_step(state, _STEPS[decision]))
    submission.current_review_id = draft.id
    submission.reply_seen_at = None
    submission.times_returned += (decision is Decision.RETURN) - (before is WorkState.RETURNED)
    session.flush()
