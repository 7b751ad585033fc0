"""A score on its way to the gradebook, in a facilitator's words: what happened, what we will do, what you can do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup

from lti_tool.domain.deliveries import AttemptAnswer, DeliveryReason, DeliveryState
from lti_tool.services.grades import DeliveryRow, HistoryLine
from lti_tool.services.score_lines import DeliveryLine

WriteMoment = Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class DeliveryWords:
    """How a delivery is told: a short state with its look, then up to three sentences of what follows."""

    state: str
    shape: str
    kind: str
    what_happened: str
    what_we_do: str
    what_you_can_do: str


@dataclass(frozen=True, slots=True)
class _Trouble:
    happened: str
    you_can: str


_LOOKS: Final = {
    DeliveryState.WAITING: ("Waiting to be sent", "sent", "active"),
    DeliveryState.SENT: ("Sent", "sent", "active"),
    DeliveryState.CONFIRMED: ("In the gradebook", "check", "good"),
    DeliveryState.NEEDS_YOU: ("Needs you", "alert", "attention"),
}

_TROUBLES: Final = {
    DeliveryReason.THROTTLED: _Trouble(
        "The gradebook is busy and asked us to wait.",
        "You need to do nothing.",
    ),
    DeliveryReason.PLATFORM_DOWN: _Trouble(
        "The gradebook does not answer.",
        "You need to do nothing. If this lasts for hours, ask the people who run your learning system.",
    ),
    DeliveryReason.STALE: _Trouble(
        "The gradebook says that it has a later entry for this person, so it did not take this score.",
        "Look at this person's score in the gradebook. If it is not the right one, choose “Try again now”.",
    ),
    DeliveryReason.LOCKED: _Trouble(
        "The gradebook does not let anybody change this score. Most often the column or the grade is locked.",
        "Unlock it in the gradebook, then choose “Try again now”.",
    ),
    DeliveryReason.TOOL_FAULT: _Trouble(
        "Something went wrong on our side, not on yours.",
        "If this lasts for hours, tell the people who run this tool. Their log says more.",
    ),
    DeliveryReason.NOT_IN_COURSE: _Trouble(
        "The gradebook says that this person is not a student in the course.",
        "Check that the course's list of people has them as a student. Then choose “Try again now”.",
    ),
    DeliveryReason.COLUMN_GONE: _Trouble(
        "The gradebook column for this session is gone. It may have been deleted.",
        "Bring the column back and choose “Try again now”. Or add this session's link to the course again and open it "
        "once: the score then goes to the new column.",
    ),
    DeliveryReason.NO_PERMISSION: _Trouble(
        "The course does not let this tool write scores.",
        "Ask the people who run your learning system to allow it for this tool. Then choose “Try again now”.",
    ),
    DeliveryReason.ATTEMPTS_USED_UP: _Trouble(
        "The gradebook takes no more attempts from this person.",
        "Allow one more attempt in the assignment's settings. Then choose “Try again now”.",
    ),
    DeliveryReason.REFUSED: _Trouble(
        "The gradebook did not take this score.",
        "Choose “Try again now”. If it is not taken again, ask the people who run your learning system.",
    ),
    DeliveryReason.CHANGED_IN_GRADEBOOK: _Trouble(
        "The gradebook shows another number than the one we sent. Somebody may have changed it there.",
        "Keep the gradebook's number, or send ours. If it stays the same after that, the grade was set by hand: "
        "clear it in the gradebook first.",
    ),
}

_ANSWERS: Final = {
    AttemptAnswer.SENT: "The gradebook took it.",
    AttemptAnswer.STALE: "Not taken: the gradebook has a later entry.",
    AttemptAnswer.THROTTLED: "Not taken: the gradebook was busy.",
    AttemptAnswer.PLATFORM_DOWN: "No answer.",
    AttemptAnswer.NOT_IN_COURSE: "Not taken: not a student in the course.",
    AttemptAnswer.COLUMN_GONE: "Not taken: the column is gone.",
    AttemptAnswer.NO_PERMISSION: "Not taken: we may not write scores there.",
    AttemptAnswer.LOCKED: "Not taken: locked.",
    AttemptAnswer.ATTEMPTS_USED_UP: "Not taken: no attempts left.",
    AttemptAnswer.REFUSED: "Not taken.",
    AttemptAnswer.FOUND: "No answer came, but the gradebook shows it.",
    AttemptAnswer.LOST: "No answer came.",
    AttemptAnswer.TOOL_FAULT: "Not sent: something went wrong on our side.",
}


def explain_delivery(row: DeliveryRow, write_when: WriteMoment, write_moment: WriteMoment) -> DeliveryWords:
    """Tell a facilitator where this score is.

    Args:
        row: the score.
        write_when: writes a time inside a sentence ("at 2:14 pm"); text is escaped, Markup is not.
        write_moment: the same by itself ("Mar 4, 2:14 pm").
    """
    line = row.line
    label, shape, kind = _LOOKS[line.state]
    match line.state:
        case DeliveryState.CONFIRMED:
            return DeliveryWords(label, shape, kind, _say_confirmed(row, write_when), "", "")
        case DeliveryState.SENT:
            happened, we_do = _say_sent(line, write_when)
            return DeliveryWords(label, shape, kind, happened, we_do, "You need to do nothing.")
        case DeliveryState.NEEDS_YOU:
            trouble = _TROUBLES[DeliveryReason(line.reason or DeliveryReason.REFUSED)]
            happened = _add_their_number(trouble.happened, row)
            we_do = "The score is safe here. We send nothing more until you choose."
            return DeliveryWords(label, shape, kind, happened, we_do, trouble.you_can)
    return DeliveryWords(label, shape, kind, *_say_waiting(row, write_when, write_moment))


def explain_attempt(entry: HistoryLine) -> str:
    """Tell one line of a score's history."""
    return f"Sending {entry.score}." if entry.answer is None else _ANSWERS[entry.answer]


def _say_confirmed(row: DeliveryRow, write_when: WriteMoment) -> str:
    line = row.line
    when = "" if line.confirmed_at is None else write_when(line.confirmed_at)
    if line.reason == DeliveryReason.KEPT_GRADEBOOK:
        return _fill("The gradebook shows {}. You chose to keep it {}.", _name_their_number(row), when)
    return _fill("The gradebook shows {}, confirmed {}.", _name_their_number(row), when)


def _say_sent(line: DeliveryLine, write_when: WriteMoment) -> tuple[str, str]:
    when = "" if line.sent_at is None else write_when(line.sent_at)
    happened = _fill("The gradebook took it {}.", when)
    if line.next_attempt_at is not None:
        return happened, _fill("We look {} whether the gradebook shows it.", write_when(line.next_attempt_at))
    return happened, "We cannot see what the gradebook shows, so this stays “Sent”."


def _say_waiting(row: DeliveryRow, write_when: WriteMoment, write_moment: WriteMoment) -> tuple[str, str, str]:
    line = row.line
    # What has not been tried because its platform is silent waits for the same reason as what was.
    reason = line.reason or (DeliveryReason.PLATFORM_DOWN if row.silent_since is not None else None)
    if reason is None:
        return "It is on its way.", "We send it within seconds.", "You need to do nothing."
    trouble = _TROUBLES[DeliveryReason(reason)]
    happened = trouble.happened
    if row.silent_since is not None and reason == DeliveryReason.PLATFORM_DOWN:
        happened = _fill("The gradebook has not answered since {}.", write_moment(row.silent_since))
    we_do = "We try again by ourselves."
    if line.next_attempt_at is not None:
        we_do = _fill("We try again by ourselves {}.", write_when(line.next_attempt_at))
    may_pass = reason in {DeliveryReason.STALE, DeliveryReason.LOCKED}
    return happened, we_do, "You need to do nothing yet." if may_pass else trouble.you_can


def _add_their_number(happened: str, row: DeliveryRow) -> str:
    if row.line.reason != DeliveryReason.CHANGED_IN_GRADEBOOK or row.line.confirmed_score is None:
        return happened
    ours = f"{row.line.score} of {row.line.maximum}"
    return f"The gradebook shows {_name_their_number(row)}. We sent {ours}. Somebody may have changed it there."


def _name_their_number(row: DeliveryRow) -> str:
    if row.line.confirmed_score is None:
        return f"{row.line.score} of {row.line.maximum}"
    return f"{row.line.confirmed_score} of {row.confirmed_maximum or row.line.maximum}"


def _fill(words: str, *values: str) -> Markup:
    """``words`` with ``values`` put in; a value that is not Markup is escaped."""
    return Markup(words).format(*values)  # noqa: S704 words are our own constants
