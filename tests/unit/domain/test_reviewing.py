"""The rules of reviewing by themselves."""

from datetime import timedelta

import pytest

from lti_tool.domain.reviewing import (
    ReleaseGap,
    find_current_state,
    find_plan_gaps,
    find_reflection_gaps,
    suggest_decision,
)
from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import Decision, WorkState
from tests.support.clock import A_WEDNESDAY_AFTERNOON as NOW


@pytest.mark.parametrize(
    ("levels", "suggested"),
    [
        ([3, 3, 3, 3, 3], Decision.ACCEPT),
        ([3, 3, 3, 2, 2], Decision.ACCEPT),
        ([3, 2, 2, 2, 3], Decision.RETURN),
        ([3, 2, 3, 2], Decision.ACCEPT),
        ([4, 4, 4, 4, 1], Decision.RETURN),
    ],
)
def test_levels_suggest_a_decision(levels: list[int], suggested: Decision) -> None:
    ratings = {f"c{number}": level for number, level in enumerate(levels)}
    assert suggest_decision(ratings, len(levels)) is suggested


def test_nothing_is_suggested_before_every_criterion_has_a_level() -> None:
    assert suggest_decision({"a": 4}, 2) is None
    assert suggest_decision({}, 0) is None


@pytest.mark.parametrize(
    ("minutes", "state"), [(1, WorkState.IN_REVIEW), (0, WorkState.SUBMITTED), (-1, WorkState.SUBMITTED)]
)
def test_a_claim_lasts_until_its_end(minutes: int, state: WorkState) -> None:
    assert find_current_state(WorkState.IN_REVIEW, NOW + timedelta(minutes=minutes), NOW) is state


def test_other_states_know_no_claim() -> None:
    assert find_current_state(WorkState.ACCEPTED, None, NOW) is WorkState.ACCEPTED


def find_gaps(decision: Decision | None, policy: Policy = Policy.POINTS, **said: object) -> tuple[ReleaseGap, ...]:
    values: dict[str, object] = {"ratings": {}, "criteria_total": 2, "named_fields": (), "overall": ""} | said
    return find_plan_gaps(decision, policy, **values)  # type: ignore[arg-type] # a table of cases


def test_a_return_says_what_to_change() -> None:
    assert find_gaps(Decision.RETURN) == (ReleaseGap.NOTHING_TO_CHANGE,)
    assert find_gaps(Decision.RETURN, overall="  \n") == (ReleaseGap.NOTHING_TO_CHANGE,)
    assert find_gaps(Decision.RETURN, overall="Say who.") == ()
    assert find_gaps(Decision.RETURN, named_fields=("mission",)) == ()


def test_points_are_given_for_all_criteria_or_none() -> None:
    assert find_gaps(Decision.ACCEPT, ratings={"a": 3}) == (ReleaseGap.PARTLY_RATED,)
    assert find_gaps(Decision.ACCEPT, ratings={"a": 3, "b": 4}) == ()
    assert find_gaps(Decision.ACCEPT) == ()
    assert find_gaps(Decision.ACCEPT, Policy.COMPLETION, ratings={"a": 3}) == ()


def test_the_reviewer_decides() -> None:
    assert find_gaps(None) == (ReleaseGap.NO_DECISION,)
    assert find_reflection_gaps(None, "Thank you.") == (ReleaseGap.NO_DECISION,)


def test_an_answer_to_a_reflection_says_something() -> None:
    assert find_reflection_gaps(Decision.RETURN, " ") == (ReleaseGap.NOTHING_SAID,)
    assert find_reflection_gaps(Decision.ACCEPT, "Thank you.") == ()
