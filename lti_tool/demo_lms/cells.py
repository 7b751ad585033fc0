"""What a score does to a gradebook cell, in each manner: pure functions from a cell and a score to the next cell."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lti_tool.demo_lms.manners import TRAITS, Manner

_SCORED_ON_CANVAS: Final = frozenset({"FullyGraded", "PendingManual"})
_FINAL: Final = "FullyGraded"


class StaleScoreError(Exception):
    """A score is not newer than what is there. ``newest`` is the time of that."""

    def __init__(self, newest: datetime) -> None:
        super().__init__(f"a score of {newest.isoformat()} is already there")
        self.newest = newest


class LockedCellError(Exception):
    """A teacher has locked the cell or its column."""


class AttemptsUsedUpError(Exception):
    """The person has no attempt left in this column."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a grader sees beside a score on Canvas: the kind of submission, its address or text, and its time."""

    kind: str
    data: str | None
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class CanvasWishes:
    """The fields of Canvas's submission extension, read."""

    new_submission: bool | None = None
    submission_type: str = "external_tool"
    submission_data: str | None = None
    submitted_at: datetime | None = None
    preserve_score: bool = False
    prioritize_non_tool_grade: bool = False

    @property
    def makes_attempt(self) -> bool:
        """Whether this counts as a new attempt, which is so unless the tool says otherwise."""
        return self.new_submission is not False and self.submission_type != "none"


@dataclass(frozen=True, slots=True)
class NewScore:
    """A score on its way into a cell; its meaning has been checked."""

    sub: str
    given: float | None
    maximum: float | None
    comment: str | None
    sent_at: datetime
    activity_progress: str
    grading_progress: str
    wishes: CanvasWishes = CanvasWishes()

    @property
    def clears(self) -> bool:
        """Whether this empties the cell, as Moodle 4.5 does for a score that is not final or has no number."""
        return self.given is None or self.grading_progress != _FINAL


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell. ``written_at`` is the time a later score is held against; None lets every score in."""

    value: float | None = None
    comments: tuple[str, ...] = ()
    written_at: datetime | None = None
    is_by_teacher: bool = False
    is_overridden: bool = False
    needs_grading: bool = False
    attempts: int = 0
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The column a cell is in, as far as it matters here.

    ``is_first`` is False for a further column of one link: on Canvas only the first one has attempts and comments.
    """

    maximum: float
    is_coupled: bool
    is_locked: bool = False
    is_first: bool = True
    attempts_allowed: int | None = None


def take_score(manner: Manner, place: Place, cell: Cell, score: NewScore, now: datetime) -> Cell:
    """Return the cell after this score.

    Raises:
        StaleScoreError: what is there is newer.
        LockedCellError: a teacher locked it.
        AttemptsUsedUpError: the score makes a new attempt and none is left.
    """
    if place.is_locked and TRAITS[manner].has_locks:
        raise LockedCellError
    rules: dict[Manner, Callable[[Place, Cell, NewScore, datetime], Cell]] = {
        Manner.STRICT: _take_strictly,
        Manner.CANVAS: _take_as_canvas,
        Manner.MOODLE: _take_as_moodle,
    }
    return rules[manner](place, cell, score, now)


def take_teachers_grade(manner: Manner, place: Place, cell: Cell, value: float, comment: str, now: datetime) -> Cell:
    """Return the cell after a teacher wrote into it by hand. Her time counts like a score's.

    On Moodle that overrides an activity's column: no tool's score shows from then on.
    """
    kept = cell.comments if manner is Manner.CANVAS else ()
    return replace(
        cell,
        value=value,
        comments=(*kept, comment) if comment else kept,
        written_at=now,
        is_by_teacher=True,
        is_overridden=manner is Manner.MOODLE and place.is_coupled,
        needs_grading=False,
    )


def _take_strictly(place: Place, cell: Cell, score: NewScore, _now: datetime) -> Cell:
    if cell.written_at is not None and score.sent_at <= cell.written_at:
        raise StaleScoreError(cell.written_at)
    return Cell(
        value=None if score.clears else min(_put_on_scale(place, score), place.maximum),
        comments=(score.comment,) if score.comment else (),
        written_at=score.sent_at,
    )


def _take_as_moodle(place: Place, cell: Cell, score: NewScore, _now: datetime) -> Cell:
    """Moodle 4.5.6, measured: whole seconds, equal is refused, an override stays, what is not final erases.

    In an activity's column erasing takes the time away with the grade, so that even an older score gets in again;
    a column the tool made keeps its time. A comment is stored even where there is no grade.
    """
    if cell.written_at is not None and int(score.sent_at.timestamp()) <= int(cell.written_at.timestamp()):
        raise StaleScoreError(cell.written_at)
    if cell.is_overridden:
        return cell
    comments = (score.comment,) if score.comment else ()
    is_erased = score.clears and not comments and place.is_coupled
    value = None if score.clears else min(max(_put_on_scale(place, score), 0.0), place.maximum)
    return Cell(value=value, comments=comments, written_at=None if is_erased else score.sent_at)


def _take_as_canvas(place: Place, cell: Cell, score: NewScore, now: datetime) -> Cell:
    """Canvas, by its own ``scores_controller``: an equal time is allowed, comments are added, attempts are counted."""
    if cell.written_at is not None and cell.written_at > score.sent_at:
        raise StaleScoreError(cell.written_at)
    wishes = score.wishes
    after = replace(cell, written_at=score.sent_at)
    if wishes.makes_attempt:
        if place.attempts_allowed is not None and cell.attempts >= place.attempts_allowed:
            raise AttemptsUsedUpError
        if place.is_first:
            work = Work(wishes.submission_type, wishes.submission_data, wishes.submitted_at or now)
            after = replace(after, attempts=cell.attempts + 1, work=work, needs_grading=True)
    after = _score_as_canvas(place, after, score)
    is_added = bool(score.comment) and place.is_first
    return replace(after, comments=(*cell.comments, str(score.comment))) if is_added else after


def _score_as_canvas(place: Place, cell: Cell, score: NewScore) -> Cell:
    wishes = score.wishes
    if score.given is None or score.grading_progress not in _SCORED_ON_CANVAS:
        return cell if wishes.preserve_score else replace(cell, value=None, is_by_teacher=False)
    if wishes.prioritize_non_tool_grade and cell.is_by_teacher and cell.value is not None:
        return cell
    needs_grading = score.grading_progress != _FINAL
    return replace(cell, value=_put_on_scale(place, score), is_by_teacher=False, needs_grading=needs_grading)


def _put_on_scale(place: Place, score: NewScore) -> float:
    """Return the points on the column's scale; a maximum of 0 makes no sense and scales nothing."""
    given = score.given or 0.0
    return given * place.maximum / score.maximum if score.maximum else given
