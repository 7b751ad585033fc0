"""The shape of a series: modules, readings, reflections, worksheets and rubrics as frozen values.

A series is data (Markdown and YAML). These models are what the loader turns it into once, at start; nothing
in the rest of the tool reads a content file. Unknown keys are refused, so that a typing mistake is found by
``lti-tool content check`` and not by a librarian. The questions of a worksheet have a room of their own
(``fields``); everything is taken from here.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lti_tool.content.fields import (
    Choice,
    Column,
    Compute,
    ComputeKind,
    ContentModel,
    Depth,
    FieldSource,
    FieldType,
    GridRow,
    Key,
    KeyPath,
    Leaf,
    PickSource,
    Words,
    WorksheetField,
)

__all__ = [
    "Check",
    "CheckOption",
    "Choice",
    "Column",
    "Compute",
    "ComputeKind",
    "ContentModel",
    "Criterion",
    "Depth",
    "Exemplar",
    "FieldSource",
    "FieldType",
    "Filling",
    "GridRow",
    "Key",
    "KeyPath",
    "Leaf",
    "Level",
    "MarginNote",
    "Module",
    "ModulePage",
    "ModuleStatus",
    "Outcome",
    "Part",
    "PickSource",
    "Points",
    "Reading",
    "Reflection",
    "Series",
    "Sitting",
    "Source",
    "Words",
    "Worksheet",
    "WorksheetField",
]


class ModuleStatus(StrEnum):
    """Whether the work of a module can be done yet."""

    OPEN = "open"
    ANNOUNCED = "announced"


class Part(ContentModel):
    """A lettered part of a worksheet."""

    key: Annotated[str, Field(pattern=r"^[A-Z]$")]
    title: Words
    intro: str = ""
    fields: tuple[WorksheetField, ...]


class Sitting(ContentModel):
    """A stretch of at most 25 minutes; ``closing`` says what she has now and that she can stop here."""

    key: Key
    title: Words
    minutes: int = Field(ge=5, le=25)
    parts: tuple[str, ...]
    closing: Words


class Level(ContentModel):
    """One level of a criterion; 4 is highest."""

    number: Literal[1, 2, 3, 4]
    text: Words


class Criterion(ContentModel):
    """One line of a rubric and the worksheet fields it looks at."""

    key: Key
    title: Words
    fields: tuple[Key, ...]
    levels: tuple[Level, ...]

    @model_validator(mode="after")
    def _has_four_levels(self) -> "Criterion":
        if [level.number for level in self.levels] != [4, 3, 2, 1]:
            raise ValueError("a criterion needs its levels in the order 4, 3, 2, 1")
        return self


class Worksheet(ContentModel):
    """The plan of a module with its rubric. ``target_minutes`` is what its core may take at an interrupted desk."""

    key: Literal["plan"] = "plan"
    title: Words
    intro: Words
    note: Words
    target_minutes: int | None = Field(default=None, ge=5)
    parts: tuple[Part, ...]
    sittings: tuple[Sitting, ...]
    rubric: tuple[Criterion, ...]


class CheckOption(ContentModel):
    """One answer of a check. ``why`` is shown after trying, whichever was chosen."""

    key: Key
    text: Words
    correct: bool = False
    why: Words


class Check(ContentModel):
    """A question that gives credit for trying; "Not sure" is always offered beside its options.

    ``from_session`` is the key of the earlier module that the question reaches back to.
    """

    key: Key
    from_session: Key | None = None
    question: Words
    options: Annotated[tuple[CheckOption, ...], Field(min_length=2, max_length=5)]
    explanation: Words

    @model_validator(mode="after")
    def _has_one_right_answer(self) -> "Check":
        if sum(option.correct for option in self.options) != 1:
            raise ValueError("a check needs exactly one correct option")
        return self


class Reading(ContentModel):
    """One reading; ``html`` was rendered and cleaned once at start, ``minutes`` computed from its words."""

    key: Key
    title: Words
    topic: Words
    opener: Annotated[tuple[Words, ...], Field(min_length=3, max_length=3)]
    summary: Words
    try_tomorrow: Words
    sources: tuple[Key, ...]
    tags: tuple[str, ...] = ()
    reviewed: str
    version: str
    changed: Words
    checks: Annotated[tuple[Check, ...], Field(min_length=3, max_length=5)]
    html: str
    text: str
    words: int
    minutes: int


class Reflection(ContentModel):
    """A reflection: its prompt, what a good answer shows, and who will read it."""

    key: Key
    title: Words
    prompt: Words
    good_answer: Words
    min_words: int = Field(ge=1)
    max_words: int = Field(ge=1)
    may_be_private: bool = False
    minutes: int = Field(ge=5)


class Outcome(ContentModel):
    """What a participant can do afterwards, and where that is practised (the alignment matrix)."""

    key: Key
    text: Words
    readings: tuple[Key, ...]
    reflections: tuple[Key, ...] = ()
    fields: tuple[Key, ...]
    criteria: tuple[Key, ...]


class ModulePage(ContentModel):
    """The words of a module's own page."""

    you_will_make: Words
    it_uses: Words
    later_for: Words
    before: Words
    in_the_room: Words
    after: Words
    short_path: Words


class MarginNote(ContentModel):
    """A remark beside one field of an exemplar: which criterion it shows, and why it is strong or weak there."""

    field: Key
    criterion: Key
    text: Words


class Filling(ContentModel):
    """A worksheet filled in for the invented campus. ``answers`` have the shape of a stored document's fields."""

    answers: dict[Key, Any]
    notes: Annotated[tuple[MarginNote, ...], Field(min_length=1)]


class Exemplar(ContentModel):
    """One strong and one weak filling of a worksheet."""

    intro: Words
    strong: Filling
    weak: Filling


class Module(ContentModel):
    """One session of the series."""

    key: Key
    number: int = Field(ge=1)
    title: Words
    description: Words
    topics: Annotated[tuple[Words, ...], Field(min_length=1)]
    status: ModuleStatus
    outcomes: tuple[Outcome, ...] = ()
    page: ModulePage | None = None
    readings: tuple[Reading, ...] = ()
    reflections: tuple[Reflection, ...] = ()
    worksheet: Worksheet | None = None
    exemplar: Exemplar | None = None

    @property
    def is_open(self) -> bool:
        """Whether its work can be done; an announced module shows its name, description and topics only."""
        return self.status is ModuleStatus.OPEN


class Source(ContentModel):
    """A work that may be cited; ``reference`` is Markdown in the series' one citation style."""

    key: Key
    reference: Words


class Points(ContentModel):
    """How the 100 points of a module are shared where a cohort counts points."""

    readings: int = Field(default=10, ge=0)
    reflections: int = Field(default=30, ge=0)
    plan: int = Field(default=60, ge=0)

    @model_validator(mode="after")
    def _adds_up(self) -> "Points":
        total = self.readings + self.reflections + self.plan
        if total != 100:
            raise ValueError(f"readings, reflections and plan add up to {total}; a column is worth 100")
        return self


class Series(ContentModel):
    """A whole series of modules, in their order."""

    key: Key
    title: Words
    description: Words
    for_whom: Words
    goals: tuple[Words, ...]
    level_names: dict[int, str]
    points: Points = Points()
    modules: tuple[Module, ...]
    bibliography: tuple[Source, ...]

    def find_module(self, key: str) -> Module | None:
        """The module with this key, or None."""
        return next((module for module in self.modules if module.key == key), None)
