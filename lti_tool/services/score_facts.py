"""What is known of one person's work in one module, read for its score: what is handed in, read, accepted, and said."""

from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from lti_tool.content.schema import Module
from lti_tool.domain.scoring import ModuleFacts
from lti_tool.domain.submissions import Decision, ReviewStatus, WorkState
from lti_tool.models import ReadingRecord, Review, Revision, Submission

WORD_TOLERANCE = Fraction(1, 10)
PLAN_KEY = "plan"
HANDED_IN = frozenset({WorkState.SUBMITTED, WorkState.IN_REVIEW, WorkState.ACCEPTED})

Selected = TypeVar("Selected")


def gather_facts(session: Session, *, module: Module, cohort_id: int, user_id: int) -> ModuleFacts:
    """What is known of this person's work in this module."""
    mine = (Submission.cohort_id == cohort_id, Submission.user_id == user_id, Submission.module_key == module.key)
    rows = session.execute(
        select(Submission.activity_key, Submission.state, Submission.revision_count, Revision.words)
        .outerjoin(
            Revision, and_(Revision.submission_id == Submission.id, Revision.number == Submission.revision_count)
        )
        .where(*mine)
    )
    work = {key: (WorkState(state), revisions, words or 0) for key, state, revisions, words in rows}
    untouched = (WorkState.DRAFT, 0, 0)
    reflections = [(reflection, work.get(reflection.key, untouched)) for reflection in module.reflections]
    plan_state, plan_revisions, _ = work.get(PLAN_KEY, untouched)
    accepted = session.execute(
        _select_accepted(Review.ratings, cohort_id=cohort_id, user_id=user_id, module_key=module.key)
    ).first()
    readings = session.execute(
        select(ReadingRecord.activity_key, ReadingRecord.marked_read_at, ReadingRecord.tried).where(
            ReadingRecord.cohort_id == cohort_id,
            ReadingRecord.user_id == user_id,
            ReadingRecord.module_key == module.key,
        )
    )
    criteria = {criterion.key for criterion in module.worksheet.rubric} if module.worksheet else set()
    read = {key: set(tried) for key, marked_at, tried in readings if marked_at is not None}
    return ModuleFacts(
        readings_total=len(module.readings),
        readings_done=sum(
            reading.key in read and read[reading.key] >= {check.key for check in reading.checks}
            for reading in module.readings
        ),
        reflections_total=len(module.reflections),
        reflections_submitted=sum(state in HANDED_IN for _, (state, _, _) in reflections),
        reflections_in_range=sum(
            state in HANDED_IN and is_in_word_range(words, reflection.min_words, reflection.max_words)
            for reflection, (state, _, words) in reflections
        ),
        reflections_were_submitted=sum(revisions > 0 for _, (_, revisions, _) in reflections),
        criteria_total=len(criteria),
        plan_is_submitted=plan_state in {WorkState.SUBMITTED, WorkState.IN_REVIEW},
        plan_is_accepted=accepted is not None,
        plan_was_submitted=plan_revisions > 0,
        ratings={} if accepted is None else {key: int(accepted[0][key]) for key in criteria & set(accepted[0])},
    )


def list_handed_in(session: Session, *, module: Module, cohort_id: int, user_id: int) -> frozenset[str]:
    """Keys of the activities of this module that are submitted or accepted at the moment."""
    return frozenset(
        session.scalars(
            select(Submission.activity_key).where(
                Submission.cohort_id == cohort_id,
                Submission.user_id == user_id,
                Submission.module_key == module.key,
                Submission.state.in_(HANDED_IN),
            )
        )
    )


def is_in_word_range(words: int, low: int, high: int) -> bool:
    """Whether a word count is inside a range, with ten percent tolerance at both ends."""
    return low * (1 - WORD_TOLERANCE) <= words <= high * (1 + WORD_TOLERANCE)


def find_comment(session: Session, cohort_id: int, user_id: int, module_key: str) -> str | None:
    """What was said of the plan when it was accepted, if something else has held the score since."""
    return session.scalar(_select_accepted(Review.overall, cohort_id=cohort_id, user_id=user_id, module_key=module_key))


def find_finish(session: Session, cohort_id: int, user_id: int, module_key: str) -> datetime | None:
    """When she really finished: her last submission in this module (Canvas marks later times as late)."""
    return session.scalar(
        select(func.max(Submission.submitted_at)).where(
            Submission.cohort_id == cohort_id, Submission.user_id == user_id, Submission.module_key == module_key
        )
    )


def _select_accepted(
    column: InstrumentedAttribute[Selected], *, cohort_id: int, user_id: int, module_key: str
) -> Select[Selected]:
    """A column of the released review that accepted the latest revision of this person's plan that was accepted."""
    return (
        select(column)
        .join(Submission, Submission.id == Review.submission_id)
        .join(Revision, Revision.id == Review.revision_id)
        .where(
            Submission.cohort_id == cohort_id,
            Submission.user_id == user_id,
            Submission.module_key == module_key,
            Submission.activity_key == PLAN_KEY,
            Review.status == ReviewStatus.RELEASED,
            Review.decision == Decision.ACCEPT,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    )
