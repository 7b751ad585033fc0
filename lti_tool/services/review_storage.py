"""How a reviewer's draft is kept: what may be in it, which version is stored, and whether it can go on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Criterion, Level, Module, Worksheet
from lti_tool.domain.answers import clean_text
from lti_tool.domain.reviewing import LONGEST_COMMENT, LONGEST_OVERALL
from lti_tool.domain.submissions import REVIEWED, WAITING, Decision, ReviewStatus
from lti_tool.models import Review, Revision, Submission
from lti_tool.services.errors import NotFoundError, NotNowError
from lti_tool.services.review_access import (
    Case,
    describe_lease,
    find_draft,
    find_latest_revision,
    is_held_by_another,
    settle_lease,
)
from lti_tool.services.review_answers import find_nameable_fields
from lti_tool.services.review_values import (
    AlreadyReviewedError,
    KeptPrivateError,
    NewerRevisionError,
    ReadByAnotherError,
    RefusedReviewError,
    ReviewDraft,
    ReviewDraftInput,
    StaleReviewError,
    TakenBackError,
    read_content,
)
from lti_tool.services.visits import Visit


def find_standing_review(session: Session, submission: Submission) -> Review | None:
    """The released review that made this work returned or accepted."""
    return None if submission.current_review_id is None else session.get(Review, submission.current_review_id)


def find_refusal(
    session: Session, case: Case, revision_id: int | None, visit: Visit, now: datetime
) -> NotNowError | None:
    """Why this reviewer cannot go on with this revision now (None: the newest), or None when she can.

    Raises:
        KeptPrivateError: it is a private reflection.
    """
    submission = case.submission
    state = settle_lease(submission, now)
    latest = find_latest_revision(session, submission)
    if latest is not None and latest.is_private and not case.is_plan:
        raise KeptPrivateError
    is_latest = latest is not None and revision_id in {None, latest.id}
    if state in REVIEWED and is_latest:
        released = find_standing_review(session, submission)
        own = None if latest is None else find_draft(session, latest.id, visit.user_id)
        is_correcting = released is not None and own is not None and own.supersedes_id == released.id
        if is_correcting or released is None:
            return None
        return AlreadyReviewedError(is_mine=released.reviewer_id == visit.user_id)
    if state not in WAITING:
        return TakenBackError()
    if not is_latest:
        return NewerRevisionError()
    lease = describe_lease(session, submission, now, user_id=visit.user_id)
    if lease is not None and is_held_by_another(submission, state, visit.user_id):
        return ReadByAnotherError(lease)
    return None


def keep_draft(
    session: Session,
    case: Case,
    *,
    revision_id: int,
    content: ReviewDraftInput,
    version: int,
    visit: Visit,
    now: datetime,
) -> Review | None:
    """Store the draft of this reviewer on this revision; None when nothing was written yet.

    Where the page never offered to ask for a change (a private field, an extra left out), the tick is dropped.
    Sending the same words again is no conflict: the first answer may have been lost on its way.

    Raises:
        StaleReviewError: ``version`` is not the stored one and the words differ.
    """
    revision = session.scalar(
        select(Revision).where(Revision.id == revision_id, Revision.submission_id == case.submission.id)
    )
    if revision is None:
        raise NotFoundError
    content = _drop_unnameable(case, content, revision)
    draft = find_draft(session, revision.id, visit.user_id)
    if draft is None:
        if content.is_empty:
            return None
        draft = make_draft(case, revision.id, content, visit, now)
        session.add(draft)
    elif read_content(draft) == content:
        draft.saved_at = now
    elif draft.version != version:
        raise StaleReviewError(describe_draft(draft))
    else:
        _write(draft, case.module, content, now)
        draft.version += 1
    session.flush()
    return draft


def describe_draft(draft: Review) -> ReviewDraft:
    """A stored draft as a value."""
    return ReviewDraft(
        content=read_content(draft),
        version=draft.version,
        saved_at=draft.saved_at,
        decision=None if draft.decision is None else Decision(draft.decision),
        is_correction=draft.supersedes_id is not None,
    )


def clean_draft(case: Case, draft: ReviewDraftInput) -> ReviewDraftInput:
    """The draft as it is stored: known criteria and fields only, plain line ends, nothing empty.

    Raises:
        RefusedReviewError: a criterion, level or field is not part of this work, or a text is too long to keep.
    """
    worksheet = case.module.worksheet if case.is_plan else None
    criteria = {criterion.key for criterion in worksheet.rubric} if worksheet else set()
    fields = {field.key for part in worksheet.parts for field in part.fields} if worksheet else set()
    if not (criteria >= set(draft.ratings) and set(draft.ratings.values()) <= {1, 2, 3, 4}):
        raise RefusedReviewError("A level was chosen for something this rubric does not have. Please choose it again.")
    if not (fields >= set(draft.comments) and fields >= set(draft.named_fields)):
        raise RefusedReviewError("A comment belongs to a question this plan does not have. Copy it before you go on.")
    comments = {key: text for key, text in ((key, _clean(text)) for key, text in draft.comments.items()) if text}
    if any(len(text) > LONGEST_COMMENT for text in comments.values()):
        raise RefusedReviewError(f"A comment is longer than {LONGEST_COMMENT:,} characters. Shorten it to save it.")
    overall = _clean(draft.overall)
    if len(overall) > LONGEST_OVERALL:
        raise RefusedReviewError(
            f"Your overall comment is longer than {LONGEST_OVERALL:,} characters. Shorten it to save it."
        )
    named = tuple(sorted(set(draft.named_fields)))
    return replace(draft, ratings=dict(draft.ratings), comments=comments, named_fields=named, overall=overall)


def snapshot_rubric(module: Module) -> dict[str, Any]:
    """The rubric as a review was made with it, for when the series changes later."""
    if module.worksheet is None:
        return {}
    return {
        "criteria": [
            {
                "key": criterion.key,
                "title": criterion.title,
                "levels": {str(level.number): level.text for level in criterion.levels},
            }
            for criterion in module.worksheet.rubric
        ]
    }


def restore_rubric(worksheet: Worksheet, stored: Mapping[str, Any]) -> Worksheet:
    """``worksheet`` with the rubric that a review was made with; a criterion that is gone looks at nothing any more."""
    fields = {criterion.key: criterion.fields for criterion in worksheet.rubric}
    rubric = tuple(
        Criterion(
            key=item["key"],
            title=item["title"],
            fields=fields.get(item["key"], ()),
            levels=tuple(Level(number=number, text=item["levels"][str(number)]) for number in (4, 3, 2, 1)),
        )
        for item in stored.get("criteria", ())
    )
    return worksheet.model_copy(update={"rubric": rubric}) if rubric else worksheet


def make_draft(case: Case, revision_id: int, content: ReviewDraftInput, visit: Visit, now: datetime) -> Review:
    """A first draft, not yet added to a session."""
    draft = Review(
        submission_id=case.submission.id,
        revision_id=revision_id,
        author_id=case.submission.user_id,
        reviewer_id=visit.user_id,
        status=ReviewStatus.DRAFT,
        version=1,
        created_at=now,
    )
    _write(draft, case.module if case.is_plan else None, content, now)
    return draft


def _write(draft: Review, module: Module | None, content: ReviewDraftInput, now: datetime) -> None:
    draft.ratings = dict(content.ratings)
    draft.comments = dict(content.comments)
    draft.named_fields = list(content.named_fields)
    draft.overall = content.overall
    draft.rubric = {} if module is None else snapshot_rubric(module)
    draft.saved_at = now


def _drop_unnameable(case: Case, content: ReviewDraftInput, revision: Revision) -> ReviewDraftInput:
    worksheet = case.module.worksheet
    if not content.named_fields or worksheet is None:
        return content
    nameable = find_nameable_fields(worksheet, revision.document)
    return replace(content, named_fields=tuple(key for key in content.named_fields if key in nameable))


def _clean(text: str) -> str:
    return clean_text(text).strip()
