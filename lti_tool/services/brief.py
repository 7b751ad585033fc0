"""The principal's page of one person: what her plans mark for it, as it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import ComputeKind, Series, Worksheet
from lti_tool.domain.brief import BriefLine, list_brief_lines
from lti_tool.domain.computing import uses_compute
from lti_tool.models import Submission
from lti_tool.services.score_facts import PLAN_KEY


@dataclass(frozen=True, slots=True)
class BriefSection:
    """What one plan gives to the page."""

    module_key: str
    plan_title: str
    lines: tuple[BriefLine, ...]


def has_brief(worksheet: Worksheet) -> bool:
    """Whether a plan shows the principal's page among its questions."""
    return uses_compute(worksheet, ComputeKind.BRIEF)


def read_brief(session: Session, series: Series, *, cohort_id: int, user_id: int) -> tuple[BriefSection, ...]:
    """What this person's plans give to the page, in the order of the series; plans that give nothing are left out."""
    statement = select(Submission.module_key, Submission.draft).where(
        Submission.cohort_id == cohort_id, Submission.user_id == user_id, Submission.activity_key == PLAN_KEY
    )
    documents: Mapping[str, Any] = {key: draft for key, draft in session.execute(statement)}  # noqa: C416 a result has keys of its own
    sections = (
        BriefSection(module.key, module.worksheet.title, list_brief_lines(module.worksheet, documents[module.key]))
        for module in series.modules
        if module.worksheet is not None and module.key in documents
    )
    return tuple(section for section in sections if section.lines)
