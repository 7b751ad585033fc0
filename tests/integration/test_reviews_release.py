"""Releasing: what her author sees, where the work stands, and what happens to the score, in one transaction."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_tool.domain.reviewing import ReleaseGap
from lti_tool.domain.scoring import Holding, Policy
from lti_tool.domain.submissions import Decision, ReviewStatus, WorkState
from lti_tool.models import EarnedScore, ScoreDelivery, Store, Submission
from lti_tool.services.review_values import (
    AlreadyReviewedError,
    KeptPrivateError,
    NewerRevisionError,
    ReadByAnotherError,
    SentBackBeforeError,
    StaleReviewError,
    TakenBackError,
    UnfinishedReviewError,
)
from lti_tool.services.reviews import begin_correction, start_review
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import ReviewScene, make_scene, rate_all


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    return make_scene(store, clock, make)


def find_scores(scene: ReviewScene) -> tuple[list[int], list[int]]:
    """Earned points, and what the columns are to say."""
    with scene.store.reading() as session:
        return list(session.scalars(select(EarnedScore.points))), list(session.scalars(select(ScoreDelivery.score)))


def test_accepting_completes_the_module_and_queues_the_score(scene: ReviewScene) -> None:
    scene.make.line_item()
    scene.add_reflection("a")
    scene.add_reflection("b")
    scene.save(overall="One goal has a baseline: that is rare.")
    released = scene.release(Decision.ACCEPT, version=1)
    assert (released.completes, released.score, released.has_column) == (True, 100, True)
    assert find_scores(scene) == ([100], [100])
    plan = scene.find_plan()
    assert plan.state == WorkState.ACCEPTED
    assert plan.lease_owner_id is None
    with scene.store.reading() as session:
        delivery = session.scalars(select(ScoreDelivery)).one()
        assert delivery.comment == "One goal has a baseline: that is rare."
    assert scene.list_verbs() == ["started_review", "released_review"]


def test_accepting_tells_what_still_holds_the_score(scene: ReviewScene) -> None:
    scene.make.line_item()
    scene.add_reflection("a")
    released = scene.release(Decision.ACCEPT)
    assert (released.completes, released.score) == (False, None)
    assert released.holdings == (Holding.REFLECTIONS_NOT_SUBMITTED,)
    assert find_scores(scene) == ([], [])


def test_points_follow_the_levels(scene: ReviewScene) -> None:
    scene.as_policy(Policy.POINTS)
    words = " ".join(["word"] * 250)
    scene.add_reflection("a", words)
    scene.add_reflection("b", words)
    scene.save(ratings=rate_all(scene.module, 3) | {"mission": 4})
    assert scene.release(Decision.ACCEPT, version=1).score == round(30 + 12 + 4 * 10.8)


def test_points_need_every_criterion_or_none(scene: ReviewScene) -> None:
    scene.as_policy(Policy.POINTS)
    scene.save(ratings={"mission": 3})
    with pytest.raises(UnfinishedReviewError) as caught:
        scene.release(Decision.ACCEPT, version=1)
    assert caught.value.gaps == (ReleaseGap.PARTLY_RATED,)
    assert [review.status for review in scene.list_reviews()] == [ReviewStatus.DRAFT]


def test_a_return_names_what_to_change_and_leaves_the_gradebook_alone(scene: ReviewScene) -> None:
    scene.make.line_item()
    with pytest.raises(UnfinishedReviewError) as caught:
        scene.release(Decision.RETURN)
    assert caught.value.gaps == (ReleaseGap.NOTHING_TO_CHANGE,)
    scene.save(named_fields=("mission_statement",))
    released = scene.release(Decision.RETURN, version=1)
    assert (released.decision, released.completes) == (Decision.RETURN, False)
    plan = scene.find_plan()
    assert (plan.state, plan.times_returned) == (WorkState.RETURNED, 1)
    assert find_scores(scene) == ([], [])


def test_the_reviewer_decides_explicitly(scene: ReviewScene) -> None:
    with pytest.raises(UnfinishedReviewError) as caught:
        scene.release(None)
    assert caught.value.gaps == (ReleaseGap.NO_DECISION,)


def test_practice_earns_nothing(scene: ReviewScene) -> None:
    scene.make.line_item()
    with scene.make.changing(scene.enrolment) as enrolment:
        enrolment.is_practice = True
    scene.add_reflection("a")
    scene.add_reflection("b")
    assert scene.release(Decision.ACCEPT).is_practice
    assert find_scores(scene) == ([], [])


def test_what_is_released_is_what_was_read_once_more(scene: ReviewScene) -> None:
    scene.save(overall="First")
    scene.save(version=1, overall="Second, from another tab")
    with pytest.raises(StaleReviewError):
        scene.release(Decision.ACCEPT, version=1)
    assert scene.find_plan().state == WorkState.IN_REVIEW


def test_releasing_twice_releases_once(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT)
    with pytest.raises(AlreadyReviewedError) as caught:
        scene.release(Decision.ACCEPT)
    assert caught.value.is_mine
    assert len(scene.list_reviews()) == 1


def test_another_reviewers_claim_is_respected_until_it_lapses(scene: ReviewScene) -> None:
    start_review(scene.store, scene.omar, scene.series, scene.plan.id, now=scene.clock.now())
    with pytest.raises(ReadByAnotherError):
        scene.release(Decision.ACCEPT)
    scene.clock.advance(minutes=30)
    assert scene.release(Decision.ACCEPT).decision is Decision.ACCEPT


def test_work_taken_back_or_submitted_again_is_not_released(scene: ReviewScene) -> None:
    scene.save(overall="Ready")
    scene.take_back()
    with pytest.raises(TakenBackError):
        scene.release(Decision.ACCEPT, version=1)
    scene.submit_again(2)
    with pytest.raises(NewerRevisionError):
        scene.release(Decision.ACCEPT, version=1)


def test_next_waiting_is_the_oldest_that_nobody_else_reads(scene: ReviewScene) -> None:
    ana = scene.add_person("Ana Lopez", waiting=timedelta(days=5))
    beth = scene.add_person("Beth Cho", waiting=timedelta(days=1))
    start_review(scene.store, scene.omar, scene.series, ana.id, now=scene.clock.now())
    assert scene.release(Decision.ACCEPT).next_waiting_id == beth.id


def test_the_rubric_is_kept_as_it_was(scene: ReviewScene) -> None:
    scene.save(ratings={"mission": 3})
    criteria = scene.list_reviews()[0].rubric["criteria"]
    assert [criterion["key"] for criterion in criteria] == list(rate_all(scene.module, 3))
    assert set(criteria[0]["levels"]) == {"1", "2", "3", "4"}


def test_a_correction_supersedes_and_state_and_score_follow(scene: ReviewScene) -> None:
    scene.as_policy(Policy.POINTS)
    scene.make.line_item()
    words = " ".join(["word"] * 250)
    scene.add_reflection("a", words)
    scene.add_reflection("b", words)
    scene.save(ratings=rate_all(scene.module, 3))
    assert scene.release(Decision.ACCEPT, version=1).score == 84
    begin_correction(scene.store, scene.omar, scene.series, scene.plan.id, now=scene.clock.now())
    scene.save(scene.omar, version=1, ratings=rate_all(scene.module, 4))
    released = scene.release(Decision.ACCEPT, scene.omar, version=2)
    assert released.is_correction
    assert released.score == 90
    assert find_scores(scene) == ([90], [90])
    assert [review.status for review in scene.list_reviews()] == [ReviewStatus.SUPERSEDED, ReviewStatus.RELEASED]
    assert scene.find_plan().current_review_id == scene.list_reviews()[-1].id
    assert scene.list_verbs()[-2:] == ["began_correction", "corrected_review"]


def test_a_correction_can_turn_an_acceptance_into_a_return_and_back(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT)
    for version, (decision, state, times) in enumerate(
        [(Decision.RETURN, WorkState.RETURNED, 1), (Decision.ACCEPT, WorkState.ACCEPTED, 0)], start=1
    ):
        begin_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
        scene.save(version=1, overall=f"Correction {version}")
        scene.release(decision, version=2)
        plan = scene.find_plan()
        assert (plan.state, plan.times_returned) == (state, times)


def test_two_corrections_do_not_pass_one_another(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT)
    for visit in (scene.ruth, scene.omar):
        begin_correction(scene.store, visit, scene.series, scene.plan.id, now=scene.clock.now())
    scene.release(Decision.ACCEPT, scene.omar, version=1)
    with pytest.raises(AlreadyReviewedError):
        scene.release(Decision.ACCEPT, scene.ruth, version=1)


def test_a_reflection_is_commented_and_stays_done(scene: ReviewScene) -> None:
    work, revision = scene.add_reflection("a")
    with pytest.raises(UnfinishedReviewError):
        scene.release(Decision.ACCEPT, revision=revision)
    scene.save(revision=revision, overall="You name both goods fairly.")
    released = scene.release(Decision.ACCEPT, version=1, revision=revision)
    assert released.holdings == (Holding.PLAN_NOT_ACCEPTED, Holding.REFLECTIONS_NOT_SUBMITTED)
    with scene.store.reading() as session:
        assert session.get_one(Submission, work.id).state == WorkState.ACCEPTED
    view = scene.open().reflections[0]
    assert view.released is not None
    assert view.released.content.overall == "You name both goods fairly."


def test_a_reflection_is_sent_back_once(scene: ReviewScene) -> None:
    work, revision = scene.add_reflection("a")
    scene.save(revision=revision, overall="Tell one event.")
    scene.release(Decision.RETURN, version=1, revision=revision)
    second = scene.make.revision(work, number=2, document={"text": "One event."})
    with scene.store.writing() as session:
        row = session.get_one(Submission, work.id)
        assert (row.state, row.times_returned) == (WorkState.RETURNED, 1)
        row.state, row.current_review_id, row.revision_count = WorkState.SUBMITTED, None, 2
    assert not scene.open().reflections[0].can_send_back
    scene.save(revision=second, overall="And again")
    with pytest.raises(SentBackBeforeError):
        scene.release(Decision.RETURN, version=1, revision=second)
    assert scene.release(Decision.ACCEPT, version=1, revision=second).decision is Decision.ACCEPT


def test_a_private_reflection_is_never_answered(scene: ReviewScene) -> None:
    _, revision = scene.add_reflection("a", is_private=True)
    with pytest.raises(KeptPrivateError):
        scene.release(Decision.RETURN, revision=revision)
