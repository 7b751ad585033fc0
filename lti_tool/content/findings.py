"""What a check yields, and the walks over lists and worksheets that the checks share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lti_tool.content.problems import Path
from lti_tool.content.schema import Leaf, Worksheet, WorksheetField

Finding = tuple[Path, str]
"""The address of a value, and a sentence about it."""


@dataclass(frozen=True, slots=True)
class PlacedField:
    """A field with its place in the data and its address in the worksheet ("soar.strengths").

    ``is_private`` counts the groups around it. ``is_inner``: it stands inside a group.
    """

    field: WorksheetField
    place: Path
    address: str
    is_private: bool
    is_inner: bool = False


def find_doubles(path: Path, keys: Iterable[str], what: str) -> Iterator[Finding]:
    """The second and later use of a key in the list at ``path``."""
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield (*path, index, "key"), f"two {what} have the key “{key}”"
        seen.add(key)


def list_fields(sheet: Worksheet, path: Path) -> Iterator[PlacedField]:
    """Every field of ``sheet``, whose place is ``path``, groups before what is inside them."""
    for part_index, part in enumerate(sheet.parts):
        for index, field in enumerate(part.fields):
            place = (*path, "parts", part_index, "fields", index)
            yield from _open_field(PlacedField(field, place, field.key, field.private))


def list_leaves(field: WorksheetField, path: Path) -> Iterator[tuple[Leaf, Path]]:
    """Every kind of answer that ``field`` itself asks for, with its place."""
    if field.leaf is not None:
        yield field.leaf, path
    for index, column in enumerate(field.columns):
        yield column, (*path, "columns", index)
    for index, row in enumerate(field.grid_rows):
        for key, leaf in row.cells.items():
            yield leaf, (*path, "grid_rows", index, "cells", key)


def is_all_private(field: WorksheetField) -> bool:
    """Whether nothing of ``field`` is read by anybody but its author."""
    return field.private or (bool(field.fields) and all(map(is_all_private, field.fields)))


def _open_field(placed: PlacedField) -> Iterator[PlacedField]:
    yield placed
    for index, inner in enumerate(placed.field.fields):
        yield from _open_field(
            PlacedField(
                inner,
                (*placed.place, "fields", index),
                f"{placed.address}.{inner.key}",
                placed.is_private or inner.private,
                is_inner=True,
            )
        )
