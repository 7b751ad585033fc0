"""The work of a cohort: enrolments, readings, submissions with their drafts and revisions, reviews."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import ActivityKind, Decision, ReviewStatus, WorkState
from lti_tool.models.base import Base, one_of


class Cohort(Base):
    """One run of the series in a course, with its own policy and end. A course has one default cohort."""

    __tablename__ = "cohorts"
    __table_args__ = (
        CheckConstraint(one_of("policy", Policy), name="policy"),
        Index(
            "uq_cohorts_one_default",
            "context_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"), index=True)
    name: Mapped[str]
    policy: Mapped[str] = mapped_column(String(20), default=Policy.COMPLETION)
    is_default: Mapped[bool] = mapped_column(default=False)
    closes_on: Mapped[date | None]
    created_at: Mapped[datetime]


class Enrolment(Base):
    """A person in a cohort. A practice enrolment works like any other and is never scored or counted."""

    __tablename__ = "enrolments"
    __table_args__ = (UniqueConstraint("cohort_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohorts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    is_practice: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ReadingRecord(Base):
    """What a person did with one reading: which checks she tried, and whether she marked it read.

    ``read_version`` is the version that she marked; empty in rows older than the column.
    """

    __tablename__ = "reading_records"
    __table_args__ = (
        UniqueConstraint("cohort_id", "user_id", "module_key", "activity_key"),
        ForeignKeyConstraint(["cohort_id", "user_id"], ["enrolments.cohort_id", "enrolments.user_id"]),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort_id: Mapped[int]
    user_id: Mapped[int]
    module_key: Mapped[str] = mapped_column(String(40))
    activity_key: Mapped[str] = mapped_column(String(40))
    tried: Mapped[dict[str, Any]]
    marked_read_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    read_version: Mapped[str | None] = mapped_column(Text)


class Submission(Base):
    """One person's work on one activity in one cohort: her draft, its version, and where it stands.

    ``lease_*`` is the reviewer who is at it and until when. ``current_review_id`` is the released review that made
    it returned or accepted. ``draft`` is hers alone.
    """

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("cohort_id", "user_id", "module_key", "activity_key"),
        ForeignKeyConstraint(["cohort_id", "user_id"], ["enrolments.cohort_id", "enrolments.user_id"]),
        CheckConstraint(one_of("state", WorkState), name="state"),
        CheckConstraint(one_of("kind", ActivityKind), name="kind"),
        CheckConstraint("(lease_owner_id IS NULL) = (lease_expires_at IS NULL)", name="lease_has_owner_and_end"),
        CheckConstraint("(state = 'in_review') = (lease_owner_id IS NOT NULL)", name="in_review_has_lease"),
        CheckConstraint(
            "(state IN ('accepted', 'returned')) = (current_review_id IS NOT NULL)", name="reviewed_has_review"
        ),
        CheckConstraint("lease_owner_id IS NULL OR lease_owner_id <> user_id", name="nobody_reviews_own_work"),
        CheckConstraint("draft_version >= 0", name="draft_version"),
        Index("ix_submissions_queue", "cohort_id", "state", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort_id: Mapped[int]
    user_id: Mapped[int]
    module_key: Mapped[str] = mapped_column(String(40))
    activity_key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default=WorkState.DRAFT)
    draft: Mapped[dict[str, Any]]
    draft_version: Mapped[int] = mapped_column(default=0)
    draft_saved_at: Mapped[datetime | None]
    draft_place: Mapped[str | None] = mapped_column(String(80))
    is_private: Mapped[bool] = mapped_column(default=False)
    revision_count: Mapped[int] = mapped_column(default=0)
    times_returned: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None]
    lease_owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lease_expires_at: Mapped[datetime | None]
    current_review_id: Mapped[int | None] = mapped_column(
        ForeignKey("reviews.id", use_alter=True, name="fk_submissions_current_review_id_reviews")
    )
    reply_seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Revision(Base):
    """A numbered, immutable snapshot made by submitting."""

    __tablename__ = "revisions"
    __table_args__ = (
        UniqueConstraint("submission_id", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    number: Mapped[int]
    document: Mapped[dict[str, Any]]
    is_private: Mapped[bool] = mapped_column(default=False)
    words: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime]


class Review(Base):
    """One reviewer's judgement of one revision: a draft until released, kept when a correction supersedes it.

    ``rubric`` is the rubric it was made with; ``named_fields`` are those a return asks to change.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint(one_of("status", ReviewStatus), name="status"),
        CheckConstraint(f"decision IS NULL OR {one_of('decision', Decision)}", name="decision"),
        CheckConstraint("reviewer_id <> author_id", name="reviewer_is_not_author"),
        CheckConstraint(
            "(status = 'draft') = (released_at IS NULL) AND (status = 'draft' OR decision IS NOT NULL)",
            name="released_has_decision",
        ),
        Index(
            "uq_reviews_one_draft",
            "revision_id",
            "reviewer_id",
            unique=True,
            sqlite_where=text("status = 'draft'"),
            postgresql_where=text("status = 'draft'"),
        ),
        Index(
            "uq_reviews_one_released",
            "revision_id",
            unique=True,
            sqlite_where=text("status = 'released'"),
            postgresql_where=text("status = 'released'"),
        ),
        Index("ix_reviews_submission_id", "submission_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(String(20), default=ReviewStatus.DRAFT)
    decision: Mapped[str | None] = mapped_column(String(20))
    ratings: Mapped[dict[str, Any]]
    comments: Mapped[dict[str, Any]]
    named_fields: Mapped[list[str]]
    overall: Mapped[str] = mapped_column(Text, default="")
    rubric: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=0)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("reviews.id"))
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
