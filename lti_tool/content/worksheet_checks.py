"""What must hold inside a worksheet: keys once, limits in order, picks, promises and privacy that can be kept.

What it takes from other worksheets has a room of its own (``carry_checks``).
"""

from collections import Counter
from collections.abc import Iterator

from lti_tool.content.carry_checks import NAMES_A_ROW_HERE, check_row_name
from lti_tool.content.findings import Finding, find_doubles, list_leaves
from lti_tool.content.problems import Path
from lti_tool.content.schema import Column, Depth, FieldType, Leaf, Worksheet, WorksheetField

_ROW_ID = "id"


def check_fields(sheet: Worksheet, path: Path) -> Iterator[Finding]:
    """Every broken field of ``sheet``, whose address is ``path``."""
    counts = Counter(field.key for part in sheet.parts for field in part.fields)
    rows = {field.key: field for part in sheet.parts for field in part.fields if field.type is FieldType.ROWS}
    for part_index, part in enumerate(sheet.parts):
        if not part.fields:
            yield (*path, "parts", part_index), f"part {part.key} has no fields"
        for index, field in enumerate(part.fields):
            place = (*path, "parts", part_index, "fields", index)
            if counts[field.key] > 1:
                yield (*place, "key"), f"“{field.key}” is the key of {counts[field.key]} fields of this worksheet"
            yield from _check_field(field, place, rows, is_private=False, is_deeper=False)


def _check_field(
    field: WorksheetField, path: Path, rows: dict[str, WorksheetField], *, is_private: bool, is_deeper: bool
) -> Iterator[Finding]:
    is_private = is_private or field.private
    if is_deeper and field.required:
        yield (*path, "required"), "a field inside a deeper group is never required"
    is_deeper = is_deeper or field.depth is Depth.DEEPER
    if field.brief and is_private:
        yield (*path, "brief"), "a private field cannot feed the principal's page"
    yield from _check_group(field, path, rows, is_private=is_private, is_deeper=is_deeper)
    yield from find_doubles((*path, "columns"), (column.key for column in field.columns), "columns")
    yield from find_doubles((*path, "grid_rows"), (row.key for row in field.grid_rows), "rows")
    for index, column in enumerate(field.columns):
        yield from _check_column(column, (*path, "columns", index), is_private=is_private, is_deeper=is_deeper)
    for leaf, place in list_leaves(field, path):
        yield from _check_leaf(leaf, place, rows, is_private=is_private)
    if field.commitment and not _holds_date(field):
        yield (*path, "commitment"), "a promise needs a date: make it a date, or give it a column that is one"
    columns = {column.key for column in field.columns}
    for index, row in enumerate(field.grid_rows):
        for key in row.cells:
            if key not in columns:
                yield (*path, "grid_rows", index, "cells", key), f"there is no column “{key}” in this grid"


def _check_group(
    field: WorksheetField, path: Path, rows: dict[str, WorksheetField], *, is_private: bool, is_deeper: bool
) -> Iterator[Finding]:
    if field.type is not FieldType.GROUP:
        if field.fields:
            yield (*path, "fields"), "only a group has fields inside it"
        return
    yield from find_doubles((*path, "fields"), (inner.key for inner in field.fields), "fields")
    if field.required and not any(inner.required for inner in field.fields):
        yield (*path, "required"), "say which fields of this group are required"
    for index, inner in enumerate(field.fields):
        yield from _check_field(inner, (*path, "fields", index), rows, is_private=is_private, is_deeper=is_deeper)


def _check_column(column: Column, path: Path, *, is_private: bool, is_deeper: bool) -> Iterator[Finding]:
    if column.key == _ROW_ID:
        yield (*path, "key"), "“id” is kept for the row itself; choose another key"
    if column.required and column.depth is Depth.DEEPER:
        yield (*path, "required"), "a deeper column is never required"
    elif column.required and is_deeper:
        yield (*path, "required"), "a column of a deeper field is never required"
    if column.commitment and column.type != "date":
        yield (*path, "commitment"), "only a date can be a promise"
    if column.brief and is_private:
        yield (*path, "brief"), "a private field cannot feed the principal's page"


def _check_leaf(leaf: Leaf, path: Path, rows: dict[str, WorksheetField], *, is_private: bool) -> Iterator[Finding]:
    if leaf.min_words is not None and leaf.max_words is not None and leaf.min_words > leaf.max_words:
        yield (*path, "min_words"), "min_words is larger than max_words"
    yield from find_doubles((*path, "choices"), (choice.key for choice in leaf.choices), "choices")
    if leaf.pick is None or leaf.pick.module is not None:
        return
    source = rows.get(leaf.pick.field)
    if source is None:
        yield (*path, "pick"), f"a pick takes its options from rows, and there are no rows “{leaf.pick.field}” here"
        return
    yield from check_row_name((*path, "pick"), source, leaf.pick.column, leaf.pick.field, NAMES_A_ROW_HERE)
    if source.private and not is_private:
        yield (*path, "pick"), f"“{leaf.pick.field}” is private, so its rows cannot be picked in a field others read"


def _holds_date(field: WorksheetField) -> bool:
    own = any(leaf.type == "date" for leaf, _ in list_leaves(field, ()))
    return own or any(_holds_date(inner) for inner in field.fields)
