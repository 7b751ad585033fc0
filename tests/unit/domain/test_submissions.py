"""The states of work: only the steps of the table, and what must hold whichever way is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.domain.submissions import (
    EDITABLE,
    REVIEWED,
    WAITING,
    Step,
    StepRefusedError,
    WorkState,
    can_take_step,
    take_step,
)


def test_every_state_is_editable_waiting_or_reviewed() -> None:
    assert set(WorkState) == EDITABLE | WAITING | REVIEWED
    assert not EDITABLE & WAITING


def test_the_usual_way() -> None:
    state = WorkState.DRAFT
    for step, expected in [
        (Step.SUBMIT, WorkState.SUBMITTED),
        (Step.TAKE_BACK, WorkState.DRAFT),
        (Step.SUBMIT, WorkState.SUBMITTED),
        (Step.START_REVIEW, WorkState.IN_REVIEW),
        (Step.RETURN, WorkState.RETURNED),
        (Step.SUBMIT, WorkState.SUBMITTED),
        (Step.START_REVIEW, WorkState.IN_REVIEW),
        (Step.ACCEPT, WorkState.ACCEPTED),
        (Step.REOPEN, WorkState.DRAFT),
    ]:
        state = take_step(state, step)
        assert state is expected


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (WorkState.DRAFT, Step.ACCEPT),
        (WorkState.DRAFT, Step.TAKE_BACK),
        (WorkState.SUBMITTED, Step.SUBMIT),
        (WorkState.SUBMITTED, Step.ACCEPT),
        (WorkState.IN_REVIEW, Step.TAKE_BACK),
        (WorkState.IN_REVIEW, Step.SUBMIT),
        (WorkState.ACCEPTED, Step.SUBMIT),
        (WorkState.ACCEPTED, Step.TAKE_BACK),
        (WorkState.RETURNED, Step.TAKE_BACK),
    ],
)
def test_refused_steps(state: WorkState, step: Step) -> None:
    assert not can_take_step(state, step)
    with pytest.raises(StepRefusedError) as refusal:
        take_step(state, step)
    assert (refusal.value.state, refusal.value.step) == (state, step)


@given(st.lists(st.sampled_from(Step), max_size=30))
def test_nothing_is_accepted_that_nobody_began_to_review(steps: list[Step]) -> None:
    state, seen = WorkState.DRAFT, [WorkState.DRAFT]
    for step in steps:
        if can_take_step(state, step):
            state = take_step(state, step)
            seen.append(state)
    if WorkState.ACCEPTED in seen:
        assert WorkState.IN_REVIEW in seen[: seen.index(WorkState.ACCEPTED)]
    if WorkState.RETURNED in seen:
        assert WorkState.SUBMITTED in seen[: seen.index(WorkState.RETURNED)]


@given(st.sampled_from(WorkState))
def test_no_state_is_a_dead_end(state: WorkState) -> None:
    assert any(can_take_step(state, step) for step in Step)
