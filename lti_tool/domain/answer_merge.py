"""Two copies of one draft, saved from two tabs, put together: nothing typed is lost, and clashes are named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Worksheet
from lti_tool.domain.answer_changes import summarize_line
from lti_tool.domain.answer_lines import Line, list_lines, print_cell
from lti_tool.domain.answers import Document, get_answer, set_answer, shape_document


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place where both copies changed. ``mine`` stands in the merged document; "" is a removed row or no answer."""

    path: str
    label: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The document of both copies, and what a person must decide."""

    document: Document
    conflicts: tuple[Conflict, ...]


def merge_documents(worksheet: Worksheet, base: Document, mine: Document, theirs: Document) -> Merged:
    """Merge what ``mine`` and ``theirs`` each changed since ``base``, answer by answer and row by row.

    Where both changed one answer, ``mine`` stands and the conflict keeps both texts. A row that one side removed and
    the other went on writing in stays, as a conflict. Where both moved rows, the order is mine.
    """
    base, mine, theirs = (shape_document(worksheet, document) for document in (base, mine, theirs))
    merger = _Merger(base, mine, theirs)
    for question in list_questions(worksheet):
        merger.merge_question(question)
    shown = {
        path: _choose(path in base["shown"], path in mine["shown"], path in theirs["shown"])
        for path in [*mine["shown"], *theirs["shown"]]
    }
    document = {**merger.document, "shown": [path for path, is_shown in shown.items() if is_shown]}
    retired = _merge_retired(*(copy.get("retired", {}) for copy in (base, mine, theirs)))
    document.pop("retired", None)
    if retired:
        document["retired"] = retired
    return Merged(shape_document(worksheet, document), tuple(merger.conflicts))


class _Merger:
    """Builds the merged document question by question."""

    def __init__(self, base: Document, mine: Document, theirs: Document) -> None:
        self._base, self._mine, self._theirs = base, mine, theirs
        self.document = mine
        self.conflicts: list[Conflict] = []

    def merge_question(self, question: Question) -> None:
        base, mine, theirs = (
            {line.key: line for line in list_lines(question, copy)} for copy in (self._base, self._mine, self._theirs)
        )
        if question.field.type is FieldType.ROWS:
            order = self._merge_keys(list(base), list(mine), list(theirs))
            keys = [key for key in order if self._is_kept(base.get(key), mine.get(key), theirs.get(key))]
        else:
            keys = list(mine)
        merged = {key: self._merge_line(base.get(key), mine.get(key), theirs.get(key)) for key in keys}
        answer: object
        match question.field.type:
            case FieldType.ROWS:
                answer = [{"id": key, **cells} for key, cells in merged.items()]
            case FieldType.GRID:
                answer = merged
            case _:
                answer = merged[""][""]
        if answer != get_answer(self.document, question.path):
            self.document = set_answer(self.document, question.path, answer)

    def _merge_keys(self, base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
        """All row ids of both copies, in the order of the one that moved, added or removed something."""
        leading, following = (theirs, mine) if list(mine) == list(base) else (mine, theirs)
        order = list(leading)
        for index, key in enumerate(following):
            if key not in order:
                before = next((other for other in reversed(following[:index]) if other in order), None)
                order.insert(order.index(before) + 1 if before is not None else 0, key)
        return order

    def _is_kept(self, base: Line | None, mine: Line | None, theirs: Line | None) -> bool:
        if mine is not None and theirs is not None:
            return True
        present = mine or theirs
        if base is None or present is None:
            return present is not None
        if _list_values(present) == _list_values(base):
            return False
        texts = (
            summarize_line(mine, self._mine) if mine else "",
            summarize_line(theirs, self._theirs) if theirs else "",
        )
        self.conflicts.append(Conflict(present.path, present.label, *texts))
        return True

    def _merge_line(self, base: Line | None, mine: Line | None, theirs: Line | None) -> dict[str, str]:
        present = mine or theirs
        if present is None:
            return {}
        if mine is None or theirs is None:
            return _list_values(present)
        old = _list_values(base) if base is not None else {}
        cells: dict[str, str] = {}
        for here, there in zip(mine.cells, theirs.cells, strict=True):
            before = old.get(here.key, "")
            cells[here.key] = _choose(before, here.value, there.value)
            if len({before, here.value, there.value}) == 3:
                texts = (print_cell(here, self._mine), print_cell(there, self._theirs))
                self.conflicts.append(Conflict(here.path, here.label, *texts))
        return cells


def _choose(base: Any, mine: Any, theirs: Any) -> Any:
    return theirs if mine == base else mine


def _list_values(line: Line) -> dict[str, str]:
    return {cell.key: cell.value for cell in line.cells}


def _merge_retired(base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: _choose(base.get(key), mine.get(key), theirs.get(key)) for key in {**mine, **theirs}}
    return {key: value for key, value in merged.items() if value}
