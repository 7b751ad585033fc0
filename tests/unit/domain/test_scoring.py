"""What a module is worth (D1): exact sums, rounded once, and nothing held back or taken away wrongly."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.content.schema import Points
from lti_tool.domain.scoring import (
    USUAL_POINTS,
    Holding,
    ModuleFacts,
    Policy,
    compute_plan_points,
    compute_score,
    find_holdings,
    round_half_up,
    share_reflections,
)

CRITERIA = ("beliefs", "mission", "listening", "vision_goals", "follow_through")
DONE = ModuleFacts(
    readings_total=3,
    readings_done=3,
    reflections_total=2,
    reflections_submitted=2,
    reflections_in_range=2,
    reflections_were_submitted=2,
    criteria_total=5,
    plan_is_submitted=False,
    plan_is_accepted=True,
    plan_was_submitted=True,
    ratings=dict.fromkeys(CRITERIA, 4),
)
NOTHING = ModuleFacts(
    readings_total=3,
    readings_done=0,
    reflections_total=2,
    reflections_submitted=0,
    reflections_in_range=0,
    reflections_were_submitted=0,
    criteria_total=5,
    plan_is_submitted=False,
    plan_is_accepted=False,
    plan_was_submitted=False,
    ratings={},
)

levels = st.fixed_dictionaries(dict.fromkeys(CRITERIA, st.integers(1, 4)))


def points(facts: ModuleFacts, policy: Policy = Policy.POINTS) -> int | None:
    score = compute_score(policy, facts)
    return None if score is None else score.points


@pytest.mark.parametrize("policy", Policy)
def test_everything_done_is_a_hundred(policy: Policy) -> None:
    assert points(DONE, policy) == 100
    assert points(NOTHING, policy) is None


@pytest.mark.parametrize(("level", "expected"), [(4, 100), (3, 94), (2, 85), (1, 70)])
def test_levels_weigh_the_plan(level: int, expected: int) -> None:
    assert points(replace(DONE, ratings=dict.fromkeys(CRITERIA, level))) == expected


def test_accepted_without_ratings_is_the_whole_plan() -> None:
    assert points(replace(DONE, ratings={})) == 100


def test_readings_count_by_thirds_and_never_hold_a_score_back() -> None:
    assert [points(replace(DONE, readings_done=done)) for done in range(4)] == [90, 93, 97, 100]
    assert not find_holdings(Policy.POINTS, replace(DONE, readings_done=0))


def test_a_reflection_outside_its_range_earns_nothing_under_points() -> None:
    assert points(replace(DONE, reflections_in_range=1)) == 85
    assert points(replace(DONE, reflections_in_range=1), Policy.COMPLETION) == 100


def test_what_holds_a_score_is_named() -> None:
    waiting = replace(DONE, plan_is_accepted=False, plan_is_submitted=True, ratings={})
    assert find_holdings(Policy.COMPLETION, NOTHING) == (
        Holding.PLAN_NOT_SUBMITTED,
        Holding.REFLECTIONS_NOT_SUBMITTED,
    )
    assert find_holdings(Policy.COMPLETION, waiting) == (Holding.PLAN_NOT_ACCEPTED,)
    assert find_holdings(Policy.COMPLETION, replace(DONE, reflections_submitted=1)) == (
        Holding.REFLECTIONS_NOT_SUBMITTED,
    )
    assert find_holdings(Policy.SUBMISSION, waiting) == ()


def test_a_take_back_withdraws_nothing_under_submission() -> None:
    taken_back = replace(DONE, plan_is_accepted=False, plan_is_submitted=False, reflections_submitted=0)
    assert points(taken_back, Policy.SUBMISSION) == 100


@given(levels, st.integers(0, 3), st.integers(0, 2))
def test_the_parts_are_the_score(ratings: dict[str, int], readings: int, in_range: int) -> None:
    score = compute_score(
        Policy.POINTS, replace(DONE, ratings=ratings, readings_done=readings, reflections_in_range=in_range)
    )
    assert score is not None
    assert sum(part.possible for part in score.parts) == 100
    assert score.points == round_half_up(sum((part.earned for part in score.parts), Fraction()))
    assert all(0 <= part.earned <= part.possible for part in score.parts)
    assert 0 <= score.points <= 100


@st.composite
def shares(draw: st.DrawFn) -> Points:
    readings = draw(st.integers(0, 100))
    reflections = draw(st.integers(0, 100 - readings))
    return Points(readings=readings, reflections=reflections, plan=100 - readings - reflections)


@given(shares(), levels, st.integers(0, 3), st.integers(0, 2), st.integers(2, 4))
def test_a_series_shares_its_hundred_points_as_it_likes(
    points_of: Points, ratings: dict[str, int], readings: int, in_range: int, total: int
) -> None:
    facts = replace(
        DONE,
        ratings=ratings,
        readings_done=readings,
        reflections_total=total,
        reflections_submitted=total,
        reflections_in_range=in_range,
    )
    score = compute_score(Policy.POINTS, facts, points_of)
    assert score is not None
    assert [part.possible for part in score.parts] == [points_of.readings, points_of.reflections, points_of.plan]
    assert all(0 <= part.earned <= part.possible for part in score.parts)
    assert score.parts[1].earned == in_range * share_reflections(points_of, total)
    whole = compute_score(Policy.POINTS, replace(DONE, reflections_total=2), points_of)
    assert whole is not None
    assert whole.points == 100


def test_reflections_share_what_they_count_together() -> None:
    assert (USUAL_POINTS.readings, USUAL_POINTS.reflections, USUAL_POINTS.plan) == (10, 30, 60)
    assert share_reflections(USUAL_POINTS, 2) == 15
    one = replace(DONE, reflections_total=1, reflections_submitted=1, reflections_in_range=1)
    assert points(one) == 100, "a single reflection is worth all of it"
    three = replace(DONE, reflections_total=3, reflections_submitted=3, reflections_in_range=1)
    assert points(three) == 80
    none = replace(DONE, reflections_total=0, reflections_submitted=0, reflections_in_range=0)
    assert points(none) == 100, "what a module does not ask for costs nothing"


@given(levels, st.sampled_from(CRITERIA))
def test_a_higher_level_never_lowers_a_score(ratings: dict[str, int], criterion: str) -> None:
    higher = {**ratings, criterion: min(4, ratings[criterion] + 1)}
    assert compute_plan_points(higher, 5) >= compute_plan_points(ratings, 5)


@given(st.fractions(min_value=0, max_value=100, max_denominator=60))
def test_halves_round_up(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert Fraction(-1, 2) < rounded - value <= Fraction(1, 2)
