"""What the privacy page says of one table: a value with room for every column that somebody has judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KEPT: Final = "Until the people who run the server delete it."
KEPT_A_DAY: Final = "A background worker deletes it a day after its end."
NOBODY: Final = "Nobody in the course."


@dataclass(frozen=True, slots=True)
class StoredThing:
    """One table in words.

    Attributes:
        name: what people call it.
        holds: the columns that say something of a person (names with spaces between), and what they say.
        besides: the other columns: numbers of rows, addresses of the LMS, the program's own notes.
    """

    name: str
    holds: Mapping[str, str]
    why: str
    who: str
    how_long: str = KEPT
    besides: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """Every column that somebody has judged."""
        return frozenset(" ".join((*self.holds, self.besides)).split())


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """Several tables under one heading, by their names."""

    title: str
    things: tuple[tuple[str, StoredThing], ...]
