"""Paired measurement: contenders take turns in small blocks, so that a neighbour's load falls on all of them alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Work that outlives its answer (giving the connection back to the poller) still belongs to it.
_SETTLE_SECONDS = 0.003
_BLOCK = 10


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure: how it is done once, and the CPU clock of the process that does the work."""

    name: str
    act: Callable[[], object]
    read_cpu: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long to measure."""

    rounds: int
    launches: int
    scores: int
    checks: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and the values between which the middle half of the rounds lies."""

    median: float
    low: float
    high: float


def measure_in_turns(contenders: Sequence[Contender], rounds: int, times: int) -> dict[str, list[float]]:
    """Let each contender act ``times`` times a round; returns its milliseconds of CPU per act in each round."""
    used: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        _act(contender, 2)
    for number in range(rounds):
        totals = dict.fromkeys(used, 0)
        for block in range(0, times, _BLOCK):
            shift = (number + block // _BLOCK) % len(contenders)
            for contender in (*contenders[shift:], *contenders[:shift]):
                totals[contender.name] += _act(contender, min(_BLOCK, times - block))
        for name, nanoseconds in totals.items():
            used[name].append(nanoseconds / times / 1e6)
    return used


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles."""
    if len(values) < 2:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The rounds' ratios."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def _act(contender: Contender, times: int) -> int:
    before = contender.read_cpu()
    for _ in range(times):
        contender.act()
    time.sleep(_SETTLE_SECONDS)
    return contender.read_cpu() - before
