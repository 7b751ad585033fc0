"""What a person's plan can take from her other plans now, and where a row of hers is used in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from lti_tool.content.effort import estimate_core_minutes
from lti_tool.content.schema import FieldSource, Module, Series, Worksheet
from lti_tool.content.sources import find_source_field, list_sources, make_address
from lti_tool.domain.answers import Document
from lti_tool.domain.carrying import Copy, Stage, copy_answer
from lti_tool.domain.living import lay_living_over
from lti_tool.domain.row_uses import RowUse, find_row_uses
from lti_tool.domain.submissions import WAITING, Decision, ReviewStatus
from lti_tool.models import Review, Revision
from lti_tool.services.own_plans import OwnPlan


@dataclass(frozen=True, slots=True)
class PlanSource:
    """A field of another plan, as the plan that builds on it calls it. ``minutes`` is what its part takes to write."""

    address: str
    module_key: str
    module_title: str
    plan_title: str
    field_label: str
    part: str
    minutes: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class _Text:
    """The document of a plan that counts now."""

    document: Document
    stage: Stage
    revision: int
    at: datetime
    living_at: datetime


def describe_sources(series: Series, worksheet: Worksheet) -> tuple[PlanSource, ...]:
    """Every field of other plans that ``worksheet`` builds on, by what people call it."""
    described = []
    for source in list_sources(worksheet):
        module, field = series.find_module(source.module), find_source_field(series, source)
        if module is None or module.worksheet is None or field is None:
            continue
        part = next(part.key for part in module.worksheet.parts if source.field in {item.key for item in part.fields})
        described.append(
            PlanSource(
                address=make_address(source),
                module_key=module.key,
                module_title=module.title,
                plan_title=module.worksheet.title,
                field_label=field.label,
                part=part,
                minutes=max(5, estimate_core_minutes(module.worksheet, part)),
                is_open=module.is_open,
            )
        )
    return tuple(described)


def list_related(series: Series, module: Module) -> tuple[Module, ...]:
    """The other modules whose plans ``module``'s plan builds on or whose plans build on it."""
    mine = {source.module for source in _list_sources(module)}
    return tuple(
        other
        for other in series.modules
        if other.key != module.key
        and (other.key in mine or any(source.module == module.key for source in _list_sources(other)))
    )


def read_sources(
    session: Session, series: Series, worksheet: Worksheet, plans: Mapping[str, OwnPlan]
) -> dict[str, Copy]:
    """What each source of ``worksheet`` holds now: the accepted text, else the submitted one, else the draft.

    Living answers are always the newest. Sources in none of ``plans`` are left out.
    """
    texts: dict[str, _Text] = {}
    current = {}
    for source in list_sources(worksheet):
        plan, field = plans.get(source.module), find_source_field(series, source)
        if plan is None or field is None:
            continue
        if source.module not in texts:
            texts[source.module] = _find_text(session, plan)
        text = texts[source.module]
        at = text.living_at if field.living else text.at
        lines = copy_answer(plan.worksheet, source.field, text.document)
        current[make_address(source)] = Copy(lines, text.stage, text.revision, at)
    return current


def find_uses(module_key: str, plans: Mapping[str, OwnPlan]) -> Mapping[str, tuple[RowUse, ...]]:
    """Where the rows of this module's plan are picked in other ``plans``, by "field.row id"."""
    found: dict[str, tuple[RowUse, ...]] = {}
    for plan in plans.values():
        if plan.module.key != module_key and any(source.module == module_key for source in _list_sources(plan.module)):
            for key, uses in find_row_uses(plan.worksheet, plan.draft, module_key).items():
                found[key] = (*found.get(key, ()), *uses)
    return found


def _list_sources(module: Module) -> tuple[FieldSource, ...]:
    return () if module.worksheet is None else list_sources(module.worksheet)


def _find_text(session: Session, plan: OwnPlan) -> _Text:
    is_accepting = and_(
        Review.revision_id == Revision.id,
        Review.status == ReviewStatus.RELEASED,
        Review.decision == Decision.ACCEPT,
    )
    stage, revision = Stage.ACCEPTED, None
    if plan.has_revisions:
        revision = _find_newest(session, select(Revision).join(Review, is_accepting), plan.submission_id)
    if revision is None and plan.state in WAITING:
        stage = Stage.SUBMITTED
        revision = _find_newest(session, select(Revision), plan.submission_id)
    if revision is None:
        return _Text(plan.draft, Stage.DRAFT, 0, plan.saved_at, plan.saved_at)
    document = lay_living_over(plan.worksheet, revision.document, plan.draft)
    return _Text(document, stage, revision.number, revision.submitted_at, plan.saved_at)


def _find_newest(session: Session, statement: Select[Revision], submission_id: int) -> Revision | None:
    newest = statement.where(Revision.submission_id == submission_id).order_by(Revision.number.desc()).limit(1)
    return session.scalar(newest)
