"""What a review page shows, as plain values. Nothing kept private is in any of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from lti_tool.content.schema import Module, Reflection, Worksheet
from lti_tool.domain.answer_changes import Change
from lti_tool.domain.answer_views import DescribedQuestion
from lti_tool.domain.scoring import Holding, Policy
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.services.review_values import Lease, ReleasedReview, ReviewDraft
from lti_tool.services.score_lines import ScoreLine


@dataclass(frozen=True, slots=True)
class FieldView:
    """One question of the worksheet beside its answer, and what changed in it since the last revision.

    ``criteria`` are the keys of those that look at it. ``can_be_named``: a return never asks for what is private or
    for an extra that was left out. ``can_be_commented``: one does not comment on what one cannot read.
    """

    key: str
    label: str
    help: str
    questions: tuple[DescribedQuestion, ...]
    changes: tuple[Change, ...]
    criteria: tuple[str, ...]
    is_deeper: bool
    is_private: bool
    is_written: bool
    can_be_named: bool
    can_be_commented: bool


@dataclass(frozen=True, slots=True)
class PartView:
    """A lettered part with its questions, and the criteria whose last question stands here."""

    key: str
    title: str
    fields: tuple[FieldView, ...]
    criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReflectionView:
    """A reflection beside the plan. ``text`` is None where there is none to read: not submitted, or kept private.

    ``draft`` is this reviewer's unreleased comment; ``released`` the one its author has.
    """

    reflection: Reflection
    submission_id: int | None
    revision_id: int | None
    revision_number: int
    state: WorkState | None
    is_private: bool
    submitted_at: datetime | None
    words: int
    text: str | None
    draft: ReviewDraft | None
    released: ReleasedReview | None
    can_comment: bool
    can_send_back: bool


class Standpoint(StrEnum):
    """What a reviewer can do with a plan at this moment."""

    CAN_REVIEW = "can_review"
    HELD_BY_ANOTHER = "held_by_another"
    CORRECTING = "correcting"
    REVIEWED = "reviewed"
    BEING_REVISED = "being_revised"
    TAKEN_BACK = "taken_back"
    NOT_SUBMITTED = "not_submitted"


@dataclass(frozen=True, slots=True)
class ScoreOutlook:
    """What accepting would do to the score, with the levels as they are now."""

    policy: Policy
    holdings: tuple[Holding, ...]
    score: int | None
    has_column: bool
    is_practice: bool


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything the review page shows.

    The revision is the one this reviewer may read: the newest while it waits or is reviewed, else the newest that
    was reviewed; none after taking back, since a draft is its author's alone.
    """

    submission_id: int
    person_label: str
    is_practice: bool
    module: Module
    worksheet: Worksheet
    standpoint: Standpoint
    state: WorkState
    draft_saved_at: datetime | None
    revision_id: int | None
    revision_number: int
    submitted_at: datetime | None
    compared_with: int | None
    parts: tuple[PartView, ...]
    previous: ReleasedReview | None
    released: ReleasedReview | None
    draft: ReviewDraft
    lease: Lease | None
    points: Fraction | None
    suggestion: Decision | None
    outlook: ScoreOutlook | None
    score: ScoreLine | None
    reflections: tuple[ReflectionView, ...]
    next_waiting_id: int | None

    @property
    def can_write(self) -> bool:
        """Whether the page takes levels and comments."""
        return self.standpoint in {Standpoint.CAN_REVIEW, Standpoint.CORRECTING}

    @property
    def changed_count(self) -> int:
        """How many questions were changed since the last revision."""
        return sum(bool(field.changes) for part in self.parts for field in part.fields)
