"""The principal's page of one person: what her plans mark for it, as it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass

from lti_tool.content.schema import ComputeKind, Worksheet
from lti_tool.domain.brief import BriefLine, list_brief_lines
from lti_tool.domain.computing import uses_compute
from lti_tool.services.own_plans import OwnPlan


@dataclass(frozen=True, slots=True)
class BriefSection:
    """What one plan gives to the page."""

    module_key: str
    plan_title: str
    lines: tuple[BriefLine, ...]


def has_brief(worksheet: Worksheet) -> bool:
    """Whether a plan shows the principal's page among its questions."""
    return uses_compute(worksheet, ComputeKind.BRIEF)


def make_brief(plans: Mapping[str, OwnPlan]) -> tuple[BriefSection, ...]:
    """What ``plans`` give to the page, in their order; plans that give nothing are left out."""
    sections = (
        BriefSection(key, plan.worksheet.title, list_brief_lines(plan.worksheet, plan.draft))
        for key, plan in plans.items()
    )
    return tuple(section for section in sections if section.lines)
