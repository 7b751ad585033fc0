"""Where a row is picked: nobody deletes what answers point to untold, and their words outlive it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import FieldType, Worksheet
from lti_tool.domain.answer_lines import Cell, Line, list_lines, list_pick_options
from lti_tool.domain.answers import TYPED, Document, set_answer, shape_document


@dataclass(frozen=True, slots=True)
class RowUse:
    """One place that points to a row: the plan, its part, and what the place is called."""

    plan: str
    part: str
    label: str


def find_row_uses(
    worksheet: Worksheet, document: Document, module_key: str | None = None
) -> Mapping[str, tuple[RowUse, ...]]:
    """The picks of ``document`` by "field.row id" of the rows they name; ``module_key`` is the plan of those rows.

    Without ``module_key`` they are rows of this same worksheet.
    """
    document = shape_document(worksheet, document)
    found: dict[str, tuple[RowUse, ...]] = {}
    for question in list_questions(worksheet):
        if not any(leaf.pick for leaf in question.field.leaves):
            continue
        for line in list_lines(question, document):
            for cell in line.cells:
                pick = cell.leaf.pick
                if pick is None or pick.module != module_key or cell.is_blank or cell.value.startswith(TYPED):
                    continue
                key = f"{pick.field}.{cell.value}"
                found[key] = (*found.get(key, ()), RowUse(worksheet.title, question.part, cell.label))
    return found


def free_picks(
    worksheet: Worksheet, document: Document, field: str, row_ids: Collection[str], module_key: str | None = None
) -> Document:
    """``document`` with the words of its picks in place of the rows of ``field`` that are about to go.

    A pick of one of ``row_ids`` then reads as if its author had typed it, so that nothing she meant is lost. A row that
    was without words already leaves none: its picks stay, so that she is asked to choose again.
    """
    document = shape_document(worksheet, document)
    freed = document
    for question in list_questions(worksheet):
        lines = list_lines(question, document)
        if not any(_names(cell, field, row_ids, module_key) for line in lines for cell in line.cells):
            continue
        answers = {line.key: _free_line(line, document, field, row_ids, module_key) for line in lines}
        answer: object = answers
        if question.field.type is FieldType.ROWS:
            answer = [{"id": key, **cells} for key, cells in answers.items()]
        elif question.field.type is not FieldType.GRID:
            answer = answers[""][""]
        freed = set_answer(freed, question.path, answer)
    return freed


def _names(cell: Cell, field: str, row_ids: Collection[str], module_key: str | None) -> bool:
    pick = cell.leaf.pick
    return pick is not None and (pick.module, pick.field) == (module_key, field) and cell.value in row_ids


def _free_line(
    line: Line, document: Document, field: str, row_ids: Collection[str], module_key: str | None
) -> dict[str, str]:
    return {
        cell.key: _free(cell, document) if _names(cell, field, row_ids, module_key) else cell.value
        for cell in line.cells
    }


def _free(cell: Cell, document: Document) -> str:
    options = () if cell.leaf.pick is None else list_pick_options(document, cell.leaf.pick)
    return next((f"{TYPED}{option.label}" for option in options if option.row_id == cell.value), cell.value)
