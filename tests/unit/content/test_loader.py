"""A folder becomes a series, or a list of what to mend with file and line."""

from pathlib import Path

import pytest

from lti_tool.content.findings import list_fields, list_leaves
from lti_tool.content.loader import ContentError, default_series_folder, find_problems, load_series
from lti_tool.content.schema import ComputeKind, FieldType
from tests.unit.content.broken import (
    EXEMPLAR,
    LATER_WORKSHEET,
    MODULE,
    READING,
    RUBRIC,
    TINY_SERIES,
    WORKSHEET,
    BrokenSeries,
)


@pytest.fixture
def broken(tmp_path: Path) -> BrokenSeries:
    return BrokenSeries(tmp_path)


def test_another_organization_can_bring_its_own_series() -> None:
    assert find_problems(TINY_SERIES) == ()
    series = load_series(TINY_SERIES)
    assert series.title == "Garden Stewards"
    assert series.level_names[4] == "In full bloom"
    opened = [(module.key, module.is_open) for module in series.modules]
    assert opened == [("soil", True), ("harvest", True), ("winter", False)]
    assert (series.points.readings, series.points.plan) == (20, 50)
    soil = series.find_module("soil")
    assert soil is not None
    assert soil.worksheet is not None
    beds = soil.worksheet.parts[0].fields[3]
    assert beds.type is FieldType.GRID
    assert beds.grid_rows[1].cells["state"].unit == "barrows"
    assert soil.worksheet.rubric[0].levels[0].number == 4


def test_the_small_series_asks_in_every_way() -> None:
    fields = [
        placed.field
        for module in load_series(TINY_SERIES).modules
        if module.worksheet
        for placed in list_fields(module.worksheet, ())
    ]
    leaves = [leaf for field in fields for leaf, _ in list_leaves(field, ())]
    kinds = {field.type.value for field in fields} | {leaf.type for leaf in leaves}
    assert kinds == {kind.value for kind in FieldType}
    assert {field.compute.kind for field in fields if field.compute} == set(ComputeKind)
    assert any(leaf.pick and leaf.pick.module for leaf in leaves)
    assert any((leaf.lowest, leaf.highest) == (0, 10) for leaf in leaves)
    for mark in ("private", "brief", "commitment", "living", "one_row_for", "columns_shown"):
        assert any(getattr(field, mark) for field in fields), mark


def test_a_reading_is_rendered_once_with_its_words_and_minutes() -> None:
    reading = load_series(TINY_SERIES).modules[0].readings[0]
    assert '<h2 id="section-an-owner">An owner</h2>' in reading.html
    assert '(<a href="#source-kotter_1996">Kotter 1996</a>)' in reading.html
    assert '<th scope="col">Owner</th>' in reading.html
    assert reading.words == len(reading.text.split())
    assert 700 < reading.words < 1000
    assert reading.minutes == 5


def test_the_series_that_ships_with_the_tool_has_nothing_to_mend() -> None:
    assert [str(problem) for problem in find_problems(default_series_folder())] == []


def test_words_that_look_like_something_else_stay_words(broken: BrokenSeries) -> None:
    broken.change(WORKSHEET, "label: Wet", "label: yes")
    broken.change(READING, 'reviewed: "2026-11-23"', "reviewed: 2026-11-23")
    assert broken.problems() == []


def test_an_unknown_key_is_named_with_its_line_and_a_guess(broken: BrokenSeries) -> None:
    line = broken.change(WORKSHEET, "max_chars: 60", "max_char: 60")
    assert (
        f"{WORKSHEET}:{line}: “max_char” is not a key that belongs here; did you mean “max_chars”?" in broken.problems()
    )


def test_a_missing_key_is_told_where_it_should_be(broken: BrokenSeries) -> None:
    broken.change(WORKSHEET, "        help: The name on the gate.\n", "")
    line = broken.find_line(WORKSHEET, "- key: garden")
    assert broken.problems() == [f"{WORKSHEET}:{line}: “help” is missing"]


def test_a_key_that_stands_twice_is_refused(broken: BrokenSeries) -> None:
    line = broken.change(MODULE, "title: Looking", "title: Looking again\ntitle: Looking")
    assert broken.problems() == [f"{MODULE}:{line + 1}: “title” stands twice; the first is on line {line}"]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (WORKSHEET, "key: garden", "key: Garden-1", "“key” is “Garden-1”; it must begin with a small letter"),
        (WORKSHEET, "- key: A", "- key: a", "“key” is “a”; it must be one capital letter"),
        (WORKSHEET, "minutes: 15", "minutes: 45", "“minutes” must be at most 25"),
        (WORKSHEET, "minutes: 15", "minutes: soon", "“minutes” must be a whole number"),
        (WORKSHEET, "title: Soil Plan", "title: 2027", "“title” must be words; put a number or a date in quotes"),
        (WORKSHEET, "required: true", "required: perhaps", "“required” must be true or false"),
        (WORKSHEET, "parts: [A, B]", "parts: A", "“parts” must be a list"),
        (WORKSHEET, "title: The beds", "title:", "“title” must be words"),
        (RUBRIC, "number: 4", "number: 5", "“number” is “5”; it must be 1, 2, 3 or 4"),
        (LATER_WORKSHEET, "rows: money.items", "rows: Money-items", "“rows” is “Money-items”; it must be the key of a"),
        (LATER_WORKSHEET, "kind: total,", "kind: sum,", "“kind” is “sum”; it must be 'quadrants', 'total'"),
        (LATER_WORKSHEET, "column: cost}", "columns: cost}", "“columns” is not a key"),
        (LATER_WORKSHEET, "kind: brief}", "kind: brief, rows: log}", "“compute”: brief takes no rows"),
        (LATER_WORKSHEET, "up: say, across: need}", "up: say}", "“compute”: quadrants needs across"),
        (EXEMPLAR, "    garden: Mill", "    Garden: Mill", "“Garden” is “Garden”; it must begin with a small letter"),
        (MODULE, "status: open", "status: ajar", "“status” is “ajar”; it must be 'open' or 'announced'"),
        (READING, "topic: Shared work", "words: 12\ntopic: Shared work", "“words” is computed; leave it out"),
        (MODULE, "description: Find", "description: Note: find", "this YAML cannot be read: mapping values"),
        (MODULE, "description: Find", "description: @find", "this YAML cannot be read: found character '@'"),
        (MODULE, "description: Find", "description: !!python/name:os.system x", "is not allowed here"),
    ],
)
def test_mistakes_are_told_in_plain_words(broken: BrokenSeries, file: str, old: str, new: str, message: str) -> None:
    line = broken.change(file, old, new)
    place, _, words = broken.problems()[0].partition(": ")
    assert place == f"{file}:{line}"
    assert message in words


def test_a_column_is_worth_a_hundred(broken: BrokenSeries) -> None:
    broken.change("series.yaml", "  plan: 50", "  plan: 60")
    line = broken.find_line("series.yaml", "points:")
    told = "“points”: readings, reflections and plan add up to 110; a column is worth 100"
    assert broken.problems() == [f"series.yaml:{line}: {told}"]


def test_a_worksheet_that_cannot_be_read_is_not_missed_everywhere(broken: BrokenSeries) -> None:
    line = broken.change(WORKSHEET, "label: Garden", "label: @Garden")
    assert [problem.split(": ")[0] for problem in broken.problems()] == [f"{WORKSHEET}:{line}"]


def test_every_mistake_is_told_at_once_and_in_order(broken: BrokenSeries) -> None:
    broken.change(WORKSHEET, "minutes: 15", "minutes: 45")
    broken.change(RUBRIC, "number: 4", "number: 5")
    broken.change(READING, "title: Work", "titel: Work")
    files = [problem.split(":")[0] for problem in broken.problems()]
    assert files == sorted(files)
    assert set(files) == {WORKSHEET, RUBRIC, READING}
    with pytest.raises(ContentError) as caught:
        load_series(broken.folder)
    assert str(caught.value) == "\n".join(broken.problems())


def test_an_unreadable_file_is_told_once(broken: BrokenSeries) -> None:
    (broken.folder / RUBRIC).unlink()
    (broken.folder / "bibliography.yaml").write_bytes(b"- key: \xff\xfe")
    problems = [problem for problem in broken.problems() if "[@" not in problem]
    assert problems == [
        f"{RUBRIC}:1: this file is missing",
        "bibliography.yaml:1: this file is not UTF-8 text",
    ]


def test_a_reading_without_its_head_is_told(broken: BrokenSeries) -> None:
    broken.write(READING, "## Only words\n")
    assert broken.problems() == [
        f"{READING}:1: a reading begins with its title, topic and so on between two lines of ---"
    ]


@pytest.mark.parametrize("name", ["../tiny", "nowhere", "1_soil"])
def test_modules_are_folders_beside_the_series_each_named_once(broken: BrokenSeries, name: str) -> None:
    line = broken.change("series.yaml", "- 2_harvest", f"- {name}")
    assert any(problem.startswith(f"series.yaml:{line}: ") and name in problem for problem in broken.problems())


def test_an_empty_or_missing_folder_is_no_series(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert "series.yaml:1: this file is missing" in [str(problem) for problem in find_problems(folder)]


def test_what_is_never_read_is_told(broken: BrokenSeries) -> None:
    broken.write("1_soil/worksheets.yaml", "title: x")
    (broken.folder / "3_new").mkdir()
    broken.write("3_new/module.yaml", "key: new")
    assert [problem.split(": ")[0] for problem in broken.problems()] == [
        "1_soil/worksheets.yaml:1",
        "3_new/module.yaml:1",
    ]


@pytest.mark.parametrize(
    "text", ["&a [*a]", "[" * 3000, "a: \x01", "\t- x", "? [a, b]\n: c", "- - -", "key: {a: 1, a: 2}"]
)
def test_no_yaml_breaks_the_loader(broken: BrokenSeries, text: str) -> None:
    broken.write(MODULE, text)
    assert any(problem.startswith(MODULE) for problem in broken.problems())
