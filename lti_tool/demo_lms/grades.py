"""A gradebook's columns and what stands in their cells, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lti_tool.demo_lms.cells import Cell

_SESSION_PREFIX: Final = "On the Leading Edge of "


@dataclass(frozen=True, slots=True)
class Column:
    """One gradebook column. ``made_by_tool`` tells those of the tool from those that came with a link."""

    id: int
    course_id: str
    label: str
    maximum: float
    resource_id: str | None = None
    tag: str | None = None
    resource_link_id: str | None = None
    made_by_tool: bool = False
    extras: Mapping[str, object] = field(default_factory=dict)

    @property
    def short_label(self) -> str:
        """The label without what all eight sessions have in common."""
        return self.label.removeprefix(_SESSION_PREFIX)


@dataclass(frozen=True, slots=True)
class Grade:
    """What stands in a cell after one score. ``value`` is on the column's scale; None is an empty cell."""

    id: int
    sub: str
    value: float | None
    column_maximum: float
    given: float | None
    given_of: float | None
    comment: str | None
    sent_at: datetime
    arrived_at: datetime
    activity_progress: str
    grading_progress: str
    cell: Cell

    @property
    def is_by_hand(self) -> bool:
        """Whether a teacher wrote this into the cell, and no tool sent it."""
        return not self.activity_progress

    @property
    def value_in_words(self) -> str:
        """The cell's text, such as "92 of 100"."""
        if self.value is None:
            return "No score"
        return f"{format_number(self.value)} of {format_number(self.column_maximum)}"

    @property
    def given_in_words(self) -> str:
        """What the tool sent, before it was put on the column's scale."""
        if self.given is None:
            return "no number"
        return f"{format_number(self.given)} of {format_number(self.given_of or 0)}"


def format_number(number: float) -> str:
    """Return the number with at most two decimals and no empty ones."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def write_json_number(number: float) -> int | float:
    """Return a whole number as an int, so that JSON says 100 and not 100.0."""
    return int(number) if number.is_integer() else number
