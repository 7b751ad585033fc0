"""States and next steps as words a person can act on; templates ask here and decide nothing themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, current_app
from markupsafe import Markup

from lti_tool.content.markdown import render_phrase
from lti_tool.domain.submissions import Decision
from lti_tool.services.module_values import ModuleCard, ModulePage, NextStep, Reason, Reply, StoppedAt
from lti_tool.web.score_words import ScoreWords, describe_score_box
from lti_tool.web.times import install_time_filters, mark_moment
from lti_tool.web.words import add_article, count_things, join_words


@dataclass(frozen=True, slots=True)
class StateLook:
    """How a state is shown: its words, the shape beside them, and the tone that repeats it in color."""

    words: str
    shape: str
    kind: str = ""


_LOOKS: Final[dict[str, StateLook]] = {
    "not_started": StateLook("Not started", "circle"),
    "begun": StateLook("Started", "half", "active"),
    "read": StateLook("Read", "check", "good"),
    "draft": StateLook("Draft, not submitted", "pencil", "active"),
    "submitted": StateLook("Submitted", "sent", "active"),
    "in_review": StateLook("Your facilitator is reading it", "eye", "active"),
    "returned": StateLook("Sent back to you", "back", "attention"),
    "accepted": StateLook("Accepted", "check", "good"),
}
_DONE_REFLECTION: Final = StateLook("Submitted", "check", "good")
_DONE_PRIVATE: Final = StateLook("Done, kept private", "lock", "good")


def look_at_state(state: str, kind: str = "worksheet", is_private: bool = False) -> StateLook:
    """How the state of a reading, reflection or worksheet is shown.

    A submitted reflection waits for nobody (D1), so it is shown as done; a private one says that it stayed so.
    """
    if kind == "reflection" and state in {"submitted", "in_review", "accepted"}:
        return _DONE_PRIVATE if is_private else _DONE_REFLECTION
    return _LOOKS[state]


def say_where_stopped(stopped: StoppedAt) -> str:
    """The place she left: "in Part C of your Mission Plan", "in A belief under pressure"."""
    if stopped.kind == "worksheet" and stopped.place:
        return f"in Part {stopped.place} of your {stopped.title}"
    return f"in your {stopped.title}" if stopped.kind == "worksheet" else f"in “{stopped.title}”"


def say_next_step(step: NextStep, minutes_left: int) -> str:
    """What is next and how long it takes, in one line."""
    if step.reason is Reason.DONE:
        return "You have done everything in this session."
    if step.reason is Reason.WAITING:
        return "Nothing more for you to do. Your plan is with your facilitator."
    if step.reason is Reason.REVISE:
        return f"revise “{step.title}”, which came back to you."
    verb = "go on with" if step.reason is Reason.CONTINUE else "begin"
    time = f", about {step.minutes} minutes" if step.minutes else ""
    rest = f" About {minutes_left} minutes are left in this session." if minutes_left > (step.minutes or 0) else ""
    return f"{verb} “{step.title}”{time}.{rest}"


def say_reply(reply: Reply) -> str:
    """What a reply says, in one sentence."""
    if reply.kind == "reflection":
        if reply.decision is Decision.RETURN:
            return f"“{reply.title}” came back to you once, with a comment."
        return f"There is a comment on “{reply.title}”."
    if reply.decision is Decision.ACCEPT:
        return f"Your {reply.title} is accepted."
    if not reply.named_count:
        return f"Your {reply.title} was sent back with a comment."
    return f"Your {reply.title} was sent back with {count_things(reply.named_count, 'thing')} to change."


def say_card(card: ModuleCard) -> str:
    """How far one session is, for its line on the series page; empty where there is nothing to tell."""
    if not card.total:
        return ""
    if card.has_new_reply:
        return "Your facilitator replied."
    if card.done == 0:
        return "You stopped part-way. Everything is saved." if card.stopped else "Not started yet."
    if card.done == card.total:
        return "All done."
    return f"{card.done} of {card.total} done."


def tell_score(page: ModulePage) -> ScoreWords | None:
    """The words about this person's score, with times as templates show them."""
    tool = current_app.extensions["lti_tool"]
    now = tool.clock()
    return describe_score_box(page, lambda moment: mark_moment(moment, now), tool.series.points)


def name_plan(address: str) -> str:
    """The title of the plan that a source is in ("visioning.mission_statement"): "Mission Plan"."""
    module = current_app.extensions["lti_tool"].series.find_module(address.partition(".")[0])
    return module.worksheet.title if module is not None and module.worksheet is not None else "earlier plan"


def register(app: Flask) -> None:
    """Give every template the filters and functions of the rooms."""
    install_time_filters(app)
    app.add_template_filter(lambda markdown: Markup(render_phrase(markdown)), "phrase")  # noqa: S704 cleaned there
    functions: dict[str, Callable[..., Any]] = {
        "state_look": look_at_state,
        "stopped_words": say_where_stopped,
        "next_words": say_next_step,
        "reply_words": say_reply,
        "card_words": say_card,
        "score_words": tell_score,
        "name_plan": name_plan,
        "join_words": join_words,
        "count_things": count_things,
        "a_or_an": add_article,
    }
    for name, function in functions.items():
        app.add_template_global(function, name)
