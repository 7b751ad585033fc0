"""Plans build on one another: what a plan copied of an earlier one, and what to do when the earlier one changes.

A document keeps its copies under ``"carried"`` by address ("visioning.mission_statement"). A copy is in words, so that
a submitted plan reads the same whatever becomes of its source: ``{"lines": [{"id", "label", "cells": [{"key", "label",
"text", "value"}]}], "stage": "accepted" | "submitted" | "draft", "revision": n, "at": ISO time, "kept": fingerprint}``.
The id of a line is the id of its row, which picks name. ``kept`` is the newer text that its author has seen and chosen
not to take.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import Worksheet
from lti_tool.content.sources import list_columns_used, list_sources, make_address
from lti_tool.domain.answer_lines import list_lines, list_pick_options, print_cell
from lti_tool.domain.answers import Document, blank_row, get_answer, set_answer, shape_document
from lti_tool.domain.row_uses import free_picks


class Stage(StrEnum):
    """How far the source was when its text was copied."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class CopiedCell:
    """One answer in words; ``value`` is how it was stored."""

    key: str
    label: str
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class CopiedLine:
    """A row of the source; a single answer is one line whose id is ""."""

    id: str
    label: str
    cells: tuple[CopiedCell, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """The text of a field of another plan, as it was at ``at``. ``revision`` is 0 for a draft."""

    lines: tuple[CopiedLine, ...]
    stage: Stage
    revision: int
    at: datetime

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to carry yet."""
        return not self.lines

    def print(self) -> str:
        """All of it in words, a line for each row."""
        return "\n".join(print_line(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source that reads differently from the copy a plan holds; ``after`` is empty when it was emptied.

    ``columns`` are those that the plan shows or picks by; what changed in others is no concern of it.
    """

    address: str
    before: Copy
    after: Copy
    columns: tuple[str, ...] = ()

    @property
    def differing(self) -> tuple[Copy, Copy]:
        """Both texts with only the lines and columns in which they differ."""
        before, after = narrow_copy(self.before, self.columns), narrow_copy(self.after, self.columns)
        return _leave_out(before, after), _leave_out(after, before)

    @property
    def same_lines(self) -> int:
        """How many lines read the same in both."""
        after = narrow_copy(self.after, self.columns)
        return len(after.lines) - len(self.differing[1].lines)


def print_line(line: CopiedLine) -> str:
    """A copied row in one line of words."""
    return "; ".join(cell.text for cell in line.cells)


def copy_answer(worksheet: Worksheet, key: str, document: Document) -> tuple[CopiedLine, ...]:
    """What stands in the field ``key`` of ``document``, in words.

    Rows with nothing in them and private members of a group are left out. A field that is private as a whole is copied:
    content checks let only private fields take it, and these are shown to nobody but their author.
    """
    document = shape_document(worksheet, document)
    lines = []
    for question in list_questions(worksheet):
        if question.path.partition(".")[0] != key or question.private_path not in {"", key}:
            continue
        inner = question.path.partition(".")[2]
        for line in list_lines(question, document):
            cells = tuple(
                CopiedCell(
                    cell.key or inner,
                    question.field.columns[index].label if question.field.columns else question.field.label,
                    print_cell(cell, document),
                    cell.value,
                )
                for index, cell in enumerate(line.cells)
                if not cell.is_blank
            )
            if cells:
                label = line.label.removeprefix(f"{question.label}: ") if question.field.columns else ""
                lines.append(CopiedLine(".".join(filter(None, (inner, line.key))), label, cells))
    return tuple(lines)


def read_copy(document: Document, address: str) -> Copy | None:
    """The copy that ``document`` holds of ``address``."""
    return _load(document.get("carried", {}).get(address))


def take_copies(worksheet: Worksheet, document: Document, current: Mapping[str, Copy]) -> Document:
    """``document`` with a copy of every source that has something to carry and was not copied yet."""
    taken = [
        address
        for address in map(make_address, list_sources(worksheet))
        if address in current and not current[address].is_empty and read_copy(document, address) is None
    ]
    return _take(worksheet, document, taken, current) if taken else document


def find_source_changes(
    worksheet: Worksheet, document: Document, current: Mapping[str, Copy]
) -> tuple[SourceChange, ...]:
    """The sources that read differently from their copies, less those whose newer text she chose not to take."""
    changes = []
    for address in map(make_address, list_sources(worksheet)):
        before, after = read_copy(document, address), current.get(address)
        if before is None or after is None:
            continue
        columns = list_columns_used(worksheet, address)
        fingerprint = make_fingerprint(after, columns)
        if fingerprint not in {make_fingerprint(before, columns), document["carried"][address].get("kept")}:
            changes.append(SourceChange(address, before, after, columns))
    return tuple(changes)


def keep_copy(worksheet: Worksheet, document: Document, address: str, newer: Copy) -> Document:
    """``document`` with its own copy of ``address`` kept; it is not asked again until the source changes once more."""
    copy = document.get("carried", {}).get(address)
    if copy is None:
        return document
    fingerprint = make_fingerprint(newer, list_columns_used(worksheet, address))
    return {**document, "carried": {**document["carried"], address: {**copy, "kept": fingerprint}}}


def update_copy(worksheet: Worksheet, document: Document, address: str, newer: Copy) -> Document:
    """``document`` with ``newer`` in place of its copy of ``address``.

    Picks go on naming the same rows; where a row is gone, its words stay as if typed here. Nothing is left of a copy
    whose source was emptied: she can type a working version again, and what is written there later is copied anew.
    """
    older = read_copy(document, address)
    if older is not None:
        gone = {line.id for line in older.lines} - {line.id for line in newer.lines}
        module, _, field = address.partition(".")
        document = free_picks(worksheet, document, field, gone, module)
    if newer.is_empty:
        return _drop_copy(document, address)
    return _take(worksheet, document, [address], {address: newer})


def narrow_copy(copy: Copy, columns: tuple[str, ...]) -> Copy:
    """``copy`` with only ``columns``, or all of it where none are named."""
    if not columns:
        return copy
    lines = (replace(line, cells=tuple(cell for cell in line.cells if cell.key in columns)) for line in copy.lines)
    return replace(copy, lines=tuple(line for line in lines if line.cells))


def make_fingerprint(copy: Copy, columns: tuple[str, ...] = ()) -> str:
    """A short name for exactly these words in these columns; the order of the rows does not matter."""
    lines = sorted(_print_lines(narrow_copy(copy, columns).lines))
    return sha256(json.dumps(lines, ensure_ascii=False).encode()).hexdigest()[:20]


def _take(worksheet: Worksheet, document: Document, addresses: Iterable[str], current: Mapping[str, Copy]) -> Document:
    copies = {**document.get("carried", {}), **{address: _store(current[address]) for address in addresses}}
    return _fill_rows(worksheet, {**document, "carried": copies}, set(addresses))


def _drop_copy(document: Document, address: str) -> Document:
    copies = {key: copy for key, copy in document.get("carried", {}).items() if key != address}
    rest = {key: value for key, value in document.items() if key != "carried"}
    return {**rest, "carried": copies} if copies else rest


def _fill_rows(worksheet: Worksheet, document: Document, addresses: set[str]) -> Document:
    """A row for every option of the pick that ``one_row_for`` names, if the option was just copied."""
    for question in list_questions(worksheet):
        column = next((item for item in question.field.columns if item.key == question.field.one_row_for), None)
        if column is None or column.pick is None or make_address(column.pick) not in addresses:
            continue
        rows = get_answer(document, question.path)
        picked = {row[column.key] for row in rows}
        written = [line.key for line in list_lines(question, document) if line.is_begun]
        filled = [row for row in rows if row["id"] in written]
        taken = {row["id"] for row in filled}
        for option in list_pick_options(document, column.pick):
            if option.row_id in picked or len(filled) >= question.field.max_rows:
                continue
            spare = (f"{option.row_id[:37]}-{number}" for number in range(1, len(taken) + 1))
            row_id = next(name for name in (option.row_id, *spare) if name not in taken)
            taken.add(row_id)
            filled.append({**blank_row(question.field, row_id), column.key: option.row_id})
        document = set_answer(document, question.path, filled or rows)
    return document


def _leave_out(copy: Copy, other: Copy) -> Copy:
    """``copy`` without the lines that ``other`` has too, and without the cells that are the same in both."""
    known = {line.id: {cell.key: cell.text for cell in line.cells} for line in other.lines}
    lines = []
    for line in copy.lines:
        cells = {cell.key: cell.text for cell in line.cells}
        if cells == known.get(line.id):
            continue
        is_new = line.id not in known
        first, *rest = line.cells
        kept = [cell for cell in rest if is_new or known[line.id].get(cell.key) != cell.text]
        lines.append(replace(line, cells=(first, *kept)))
    return replace(copy, lines=tuple(lines))


def _print_lines(lines: tuple[CopiedLine, ...]) -> list[list[str]]:
    return [[line.id, *(f"{cell.key}: {cell.text}" for cell in line.cells)] for line in lines]


def _store(copy: Copy) -> dict[str, Any]:
    return {
        "lines": [
            {
                "id": line.id,
                "label": line.label,
                "cells": [
                    {"key": cell.key, "label": cell.label, "text": cell.text, "value": cell.value}
                    for cell in line.cells
                ],
            }
            for line in copy.lines
        ],
        "stage": copy.stage.value,
        "revision": copy.revision,
        "at": copy.at.isoformat(),
    }


def _load(stored: Any) -> Copy | None:
    """A stored copy; one in a shape nobody wrote counts as none."""
    try:
        return Copy(
            lines=tuple(
                CopiedLine(
                    line["id"],
                    line["label"],
                    tuple(
                        CopiedCell(cell["key"], cell["label"], cell["text"], cell["value"]) for cell in line["cells"]
                    ),
                )
                for line in stored["lines"]
            ),
            stage=Stage(stored["stage"]),
            revision=int(stored["revision"]),
            at=datetime.fromisoformat(stored["at"]),
        )
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
