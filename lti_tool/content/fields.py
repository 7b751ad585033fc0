"""The questions of a worksheet as frozen values: what a field, a column and a single answer ask for."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
KeyPath = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}(?:\.[a-z][a-z0-9_]{0,39}){0,3}$")]
Words = Annotated[str, Field(min_length=1)]


_LONGEST_LINE = 90


class ContentModel(BaseModel):
    """A frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


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
    CHOICES = "choices"
    CHECK = "check"
    PICK = "pick"
    ROWS = "rows"
    GRID = "grid"
    GROUP = "group"
    CARRIED = "carried"
    COMPUTED = "computed"


class Choice(ContentModel):
    """One option of a choice: the key is stored, the label is shown."""

    key: Key
    label: Words


class PickSource(ContentModel):
    """Where a pick takes its options from: the rows of ``field``; ``column`` names them.

    Without ``module`` the rows are in this worksheet, else in that module's.
    """

    module: Key | None = None
    field: Key
    column: Key


class FieldSource(ContentModel):
    """A field of another module's worksheet."""

    module: Key
    field: Key


class Leaf(ContentModel):
    """What one cell or one simple field asks for.

    ``max_chars`` (text) is a hard limit; ``min_words`` and ``max_words`` (prose) are guidance with 10 %
    tolerance; ``low`` and ``high`` label the ends of a scale, which goes from ``lowest`` to ``highest``.
    """

    type: Literal["text", "prose", "number", "money", "date", "scale", "choice", "choices", "check", "pick"]
    max_chars: int | None = Field(default=None, ge=1, le=2000)
    min_words: int | None = Field(default=None, ge=0)
    max_words: int | None = Field(default=None, ge=1)
    low: str = ""
    high: str = ""
    lowest: int = Field(default=1, ge=0, le=1)
    highest: int = Field(default=5, ge=3, le=10)
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
        if self.type in {"choice", "choices"} and len(self.choices) < 2:
            raise ValueError(f"{self.type} needs at least two entries under choices")
        if self.type == "pick" and self.pick is None:
            raise ValueError("a pick needs pick: {field, column}")
        return self

    @property
    def is_long(self) -> bool:
        """Whether a text of this kind may need more than a line."""
        return self.type == "text" and (self.max_chars or 0) > _LONGEST_LINE

    @property
    def points(self) -> tuple[str, ...]:
        """The values of a scale, as they are stored."""
        return tuple(map(str, range(self.lowest, self.highest + 1)))


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


# Beside what it carries, a field takes a note of her own, or a working version while there is nothing to carry.
_CARRIED_LEAF = {"type": "text", "max_chars": 1000}


class ComputeKind(StrEnum):
    """What the tool works out from other answers."""

    QUADRANTS = "quadrants"
    TOTAL = "total"
    COMPARISON = "comparison"
    BRIEF = "brief"


_COMPUTE_NEEDS: dict[ComputeKind, tuple[str, ...]] = {
    ComputeKind.QUADRANTS: ("rows", "name", "up", "across"),
    ComputeKind.TOTAL: ("rows", "column"),
    ComputeKind.COMPARISON: ("grid", "source"),
    ComputeKind.BRIEF: (),
}


class Compute(ContentModel):
    """How a computed field comes about.

    *quadrants*: the ``rows`` called by their column ``name`` in four lists, by the scales ``up`` and ``across``.
    *total*: the sum of the money ``column`` of ``rows``. *comparison*: a ``grid`` beside the same grid of another
    plan (``source``). *brief*: every answer of the author's plans that feeds the principal's page.
    """

    kind: ComputeKind
    rows: KeyPath | None = None
    column: Key | None = None
    name: Key | None = None
    up: Key | None = None
    across: Key | None = None
    grid: Key | None = None
    source: FieldSource | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "Compute":
        needed = _COMPUTE_NEEDS[self.kind]
        given = [name for name in type(self).model_fields if name != "kind" and getattr(self, name) is not None]
        missing = [name for name in needed if name not in given]
        if missing:
            raise ValueError(f"{self.kind.value} needs {', '.join(missing)}")
        if extra := [name for name in given if name not in needed]:
            raise ValueError(f"{self.kind.value} takes no {', '.join(extra)}")
        return self


class WorksheetField(ContentModel):
    """One question of a worksheet.

    ``required`` counts on submit only. ``private``: never graded, never exported, seen by a reviewer only if
    the author says so. ``brief``: feeds the principal's page. ``commitment``: a date in it is a promise.
    ``living``: stays editable after acceptance. ``source`` is what a carried field brings from another plan, with
    only its ``columns_shown`` if it is a table. ``one_row_for`` (rows): the pick column whose every option gets a row.
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
    one_row_for: Key | None = None
    source: FieldSource | None = None
    columns_shown: tuple[Key, ...] = ()
    compute: Compute | None = None

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every kind of answer it asks for itself: its own, those of its columns, and those of single cells."""
        own = () if self.leaf is None else (self.leaf,)
        return (*own, *self.columns, *(leaf for row in self.grid_rows for leaf in row.cells.values()))

    @model_validator(mode="before")
    @classmethod
    def _gather_leaf(cls, data: object) -> object:
        """Let an author write ``max_chars: 80`` beside ``type: text`` instead of nesting a leaf."""
        if not isinstance(data, dict) or "leaf" in data:
            return data
        containers = {"rows", "grid", "group", "carried", "computed"}
        own = dict(data)
        leaf = {name: own.pop(name) for name in list(own) if name in Leaf.model_fields and name != "type"}
        if own.get("type") == "carried" and not leaf:
            return {**own, "leaf": _CARRIED_LEAF}
        if own.get("type") not in containers:
            own["leaf"] = {"type": own.get("type"), **leaf}
        elif leaf:
            raise ValueError(f"{', '.join(sorted(leaf))} belongs in a column, not beside type: {own.get('type')}")
        return own

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "WorksheetField":
        self._refuse_what_other_types_take()
        if self.type is FieldType.ROWS and not (self.columns and self.max_rows and self.row_name):
            raise ValueError("rows need row_name, columns and max_rows")
        if self.type is FieldType.ROWS and self.min_rows > self.max_rows:
            raise ValueError("min_rows is larger than max_rows")
        if self.type is FieldType.GRID and not (self.columns and self.grid_rows):
            raise ValueError("a grid needs columns and grid_rows")
        if self.type is FieldType.GROUP and not self.fields:
            raise ValueError("a group needs fields")
        if self.type is FieldType.CARRIED and self.source is None:
            raise ValueError("a carried field needs source: {module, field}")
        if self.type is FieldType.COMPUTED and self.compute is None:
            raise ValueError("a computed field needs compute: {kind, ...}")
        if self.required and self.depth is Depth.DEEPER:
            raise ValueError("a deeper field is never required")
        return self

    def _refuse_what_other_types_take(self) -> None:
        for name, kind in _ONLY_FOR.items():
            if getattr(self, name) and self.type is not kind:
                raise ValueError(f"{name} belongs beside type: {kind.value}")
        if self.type is FieldType.COMPUTED and (self.required or self.living or self.commitment):
            raise ValueError("a computed field is worked out, so it cannot be required, living or a promise")


_ONLY_FOR = {
    "one_row_for": FieldType.ROWS,
    "source": FieldType.CARRIED,
    "columns_shown": FieldType.CARRIED,
    "compute": FieldType.COMPUTED,
}
