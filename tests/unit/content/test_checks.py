"""What must hold between the parts of a series."""

import re
from pathlib import Path

import pytest

from lti_tool.content.loader import ContentError, load_series
from tests.unit.content.broken import (
    LATER_EXEMPLAR,
    LATER_MODULE,
    LATER_READING,
    LATER_RUBRIC,
    LATER_WORKSHEET,
    MODULE,
    READING,
    RUBRIC,
    WORKSHEET,
    BrokenSeries,
)


@pytest.fixture
def broken(tmp_path: Path) -> BrokenSeries:
    return BrokenSeries(tmp_path)


STRUCTURE = [
    (WORKSHEET, "pick: {field: jobs,", "pick: {field: job,", "there are no rows “job” here"),
    (WORKSHEET, "column: job}", "column: name}", "“jobs” has no column “name”"),
    (WORKSHEET, "- key: purpose", "- key: garden", "“garden” is the key of 2 fields"),
    (WORKSHEET, "- key: owner", "- key: job", "two columns have the key “job”"),
    (WORKSHEET, "- key: owner", "- key: id", "“id” is kept for the row itself"),
    (WORKSHEET, "key: dry,", "key: wet,", "two choices have the key “wet”"),
    (WORKSHEET, "key: compost, label", "key: north, label", "two rows have the key “north”"),
    (WORKSHEET, "cells: {state:", "cells: {weather:", "there is no column “weather” in this grid"),
    (WORKSHEET, "min_words: 10", "min_words: 90", "min_words is larger than max_words"),
    (WORKSHEET, "living: true}", "living: true, required: true}", "a deeper column is never required"),
    (WORKSHEET, "depth: deeper, living: true", "depth: deeper, commitment: true", "only a date can be a promise"),
    (WORKSHEET, "brief: true", "commitment: true", "a promise needs a date"),
    (WORKSHEET, "private: true", "private: true\n        brief: true", "a private field cannot feed"),
    (WORKSHEET, "parts: [A, B]", "parts: [A, B, C]", "there is no part “C” in this worksheet"),
    (WORKSHEET, "parts: [A, B]", "parts: [A, B, A]", "part A is already in a sitting"),
    (WORKSHEET, "- key: B", "- key: A", "two parts have the key “A”"),
    (RUBRIC, "fields: [jobs, purpose]", "fields: [jobs, purposes]", "there is no field “purposes”"),
    (RUBRIC, "fields: [jobs, purpose]", "fields: [jobs, worry]", "“worry” is private, so no criterion may look at it"),
    (RUBRIC, "fields: [jobs, purpose]", "fields: []", "names no field to look at"),
    (RUBRIC, "fields: [jobs, purpose]", "fields: [jobs, cost_total]", "“cost_total” is worked out by the tool"),
    (WORKSHEET, "pick: {field: jobs, column: job}", "pick: {field: jobs, column: day}", "is a date; options are named"),
    (MODULE, "reflections: [a]", "reflections: [a, b]", "“b” is none of this module's reflections"),
    (LATER_READING, "from_session: soil", "from_session: oil", "there is no module “oil”"),
    (LATER_READING, "from_session: soil", "from_session: harvest", "reaches back to an earlier module, and “harvest”"),
    (LATER_READING, "from_session: soil", "from_session: winter", "reaches back to an earlier module, and “winter”"),
    (MODULE, "number: 1", "number: 2", "this is module 1 in series.yaml, but its number is 2"),
    (MODULE, "readings: [r1]", "readings: [r1, r2]", "“r2” is none of this module's readings"),
    (MODULE, "fields: [jobs, purpose,", "fields: [job, purpose,", "“job” is none of this module's fields"),
    (MODULE, "criteria: [jobs_are_owned]", "criteria: [other]", "“other” is none of this module's criteria"),
    (LATER_MODULE, "key: harvest", "key: soil", "two modules have the key “soil”"),
    ("bibliography.yaml", "key: fisher_ury_1981", "key: kotter_1996", "two sources have the key “kotter_1996”"),
    (
        "bibliography.yaml",
        "Kotter, John P. 1996.",
        "Kotter, John P.",
        "a reference begins with its authors and its year",
    ),
    ("series.yaml", "  1: Still a seed\n", "", "level_names must name the levels"),
    (READING, "topic: Shared work", "topic: Sharing", "“Sharing” is not one of the topics in module.yaml"),
    (READING, "- key: c2", "- key: c1", "two checks have the key “c1”"),
    (
        READING,
        "sources: [kotter_1996, fisher_ury_1981]",
        "sources: [kotter_1996]",
        "cited here but not listed under sources",
    ),
    (READING, "fisher_ury_1981]", "fisher_ury_1981, doe]", "“doe” is not in bibliography.yaml"),
    (READING, "[@kotter_1996]", "[@kotter]", "[@kotter] is not in bibliography.yaml"),
    ("1_soil/reflections.yaml", "min_words: 100", "min_words: 300", "min_words is larger than max_words"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), STRUCTURE, ids=[case[3] for case in STRUCTURE])
def test_a_broken_name_stops_the_series(broken: BrokenSeries, file: str, old: str, new: str, message: str) -> None:
    broken.change(file, old, new)
    assert any(problem.startswith(f"{file}:") and message in problem for problem in broken.problems())
    with pytest.raises(ContentError):
        load_series(broken.folder)


def test_problems_stand_on_the_line_they_are_about(broken: BrokenSeries) -> None:
    pick = broken.change(WORKSHEET, "column: job}", "column: name}")
    sitting = broken.change(WORKSHEET, "parts: [A, B]", "parts: [A, C]")
    part_b = broken.find_line(WORKSHEET, "- key: B")
    cited = broken.change(READING, "[@kotter_1996]", "[@kotter]")
    assert broken.problems() == [
        f"{READING}:{cited}: [@kotter] is not in bibliography.yaml",
        f"{WORKSHEET}:{part_b}: part B is in no sitting",
        f"{WORKSHEET}:{pick}: “jobs” has no column “name”",
        f"{WORKSHEET}:{sitting}: there is no part “C” in this worksheet",
    ]


def test_a_pick_may_not_carry_private_rows_into_the_open(broken: BrokenSeries) -> None:
    broken.change(WORKSHEET, "row_name: Job", "row_name: Job\n        private: true")
    assert any("“jobs” is private, so its rows cannot be picked" in problem for problem in broken.problems())


def test_a_group_of_private_fields_is_private(broken: BrokenSeries) -> None:
    broken.change(LATER_RUBRIC, "fields: [neighbors, crops, shares]", "fields: [neighbors, money]")
    broken.change(LATER_WORKSHEET, "- key: items\n", "- key: items\n            private: true\n")
    broken.change(
        LATER_WORKSHEET, "            label: All of it\n", "            label: All of it\n            private: true\n"
    )
    assert any("“money” is private, so no criterion may look at it" in problem for problem in broken.problems())


def test_an_open_module_is_whole(broken: BrokenSeries) -> None:
    for file in (LATER_WORKSHEET, LATER_RUBRIC, LATER_EXEMPLAR):
        (broken.folder / file).unlink()
    text = re.sub(r"    (fields|criteria): .*", r"    \1: []", broken.read(LATER_MODULE))
    broken.write(LATER_MODULE, text)
    assert broken.problems() == [f"{LATER_MODULE}:1: an open module needs its worksheet"]
    broken.change(LATER_MODULE, "status: open", "status: announced")
    assert broken.problems() == []
