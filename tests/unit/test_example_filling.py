"""A worked example is filled in with the strong examples of the plans it builds on."""

from functools import cache

import pytest

from lti_tool.content.loader import load_series
from lti_tool.content.schema import Module, Series, Worksheet
from lti_tool.content.sources import list_sources, make_address
from lti_tool.domain.answers import parse_document
from lti_tool.domain.carrying import Stage, copy_answer, find_source_changes, read_copy
from lti_tool.services.examples import fill_example
from tests.unit.content.broken import TINY_SERIES


@cache
def read() -> Series:
    return load_series(TINY_SERIES)


def list_followers() -> list[tuple[Module, Worksheet]]:
    """The modules with an example whose plan builds on others."""
    return [
        (module, module.worksheet)
        for module in read().modules
        if module.worksheet is not None and module.exemplar is not None and list_sources(module.worksheet)
    ]


def test_there_is_something_to_fill_in() -> None:
    assert list_followers()


@pytest.mark.parametrize("version", ["strong", "weak"])
def test_every_copy_is_of_a_strong_example_and_says_so(version: str) -> None:
    for module, worksheet in list_followers():
        assert module.exemplar is not None
        document = fill_example(read(), worksheet, getattr(module.exemplar, version))
        assert parse_document(worksheet, dict(document)) == document
        for source in list_sources(worksheet):
            earlier = read().find_module(source.module)
            if earlier is None or earlier.worksheet is None or earlier.exemplar is None:
                continue
            copy = read_copy(document, make_address(source))
            filled = fill_example(read(), earlier.worksheet, earlier.exemplar.strong)
            lines = copy_answer(earlier.worksheet, source.field, filled)
            assert (copy.lines if copy else ()) == lines
            if copy is not None:
                assert (copy.stage, copy.revision) == (Stage.EXAMPLE, 0)
                assert find_source_changes(worksheet, document, {make_address(source): copy}) == ()


def test_filling_in_changes_nothing_of_the_example() -> None:
    for module, worksheet in list_followers():
        assert module.exemplar is not None
        before = module.exemplar.model_dump_json()
        assert fill_example(read(), worksheet, module.exemplar.strong) == fill_example(
            read(), worksheet, module.exemplar.strong
        )
        assert module.exemplar.model_dump_json() == before
