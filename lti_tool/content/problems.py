"""What is wrong with a series, and where: a file, a line, and a sentence in plain words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a value sits in the data of a series: ``("modules", 0, "title")``."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend. ``file`` is relative to the folder of the series; lines are counted from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ContentError(Exception):
    """A series that cannot be used. ``problems`` are all that were found, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = sort_problems(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def report(self, message: str) -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, message)


class Places:
    """Where every value of the data was written."""

    def __init__(self, fallback: Place) -> None:
        self._places: dict[Path, Place] = {(): fallback}

    def __iter__(self) -> Iterator[tuple[Path, Place]]:
        return iter(self._places.items())

    def remember(self, path: Path, place: Place) -> None:
        """Note that the value at ``path`` was written at ``place``."""
        self._places[path] = place

    def graft(self, prefix: Path, other: "Places") -> None:
        """Take over the places of a part of the data that was written in a file of its own."""
        for path, place in other:
            self._places[prefix + path] = place

    def find(self, path: Path) -> Place:
        """The place of ``path``, or of the nearest thing around it.

        A step that was never written is passed over: pydantic names steps of its own (``leaf``), and a missing key
        is nowhere, so that what should hold it is shown.
        """
        known: Path = ()
        for step in path:
            if (*known, step) in self._places:
                known = (*known, step)
        return self._places[known]


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Every problem once, by file and line."""
    return tuple(sorted(set(problems)))
