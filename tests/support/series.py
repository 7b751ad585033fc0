"""The real series, read once in a test run: it is frozen, so every test may share it."""

from functools import cache

from lti_tool.content.loader import default_series_folder, load_series
from lti_tool.content.schema import Module, Series


@cache
def load_real_series() -> Series:
    """On the Leading Edge, as it ships."""
    return load_series(default_series_folder())


def find_visioning() -> Module:
    """The first session, whose work is open."""
    module = load_real_series().find_module("visioning")
    assert module is not None
    return module
