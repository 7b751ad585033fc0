"""The principal's page: the answers of a plan that its questions mark for it, in words."""

from dataclasses import dataclass

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_lines import Line, list_lines, print_cell
from lti_tool.domain.answers import Document, shape_document


@dataclass(frozen=True, slots=True)
class BriefLine:
    """One answer that feeds the page, and where it is changed."""

    part: str
    path: str
    label: str
    text: str


def list_brief_lines(worksheet: Worksheet, document: Document) -> tuple[BriefLine, ...]:
    """What of ``document`` goes before a principal: marked fields whole, tables by their marked columns.

    Nothing private is ever among it.
    """
    document = shape_document(worksheet, document)
    marked = ((question, _list_marked(question)) for question in list_questions(worksheet) if not question.is_private)
    return tuple(
        BriefLine(question.part, question.path, line.label if question.field.columns else question.label, text)
        for question, columns in marked
        if columns
        for line in list_lines(question, document)
        if (text := _print_line(line, columns, document))
    )


def _list_marked(question: Question) -> frozenset[str]:
    """The columns on the page: the marked ones, else all of a marked question; "" is its single answer."""
    columns = question.field.columns
    marked = frozenset(column.key for column in columns if column.brief)
    if marked or not question.feeds_brief:
        return marked
    return frozenset(column.key for column in columns) or frozenset({""})


def _print_line(line: Line, columns: frozenset[str], document: Document) -> str:
    return "; ".join(print_cell(cell, document) for cell in line.cells if cell.key in columns and not cell.is_blank)
