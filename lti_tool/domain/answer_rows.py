"""Rows added, removed and moved by their ids; every function returns a new document and asking twice does no harm."""

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Worksheet
from lti_tool.domain.answers import Document, blank_row, get_answer, is_row_id, set_answer, shape_document


class UnknownRowsError(LookupError):
    """A path that names no rows of this worksheet."""


def add_row(worksheet: Worksheet, document: Document, field_path: str, row_id: str) -> Document:
    """Add an empty row at the end. An id that is there already, or rows that are full, change nothing.

    Raises:
        UnknownRowsError: ``field_path`` names no rows.
        ValueError: ``row_id`` cannot name a row.
    """
    question = find_rows(worksheet, field_path)
    if not is_row_id(row_id):
        raise ValueError(f"{row_id!r} cannot name a row")
    document = shape_document(worksheet, document)
    rows = get_answer(document, field_path)
    if len(rows) >= question.field.max_rows or any(row["id"] == row_id for row in rows):
        return document
    return set_answer(document, field_path, [*rows, blank_row(question.field, row_id)])


def remove_row(worksheet: Worksheet, document: Document, field_path: str, row_id: str) -> Document:
    """Take a row out; one that is gone already changes nothing.

    Raises:
        UnknownRowsError: ``field_path`` names no rows.
    """
    find_rows(worksheet, field_path)
    document = shape_document(worksheet, document)
    rows = get_answer(document, field_path)
    return set_answer(document, field_path, [row for row in rows if row["id"] != row_id])


def move_row(worksheet: Worksheet, document: Document, field_path: str, row_id: str, step: int) -> Document:
    """Move a row ``step`` places down (or up, when negative), at most to the end of the list.

    Raises:
        UnknownRowsError: ``field_path`` names no rows.
    """
    find_rows(worksheet, field_path)
    document = shape_document(worksheet, document)
    rows = list(get_answer(document, field_path))
    start = next((index for index, row in enumerate(rows) if row["id"] == row_id), None)
    if start is None:
        return document
    row = rows.pop(start)
    rows.insert(min(max(start + step, 0), len(rows)), row)
    return set_answer(document, field_path, rows)


def can_add_row(worksheet: Worksheet, document: Document, field_path: str) -> bool:
    """Whether there is room for one more row.

    Raises:
        UnknownRowsError: ``field_path`` names no rows.
    """
    question = find_rows(worksheet, field_path)
    return len(get_answer(shape_document(worksheet, document), field_path)) < question.field.max_rows


def find_rows(worksheet: Worksheet, field_path: str) -> Question:
    """The question of type rows at ``field_path``.

    Raises:
        UnknownRowsError: there is none.
    """
    for question in list_questions(worksheet):
        if question.path == field_path and question.field.type is FieldType.ROWS:
            return question
    raise UnknownRowsError(field_path)
