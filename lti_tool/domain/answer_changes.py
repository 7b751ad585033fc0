"""What changed between two revisions of a worksheet, row by row by stable ids; private fields are never in it."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Worksheet
from lti_tool.content.sources import make_address
from lti_tool.domain.answer_lines import Line, list_lines, print_cell
from lti_tool.domain.answers import Document, shape_document
from lti_tool.domain.carrying import read_copy


class ChangeKind(StrEnum):
    """What happened: an answer is different, or a row with something in it came, went or moved."""

    CHANGED = "changed"
    ROW_ADDED = "row_added"
    ROW_REMOVED = "row_removed"
    ROW_MOVED = "row_moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in words. For a moved row ``before`` and ``after`` are its places ("Goal 3", "Goal 1")."""

    path: str
    label: str
    before: str
    after: str
    kind: ChangeKind


def compare_documents(worksheet: Worksheet, before: Document, after: Document) -> tuple[Change, ...]:
    """The differences that a reviewer may read, in the order of the page; spaces at the ends do not count."""
    before, after = shape_document(worksheet, before), shape_document(worksheet, after)
    return tuple(
        change
        for question in list_questions(worksheet)
        if not question.is_private
        for change in _compare_question(question, before, after)
    )


def _compare_question(question: Question, before: Document, after: Document) -> Iterator[Change]:
    if question.field.source is not None:
        address = make_address(question.field.source)
        was, now = (read_copy(document, address) for document in (before, after))
        texts = (was.print() if was else "", now.print() if now else "")
        if texts[0] != texts[1]:
            yield Change(question.path, question.label, *texts, ChangeKind.CHANGED)
    old = {line.key: line for line in list_lines(question, before)}
    new = {line.key: line for line in list_lines(question, after)}
    if question.field.type is not FieldType.ROWS:
        for key, line in new.items():
            yield from _compare_cells(old[key], line, before, after)
        return
    old = {key: line for key, line in old.items() if line.is_begun}
    new = {key: line for key, line in new.items() if line.is_begun}
    for key, line in old.items():
        if key not in new:
            yield Change(line.path, line.label, summarize_line(line, before), "", ChangeKind.ROW_REMOVED)
    moved = _find_moved([key for key in old if key in new], [key for key in new if key in old])
    for key, line in new.items():
        if key not in old:
            yield Change(line.path, line.label, "", summarize_line(line, after), ChangeKind.ROW_ADDED)
            continue
        if key in moved:
            yield Change(line.path, line.label, old[key].label, line.label, ChangeKind.ROW_MOVED)
        yield from _compare_cells(old[key], line, before, after)


def _compare_cells(old: Line, new: Line, before: Document, after: Document) -> Iterator[Change]:
    for was, now in zip(old.cells, new.cells, strict=True):
        if was.value.strip() != now.value.strip():
            yield Change(now.path, now.label, print_cell(was, before), print_cell(now, after), ChangeKind.CHANGED)


def summarize_line(line: Line, document: Document) -> str:
    """A row in one line of words."""
    return "; ".join(text for text in (print_cell(cell, document) for cell in line.cells) if text)


def _find_moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The fewest rows that must have moved: all but a longest run that kept its order (patience sorting)."""
    place = {key: index for index, key in enumerate(before)}
    tails: list[int] = []
    piles: list[str] = []
    follows: dict[str, str | None] = {}
    for key in after:
        pile = bisect_left(tails, place[key])
        follows[key] = piles[pile - 1] if pile else None
        tails[pile : pile + 1] = [place[key]]
        piles[pile : pile + 1] = [key]
    kept: set[str] = set()
    last = piles[-1] if piles else None
    while last is not None:
        kept.add(last)
        last = follows[last]
    return set(after) - kept
