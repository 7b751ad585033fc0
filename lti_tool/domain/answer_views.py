"""Questions beside answers for somebody who reads: the author, her reviewer, or a page that leaves the tool."""

from dataclasses import dataclass
from enum import StrEnum

from lti_tool.content.questions import Question, list_places
from lti_tool.content.schema import ComputeKind, Depth, FieldType, Part, Worksheet
from lti_tool.content.sources import make_address
from lti_tool.domain.answer_gaps import is_question_done
from lti_tool.domain.answer_lines import Line, list_lines, print_cell
from lti_tool.domain.answers import Document, shape_document
from lti_tool.domain.carrying import Copy, narrow_copy, read_copy
from lti_tool.domain.computing import Computed, compute_field

KEPT_PRIVATE = "Done, kept private"
NOT_WRITTEN = "Not written"
NOTHING_TO_COMPUTE = "Nothing to work with yet"


class Reader(StrEnum):
    """Who reads. An export leaves the course, so nothing private is in it, shown or not."""

    AUTHOR = "author"
    REVIEWER = "reviewer"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class DescribedCell:
    """One answer in words; ``text`` is "" when there is none."""

    path: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class DescribedLine:
    """A row of answers; ``label`` is "Goal 2" or a grid's own "Enrollment"."""

    path: str
    label: str
    cells: tuple[DescribedCell, ...]


@dataclass(frozen=True, slots=True)
class DescribedQuestion:
    """A question and what was answered: ``text``, or ``lines`` under ``columns`` for rows and grids.

    ``note`` stands in place of the answer where it is withheld ("Done, kept private") or missing ("Not written").
    ``key`` is the key of the field in the worksheet, which rubric criteria name; ``group`` the label around it.
    ``copy`` is what a carried field brings from ``source`` (its address; ``text`` is then her own note on it),
    ``computed`` what was worked out.
    """

    path: str
    key: str
    group: str
    label: str
    kind: FieldType
    is_deeper: bool
    is_private: bool
    is_shown: bool
    text: str
    columns: tuple[str, ...]
    lines: tuple[DescribedLine, ...]
    note: str
    copy: Copy | None = None
    source: str = ""
    computed: Computed | None = None


@dataclass(frozen=True, slots=True)
class DescribedPart:
    """A part with the questions that ``reader`` may see."""

    key: str
    title: str
    questions: tuple[DescribedQuestion, ...]


def describe_answers(worksheet: Worksheet, document: Document, *, reader: Reader) -> tuple[DescribedPart, ...]:
    """Every question of ``worksheet`` with its answer in words.

    A reviewer reads a private field only where its author shows it, else whether it is done; an export has none of
    them. Rows with nothing in them are left out, and so is the principal's page, which is no answer.
    """
    document = shape_document(worksheet, document)
    return tuple(_describe_part(part, worksheet, document, reader) for part in worksheet.parts)


def _describe_part(part: Part, worksheet: Worksheet, document: Document, reader: Reader) -> DescribedPart:
    described = tuple(
        _describe_question(place, document, reader)
        if place.field.compute is None
        else _describe_computed(worksheet, place, document)
        for place in list_places(worksheet)
        if place.part == part.key and _is_told(place, reader)
    )
    return DescribedPart(part.key, part.title, described)


def _is_told(place: Question, reader: Reader) -> bool:
    """Whether ``reader`` hears of it at all. Of what is private and computed nobody but its author does."""
    compute = place.field.compute
    if compute is None:
        return not (place.is_private and reader is Reader.EXPORT)
    return compute.kind is not ComputeKind.BRIEF and not (place.is_private and reader is not Reader.AUTHOR)


def _describe_computed(worksheet: Worksheet, place: Question, document: Document) -> DescribedQuestion:
    computed = compute_field(worksheet, place.field, document)
    return DescribedQuestion(
        path=place.path,
        key=place.path.partition(".")[0],
        group=place.group,
        label=place.field.label,
        kind=place.field.type,
        is_deeper=place.depth is Depth.DEEPER,
        is_private=place.is_private,
        is_shown=False,
        text="",
        columns=(),
        lines=(),
        note=NOTHING_TO_COMPUTE if computed.is_empty else "",
        computed=None if computed.is_empty else computed,
    )


def _describe_question(question: Question, document: Document, reader: Reader) -> DescribedQuestion:
    is_shown = question.private_path in document["shown"]
    is_withheld = question.is_private and not is_shown and reader is not Reader.AUTHOR
    begun = tuple(line for line in list_lines(question, document) if line.is_begun)
    is_table = bool(question.field.columns)
    source = question.field.source
    copy = None if source is None or is_withheld else read_copy(document, make_address(source))
    if is_withheld:
        note = KEPT_PRIVATE if begun and is_question_done(question, document) else NOT_WRITTEN
    else:
        note = "" if begun or copy is not None else NOT_WRITTEN
    readable = () if is_withheld else begun
    return DescribedQuestion(
        path=question.path,
        key=question.path.partition(".")[0],
        group=question.group,
        label=question.field.label,
        kind=question.field.type,
        is_deeper=question.depth is Depth.DEEPER,
        is_private=question.is_private,
        is_shown=is_shown,
        text="".join(print_cell(line.cells[0], document) for line in readable if not is_table),
        columns=tuple(column.label for column in question.field.columns),
        lines=tuple(_describe_line(question, line, document) for line in readable if is_table),
        note=note,
        source="" if source is None else make_address(source),
        copy=copy if copy is None else narrow_copy(copy, question.field.columns_shown),
    )


def _describe_line(question: Question, line: Line, document: Document) -> DescribedLine:
    labels = [column.label for column in question.field.columns]
    return DescribedLine(
        path=line.path,
        label=line.label.removeprefix(f"{question.label}: "),
        cells=tuple(
            DescribedCell(cell.path, label, print_cell(cell, document))
            for label, cell in zip(labels, line.cells, strict=True)
        ),
    )
