"""The shape of a series: modules, readings, reflections, worksheets and rubrics as frozen values.

A series is data (Markdown and YAML). These models are what the loader turns it into once, at start; nothing
in the rest of the tool reads a content file. Unknown keys are refused, so that a typing mistake is found by
``lti-tool content check`` and not by a librarian.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Words = Annotated[str, Field(min_length=1)]


class ContentModel(BaseModel):
    """A frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ModuleStatus(StrEnum):
    """Whether the work of a module can be done yet."""

    OPEN = "open"
    ANNOUNCED = "announced"


class Depth(StrEnum):
    """Core is asked of everybody; deeper is closed under "Go deeper" and never required."""

    CORE = "core"
    DEEPER = "deeper"


class FieldType(StrEnum):
    """Every kind of answer a worksheet can ask for."""

    TEXT = "text"
    PROSE = "prose"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    SCALE = "scale"
    CHOICE = "choice"
    CHECK = "check"
    PICK = "pick"
    ROWS = "rows"
    GRID = "grid"
    GROUP = "group"


class Choice(ContentModel):
    """One option of a choice: the key is stored, the label is shown."""

    key: Key
    label: Words


class PickSource(ContentModel):
    """Where a pick takes its options from: the rows of ``field`` in this worksheet; ``column`` names them."""

    field: Key
    column: Key


class Leaf(ContentModel):
    """What one cell or one simple field asks for.

    ``max_chars`` (text) is a hard limit; ``min_words`` and ``max_words`` (prose) are guidance with 10 %
    tolerance; ``low`` and ``high`` label the ends of a 1-5 scale.
    """

    type: Literal["text", "prose", "number", "money", "date", "scale", "choice", "check", "pick"]
    max_chars: int | None = Field(default=None, ge=1, le=2000)
    min_words: int | None = Field(default=None, ge=0)
    max_words: int | None = Field(default=None, ge=1)
    low: str = ""
    high: str = ""
    choices: tuple[Choice, ...] = ()
    pick: PickSource | None = None
    unit: str = ""

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "Leaf":
        if self.type == "text" and self.max_chars is None:
            raise ValueError("a text needs max_chars")
        if self.type == "prose" and self.max_words is None:
            raise ValueError("prose needs max_words")
        if self.type == "scale" and not (self.low and self.high):
            raise ValueError("a scale needs low and high, the words at its two ends")
        if self.type == "choice" and len(self.choices) < 2:
            raise ValueError("a choice needs at least two choices")
        if self.type == "pick" and self.pick is None:
            raise ValueError("a pick needs pick: {field, column}")
        return self


class Column(Leaf):
    """One column of rows or of a grid."""

    key: Key
    label: Words
    help: str = ""
    example: str = ""
    depth: Depth = Depth.CORE
    required: bool = False
    brief: bool = False
    commitment: bool = False
    living: bool = False


class GridRow(ContentModel):
    """A given row of a grid. ``cells`` overrides the kind of answer of single columns in this row."""

    key: Key
    label: Words
    cells: dict[Key, Leaf] = {}


class WorksheetField(ContentModel):
    """One question of a worksheet.

    ``required`` counts on submit only. ``private``: never graded, never exported, seen by a reviewer only if
    the author says so. ``brief``: feeds the principal's page. ``commitment``: a date in it is a promise.
    ``living``: stays editable after acceptance.
    """

    key: Key
    label: Words
    type: FieldType
    help: Words
    example: str = ""
    why: str = ""
    depth: Depth = Depth.CORE
    required: bool = False
    private: bool = False
    brief: bool = False
    commitment: bool = False
    living: bool = False
    leaf: Leaf | None = None
    row_name: str = ""
    min_rows: int = Field(default=0, ge=0, le=30)
    max_rows: int = Field(default=0, ge=0, le=30)
    columns: tuple[Column, ...] = ()
    grid_rows: tuple[GridRow, ...] = ()
    fields: tuple["WorksheetField", ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _gather_leaf(cls, data: object) -> object:
        """Let an author write ``max_chars: 80`` beside ``type: text`` instead of nesting a leaf."""
        if not isinstance(data, dict) or "leaf" in data:
            return data
        containers = {"rows", "grid", "group"}
        own = dict(data)
        leaf = {name: own.pop(name) for name in list(own) if name in Leaf.model_fields and name != "type"}
        if own.get("type") not in containers:
            own["leaf"] = {"type": own.get("type"), **leaf}
        elif leaf:
            raise ValueError(f"{', '.join(sorted(leaf))} belongs in a column, not beside type: {own.get('type')}")
        return own

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "WorksheetField":
        if self.type is FieldType.ROWS and not (self.columns and self.max_rows and self.row_name):
            raise ValueError("rows need row_name, columns and max_rows")
        if self.type is FieldType.ROWS and self.min_rows > self.max_rows:
            raise ValueError("min_rows is larger than max_rows")
        if self.type is FieldType.GRID and not (self.columns and self.grid_rows):
            raise ValueError("a grid needs columns and grid_rows")
        if self.type is FieldType.GROUP and not self.fields:
            raise ValueError("a group needs fields")
        if self.required and self.depth is Depth.DEEPER:
            raise ValueError("a deeper field is never required")
        return self


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
    """The plan of a module with its rubric."""

    key: Literal["plan"] = "plan"
    title: Words
    intro: Words
    note: Words
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
    """A question that gives credit for trying; "Not sure" is always offered beside its options."""

    key: Key
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

    @property
    def is_open(self) -> bool:
        """Whether its work can be done; an announced module shows its name, description and topics only."""
        return self.status is ModuleStatus.OPEN


class Source(ContentModel):
    """A work that may be cited; ``reference`` is Markdown in the series' one citation style."""

    key: Key
    reference: Words


class Series(ContentModel):
    """A whole series of modules, in their order."""

    key: Key
    title: Words
    description: Words
    for_whom: Words
    goals: tuple[Words, ...]
    level_names: dict[int, str]
    modules: tuple[Module, ...]
    bibliography: tuple[Source, ...]

    def find_module(self, key: str) -> Module | None:
        """The module with this key, or None."""
        return next((module for module in self.modules if module.key == key), None)
