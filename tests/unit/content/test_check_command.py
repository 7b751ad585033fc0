"""``lti-tool content check``: what it says of a series that is whole, one that could be better, and a broken one."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lti_tool.cli import lti_tool
from lti_tool.cli_support import CommandRefusedError
from tests.unit.content.broken import TINY_SERIES, WORKSHEET, BrokenSeries


@pytest.fixture
def broken(tmp_path: Path) -> BrokenSeries:
    return BrokenSeries(tmp_path)


def check(folder: Path) -> Result:
    return CliRunner().invoke(lti_tool, ["content", "check", str(folder)], standalone_mode=False)


def test_a_series_without_a_fault_is_told_in_a_line_for_each_open_module() -> None:
    said = check(TINY_SERIES)
    assert said.exception is None
    assert said.output.splitlines() == [
        f"{TINY_SERIES}: nothing to mend.",
        "soil: “Soil Plan” about 5 minutes (target 10); 1 reading, 805 words",
        "harvest: “Harvest Plan” about 7 minutes (target 15); 1 reading, 919 words",
    ]


@pytest.mark.parametrize(
    ("old", "told", "then"),
    [
        ("        why: It heads the plan on the shed door.\n", "does not say why", "starts with it all the same"),
        ("        help: The name on the gate.\n", "“help” is missing", "does not start with it"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_it_does(broken: BrokenSeries, old: str, told: str, then: str) -> None:
    broken.drop(WORKSHEET, old)
    said = check(broken.folder)
    line = broken.find_line(WORKSHEET, "- key: garden")
    assert said.output.startswith(f"{WORKSHEET}:{line}: ")
    assert told in said.output
    assert isinstance(said.exception, CommandRefusedError)
    assert str(said.exception) == f"1 to mend in {broken.folder}; the tool {then}"
