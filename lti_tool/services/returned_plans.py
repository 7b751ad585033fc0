"""Plans that came back and were not opened since: who does not know yet, what the gradebook was told, what to say."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.domain.returning import tell_return
from lti_tool.domain.submissions import ActivityKind, WorkState
from lti_tool.lti.platforms import find_course_url
from lti_tool.models import (
    Context,
    Deployment,
    Enrolment,
    Registration,
    ReturnNote,
    Review,
    Store,
    Submission,
    User,
)
from lti_tool.services.review_access import label_person, require_staff
from lti_tool.services.visits import Visit


class Told(StrEnum):
    """Whether the gradebook tells her that her plan came back."""

    SENT = "sent"
    ON_ITS_WAY = "on_its_way"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class ReturnedPlan:
    """A plan that came back and whose author has not opened it since.

    ``told_at`` is when the gradebook took the comment; ``message`` is the same sentence for a facilitator to pass on,
    with the course's address where it is known.
    """

    submission_id: int
    person_label: str
    module_title: str
    plan_name: str
    released_at: datetime
    told: Told
    told_at: datetime | None
    message: str


def list_unopened_returns(store: Store, visit: Visit, series: Series) -> tuple[ReturnedPlan, ...]:
    """Every plan of this cohort that came back and was not opened since, the longest ago first. Practice is left out.

    Raises:
        NotAllowedError: the visitor does not review here.
        NotFoundError: the launch came without a course.
    """
    with store.reading() as session:
        return read_unopened_returns(session, visit, series)


def read_unopened_returns(session: Session, visit: Visit, series: Series) -> tuple[ReturnedPlan, ...]:
    """The same inside the caller's transaction."""
    rows = session.execute(
        select(
            Submission.id,
            Submission.module_key,
            Submission.user_id,
            Review.id.label("review_id"),
            Review.named_fields,
            Review.released_at,
            User.name,
        )
        .join(Review, Review.id == Submission.current_review_id)
        .join(User, User.id == Submission.user_id)
        .join(Enrolment, and_(Enrolment.cohort_id == Submission.cohort_id, Enrolment.user_id == Submission.user_id))
        .where(
            Submission.cohort_id == require_staff(visit),
            Submission.kind == ActivityKind.WORKSHEET,
            Submission.state == WorkState.RETURNED,
            Submission.reply_seen_at.is_(None),
            Submission.user_id != visit.user_id,
            Enrolment.is_practice.is_(False),
            Review.released_at.is_not(None),
        )
        .order_by(Review.released_at, Submission.id)
    ).all()
    if not rows:
        return ()
    told = _find_told(session, [row.review_id for row in rows])
    course_url = _find_course_url(session, visit)
    found = []
    for row in rows:
        module = series.find_module(row.module_key)
        if module is None or module.worksheet is None:
            continue
        state, at = told.get(row.review_id, (Told.NOT, None))
        sentence = tell_return(module.worksheet.title, len(row.named_fields))
        found.append(
            ReturnedPlan(
                submission_id=row.id,
                person_label=label_person(row.name, row.user_id),
                module_title=module.title,
                plan_name=module.worksheet.title,
                released_at=row.released_at,
                told=state,
                told_at=at,
                message=f"{sentence} {course_url}" if course_url else sentence,
            )
        )
    return tuple(found)


def _find_told(session: Session, review_ids: list[int]) -> Mapping[int, tuple[Told, datetime | None]]:
    """What any column was told of these reviews, or of the one that a correction took the place of."""
    rows = session.execute(
        select(Review.id, ReturnNote.state, ReturnNote.ended_at)
        .join(ReturnNote, ReturnNote.review_id.in_((Review.id, Review.supersedes_id)))
        .where(Review.id.in_(review_ids), ReturnNote.state.in_(("sent", "waiting")))
    )
    by_review: dict[int, list[tuple[str, datetime | None]]] = defaultdict(list)
    for row in rows:
        by_review[row.id].append((row.state, row.ended_at))
    found = {}
    for review_id, notes in by_review.items():
        sent = max((at for state, at in notes if state == "sent" and at is not None), default=None)
        found[review_id] = (Told.ON_ITS_WAY if sent is None else Told.SENT, sent)
    return found


def _find_course_url(session: Session, visit: Visit) -> str | None:
    row = session.execute(
        select(Registration.family, Registration.issuer, Context.id_on_platform)
        .join(Deployment, Deployment.registration_id == Registration.id)
        .join(Context, Context.deployment_id == Deployment.id)
        .where(Context.id == visit.context_id)
    ).one_or_none()
    return None if row is None else find_course_url(row.family, row.issuer, row.id_on_platform, visit.return_url)
