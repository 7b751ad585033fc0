"""Promises: the dated answers of a plan that its questions mark as such, with the words they belong to."""

from dataclasses import dataclass
from datetime import date

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_lines import Line, list_lines, print_cell
from lti_tool.domain.answer_values import read_date
from lti_tool.domain.answers import YES, Document, shape_document


@dataclass(frozen=True, slots=True)
class Commitment:
    """One promise: its day, what it is about, and where it is written. ``label`` names the place ("Goal 2, …")."""

    day: date
    part: str
    path: str
    label: str
    words: tuple[str, ...]
    is_done: bool
    is_private: bool


def list_commitments(worksheet: Worksheet, document: Document) -> tuple[Commitment, ...]:
    """The promises of ``document`` in the order of the page; dates that cannot be read are left out.

    Private ones are among them and marked: they are for their author's own list only.
    """
    document = shape_document(worksheet, document)
    return tuple(
        Commitment(
            day=day,
            part=question.part,
            path=question.path,
            label=cell.label if question.field.columns else question.label,
            words=_list_words(line, index, document),
            is_done=any(other.leaf.type == "check" and other.value == YES for other in line.cells),
            is_private=question.is_private,
        )
        for question in list_questions(worksheet)
        for line in list_lines(question, document)
        for index, cell in enumerate(line.cells)
        if cell.leaf.type == "date" and _is_promise(question, index) and (day := read_date(cell.value)) is not None
    )


def _is_promise(question: Question, index: int) -> bool:
    columns = question.field.columns
    return question.is_commitment or (bool(columns) and columns[index].commitment)


def _list_words(line: Line, index: int, document: Document) -> tuple[str, ...]:
    """What names the row, and what stands beside the date: before it, or after it where nothing does."""
    written = [
        (place, print_cell(cell, document))
        for place, cell in enumerate(line.cells)
        if not cell.is_blank and cell.leaf.type in {"text", "prose", "pick"}
    ]
    if not written:
        return ()
    before = [words for place, words in written if place < index]
    beside = before[-1] if before else written[0][1]
    return tuple(dict.fromkeys((written[0][1], beside)))
