"""What a module's score is and what still holds it (design decision D1), exactly and explainably.

A column is worth 100. Sums are kept as exact fractions and rounded half up once, at the end, so that a score
can be taken apart again in front of the person who earned it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

MAXIMUM: Final = 100

_READINGS_SHARE: Final = 10
_REFLECTION_SHARE: Final = 15
_PLAN_SHARE: Final = 60
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


def compute_score(policy: Policy, facts: ModuleFacts) -> ModuleScore | None:
    """The score that ``facts`` earn, or None while something holds it."""
    if find_holdings(policy, facts):
        return None
    if policy is not Policy.POINTS:
        return ModuleScore(MAXIMUM, (ScorePart("complete", Fraction(MAXIMUM), MAXIMUM),))
    parts = (
        ScorePart("readings", _share(facts.readings_done, facts.readings_total, _READINGS_SHARE), _READINGS_SHARE),
        ScorePart(
            "reflections",
            Fraction(_REFLECTION_SHARE * facts.reflections_in_range),
            _REFLECTION_SHARE * facts.reflections_total,
        ),
        ScorePart("plan", _weigh_plan(facts), _PLAN_SHARE),
    )
    return ModuleScore(round_half_up(sum((part.earned for part in parts), Fraction())), parts)


def compute_plan_points(ratings: Mapping[str, int], criteria_total: int) -> Fraction:
    """The plan's exact points of 60 for these levels; every criterion has an equal share, an unrated one full."""
    if not criteria_total:
        return Fraction(_PLAN_SHARE)
    each = Fraction(_PLAN_SHARE, criteria_total)
    rated = sum((_LEVEL_WORTH[level] * each for level in ratings.values()), Fraction())
    return rated + each * (criteria_total - len(ratings))


def _weigh_plan(facts: ModuleFacts) -> Fraction:
    return compute_plan_points(facts.ratings, facts.criteria_total)


def _share(done: int, total: int, worth: int) -> Fraction:
    return Fraction(worth * done, total) if total else Fraction(worth)
