"""The worked examples pass the rules for answers: a strong plan could be submitted as it stands, and every word fits.

The checks of the content know shapes only; the rules for answers stand on the floor above, so they are asked here.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from lti_tool.content.loader import ContentError, default_series_folder, load_series
from lti_tool.content.questions import list_questions
from lti_tool.content.schema import Module, Series
from lti_tool.content.sources import find_source_field, list_sources, make_address
from lti_tool.domain.answer_gaps import Gap, find_gaps, find_problems_while_typing
from lti_tool.domain.answer_lines import list_lines
from lti_tool.domain.answer_views import Reader, describe_answers
from lti_tool.domain.answers import Document, parse_document
from lti_tool.domain.carrying import Copy, Stage, copy_answer, take_copies
from tests.unit.content.broken import TINY_SERIES

FOLDERS = {"tiny": TINY_SERIES, "real": default_series_folder()}
COPIED_AT = datetime(2027, 3, 4, 15, 0, tzinfo=UTC)


@cache
def read(name: str) -> Series:
    return load_series(FOLDERS[name])


def list_examples() -> list[Any]:
    """Every module with an exemplar, by name; a series that cannot be used fails in a test of its own."""
    return [
        pytest.param(name, module.key, id=f"{name}: {module.key}") for name in FOLDERS for module in _examples(name)
    ]


def _examples(name: str) -> list[Module]:
    try:
        return [module for module in read(name).modules if module.exemplar and module.worksheet]
    except ContentError:
        return []


def find_module(name: str, key: str) -> Module:
    module = read(name).find_module(key)
    assert module is not None
    return module


def fill(name: str, module: Module, filling: str) -> Document:
    """The document of an example, with what it carries from the strong examples of the plans it builds on."""
    assert module.worksheet is not None
    assert module.exemplar is not None
    current = {}
    for source in list_sources(module.worksheet):
        earlier = read(name).find_module(source.module)
        if earlier is None or earlier.worksheet is None or earlier.exemplar is None:
            continue
        assert find_source_field(read(name), source) is not None
        lines = copy_answer(earlier.worksheet, source.field, fill(name, earlier, "strong"))
        current[make_address(source)] = Copy(lines, Stage.ACCEPTED, 1, COPIED_AT)
    answers = getattr(module.exemplar, filling).answers
    document = parse_document(module.worksheet, {"fields": answers})
    assert "retired" not in document, "an answer that belongs nowhere"
    return take_copies(module.worksheet, document, current)


def say(gaps: tuple[Gap, ...]) -> list[str]:
    return [f"{gap.path}: {gap.message}" for gap in gaps]


def test_the_series_can_be_read() -> None:
    for name in FOLDERS:
        assert read(name).modules


@pytest.mark.parametrize(("name", "key"), list_examples())
def test_a_strong_example_could_be_submitted(name: str, key: str) -> None:
    module = find_module(name, key)
    assert module.worksheet is not None
    assert say(find_gaps(module.worksheet, fill(name, module, "strong"))) == []


@pytest.mark.parametrize("filling", ["strong", "weak"])
@pytest.mark.parametrize(("name", "key"), list_examples())
def test_every_word_of_an_example_is_of_the_right_kind(name: str, key: str, filling: str) -> None:
    module = find_module(name, key)
    assert module.worksheet is not None
    assert say(find_problems_while_typing(module.worksheet, fill(name, module, filling))) == []


@pytest.mark.parametrize(("name", "key"), list_examples())
def test_what_a_strong_example_carries_is_there(name: str, key: str) -> None:
    module = find_module(name, key)
    assert module.worksheet is not None
    parts = describe_answers(module.worksheet, fill(name, module, "strong"), reader=Reader.AUTHOR)
    carried = [item for part in parts for item in part.questions if item.kind == "carried"]
    assert [item.path for item in carried if item.copy is None or item.copy.is_empty] == []
    computed = [item for part in parts for item in part.questions if item.kind == "computed"]
    assert [item.path for item in computed if item.computed is None] == []


@pytest.mark.parametrize(("name", "key"), list_examples())
def test_a_margin_note_stands_beside_an_answer(name: str, key: str) -> None:
    module = find_module(name, key)
    assert module.worksheet is not None
    assert module.exemplar is not None
    document = fill(name, module, "strong")
    written = {
        question.path.partition(".")[0]
        for question in list_questions(module.worksheet)
        if any(line.is_begun for line in list_lines(question, document)) or question.field.source is not None
    }
    assert {note.field for note in module.exemplar.strong.notes} - written == set()
