"""What must hold in the worked examples of a worksheet: every answer has its question and a shape that fits it.

Whether an answer is good enough to be submitted is judged by the rules for answers, which stand on another floor.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lti_tool.content.findings import Finding
from lti_tool.content.problems import Path
from lti_tool.content.schema import (
    FieldType,
    Filling,
    Leaf,
    Module,
    PickSource,
    Series,
    Worksheet,
    WorksheetField,
)

FILLINGS = ("strong", "weak")
_ROW_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TYPED = "typed:"
_YES = "yes"


def check_exemplars(series: Series) -> Iterator[Finding]:
    """Every answer and margin note of the exemplars that has no place in its worksheet."""
    for index, module in enumerate(series.modules):
        path: Path = ("modules", index, "exemplar")
        if module.exemplar is None:
            continue
        if module.worksheet is None:
            yield path, "an exemplar needs a worksheet beside it"
            continue
        for name in FILLINGS:
            filling: Filling = getattr(module.exemplar, name)
            fields = tuple(field for part in module.worksheet.parts for field in part.fields)
            checker = _Checker(series, module.worksheet, filling)
            yield from checker.check_answers(fields, filling.answers, (*path, name, "answers"))
            yield from _check_notes(module.worksheet, filling, (*path, name))


def _check_notes(sheet: Worksheet, filling: Filling, path: Path) -> Iterator[Finding]:
    fields = {field.key for part in sheet.parts for field in part.fields}
    criteria = {criterion.key: criterion for criterion in sheet.rubric}
    for index, note in enumerate(filling.notes):
        place = (*path, "notes", index)
        if note.criterion not in criteria:
            yield (*place, "criterion"), f"there is no criterion “{note.criterion}” in the rubric"
        if note.field not in fields:
            yield (*place, "field"), f"there is no field “{note.field}” in this worksheet"
        elif note.criterion in criteria and note.field not in criteria[note.criterion].fields:
            yield (*place, "field"), f"the criterion “{note.criterion}” does not look at “{note.field}”"


@dataclass(frozen=True, slots=True)
class _Checker:
    """Looks at the answers of one filling; picks may name its own rows and those of other exemplars."""

    series: Series
    worksheet: Worksheet
    filling: Filling

    def check_answers(
        self, fields: tuple[WorksheetField, ...], answers: Mapping[Any, Any], path: Path
    ) -> Iterator[Finding]:
        """The answers of a worksheet or of a group."""
        known = {field.key: field for field in fields}
        for key, answer in answers.items():
            field = known.get(key)
            if field is None:
                yield (*path, key), f"there is no field “{key}” to answer here"
            elif field.type is FieldType.COMPUTED:
                yield (*path, key), f"“{key}” is worked out by the tool; leave it out"
            else:
                yield from self._check_answer(field, answer, (*path, key))

    def _check_answer(self, field: WorksheetField, answer: object, path: Path) -> Iterator[Finding]:
        match field.type:
            case FieldType.ROWS if isinstance(answer, list):
                yield from self._check_rows(field, answer, path)
            case FieldType.ROWS:
                yield path, f"“{field.key}” is answered by a list of rows, each on lines that begin with -"
            case FieldType.GRID if isinstance(answer, dict):
                yield from self._check_grid(field, answer, path)
            case FieldType.GROUP if isinstance(answer, dict):
                yield from self.check_answers(field.fields, answer, path)
            case FieldType.GRID | FieldType.GROUP:
                inner = "its rows" if field.type is FieldType.GRID else "its fields"
                yield path, f"“{field.key}” is answered by {inner}, each with its key"
            case _ if field.leaf is not None:
                yield from self._check_value(field.leaf, answer, path)

    def _check_rows(self, field: WorksheetField, rows: list[Any], path: Path) -> Iterator[Finding]:
        leaves: dict[Any, Leaf] = {column.key: column for column in field.columns}
        taken: set[str] = set()
        for index, row in enumerate(rows):
            place = (*path, index)
            if not isinstance(row, dict):
                yield place, f"a row of “{field.key}” holds an id and its columns (key: value)"
                continue
            row_id = row.get("id")
            if not isinstance(row_id, str) or not _ROW_ID.fullmatch(row_id):
                yield place, "a row needs an id of letters, digits, - and _, at most 40"
            elif row_id in taken:
                yield (*place, "id"), f"two rows have the id “{row_id}”"
            else:
                taken.add(row_id)
            cells = {key: value for key, value in row.items() if key != "id"}
            yield from self._check_cells(leaves, cells, place, field)

    def _check_grid(self, field: WorksheetField, lines: Mapping[Any, Any], path: Path) -> Iterator[Finding]:
        known = {row.key: row for row in field.grid_rows}
        for key, cells in lines.items():
            place = (*path, key)
            if key not in known:
                yield place, f"“{field.key}” has no row “{key}”"
            elif not isinstance(cells, dict):
                yield place, f"a row of “{field.key}” holds its columns (key: value)"
            else:
                leaves = {column.key: known[key].cells.get(column.key, column) for column in field.columns}
                yield from self._check_cells(leaves, cells, place, field)

    def _check_cells(
        self, leaves: Mapping[Any, Leaf], cells: Mapping[Any, Any], path: Path, field: WorksheetField
    ) -> Iterator[Finding]:
        for key, value in cells.items():
            if key not in leaves:
                yield (*path, key), f"“{field.key}” has no column “{key}”"
            else:
                yield from self._check_value(leaves[key], value, (*path, key))

    def _check_value(self, leaf: Leaf, value: object, path: Path) -> Iterator[Finding]:
        if isinstance(value, list | dict):
            several = "; several choices stand in one line with spaces between" if leaf.type == "choices" else ""
            yield path, f"a {leaf.type} is answered by words{several}"
            return
        text = _read(value)
        problem = "" if not text else self._find_problem(leaf, text)
        if problem:
            yield path, f"“{text}” {problem}"

    def _find_problem(self, leaf: Leaf, text: str) -> str:
        keys = {choice.key for choice in leaf.choices}
        problem = ""
        match leaf.type:
            case "check" if text != _YES:
                problem = f"is no answer to a check; write {_YES} or leave it out"
            case "scale" if text not in leaf.points:
                problem = f"is not on the scale from {leaf.lowest} to {leaf.highest}"
            case "choice" if text not in keys:
                problem = "is not the key of one of the choices"
            case "choices" if not keys.issuperset(text.split()):
                problem = "must be keys of its choices, with spaces between"
        return problem if leaf.pick is None else self._find_pick_problem(leaf.pick, text)

    def _find_pick_problem(self, pick: PickSource, text: str) -> str:
        # Where the source itself is broken, the worksheet is told; each answer would only repeat it.
        if text.startswith(_TYPED) or not self._has_source(pick) or text in self._list_row_ids(pick):
            return ""
        where = f"in the exemplar of “{pick.module}”" if pick.module else "here"
        return (
            f"is the id of no row with a “{pick.column}” under “{pick.field}” {where}; "
            f"words of her own begin with {_TYPED}"
        )

    def _has_source(self, pick: PickSource) -> bool:
        module = self.series.find_module(pick.module) if pick.module else None
        sheet = module.worksheet if module is not None else None if pick.module else self.worksheet
        fields = [field for part in sheet.parts for field in part.fields] if sheet is not None else []
        return any(
            field.key == pick.field and any(column.key == pick.column for column in field.columns) for field in fields
        )

    def _list_row_ids(self, pick: PickSource) -> set[str]:
        """The rows that a pick may name: this filling's own, or those of the strong plan of the other module.

        An example, the weak one too, is shown with what it carries from the strong ones.
        """
        if pick.module is None:
            return _find_named_rows(self.filling, pick)
        module = self.series.find_module(pick.module)
        exemplar = None if module is None else module.exemplar
        return set() if exemplar is None else _find_named_rows(exemplar.strong, pick)


def list_missing_notes(module: Module) -> Iterator[tuple[str, str]]:
    """Every filling and criterion without a margin note that names the criterion."""
    if module.exemplar is None or module.worksheet is None:
        return
    for name in FILLINGS:
        filling: Filling = getattr(module.exemplar, name)
        noted = {note.criterion for note in filling.notes}
        for criterion in module.worksheet.rubric:
            if criterion.key not in noted:
                yield name, criterion.key


def _find_named_rows(filling: Filling, pick: PickSource) -> set[str]:
    rows = filling.answers.get(pick.field)
    return {
        str(row.get("id"))
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict) and _read(row.get(pick.column))
    }


def _read(value: object) -> str:
    """One answer as the tool keeps it."""
    if value is None or isinstance(value, bool):
        return _YES if value else ""
    return str(value).strip()
