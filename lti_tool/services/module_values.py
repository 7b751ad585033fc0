"""The values that the series page and a module's own page are made of, and the words for where an activity stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lti_tool.content.schema import Module, Series
from lti_tool.domain.submissions import Decision
from lti_tool.services.reading_changes import ReadingChange
from lti_tool.services.score_lines import ScoreLine
from lti_tool.services.visits import Visit


class ActivityState(StrEnum):
    """Where an activity stands for the person who looks at it."""

    NOT_STARTED = "not_started"
    BEGUN = "begun"
    READ = "read"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class Reason(StrEnum):
    """Why something is the next step."""

    CONTINUE = "continue"
    REVISE = "revise"
    START = "start"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity of a module, as its list shows it. ``change`` is that of a reading since she read it, if any."""

    kind: str
    key: str
    title: str
    minutes: int
    state: ActivityState
    changed_at: datetime | None
    is_private: bool
    change: ReadingChange | None = None


@dataclass(frozen=True, slots=True)
class StoppedAt:
    """Where she stopped writing, and when."""

    kind: str
    key: str
    title: str
    place: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next, how long it takes, and why. ``key`` is None when there is nothing left to do."""

    reason: Reason
    kind: str | None
    key: str | None
    title: str | None
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A released review that she can read."""

    kind: str
    key: str
    title: str
    decision: Decision
    at: datetime
    named_count: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class ModulePage:
    """Everything a module's own page shows. The lists are empty for visitors and announced modules.

    ``plans_waiting`` counts the plans that wait for this facilitator's review; 0 for everybody else.
    """

    module: Module
    visit: Visit
    activities: tuple[ActivityRow, ...]
    stopped: StoppedAt | None
    next_step: NextStep | None
    minutes_left: int
    score: ScoreLine | None
    replies: tuple[Reply, ...]
    reviewer_names: tuple[str, ...]
    plan_submitted_at: datetime | None
    can_take_back: bool
    plans_waiting: int = 0


@dataclass(frozen=True, slots=True)
class ModuleCard:
    """One module on the series page."""

    module: Module
    done: int
    total: int
    stopped: StoppedAt | None
    score: ScoreLine | None
    has_new_reply: bool


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """The series with this person's place in each module."""

    series: Series
    visit: Visit
    cards: tuple[ModuleCard, ...]
