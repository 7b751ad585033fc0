"""Submitting, taking back and opening again: the author's steps, each with its revision, score and audit fact."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.answer_gaps import find_gaps
from lti_tool.domain.answer_values import count_words
from lti_tool.domain.submissions import EDITABLE, Step, WorkState, can_take_step, take_step
from lti_tool.models import Revision, Store, Submission
from lti_tool.services.audit import record_fact
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.drafts import DraftInput, store_draft
from lti_tool.services.errors import IncompleteError, NotNowError, OutsideRangeError, ToolError
from lti_tool.services.modules import read_state
from lti_tool.services.score_facts import is_in_word_range
from lti_tool.services.scores import Settled, settle_score
from lti_tool.services.visits import Visit
from lti_tool.services.work import WorkTarget, find_submission, find_target


@dataclass(frozen=True, slots=True)
class Submitted:
    """A revision that now waits (a plan) or is done (a reflection)."""

    number: int
    at: datetime
    settled: Settled


def submit_work(
    store: Store,
    visit: Visit,
    series: Series,
    module_key: str,
    activity_key: str,
    *,
    draft: DraftInput,
    accepts_range: bool = False,
    now: datetime,
) -> Submitted:
    """Save the draft and submit it as a new, immutable revision. Submitting the same again changes nothing.

    ``accepts_range`` submits a reflection although it is outside its word range.

    Raises:
        IncompleteError: the draft is saved; the gaps say what is missing.
        OutsideRangeError: the reflection is saved; it may be submitted as it is.
        StaleError, NotNowError, NotAllowedError, NotFoundError, RefusedDocumentError: as for saving.
    """
    target = find_target(series, module_key, activity_key)

    def submit() -> Submitted | ToolError:
        with store.writing() as session:
            submission = store_draft(session, visit, series, target, draft, now)
            problem = _find_problem(target, submission, accepts_range=accepts_range)
            return problem or _make_revision(session, visit, series, target, submission, now)

    # Two clicks on a page that was never saved may arrive at the same moment.
    done = repeat_on_collision(submit)
    if isinstance(done, ToolError):
        raise done
    return done


def take_back_work(
    store: Store, visit: Visit, series: Series, module_key: str, activity_key: str, *, now: datetime
) -> None:
    """Take submitted work back to go on writing, as long as no reviewer is reading it.

    Raises:
        NotNowError: it is not submitted, or somebody is reading it.
    """
    target = find_target(series, module_key, activity_key)
    with store.writing() as session:
        submission = find_submission(session, visit, target)
        state = WorkState.DRAFT if submission is None else read_state(submission, now)
        if submission is None or not can_take_step(state, Step.TAKE_BACK):
            raise NotNowError(
                "Your facilitator is reading this now, so it cannot be taken back. You will see the reply here."
                if state is WorkState.IN_REVIEW
                else "This is not submitted, so there is nothing to take back."
            )
        submission.state = take_step(state, Step.TAKE_BACK)
        submission.lease_owner_id = None
        submission.lease_expires_at = None
        _record(session, visit, submission, "took_back", now)


def reopen_work(
    store: Store, visit: Visit, series: Series, module_key: str, activity_key: str, *, now: datetime
) -> None:
    """Open accepted work again to revise it. The accepted revision goes on counting until a newer one is accepted.

    Raises:
        NotNowError: it is not accepted.
    """
    target = find_target(series, module_key, activity_key)
    with store.writing() as session:
        submission = find_submission(session, visit, target)
        if submission is None or not can_take_step(WorkState(submission.state), Step.REOPEN):
            raise NotNowError("Only accepted work can be opened again.")
        submission.state = take_step(WorkState(submission.state), Step.REOPEN)
        submission.current_review_id = None
        _record(session, visit, submission, "reopened", now)


def _find_problem(target: WorkTarget, submission: Submission, *, accepts_range: bool) -> ToolError | None:
    if target.worksheet is not None:
        gaps = find_gaps(target.worksheet, submission.draft)
        return IncompleteError(gaps, submission.draft_version) if gaps else None
    reflection = target.reflection
    words = count_words(submission.draft.get("text", ""))
    if reflection is None or is_in_word_range(words, reflection.min_words, reflection.max_words):
        return None
    if words == 0:
        return NotNowError("There is nothing to submit yet: your reflection is empty.")
    if accepts_range and not submission.is_private:
        return None
    return OutsideRangeError(words, reflection.min_words, reflection.max_words, submission.draft_version)


def _make_revision(
    session: Session, visit: Visit, series: Series, target: WorkTarget, submission: Submission, now: datetime
) -> Submitted:
    state = read_state(submission, now)
    if state not in EDITABLE:
        # A double click: what it wanted is done already.
        at = submission.submitted_at or now
        return Submitted(submission.revision_count, at, _settle(session, series, submission, now))
    submission.state = take_step(state, Step.SUBMIT)
    submission.current_review_id = None
    submission.revision_count += 1
    submission.submitted_at = now
    session.add(
        Revision(
            submission_id=submission.id,
            number=submission.revision_count,
            document=submission.draft,
            is_private=submission.is_private,
            words=_count_document_words(target, submission.draft),
            submitted_at=now,
        )
    )
    session.flush()
    _record(session, visit, submission, "submitted", now)
    return Submitted(submission.revision_count, now, _settle(session, series, submission, now))


def _settle(session: Session, series: Series, submission: Submission, now: datetime) -> Settled:
    return settle_score(
        session,
        series=series,
        cohort_id=submission.cohort_id,
        user_id=submission.user_id,
        module_key=submission.module_key,
        now=now,
    )


def _count_document_words(target: WorkTarget, document: dict[str, Any]) -> int:
    return count_words(str(document.get("text", ""))) if target.worksheet is None else 0


def _record(session: Session, visit: Visit, submission: Submission, verb: str, now: datetime) -> None:
    record_fact(
        session,
        now=now,
        verb=verb,
        actor_id=visit.user_id,
        subject_id=submission.user_id,
        context_id=visit.context_id,
        object_kind="submission",
        object_id=submission.id,
        revision=submission.revision_count,
    )
