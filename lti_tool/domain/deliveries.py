"""The states of a grade on its way to a gradebook, what each answer leads to, and when to try again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final


class DeliveryState(StrEnum):
    """Waiting to be sent; sent and unread; read back from the gradebook; or in need of a person."""

    WAITING = "waiting"
    SENT = "sent"
    CONFIRMED = "confirmed"
    NEEDS_YOU = "needs_you"


class DeliveryReason(StrEnum):
    """Why a delivery waits longer than a moment, needs a person, or is left as it is."""

    THROTTLED = "throttled"
    PLATFORM_DOWN = "platform_down"
    STALE = "stale"
    LOCKED = "locked"
    TOOL_FAULT = "tool_fault"
    NOT_IN_COURSE = "not_in_course"
    COLUMN_GONE = "column_gone"
    NO_PERMISSION = "no_permission"
    ATTEMPTS_USED_UP = "attempts_used_up"
    REFUSED = "refused"
    CHANGED_IN_GRADEBOOK = "changed_in_gradebook"
    KEPT_GRADEBOOK = "kept_gradebook"


class AttemptPhase(StrEnum):
    """An attempt is two rows that are never edited: begun before the request, ended after the answer."""

    BEGUN = "begun"
    ENDED = "ended"


class AttemptAnswer(StrEnum):
    """How an attempt ended: what the platform said, or what we found out without its answer.

    ``FOUND``: the answer was lost, and the gradebook holds the score. ``LOST``: the answer was lost, and the gradebook
    was not asked or does not hold it. ``TOOL_FAULT``: the tool itself could not send.
    """

    SENT = "sent"
    STALE = "stale"
    THROTTLED = "throttled"
    PLATFORM_DOWN = "platform_down"
    NOT_IN_COURSE = "not_in_course"
    COLUMN_GONE = "column_gone"
    NO_PERMISSION = "no_permission"
    LOCKED = "locked"
    ATTEMPTS_USED_UP = "attempts_used_up"
    REFUSED = "refused"
    FOUND = "found"
    LOST = "lost"
    TOOL_FAULT = "tool_fault"


FIRST_WAIT: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(minutes=1)
FAILURES_BEFORE_PATIENCE: Final = 60
PATIENT_WAIT: Final = timedelta(minutes=10)
LONGEST_ASKED_WAIT: Final = timedelta(days=1)

TIMESTAMP_STEP: Final = timedelta(seconds=1)
LONGEST_AHEAD: Final = timedelta(seconds=3)
RESTAMP_WAITS: Final = (timedelta(seconds=2), timedelta(seconds=70))
LOCKED_WAITS: Final = (timedelta(seconds=10), timedelta(minutes=2))
READ_BACK_WAITS: Final = (timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=12))

_HUNDREDTHS: Final = Decimal("0.01")
_LONGEST_NUMBER: Final = 12
_MOST_LOST_BY_ROUNDING: Final = Decimal("0.005")

_SAME_STAMP_AGAIN: Final = frozenset(
    {
        AttemptAnswer.THROTTLED,
        AttemptAnswer.PLATFORM_DOWN,
        AttemptAnswer.LOCKED,
        AttemptAnswer.LOST,
        AttemptAnswer.TOOL_FAULT,
    }
)
_NEEDS_A_PERSON: Final = {
    AttemptAnswer.NOT_IN_COURSE: DeliveryReason.NOT_IN_COURSE,
    AttemptAnswer.COLUMN_GONE: DeliveryReason.COLUMN_GONE,
    AttemptAnswer.NO_PERMISSION: DeliveryReason.NO_PERMISSION,
    AttemptAnswer.ATTEMPTS_USED_UP: DeliveryReason.ATTEMPTS_USED_UP,
    AttemptAnswer.REFUSED: DeliveryReason.REFUSED,
}
_PLATFORM_WIDE: Final = {
    AttemptAnswer.THROTTLED: DeliveryReason.THROTTLED,
    AttemptAnswer.PLATFORM_DOWN: DeliveryReason.PLATFORM_DOWN,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer leads to.

    ``wait`` is how long until this score's next step, None when nothing is left to do; ``pause`` is how long nothing at
    all is sent to this platform, None unless the answer concerns all of it.
    """

    state: DeliveryState
    reason: DeliveryReason | None = None
    wait: timedelta | None = None
    pause: timedelta | None = None


@dataclass(frozen=True, slots=True)
class GradebookNumber:
    """What a gradebook's cell holds. ``maximum`` is None where the platform does not tell it."""

    score: Decimal
    maximum: Decimal | None

    def equals(self, score: int, maximum: int) -> bool:
        """Whether this is ``score`` of ``maximum``, on the column's own scale, rounded to hundredths or finer."""
        scale = self.maximum or Decimal(maximum)
        try:
            return abs(self.score - Decimal(score) * scale / Decimal(maximum)) <= _MOST_LOST_BY_ROUNDING
        except ArithmeticError:
            # A platform may answer any number; one that cannot be reckoned with is not ours.
            return False


def wait_before_retry(failures: int, chance: float = 1.0, retry_after: timedelta | None = None) -> timedelta:
    """How long to wait after the n-th failure in a row: doubling from 2 seconds to a minute, after an hour 10 minutes.

    One request a minute costs a platform nothing and brings the score soon after it is back. ``chance`` from 0 to 1
    shortens the wait by up to half, so that many workers do not come back at once. ``retry_after`` is how long the
    platform asked us to wait, at least; a day of it counts.
    """
    if failures > FAILURES_BEFORE_PATIENCE:
        longest = PATIENT_WAIT
    else:
        longest = min(FIRST_WAIT * (1 << min(max(failures - 1, 0), 12)), LONGEST_WAIT)
    asked = min(retry_after or timedelta(), LONGEST_ASKED_WAIT)
    return max(longest * (0.5 + chance / 2), asked)


def choose_timestamp(now: datetime, last: datetime | None) -> datetime:
    """The time a score is stamped with when it is sent.

    It rises by a whole second over the last one, because Moodle compares whole seconds and refuses an equal one
    (Canvas wants it to rise too); milliseconds are all a platform is sure to keep.
    """
    stamp = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return stamp if last is None else max(stamp, last + TIMESTAMP_STEP)


def is_too_early(stamp: datetime, now: datetime) -> bool:
    """Whether to wait until ``stamp`` is nearer: a platform accepts a time to come, and then refuses real ones."""
    return stamp - now > LONGEST_AHEAD


def keeps_timestamp(answer: AttemptAnswer | None) -> bool:
    """Whether the same score is sent again with the same time (None: its answer never came).

    The time is what makes a repeat harmless: a platform that recorded the first one refuses the second or
    overwrites it with itself.
    """
    return answer is None or answer in _SAME_STAMP_AGAIN


def judge_answer(
    answer: AttemptAnswer,
    *,
    failures: int,
    platform_failures: int,
    same_before: int,
    chance: float,
    retry_after: timedelta | None = None,
) -> Verdict:
    """Decide what an answer leads to (AGS 2.0 §3.4 with the platforms' own habits).

    Args:
        answer: how the attempt ended.
        failures: this score's failures in a row before this one.
        platform_failures: how often in a row before the platform did not take anything.
        same_before: how often this score got this same answer in a row before.
        chance: a random number from 0 to 1.
        retry_after: how long the platform asked us to wait.
    """
    if answer in {AttemptAnswer.SENT, AttemptAnswer.FOUND}:
        return Verdict(DeliveryState.SENT, wait=timedelta())
    if answer in _NEEDS_A_PERSON:
        return Verdict(DeliveryState.NEEDS_YOU, _NEEDS_A_PERSON[answer])
    if answer in _PLATFORM_WIDE:
        pause = wait_before_retry(platform_failures + 1, chance, retry_after)
        # One score that no answer ever comes for must wait for itself, not hold up the others.
        wait = max(wait_before_retry(failures + 1, chance), pause)
        return Verdict(DeliveryState.WAITING, _PLATFORM_WIDE[answer], wait, pause)
    if answer is AttemptAnswer.STALE:
        return _try_again_within(RESTAMP_WAITS, same_before, DeliveryReason.STALE)
    if answer is AttemptAnswer.LOCKED:
        return _try_again_within(LOCKED_WAITS, same_before, DeliveryReason.LOCKED)
    return Verdict(DeliveryState.WAITING, DeliveryReason.TOOL_FAULT, wait_before_retry(failures + 1, chance))


def judge_reading(found: GradebookNumber | None, *, score: int, maximum: int, readings_before: int) -> Verdict:
    """Decide what a read-back of a sent score leads to: confirmed, changed by somebody, or to be read once more."""
    if found is None:
        wait = READ_BACK_WAITS[readings_before] if readings_before < len(READ_BACK_WAITS) else None
        return Verdict(DeliveryState.SENT, wait=wait)
    if found.equals(score, maximum):
        return Verdict(DeliveryState.CONFIRMED)
    return Verdict(DeliveryState.NEEDS_YOU, DeliveryReason.CHANGED_IN_GRADEBOOK)


def format_number(number: Decimal) -> str:
    """Write a gradebook's number with at most two decimals and no empty ones: 92, 9.2, 33.33."""
    if number and abs(number.adjusted()) > _LONGEST_NUMBER:
        return f"{number:.3E}"
    text = format(number.quantize(_HUNDREDTHS, ROUND_HALF_UP), "f")
    return text.rstrip("0").rstrip(".")


def _try_again_within(waits: tuple[timedelta, ...], same_before: int, reason: DeliveryReason) -> Verdict:
    if same_before < len(waits):
        return Verdict(DeliveryState.WAITING, reason, waits[same_before])
    return Verdict(DeliveryState.NEEDS_YOU, reason)
