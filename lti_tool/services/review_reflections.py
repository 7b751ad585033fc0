"""Reflections beside a plan as a reviewer sees them: a private one is done and kept private, and that is all."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Reflection
from lti_tool.domain.reviewing import find_current_state
from lti_tool.domain.submissions import REVIEWED, WAITING, ReviewStatus, WorkState
from lti_tool.models import Review, Revision, Submission, User
from lti_tool.services.review_access import find_draft, find_latest_revision, label_reviewer, may_send_back
from lti_tool.services.review_storage import describe_draft
from lti_tool.services.review_values import ReleasedReview, describe_released
from lti_tool.services.review_views import ReflectionView
from lti_tool.services.visits import Visit


def describe_reflection(
    session: Session, reflection: Reflection, work: Submission | None, visit: Visit, now: datetime
) -> ReflectionView:
    """One reflection of a module; ``work`` is this person's on it, if there is any."""
    if work is None:
        return _describe_unwritten(reflection)
    state = find_current_state(WorkState(work.state), work.lease_expires_at, now)
    revision = find_latest_revision(session, work)
    is_handed_in = revision is not None and (state in WAITING or state in REVIEWED)
    if revision is None or not is_handed_in:
        return replace(_describe_unwritten(reflection), submission_id=work.id, state=state)
    own = find_draft(session, revision.id, visit.user_id)
    is_correcting = own is not None and own.supersedes_id is not None and own.supersedes_id == work.current_review_id
    # One that came back and is private in her draft by now is hidden at once, not only when she submits it again.
    is_readable = not (revision.is_private or work.is_private)
    return ReflectionView(
        reflection=reflection,
        submission_id=work.id,
        revision_id=revision.id,
        revision_number=revision.number,
        state=state,
        is_private=revision.is_private,
        submitted_at=revision.submitted_at,
        words=revision.words,
        text=str(revision.document.get("text", "")) if is_readable else None,
        draft=None if own is None else describe_draft(own),
        released=find_released(session, revision),
        can_comment=is_readable and (state in WAITING or is_correcting),
        can_send_back=is_readable and may_send_back(work),
    )


def _describe_unwritten(reflection: Reflection) -> ReflectionView:
    return ReflectionView(
        reflection=reflection,
        submission_id=None,
        revision_id=None,
        revision_number=0,
        state=None,
        is_private=False,
        submitted_at=None,
        words=0,
        text=None,
        draft=None,
        released=None,
        can_comment=False,
        can_send_back=False,
    )


def find_released(session: Session, revision: Revision) -> ReleasedReview | None:
    """The released review of this revision, if it still stands."""
    row = session.execute(
        select(Review, User.name)
        .join(User, User.id == Review.reviewer_id)
        .where(Review.revision_id == revision.id, Review.status == ReviewStatus.RELEASED)
    ).first()
    if row is None:
        return None
    return describe_released(row[0], reviewer_name=label_reviewer(row[1]), revision_number=revision.number)
