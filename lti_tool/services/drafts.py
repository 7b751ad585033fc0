"""Saving drafts: versioned, so that two tabs never overwrite one another and a repeated save changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.answers import DocumentTooLargeError, clean_text, parse_document
from lti_tool.domain.submissions import EDITABLE
from lti_tool.models import Store, Submission
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.errors import NotNowError, RefusedDocumentError, StaleError
from lti_tool.services.modules import read_state
from lti_tool.services.visits import Visit
from lti_tool.services.work import WorkTarget, find_submission, find_target, require_worker

LONGEST_REFLECTION = 40_000
LONGEST_PLACE = 80


@dataclass(frozen=True, slots=True)
class Saved:
    """A stored draft: its new version and when it was stored."""

    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DraftInput:
    """What came from the page: the document, the version it was written on, and where she was in it."""

    document: Mapping[str, Any]
    version: int
    place: str | None = None
    is_private: bool = False


def save_draft(
    store: Store, visit: Visit, series: Series, module_key: str, activity_key: str, *, draft: DraftInput, now: datetime
) -> Saved:
    """Keep a draft. A draft save writes no audit fact.

    Raises:
        StaleError: somebody saved a newer version; nothing was overwritten.
        NotNowError: the work is submitted or accepted and cannot be edited now.
        RefusedDocumentError: it is too large to keep.
        NotAllowedError, NotFoundError: not this person's, or not there.
    """
    target = find_target(series, module_key, activity_key)

    def save() -> Saved:
        with store.writing() as session:
            submission = store_draft(session, visit, target, draft, now)
            return Saved(submission.draft_version, submission.draft_saved_at or now)

    # Two tabs may make the first save at the same moment.
    return repeat_on_collision(save)


def store_draft(session: Session, visit: Visit, target: WorkTarget, draft: DraftInput, now: datetime) -> Submission:
    """Keep a draft inside a use-case's transaction; see ``save_draft``."""
    document = read_document(target, draft.document)
    submission = find_submission(session, visit, target)
    is_private = draft.is_private and target.reflection is not None and target.reflection.may_be_private
    if submission is None:
        if draft.version != 0:
            raise StaleError(current_version=0)
        submission = Submission(
            cohort_id=require_worker(visit),
            user_id=visit.user_id,
            module_key=target.module.key,
            activity_key=target.key,
            kind=target.kind,
            draft=document,
            draft_version=1,
            draft_saved_at=now,
            draft_place=_clip(draft.place),
            is_private=is_private,
            created_at=now,
        )
        session.add(submission)
        session.flush()
        return submission
    if submission.draft == document and submission.is_private == is_private:
        # The same text again: a save whose answer was lost, a double click, or nothing new.
        return submission
    if read_state(submission, now) not in EDITABLE:
        raise NotNowError("This is submitted, so it cannot be changed now. Take it back first, then go on writing.")
    if submission.draft_version != draft.version:
        raise StaleError(current_version=submission.draft_version)
    submission.draft = document
    submission.draft_version += 1
    submission.draft_saved_at = now
    submission.draft_place = _clip(draft.place) or submission.draft_place
    submission.is_private = is_private
    return submission


def read_document(target: WorkTarget, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The document in the shape of its activity.

    Raises:
        RefusedDocumentError: it is too large to keep.
    """
    if target.worksheet is not None:
        try:
            return parse_document(target.worksheet, raw)
        except DocumentTooLargeError:
            raise RefusedDocumentError(
                "Your answers are longer than one plan can hold. The last saved version is safe. "
                "Copy the longest answer somewhere else and shorten it here."
            ) from None
    text = raw.get("text")
    text = clean_text(text) if isinstance(text, str) else ""
    if len(text) > LONGEST_REFLECTION:
        raise RefusedDocumentError(
            f"This is longer than a reflection can be ({LONGEST_REFLECTION:,} characters). "
            "The last saved version is safe. Shorten the text below and save again."
        )
    return {"text": text}


def _clip(place: str | None) -> str | None:
    return clean_text(place)[:LONGEST_PLACE] or None if place else None
