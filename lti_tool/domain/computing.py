"""What the tool works out from answers: influence and interest in four lists, totals, and a scan then and now."""

from dataclasses import dataclass
from decimal import Decimal

from lti_tool.content.questions import Question, list_places, list_questions
from lti_tool.content.schema import Compute, ComputeKind, Worksheet, WorksheetField
from lti_tool.content.sources import make_address
from lti_tool.domain.answer_lines import Line, list_lines, print_cell
from lti_tool.domain.answer_values import print_money, read_money
from lti_tool.domain.answers import Document
from lti_tool.domain.carrying import read_copy

HIGH_FROM = 3
NOT_PLACED = "Not placed yet"
_NONE = "none"
_QUADRANTS = (
    ("Keep close", "influence and interest are both high"),
    ("Keep satisfied", "influence is high, interest is low"),
    ("Keep informed", "influence is low, interest is high"),
    ("Keep in view", "influence and interest are both low"),
)


@dataclass(frozen=True, slots=True)
class ComputedLine:
    """One line of a result: what it is called, what belongs to it, and a word of explanation."""

    label: str
    items: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """A result. ``columns`` and ``table`` tell the same as a table; a total has one line with one item."""

    kind: ComputeKind
    lines: tuple[ComputedLine, ...]
    columns: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to work with yet."""
        return not any(line.items for line in self.lines) and not self.table


def compute_field(worksheet: Worksheet, field: WorksheetField, document: Document) -> Computed:
    """The result that ``field`` shows for ``document`` (already shaped).

    Raises:
        ValueError: the field is not computed from answers of this worksheet.
    """
    compute = field.compute
    if compute is None or compute.kind is ComputeKind.BRIEF:
        raise ValueError(f"{field.key} is not computed from this worksheet")
    questions = {question.path: question for question in list_questions(worksheet)}
    question = questions[compute.rows or compute.grid or ""]
    lines = [line for line in list_lines(question, document) if line.is_begun]
    match compute.kind:
        case ComputeKind.QUADRANTS:
            return _sort_into_quadrants(compute, question, lines, document)
        case ComputeKind.TOTAL:
            return _add_up(compute, lines)
        case _:
            return _compare_scans(compute, question, document)


def list_computed(worksheet: Worksheet) -> tuple[tuple[str, str, WorksheetField], ...]:
    """Every computed field but the brief, with its part and its path."""
    return tuple(
        (place.part, place.path, place.field)
        for place in list_places(worksheet)
        if place.field.compute is not None and place.field.compute.kind is not ComputeKind.BRIEF
    )


def uses_compute(worksheet: Worksheet, kind: ComputeKind) -> bool:
    """Whether any field of ``worksheet`` shows a result of this kind."""
    computed = (place.field.compute for place in list_places(worksheet))
    return any(compute is not None and compute.kind is kind for compute in computed)


def _sort_into_quadrants(compute: Compute, question: Question, lines: list[Line], document: Document) -> Computed:
    lists: list[list[str]] = [[], [], [], []]
    waiting: list[str] = []
    table = []
    for line in lines:
        cells = {cell.key: cell for cell in line.cells}
        name = print_cell(cells[str(compute.name)], document) or line.label
        up, across = (cells[str(key)].value.strip() for key in (compute.up, compute.across))
        if up.isdecimal() and across.isdecimal():
            place = (0 if int(across) >= HIGH_FROM else 1) + (0 if int(up) >= HIGH_FROM else 2)
            lists[place].append(name)
            words = _QUADRANTS[place][0]
        else:
            waiting.append(name)
            words = NOT_PLACED
        table.append((name, up or _NONE, across or _NONE, words))
    result = [ComputedLine(label, tuple(names), note) for (label, note), names in zip(_QUADRANTS, lists, strict=True)]
    if waiting:
        result.append(ComputedLine(NOT_PLACED, tuple(waiting), "influence or interest is not rated"))
    labels = {column.key: column.label for column in question.field.columns}
    columns = (labels[str(compute.name)], labels[str(compute.up)], labels[str(compute.across)], "List")
    return Computed(
        compute.kind, tuple(result), columns, tuple(table), f"A rating of {HIGH_FROM} or more counts as high."
    )


def _add_up(compute: Compute, lines: list[Line]) -> Computed:
    written = [cell.value for line in lines for cell in line.cells if cell.key == compute.column and not cell.is_blank]
    amounts = [read_money(value) for value in written]
    total = sum((amount for amount in amounts if amount is not None), Decimal())
    unread = amounts.count(None)
    note = ""
    if unread:
        note = (
            "One amount could not be read and is not in it." if unread == 1 else f"{unread} amounts could not be read."
        )
    return Computed(compute.kind, (ComputedLine("Total", (print_money(total),)),) if written else (), note=note)


def _compare_scans(compute: Compute, question: Question, document: Document) -> Computed:
    copy = None if compute.source is None else read_copy(document, make_address(compute.source))
    columns = question.field.columns
    earlier = {
        line.id: next((cell.value for cell in line.cells if cell.value.strip().isdigit()), "")
        for line in (copy.lines if copy else ())
    }
    table = []
    for line in list_lines(question, document):
        values = [cell.value.strip() for cell in line.cells]
        first = earlier.get(line.key, "")
        if first or any(values):
            label = line.label.removeprefix(f"{question.label}: ")
            table.append((label, first or _NONE, *(value or _NONE for value in values)))
    headings = ("Statement", "What you said first", *(column.label for column in columns))
    return Computed(compute.kind, (), headings, tuple(table))
