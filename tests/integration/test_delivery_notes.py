"""A plan came back: the empty cell says so once, in words, and no grade is ever touched by it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.domain.returning import tell_return
from lti_tool.domain.scoring import Policy
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.lti import vocabulary
from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import CANVAS_SUBMISSION_EXTENSION
from lti_tool.models import (
    Context,
    DeliveryLease,
    LineItem,
    Registration,
    ReturnNote,
    ScoreAttempt,
    ScoreDelivery,
    Store,
)
from lti_tool.services.returned_plans import Told, list_unopened_returns
from lti_tool.services.reviews import begin_correction
from tests.support.clock import Clock
from tests.support.factories import PLATFORM, Factory
from tests.support.gradebook_office import TOOL, GradebookOffice
from tests.support.review_scene import ReviewScene, make_scene
from tests.unit.lti.doubles import Asked

TWO = ("mission_statement", "campus_name")
SENTENCE = "Your Mission Plan came back with 2 things to change. Open it from the course to see them."
CELL = f"{PLATFORM}/columns/1"


@dataclass
class Desk:
    """Ruth sends Dana's plan back; the worker tells the gradebook."""

    office: GradebookOffice
    scene: ReviewScene
    column: LineItem

    @property
    def clock(self) -> Clock:
        return self.office.clock

    def send_back(self, named: tuple[str, ...] = TWO, overall: str = "Nearly there.") -> None:
        self.scene.save(named_fields=named, overall=overall)
        self.scene.release(Decision.RETURN, version=1)

    def correct(self, decision: Decision = Decision.RETURN, named: tuple[str, ...] = TWO[:1]) -> None:
        begin_correction(self.scene.store, self.scene.ruth, self.scene.series, self.scene.plan.id, now=self.clock.now())
        version = self.scene.open().draft.version
        self.scene.save(version=version, named_fields=named, overall="I said it badly.")
        self.scene.release(decision, version=version + 1)

    def notes(self) -> list[tuple[str, str | None]]:
        return [(row.state, row.reason) for row in self.office.list_rows(ReturnNote)]

    def put_grade(self, score: float) -> None:
        self.office.results["/columns/1"] = [
            {"userId": self.scene.dana.sub, "resultScore": score, "resultMaximum": 100}
        ]


def open_desk(store: Store, clock: Clock, make: Factory, folder: Path, family: str) -> Desk:
    make.registration(family=family)
    scene = make_scene(store, clock, make)
    with store.reading() as session:
        context = session.get_one(Context, scene.cohort.context_id)
    return Desk(GradebookOffice.of(store, clock, make, folder, context), scene, make.line_item(url=CELL))


@pytest.fixture(params=["canvas", "moodle"])
def desk(request: pytest.FixtureRequest, store: Store, clock: Clock, make: Factory, tmp_path: Path) -> Desk:
    return open_desk(store, clock, make, tmp_path, request.param)


@pytest.fixture
def canvas(store: Store, clock: Clock, make: Factory, tmp_path: Path) -> Desk:
    return open_desk(store, clock, make, tmp_path, "canvas")


@pytest.fixture
def moodle(store: Store, clock: Clock, make: Factory, tmp_path: Path) -> Desk:
    return open_desk(store, clock, make, tmp_path, "moodle")


def is_canvas(desk: Desk) -> bool:
    (row,) = desk.office.list_rows(Registration)
    return bool(row.family == "canvas")


def test_the_sentence() -> None:
    assert tell_return("Mission Plan", 2) == SENTENCE
    assert tell_return("Mission Plan", 1) == (
        "Your Mission Plan came back with 1 thing to change. Open it from the course to see it."
    )
    assert "with a comment" in tell_return("Mission Plan", 0)


# Written with the release


def test_a_return_is_told_to_every_column_of_the_session(desk: Desk, make: Factory) -> None:
    make.line_item(url=f"{PLATFORM}/columns/2")
    make.line_item(url=f"{PLATFORM}/columns/3", is_gone=True)
    make.line_item(url=f"{PLATFORM}/columns/4", module_key="coaching")
    desk.send_back()
    rows = desk.office.list_rows(ReturnNote)
    assert [(row.comment, row.state) for row in rows] == [(SENTENCE, "waiting")] * 2
    assert desk.office.work().duties == 2
    assert [asked.url for asked in desk.office.calls("score")] == [f"{CELL}/scores", f"{PLATFORM}/columns/2/scores"]


def test_accepting_tells_nothing_of_the_kind(desk: Desk) -> None:
    desk.scene.save(overall="Good.")
    desk.scene.release(Decision.ACCEPT, version=1)
    assert desk.notes() == []


def test_a_reflection_that_comes_back_is_not_told(desk: Desk) -> None:
    _, revision = desk.scene.add_reflection("a")
    desk.scene.save(revision=revision, overall="One more word?")
    desk.scene.release(Decision.RETURN, revision=revision, version=1)
    assert desk.notes() == []


def practise(desk: Desk) -> None:
    with desk.scene.make.changing(desk.scene.enrolment) as enrolment:
        enrolment.is_practice = True


def have_score(desk: Desk) -> None:
    earned = desk.scene.make.earned_score(desk.scene.enrolment)
    desk.scene.make.score_delivery(earned, desk.column)


def have_earned(desk: Desk) -> None:
    desk.scene.make.earned_score(desk.scene.enrolment)


def lose_scope(desk: Desk) -> None:
    with desk.scene.make.changing(desk.office.context) as context:
        context.ags_scopes = [vocabulary.SCOPE_LINE_ITEM, vocabulary.SCOPE_RESULT_READONLY]


@pytest.mark.parametrize("trouble", [practise, have_score, have_earned, lose_scope])
def test_where_nothing_may_be_told_nothing_is_written(desk: Desk, trouble: Callable[[Desk], None]) -> None:
    trouble(desk)
    desk.send_back()
    assert desk.notes() == []


def test_nobody_knows_what_another_platform_would_do(store: Store, clock: Clock, make: Factory, tmp_path: Path) -> None:
    desk = open_desk(store, clock, make, tmp_path, "other")
    desk.send_back()
    assert desk.notes() == []


def test_where_a_grade_could_be_erased_and_nobody_may_look_nothing_is_told(desk: Desk) -> None:
    with desk.scene.make.changing(desk.office.context) as context:
        context.ags_scopes = [vocabulary.SCOPE_SCORE]
    desk.send_back()
    assert len(desk.notes()) == (1 if is_canvas(desk) else 0)
    if is_canvas(desk):
        desk.office.work()
        assert desk.office.calls("results") == []
        assert desk.notes() == [("sent", None)]


# Sent


def test_the_words_of_a_note(desk: Desk, clock: Clock) -> None:
    desk.send_back()
    desk.office.work()
    (told,) = desk.office.bodies("score")
    extension = told.pop(CANVAS_SUBMISSION_EXTENSION, None)
    assert extension == ({"new_submission": False, "preserve_score": True} if is_canvas(desk) else None)
    assert told == {
        "userId": desk.scene.dana.sub,
        "timestamp": "2026-03-04T20:14:00.000Z",
        "activityProgress": "InProgress",
        "gradingProgress": "PendingManual",
        "comment": SENTENCE,
    }
    assert [kind for kind, _ in desk.office.asked] == ["results", "score"], "the cell was looked at first"
    assert desk.notes() == [("sent", None)]
    assert desk.office.work().did_nothing


def test_a_cell_with_a_number_is_left_alone(desk: Desk) -> None:
    desk.send_back()
    desk.put_grade(0)
    desk.office.work()
    assert desk.office.calls("score") == []
    assert desk.notes() == [("dropped", "score_there")]


def submit_again(desk: Desk) -> None:
    desk.scene.submit_again(2)


def lose_column(desk: Desk) -> None:
    with desk.scene.make.changing(desk.column) as column:
        column.is_gone = True


@pytest.mark.parametrize("change", [submit_again, have_score, practise, lose_column])
def test_what_is_not_true_any_more_is_not_told(desk: Desk, change: Callable[[Desk], None]) -> None:
    desk.send_back()
    change(desk)
    desk.office.work()
    assert [told for told in desk.office.bodies("score") if "scoreGiven" not in told] == []
    assert desk.notes() == [("dropped", "not_needed")]


def test_a_score_that_follows_has_a_later_time(desk: Desk) -> None:
    desk.send_back()
    desk.office.work()
    have_score(desk)
    desk.office.work()
    note, score = desk.office.bodies("score")
    assert (note["timestamp"], score["timestamp"]) == ("2026-03-04T20:14:00.000Z", "2026-03-04T20:14:01.000Z")


def test_a_correction_is_not_told_twice(desk: Desk) -> None:
    desk.send_back()
    desk.office.work()
    desk.correct()
    desk.office.work()
    assert len(desk.office.calls("score")) == 1
    assert desk.notes() == [("sent", None)]


def test_a_correction_takes_the_place_of_what_was_not_sent_yet(desk: Desk) -> None:
    desk.send_back()
    desk.correct()
    assert [(row.state, row.comment[33:36]) for row in desk.office.list_rows(ReturnNote)] == [
        ("dropped", "2 t"),
        ("waiting", "1 t"),
    ]
    desk.office.work()
    assert [told["comment"] for told in desk.office.bodies("score")] == [tell_return("Mission Plan", 1)]


def test_a_correction_that_accepts_takes_it_back_if_it_can(desk: Desk) -> None:
    desk.send_back()
    desk.correct(Decision.ACCEPT, ())
    desk.office.work()
    assert desk.office.calls("score") == []
    assert desk.notes() == [("dropped", "not_needed")]


def test_a_second_return_is_told_again(desk: Desk) -> None:
    desk.send_back()
    desk.office.work()
    revision = desk.scene.submit_again(2)
    desk.scene.save(revision=revision, named_fields=TWO[:1], overall="Closer.")
    desk.scene.release(Decision.RETURN, revision=revision, version=1)
    desk.office.work()
    first, second = desk.office.bodies("score")
    assert second["timestamp"] > first["timestamp"]
    assert second["comment"] == tell_return("Mission Plan", 1)


# Answers that get lost, refusals, a busy platform


def lose_answer(desk: Desk) -> Callable[[Asked], PlatformUnreachable]:
    def answer(asked: Asked) -> PlatformUnreachable:
        desk.office.treat(asked)
        return PlatformUnreachable(Unreachability.TIMEOUT, "no answer")

    return answer


def test_where_comments_add_up_a_lost_answer_is_not_repeated(canvas: Desk, clock: Clock) -> None:
    canvas.send_back()
    canvas.office.plan["score"] = [lose_answer(canvas)]
    assert canvas.office.work().put_off == 1
    clock.advance(minutes=5)
    canvas.office.work()
    assert len(canvas.office.calls("score")) == 1
    assert canvas.notes() == [("failed", "lost")]


def test_where_comments_replace_each_other_the_same_is_said_again(moodle: Desk, clock: Clock) -> None:
    moodle.send_back()
    moodle.office.plan["score"] = [lose_answer(moodle), HttpAnswer(409, {}, b"[]")]
    moodle.office.work()
    clock.advance(minutes=5)
    moodle.office.work()
    first, second = moodle.office.bodies("score")
    assert first == second, "with the same time: it was taken, and is refused"
    assert moodle.notes() == [("sent", None)]


def test_a_grade_that_came_meanwhile_ends_the_repeating(moodle: Desk, clock: Clock) -> None:
    moodle.send_back()
    moodle.office.plan["score"] = [lose_answer(moodle)]
    moodle.office.work()
    moodle.put_grade(77)
    clock.advance(minutes=5)
    moodle.office.work()
    assert len(moodle.office.calls("score")) == 1
    assert moodle.notes() == [("dropped", "score_there")]


def test_a_number_written_while_we_look_is_newer_than_the_note(moodle: Desk, clock: Clock) -> None:
    def write_meanwhile(asked: Asked) -> HttpAnswer:
        answer = moodle.office.treat(asked)
        clock.advance(seconds=30)
        return answer

    moodle.send_back()
    moodle.office.plan["results"] = [write_meanwhile]
    moodle.office.work()
    (told,) = moodle.office.bodies("score")
    assert told["timestamp"] == "2026-03-04T20:14:00.000Z", "from before the looking"


def test_nothing_is_told_where_looking_failed(moodle: Desk, clock: Clock) -> None:
    moodle.send_back()
    moodle.office.plan["results"] = [HttpAnswer(503, {}, b""), HttpAnswer(403, {}, b"")]
    assert moodle.office.work().put_off == 1
    assert moodle.notes() == [("waiting", "platform_down")]
    clock.advance(minutes=1)
    moodle.office.work()
    assert moodle.notes() == [("failed", "no_permission")]
    assert moodle.office.calls("score") == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (HttpAnswer(401, {}, b""), ("failed", "no_permission")),
        (HttpAnswer(404, {}, b""), ("failed", "column_gone")),
        (HttpAnswer(409, {}, b""), ("failed", "stale")),
        (HttpAnswer(418, {}, b""), ("failed", "refused")),
    ],
)
def test_a_refusal_ends_it(desk: Desk, answer: HttpAnswer, outcome: tuple[str, str]) -> None:
    desk.send_back()
    desk.office.plan["score"] = [answer, answer]
    desk.office.work()
    assert desk.notes() == [outcome]
    assert desk.office.work().did_nothing


def test_throttling_pauses_the_platform_and_the_note_follows(desk: Desk, clock: Clock) -> None:
    desk.send_back()
    desk.office.plan["score"] = [HttpAnswer(429, {"Retry-After": "90"}, b"")]
    assert desk.office.work().put_off == 1
    (lease,) = desk.office.list_rows(DeliveryLease)
    assert lease.resume_at == clock() + timedelta(seconds=90)
    clock.advance(seconds=91)
    desk.office.work()
    assert desk.notes() == [("sent", None)]
    first, second = desk.office.bodies("score")
    assert second["timestamp"] > first["timestamp"], "the first was certainly not taken"


def test_scores_and_their_graders_link_are_as_before(desk: Desk) -> None:
    have_score(desk)
    desk.office.work()
    (sent,) = desk.office.bodies("score")
    assert (sent["activityProgress"], sent["gradingProgress"], sent["scoreGiven"]) == ("Completed", "FullyGraded", 100)
    if is_canvas(desk):
        extension = sent[CANVAS_SUBMISSION_EXTENSION]
        assert extension["new_submission"] is True
        assert extension["submission_type"] == "basic_lti_launch"
        assert extension["submission_data"] == f"{TOOL}/lti/launch?work={desk.scene.plan.id}"
        assert extension["submitted_at"] == sent["submission"]["submittedAt"]
    else:
        assert CANVAS_SUBMISSION_EXTENSION not in sent


def test_a_correction_of_a_score_sends_no_submission_again(canvas: Desk, clock: Clock) -> None:
    have_score(canvas)
    canvas.office.work()
    (attempt, *_) = canvas.office.list_rows(ScoreAttempt)
    clock.advance(hours=1)
    with canvas.office.store.writing() as session:
        row = session.get_one(ScoreDelivery, attempt.delivery_id)
        row.score, row.version, row.state, row.next_attempt_at = 90, 2, "waiting", clock()
    canvas.office.work()
    again = canvas.office.bodies("score")[-1][CANVAS_SUBMISSION_EXTENSION]
    assert again["new_submission"] is False
    assert not {"submission_type", "submission_data"} & set(again)


# What the facilitator sees


def look(desk: Desk, **changes: Any) -> list[tuple[str, Told, str]]:
    visit = replace(desk.scene.ruth, **changes)
    plans = list_unopened_returns(desk.scene.store, visit, desk.scene.series)
    return [(plan.person_label, plan.told, plan.message) for plan in plans]


def test_a_plan_that_came_back_is_listed_until_its_author_opens_it(desk: Desk, make: Factory, clock: Clock) -> None:
    assert look(desk) == []
    desk.send_back()
    assert [(label, told) for label, told, _ in look(desk)] == [("Dana Reyes", Told.ON_ITS_WAY)]
    desk.office.work()
    assert [(label, told) for label, told, _ in look(desk)] == [("Dana Reyes", Told.SENT)]
    with make.changing(desk.scene.find_plan()) as plan:
        plan.reply_seen_at = clock()
    assert look(desk) == []


def test_where_a_score_stands_the_facilitator_gets_the_sentence(desk: Desk) -> None:
    have_score(desk)
    desk.send_back()
    ((label, told, message),) = look(desk, return_url=f"{PLATFORM}/courses/12/assignments?x=1")
    assert (label, told) == ("Dana Reyes", Told.NOT)
    if is_canvas(desk):
        assert message == f"{SENTENCE} {PLATFORM}/courses/12"
    else:
        assert message == SENTENCE, "the course's id is no number here, and its return address is hers alone"


def test_moodles_course_has_an_address_everybody_can_open(moodle: Desk, make: Factory) -> None:
    with make.changing(moodle.office.context) as context:
        context.id_on_platform = "7"
    moodle.send_back()
    ((_, _, message),) = look(moodle, return_url=f"{PLATFORM}/mod/lti/return.php?course=7&sesskey=secret")
    assert message == f"{SENTENCE} {PLATFORM}/course/view.php?id=7"


def test_who_is_practising_and_whose_own_it_is_are_not_listed(desk: Desk) -> None:
    desk.send_back()
    assert look(desk, user_id=desk.scene.dana.id) == []
    practise(desk)
    assert look(desk) == []


def test_the_policy_of_submitting_leaves_its_score(desk: Desk) -> None:
    desk.scene.as_policy(Policy.SUBMISSION)
    desk.scene.add_reflection("a")
    desk.scene.add_reflection("b")
    desk.send_back()
    with desk.office.store.reading() as session:
        assert session.scalars(select(ReturnNote)).all() == []
    assert desk.scene.find_plan().state == WorkState.RETURNED
