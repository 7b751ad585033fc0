"""The real series, read once in a test run: it is frozen, so every test may share it."""

from functools import cache
from typing import Any

from lti_tool.content.loader import default_series_folder, load_series
from lti_tool.content.schema import Module, ModuleStatus, Series


@cache
def load_real_series() -> Series:
    """On the Leading Edge, as it ships."""
    return load_series(default_series_folder())


def announce(series: Series, key: str) -> Series:
    """The series with the work of one session not open yet."""
    return change_module(series, key, status=ModuleStatus.ANNOUNCED)


def change_module(series: Series, key: str, **changes: Any) -> Series:
    """The series with one session changed, as after a new version of its content."""
    modules = (module.model_copy(update=changes) if module.key == key else module for module in series.modules)
    return series.model_copy(update={"modules": tuple(modules)})


def find_visioning() -> Module:
    """The first session, whose work is open."""
    module = load_real_series().find_module("visioning")
    assert module is not None
    return module
