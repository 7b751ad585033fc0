"""A copy of the tiny series, to be broken in one place."""

import shutil
from pathlib import Path

from lti_tool.content.loader import find_problems

TINY_SERIES = Path(__file__).parents[2] / "data" / "tiny_series"

MODULE = "1_soil/module.yaml"
WORKSHEET = "1_soil/worksheet.yaml"
RUBRIC = "1_soil/rubric.yaml"
EXEMPLAR = "1_soil/exemplar.yaml"
READING = "1_soil/readings/1_shared_work.md"

LATER_MODULE = "2_harvest/module.yaml"
LATER_WORKSHEET = "2_harvest/worksheet.yaml"
LATER_RUBRIC = "2_harvest/rubric.yaml"
LATER_EXEMPLAR = "2_harvest/exemplar.yaml"
LATER_READING = "2_harvest/readings/1_before_the_apples.md"


class BrokenSeries:
    """A folder whose files can be changed; lines of its problems are found by their words."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "series"
        shutil.copytree(TINY_SERIES, self.folder)

    def change(self, file: str, old: str, new: str) -> int:
        """Replace the first ``old`` in ``file`` and return its line."""
        text = self.read(file)
        assert old in text, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    def find_line(self, file: str, words: str) -> int:
        """The line of the first ``words`` in ``file`` as it now is."""
        text = self.read(file)
        return text[: text.index(words)].count("\n") + 1

    def read(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text, encoding="utf-8")

    def drop(self, file: str, old: str) -> int:
        """Take the first ``old`` out of ``file`` and return its line."""
        return self.change(file, old, "")

    def problems(self) -> list[str]:
        return [str(problem) for problem in find_problems(self.folder)]
