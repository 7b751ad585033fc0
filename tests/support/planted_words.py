"""A person's whole series of plans with a planted word in every answer, and a look for the private ones anywhere.

Every answer that holds words gets a word of its own ("hush012" where the question is private, "open345" elsewhere).
Private dates, numbers and amounts are ones that nobody else writes. What is only chosen (scales, choices, rows picked)
cannot be told from anybody's; ``turn`` changes every private answer, and tests compare what others see before and
after.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Leaf, Series, Worksheet, WorksheetField
from lti_tool.content.sources import find_source_field
from lti_tool.domain.answer_values import print_value
from lti_tool.domain.answers import TYPED, YES, Document, blank_document, set_answer
from tests.support.series import change_module

_FIRST_PRIVATE_DAY = date(2190, 1, 1)
_OPEN_DAY = date(2027, 1, 4)


@dataclass(frozen=True)
class Mark:
    """A planted answer: where it was written, and every way to spell it."""

    module_key: str
    path: str
    private_path: str
    spellings: tuple[str, ...]

    @property
    def is_private(self) -> bool:
        """Whether only its author may read it unless she decides otherwise."""
        return bool(self.private_path)

    @property
    def name(self) -> str:
        """How it is looked for first."""
        return self.spellings[0]

    def __str__(self) -> str:
        return f"{self.name} ({self.module_key} {self.path})"


@dataclass
class Planting:
    """The answers to every question of every plan of ``series``; ``marks`` by name."""

    series: Series
    turn: int = 0
    documents: dict[str, Document] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        for module in self.series.modules:
            if module.worksheet is not None:
                self.documents[module.key] = self._fill(module.key, module.worksheet)

    def list_private(self, module_key: str | None = None, private_path: str | None = None) -> frozenset[str]:
        """The names of the private marks: all, those of a plan, or those of one field of it."""
        return frozenset(
            name
            for name, mark in self.marks.items()
            if mark.is_private and module_key in {None, mark.module_key} and private_path in {None, mark.private_path}
        )

    def list_open(self, module_key: str) -> frozenset[str]:
        """The names of the marks of a plan that its reviewer reads."""
        return frozenset(
            name for name, mark in self.marks.items() if not mark.is_private and mark.module_key == module_key
        )

    def plant_text(self, module_key: str, key: str, words: int, *, is_private: bool) -> str:
        """A text of so many words with a new mark in it, as for a reflection."""
        return self._write(Mark(module_key, key, key if is_private else "", ()), words)

    def find(self, text: str) -> frozenset[str]:
        """The private marks in ``text``, however they are spelled."""
        lowered = text.lower()
        return frozenset(
            name
            for name, mark in self.marks.items()
            if mark.is_private and any(spelling.lower() in lowered for spelling in mark.spellings)
        )

    def find_open(self, text: str) -> frozenset[str]:
        """The other marks in ``text``."""
        return frozenset(name for name, mark in self.marks.items() if not mark.is_private and mark.name in text.lower())

    def _fill(self, module_key: str, worksheet: Worksheet) -> Document:
        document = blank_document(worksheet)
        for question in list_questions(worksheet):
            document = set_answer(document, question.path, self._answer(module_key, worksheet, question))
        return document

    def _answer(self, module_key: str, worksheet: Worksheet, question: Question) -> Any:
        asked = question.field

        def answer(leaf: Leaf, path: str, number: int = 0) -> str:
            return self._answer_leaf(worksheet, leaf, Mark(module_key, path, question.private_path, ()), number)

        if asked.type is FieldType.ROWS:
            return [
                {
                    "id": row_id,
                    **{
                        column.key: answer(column, f"{question.path}.{row_id}.{column.key}", number)
                        for column in asked.columns
                    },
                }
                for number, row_id in enumerate(list_row_ids(asked))
            ]
        if asked.type is FieldType.GRID:
            return {
                row.key: {
                    column.key: answer(
                        row.cells.get(column.key, column), f"{question.path}.{row.key}.{column.key}", number
                    )
                    for column in asked.columns
                }
                for number, row in enumerate(asked.grid_rows)
            }
        return answer(question.leaf, question.path)

    def _answer_leaf(self, worksheet: Worksheet, leaf: Leaf, mark: Mark, number: int) -> str:
        step = number + self.turn if mark.is_private else number
        match leaf.type:
            case "text":
                return self._write(mark, 3)
            case "prose":
                return self._write(mark, ((leaf.min_words or 1) + (leaf.max_words or 1)) // 2)
            case "date":
                self._count += 1
                later = timedelta(self._count + self.turn * 800) if mark.is_private else timedelta()
                day = (_FIRST_PRIVATE_DAY if mark.is_private else _OPEN_DAY) + later
                return self._keep(mark, leaf, day.isoformat(), f"{day.month}/{day.day}/{day.year}")
            case "number" | "money":
                self._count += 1
                return self._keep(
                    mark, leaf, f"{90_000 + self._count + self.turn * 800}.25" if mark.is_private else "1200"
                )
            case "scale":
                return leaf.points[step % len(leaf.points)]
            case "choice":
                return leaf.choices[step % len(leaf.choices)].key
            case "choices":
                return " ".join(choice.key for choice in leaf.choices[: 1 + step % len(leaf.choices)])
            case "check":
                return YES
        if mark.is_private and number == 1:
            return f"{TYPED}{self._write(mark, 3)}"
        return self._pick(worksheet, leaf, step)

    def _pick(self, worksheet: Worksheet, leaf: Leaf, step: int) -> str:
        assert leaf.pick is not None
        source: WorksheetField | None
        if leaf.pick.module is None:
            source = next(item for part in worksheet.parts for item in part.fields if item.key == leaf.pick.field)
        else:
            source = find_source_field(self.series, leaf.pick)  # type: ignore[arg-type] # it names a field just as well
        assert source is not None
        row_ids = list_row_ids(source)
        return row_ids[step % len(row_ids)]

    def _write(self, mark: Mark, words: int) -> str:
        self._count += 1
        name = f"{'hush' if mark.is_private else 'open'}{self._count:04d}"
        self.marks[name] = Mark(mark.module_key, mark.path, mark.private_path, (name,))
        last = f"turn{self.turn}" if mark.is_private else "word"
        return " ".join([name, *(["word"] * (words - 2)), last])

    def _keep(self, mark: Mark, leaf: Leaf, value: str, *spellings: str) -> str:
        """Remember a private date or number by its spellings; open ones are like anybody's."""
        if mark.is_private:
            known = (value, print_value(leaf, value), f"{float(value):,.2f}" if not spellings else spellings[0])
            self.marks[value] = Mark(mark.module_key, mark.path, mark.private_path, known)
        return value


def list_row_ids(asked: WorksheetField) -> tuple[str, ...]:
    """The ids of the planted rows of a field: at least two where it takes two."""
    return tuple(f"{asked.key[:30]}-{number}" for number in range(min(asked.max_rows, max(asked.min_rows, 2))))


def confide(series: Series) -> Series:
    """``series`` with private fields of every kind more, of which some take what is private in earlier plans.

    "secret" stands in the first plan. The last one has "drafts", which carries the private rough draft of the first;
    "confided", rows with a column of each kind and a pick from private rows of the second; and what is worked out of
    them.
    """
    columns: list[dict[str, Any]] = [
        {"type": "text", "max_chars": 80},
        {"type": "prose", "min_words": 3, "max_words": 60},
        {"type": "number"},
        {"type": "money"},
        {"type": "date"},
        {"type": "scale", "low": "least", "high": "most"},
        {"type": "scale", "low": "never", "high": "ever"},
        {"type": "choice", "choices": _CHOICES},
        {"type": "choices", "choices": _CHOICES},
        {"type": "check"},
        {"type": "pick", "pick": {"module": "relationships", "field": "trust_audit", "column": "respect_evidence"}},
    ]
    keys = ("text", "prose", "number", "money", "date", "up", "across", "choice", "choices", "check", "pick")
    rows = {
        "type": "rows",
        "row_name": "Thing",
        "min_rows": 1,
        "max_rows": 3,
        "columns": [{"key": key, "label": f"The {key}", **column} for key, column in zip(keys, columns, strict=True)],
    }
    quadrants = {"kind": "quadrants", "rows": "confided", "name": "text", "up": "up", "across": "across"}
    total = {"kind": "total", "rows": "confided", "column": "money"}
    source = {"module": "visioning", "field": "rough_draft"}
    series = _add_fields(series, "visioning", secret={"type": "text", "max_chars": 200})
    return _add_fields(
        series,
        "opportunity",
        drafts={"type": "carried", "source": source},
        confided=rows,
        placed={"type": "computed", "compute": quadrants},
        spent={"type": "computed", "compute": total},
    )


_CHOICES = [{"key": f"c{number}", "label": f"Choice {number}"} for number in range(4)]


def _add_fields(series: Series, module_key: str, **fields: Mapping[str, Any]) -> Series:
    """The series with private fields at the end of a plan."""
    worksheet = find_worksheet(series, module_key)
    made = tuple(
        WorksheetField.model_validate({"key": key, "label": f"My {key}", "help": "For me.", "private": True, **asked})
        for key, asked in fields.items()
    )
    last = worksheet.parts[-1]
    parts = (*worksheet.parts[:-1], last.model_copy(update={"fields": (*last.fields, *made)}))
    return change_module(series, module_key, worksheet=worksheet.model_copy(update={"parts": parts}))


def find_worksheet(series: Series, module_key: str) -> Worksheet:
    """The plan of a session that has one."""
    module = series.find_module(module_key)
    assert module is not None
    assert module.worksheet is not None
    return module.worksheet


def group_items(items: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Fields of a form by name; a name sent several times holds a list."""
    grouped: dict[str, list[str]] = {}
    for name, value in items:
        grouped.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in grouped.items()}
