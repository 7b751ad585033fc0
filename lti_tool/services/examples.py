"""A plan filled in for the invented campus: a strong and a weak version, with notes that name what earns a level."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lti_tool.content.schema import Exemplar, Filling, MarginNote, Module, Series, Worksheet
from lti_tool.content.sources import list_sources, make_address
from lti_tool.domain.answer_views import DescribedPart, Reader, describe_answers
from lti_tool.domain.answers import Document, shape_document
from lti_tool.domain.carrying import Copy, Stage, copy_answer, take_copies
from lti_tool.models import Store
from lti_tool.services.errors import NotFoundError
from lti_tool.services.modules import find_module
from lti_tool.services.own_plans import read_own_plans
from lti_tool.services.visits import Visit
from lti_tool.services.work import require_worker

STRONG, WEAK = "strong", "weak"


@dataclass(frozen=True, slots=True)
class ExamplePage:
    """One version of a module's example. ``notes`` by the key of the field they stand beside."""

    module: Module
    worksheet: Worksheet
    exemplar: Exemplar
    version: str
    parts: tuple[DescribedPart, ...]
    notes: Mapping[str, tuple[MarginNote, ...]]
    criteria: Mapping[str, str]


def describe_example(series: Series, module_key: str, version: str) -> ExamplePage:
    """The example of a module's plan; an unknown ``version`` is the strong one.

    Raises:
        NotFoundError: the module is not open or has no example.
    """
    module = find_module(series, module_key)
    if not module.is_open or module.worksheet is None or module.exemplar is None:
        raise NotFoundError("There is no example in this session.")
    version = WEAK if version == WEAK else STRONG
    filling = module.exemplar.weak if version == WEAK else module.exemplar.strong
    notes: dict[str, tuple[MarginNote, ...]] = {}
    for note in filling.notes:
        notes[note.field] = (*notes.get(note.field, ()), note)
    return ExamplePage(
        module=module,
        worksheet=module.worksheet,
        exemplar=module.exemplar,
        version=version,
        parts=describe_answers(module.worksheet, fill_example(series, module.worksheet, filling), reader=Reader.AUTHOR),
        notes=notes,
        criteria={criterion.key: criterion.title for criterion in module.worksheet.rubric},
    )


def fill_example(series: Series, worksheet: Worksheet, filling: Filling) -> Document:
    """The document of a filling, with copies of the strong examples of the plans it builds on."""
    return _fill(series, worksheet, filling, {})


def _fill(series: Series, worksheet: Worksheet, filling: Filling, filled: dict[str, Document]) -> Document:
    """``filled`` keeps the strong examples of other modules, each of which builds on earlier ones in its turn."""
    document = shape_document(worksheet, {"fields": filling.answers})
    current = {}
    for source in list_sources(worksheet):
        module = series.find_module(source.module)
        if module is None or module.worksheet is None or module.exemplar is None:
            continue
        if module.key not in filled:
            filled[module.key] = _fill(series, module.worksheet, module.exemplar.strong, filled)
        lines = copy_answer(module.worksheet, source.field, filled[module.key])
        current[make_address(source)] = Copy(lines, Stage.EXAMPLE, 0, datetime(1970, 1, 1, tzinfo=UTC))
    return take_copies(worksheet, document, current)


def has_own_draft(store: Store, visit: Visit, series: Series, module_key: str) -> bool:
    """Whether this person saved anything of this plan; those who have no work of their own need none."""
    if not visit.may_work:
        return True
    with store.reading() as session:
        module = find_module(series, module_key)
        return bool(read_own_plans(session, (module,), cohort_id=require_worker(visit), user_id=visit.user_id))
