"""The files of a series, put together into one piece of plain data with the place of every value.

Nothing is judged here but what can only be seen in a file: that it is there, is UTF-8, is YAML, and that a text
cites what its list of sources names. What the data must look like is said in ``schema``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lti_tool.content import effort
from lti_tool.content.citations import make_citation_label
from lti_tool.content.markdown import render_text
from lti_tool.content.problems import Path as DataPath
from lti_tool.content.problems import Place, Places, Problem
from lti_tool.content.yaml_reader import YamlReading, read_yaml

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<front>.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_COMPUTED = ("html", "text", "words", "minutes")
_MODULE_FILES = {"module.yaml", "reflections.yaml", "worksheet.yaml", "rubric.yaml", "exemplar.yaml"}


@dataclass(slots=True)
class SeriesData:
    """A series as it was written. ``problems`` keep it from being used; ``advice`` does not.

    A file in ``unreadable`` leaves gaps in ``value`` that are no problems of their own.
    """

    value: dict[str | int, Any] = field(default_factory=dict)
    places: Places = field(default_factory=lambda: Places(Place("series.yaml", 1)))
    problems: list[Problem] = field(default_factory=list)
    advice: list[Problem] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)


def read_series_data(folder: Path) -> SeriesData:
    """Read every file of the series in ``folder``; never raises for what they hold."""
    reader = _SeriesReader(folder)
    reader.read_series()
    return reader.data


class _SeriesReader:
    """Collects the data of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._labels: dict[str, str] = {}
        self.data = SeriesData()

    def read_series(self) -> None:
        series = self._read_yaml("series.yaml", ())
        self.data.value = series if isinstance(series, dict) else {}
        self.data.value["bibliography"] = self._read_yaml("bibliography.yaml", ("bibliography",))
        self._make_labels(self.data.value["bibliography"])
        names = self.data.value.get("modules")
        if not isinstance(names, list):
            return
        modules: list[Any] = []
        for index, name in enumerate(names):
            if self._is_module_folder(name, ("modules", index), names[:index]):
                modules.append(self._read_module(name, ("modules", len(modules))))
        self.data.value["modules"] = modules
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            if (path / "module.yaml").is_file() and path.name not in names:
                self._advise(f"{path.name}/module.yaml", 1, "series.yaml does not name this folder")

    def _is_module_folder(self, name: object, path: DataPath, earlier: list[object]) -> bool:
        place = self.data.places.find(path)
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            self.data.problems.append(place.report(f"“{name}” is not the name of a folder beside series.yaml"))
        elif name in earlier:
            self.data.problems.append(place.report(f"the folder “{name}” is named twice"))
        elif not (self._folder / name).is_dir():
            self.data.problems.append(place.report(f"there is no folder “{name}” beside series.yaml"))
        else:
            return True
        return False

    def _read_module(self, name: str, path: DataPath) -> Any:
        module = self._read_yaml(f"{name}/module.yaml", path)
        if not isinstance(module, dict):
            return module
        readings = sorted((self._folder / name / "readings").glob("*.md"))
        if readings:
            self.data.places.remember((*path, "readings"), Place(f"{name}/module.yaml", 1))
            module["readings"] = [
                self._read_reading(f"{name}/readings/{reading.name}", (*path, "readings", index))
                for index, reading in enumerate(readings)
            ]
        if (self._folder / name / "reflections.yaml").exists():
            module["reflections"] = self._read_yaml(f"{name}/reflections.yaml", (*path, "reflections"))
        if (self._folder / name / "worksheet.yaml").exists():
            worksheet = self._read_yaml(f"{name}/worksheet.yaml", (*path, "worksheet"))
            if isinstance(worksheet, dict):
                worksheet["rubric"] = self._read_yaml(f"{name}/rubric.yaml", (*path, "worksheet", "rubric"))
            module["worksheet"] = worksheet
        if (self._folder / name / "exemplar.yaml").exists():
            module["exemplar"] = self._read_yaml(f"{name}/exemplar.yaml", (*path, "exemplar"))
        for extra in sorted((self._folder / name).glob("*.y*ml")):
            if extra.name not in _MODULE_FILES:
                self._advise(f"{name}/{extra.name}", 1, f"this file is not read; known are {_list(_MODULE_FILES)}")
        return module

    def _read_reading(self, file: str, path: DataPath) -> Any:
        text = self._read_text(file)
        match = _FRONT_MATTER.match(text or "")
        if text is None or match is None:
            if text is not None:
                self._refuse(file, 1, "a reading begins with its title, topic and so on between two lines of ---")
            self.data.places.remember(path, Place(file, 1))
            return {}
        reading = self._keep(read_yaml(match["front"], file, lines_before=1), path)
        if not isinstance(reading, dict):
            return reading
        for key in _COMPUTED:
            if key in reading:
                place = self.data.places.find((*path, key))
                self.data.problems.append(place.report(f"“{key}” is computed; leave it out"))
        lines_before = text[: match.end()].count("\n")
        body = render_text(text[match.end() :], self._labels)
        for key, line in body.citations:
            self._check_citation(key, reading.get("sources"), Place(file, lines_before + line + 1))
        for line, message in body.problems:
            self._advise(file, lines_before + line + 1, message)
        words = len(body.text.split())
        minutes = effort.estimate_reading_minutes(words)
        return {**reading, "html": body.html, "text": body.text, "words": words, "minutes": minutes}

    def _check_citation(self, key: str, sources: object, place: Place) -> None:
        if key not in self._labels:
            self.data.problems.append(place.report(f"[@{key}] is not in bibliography.yaml"))
        elif not isinstance(sources, list) or key not in sources:
            self.data.problems.append(place.report(f"[@{key}] is cited here but not listed under sources"))

    def _make_labels(self, bibliography: object) -> None:
        for index, source in _enumerate_mappings(bibliography):
            key, reference = source.get("key"), source.get("reference")
            if isinstance(key, str) and isinstance(reference, str):
                label = make_citation_label(reference)
                self._labels[key] = label or key
                if label is None:
                    place = self.data.places.find(("bibliography", index, "reference"))
                    self.data.problems.append(
                        place.report("a reference begins with its authors and its year: Doe. 1999.")
                    )

    def _read_text(self, file: str) -> str | None:
        try:
            text = (self._folder / file).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            self._refuse(file, 1, "this file is missing")
        except UnicodeDecodeError:
            self._refuse(file, 1, "this file is not UTF-8 text")
        except OSError as error:
            self._refuse(file, 1, f"this file cannot be opened ({error.strerror})")
        else:
            return text
        return None

    def _read_yaml(self, file: str, path: DataPath) -> Any:
        text = self._read_text(file)
        if text is None:
            self.data.places.remember(path, Place(file, 1))
            return {}
        return self._keep(read_yaml(text, file), path)

    def _keep(self, reading: YamlReading, path: DataPath) -> Any:
        self.data.places.graft(path, reading.places)
        self.data.problems.extend(reading.problems)
        self.data.unreadable.update(problem.file for problem in reading.problems)
        return reading.value

    def _refuse(self, file: str, line: int, message: str) -> None:
        self.data.problems.append(Problem(file, line, message))
        self.data.unreadable.add(file)

    def _advise(self, file: str, line: int, message: str) -> None:
        self.data.advice.append(Problem(file, line, message))


def _enumerate_mappings(value: object) -> Iterator[tuple[int, Mapping[str, object]]]:
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield index, item


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
