"""The states of a piece of work and the only ways between them."""

from enum import StrEnum
from typing import Final


class ActivityKind(StrEnum):
    """What can be submitted. A reading is marked, not submitted."""

    REFLECTION = "reflection"
    WORKSHEET = "worksheet"


class WorkState(StrEnum):
    """Where a piece of work stands.

    ``in_review`` holds only while a reviewer's lease lasts; when it ends the work is submitted again. A returned
    piece is her draft again: she may change every field.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class Step(StrEnum):
    """What moves work from one state to another."""

    SUBMIT = "submit"
    TAKE_BACK = "take_back"
    START_REVIEW = "start_review"
    LET_GO = "let_go"
    RETURN = "return"
    ACCEPT = "accept"
    REOPEN = "reopen"


class Decision(StrEnum):
    """What a released review says."""

    ACCEPT = "accept"
    RETURN = "return"


class ReviewStatus(StrEnum):
    """A review is a draft of its reviewer until released; a correction supersedes the released one."""

    DRAFT = "draft"
    RELEASED = "released"
    SUPERSEDED = "superseded"


_TRANSITIONS: Final[dict[tuple[WorkState, Step], WorkState]] = {
    (WorkState.DRAFT, Step.SUBMIT): WorkState.SUBMITTED,
    (WorkState.RETURNED, Step.SUBMIT): WorkState.SUBMITTED,
    (WorkState.SUBMITTED, Step.TAKE_BACK): WorkState.DRAFT,
    (WorkState.SUBMITTED, Step.START_REVIEW): WorkState.IN_REVIEW,
    (WorkState.IN_REVIEW, Step.START_REVIEW): WorkState.IN_REVIEW,
    (WorkState.IN_REVIEW, Step.LET_GO): WorkState.SUBMITTED,
    (WorkState.IN_REVIEW, Step.RETURN): WorkState.RETURNED,
    (WorkState.IN_REVIEW, Step.ACCEPT): WorkState.ACCEPTED,
    (WorkState.ACCEPTED, Step.ACCEPT): WorkState.ACCEPTED,
    (WorkState.ACCEPTED, Step.RETURN): WorkState.RETURNED,
    (WorkState.RETURNED, Step.ACCEPT): WorkState.ACCEPTED,
    (WorkState.RETURNED, Step.RETURN): WorkState.RETURNED,
    (WorkState.ACCEPTED, Step.REOPEN): WorkState.DRAFT,
}

EDITABLE: Final = frozenset({WorkState.DRAFT, WorkState.RETURNED})
WAITING: Final = frozenset({WorkState.SUBMITTED, WorkState.IN_REVIEW})
REVIEWED: Final = frozenset({WorkState.RETURNED, WorkState.ACCEPTED})


class StepRefusedError(Exception):
    """This step is not possible from this state."""

    def __init__(self, state: WorkState, step: Step) -> None:
        super().__init__(f"cannot {step} work that is {state}")
        self.state = state
        self.step = step


def take_step(state: WorkState, step: Step) -> WorkState:
    """The state after ``step``.

    Raises:
        StepRefusedError: the transition table has no such step from ``state``.
    """
    try:
        return _TRANSITIONS[(state, step)]
    except KeyError:
        raise StepRefusedError(state, step) from None


def can_take_step(state: WorkState, step: Step) -> bool:
    """Whether ``step`` is possible from ``state``."""
    return (state, step) in _TRANSITIONS
