"""Answers whose question is gone from the worksheet: kept, and shown to their author as "no longer asked"."""

from dataclasses import dataclass
from typing import Any

from lti_tool.domain.answers import TYPED, Document


@dataclass(frozen=True, slots=True)
class RetiredAnswer:
    """Words that belong to no question any more. ``label`` is made from the address they had."""

    path: str
    label: str
    text: str


def list_retired(document: Document) -> tuple[RetiredAnswer, ...]:
    """What ``document`` (already shaped) keeps of questions that are gone. For the author's eyes only.

    Whether a question was private went with it, so nobody else may see its answer.
    """
    return tuple(
        RetiredAnswer(path, _make_label(path), _print(value)) for path, value in document.get("retired", {}).items()
    )


def _make_label(path: str) -> str:
    words = path.partition("~")[0].replace("_", " ").split(".")
    return ": ".join(word[:1].upper() + word[1:] for word in words if word)


def _print(value: Any) -> str:
    if isinstance(value, dict):
        parts = (f"{_make_label(str(key))}: {_print(item)}" for key, item in value.items() if key != "id")
        return "\n".join(parts)
    if isinstance(value, list):
        return "\n\n".join(_print(item) for item in value)
    return str(value).removeprefix(TYPED)
