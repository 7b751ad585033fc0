"""Plans build on one another: every source is there and fits, what is private stays private, and nothing goes round."""

from pathlib import Path

import pytest

from lti_tool.content.loader import ContentError, load_series
from tests.unit.content.broken import EXEMPLAR, LATER_EXEMPLAR, LATER_WORKSHEET, WORKSHEET, BrokenSeries


@pytest.fixture
def broken(tmp_path: Path) -> BrokenSeries:
    return BrokenSeries(tmp_path)


PURPOSE = "source: {module: soil, field: purpose}"
JOBS = "source: {module: soil, field: jobs}"
SHOWN = "columns_shown: [job, day]"
FAR_PICK = "pick: {module: soil, field: jobs, column: job}"
SCAN = "source: {module: soil, field: habits}"
ROUND = "compute: {kind: quadrants, rows: neighbors, name: who, up: say, across: need}"
SUM = "compute: {kind: total, rows: money.items, column: cost}"

BROKEN = [
    (PURPOSE, "source: {module: oil, field: purpose}", "there is no module “oil”"),
    (PURPOSE, "source: {module: winter, field: purpose}", "the module “winter” has no worksheet to take anything from"),
    (PURPOSE, "source: {module: harvest, field: crops}", "“harvest” is this module itself; name another one"),
    (PURPOSE, "source: {module: soil, field: porpoise}", "the worksheet of “soil” has no field “porpoise”"),
    (PURPOSE, "source: {module: soil, field: cost_total}", "“soil.cost_total” is worked out itself"),
    (PURPOSE, "source: {module: soil, field: worry}", "“soil.worry” is private, so only a private field may carry it"),
    (
        PURPOSE,
        f"{PURPOSE}\n        columns_shown: [job]",
        "“soil.purpose” is no table, so it has no columns",
    ),
    (SHOWN, "columns_shown: [job, days]", "“soil.jobs” has no column “days”"),
    (FAR_PICK, "pick: {module: oil, field: jobs, column: job}", "there is no module “oil”"),
    (FAR_PICK, "pick: {module: harvest, field: log, column: note}", "“harvest” is this module itself"),
    (FAR_PICK, "pick: {module: soil, field: purpose, column: job}", "“soil.purpose” is not rows"),
    (FAR_PICK, "pick: {module: soil, field: beds, column: note}", "“soil.beds” is not rows"),
    (FAR_PICK, "pick: {module: soil, field: jobs, column: task}", "“soil.jobs” has no column “task”"),
    (FAR_PICK, "pick: {module: soil, field: jobs, column: cost}", "the column “cost” of “soil.jobs” is a money"),
    ("one_row_for: job", "one_row_for: task", "“season” has no column “task”"),
    ("one_row_for: job", "one_row_for: result", "one_row_for names a column that is a pick, and “result” is a choice"),
    (ROUND, ROUND.replace("rows: neighbors", "rows: people"), "there are no rows “people” in this worksheet"),
    (ROUND, ROUND.replace("rows: neighbors", "rows: crops"), "there are no rows “crops” in this worksheet"),
    (ROUND, ROUND.replace("name: who", "name: whose"), "“neighbors” has no column “whose”"),
    (ROUND, ROUND.replace("name: who", "name: say"), "the column “say” of “neighbors” is a scale"),
    (ROUND, ROUND.replace("up: say", "up: said"), "“neighbors” has no column “said”"),
    (ROUND, ROUND.replace("up: say", "up: who"), "need a scale from 1 to 5, and “who” is something else"),
    (ROUND, ROUND.replace("across: need", "across: say"), "the four lists need two different scales"),
    ("key: need, label", "key: need, lowest: 0, label", "need a scale from 1 to 5, and “need” is something else"),
    (SUM, SUM.replace("rows: money.items", "rows: items"), "there are no rows “items” in this worksheet"),
    (SUM, SUM.replace("column: cost", "column: price"), "“items” has no column “price”"),
    (SUM, SUM.replace("column: cost", "column: thing"), "a total adds up amounts of money, and “thing” is a text"),
    ("grid: habits_again", "grid: habits", "there is no grid “habits” in this worksheet"),
    ("grid: habits_again", "grid: neighbors", "there is no grid “neighbors” in this worksheet"),
    (SCAN, "source: {module: soil, field: habit}", "the worksheet of “soil” has no field “habit”"),
    (SCAN, "source: {module: soil, field: jobs}", "a grid is compared with a grid, and “soil.jobs” is not one"),
    (SCAN, "source: {module: soil, field: beds}", "“soil.beds” has no row “h1” to compare with “habits_again”"),
    (SCAN, "source: {module: soil, field: beds}", "ask for different kinds of answers"),
    ("stands beside what you say now.\n        private: true", "stands here.", "“habits_again” is private, so what is"),
    ("stands beside what you say now.\n        private: true", "stands here.", "“soil.habits” is private, so what is"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN, ids=[f"{case[1]}: {case[2]}" for case in BROKEN])
def test_a_source_is_there_and_fits(broken: BrokenSeries, old: str, new: str, message: str) -> None:
    line = broken.change(LATER_WORKSHEET, old, new)
    told = [problem for problem in broken.problems() if message in problem]
    assert told
    assert told[0].startswith(f"{LATER_WORKSHEET}:")
    assert abs(int(told[0].split(":")[1]) - line) <= 4, "the line of the field at least"
    with pytest.raises(ContentError):
        load_series(broken.folder)


def test_a_pick_of_another_plan_may_name_rows_by_what_they_picked(broken: BrokenSeries) -> None:
    # The copy of the other plan holds words, and a pick or a choice is kept there by its label.
    broken.change(
        WORKSHEET,
        "          - key: owner\n",
        "          - key: kind\n            label: Kind\n"
        "            type: choice\n            choices: [{key: dig, label: Dig}, {key: cut, label: Cut}]\n"
        "          - key: owner\n",
    )
    for filling in ("j1, job: Turn the compost,", "j2, job: Clear the path,"):
        broken.change(EXEMPLAR, filling, f"{filling} kind: dig,")
    broken.change(LATER_WORKSHEET, FAR_PICK, FAR_PICK.replace("column: job", "column: kind"))
    assert broken.problems() == []


def test_private_fields_may_be_carried_by_private_ones(broken: BrokenSeries) -> None:
    broken.change(LATER_WORKSHEET, PURPOSE, "source: {module: soil, field: worry}\n        private: true")
    assert broken.problems() == []


def test_private_rows_of_another_plan_are_picked_in_private(broken: BrokenSeries) -> None:
    broken.change(WORKSHEET, "row_name: Job", "row_name: Job\n        private: true")
    told = [problem for problem in broken.problems() if problem.startswith(LATER_WORKSHEET)]
    assert sum("“soil.jobs” is private, so its rows cannot be picked" in problem for problem in told) == 2
    assert sum("“soil.jobs” is private, so only a private field may carry it" in problem for problem in told) == 1


def test_a_member_of_a_group_is_named_with_its_group(broken: BrokenSeries) -> None:
    broken.change(LATER_WORKSHEET, PURPOSE, "source: {module: soil, field: note}")
    broken.change(WORKSHEET, "      - key: worry\n", GROUP)
    assert any("has no field “note”; name the group it is in" in problem for problem in broken.problems())


def test_a_group_is_carried_by_the_fields_that_are_shown(broken: BrokenSeries) -> None:
    broken.change(WORKSHEET, "      - key: worry\n", GROUP)
    broken.change(LATER_WORKSHEET, PURPOSE, f"{PURPOSE.replace('purpose', 'weather')}\n        columns_shown: [note]")
    assert [problem for problem in broken.problems() if LATER_WORKSHEET in problem] == []
    broken.change(LATER_WORKSHEET, "columns_shown: [note]", "columns_shown: [mood]")
    assert any("“soil.weather” has no column “mood”" in problem for problem in broken.problems())


GROUP = """\
      - key: weather
        label: Weather
        type: group
        help: Look up.
        fields:
          - {key: note, label: Note, type: text, max_chars: 40, help: One word.}
          - {key: mood, label: Mood, type: text, max_chars: 40, help: One word., private: true}
      - key: worry
"""


def test_what_is_carried_is_not_carried_on(broken: BrokenSeries) -> None:
    broken.write("3_winter/worksheet.yaml", WINTER.format(source="{module: harvest, field: purpose}"))
    broken.write("3_winter/rubric.yaml", WINTER_RUBRIC)
    (told,) = broken.problems()
    assert told == (
        "3_winter/worksheet.yaml:11: “harvest.purpose” is carried itself; carry the field that it comes from"
    )


def test_no_plan_builds_on_itself_by_way_of_others(broken: BrokenSeries) -> None:
    broken.write("3_winter/worksheet.yaml", WINTER.format(source="{module: harvest, field: crops}"))
    broken.write("3_winter/rubric.yaml", WINTER_RUBRIC)
    assert broken.problems() == []
    line = broken.change(WORKSHEET, "      - key: worry\n", CIRCLE) + 3
    told = broken.problems()
    assert (
        f"{WORKSHEET}:{line}: this plan builds on “Winter Plan”, which builds on this one; one of them comes first"
        in (told)
    )
    assert {problem.split(":")[0] for problem in told} == {WORKSHEET, LATER_WORKSHEET, "3_winter/worksheet.yaml"}


WINTER = """\
title: Winter Plan
intro: One page.
note: Use roles.
parts:
  - key: A
    title: The end
    fields:
      - key: brought
        label: What we bring
        type: carried
        source: {source}
        help: Read it once more.
      - key: rest
        label: What rests
        type: text
        max_chars: 40
        help: One bed.
sittings:
  - {{key: only, title: One, minutes: 5, parts: [A], closing: You can stop here.}}
"""
WINTER_RUBRIC = """\
- key: rest
  title: Something rests
  fields: [rest]
  levels:
    - {number: 4, text: All of it.}
    - {number: 3, text: Most of it.}
    - {number: 2, text: Some of it.}
    - {number: 1, text: None of it.}
"""
CIRCLE = """\
      - key: last_winter
        label: What rested last winter
        type: carried
        source: {module: winter, field: rest}
        help: Look at it first.
      - key: worry
"""


def test_rows_of_the_same_worksheet_do_not_come_by_themselves(broken: BrokenSeries) -> None:
    broken.change(LATER_WORKSHEET, FAR_PICK, "pick: {field: log, column: note}")
    assert any("one_row_for brings rows of another plan" in problem for problem in broken.problems())


def test_picks_of_a_broken_source_are_told_in_the_worksheet_only(broken: BrokenSeries) -> None:
    broken.change(LATER_WORKSHEET, FAR_PICK, FAR_PICK.replace("column: job", "column: task"))
    assert [problem for problem in broken.problems() if problem.startswith(LATER_EXEMPLAR)] == []
