"""What keeps a worksheet from being submitted, in words with a path to each place; and what to mark on saving."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Depth, FieldType, Worksheet
from lti_tool.content.sources import make_address
from lti_tool.domain.answer_lines import Cell, Line, list_lines, list_pick_options
from lti_tool.domain.answer_values import find_length_problem, find_shortness, find_type_problem
from lti_tool.domain.answers import TYPED, Document, shape_document
from lti_tool.domain.carrying import read_copy


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing to do: where (``path`` is the field to go to), in which part, and a sentence that says it all."""

    path: str
    part: str
    label: str
    message: str


def find_gaps(worksheet: Worksheet, document: Document) -> tuple[Gap, ...]:
    """Everything that keeps ``document`` from being submitted, in the order of the page; never raises.

    Required questions must be answered within a tenth of their word range. A row counts when anything is in it, and
    then its required columns must be filled. A deeper field is never required; whatever is written must be of the
    right kind and not too long, but nobody measures a private field that is not asked for.
    """
    document = shape_document(worksheet, document)
    return tuple(gap for question in list_questions(worksheet) for gap in find_question_gaps(question, document))


def find_problems_while_typing(worksheet: Worksheet, document: Document) -> tuple[Gap, ...]:
    """What is of the wrong kind or too long so far; for marking fields when a draft is saved, which nothing stops."""
    document = shape_document(worksheet, document)
    return tuple(
        gap
        for question in list_questions(worksheet)
        for line in list_lines(question, document)
        for cell in line.cells
        if not cell.is_blank
        for gap in _find_written_problems(cell, question.part)
    )


def find_question_gaps(question: Question, document: Document) -> Iterator[Gap]:
    """The gaps of one question; ``document`` is already shaped."""
    lines = list_lines(question, document)
    if question.field.type is FieldType.ROWS:
        yield from _find_row_count_gaps(question, lines)
    source = question.field.source
    has_copy = source is not None and read_copy(document, make_address(source)) is not None
    for line in lines:
        for cell in line.cells:
            is_due = _is_due(cell, line, question) and not has_copy
            if not cell.is_blank:
                yield from _find_cell_gaps(cell, question, document, is_due=is_due)
            elif is_due:
                yield Gap(cell.path, question.part, cell.label, _say_empty(cell, question.part))


def is_question_done(question: Question, document: Document) -> bool:
    """Whether ``question`` is answered as if it were required; ``document`` is already shaped."""
    asked = replace(question, required=True)
    return not any(find_question_gaps(asked, document))


def _is_due(cell: Cell, line: Line, question: Question) -> bool:
    if question.field.type not in {FieldType.ROWS, FieldType.GRID}:
        return question.required
    if cell.depth is Depth.DEEPER or question.depth is Depth.DEEPER:
        return False
    if question.field.type is FieldType.GRID and question.required:
        return cell.required or not any(column.required for column in question.field.columns)
    return cell.required and line.is_begun


def _find_row_count_gaps(question: Question, lines: tuple[Line, ...]) -> Iterator[Gap]:
    field = question.field
    begun = sum(line.is_begun for line in lines)
    least = max(1, field.min_rows) if question.required else 0
    if begun < least:
        rest = f"has {_say_rows(begun)} filled in; it needs at least {least}"
        yield Gap(question.path, question.part, question.label, _say(question.part, question.label, rest))
    elif begun > field.max_rows:
        rest = f"has {_say_rows(begun)}; the most is {field.max_rows}"
        yield Gap(question.path, question.part, question.label, _say(question.part, question.label, rest))


def _find_cell_gaps(cell: Cell, question: Question, document: Document, *, is_due: bool) -> Iterator[Gap]:
    is_measured = is_due or not question.is_private
    yield from _find_written_problems(cell, question.part, with_length=is_measured or cell.leaf.type == "text")
    shortness = find_shortness(cell.leaf, cell.value) if is_due else None
    if shortness is not None:
        yield Gap(cell.path, question.part, cell.label, _say(question.part, cell.label, shortness))
    if cell.leaf.pick is not None and not cell.value.startswith(TYPED):
        options = {option.row_id for option in list_pick_options(document, cell.leaf.pick)}
        if cell.value not in options:
            rest = "points to a row that is gone; choose again"
            yield Gap(cell.path, question.part, cell.label, _say(question.part, cell.label, rest))


def _find_written_problems(cell: Cell, part: str, *, with_length: bool = True) -> Iterator[Gap]:
    problem = find_type_problem(cell.leaf, cell.value)
    if problem is not None:
        yield Gap(cell.path, part, cell.label, f"Part {part}: in “{cell.label}”, {problem}.")
    excess = find_length_problem(cell.leaf, cell.words) if with_length else None
    if excess is not None:
        yield Gap(cell.path, part, cell.label, _say(part, cell.label, excess))


def _say_empty(cell: Cell, part: str) -> str:
    match cell.leaf.type:
        case "check":
            return _say(part, cell.label, "is not checked yet")
        case "choice" | "choices" | "scale" | "pick":
            return _say(part, cell.label, "has no answer yet; choose one")
        case "prose" if cell.leaf.min_words:
            return _say(part, cell.label, f"is empty; it needs at least {cell.leaf.min_words} words")
        case _:
            return _say(part, cell.label, "is empty; it needs an answer")


def _say(part: str, label: str, rest: str) -> str:
    return f"Part {part}: “{label}” {rest}."


def _say_rows(count: int) -> str:
    return {0: "no row", 1: "1 row"}.get(count, f"{count} rows")
