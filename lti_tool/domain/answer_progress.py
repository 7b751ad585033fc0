"""How far a worksheet has come: what its core still asks, part by part, and about how long that takes."""

from dataclasses import dataclass

from lti_tool.content.effort import (
    count_usual_words,
    estimate_leaf_seconds,
    estimate_question_seconds,
    round_to_minutes,
)
from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Depth, FieldType, Worksheet
from lti_tool.domain.answer_gaps import find_question_gaps
from lti_tool.domain.answer_lines import list_lines
from lti_tool.domain.answer_values import count_words
from lti_tool.domain.answers import Document, shape_document


@dataclass(frozen=True, slots=True)
class PartProgress:
    """Required core questions of one part: how many are answered, of how many."""

    key: str
    title: str
    answered: int
    total: int
    minutes_left: int

    @property
    def is_done(self) -> bool:
        """Whether nothing of the core is open in it."""
        return self.answered == self.total


@dataclass(frozen=True, slots=True)
class WorksheetProgress:
    """The parts in order, and ``words``: what is written so far under the path of each prose question."""

    parts: tuple[PartProgress, ...]
    minutes_left: int
    words: dict[str, int]

    @property
    def answered(self) -> int:
        """Required core questions answered."""
        return sum(part.answered for part in self.parts)

    @property
    def total(self) -> int:
        """Required core questions in all."""
        return sum(part.total for part in self.parts)

    @property
    def next_part(self) -> PartProgress | None:
        """The first part whose core is open, or None when the core is done."""
        return next((part for part in self.parts if not part.is_done), None)


def measure_progress(worksheet: Worksheet, document: Document) -> WorksheetProgress:
    """Count what is answered. Only what submitting asks for is counted, so that everybody can reach the end."""
    document = shape_document(worksheet, document)
    questions = list_questions(worksheet)
    left = {
        question.path: _estimate_seconds_left(question, document)
        if any(find_question_gaps(question, document))
        else 0.0
        for question in questions
        if question.required
    }
    parts = []
    for part in worksheet.parts:
        asked = [left[question.path] for question in questions if question.required and question.part == part.key]
        minutes = round_to_minutes(sum(asked))
        parts.append(PartProgress(part.key, part.title, sum(not seconds for seconds in asked), len(asked), minutes))
    words = {
        cell.path: count_words(cell.value)
        for question in questions
        for line in list_lines(question, document)
        for cell in line.cells
        if cell.leaf.type == "prose"
    }
    return WorksheetProgress(tuple(parts), round_to_minutes(sum(left.values())), words)


def _estimate_seconds_left(question: Question, document: Document) -> float:
    """Seconds for what is not written yet; mending what is written counts as one more answer."""
    lines = list_lines(question, document)
    if question.field.type in {FieldType.ROWS, FieldType.GRID}:
        written = [
            estimate_leaf_seconds(cell.leaf)
            for line in lines
            for cell in line.cells
            if cell.depth is Depth.CORE and not cell.is_blank
        ]
        return max(estimate_question_seconds(question) - sum(written), 10.0)
    cell = lines[0].cells[0]
    seconds = estimate_leaf_seconds(cell.leaf)
    if cell.leaf.type == "prose":
        seconds *= max(0.0, 1 - count_words(cell.value) / count_usual_words(cell.leaf))
    return max(seconds, 10.0)
