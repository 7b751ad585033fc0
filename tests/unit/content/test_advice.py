"""What makes a series worth a learner's time: told by the check, and stopping nothing."""

from pathlib import Path

import pytest

from lti_tool.content.loader import examine_series, load_series
from lti_tool.content.overview import describe_effort
from lti_tool.content.readability import count_sentences
from tests.unit.content.broken import (
    LATER_EXEMPLAR,
    LATER_READING,
    LATER_WORKSHEET,
    MODULE,
    READING,
    RUBRIC,
    TINY_SERIES,
    WORKSHEET,
    BrokenSeries,
)

LONG = "unquestionably institutionalized organizational communication necessitates interdisciplinary collaboration "


@pytest.fixture
def broken(tmp_path: Path) -> BrokenSeries:
    return BrokenSeries(tmp_path)


ADVICE = [
    (MODULE, "  - Shared work", "  - Shared work\n  - Compost", "no reading is about “Compost”"),
    (MODULE, "readings: [r1]", "readings: []", "outcome “o1” has no reading with its checks"),
    (MODULE, "reflections: [a]", "reflections: []", "outcome “o1” has no reflection"),
    (
        MODULE,
        "fields: [jobs, purpose, garden, beds, first]",
        "fields: []",
        "outcome “o1” has no field of the worksheet",
    ),
    (MODULE, "criteria: [jobs_are_owned]", "criteria: []", "outcome “o1” has no criterion"),
    (MODULE, "reflections: [a]", "reflections: []", "reflection “a” serves no outcome"),
    (MODULE, "beds, first]", "beds]", "field “first” serves no outcome"),
    (READING, "## The job by the fence", f"{'Word by word. ' * 200}\n\n## The job", "words; 700 to 1200"),
    (READING, "## The job by the fence", f"{(LONG * 6).strip()}.\n\n" * 9 + "## The job", "10.5 is the most"),
    (
        READING,
        "## An owner\n\n",
        f"## An *owner*\n\n{'Word by word. ' * 60}\n\n",
        "below “An owner”; set a heading every",
    ),
    (
        READING,
        "## The job by the fence",
        f"{'Word by word. ' * 110}\n\n## The job",
        "330 words before the first heading",
    ),
    (READING, " Give each job an owner, a day, and a sign.", "", "the summary has 2 sentences; 3 close a reading"),
    (READING, "## An owner", "#### An owner", "a heading is skipped: expected ###"),
    (READING, "## An owner", "# An owner", "headings in a text are ##"),
    (READING, "## An owner", "<b>An owner</b>", "HTML is shown as it stands"),
    (READING, "## An owner", "![An owner](owner.png)", "images are not shown"),
    (READING, "[@kotter_1996]", "[@Kotter]", "a citation looks like"),
    (LATER_READING, "    from_session: soil\n", "", "no check reaches back to an earlier session"),
    (WORKSHEET, "        why: It heads the plan on the shed door.\n", "", "“garden” does not say why it is asked"),
    (WORKSHEET, "        example: Mill Lane Garden\n", "", "“garden” has no example"),
    (WORKSHEET, "above.\n        example: Turn the compost\n", "above.\n", "“first” has no example"),
    (WORKSHEET, "            example: Turn the compost\n", "", "the column “job” of “jobs” has no example"),
    (WORKSHEET, "            help: A role or a group.\n", "", "the column “owner” of “jobs” has no help"),
    (LATER_WORKSHEET, '            example: "12"\n', "", "“baskets” has no example"),
    (LATER_WORKSHEET, "max_words: 40", "max_words: 700", "this sitting take about 36 minutes; 25 is the most"),
    (
        LATER_EXEMPLAR,
        "criterion: shares_are_fair",
        "criterion: season_is_used",
        "about “shares_are_fair” in the strong",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), ADVICE, ids=[case[3] for case in ADVICE])
def test_advice_is_told_and_stops_nothing(broken: BrokenSeries, file: str, old: str, new: str, message: str) -> None:
    if file == LATER_EXEMPLAR:
        broken.change(file, "field: shares", "field: season")
    broken.change(file, old, new)
    assert message in "\n".join(broken.problems())
    load_series(broken.folder)


def test_a_reading_and_a_criterion_serve_an_outcome(broken: BrokenSeries) -> None:
    broken.change(MODULE, "readings: [r1]", "readings: []")
    broken.change(MODULE, "criteria: [jobs_are_owned]", "criteria: []")
    told = "\n".join(broken.problems())
    assert f"{RUBRIC}:1: criterion “jobs_are_owned” serves no outcome" in told
    assert f"{READING}:2: reading “r1” serves no outcome" in told


def test_what_nobody_else_reads_and_what_nobody_writes_needs_no_outcome() -> None:
    series = load_series(TINY_SERIES)
    named = {key for module in series.modules for outcome in module.outcomes for key in outcome.fields}
    assert not named & {"worry", "habits", "habits_again", "cost_total", "neighbors_view"}
    assert examine_series(TINY_SERIES).problems == ()


@pytest.mark.parametrize(("target", "is_told"), [(11, False), (10, True), (5, True)])
def test_a_target_may_be_passed_by_a_tenth(broken: BrokenSeries, target: int, *, is_told: bool) -> None:
    line = broken.change(WORKSHEET, "target_minutes: 10", f"target_minutes: {target}")
    broken.change(WORKSHEET, "max_words: 40", "max_words: 190")
    told = f"{WORKSHEET}:{line}: the core questions take about 12 minutes; the target is {target}"
    assert broken.problems() == ([told] if is_told else [])


def test_an_open_module_has_a_worked_example(broken: BrokenSeries) -> None:
    (broken.folder / LATER_EXEMPLAR).unlink()
    assert broken.problems() == [
        "2_harvest/module.yaml:1: there is no exemplar.yaml: a strong and a weak plan to look at"
    ]


def test_the_worked_examples_of_an_announced_module_can_wait(broken: BrokenSeries) -> None:
    (broken.folder / LATER_EXEMPLAR).unlink()
    broken.change("2_harvest/module.yaml", "status: open", "status: announced")
    assert broken.problems() == []


def test_a_series_tells_what_it_asks_of_a_learners_time() -> None:
    assert list(describe_effort(load_series(TINY_SERIES))) == [
        "soil: “Soil Plan” about 5 minutes (target 10); 1 reading, 805 words",
        "harvest: “Harvest Plan” about 7 minutes (target 15); 1 reading, 919 words",
    ]


@pytest.mark.parametrize(("text", "sentences"), [("", 0), ("One", 1), ("One. Two!", 2), ("e.g. one. Two.", 2)])
def test_sentences_are_counted(text: str, sentences: int) -> None:
    assert count_sentences(text) == sentences
