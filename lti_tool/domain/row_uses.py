"""Where a row is picked, so that nobody deletes what other answers point to without being told."""

from collections.abc import Mapping
from dataclasses import dataclass

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_lines import list_lines
from lti_tool.domain.answers import TYPED, Document, shape_document


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
        for line in list_lines(question, document):
            for cell in line.cells:
                pick = cell.leaf.pick
                if pick is None or pick.module != module_key or cell.is_blank or cell.value.startswith(TYPED):
                    continue
                key = f"{pick.field}.{cell.value}"
                found[key] = (*found.get(key, ()), RowUse(worksheet.title, question.part, cell.label))
    return found
