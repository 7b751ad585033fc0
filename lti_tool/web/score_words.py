"""A module's score in words (D1): what still holds it, what it is, and whether the gradebook has it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from lti_tool.content.schema import Points
from lti_tool.domain.deliveries import DeliveryReason, DeliveryState
from lti_tool.domain.scoring import USUAL_POINTS, Holding, Policy, ScorePart, round_half_up, share_reflections
from lti_tool.domain.submissions import Decision
from lti_tool.services.module_values import ActivityRow, ActivityState, ModulePage
from lti_tool.services.score_lines import DeliveryLine, ScoreLine
from lti_tool.web.words import count_things, join_words

WriteMoment = Callable[[datetime], str]

_RULES: Final = {
    Policy.COMPLETION: (
        "In this course you earn all 100 points when your plan is accepted and your reflections are submitted. "
        "Your facilitator's ratings stay here and never change the number."
    ),
    Policy.SUBMISSION: (
        "In this course you earn all 100 points when your plan and your reflections are submitted. "
        "Taking them back later does not take the points away."
    ),
}
_PART_NAMES: Final = {"readings": "Readings and their checks", "reflections": "Reflections", "plan": "Your plan"}
_REASONS: Final[dict[str, str]] = {
    DeliveryReason.THROTTLED: "The gradebook is busy and asked us to wait.",
    DeliveryReason.PLATFORM_DOWN: "The gradebook is not answering right now.",
    DeliveryReason.STALE: "The gradebook has a newer entry with another time.",
    DeliveryReason.LOCKED: "The gradebook does not let anybody change this score right now.",
    DeliveryReason.TOOL_FAULT: "Something went wrong on our side.",
    DeliveryReason.NOT_IN_COURSE: "The gradebook says that you are not on the course's list.",
    DeliveryReason.COLUMN_GONE: "The gradebook's column for this session is gone.",
    DeliveryReason.NO_PERMISSION: "The course does not let us write in its gradebook.",
    DeliveryReason.ATTEMPTS_USED_UP: "The gradebook takes no further attempts for this session.",
    DeliveryReason.REFUSED: "The gradebook would not take it.",
    DeliveryReason.KEPT_GRADEBOOK: "Your facilitator kept the number that is in the gradebook.",
}


@dataclass(frozen=True, slots=True)
class ScoreWords:
    """The score box of a module page: its tone, its sentences, how the sum is made, the rule, and what comes next."""

    kind: str
    lines: tuple[str, ...]
    parts: tuple[str, ...]
    rule: str
    after_submitting: tuple[str, ...]


def describe_score_box(page: ModulePage, write_moment: WriteMoment, shares: Points = USUAL_POINTS) -> ScoreWords | None:
    """The words about this person's score, or None where she can have none (staff, visitors, announced modules).

    ``shares`` are those of the series, for courses that count points.
    """
    line = page.score
    if line is None:
        return None
    plan = next((row for row in page.activities if row.kind == "worksheet"), None)
    sentences = [*_say_plan(page, plan, line, write_moment), *_say_holdings(line)]
    kind = "active"
    if line.is_practice:
        sentences.append("Practice, nothing is sent.")
    elif line.points is not None:
        kind, sentence = _say_earned(line, write_moment)
        sentences.append(sentence)
    if plan is not None and plan.state is ActivityState.RETURNED:
        kind = "attention"
    return ScoreWords(
        kind=kind,
        lines=tuple(sentences) or ("Nothing to count yet. Your score appears here as you finish things.",),
        parts=tuple(_say_part(part) for part in line.parts) if line.policy is Policy.POINTS else (),
        rule=_RULES.get(line.policy) or _say_shares(shares, len(page.module.reflections)),
        after_submitting=_say_what_follows(page, plan),
    )


def _say_shares(shares: Points, reflections_total: int) -> str:
    each = "each reflection" if reflections_total > 1 else "the reflection"
    return (
        f"In this course your plan counts for {shares.plan} points, {each} for "
        f"{print_points(share_reflections(shares, reflections_total))}, and the readings for {shares.readings}. "
        "Nothing is sent until your plan is accepted and your reflections are submitted."
    )


def describe_delivery(delivery: DeliveryLine, write_moment: WriteMoment) -> str:
    """Where a score is on its way to the gradebook, in a sentence or two."""
    number = f"{delivery.score} of {delivery.maximum}"
    match delivery.state:
        case DeliveryState.CONFIRMED if delivery.reason == DeliveryReason.KEPT_GRADEBOOK:
            return f"{_REASONS[DeliveryReason.KEPT_GRADEBOOK]} Here you earned {number}."
        case DeliveryState.CONFIRMED if delivery.confirmed_at is not None:
            return _fill("In the gradebook: {}, confirmed {}.", number, write_moment(delivery.confirmed_at))
        case DeliveryState.SENT if delivery.sent_at is not None:
            return _fill("Sent to the gradebook {}: {}.", write_moment(delivery.sent_at), number)
        case DeliveryState.NEEDS_YOU:
            return _say_stuck(delivery, number)
    trouble = ""
    if delivery.failures or delivery.reason:
        reason = explain_delivery_reason(delivery.reason)
        trouble = f" {reason} We keep trying by ourselves. You need to do nothing."
    return f"Your score, {number}, is on its way to the gradebook.{trouble}"


def explain_delivery_reason(reason: str | None) -> str:
    """Why a score is not in the gradebook yet, in one sentence for the person who earned it."""
    return _REASONS.get(reason or "", "The gradebook did not answer.")


def print_points(value: Fraction) -> str:
    """A share of a score with at most two decimals: "57", "13.33"."""
    hundredths = round_half_up(value * 100)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def _say_stuck(delivery: DeliveryLine, number: str) -> str:
    if delivery.reason == DeliveryReason.CHANGED_IN_GRADEBOOK:
        return (
            f"Here you earned {number}. The gradebook shows another number. "
            "Your facilitator sees this and decides which one stays. You need to do nothing."
        )
    return (
        f"Your score, {number}, is safe here, but it is not in the gradebook yet. "
        f"{explain_delivery_reason(delivery.reason)} "
        "Your facilitator sees this and can try again. You need to do nothing."
    )


def _say_plan(page: ModulePage, plan: ActivityRow | None, line: ScoreLine, write_moment: WriteMoment) -> list[str]:
    if plan is None:
        return []
    match plan.state:
        case ActivityState.RETURNED:
            return [_say_returned(page)]
        case ActivityState.SUBMITTED | ActivityState.IN_REVIEW:
            when = "" if page.plan_submitted_at is None else write_moment(page.plan_submitted_at)
            waiting = _say_waiting(page, line)
            return [_fill("Submitted {}.{}", when, waiting) if when else f"Submitted.{waiting}"]
        case ActivityState.ACCEPTED if Holding.REFLECTIONS_NOT_SUBMITTED not in line.holdings:
            return ["Your plan is accepted."]
    return []


def _say_returned(page: ModulePage) -> str:
    reply = next((reply for reply in page.replies if reply.kind == "worksheet"), None)
    count = reply.named_count if reply and reply.decision is Decision.RETURN else 0
    changes = f"with {count_things(count, 'thing')} to change" if count else "with a comment"
    return f"Sent back {changes}. No number in the gradebook has changed."


def _say_waiting(page: ModulePage, line: ScoreLine) -> str:
    if line.policy is Policy.SUBMISSION or Holding.REFLECTIONS_NOT_SUBMITTED in line.holdings:
        return ""
    if line.policy is Policy.POINTS and any(
        row.kind == "reading" and row.state is not ActivityState.READ for row in page.activities
    ):
        # A reading never holds the score back, but there is still something to do for it (D1).
        until = "" if line.points is not None else " The gradebook stays empty until your plan is accepted."
        return f"{until} The readings you finish still add points."
    if line.points is not None or line.is_practice:
        return " Nothing more for you to do."
    return " Nothing more for you to do. The gradebook stays empty until your plan is accepted."


def _say_holdings(line: ScoreLine) -> list[str]:
    names = [f"“{title}” (about {minutes} minutes)" for title, minutes in line.open_reflections]
    holds_reflections = Holding.REFLECTIONS_NOT_SUBMITTED in line.holdings and bool(names)
    if Holding.PLAN_NOT_SUBMITTED in line.holdings:
        if not holds_reflections:
            return ["One thing holds your score: your plan is not submitted yet."]
        return [f"These hold your score: {join_words(['your plan', *names])}."]
    if not holds_reflections:
        return []
    things = f"{'One thing holds' if len(names) == 1 else 'These hold'} your score: {join_words(names)}."
    if Holding.PLAN_NOT_ACCEPTED in line.holdings:
        also = "one more thing" if len(names) == 1 else "these"
        return [f"Your score also waits for {also} from you: {join_words(names)}."]
    opening = "" if line.policy is Policy.SUBMISSION else "Your plan is accepted. "
    return [f"{opening}{things}"]


def _say_earned(line: ScoreLine, write_moment: WriteMoment) -> tuple[str, str]:
    if line.delivery is None:
        if line.has_column:
            return "good", f"Your score, {line.points} of {line.maximum}, is on its way to the gradebook."
        return "active", f"Kept here: {line.points}. This course has no column for it yet."
    words = describe_delivery(line.delivery, write_moment)
    kinds = {DeliveryState.NEEDS_YOU: "attention", DeliveryState.WAITING: "active"}
    return kinds.get(line.delivery.state, "good"), words


def _say_part(part: ScorePart) -> str:
    return f"{_PART_NAMES.get(part.name, part.name)}: {print_points(part.earned)} of {part.possible}"


def _say_what_follows(page: ModulePage, plan: ActivityRow | None) -> tuple[str, ...]:
    if plan is None or plan.state not in {ActivityState.SUBMITTED, ActivityState.IN_REVIEW}:
        return ()
    names = list(page.reviewer_names)
    readers = f"{join_words(names, 'or')}, who facilitates this course," if len(names) == 1 else ""
    if len(names) > 1:
        readers = f"One of your facilitators ({join_words(names, 'or')})"
    then = "reads your plan and either accepts it or sends it back with places to look at"
    if page.can_take_back:
        back = (
            "Until somebody starts reading, you can take it back and change it. "
            "Nothing is lost: it becomes your draft again."
        )
    else:
        back = "It is being read now, so it cannot be taken back. If it is sent back to you, every field opens again."
    return (f"{readers or 'Your facilitator'} {then}. You will see the reply on this page.", back)


def _fill(words: str, *values: str) -> Markup:
    """``words`` with ``values`` put in; a value that is not Markup is escaped."""
    return Markup(words).format(*values)  # noqa: S704 words are our own constants
