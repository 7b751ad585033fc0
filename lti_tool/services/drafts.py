"""Saving drafts: versioned, so that two tabs never overwrite one another and a repeated save changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.answers import DocumentTooLargeError, clean_text, parse_document
from lti_tool.domain.carrying import keep_copy, update_copy
from lti_tool.domain.living import lay_living_over
from lti_tool.domain.submissions import EDITABLE, WorkState
from lti_tool.models import Store, Submission
from lti_tool.services.collisions import repeat_on_collision
from lti_tool.services.errors import NotNowError, RefusedDocumentError, StaleError
from lti_tool.services.modules import read_state
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.services.visits import Visit
from lti_tool.services.work import (
    WorkTarget,
    copy_sources,
    find_submission,
    find_target,
    make_submission,
    read_current,
)

_NOT_EDITABLE = {
    WorkState.SUBMITTED: "This is submitted, so it cannot be changed now. Take it back first, then go on writing.",
    WorkState.IN_REVIEW: "Your facilitator is reading this now, so it cannot be changed. You will see the reply here.",
    WorkState.ACCEPTED: "This is accepted, so it cannot be changed now. Open it again first, then go on writing.",
}
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
            submission = store_draft(session, visit, series, target, draft, now)
            return Saved(submission.draft_version, submission.draft_saved_at or now)

    # Two tabs may make the first save at the same moment.
    return repeat_on_collision(save)


def settle_source(
    store: Store,
    visit: Visit,
    series: Series,
    module_key: str,
    address: str,
    *,
    takes_newer: bool,
    draft: DraftInput,
    now: datetime,
) -> Saved:
    """Keep the copy of a source as it is, or take its newer text; what she was writing is saved with it.

    Raises:
        StaleError, NotNowError, RefusedDocumentError, NotAllowedError, NotFoundError: as for saving.
    """
    target = find_target(series, module_key, PLAN_KEY)
    worksheet = target.require_worksheet()
    with store.writing() as session:
        submission = store_draft(session, visit, series, target, draft, now)
        state = read_state(submission, now)
        if state not in EDITABLE:
            raise NotNowError(_NOT_EDITABLE[state])
        current = read_current(session, series, target, cohort_id=submission.cohort_id, user_id=visit.user_id)
        if address in current:
            newer = current[address]
            kept = submission.draft
            submission.draft = (
                update_copy(worksheet, kept, address, newer)
                if takes_newer
                else keep_copy(worksheet, kept, address, newer)
            )
            submission.draft_version += 1
            submission.draft_saved_at = now
        return Saved(submission.draft_version, submission.draft_saved_at or now)


def store_draft(
    session: Session, visit: Visit, series: Series, target: WorkTarget, draft: DraftInput, now: datetime
) -> Submission:
    """Keep a draft inside a use-case's transaction; see ``save_draft``. Of accepted work only living answers change."""
    document = read_document(target, draft.document)
    submission = find_submission(session, visit, target)
    is_private = draft.is_private and target.reflection is not None and target.reflection.may_be_private
    if submission is None:
        if draft.version != 0:
            raise StaleError(current_version=0)
        submission = make_submission(visit, target, copy_sources(session, visit, series, target, document), now)
        submission.draft_version = 1
        submission.draft_saved_at = now
        submission.draft_place = _clip(draft.place)
        submission.is_private = is_private
        session.add(submission)
        session.flush()
        return submission
    document = _keep_own_copies(target, document, submission.draft)
    if submission.draft == document and submission.is_private == is_private:
        # The same text again: a save whose answer was lost, a double click, or nothing new.
        return submission
    state = read_state(submission, now)
    if state not in EDITABLE and not _is_living_change(target, submission, document, now):
        raise NotNowError(_NOT_EDITABLE[state])
    if submission.draft_version != draft.version:
        raise StaleError(current_version=submission.draft_version)
    submission.draft = document
    submission.draft_version += 1
    submission.draft_saved_at = now
    submission.draft_place = _clip(draft.place) or submission.draft_place
    submission.is_private = is_private
    return submission


def _keep_own_copies(target: WorkTarget, document: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """``document`` with the copies that are stored: they come from her other plans and never from a form."""
    if target.worksheet is None:
        return document
    document = {key: value for key, value in document.items() if key != "carried"}
    return {**document, "carried": stored["carried"]} if stored.get("carried") else document


def _is_living_change(target: WorkTarget, submission: Submission, document: dict[str, Any], now: datetime) -> bool:
    """Whether accepted work would change only where it goes on being written."""
    worksheet = target.worksheet
    if worksheet is None or read_state(submission, now) is not WorkState.ACCEPTED:
        return False
    return lay_living_over(worksheet, submission.draft, document) == document


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
