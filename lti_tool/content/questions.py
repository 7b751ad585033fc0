"""The questions of a worksheet in one line: groups opened, so that every floor walks them in the same way.

What is computed stands among them on the page (a *place*), and is no question: nobody answers it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lti_tool.content.schema import Depth, FieldType, Leaf, Worksheet, WorksheetField


@dataclass(frozen=True, slots=True)
class Question:
    """A field that takes answers itself (never a group), with what it inherits from the groups around it.

    ``path`` is its address in a document ("soar.strengths"). ``group`` is the label of the group, or "".
    ``private_path`` is the address of the outermost private field it belongs to, or "": the author's decision to
    show is kept under that address. ``is_living``: the whole answer stays editable after acceptance. ``feeds_brief``:
    the whole answer goes on the principal's page (single columns of it may say so themselves). ``is_commitment``: its
    dates are promises (single columns, again, may say so).
    """

    path: str
    part: str
    group: str
    field: WorksheetField
    depth: Depth
    required: bool
    private_path: str
    is_living: bool = False
    feeds_brief: bool = False
    is_commitment: bool = False

    @property
    def label(self) -> str:
        """What the question is called where its group is not shown beside it."""
        return f"{self.group}: {self.field.label}" if self.group else self.field.label

    @property
    def is_private(self) -> bool:
        """Whether only the author may read it unless she decides otherwise."""
        return bool(self.private_path)

    @property
    def leaf(self) -> Leaf:
        """What a question of a single answer asks for.

        Raises:
            ValueError: rows and grids have a leaf for every column instead.
        """
        if self.field.leaf is None:
            raise ValueError(f"{self.path} has no single answer")
        return self.field.leaf


def list_questions(worksheet: Worksheet) -> tuple[Question, ...]:
    """Every question of ``worksheet`` in the order of the page."""
    return _list_places(_Same(worksheet))[1]


def list_places(worksheet: Worksheet) -> tuple[Question, ...]:
    """Every question and everything computed, in the order of the page, with what it inherits."""
    return _list_places(_Same(worksheet))[0]


class _Same:
    """A worksheet by its identity: it is frozen, and comparing two of them field by field takes long."""

    __slots__ = ("worksheet",)

    def __init__(self, worksheet: Worksheet) -> None:
        self.worksheet = worksheet

    def __hash__(self) -> int:
        return id(self.worksheet)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.worksheet is self.worksheet


@lru_cache(maxsize=128)
def _list_places(same: _Same) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    """All places, and the questions among them, made once: every rule on answers walks them."""
    places = tuple(
        place
        for part in same.worksheet.parts
        for field in part.fields
        for place in _open_field(field, Question(field.key, part.key, "", field, Depth.CORE, False, ""))
    )
    return places, tuple(place for place in places if place.field.type is not FieldType.COMPUTED)


def _open_field(field: WorksheetField, around: Question) -> Iterator[Question]:
    """The places inside ``field``; ``around`` carries the address and what is inherited."""
    depth = Depth.DEEPER if Depth.DEEPER in {field.depth, around.depth} else Depth.CORE
    private_path = around.private_path or (around.path if field.private else "")
    required = field.required and depth is Depth.CORE
    is_living = field.living or around.is_living
    feeds_brief = field.brief or around.feeds_brief
    inherited = (private_path, is_living, feeds_brief, field.commitment or around.is_commitment)
    if field.type is not FieldType.GROUP:
        yield Question(around.path, around.part, around.group, field, depth, required, *inherited)
        return
    group = f"{around.group}: {field.label}" if around.group else field.label
    for inner in field.fields:
        path = f"{around.path}.{inner.key}"
        yield from _open_field(inner, Question(path, around.part, group, inner, depth, False, *inherited))
