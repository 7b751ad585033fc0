"""What ties a plan to the author's other plans, as its pages show it: sources, their changes, and uses of its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lti_tool.content.questions import Question, list_places
from lti_tool.content.schema import Worksheet
from lti_tool.content.sources import list_field_sources, make_address
from lti_tool.domain.answer_lines import list_lines, print_cell
from lti_tool.domain.answers import Document
from lti_tool.domain.carrying import SourceChange
from lti_tool.domain.row_uses import RowUse, find_row_uses
from lti_tool.services.brief import BriefSection
from lti_tool.services.plan_sources import PlanSource
from lti_tool.services.work import WorkPage


@dataclass(frozen=True, slots=True)
class PlanLinks:
    """``sources`` by address; ``changes`` by the path of the field that shows them; ``uses`` by "rows path.row id"."""

    sources: Mapping[str, PlanSource] = field(default_factory=dict)
    changes: Mapping[str, tuple[SourceChange, ...]] = field(default_factory=dict)
    uses: Mapping[str, tuple[RowUse, ...]] = field(default_factory=dict)
    brief: tuple[BriefSection, ...] = ()


def link_plan(worksheet: Worksheet, page: WorkPage, document: Document) -> PlanLinks:
    """The links of the plan on ``page`` whose answers are those of ``document`` now."""
    return PlanLinks(
        sources={source.address: source for source in page.sources},
        changes=_place_changes(worksheet, page.source_changes),
        uses=find_uses(worksheet, page, document),
        brief=page.brief,
    )


def find_uses(worksheet: Worksheet, page: WorkPage, document: Document) -> Mapping[str, tuple[RowUse, ...]]:
    """Where the rows of this plan are picked, in it and in the author's other plans."""
    uses = dict(find_row_uses(worksheet, document))
    for key, others in page.row_uses.items():
        uses[key] = (*uses.get(key, ()), *others)
    return uses


def name_row(question: Question, row_id: str, document: Document) -> str:
    """What people call a row of ``document`` (already shaped): its number and its first words."""
    lines = list_lines(question, document)
    for number, line in enumerate(lines, start=1):
        if line.key == row_id:
            words = next((print_cell(cell, document) for cell in line.cells if not cell.is_blank), "")
            return f"{question.field.row_name} {number}" + (f" (“{words}”)" if words else "")
    return question.field.row_name


def _place_changes(worksheet: Worksheet, changes: Iterable[SourceChange]) -> Mapping[str, tuple[SourceChange, ...]]:
    """Each change beside the field that carries its source, else beside the first one that picks from it."""
    carrying: dict[str, str] = {}
    using: dict[str, str] = {}
    for place in list_places(worksheet):
        for source in list_field_sources(place.field):
            using.setdefault(make_address(source), place.path.partition(".")[0])
        if place.field.source is not None:
            carrying.setdefault(make_address(place.field.source), place.path)
    placed: dict[str, tuple[SourceChange, ...]] = {}
    for change in changes:
        path = carrying.get(change.address) or using.get(change.address)
        if path is not None:
            placed[path] = (*placed.get(path, ()), change)
    return placed
