"""What must hold between the parts of a series for the tool to work with it: one key once, every name known."""

from collections.abc import Iterable, Iterator

from lti_tool.content.problems import Path, Places, Problem
from lti_tool.content.schema import Criterion, Module, Reading, Series, Worksheet
from lti_tool.content.worksheet_checks import check_fields

Finding = tuple[Path, str]
"""What a check yields: the address of the value, and a sentence."""


def check_structure(series: Series, places: Places) -> tuple[Problem, ...]:
    """Every broken name and doubled key; with one of these the series is not used."""
    return tuple(places.find(path).report(message) for path, message in _check_series(series))


def find_doubles(path: Path, keys: Iterable[str], what: str) -> Iterator[Finding]:
    """The second and later use of a key in the list at ``path``."""
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield (*path, index, "key"), f"two {what} have the key “{key}”"
        seen.add(key)


def _check_series(series: Series) -> Iterator[Finding]:
    yield from find_doubles(("modules",), (module.key for module in series.modules), "modules")
    yield from find_doubles(("bibliography",), (source.key for source in series.bibliography), "sources")
    if set(series.level_names) != {1, 2, 3, 4}:
        yield ("level_names",), "level_names must name the levels 4, 3, 2 and 1"
    sources = {source.key for source in series.bibliography}
    for index, module in enumerate(series.modules):
        path: Path = ("modules", index)
        if module.number != index + 1:
            yield (*path, "number"), f"this is module {index + 1} in series.yaml, but its number is {module.number}"
        yield from _check_module(module, path, sources)


def _check_module(module: Module, path: Path, sources: set[str]) -> Iterator[Finding]:
    if module.is_open:
        for name in ("outcomes", "page", "readings", "reflections", "worksheet"):
            if not getattr(module, name):
                yield path, f"an open module needs its {name}"
    yield from find_doubles((*path, "readings"), (reading.key for reading in module.readings), "readings")
    yield from find_doubles((*path, "reflections"), (item.key for item in module.reflections), "reflections")
    for index, reading in enumerate(module.readings):
        yield from _check_reading(reading, (*path, "readings", index), module, sources)
    for index, reflection in enumerate(module.reflections):
        if reflection.min_words > reflection.max_words:
            yield (*path, "reflections", index, "min_words"), "min_words is larger than max_words"
    if module.worksheet is not None:
        yield from _check_worksheet(module.worksheet, (*path, "worksheet"))
    yield from _check_outcomes(module, path)


def _check_reading(reading: Reading, path: Path, module: Module, sources: set[str]) -> Iterator[Finding]:
    if reading.topic not in module.topics:
        yield (*path, "topic"), f"“{reading.topic}” is not one of the topics in module.yaml"
    for index, key in enumerate(reading.sources):
        if key not in sources:
            yield (*path, "sources", index), f"“{key}” is not in bibliography.yaml"
        elif key in reading.sources[:index]:
            yield (*path, "sources", index), f"“{key}” is listed twice"
    yield from find_doubles((*path, "checks"), (check.key for check in reading.checks), "checks")
    for index, check in enumerate(reading.checks):
        inner = (*path, "checks", index, "options")
        yield from find_doubles(inner, (option.key for option in check.options), "options")


def _check_outcomes(module: Module, path: Path) -> Iterator[Finding]:
    yield from find_doubles((*path, "outcomes"), (outcome.key for outcome in module.outcomes), "outcomes")
    sheet = module.worksheet
    known = {
        "readings": {reading.key for reading in module.readings},
        "fields": {field.key for part in sheet.parts for field in part.fields} if sheet else set(),
        "criteria": {criterion.key for criterion in sheet.rubric} if sheet else set(),
    }
    for index, outcome in enumerate(module.outcomes):
        for name, keys in known.items():
            for position, key in enumerate(getattr(outcome, name)):
                if key not in keys:
                    yield (*path, "outcomes", index, name, position), f"“{key}” is none of this module's {name}"


def _check_worksheet(sheet: Worksheet, path: Path) -> Iterator[Finding]:
    yield from find_doubles((*path, "parts"), (part.key for part in sheet.parts), "parts")
    yield from check_fields(sheet, path)
    parts = [part.key for part in sheet.parts]
    yield from find_doubles((*path, "sittings"), (sitting.key for sitting in sheet.sittings), "sittings")
    placed: set[str] = set()
    for index, sitting in enumerate(sheet.sittings):
        for position, key in enumerate(sitting.parts):
            inner = (*path, "sittings", index, "parts", position)
            if key not in parts:
                yield inner, f"there is no part “{key}” in this worksheet"
            elif key in placed:
                yield inner, f"part {key} is already in a sitting"
            placed.add(key)
    for index, part in enumerate(sheet.parts):
        if part.key not in placed:
            yield (*path, "parts", index, "key"), f"part {part.key} is in no sitting"
    yield from find_doubles((*path, "rubric"), (criterion.key for criterion in sheet.rubric), "criteria")
    if not sheet.rubric:
        yield (*path, "rubric"), "a worksheet needs a rubric"
    for index, criterion in enumerate(sheet.rubric):
        yield from _check_criterion(criterion, sheet, (*path, "rubric", index))


def _check_criterion(criterion: Criterion, sheet: Worksheet, path: Path) -> Iterator[Finding]:
    private = {field.key: field.private for part in sheet.parts for field in part.fields}
    if not criterion.fields:
        yield path, f"“{criterion.title}” names no field to look at"
    for index, key in enumerate(criterion.fields):
        if key not in private:
            yield (*path, "fields", index), f"there is no field “{key}” in this worksheet"
        elif private[key]:
            yield (*path, "fields", index), f"“{key}” is private, so no criterion may look at it"
