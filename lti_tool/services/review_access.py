"""Finding the work a reviewer may see, and who holds it: every query is scoped to the visit's cohort."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Points, Series
from lti_tool.domain.reviewing import LEASE_LENGTH, TIMES_A_REFLECTION_MAY_RETURN, find_current_state
from lti_tool.domain.submissions import ActivityKind, ReviewStatus, Step, WorkState, take_step
from lti_tool.models import Enrolment, Review, Revision, Submission, User
from lti_tool.services.audit import record_fact
from lti_tool.services.errors import NotAllowedError, NotFoundError
from lti_tool.services.review_values import Lease, OwnWorkError
from lti_tool.services.visits import Visit


@dataclass(frozen=True, slots=True)
class Case:
    """One submission in front of a reviewer, with the person behind it and the module it belongs to."""

    submission: Submission
    module: Module
    person_label: str
    is_practice: bool
    points: Points

    @property
    def is_plan(self) -> bool:
        """Whether this is a worksheet; else it is a reflection."""
        return self.submission.kind == ActivityKind.WORKSHEET


def require_staff(visit: Visit) -> int:
    """The cohort this visit reviews.

    Raises:
        NotAllowedError: the visitor does not review here.
        NotFoundError: the launch came without a course.
    """
    if not visit.is_staff:
        raise NotAllowedError("Only facilitators of this course can review work.")
    if visit.cohort_id is None:
        raise NotFoundError
    return visit.cohort_id


def find_case(session: Session, visit: Visit, series: Series, submission_id: int, *, is_writing: bool = True) -> Case:
    """The submission with this id in the visit's cohort, locked for writing where the database can.

    Raises:
        NotAllowedError: the visitor does not review here.
        NotFoundError: there is none in this cohort.
        OwnWorkError: it is the visitor's own.
    """
    cohort_id = require_staff(visit)
    statement = select(Submission).where(Submission.id == submission_id, Submission.cohort_id == cohort_id)
    submission = session.scalar(statement.with_for_update() if is_writing else statement)
    module = None if submission is None else series.find_module(submission.module_key)
    if submission is None or module is None:
        raise NotFoundError
    if submission.user_id == visit.user_id:
        raise OwnWorkError
    name, is_practice = session.execute(
        select(User.name, Enrolment.is_practice)
        .join(Enrolment, Enrolment.user_id == User.id)
        .where(Enrolment.cohort_id == cohort_id, User.id == submission.user_id)
    ).one()
    return Case(submission, module, label_person(name, submission.user_id), is_practice, series.points)


def label_person(name: str | None, user_id: int) -> str:
    """What a person is called on a facilitator's page; platforms may keep names to themselves."""
    return name or f"Librarian {user_id}"


def label_reviewer(name: str | None) -> str:
    """What a reviewer is called on a page."""
    return name or "Another facilitator"


def find_name(session: Session, user_id: int) -> str | None:
    """The name the platform sent for this person, if it did."""
    return session.scalar(select(User.name).where(User.id == user_id))


def settle_lease(submission: Submission, now: datetime) -> WorkState:
    """Give work back whose claim has run out; returns where it stands now. Called first by every writing use-case."""
    state = WorkState(submission.state)
    current = find_current_state(state, submission.lease_expires_at, now)
    if current is not state:
        submission.state = current
        submission.lease_owner_id = None
        submission.lease_expires_at = None
    return current


def is_held_by_another(submission: Submission, state: WorkState, user_id: int) -> bool:
    """Whether somebody else's claim on this work still lasts. ``state`` is where it stands now."""
    return state is WorkState.IN_REVIEW and submission.lease_owner_id != user_id


def take_lease(submission: Submission, user_id: int, now: datetime) -> bool:
    """Claim this work or renew the claim; whether it is a new one. The caller has settled the lease before."""
    is_new = submission.lease_owner_id != user_id
    submission.state = take_step(WorkState(submission.state), Step.START_REVIEW)
    submission.lease_owner_id = user_id
    submission.lease_expires_at = now + LEASE_LENGTH
    return is_new


def drop_lease(submission: Submission, state: WorkState) -> None:
    """End a claim; ``state`` is where the work stands afterwards."""
    submission.state = state
    submission.lease_owner_id = None
    submission.lease_expires_at = None


def describe_lease(session: Session, submission: Submission, now: datetime, *, user_id: int) -> Lease | None:
    """Who is reading this now, or None. A lapsed claim counts as none, stored or not."""
    state = find_current_state(WorkState(submission.state), submission.lease_expires_at, now)
    owner_id, expires_at = submission.lease_owner_id, submission.lease_expires_at
    if state is not WorkState.IN_REVIEW or owner_id is None or expires_at is None:
        return None
    return Lease(
        owner_name=label_reviewer(find_name(session, owner_id)), is_mine=owner_id == user_id, expires_at=expires_at
    )


def may_send_back(submission: Submission) -> bool:
    """Whether this may be sent back: a plan always, a reflection once. Correcting a return is not a second one."""
    if submission.kind == ActivityKind.WORKSHEET or submission.state == WorkState.RETURNED:
        return True
    return submission.times_returned < TIMES_A_REFLECTION_MAY_RETURN


def find_latest_revision(session: Session, submission: Submission) -> Revision | None:
    """The newest snapshot of this work."""
    return session.scalar(
        select(Revision).where(Revision.submission_id == submission.id, Revision.number == submission.revision_count)
    )


def find_draft(session: Session, revision_id: int, reviewer_id: int) -> Review | None:
    """This reviewer's unreleased review of this revision."""
    return session.scalar(
        select(Review).where(
            Review.revision_id == revision_id,
            Review.reviewer_id == reviewer_id,
            Review.status == ReviewStatus.DRAFT,
        )
    )


def find_next_waiting(session: Session, visit: Visit, now: datetime, *, after_id: int | None = None) -> int | None:
    """The plan that has waited longest and that this reviewer may open, other than ``after_id``."""
    lease_is_over = or_(
        Submission.lease_owner_id.is_(None),
        Submission.lease_owner_id == visit.user_id,
        Submission.lease_expires_at <= now,
    )
    return session.scalar(
        select(Submission.id)
        .where(
            Submission.cohort_id == visit.cohort_id,
            Submission.kind == ActivityKind.WORKSHEET,
            Submission.state.in_([WorkState.SUBMITTED, WorkState.IN_REVIEW]),
            Submission.user_id != visit.user_id,
            Submission.id != (after_id or 0),
            lease_is_over,
        )
        .order_by(Submission.submitted_at, Submission.id)
        .limit(1)
    )


def record_review_fact(
    session: Session, case: Case, visit: Visit, verb: str, now: datetime, **facts: str | int | bool | None
) -> None:
    """One audit fact about this piece of work."""
    record_fact(
        session,
        now=now,
        verb=verb,
        actor_id=visit.user_id,
        subject_id=case.submission.user_id,
        context_id=visit.context_id,
        object_kind="submission",
        object_id=case.submission.id,
        module=case.module.key,
        **facts,
    )
