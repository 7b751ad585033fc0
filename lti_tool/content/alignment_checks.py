"""The alignment matrix: every outcome is read about, tried, thought over, written and weighed, and nothing serves none.

A reading always has checks (its schema asks for three), so an outcome that has a reading has its checks.
"""

from collections.abc import Iterator

from lti_tool.content.findings import Finding, is_all_private
from lti_tool.content.problems import Path
from lti_tool.content.schema import FieldType, Module

_SERVED_BY = (
    ("readings", "reading with its checks"),
    ("reflections", "reflection"),
    ("fields", "field of the worksheet"),
    ("criteria", "criterion"),
)
# What the tool brings or works out is practised where it was written.
_NOT_WRITTEN_HERE = frozenset({FieldType.CARRIED, FieldType.COMPUTED})


def check_alignment(module: Module, path: Path) -> Iterator[Finding]:
    """Every empty row and every orphan column of the matrix of ``module``."""
    topics = {reading.topic for reading in module.readings}
    for index, topic in enumerate(module.topics):
        if topic not in topics:
            yield (*path, "topics", index), f"no reading is about “{topic}”"
    for index, outcome in enumerate(module.outcomes):
        for name, what in _SERVED_BY:
            if not getattr(outcome, name):
                yield (*path, "outcomes", index, name), f"outcome “{outcome.key}” has no {what}"
    for name, key, place in _list_columns(module, path):
        if not any(key in getattr(outcome, name) for outcome in module.outcomes):
            what = {"readings": "reading", "reflections": "reflection", "fields": "field"}.get(name, "criterion")
            yield place, f"{what} “{key}” serves no outcome in module.yaml"


def _list_columns(module: Module, path: Path) -> Iterator[tuple[str, str, Path]]:
    """What should serve an outcome: the name of its list there, its key and its place."""
    for index, reading in enumerate(module.readings):
        yield "readings", reading.key, (*path, "readings", index, "key")
    for index, reflection in enumerate(module.reflections):
        yield "reflections", reflection.key, (*path, "reflections", index, "key")
    if module.worksheet is None:
        return
    for part_index, part in enumerate(module.worksheet.parts):
        for index, field in enumerate(part.fields):
            if field.type not in _NOT_WRITTEN_HERE and not is_all_private(field):
                yield "fields", field.key, (*path, "worksheet", "parts", part_index, "fields", index, "key")
    for index, criterion in enumerate(module.worksheet.rubric):
        yield "criteria", criterion.key, (*path, "worksheet", "rubric", index, "key")
