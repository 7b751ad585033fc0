"""What a person's plan can take from her other plans now, and where a row of hers is used in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from lti_tool.content.effort import estimate_core_minutes
from lti_tool.content.schema import Module, Series, Worksheet
from lti_tool.content.sources import find_source_field, list_sources, make_address
from lti_tool.domain.answers import Document
from lti_tool.domain.carrying import Copy, Stage, copy_answer
from lti_tool.domain.living import lay_living_over
from lti_tool.domain.row_uses import RowUse, find_row_uses
from lti_tool.domain.submissions import WAITING, Decision, ReviewStatus, WorkState
from lti_tool.models import Review, Revision, Submission
from lti_tool.services.score_facts import PLAN_KEY


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
        part = next(part.key for part in module.worksheet.parts if field in part.fields)
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


def read_sources(
    session: Session, series: Series, worksheet: Worksheet, *, cohort_id: int, user_id: int
) -> dict[str, Copy]:
    """What each source of ``worksheet`` holds now: the accepted text, else the submitted one, else the draft.

    Living answers are always the newest. Sources of plans that were never saved are left out.
    """
    sources = list_sources(worksheet)
    modules = [module for key in {source.module for source in sources} if (module := series.find_module(key))]
    texts = _read_texts(session, modules, cohort_id=cohort_id, user_id=user_id)
    current = {}
    for source in sources:
        text, module = texts.get(source.module), series.find_module(source.module)
        field = find_source_field(series, source)
        if text is None or module is None or module.worksheet is None or field is None:
            continue
        at = text.living_at if field.living else text.at
        lines = copy_answer(module.worksheet, source.field, text.document)
        current[make_address(source)] = Copy(lines, text.stage, text.revision, at)
    return current


def find_uses(
    session: Session, series: Series, module_key: str, *, cohort_id: int, user_id: int
) -> Mapping[str, tuple[RowUse, ...]]:
    """Where the rows of this module's plan are picked in this person's other plans, by "field.row id"."""
    others = [
        module
        for module in series.modules
        if module.worksheet is not None
        and any(source.module == module_key for source in list_sources(module.worksheet))
    ]
    found: dict[str, tuple[RowUse, ...]] = {}
    for row in _select_plans(session, others, cohort_id=cohort_id, user_id=user_id):
        module = series.find_module(row.module_key)
        if module is not None and module.worksheet is not None:
            for key, uses in find_row_uses(module.worksheet, row.draft, module_key).items():
                found[key] = (*found.get(key, ()), *uses)
    return found


def _read_texts(session: Session, modules: Iterable[Module], *, cohort_id: int, user_id: int) -> dict[str, _Text]:
    texts = {}
    for row in _select_plans(session, modules, cohort_id=cohort_id, user_id=user_id):
        module = next(module for module in modules if module.key == row.module_key)
        text = _find_text(session, row, module)
        if text is not None:
            texts[row.module_key] = text
    return texts


def _select_plans(session: Session, modules: Iterable[Module], *, cohort_id: int, user_id: int) -> list[Any]:
    keys = [module.key for module in modules]
    if not keys:
        return []
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
        Submission.module_key.in_(keys),
        Submission.draft_version > 0,
    )
    return list(session.execute(statement))


def _find_text(session: Session, row: Any, module: Module) -> _Text | None:
    if module.worksheet is None or row.draft_saved_at is None:
        return None
    is_accepting = and_(
        Review.revision_id == Revision.id,
        Review.status == ReviewStatus.RELEASED,
        Review.decision == Decision.ACCEPT,
    )
    stage, revision = Stage.ACCEPTED, None
    if row.revision_count:
        revision = _find_newest(session, select(Revision).join(Review, is_accepting), row.id)
    if revision is None and WorkState(row.state) in WAITING:
        stage = Stage.SUBMITTED
        revision = _find_newest(session, select(Revision), row.id)
    if revision is None:
        return _Text(row.draft, Stage.DRAFT, 0, row.draft_saved_at, row.draft_saved_at)
    document = lay_living_over(module.worksheet, revision.document, row.draft)
    return _Text(document, stage, revision.number, revision.submitted_at, row.draft_saved_at)


def _find_newest(session: Session, statement: Select[Revision], submission_id: int) -> Revision | None:
    newest = statement.where(Revision.submission_id == submission_id).order_by(Revision.number.desc()).limit(1)
    return session.scalar(newest)
