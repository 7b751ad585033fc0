"""What a module's score is and what still holds it (design decision D1), exactly and explainably.

A column is worth 100. Sums are kept as exact fractions and rounded half up once, at the end, so that a score
can be taken apart again in front of the person who earned it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from lti_tool.content.schema import Points

MAXIMUM: Final = 100
# Where a series says nothing else.
USUAL_POINTS: Final = Points()

_LEVEL_WORTH: Final[Mapping[int, Fraction]] = {
    4: Fraction(100, 100),
    3: Fraction(90, 100),
    2: Fraction(75, 100),
    1: Fraction(50, 100),
}


class Policy(StrEnum):
    """How a column is earned: accepted = 100, points by rubric, or submitted = 100."""

    COMPLETION = "completion"
    POINTS = "points"
    SUBMISSION = "submission"


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """What is known of one person's work in one module.

    ``ratings`` are the levels of the latest accepted revision by criterion key, empty if it was accepted as it is.
    ``plan_was_submitted`` and ``reflections_were_submitted`` count every submission ever made: under the
    submission policy a later take-back or return withdraws nothing.
    """

    readings_total: int
    readings_done: int
    reflections_total: int
    reflections_submitted: int
    reflections_in_range: int
    reflections_were_submitted: int
    criteria_total: int
    plan_is_submitted: bool
    plan_is_accepted: bool
    plan_was_submitted: bool
    ratings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One addend of a score, in points with exact value, and what it could have been."""

    name: str
    earned: Fraction
    possible: int


@dataclass(frozen=True, slots=True)
class ModuleScore:
    """A score out of 100 with its parts. ``points`` is the parts' exact sum, rounded half up once."""

    points: int
    parts: tuple[ScorePart, ...]


class Holding(StrEnum):
    """One thing that still holds a score."""

    PLAN_NOT_SUBMITTED = "plan_not_submitted"
    PLAN_NOT_ACCEPTED = "plan_not_accepted"
    REFLECTIONS_NOT_SUBMITTED = "reflections_not_submitted"


def round_half_up(value: Fraction) -> int:
    """Round to the nearest whole number, a half upwards."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def find_holdings(policy: Policy, facts: ModuleFacts) -> tuple[Holding, ...]:
    """What still holds the score, in the order she would do it. Readings never hold a score back."""
    holdings = []
    if policy is Policy.SUBMISSION:
        if not facts.plan_was_submitted:
            holdings.append(Holding.PLAN_NOT_SUBMITTED)
        if facts.reflections_were_submitted < facts.reflections_total:
            holdings.append(Holding.REFLECTIONS_NOT_SUBMITTED)
        return tuple(holdings)
    if not facts.plan_is_accepted:
        holdings.append(Holding.PLAN_NOT_ACCEPTED if facts.plan_is_submitted else Holding.PLAN_NOT_SUBMITTED)
    if facts.reflections_submitted < facts.reflections_total:
        holdings.append(Holding.REFLECTIONS_NOT_SUBMITTED)
    return tuple(holdings)


def compute_score(policy: Policy, facts: ModuleFacts, points: Points = USUAL_POINTS) -> ModuleScore | None:
    """The score that ``facts`` earn, or None while something holds it; ``points`` are the shares of the series."""
    if find_holdings(policy, facts):
        return None
    if policy is not Policy.POINTS:
        return ModuleScore(MAXIMUM, (ScorePart("complete", Fraction(MAXIMUM), MAXIMUM),))
    readings = _share(facts.readings_done, facts.readings_total, points.readings)
    reflections = _share(facts.reflections_in_range, facts.reflections_total, points.reflections)
    plan = compute_plan_points(facts.ratings, facts.criteria_total, points)
    parts = (
        ScorePart("readings", readings, points.readings),
        ScorePart("reflections", reflections, points.reflections),
        ScorePart("plan", plan, points.plan),
    )
    return ModuleScore(round_half_up(sum((part.earned for part in parts), Fraction())), parts)


def compute_plan_points(ratings: Mapping[str, int], criteria_total: int, points: Points = USUAL_POINTS) -> Fraction:
    """The plan's exact points for these levels, of ``points.plan``.

    Every criterion has an equal share, and an unrated one earns all of it.
    """
    if not criteria_total:
        return Fraction(points.plan)
    each = Fraction(points.plan, criteria_total)
    rated = sum((_LEVEL_WORTH[level] * each for level in ratings.values()), Fraction())
    return rated + each * (criteria_total - len(ratings))


def share_reflections(points: Points, reflections_total: int) -> Fraction:
    """What each reflection of a module is worth: an equal share of what the reflections count together."""
    return _share(1, reflections_total, points.reflections)


def _share(done: int, total: int, worth: int) -> Fraction:
    return Fraction(worth * done, total) if total else Fraction(worth)
