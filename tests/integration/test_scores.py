"""Which events earn a score, what is written with them, and what never changes a gradebook (D1, D6)."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from lti_tool.content.schema import Points
from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.scoring import Holding, Policy
from lti_tool.domain.submissions import Decision
from lti_tool.models import Enrolment, Review, ScoreDelivery, Store
from lti_tool.services.modules import show_module
from lti_tool.services.scores import queue_waiting_scores
from lti_tool.services.submitting import reopen_work, take_back_work
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import rate_all
from tests.support.work_scene import WORDS_IN_RANGE, WorkScene, make_work_scene


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    return make_work_scene(store, clock, make)


def test_the_release_that_completes_the_module_writes_the_delivery(scene: WorkScene) -> None:
    scene.submit_reflections()
    scene.submit_plan()
    assert scene.list_deliveries() == []
    scene.review_plan()
    assert scene.list_deliveries() == [(100, 1, DeliveryState.WAITING)]


def test_her_last_submission_completes_it_when_the_plan_was_accepted_first(scene: WorkScene) -> None:
    scene.submit("a", text=WORDS_IN_RANGE)
    scene.submit_plan()
    scene.review_plan()
    score = scene.show().score
    assert score is not None
    assert score.holdings == (Holding.REFLECTIONS_NOT_SUBMITTED,)
    assert [title for title, _ in score.open_reflections] == [scene.module.reflections[1].title]
    assert scene.list_deliveries() == []
    scene.submit("b", text=WORDS_IN_RANGE)
    assert scene.list_deliveries() == [(100, 1, DeliveryState.WAITING)]


def test_what_was_said_of_the_plan_goes_out_with_a_score_that_came_later(scene: WorkScene) -> None:
    """The release did not complete the module, so its words wait for the score as well, and go out once."""
    scene.submit("a", text=WORDS_IN_RANGE)
    scene.submit_plan()
    scene.review_plan()
    scene.submit("b", text=WORDS_IN_RANGE)
    with scene.store.reading() as session:
        assert session.scalars(select(ScoreDelivery.comment)).all() == ["One question: who will lead it?"]


def test_levels_of_criteria_that_a_later_rubric_has_not_are_left_out(scene: WorkScene) -> None:
    scene.use_policy(Policy.POINTS)
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan(levels=rate_all(scene.module, 4))
    with scene.store.writing() as session:
        review = session.scalars(select(Review)).one()
        review.ratings = {**review.ratings, **{f"gone_{number}": 1 for number in range(40)}}
    scene.read_everything()
    assert scene.list_earned() == [100]


def test_points_rise_when_readings_are_done_later(scene: WorkScene) -> None:
    scene.use_policy(Policy.POINTS)
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan(levels=rate_all(scene.module, 3))
    assert scene.list_deliveries() == [(84, 1, DeliveryState.WAITING)]
    scene.read_everything()
    assert scene.list_earned() == [94]
    assert scene.list_deliveries()[0][0] == 94
    score = scene.show().score
    assert score is not None
    assert [(part.name, float(part.earned)) for part in score.parts] == [
        ("readings", 10.0),
        ("reflections", 30.0),
        ("plan", 54.0),
    ]


def test_the_series_says_how_its_points_are_shared(scene: WorkScene) -> None:
    shares = Points(readings=20, reflections=30, plan=50)
    scene.series = scene.series.model_copy(update={"points": shares})
    scene.use_policy(Policy.POINTS)
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan(levels=rate_all(scene.module, 3))
    assert scene.list_earned() == [75]
    score = scene.show().score
    assert score is not None
    assert [(part.name, part.possible) for part in score.parts] == [("readings", 20), ("reflections", 30), ("plan", 50)]


def test_submission_policy_scores_on_submitting_and_a_take_back_withdraws_nothing(scene: WorkScene) -> None:
    scene.use_policy(Policy.SUBMISSION)
    scene.submit_reflections()
    scene.submit_plan()
    assert scene.list_deliveries() == [(100, 1, DeliveryState.WAITING)]
    take_back_work(scene.store, scene.dana, scene.series, "visioning", "plan", now=scene.clock.now())
    assert scene.list_deliveries() == [(100, 1, DeliveryState.WAITING)]


def test_a_return_changes_no_gradebook(scene: WorkScene) -> None:
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan(Decision.RETURN)
    assert scene.list_earned() == []
    assert scene.list_deliveries() == []


def test_revising_accepted_work_costs_nothing(scene: WorkScene) -> None:
    scene.use_policy(Policy.POINTS)
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan(levels=rate_all(scene.module, 4))
    reopen_work(scene.store, scene.dana, scene.series, "visioning", "plan", now=scene.clock.now())
    scene.clock.advance(days=1)
    scene.submit("plan", version=1, fields={**dict(scene.open("plan").document["fields"]), "campus_name": "New name"})
    scene.review_plan(Decision.RETURN)
    scene.read_everything()
    assert scene.list_earned() == [100]


def test_practice_is_never_scored(scene: WorkScene) -> None:
    with scene.store.writing() as session:
        session.execute(update(Enrolment).values(is_practice=True))
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan()
    score = scene.show().score
    assert score is not None
    assert score.is_practice
    assert scene.list_earned() == []


def test_without_a_column_a_score_waits_and_goes_out_when_there_is_one(scene: WorkScene) -> None:
    with scene.make.changing(scene.column) as column:
        column.is_gone = True
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan()
    score = scene.show().score
    assert score is not None
    assert (score.points, score.has_column, score.delivery) == (100, False, None)
    later = scene.make.line_item()
    with scene.store.writing() as session:
        assert queue_waiting_scores(session, later, scene.clock.now()) == 1
        assert queue_waiting_scores(session, later, scene.clock.now()) == 0
    assert scene.list_deliveries() == [(100, 1, DeliveryState.WAITING)]


def test_one_work_reaches_every_column_of_its_module(scene: WorkScene) -> None:
    scene.make.line_item()
    scene.make.line_item(module_key="relationships")
    scene.submit_reflections()
    scene.submit_plan()
    scene.review_plan()
    assert [score for score, _, _ in scene.list_deliveries()] == [100, 100]


def test_another_course_sees_nothing_of_it(scene: WorkScene) -> None:
    scene.submit_reflections()
    other = scene.make.cohort(scene.make.context(), is_default=True)
    scene.make.enrolment(scene.user, other)
    visit = replace(scene.dana, cohort_id=other.id, context_id=other.context_id)
    page = show_module(scene.store, visit, scene.series, "visioning", now=scene.clock.now())
    assert {row.state.value for row in page.activities} == {"not_started"}
