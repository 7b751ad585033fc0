"""The harness runs and yields figures. What they are is for ``make bench`` to say: no test depends on a clock."""

from pathlib import Path

from tests.bench.__main__ import QUICK, measure


def test_the_quick_form_yields_every_figure(tmp_path: Path) -> None:
    report = measure(tmp_path, QUICK)
    assert all(ratio.median > 0 for ratio in report.list_ratios())
    assert report.key_sets.fetches > 0
    assert report.scores.delivered == report.scores.confirmed == QUICK.scores
    assert report.requests_per_score >= 1
    assert report.to_markdown().count("\n|") == 2 + len(report.list_ratios()) + 4
