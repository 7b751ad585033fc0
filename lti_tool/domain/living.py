"""Living answers: those that go on being written after a plan is accepted, without opening its review again."""

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Worksheet
from lti_tool.domain.answers import Document, get_answer, set_answer, shape_document


def list_living_questions(worksheet: Worksheet) -> tuple[Question, ...]:
    """The questions that are living as a whole or in some of their columns, in the order of the page."""
    return tuple(
        question for question in list_questions(worksheet) if question.is_living or list_living_columns(question)
    )


def list_living_columns(question: Question) -> tuple[str, ...]:
    """The keys of the columns that stay editable while the rest of the question does not."""
    if question.is_living:
        return ()
    return tuple(column.key for column in question.field.columns if column.living)


def lay_living_over(worksheet: Worksheet, document: Document, newer: Document) -> Document:
    """``document`` with the living answers of ``newer`` in place of its own; everything else stays as it is.

    Where only some columns of a table are living, rows are matched by their ids, and none comes or goes.
    """
    document, newer = shape_document(worksheet, document), shape_document(worksheet, newer)
    for question in list_living_questions(worksheet):
        latest = get_answer(newer, question.path)
        if question.is_living:
            document = set_answer(document, question.path, latest)
            continue
        columns = list_living_columns(question)
        answer = get_answer(document, question.path)
        if question.field.type is FieldType.ROWS:
            by_id = {row["id"]: row for row in latest}
            merged: object = [{**row, **{key: by_id.get(row["id"], row)[key] for key in columns}} for row in answer]
        else:
            merged = {
                key: {**cells, **{column: latest[key][column] for column in columns}} for key, cells in answer.items()
            }
        document = set_answer(document, question.path, merged)
    return document
