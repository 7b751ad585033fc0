"""The rules of reviewing: how long a reviewer's claim lasts, what a level suggests, what keeps a review unreleased."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import Decision, Step, WorkState, take_step

LEASE_LENGTH: Final = timedelta(minutes=30)
TIMES_A_REFLECTION_MAY_RETURN: Final = 1
LONGEST_COMMENT: Final = 4_000
LONGEST_OVERALL: Final = 8_000

_LOWEST_LEVEL: Final = 1
_MEAN_FOR_ACCEPTING: Final = Fraction(5, 2)


class ReleaseGap(StrEnum):
    """One thing that keeps a review from being released."""

    NO_DECISION = "no_decision"
    NOTHING_TO_CHANGE = "nothing_to_change"
    PARTLY_RATED = "partly_rated"
    NOTHING_SAID = "nothing_said"


def find_current_state(state: WorkState, lease_expires_at: datetime | None, now: datetime) -> WorkState:
    """Where work stands at ``now``: a claim that has run out leaves it submitted, whoever notices first."""
    if state is WorkState.IN_REVIEW and (lease_expires_at is None or lease_expires_at <= now):
        return take_step(state, Step.LET_GO)
    return state


def suggest_decision(ratings: Mapping[str, int], criteria_total: int) -> Decision | None:
    """What the levels suggest; the reviewer decides.

    Accept when no criterion is at 1 and the mean is at least 2.5; None until every criterion has a level.
    """
    if not criteria_total or len(ratings) < criteria_total:
        return None
    mean = Fraction(sum(ratings.values()), len(ratings))
    is_enough = min(ratings.values()) > _LOWEST_LEVEL and mean >= _MEAN_FOR_ACCEPTING
    return Decision.ACCEPT if is_enough else Decision.RETURN


def find_plan_gaps(
    decision: Decision | None,
    policy: Policy,
    *,
    ratings: Mapping[str, int],
    criteria_total: int,
    named_fields: Collection[str],
    overall: str,
) -> tuple[ReleaseGap, ...]:
    """What keeps the review of a plan from being released.

    A return says what to change: a named field or an overall comment. Where points are sent, a plan is accepted
    with every criterion rated or with none, so that a forgotten one can not count as full marks.
    """
    if decision is None:
        return (ReleaseGap.NO_DECISION,)
    if decision is Decision.RETURN:
        return () if named_fields or overall.strip() else (ReleaseGap.NOTHING_TO_CHANGE,)
    is_partly_rated = 0 < len(ratings) < criteria_total
    return (ReleaseGap.PARTLY_RATED,) if policy is Policy.POINTS and is_partly_rated else ()


def find_reflection_gaps(decision: Decision | None, comment: str) -> tuple[ReleaseGap, ...]:
    """What keeps an answer to a reflection from being released: it is all comment, so it must say something."""
    if decision is None:
        return (ReleaseGap.NO_DECISION,)
    return () if comment.strip() else (ReleaseGap.NOTHING_SAID,)
