"""The figures as a Markdown table, with the machine they were taken on."""

import os
import platform as machine
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.deliveries import ScoreRequests
from tests.bench.key_sets import KeyFetches
from tests.bench.launches import (
    PLAIN,
    PLAIN_CHECKED,
    PLAIN_ON_DRIVER,
    PLAIN_PAGE,
    TOOL_AGAIN,
    TOOL_FIRST,
    TOOL_PAGE,
    LaunchCosts,
)
from tests.bench.openings import LARGEST, MOST_CARRIED, ROWS, SMALLEST, OpeningCosts
from tests.bench.pairing import Sizes, Spread, ratios, spread

_HEAD = "| What | Ours | Beside it | Figure | Must | Goal |\n|---|---|---|---|---|---|"
_EXAMPLE = "example: login and launch"
_COMPARISONS = (
    ("Login, hop and launch, up to the redirect to the page", TOOL_FIRST, PLAIN, _EXAMPLE, "≤ 1.00", "0.60"),
    ("The same", TOOL_FIRST, PLAIN_CHECKED, "example with its own page that checks for cookies", "", ""),
    ("The same", TOOL_FIRST, PLAIN_ON_DRIVER, "example, its storage on the bare SQLite driver", "", ""),
    ("Login and launch of a browser that keeps our cookies: no hop", TOOL_AGAIN, PLAIN, _EXAMPLE, "", ""),
    ("The page after the launch (module page)", TOOL_PAGE, PLAIN_PAGE, "example: a page of one sentence", "", ""),
)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured."""

    sizes: Sizes
    launches: LaunchCosts
    openings: OpeningCosts
    key_sets: KeyFetches
    scores: ScoreRequests

    @property
    def requests_per_score(self) -> float:
        """Requests for one delivered score, before it is read back."""
        return self.scores.sending / self.scores.delivered

    def list_ratios(self) -> list[Spread]:
        """The medians of the paired ratios, in the table's order."""
        used = self.launches.used
        return [spread(ratios(used[ours], used[theirs])) for _, ours, theirs, *_ in _COMPARISONS]

    def to_markdown(self) -> str:
        """The table."""
        lines = [self._describe_machine(), "", _HEAD]
        used = self.launches.used
        for (what, ours, theirs, beside, must, goal), ratio in zip(_COMPARISONS, self.list_ratios(), strict=True):
            lines.append(
                f"| {what} | {spread(used[ours]).median:.2f} ms | {beside}: {spread(used[theirs]).median:.2f} ms "
                f"| **{ratio.median:.2f}** ({ratio.low:.2f} to {ratio.high:.2f}) | {must} | {goal} |"
            )
        lines += self._list_openings()
        keys, scores = self.key_sets, self.scores
        lines.append(
            f"| Requests for a platform's keys, one worker | {keys.fetches} "
            f"| {keys.launches:,} launches in one hour of the tool's clock; {self.launches.tool_key_fetches} in the "
            f"{self.launches.tool_launches:,} launches served above "
            f"| **{keys.fetches}** in {keys.launches:,} | ≤ 2 in 10,000 | |"
        )
        lines.append(
            f"| Requests to deliver a score, before it is read back | {scores.sending} | {scores.delivered} scores "
            f"delivered, {scores.confirmed} confirmed; reading back took {scores.reading} more "
            f"| **{self.requests_per_score:.4f}** each | ≤ 1.01 | |"
        )
        return "\n".join(lines) + "\n"

    def _list_openings(self) -> Iterator[str]:
        used, titles = self.openings.used, self.openings.titles
        small = spread(used[SMALLEST]).median
        for name in (LARGEST, MOST_CARRIED):
            ratio = spread(ratios(used[name], used[SMALLEST]))
            yield (
                f"| Opening the {titles[name]} ({name}) with {ROWS} filled rows | {spread(used[name]).median:.2f} ms "
                f"| the {titles[SMALLEST]} ({SMALLEST}), filled in: {small:.2f} ms "
                f"| **{ratio.median:.2f}** ({ratio.low:.2f} to {ratio.high:.2f}) | ≤ 3.00 | |"
            )

    def _describe_machine(self) -> str:
        return (
            f"Python {machine.python_version()} on {machine.system()}, {os.cpu_count()} cores; gunicorn, one worker, "
            "four threads; SQLite. Milliseconds are CPU time of the worker for one launch or page. Ratios are medians "
            f"of {self.sizes.rounds} paired rounds of {self.sizes.launches}, with the middle half of the rounds in "
            "brackets; below 1 the tool takes less."
        )
