"""What makes a series worth a learner's time, as far as it can be counted: advice that does not stop the tool.

Every outcome is practised and looked at, every topic is read about, texts are of a length and level to be read
between two classes, and nobody faces a question without help and an example.
"""

from collections.abc import Iterator

from lti_tool.content.problems import Path, Places, Problem
from lti_tool.content.readability import measure_grade
from lti_tool.content.schema import Module, Reading, Series, Worksheet, WorksheetField

_READING_WORDS = (700, 1200)
_HARDEST_GRADE = 10.5
_NEEDS_EXAMPLE = frozenset({"text", "prose", "number", "money"})

Finding = tuple[Path, str]


def check_teaching(series: Series, places: Places) -> tuple[Problem, ...]:
    """Advice on the open modules of ``series``."""
    return tuple(
        places.find(path).report(message)
        for index, module in enumerate(series.modules)
        if module.is_open
        for path, message in _check_module(module, ("modules", index))
    )


def _check_module(module: Module, path: Path) -> Iterator[Finding]:
    read_about = {reading.topic for reading in module.readings}
    for index, topic in enumerate(module.topics):
        if topic not in read_about:
            yield (*path, "topics", index), f"no reading is about “{topic}”"
    yield from _check_alignment(module, path)
    for index, reading in enumerate(module.readings):
        yield from _check_reading(reading, (*path, "readings", index))
    if module.worksheet is not None:
        yield from _check_help(module.worksheet, (*path, "worksheet"))


def _check_alignment(module: Module, path: Path) -> Iterator[Finding]:
    for index, outcome in enumerate(module.outcomes):
        for name, what in (("readings", "reading"), ("fields", "field of the worksheet"), ("criteria", "criterion")):
            if not getattr(outcome, name):
                yield (*path, "outcomes", index, name), f"outcome “{outcome.key}” has no {what}"
    read = {key for outcome in module.outcomes for key in outcome.readings}
    for index, reading in enumerate(module.readings):
        if reading.key not in read:
            yield (*path, "readings", index, "key"), f"reading “{reading.key}” serves no outcome in module.yaml"
    weighed = {key for outcome in module.outcomes for key in outcome.criteria}
    for index, criterion in enumerate(module.worksheet.rubric if module.worksheet else ()):
        if criterion.key not in weighed:
            place = (*path, "worksheet", "rubric", index, "key")
            yield place, f"criterion “{criterion.key}” serves no outcome in module.yaml"


def _check_reading(reading: Reading, path: Path) -> Iterator[Finding]:
    fewest, most = _READING_WORDS
    if not fewest <= reading.words <= most:
        yield path, f"this reading has {reading.words} words; {fewest} to {most} are read in one sitting"
    grade = measure_grade(reading.text)
    if grade > _HARDEST_GRADE:
        yield path, f"this reading is at grade {grade}; {_HARDEST_GRADE} is the most (shorten sentences and words)"


def _check_help(sheet: Worksheet, path: Path) -> Iterator[Finding]:
    for part_index, part in enumerate(sheet.parts):
        for index, field in enumerate(part.fields):
            yield from _check_example(field, (*path, "parts", part_index, "fields", index))


def _check_example(field: WorksheetField, path: Path) -> Iterator[Finding]:
    if field.leaf is not None and field.leaf.type in _NEEDS_EXAMPLE and not field.example:
        yield path, f"“{field.key}” has no example"
    for index, column in enumerate(field.columns):
        if column.type in _NEEDS_EXAMPLE and not (column.example or field.example):
            yield (*path, "columns", index), f"neither “{field.key}” nor its column “{column.key}” has an example"
    for index, inner in enumerate(field.fields):
        yield from _check_example(inner, (*path, "fields", index))
