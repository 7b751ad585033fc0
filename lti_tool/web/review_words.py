"""A review in words for the facilitator: where the work stands, what releasing does, what happened to the score."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from lti_tool.content.schema import Points
from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.reviewing import ReleaseGap
from lti_tool.domain.scoring import Holding, Policy, compute_plan_points
from lti_tool.domain.submissions import Decision
from lti_tool.services.review_views import ReviewPage, ScoreOutlook
from lti_tool.services.score_lines import DeliveryLine, ScoreLine
from lti_tool.web.score_words import print_points
from lti_tool.web.words import join_words

WriteMoment = Callable[[datetime], str]

PRACTICE: Final = "Practice, nothing is sent."
UNCHANGED: Final = "No number in the gradebook changes."

_GAPS: Final = {
    ReleaseGap.NO_DECISION: "Choose what happens to it: accept it, or send it back.",
    ReleaseGap.NOTHING_TO_CHANGE: (
        "To send a plan back, say what to change: tick “Ask for a change” at one question or more, "
        "or write an overall comment."
    ),
    ReleaseGap.PARTLY_RATED: (
        "This course sends points, so rate every criterion or none. "
        "Accepting without any rating gives the plan all of its points."
    ),
    ReleaseGap.NOTHING_SAID: "Write the comment first. It is all that is sent.",
}


def explain_gap(gap: ReleaseGap) -> str:
    """One thing that is missing before a review can be released, and what to do about it."""
    return _GAPS[gap]


def say_suggestion(suggestion: Decision | None) -> str:
    """What the levels suggest; the facilitator decides."""
    if suggestion is Decision.ACCEPT:
        return "These levels suggest accepting it. You decide."
    if suggestion is Decision.RETURN:
        return "These levels suggest sending it back. You decide."
    return ""


def say_points(points: Fraction | None, rated: int, criteria_total: int, shares: Points) -> str:
    """The plan's points so far, of its share: "54 of 60"; an unrated criterion counts in full, so it is told."""
    if points is None:
        return ""
    so_far = f", {rated} of {criteria_total} rated" if rated < criteria_total else ""
    return f"{print_points(points)} of {shares.plan}{so_far}"


def say_level_worth(level: int, criteria_total: int, shares: Points) -> str:
    """What one level of one criterion is worth: "10.8 points"."""
    worth = compute_plan_points({"one": level}, 1, shares) / criteria_total
    return f"{print_points(worth)} point{'' if worth == 1 else 's'}"


def say_if_accepted(page: ReviewPage) -> str:
    """What accepting would do to the score, before it is done."""
    outlook = page.outlook
    if outlook is None:
        return ""
    if outlook.is_practice:
        return PRACTICE
    rated, criteria = len(page.draft.content.ratings), len(page.worksheet.rubric)
    if outlook.policy is Policy.POINTS and 0 < rated < criteria:
        return f"{rated} of {criteria} criteria are rated. {_GAPS[ReleaseGap.PARTLY_RATED]}"
    if outlook.policy is Policy.SUBMISSION:
        return "In this course the score comes with submitting, so the gradebook does not change."
    return _say_if_scored(page, outlook)


def _say_if_scored(page: ReviewPage, outlook: ScoreOutlook) -> str:
    if outlook.score is None:
        return f"{_say_held(page)} Nothing is sent until then."
    if not outlook.has_column:
        return f"The score of {outlook.score} is kept here: this course has no gradebook column for it yet."
    return f"A score of {outlook.score} goes to the gradebook."


def say_if_returned(page: ReviewPage) -> str:
    """What sending back would do, before it is done."""
    again = f"{page.person_label} can change every answer and submit again."
    return f"{again} {PRACTICE if page.is_practice else UNCHANGED}"


def say_what_happened(page: ReviewPage, write_moment: WriteMoment) -> str:
    """What a released review did, and where the score is now."""
    released, line = page.released, page.score
    if released is None:
        return ""
    if released.decision is Decision.RETURN:
        after = PRACTICE if page.is_practice else UNCHANGED
        return f"Sent back. {page.person_label} sees your words now and can submit again. {after}"
    return Markup("Accepted. {}").format("" if line is None else _say_score(page, line, write_moment))


def _say_score(page: ReviewPage, line: ScoreLine, write_moment: WriteMoment) -> str:
    if line.is_practice:
        return PRACTICE
    if line.points is None or (line.holdings and line.delivery is None):
        return _say_held(page) if line.holdings else ""
    whose = f"{page.person_label}'s score of {line.points}"
    if line.delivery is None:
        return f"{whose} is kept here: this course has no gradebook column for it yet."
    return _say_delivery(whose, line.delivery, write_moment)


def _say_delivery(whose: str, delivery: DeliveryLine, write_moment: WriteMoment) -> str:
    if delivery.state is DeliveryState.CONFIRMED and delivery.confirmed_at is not None:
        return Markup("{} is in the gradebook, confirmed {}.").format(whose, write_moment(delivery.confirmed_at))
    if delivery.state is DeliveryState.SENT and delivery.sent_at is not None:
        return Markup("{} was sent to the gradebook {}.").format(whose, write_moment(delivery.sent_at))
    if delivery.state is DeliveryState.NEEDS_YOU:
        return f"{whose} is safe here, but not in the gradebook yet. It needs you: see Grades."
    if delivery.failures:
        return f"{whose} is on its way to the gradebook. The gradebook did not take it yet; we keep trying."
    return f"{whose} is on its way to the gradebook."


def _say_held(page: ReviewPage) -> str:
    line = page.score
    titles = [title for title, _ in line.open_reflections] if line is not None else []
    holdings = page.outlook.holdings if page.outlook is not None else (line.holdings if line is not None else ())
    if Holding.REFLECTIONS_NOT_SUBMITTED not in holdings or not titles:
        return ""
    if len(titles) == 1:
        return f"One thing still holds {page.person_label}'s score: “{titles[0]}”."
    names = join_words([f"“{title}”" for title in titles])
    return f"These still hold {page.person_label}'s score: {names}."
