"""A worksheet as its editor draws it: every question with its answer, its marks and what it may pick from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import (
    Column,
    ComputeKind,
    Depth,
    FieldSource,
    FieldType,
    Leaf,
    Part,
    PickSource,
    Worksheet,
    WorksheetField,
)
from lti_tool.content.sources import make_address
from lti_tool.domain.answer_gaps import Gap, find_problems_while_typing
from lti_tool.domain.answer_lines import PickOption, list_lines, list_pick_options, print_cell
from lti_tool.domain.answer_values import count_words, read_date
from lti_tool.domain.answers import TYPED, Document, get_answer, shape_document
from lti_tool.domain.carrying import Copy, SourceChange, narrow_copy, read_copy
from lti_tool.domain.computing import Computed, compute_field
from lti_tool.domain.retired import RetiredAnswer, list_retired
from lti_tool.domain.row_uses import RowUse
from lti_tool.services.plan_sources import PlanSource
from lti_tool.services.review_values import ReleasedReview
from lti_tool.web.worksheet_forms import mint_row_id
from lti_tool.web.worksheet_links import PlanLinks

_SHORT_ANSWERS = {"number": "A number.", "money": "An amount.", "date": "A date.", "check": "A box to tick."}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the editor's templates ask. ``document`` is shaped; ``gaps`` are those of a try to submit.

    ``links`` tie it to the author's other plans; a sheet that nobody writes in has only the names of its sources.
    """

    worksheet: Worksheet
    document: Document
    gaps: tuple[Gap, ...]
    review: ReleasedReview | None
    is_returned: bool
    _questions: Mapping[str, Question]
    links: PlanLinks = field(default_factory=PlanLinks)
    _errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _options: dict[str, tuple[PickOption, ...]] = field(default_factory=dict)

    def answer(self, path: str) -> object:
        """What stands at a question."""
        return get_answer(self.document, path)

    def is_required(self, path: str) -> bool:
        """Whether submitting asks for this question."""
        return path in self._questions and self._questions[path].required

    def errors(self, path: str) -> tuple[str, ...]:
        """What is wrong or missing at exactly this place."""
        return self._errors.get(path, ())

    def has_errors_within(self, path: str) -> bool:
        """Whether anything is wrong at this place or inside it (to open what is folded)."""
        return any(place == path or place.startswith(f"{path}.") for place in self._errors)

    def comment(self, path: str) -> str:
        """What the reviewer wrote beside this question."""
        return "" if self.review is None else self.review.content.comments.get(path, "")

    def is_named(self, path: str) -> bool:
        """Whether the reviewer named this question as one to change."""
        return self.is_returned and self.review is not None and path in self.review.content.named_fields

    def is_worth_opening(self, path: str) -> bool:
        """Whether a folded question must be seen at once: something is wrong there, or the reviewer spoke of it."""
        return bool(self.has_errors_within(path) or self.comment(path) or self.is_named(path))

    def options(self, source: PickSource) -> tuple[PickOption, ...]:
        """The rows a pick may name now."""
        key = f"{make_address(source) or source.field}:{source.column}"
        if key not in self._options:
            self._options[key] = list_pick_options(self.document, source)
        return self._options[key]

    def find_source(self, source: FieldSource | PickSource) -> PlanSource | None:
        """The field of another plan that a pick or a carried field takes from; None for this plan's own."""
        return self.links.sources.get(make_address(source))

    def name_rows(self, source: PickSource) -> str:
        """What the question is called whose rows a pick offers."""
        other = self.find_source(source)
        return other.field_label if other is not None else self.label(source.field)

    def copy(self, carried: WorksheetField) -> Copy | None:
        """What a carried field brings, in the columns it shows; None while there is nothing."""
        if carried.source is None:
            return None
        copy = read_copy(self.document, make_address(carried.source))
        return copy if copy is None else narrow_copy(copy, carried.columns_shown)

    def changes_at(self, path: str) -> tuple[SourceChange, ...]:
        """The changes of other plans that are shown beside this field."""
        return self.links.changes.get(path, ())

    def computed(self, shown: WorksheetField) -> Computed | None:
        """What a computed field shows now; None for the principal's page, which has lines of its own."""
        if shown.compute is None or shown.compute.kind is ComputeKind.BRIEF:
            return None
        return compute_field(self.worksheet, shown, self.document)

    def uses(self, path: str, row_id: str) -> tuple[RowUse, ...]:
        """The places that point to a row."""
        return self.links.uses.get(f"{path}.{row_id}", ())

    def retired(self) -> tuple[RetiredAnswer, ...]:
        """Her answers to questions that are asked no more."""
        return list_retired(self.document)

    def anchor(self, gap: Gap) -> str:
        """Where the link of a gap leads: to the place to write, or to the whole question."""
        question = self._questions.get(gap.path)
        return f"field-{gap.path}" if question is not None and question.field.columns else f"a.{gap.path}"

    def opens_deeper(self, part: Part) -> bool:
        """Whether the folded questions of a part must be seen at once: wrong, commented on, or begun."""
        keys = {part_field.key for part_field in part.fields if part_field.depth is Depth.DEEPER}
        return any(self.is_worth_opening(key) for key in keys) or any(
            line.is_begun
            for question in self._questions.values()
            if question.path.partition(".")[0] in keys
            for line in list_lines(question, self.document)
        )

    def label(self, key: str) -> str:
        """What a field is called."""
        return next(
            (part_field.label for part in self.worksheet.parts for part_field in part.fields if part_field.key == key),
            key,
        )


def make_sheet(
    worksheet: Worksheet,
    document: Document,
    *,
    review: ReleasedReview | None = None,
    is_returned: bool = False,
    gaps: tuple[Gap, ...] = (),
    links: PlanLinks | None = None,
) -> Sheet:
    """Lay out ``document``; besides the gaps of a try to submit, what is of the wrong kind is always marked."""
    document = shape_document(worksheet, document)
    errors: dict[str, tuple[str, ...]] = {}
    for gap in dict.fromkeys((*gaps, *find_problems_while_typing(worksheet, document))):
        errors[gap.path] = (*errors.get(gap.path, ()), gap.message)
    questions = {question.path: question for question in list_questions(worksheet)}
    return Sheet(worksheet, document, gaps, review, is_returned, questions, links or PlanLinks(), errors)


def is_iso_date(value: str) -> bool:
    """Whether a date field can show ``value``; anything else is shown as typed, so that nothing disappears."""
    day = read_date(value)
    return not value or (day is not None and day.isoformat() == value)


def read_typed(value: str) -> str:
    """Her own words where a pick could name nothing; empty for a picked row."""
    return value.removeprefix(TYPED) if value.startswith(TYPED) else ""


def describe_limit(leaf: Leaf) -> str:
    """What to know before typing: the range of words or the most characters."""
    if leaf.type == "text":
        return f"Up to {leaf.max_chars} characters."
    if leaf.type != "prose":
        return ""
    return f"{leaf.min_words} to {leaf.max_words} words." if leaf.min_words else f"Up to {leaf.max_words} words."


def describe_column(column: Column, leaf: Leaf) -> str:
    """What to write in a cell: its help and its limit. A grid's row may ask for another kind (``leaf``)."""
    return f"{column.help} {describe_limit(leaf)}".strip()


def describe_columns(table: WorksheetField) -> dict[str, str]:
    """What to write in each column, by its key."""
    return {column.key: describe_column(column, column) for column in table.columns}


def describe_count(leaf: Leaf, value: str) -> str:
    """The line under a prose answer, as the page's script goes on writing it."""
    count = count_words(value)
    words = f"{count} word" if count == 1 else f"{count} words"
    limit = f"in a range of {leaf.min_words} to {leaf.max_words}" if leaf.min_words else f"up to {leaf.max_words}"
    return f"{words}, {limit}"


def describe_answer(field: WorksheetField, sheet: Sheet) -> str:
    """What kind of answer a question asks for, for somebody who reads the plan and does not write in it."""
    if field.source is not None:
        source = sheet.find_source(field.source)
        return f"Brought from “{source.field_label}” in the {source.plan_title}." if source else ""
    if field.compute is not None:
        return "Worked out from other answers; nothing to fill in."
    if field.leaf is not None:
        return _describe_leaf(field.leaf, sheet)
    columns = "; ".join(column.label for column in field.columns)
    if field.type is FieldType.ROWS:
        most = f"up to {field.max_rows}" if field.min_rows < 2 else f"{field.min_rows} to {field.max_rows}"
        return f"A list of {most}, each with: {columns}."
    rows = "; ".join(row.label for row in field.grid_rows)
    return f"A table. Rows: {rows}. Columns: {columns}."


def _describe_leaf(leaf: Leaf, sheet: Sheet) -> str:
    match leaf.type:
        case "choice":
            return f"One of: {'; '.join(choice.label for choice in leaf.choices)}."
        case "choices":
            return f"Any of: {'; '.join(choice.label for choice in leaf.choices)}."
        case "scale":
            return f"From {leaf.lowest} ({leaf.low}) to {leaf.highest} ({leaf.high})."
        case "pick" if leaf.pick is not None:
            other = sheet.find_source(leaf.pick)
            where = f" in the {other.plan_title}" if other else ""
            return f"One of the rows of “{sheet.name_rows(leaf.pick)}”{where}, or your own words."
    return _SHORT_ANSWERS.get(leaf.type) or describe_limit(leaf)


SHEET_HELPERS = {
    "is_iso_date": is_iso_date,
    "read_typed": read_typed,
    "describe_limit": describe_limit,
    "describe_count": describe_count,
    "describe_column": describe_column,
    "describe_columns": describe_columns,
    "mint_row_id": mint_row_id,
    "list_lines": list_lines,
    "print_cell": print_cell,
}
