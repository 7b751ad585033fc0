"""Grades: what a person has earned, what each gradebook column should say, and every attempt to say it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.domain.deliveries import AttemptAnswer, AttemptPhase, DeliveryReason, DeliveryState
from lti_tool.models.base import Base, one_of


class EarnedScore(Base):
    """The latest score a person has earned in a module, with its parts; it waits here while there is no column."""

    __tablename__ = "earned_scores"
    __table_args__ = (
        UniqueConstraint("cohort_id", "user_id", "module_key"),
        ForeignKeyConstraint(["cohort_id", "user_id"], ["enrolments.cohort_id", "enrolments.user_id"]),
        CheckConstraint("points >= 0 AND points <= maximum", name="points_within_maximum"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cohort_id: Mapped[int]
    user_id: Mapped[int]
    module_key: Mapped[str] = mapped_column(String(40))
    points: Mapped[int]
    maximum: Mapped[int]
    parts: Mapped[dict[str, Any]]
    comment: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    earned_at: Mapped[datetime]


class ScoreDelivery(Base):
    """The wanted state of one person's cell in one column.

    ``version`` rises with every newer score; ``sent_version`` and ``confirmed_version`` say how far the gradebook
    has come. ``told_comment`` (a digest) and ``told_finished_at`` are the comment and finishing time last told; they
    are set before a request, because a gradebook may add a comment, or count a try, for each request.
    ``next_attempt_at`` is when to send (waiting) or to read back (sent), None when nothing is left to do. A delivery
    is never deleted.
    """

    __tablename__ = "score_deliveries"
    __table_args__ = (
        UniqueConstraint("line_item_id", "user_id"),
        CheckConstraint(one_of("state", DeliveryState), name="state"),
        CheckConstraint(f"reason IS NULL OR {one_of('reason', DeliveryReason)}", name="reason"),
        CheckConstraint("state <> 'needs_you' OR reason IS NOT NULL", name="need_has_reason"),
        CheckConstraint("state <> 'waiting' OR next_attempt_at IS NOT NULL", name="waiting_has_time"),
        CheckConstraint("score >= 0 AND score <= maximum AND maximum > 0", name="score_within_maximum"),
        CheckConstraint("confirmed_version <= sent_version AND sent_version <= version", name="versions_in_order"),
        Index("ix_score_deliveries_due", "state", "next_attempt_at", "registration_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    line_item_id: Mapped[int] = mapped_column(ForeignKey("line_items.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    earned_score_id: Mapped[int] = mapped_column(ForeignKey("earned_scores.id"), index=True)
    score: Mapped[int]
    maximum: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    sent_version: Mapped[int] = mapped_column(default=0)
    confirmed_version: Mapped[int] = mapped_column(default=0)
    told_comment: Mapped[str | None] = mapped_column(String(64))
    told_finished_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20), default=DeliveryState.WAITING)
    reason: Mapped[str | None] = mapped_column(String(40))
    failures: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    last_timestamp: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_score: Mapped[str | None] = mapped_column(String(40))
    confirmed_maximum: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]


class ScoreAttempt(Base):
    """One line of the history of a delivery; written, never edited.

    An attempt is a line before the request and a line for each thing learnt of its end, which names the first as
    ``begun_id``: what the platform answered, and what its gradebook showed if no answer came.
    """

    __tablename__ = "score_attempts"
    __table_args__ = (
        CheckConstraint(one_of("phase", AttemptPhase), name="phase"),
        CheckConstraint(f"answer IS NULL OR {one_of('answer', AttemptAnswer)}", name="answer"),
        CheckConstraint("(phase = 'begun') = (begun_id IS NULL)", name="end_has_beginning"),
        CheckConstraint("(phase = 'begun') = (answer IS NULL)", name="end_has_answer"),
        Index("ix_score_attempts_delivery_id", "delivery_id"),
        Index("ix_score_attempts_begun_id", "begun_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("score_deliveries.id"))
    phase: Mapped[str] = mapped_column(String(10))
    begun_id: Mapped[int | None] = mapped_column(ForeignKey("score_attempts.id"))
    version: Mapped[int]
    score: Mapped[int]
    timestamp: Mapped[datetime]
    with_comment: Mapped[bool] = mapped_column(default=False)
    as_new_attempt: Mapped[bool] = mapped_column(default=False)
    answer: Mapped[str | None] = mapped_column(String(40))
    status: Mapped[int | None]
    detail: Mapped[str | None] = mapped_column(Text)
    maybe_recorded: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


class ReturnNote(Base):
    """What the gradebook is told when a plan comes back and no score stands there: that it waits, and one comment.

    It is sent once: ``begun_at`` is set before the request, and a note whose answer was lost is not sent again where a
    comment would be added twice. A score that is on its way makes it needless.
    """

    __tablename__ = "return_notes"
    __table_args__ = (
        UniqueConstraint("line_item_id", "review_id"),
        CheckConstraint(one_of("state", ("waiting", "sent", "dropped", "failed")), name="state"),
        CheckConstraint("(state = 'waiting') = (next_attempt_at IS NOT NULL)", name="waiting_has_time"),
        Index("ix_return_notes_due", "state", "next_attempt_at", "registration_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    line_item_id: Mapped[int] = mapped_column(ForeignKey("line_items.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"))
    comment: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    reason: Mapped[str | None] = mapped_column(String(40))
    detail: Mapped[str | None] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    timestamp: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class DeliveryLease(Base):
    """Which worker sends for a registration, and until when; one at a time, because platforms throttle per client.

    ``resume_at``, ``failures`` and ``silent_since`` belong to the platform, not to one score: while it does not answer,
    nothing else is sent to it.
    """

    __tablename__ = "delivery_leases"
    __table_args__ = (
        CheckConstraint("(owner IS NULL) = (expires_at IS NULL)", name="owner_and_end"),
        CheckConstraint("(failures = 0) = (silent_since IS NULL)", name="failures_and_silence"),
    )

    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(80))
    expires_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    resume_at: Mapped[datetime | None]
    silent_since: Mapped[datetime | None]
