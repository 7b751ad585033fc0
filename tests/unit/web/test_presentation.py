"""What a librarian reads about her work and her score, state by state, in the contract's words (D1)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from lti_tool.content.loader import load_series
from lti_tool.content.schema import Module, Points
from lti_tool.domain.deliveries import DeliveryReason, DeliveryState
from lti_tool.domain.roles import Standing
from lti_tool.domain.scoring import Holding, Policy, ScorePart
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.services.module_values import (
    ActivityRow,
    ActivityState,
    ModuleCard,
    ModulePage,
    NextStep,
    Reason,
    Reply,
    StoppedAt,
)
from lti_tool.services.score_lines import DeliveryLine, ScoreLine
from lti_tool.services.visits import Visit
from lti_tool.web.presentation import look_at_state, say_card, say_next_step, say_reply, say_where_stopped
from lti_tool.web.score_words import ScoreWords, describe_score_box, print_points
from lti_tool.web.times import find_zone, write_clock, write_duration, write_moment, write_when
from lti_tool.web.words import add_article, count_things, join_words

SENT = datetime(2026, 3, 4, 20, 14, tzinfo=UTC)
CONFIRMED = datetime(2026, 3, 9, 20, 4, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
CHICAGO = find_zone()


@pytest.fixture(scope="module")
def module() -> Module:
    return load_series(Path(__file__).parents[3] / "lti_tool" / "content" / "leading_edge").modules[0]


def score_line(*holdings: Holding, **changes: object) -> ScoreLine:
    line = ScoreLine(
        policy=Policy.COMPLETION,
        holdings=holdings,
        open_reflections=(),
        points=None,
        maximum=100,
        parts=(),
        delivery=None,
        has_column=True,
        is_practice=False,
    )
    return replace(line, **changes)  # type: ignore[arg-type] # keywords of the dataclass


def delivery_line(state: DeliveryState, **changes: object) -> DeliveryLine:
    line = DeliveryLine(
        delivery_id=1,
        state=state,
        reason=None,
        score=100,
        maximum=100,
        sent_at=SENT,
        confirmed_at=CONFIRMED,
        confirmed_score="100",
        next_attempt_at=NOW,
        failures=0,
    )
    return replace(line, **changes)  # type: ignore[arg-type] # keywords of the dataclass


def module_page(
    module: Module, plan: ActivityState, score: ScoreLine | None, *, replies: tuple[Reply, ...] = (), **changes: object
) -> ModulePage:
    visit = Visit(
        session_id="s",
        registration_id=1,
        user_id=1,
        person_name=None,
        context_id=1,
        context_title="Leading Edge Cohort",
        cohort_id=1,
        cohort_name="Everyone",
        policy=Policy.COMPLETION,
        standing=Standing.PARTICIPANT,
        resource_link_id=None,
        link_module_key=None,
        return_url=None,
        platform_name="LMS",
        frame_origins=(),
        locale=None,
        expires_at=NOW,
    )
    page = ModulePage(
        module=module,
        visit=visit,
        activities=(ActivityRow("worksheet", "plan", "Mission Plan", 45, plan, None, False),),
        stopped=None,
        next_step=None,
        minutes_left=0,
        score=score,
        replies=replies,
        reviewer_names=(),
        plan_submitted_at=SENT,
        can_take_back=False,
    )
    return replace(page, **changes)  # type: ignore[arg-type] # keywords of the dataclass


def write(moment: datetime) -> str:
    return write_moment(moment, NOW, CHICAGO)


def tell(page: ModulePage) -> ScoreWords:
    words = describe_score_box(page, write)
    assert words is not None
    return words


def reply(decision: Decision, *, kind: str = "worksheet", named: int = 0) -> Reply:
    return Reply(kind, "plan", "Mission Plan", decision, SENT, named, is_new=True)


def test_a_submitted_plan_says_that_nothing_is_left_to_do(module: Module) -> None:
    page = module_page(module, ActivityState.SUBMITTED, score_line(Holding.PLAN_NOT_ACCEPTED), can_take_back=True)
    words = tell(page)
    assert words.lines == (
        "Submitted Mar 4, 2:14 pm. Nothing more for you to do. The gradebook stays empty until your plan is accepted.",
    )
    assert "take it back" in words.after_submitting[1]


def test_a_reading_that_is_left_is_told_where_it_still_adds_points(module: Module) -> None:
    line = score_line(Holding.PLAN_NOT_ACCEPTED, policy=Policy.POINTS)
    page = module_page(module, ActivityState.SUBMITTED, line)
    left = ActivityRow("reading", "r3", "From a picture", 5, ActivityState.NOT_STARTED, None, False)
    assert tell(replace(page, activities=(left, *page.activities))).lines == (
        (
            "Submitted Mar 4, 2:14 pm. The gradebook stays empty until your plan is accepted. "
            "The readings you finish still add points."
        ),
    )
    assert "Nothing more for you to do." in tell(page).lines[0]


def test_a_plan_that_is_being_read_cannot_be_taken_back(module: Module) -> None:
    page = module_page(
        module,
        ActivityState.IN_REVIEW,
        score_line(Holding.PLAN_NOT_ACCEPTED),
        reviewer_names=("Ruth Ekstrom",),
    )
    who, back = tell(page).after_submitting
    assert who.startswith("Ruth Ekstrom, who facilitates this course, reads your plan")
    assert "cannot be taken back" in back


def test_an_accepted_plan_names_the_one_reflection_that_holds_the_score(module: Module) -> None:
    line = score_line(Holding.REFLECTIONS_NOT_SUBMITTED, open_reflections=(("Reflection B", 20),))
    assert tell(module_page(module, ActivityState.ACCEPTED, line)).lines == (
        "Your plan is accepted. One thing holds your score: “Reflection B” (about 20 minutes).",
    )


def test_a_returned_plan_says_how_much_to_change_and_that_the_gradebook_stands(module: Module) -> None:
    page = module_page(
        module,
        ActivityState.RETURNED,
        score_line(Holding.PLAN_NOT_SUBMITTED),
        replies=(reply(Decision.RETURN, named=2),),
    )
    words = tell(page)
    assert words.lines[0] == "Sent back with 2 things to change. No number in the gradebook has changed."
    assert words.kind == "attention"


def test_a_draft_says_everything_that_holds_the_score(module: Module) -> None:
    line = score_line(
        Holding.PLAN_NOT_SUBMITTED,
        Holding.REFLECTIONS_NOT_SUBMITTED,
        open_reflections=(("Reflection A", 20), ("Reflection B", 20)),
    )
    assert tell(module_page(module, ActivityState.DRAFT, line)).lines == (
        "These hold your score: your plan, “Reflection A” (about 20 minutes), and “Reflection B” (about 20 minutes).",
    )


@pytest.mark.parametrize(
    ("delivery", "sentence", "kind"),
    [
        (delivery_line(DeliveryState.CONFIRMED), "In the gradebook: 100 of 100, confirmed Mar 9, 3:04 pm.", "good"),
        (delivery_line(DeliveryState.SENT), "Sent to the gradebook Mar 4, 2:14 pm: 100 of 100.", "good"),
        (delivery_line(DeliveryState.WAITING), "Your score, 100 of 100, is on its way to the gradebook.", "active"),
        (
            delivery_line(DeliveryState.WAITING, failures=3, reason=DeliveryReason.PLATFORM_DOWN),
            (
                "Your score, 100 of 100, is on its way to the gradebook. The gradebook is not answering right now. "
                "We keep trying by ourselves. You need to do nothing."
            ),
            "active",
        ),
        (
            delivery_line(DeliveryState.NEEDS_YOU, reason=DeliveryReason.COLUMN_GONE),
            (
                "Your score, 100 of 100, is safe here, but it is not in the gradebook yet. The gradebook's column for "
                "this session is gone. Your facilitator sees this and can try again. You need to do nothing."
            ),
            "attention",
        ),
        (
            delivery_line(DeliveryState.NEEDS_YOU, reason=DeliveryReason.CHANGED_IN_GRADEBOOK),
            (
                "Here you earned 100 of 100. The gradebook shows another number. "
                "Your facilitator sees this and decides which one stays. You need to do nothing."
            ),
            "attention",
        ),
        (
            delivery_line(DeliveryState.CONFIRMED, reason=DeliveryReason.KEPT_GRADEBOOK),
            "Your facilitator kept the number that is in the gradebook. Here you earned 100 of 100.",
            "good",
        ),
    ],
)
def test_every_state_of_a_delivery_has_its_words(
    module: Module, delivery: DeliveryLine, sentence: str, kind: str
) -> None:
    words = tell(module_page(module, ActivityState.ACCEPTED, score_line(points=100, delivery=delivery)))
    assert words.lines == ("Your plan is accepted.", sentence)
    assert words.kind == kind


def test_a_score_without_a_column_is_kept_here(module: Module) -> None:
    line = score_line(points=100, has_column=False)
    assert tell(module_page(module, ActivityState.ACCEPTED, line)).lines[-1] == (
        "Kept here: 100. This course has no column for it yet."
    )


def test_practice_sends_nothing_and_says_so(module: Module) -> None:
    line = score_line(points=100, is_practice=True)
    assert tell(module_page(module, ActivityState.ACCEPTED, line)).lines[-1] == "Practice, nothing is sent."


def test_points_are_taken_apart_only_where_the_course_counts_them(module: Module) -> None:
    parts = (ScorePart("readings", Fraction(10, 3), 10), ScorePart("plan", Fraction(57), 60))
    line = score_line(points=60, parts=parts, policy=Policy.POINTS)
    assert tell(module_page(module, ActivityState.ACCEPTED, line)).parts == (
        "Readings and their checks: 3.33 of 10",
        "Your plan: 57 of 60",
    )
    completion = replace(line, policy=Policy.COMPLETION)
    assert tell(module_page(module, ActivityState.ACCEPTED, completion)).parts == ()


def test_nobody_without_work_has_a_score_box(module: Module) -> None:
    assert describe_score_box(module_page(module, ActivityState.NOT_STARTED, None), write) is None


def test_every_state_has_words_and_a_shape_of_its_own_color() -> None:
    for state in ActivityState:
        look = look_at_state(state)
        assert look.words
        assert look.shape
    assert {look_at_state(state.value).words for state in WorkState} == {
        "Draft, not submitted",
        "Submitted",
        "Your facilitator is reading it",
        "Sent back to you",
        "Accepted",
    }


def test_a_submitted_reflection_waits_for_nobody() -> None:
    assert look_at_state("submitted", "reflection").kind == "good"
    assert look_at_state("submitted", "reflection", is_private=True).words == "Done, kept private"
    assert look_at_state("returned", "reflection", is_private=True).words == "Sent back to you"


def test_the_place_she_stopped_is_named() -> None:
    at_plan = StoppedAt("worksheet", "plan", "Mission Plan", "C", SENT)
    assert say_where_stopped(at_plan) == "in Part C of your Mission Plan"
    assert say_where_stopped(replace(at_plan, place=None)) == "in your Mission Plan"
    assert say_where_stopped(StoppedAt("reflection", "a", "A belief", None, SENT)) == "in “A belief”"


def test_the_next_step_is_one_line_with_its_minutes() -> None:
    step = NextStep(Reason.START, "reflection", "b", "The listener's notebook", 20)
    assert say_next_step(step, 65) == (
        "begin “The listener's notebook”, about 20 minutes. About 65 minutes are left in this session."
    )
    assert say_next_step(step, 20) == "begin “The listener's notebook”, about 20 minutes."
    back = NextStep(Reason.REVISE, "worksheet", "plan", "Mission Plan", 45)
    assert say_next_step(back, 50) == "revise “Mission Plan”, which came back to you."
    assert say_next_step(NextStep(Reason.WAITING, None, None, None, None), 0).startswith("Nothing more for you to do.")


def test_a_reply_is_told_by_what_it_decided() -> None:
    assert say_reply(reply(Decision.ACCEPT)) == "Your Mission Plan is accepted."
    assert say_reply(reply(Decision.RETURN, named=1)) == "Your Mission Plan was sent back with 1 thing to change."
    assert say_reply(reply(Decision.RETURN)) == "Your Mission Plan was sent back with a comment."
    assert say_reply(reply(Decision.ACCEPT, kind="reflection")) == "There is a comment on “Mission Plan”."


def test_a_session_says_how_far_it_is(module: Module) -> None:
    card = ModuleCard(module, done=0, total=6, stopped=None, score=None, has_new_reply=False)
    assert say_card(card) == "Not started yet."
    assert say_card(replace(card, done=2)) == "2 of 6 done."
    assert say_card(replace(card, done=6)) == "All done."
    assert say_card(replace(card, has_new_reply=True)) == "Your facilitator replied."
    assert say_card(replace(card, total=0)) == ""


def test_times_are_written_as_people_say_them() -> None:
    assert write_clock(SENT, CHICAGO) == "2:14 pm"
    assert write_clock(datetime(2026, 3, 4, 6, 5, tzinfo=UTC), CHICAGO) == "12:05 am"
    assert write_clock(SENT, UTC) == "8:14 pm UTC"
    assert write_moment(SENT, NOW, CHICAGO) == "Mar 4, 2:14 pm"
    assert write_moment(SENT, NOW.replace(year=2027), CHICAGO) == "Mar 4, 2026, 2:14 pm"
    assert write_when(SENT, NOW, CHICAGO) == "on Mar 4 at 2:14 pm"
    assert write_when(NOW, NOW, CHICAGO) == "at 10:00 am"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "1 hour"),
        (timedelta(days=3, hours=5), "3 days"),
    ],
)
def test_a_length_of_time_has_one_unit(length: timedelta, words: str) -> None:
    assert write_duration(length) == words


def test_lists_and_numbers_read_as_sentences() -> None:
    assert join_words([]) == ""
    assert join_words(["a", "b"], "or") == "a or b"
    assert join_words(["a", "b", "c"]) == "a, b, and c"
    assert count_things(1, "thing") == "1 thing"
    assert count_things(2, "reply", "replies") == "2 replies"
    assert add_article("audience") == "an audience"
    assert print_points(Fraction(40, 3)) == "13.33"
    assert print_points(Fraction(60)) == "60"


def test_the_rule_of_points_says_what_each_thing_counts_for(module: Module) -> None:
    line = score_line(policy=Policy.POINTS)
    page = module_page(module, ActivityState.NOT_STARTED, line)
    assert tell(page).rule.startswith(
        "In this course your plan counts for 60 points, each reflection for 15, and the readings for 10."
    )
    words = describe_score_box(page, write, Points(readings=20, reflections=25, plan=55))
    assert words is not None
    assert "your plan counts for 55 points, each reflection for 12.5, and the readings for 20." in words.rule
