"""What makes a series worth a learner's time, as far as it can be counted: advice that does not stop the tool.

Every outcome is practised and looked at, every topic is read about, texts are of a length and level to be read
between two classes, a plan fits its sittings, and nobody faces a question without help, a reason and an example.
"""

from collections.abc import Iterator

from lti_tool.content.alignment_checks import check_alignment
from lti_tool.content.effort import estimate_core_minutes, estimate_sitting_minutes
from lti_tool.content.exemplar_checks import list_missing_notes
from lti_tool.content.findings import Finding, list_fields
from lti_tool.content.problems import Path, Places, Problem
from lti_tool.content.reading_checks import check_reading
from lti_tool.content.schema import FieldType, Module, Series, Worksheet, WorksheetField

_LONGEST_SITTING = 25
_OVER_TARGET = 1.1
# What needs no example: an answer that is no words of hers, and a group, whose fields have their own.
_NO_EXAMPLE = frozenset({FieldType.CHECK, FieldType.SCALE, FieldType.GROUP})
_WRITTEN_COLUMNS = frozenset({"text", "prose", "number", "money"})
_NOT_ASKED = frozenset({FieldType.CARRIED, FieldType.COMPUTED})


def check_teaching(series: Series, places: Places) -> tuple[Problem, ...]:
    """Advice on the open modules of ``series``."""
    return tuple(
        places.find(path).report(message)
        for index, module in enumerate(series.modules)
        if module.is_open
        for path, message in _check_module(module, ("modules", index), is_first=index == 0)
    )


def _check_module(module: Module, path: Path, *, is_first: bool) -> Iterator[Finding]:
    yield from check_alignment(module, path)
    for index, reading in enumerate(module.readings):
        yield from check_reading(reading, (*path, "readings", index), reaches_back=not is_first)
    if module.worksheet is not None:
        yield from _check_time(module.worksheet, (*path, "worksheet"))
        yield from _check_help(module.worksheet, (*path, "worksheet"))
    if module.exemplar is None:
        yield path, "there is no exemplar.yaml: a strong and a weak plan to look at"
    for filling, criterion in list_missing_notes(module):
        yield (*path, "exemplar", filling, "notes"), f"no margin note is about “{criterion}” in the {filling} plan"


def _check_time(sheet: Worksheet, path: Path) -> Iterator[Finding]:
    minutes = estimate_core_minutes(sheet)
    if sheet.target_minutes is not None and minutes > sheet.target_minutes * _OVER_TARGET:
        yield (
            (*path, "target_minutes"),
            f"the core questions take about {minutes} minutes; the target is {sheet.target_minutes}",
        )
    for index, sitting in enumerate(sheet.sittings):
        minutes = estimate_sitting_minutes(sheet, sitting)
        if minutes > _LONGEST_SITTING:
            yield (
                (*path, "sittings", index),
                f"the core questions of this sitting take about {minutes} minutes; {_LONGEST_SITTING} is the most",
            )


def _check_help(sheet: Worksheet, path: Path) -> Iterator[Finding]:
    for placed in list_fields(sheet, path):
        field = placed.field
        if field.type in _NOT_ASKED:
            continue
        if not field.why and not placed.is_inner:
            yield placed.place, f"“{field.key}” does not say why it is asked"
        if not field.example and field.type not in _NO_EXAMPLE:
            yield placed.place, f"“{field.key}” has no example"
        yield from _check_columns(field, placed.place)


def _check_columns(field: WorksheetField, path: Path) -> Iterator[Finding]:
    for index, column in enumerate(field.columns):
        if column.type not in _WRITTEN_COLUMNS:
            continue
        if not column.help:
            yield (*path, "columns", index), f"the column “{column.key}” of “{field.key}” has no help"
        if not column.example:
            yield (*path, "columns", index), f"the column “{column.key}” of “{field.key}” has no example"
