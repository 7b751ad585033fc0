"""A worked example answers the questions of its worksheet, in shapes that fit, and its notes name its rubric."""

from pathlib import Path

import pytest

from lti_tool.content.loader import ContentError, load_series
from tests.unit.content.broken import EXEMPLAR, LATER_EXEMPLAR, BrokenSeries


@pytest.fixture
def broken(tmp_path: Path) -> BrokenSeries:
    return BrokenSeries(tmp_path)


TIDY = "    jobs:\n      - {id: j1, job: Tidy up, owner: Everybody}\n"
HABITS = '    habits:\n      h1: {today: "4"}\n      h2: {today: "2"}\n'
BROKEN = [
    (EXEMPLAR, "    garden: Mill", "    gate: Mill", "there is no field “gate” to answer here"),
    (EXEMPLAR, "    first: j1", "    cost_total: j1", "“cost_total” is worked out by the tool; leave it out"),
    (EXEMPLAR, "garden: Mill Lane Garden", "garden: [Mill Lane]", "a text is answered by words"),
    (EXEMPLAR, "    first: j1", "    first: j3", "“j3” is the id of no row with a “job” under “jobs” here"),
    (EXEMPLAR, "first: typed:Whatever", "first: Whatever", "words of her own begin with typed:"),
    (EXEMPLAR, TIDY, "    jobs: none\n", "“jobs” is answered by a list of rows"),
    (EXEMPLAR, "{id: j2,", "{id: j1,", "two rows have the id “j1”"),
    (EXEMPLAR, "{id: j2,", "{", "a row needs an id"),
    (EXEMPLAR, "{id: j2,", "{id: j 2,", "a row needs an id"),
    (EXEMPLAR, "{id: j2,", "{id: j2, task: x,", "“jobs” has no column “task”"),
    (EXEMPLAR, 'cost: "$40"}', 'cost: "$40"}\n      - Clear the shed', "a row of “jobs” holds an id and its columns"),
    (EXEMPLAR, 'done: "yes"', 'done: "no"', "“no” is no answer to a check; write yes or leave it out"),
    (EXEMPLAR, HABITS, "    habits: fine\n", "“habits” is answered by its rows, each with its key"),
    (EXEMPLAR, "      north:", "      south:", "“beds” has no row “south”"),
    (
        EXEMPLAR,
        "      north: {state: wet, note: Water stands by the gate.}",
        "      north: wet",
        "a row of “beds” holds",
    ),
    (EXEMPLAR, "{state: wet,", "{weather: wet,", "“beds” has no column “weather”"),
    (EXEMPLAR, "{state: wet,", "{state: soggy,", "“soggy” is not the key of one of the choices"),
    (EXEMPLAR, 'h1: {today: "4"}', 'h1: {today: "6"}', "“6” is not on the scale from 1 to 5"),
    (EXEMPLAR, "criterion: jobs_are_owned", "criterion: owners", "there is no criterion “owners” in the rubric"),
    (EXEMPLAR, "field: jobs, criterion", "field: tasks, criterion", "there is no field “tasks” in this worksheet"),
    (EXEMPLAR, "field: jobs, criterion", "field: first, criterion", "“jobs_are_owned” does not look at “first”"),
    (LATER_EXEMPLAR, "next_job: j2", "next_job: j9", "no row with a “job” under “jobs” in the exemplar of “soil”"),
    (
        LATER_EXEMPLAR,
        "id: j2, job: j2",
        "id: j2, job: j8",
        "no row with a “job” under “jobs” in the exemplar of “soil”",
    ),
    (LATER_EXEMPLAR, "crops: apples squash", "crops: apples figs", "must be keys of its choices, with spaces between"),
    (LATER_EXEMPLAR, "crops: apples squash", "crops: [apples, squash]", "several choices stand in one line"),
    (LATER_EXEMPLAR, 'fullness: "7"', 'fullness: "11"', "“11” is not on the scale from 0 to 10"),
    (LATER_EXEMPLAR, "shares:\n", "shares: fair\n    neighbors_view:\n", "“shares” is answered by its fields"),
    (LATER_EXEMPLAR, "      rule: Whoever", "      law: Whoever", "there is no field “law” to answer here"),
    (LATER_EXEMPLAR, "    money:\n", "    money:\n      total: 30\n", "“total” is worked out by the tool"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), BROKEN, ids=[f"{case[2]}: {case[3]}" for case in BROKEN])
def test_an_answer_fits_its_question(broken: BrokenSeries, file: str, old: str, new: str, message: str) -> None:
    line = broken.change(file, old, new)
    told = [problem for problem in broken.problems() if message in problem]
    assert told
    assert int(told[0].removeprefix(f"{file}:").split(":")[0]) - line in {0, 1}
    with pytest.raises(ContentError):
        load_series(broken.folder)


def test_answers_may_be_plain_numbers_and_nothing(broken: BrokenSeries) -> None:
    broken.change(LATER_EXEMPLAR, 'fullness: "7"', "fullness: 7")
    broken.change(LATER_EXEMPLAR, 'agreed: "yes"', "agreed: true")
    broken.change(EXEMPLAR, 'cost: ""', "cost:")
    assert broken.problems() == []


def test_a_pick_names_a_row_that_has_words(broken: BrokenSeries) -> None:
    broken.change(EXEMPLAR, "id: j2, job: Clear the path,", "id: j2,")
    told = [problem.split(":")[0] for problem in broken.problems()]
    assert told == [LATER_EXEMPLAR, LATER_EXEMPLAR]


def test_a_pick_across_plans_needs_the_other_plans_example(broken: BrokenSeries) -> None:
    (broken.folder / EXEMPLAR).unlink()
    assert any("in the exemplar of “soil”" in problem for problem in broken.problems())


def test_an_example_of_no_worksheet_is_told(broken: BrokenSeries) -> None:
    broken.write("3_winter/exemplar.yaml", broken.read(EXEMPLAR))
    assert broken.problems() == ["3_winter/exemplar.yaml:1: an exemplar needs a worksheet beside it"]
