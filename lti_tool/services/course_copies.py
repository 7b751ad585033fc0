"""Whether a facilitator's course is a copy in which nobody has submitted anything yet: then she is told so."""

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from lti_tool.models import Cohort, Context, ContextCopy, Store, Submission
from lti_tool.services.visits import Visit


@dataclass(frozen=True, slots=True)
class CourseCopy:
    """A copied course that begins; ``title`` is that of the course it came from, where it is known here."""

    title: str | None


def find_course_copy(store: Store, visit: Visit) -> CourseCopy | None:
    """What a facilitator is to be told of her course; None for everybody else, and once somebody has submitted work."""
    if not visit.is_staff or visit.context_id is None:
        return None
    forebear = aliased(Context)
    has_work = exists().where(
        Submission.cohort_id == Cohort.id, Cohort.context_id == visit.context_id, Submission.revision_count > 0
    )
    with store.reading() as session:
        found = session.execute(
            select(forebear.title)
            .select_from(ContextCopy)
            .outerjoin(forebear, forebear.id == ContextCopy.copied_from_id)
            .where(ContextCopy.context_id == visit.context_id, ~has_work)
        ).one_or_none()
    return None if found is None else CourseCopy(found.title)
