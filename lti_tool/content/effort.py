"""How long things take: reading a text, and the core of a worksheet at an interrupted desk."""

import math

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Depth, FieldType, Leaf, Sitting, Worksheet

_READ_WORDS_A_MINUTE = 230
_WRITE_WORDS_A_MINUTE = 15
_SECONDS_A_CELL = 10
_INTERRUPTIONS = 1.4


def estimate_reading_minutes(words: int) -> int:
    """Minutes to read ``words``, rounded up to five."""
    return max(5, math.ceil(words / _READ_WORDS_A_MINUTE / 5) * 5)


def estimate_core_minutes(worksheet: Worksheet, part: str | None = None) -> int:
    """Minutes for all core questions of ``worksheet``, or of one of its parts."""
    parts = {item.key for item in worksheet.parts} if part is None else {part}
    return _estimate_minutes(worksheet, parts)


def estimate_sitting_minutes(worksheet: Worksheet, sitting: Sitting) -> int:
    """Minutes for the core questions of one sitting."""
    return _estimate_minutes(worksheet, set(sitting.parts))


def _estimate_minutes(worksheet: Worksheet, parts: set[str]) -> int:
    return round_to_minutes(
        sum(
            estimate_question_seconds(question)
            for question in list_questions(worksheet)
            if question.part in parts and _is_asked(question)
        )
    )


def _is_asked(question: Question) -> bool:
    """Whether a usual plan answers it: core, and not a text that may just as well stay empty."""
    is_left_open = not question.required and question.field.type is FieldType.PROSE and not question.leaf.min_words
    return question.depth is Depth.CORE and not is_left_open


def estimate_question_seconds(question: Question) -> float:
    """Undisturbed seconds to answer ``question`` as far as its core goes.

    What is carried is there already, and her note on it may be left out.
    """
    field = question.field
    match field.type:
        case FieldType.CARRIED:
            return 0
        case FieldType.ROWS:
            lines = max(1, field.min_rows)
            return lines * sum(estimate_leaf_seconds(column) for column in field.columns if column.depth is Depth.CORE)
        case FieldType.GRID:
            return sum(
                estimate_leaf_seconds(row.cells.get(column.key, column))
                for row in field.grid_rows
                for column in field.columns
                if column.depth is Depth.CORE
            )
        case _:
            return estimate_leaf_seconds(question.leaf)


def estimate_leaf_seconds(leaf: Leaf) -> float:
    """Undisturbed seconds for one answer: prose is composed to the middle of its range, all else is a cell."""
    if leaf.type == "prose":
        return count_usual_words(leaf) / _WRITE_WORDS_A_MINUTE * 60
    return _SECONDS_A_CELL


def count_usual_words(leaf: Leaf) -> float:
    """Words of a usual answer: the middle of the range."""
    return ((leaf.min_words or 0) + (leaf.max_words or 0)) / 2


def round_to_minutes(seconds: float) -> int:
    """Undisturbed ``seconds`` as whole minutes at a desk where people come in with questions."""
    return math.ceil(seconds * _INTERRUPTIONS / 60)
