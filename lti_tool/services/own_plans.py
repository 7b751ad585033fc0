"""The plans of one person as they stand, read once for everything that a page of hers needs from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Worksheet
from lti_tool.domain.answers import Document, shape_document
from lti_tool.domain.submissions import WorkState
from lti_tool.models import Submission
from lti_tool.services.score_facts import PLAN_KEY


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """One plan that was saved at least once; ``draft`` is shaped."""

    submission_id: int
    module: Module
    worksheet: Worksheet
    state: WorkState
    draft: Document
    saved_at: datetime
    has_revisions: bool


def read_own_plans(
    session: Session, modules: Iterable[Module], *, cohort_id: int, user_id: int
) -> Mapping[str, OwnPlan]:
    """This person's plans of ``modules`` by module key, in the order of ``modules``."""
    worksheets = {module.key: (module, module.worksheet) for module in modules}
    if not worksheets:
        return {}
    statement = select(
        Submission.id,
        Submission.module_key,
        Submission.state,
        Submission.draft,
        Submission.draft_saved_at,
        Submission.revision_count,
    ).where(
        Submission.cohort_id == cohort_id,
        Submission.user_id == user_id,
        Submission.activity_key == PLAN_KEY,
        Submission.module_key.in_(worksheets),
        Submission.draft_version > 0,
    )
    rows = {row.module_key: row for row in session.execute(statement)}
    plans = {}
    for key, (module, worksheet) in worksheets.items():
        row = rows.get(key)
        if row is not None and worksheet is not None and row.draft_saved_at is not None:
            plans[key] = OwnPlan(
                submission_id=row.id,
                module=module,
                worksheet=worksheet,
                state=WorkState(row.state),
                draft=shape_document(worksheet, row.draft),
                saved_at=row.draft_saved_at,
                has_revisions=bool(row.revision_count),
            )
    return plans
