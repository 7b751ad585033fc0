"""What the reviewer's use-cases take, return and refuse, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from lti_tool.content.schema import Points, Worksheet
from lti_tool.domain.reviewing import ReleaseGap
from lti_tool.domain.scoring import Holding, compute_plan_points
from lti_tool.domain.submissions import Decision
from lti_tool.models import Review
from lti_tool.services.errors import NotNowError, StaleError, ToolError


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is reading a plan at the moment, and until when it is hers."""

    owner_name: str
    is_mine: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewDraftInput:
    """What a reviewer has written so far: levels by criterion, comments by field, fields to change, and overall."""

    ratings: Mapping[str, int]
    comments: Mapping[str, str]
    named_fields: tuple[str, ...]
    overall: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written yet."""
        return not (self.ratings or self.comments or self.named_fields or self.overall)


NOTHING_WRITTEN = ReviewDraftInput(ratings={}, comments={}, named_fields=(), overall="")


@dataclass(frozen=True, slots=True)
class ReviewDraft:
    """A reviewer's own draft. Version 0 is not stored yet.

    ``carried_from`` is the number of the earlier revision these words were written on, when they are offered again
    on a newer one.
    """

    content: ReviewDraftInput
    version: int
    saved_at: datetime | None
    decision: Decision | None = None
    is_correction: bool = False
    carried_from: int | None = None


@dataclass(frozen=True, slots=True)
class ReleasedReview:
    """A review as its author's librarian sees it. ``rubric`` is the one it was made with."""

    decision: Decision
    content: ReviewDraftInput
    reviewer_name: str
    released_at: datetime
    revision_number: int
    rubric: Mapping[str, Any]

    def list_gone_comments(self, worksheet: Worksheet) -> tuple[tuple[str, str], ...]:
        """What was said of questions that ``worksheet`` asks no more, with a name made from their keys."""
        asked = {field.key for part in worksheet.parts for field in part.fields}
        return tuple(
            (key.replace("_", " ").capitalize(), text)
            for key, text in self.content.comments.items()
            if key not in asked
        )


@dataclass(frozen=True, slots=True)
class SavedReview:
    """A stored draft: its version, when, and what the levels are worth so far."""

    version: int
    at: datetime | None
    lease: Lease | None
    points: Fraction | None
    rated: int
    criteria_total: int
    suggestion: Decision | None


@dataclass(frozen=True, slots=True)
class Released:
    """What releasing did. ``holdings`` still hold the score; ``score`` is on its way unless practice."""

    decision: Decision
    completes: bool
    holdings: tuple[Holding, ...]
    score: int | None
    has_column: bool
    is_practice: bool
    is_correction: bool
    next_waiting_id: int | None


class StaleReviewError(StaleError):
    """The draft was saved elsewhere since; ``stored`` is that newer one. Nothing was overwritten."""

    def __init__(self, stored: ReviewDraft) -> None:
        super().__init__(stored.version)
        self.stored = stored


class RefusedReviewError(ToolError):
    """Something in the form is not part of this review, or is too long to keep."""

    code = "review_not_understood"
    status = 422


class UnfinishedReviewError(ToolError):
    """The review is saved; something is missing before it can be released."""

    code = "review_not_complete"
    status = 422

    def __init__(self, gaps: Sequence[ReleaseGap]) -> None:
        super().__init__("Your review is saved. Before you can release it, something is missing.")
        self.gaps = tuple(gaps)


class OwnWorkError(ToolError):
    """Nobody reviews her own work."""

    code = "own_work"
    status = 403

    def __init__(self) -> None:
        super().__init__("This is your own work. Another facilitator of this course reads it.")


class KeptPrivateError(ToolError):
    """Nobody but its author reads a private reflection, so nobody comments on it."""

    code = "kept_private"
    status = 403

    def __init__(self) -> None:
        super().__init__("This reflection is kept private. It counts as done, and only its author reads it.")


class TakenBackError(NotNowError):
    """The author took the work back; what the reviewer wrote is kept."""

    code = "taken_back"

    def __init__(self) -> None:
        super().__init__(
            "This was taken back by its author, to go on writing. What you wrote is kept, "
            "and you will find it here when the work is submitted again."
        )


class NewerRevisionError(NotNowError):
    """The author submitted again while the reviewer read the earlier revision; what she wrote is kept."""

    code = "newer_revision_submitted"

    def __init__(self) -> None:
        super().__init__(
            "A newer version of this was submitted while you were reading. What you wrote is kept: "
            "it is in the boxes of the newer version."
        )


class AlreadyReviewedError(NotNowError):
    """A review was released in the meantime, by somebody else or in another tab; the words are kept."""

    code = "already_reviewed"

    def __init__(self, *, is_mine: bool) -> None:
        super().__init__(
            "You have released your review of this already. To change it, use Correct this review."
            if is_mine
            else "Another review of this was released in the meantime. What you wrote is kept. "
            "Read that review first; you can then correct it."
        )
        self.is_mine = is_mine


class ReadByAnotherError(NotNowError):
    """Another reviewer holds the lease; ``lease`` says who and until when. What this reviewer wrote is kept."""

    code = "read_by_another"

    def __init__(self, lease: Lease) -> None:
        super().__init__(
            "Another facilitator is reading this now. What you wrote is kept, and you can go on when that reading ends."
        )
        self.lease = lease


class SentBackBeforeError(NotNowError):
    """A reflection is sent back at most once."""

    code = "sent_back_before"

    def __init__(self) -> None:
        super().__init__("This reflection was sent back once already. You can still comment on it.")


def read_content(review: Review) -> ReviewDraftInput:
    """What a stored review says."""
    return ReviewDraftInput(
        ratings={key: int(level) for key, level in review.ratings.items()},
        comments={key: str(text) for key, text in review.comments.items()},
        named_fields=tuple(review.named_fields),
        overall=review.overall,
    )


def describe_released(review: Review, *, reviewer_name: str, revision_number: int) -> ReleasedReview:
    """A released or superseded review as a value."""
    if review.decision is None or review.released_at is None:
        raise ValueError("a draft review is not shown as released")
    return ReleasedReview(
        decision=Decision(review.decision),
        content=read_content(review),
        reviewer_name=reviewer_name,
        released_at=review.released_at,
        revision_number=revision_number,
        rubric=review.rubric,
    )


def weigh_ratings(worksheet: Worksheet | None, ratings: Mapping[str, int], points: Points) -> Fraction | None:
    """The plan's points of its share for these levels; None before anything is rated."""
    if worksheet is None or not ratings:
        return None
    return compute_plan_points(ratings, len(worksheet.rubric), points)
