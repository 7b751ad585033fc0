"""YAML to plain values, remembering on which line each of them was written.

Authors write words, so ``yes``, ``no`` and ``2026-11-23`` stay words (as in YAML 1.2); only ``true``, ``false``,
plain numbers and an empty value become something else. Duplicate keys, tags and self-references are refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from lti_tool.content.problems import Path, Place, Places, Problem

_TAG = "tag:yaml.org,2002:"


class _PlainLoader(yaml.SafeLoader):
    """Resolves only what an author of words would expect."""


_PlainLoader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}", "-0123456789"),
):
    _PlainLoader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), list(_first))
_PlainLoader.add_implicit_resolver(_TAG + "null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])

_CONVERT: dict[str, Callable[[str], str | int | float | bool | None]] = {
    "str": str,
    "bool": "true".__eq__,
    "int": int,
    "float": float,
    "null": lambda _: None,
}


@dataclass(frozen=True, slots=True)
class YamlReading:
    """What one YAML text holds. With ``problems`` the value is incomplete and not to be used."""

    value: Any
    places: Places
    problems: tuple[Problem, ...]


def read_yaml(text: str, file: str, *, lines_before: int = 0) -> YamlReading:
    """Read one YAML document; never raises. ``lines_before`` counts the lines of the file above ``text``."""
    converter = _Converter(file, lines_before)
    value: object = None
    try:
        node = yaml.compose(text, Loader=_PlainLoader)
        if node is not None:
            converter.places.remember((), converter.place_of(node))
            value = converter.convert(node, ())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark is not None else 0
        converter.refuse(line, _say_what_stopped_yaml(error.problem or "something is out of place"))
    except yaml.YAMLError:
        converter.refuse(0, "holds a character that YAML does not allow")
    except RecursionError:
        converter.refuse(0, "is nested too deeply to be read")
    return YamlReading(value, converter.places, tuple(converter.problems))


class _Converter:
    """Walks the nodes of one document."""

    def __init__(self, file: str, lines_before: int) -> None:
        self._file = file
        self._lines_before = lines_before
        self._open: list[yaml.Node] = []
        self.places = Places(Place(file, lines_before + 1))
        self.problems: list[Problem] = []

    def refuse(self, line: int, message: str) -> None:
        self.problems.append(Problem(self._file, self._lines_before + line + 1, message))

    def place_of(self, node: yaml.Node) -> Place:
        return Place(self._file, self._lines_before + node.start_mark.line + 1)

    def convert(self, node: yaml.Node, path: Path) -> object:
        if node in self._open:
            self.refuse(node.start_mark.line, "an alias may not stand inside what it names")
            return None
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._convert_mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return self._convert_sequence(node, path)
            return self._convert_scalar(node)
        finally:
            self._open.pop()

    def _convert_mapping(self, node: yaml.MappingNode, path: Path) -> dict[str | int, object]:
        values: dict[str | int, object] = {}
        for key_node, value_node in node.value:
            key = self._convert_scalar(key_node)
            if isinstance(key, bool) or not isinstance(key, str | int):
                self.refuse(key_node.start_mark.line, "a key must be a plain word or a whole number")
            elif key in values:
                first = self.places.find((*path, key)).line
                self.refuse(key_node.start_mark.line, f"“{key}” stands twice; the first is on line {first}")
            else:
                self.places.remember((*path, key), self.place_of(key_node))
                values[key] = self.convert(value_node, (*path, key))
        return values

    def _convert_sequence(self, node: yaml.SequenceNode, path: Path) -> list[object]:
        values = []
        for index, item in enumerate(node.value):
            self.places.remember((*path, index), self.place_of(item))
            values.append(self.convert(item, (*path, index)))
        return values

    def _convert_scalar(self, node: yaml.Node) -> str | int | float | bool | None:
        if not isinstance(node, yaml.ScalarNode):
            return None
        kind = node.tag.removeprefix(_TAG)
        if kind not in _CONVERT:
            self.refuse(node.start_mark.line, f"the tag {node.tag} is not allowed here")
            return None
        return _CONVERT[kind](str(node.value))


def _say_what_stopped_yaml(problem: str) -> str:
    hint = ""
    if "mapping values are not allowed" in problem:
        hint = "; put words that hold a colon in quotes"
    elif "'\\t'" in problem:
        hint = "; use spaces, not tabs"
    elif "undefined alias" in problem or "cannot start any token" in problem:
        hint = "; put words that begin with a sign in quotes"
    return f"this YAML cannot be read: {problem}{hint}"
