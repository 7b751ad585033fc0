"""A question with its answers laid out in lines and cells, the one walk that all rules on answers share.

A question of one answer is a single line with a single cell; a grid has its given lines; rows have one line each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lti_tool.content.questions import Question
from lti_tool.content.schema import Depth, FieldType, Leaf, PickSource
from lti_tool.content.sources import make_address
from lti_tool.domain.answer_values import print_value
from lti_tool.domain.answers import TYPED, Document, ShapedDocument, get_answer

_NO_KINDS: Mapping[str, Leaf] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cell:
    """One place to write. ``required`` is the column's own mark; whether it counts, the line decides.

    ``is_carried``: beside what another plan brings, so that words after "typed:" are a working version of it.
    """

    path: str
    key: str
    label: str
    leaf: Leaf
    value: str
    depth: Depth
    required: bool
    is_carried: bool = False

    @property
    def words(self) -> str:
        """What is written here, without the mark of a working version."""
        return self.value.removeprefix(TYPED) if self.is_carried else self.value

    @property
    def is_blank(self) -> bool:
        """Whether nothing is written here."""
        return not self.value.removeprefix(TYPED).strip()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table; ``key`` is its row id or its key in a grid, "" for a question of one answer."""

    key: str
    path: str
    label: str
    cells: tuple[Cell, ...]

    @property
    def is_begun(self) -> bool:
        """Whether anything is written in it."""
        return any(not cell.is_blank for cell in self.cells)


@dataclass(frozen=True, slots=True)
class PickOption:
    """A row that may be picked, by its id and its words."""

    row_id: str
    label: str


def list_lines(question: Question, document: Document) -> tuple[Line, ...]:
    """The lines of ``question`` as ``document`` (already shaped) fills them."""
    if not isinstance(document, ShapedDocument):
        return _lay_lines(question, document)
    lines: tuple[Line, ...] | None = document.lines.get(question.path)
    if lines is None:
        lines = document.lines[question.path] = _lay_lines(question, document)
    return lines


def _lay_lines(question: Question, document: Document) -> tuple[Line, ...]:
    field = question.field
    answer = get_answer(document, question.path)
    match field.type:
        case FieldType.ROWS:
            return tuple(
                _make_line(question, row["id"], f"{field.row_name} {number}", row)
                for number, row in enumerate(answer, start=1)
            )
        case FieldType.GRID:
            return tuple(
                _make_line(question, row.key, f"{question.label}: {row.label}", answer[row.key], row.cells)
                for row in field.grid_rows
            )
    cell = Cell(
        question.path,
        "",
        question.label,
        question.leaf,
        answer,
        question.depth,
        question.required,
        is_carried=field.source is not None,
    )
    return (Line("", question.path, question.label, (cell,)),)


def _make_line(
    question: Question, key: str, label: str, values: Mapping[str, str], kinds: Mapping[str, Leaf] = _NO_KINDS
) -> Line:
    path = f"{question.path}.{key}"
    cells = tuple(
        Cell(
            path=f"{path}.{column.key}",
            key=column.key,
            label=f"{label}, {column.label}",
            leaf=kinds.get(column.key, column),
            value=values[column.key],
            depth=column.depth,
            required=column.required,
        )
        for column in question.field.columns
    )
    return Line(key, path, label, cells)


def list_pick_options(document: Document, source: PickSource) -> tuple[PickOption, ...]:
    """The rows with words to show that a pick from ``source`` may name.

    They are those of ``document`` (already shaped), or those of its copy of another plan.
    """
    if source.module is not None:
        copy = document.get("carried", {}).get(make_address(source), {})
        return tuple(
            PickOption(line["id"], " ".join(cell["text"].split()))
            for line in copy.get("lines", ())
            for cell in line["cells"]
            if cell["key"] == source.column
        )
    rows = document["fields"].get(source.field)
    return tuple(
        PickOption(row["id"], " ".join(row.get(source.column, "").split()))
        for row in (rows if isinstance(rows, list) else ())
        if row.get(source.column, "").strip()
    )


def print_cell(cell: Cell, document: Document) -> str:
    """What is written in ``cell``, as people read it on paper."""
    if (cell.is_carried or cell.leaf.pick is not None) and not cell.is_blank and cell.value.startswith(TYPED):
        return f"{cell.value.removeprefix(TYPED).strip()} (typed here)"
    if cell.leaf.pick is None or cell.is_blank:
        return print_value(cell.leaf, cell.words)
    options = list_pick_options(document, cell.leaf.pick)
    return next((option.label for option in options if option.row_id == cell.value), "(what it pointed to is gone)")
