"""What must hold between the parts of a series for the tool to work with it: one key once, every name known."""

from collections.abc import Iterator

from lti_tool.content.carry_checks import check_carrying
from lti_tool.content.exemplar_checks import check_exemplars
from lti_tool.content.findings import Finding, find_doubles, is_all_private
from lti_tool.content.problems import Path, Places, Problem
from lti_tool.content.schema import Criterion, FieldType, Module, Reading, Series, Worksheet
from lti_tool.content.worksheet_checks import check_fields


def check_structure(series: Series, places: Places) -> tuple[Problem, ...]:
    """Every broken name and doubled key; with one of these the series is not used."""
    return tuple(places.find(path).report(message) for path, message in _check_series(series))


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
        yield from _check_reaching_back(series, index)
    yield from check_carrying(series)
    yield from check_exemplars(series)


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


def _check_reaching_back(series: Series, index: int) -> Iterator[Finding]:
    numbers = {module.key: number for number, module in enumerate(series.modules)}
    for reading_index, reading in enumerate(series.modules[index].readings):
        for position, check in enumerate(reading.checks):
            path = ("modules", index, "readings", reading_index, "checks", position, "from_session")
            if check.from_session is None:
                continue
            if check.from_session not in numbers:
                yield path, f"there is no module “{check.from_session}”"
            elif numbers[check.from_session] >= index:
                yield path, f"a check reaches back to an earlier module, and “{check.from_session}” is not one"


def _check_outcomes(module: Module, path: Path) -> Iterator[Finding]:
    yield from find_doubles((*path, "outcomes"), (outcome.key for outcome in module.outcomes), "outcomes")
    sheet = module.worksheet
    known = {
        "readings": {reading.key for reading in module.readings},
        "reflections": {reflection.key for reflection in module.reflections},
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
    fields = {field.key: field for part in sheet.parts for field in part.fields}
    if not criterion.fields:
        yield path, f"“{criterion.title}” names no field to look at"
    for index, key in enumerate(criterion.fields):
        field = fields.get(key)
        if field is None:
            yield (*path, "fields", index), f"there is no field “{key}” in this worksheet"
        elif is_all_private(field):
            yield (*path, "fields", index), f"“{key}” is private, so no criterion may look at it"
        elif field.type is FieldType.COMPUTED:
            yield (*path, "fields", index), f"“{key}” is worked out by the tool, so no criterion may look at it"
