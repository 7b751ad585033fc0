"""The queue: who waits, in what order, and what it never says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.roles import Standing
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.models import Revision, Store
from lti_tool.services.errors import NotAllowedError, NotFoundError
from lti_tool.services.review_queue import Queue
from lti_tool.services.reviews import list_queue, start_review
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import ReviewScene, make_scene


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    return make_scene(store, clock, make)


def look(scene: ReviewScene) -> Queue:
    return list_queue(scene.store, scene.ruth, scene.series, now=scene.clock.now())


def test_the_oldest_waits_first_and_everybody_is_there_once(scene: ReviewScene) -> None:
    scene.add_person("Ana Lopez", waiting=timedelta(days=5))
    scene.add_person("Beth Cho", waiting=timedelta(hours=1))
    scene.add_reflection("a")
    scene.add_reflection("b", is_private=True)
    entries = look(scene).waiting
    assert [entry.person_label for entry in entries] == ["Ana Lopez", "Dana Reyes", "Beth Cho"]
    dana = entries[1]
    assert (dana.reflections_done, dana.reflections_total) == (2, 2)
    assert dana.waiting == timedelta(days=2)
    assert dana.module_title == "On the Leading Edge of Visioning"
    assert not dana.is_resubmission


def test_a_name_the_platform_keeps_to_itself_is_replaced_by_a_stable_label(scene: ReviewScene) -> None:
    work = scene.add_person(None, waiting=timedelta(days=9))
    assert look(scene).waiting[0].person_label == f"Librarian {work.user_id}"


def test_practice_is_labelled(scene: ReviewScene) -> None:
    scene.add_person("Ana Lopez", waiting=timedelta(days=5), is_practice=True)
    assert [entry.is_practice for entry in look(scene).waiting] == [True, False]


def test_a_claim_is_shown_until_it_lapses(scene: ReviewScene) -> None:
    start_review(scene.store, scene.omar, scene.series, scene.plan.id, now=scene.clock.now())
    lease = look(scene).waiting[0].lease
    assert lease is not None
    assert (lease.owner_name, lease.is_mine) == ("Omar Haddad", False)
    assert lease.expires_at == scene.clock.now() + timedelta(minutes=30)
    scene.clock.advance(minutes=30)
    entry = look(scene).waiting[0]
    assert entry.lease is None
    assert entry.state is WorkState.SUBMITTED


def test_a_resubmission_is_marked_and_a_second_try_after_taking_back_is_not(scene: ReviewScene) -> None:
    scene.take_back()
    scene.submit_again(2)
    assert not look(scene).waiting[0].is_resubmission
    revision = scene.submit_again(3)
    scene.save(revision=revision, overall="Name one learner.")
    scene.release(Decision.RETURN, version=1, revision=revision)
    assert not look(scene).waiting
    scene.submit_again(4)
    entry = look(scene).waiting[0]
    assert entry.is_resubmission
    assert entry.revision_number == 4


def test_who_is_writing_is_shown_with_the_time_of_the_last_save_only(scene: ReviewScene) -> None:
    user = scene.make.user(name="Ana Lopez")
    enrolment = scene.make.enrolment(user, scene.cohort)
    scene.make.submission(
        enrolment, activity_key="plan", draft={"fields": {"campus_name": "SECRET"}}, draft_saved_at=scene.clock.now()
    )
    queue = look(scene)
    assert [entry.person_label for entry in queue.working] == ["Ana Lopez"]
    assert queue.working[0].saved_at == scene.clock.now()
    assert "SECRET" not in repr(queue)


def test_what_was_reviewed_is_listed_latest_first(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT)
    queue = look(scene)
    assert not queue.waiting
    assert not queue.working
    assert queue.recent[0].decision is Decision.ACCEPT
    assert queue.recent[0].released_by == "Ruth Okafor"


def test_a_returned_plan_is_both_reviewed_and_being_written(scene: ReviewScene) -> None:
    scene.save(overall="Name one learner.")
    scene.release(Decision.RETURN, version=1)
    queue = look(scene)
    assert [entry.state for entry in queue.working] == [WorkState.RETURNED]
    assert [entry.decision for entry in queue.recent] == [Decision.RETURN]


def test_her_own_draft_is_shown_to_its_reviewer_only(scene: ReviewScene) -> None:
    scene.save(overall="Half a thought")
    assert look(scene).waiting[0].own_draft_saved_at == scene.clock.now()
    others = list_queue(scene.store, scene.omar, scene.series, now=scene.clock.now())
    assert others.waiting[0].own_draft_saved_at is None


def test_scores_that_need_somebody_are_counted(scene: ReviewScene) -> None:
    assert look(scene).delivery_problems == 0
    line_item = scene.make.line_item()
    earned = scene.make.earned_score(scene.enrolment)
    scene.make.score_delivery(earned, line_item, state=DeliveryState.NEEDS_YOU, reason="not_in_course")
    assert look(scene).delivery_problems == 1


def test_a_deleted_column_needs_nobody_once_the_score_has_another(scene: ReviewScene) -> None:
    earned = scene.make.earned_score(scene.enrolment)
    gone = scene.make.line_item(is_gone=True)
    scene.make.score_delivery(earned, gone, state=DeliveryState.NEEDS_YOU, reason="column_gone", next_attempt_at=None)
    assert look(scene).delivery_problems == 1
    scene.make.score_delivery(earned, scene.make.line_item(), state=DeliveryState.WAITING)
    assert look(scene).delivery_problems == 0


def test_another_cohort_of_the_course_is_not_in_it(scene: ReviewScene) -> None:
    other = scene.make.cohort(name="Next year")
    visit = replace(scene.ruth, cohort_id=other.id)
    assert list_queue(scene.store, visit, scene.series, now=scene.clock.now()).waiting == ()


@pytest.mark.parametrize("standing", [standing for standing in Standing if standing is not Standing.STAFF])
def test_only_staff_see_it(scene: ReviewScene, standing: Standing) -> None:
    with pytest.raises(NotAllowedError):
        list_queue(scene.store, replace(scene.ruth, standing=standing), scene.series, now=scene.clock.now())


def test_a_launch_without_a_course_has_no_queue(scene: ReviewScene) -> None:
    with pytest.raises(NotFoundError):
        list_queue(scene.store, replace(scene.ruth, cohort_id=None), scene.series, now=scene.clock.now())


def test_a_plan_that_came_back_stands_on_top_until_it_is_opened(scene: ReviewScene) -> None:
    scene.save(named_fields=("mission_statement",), overall="Name one learner.")
    scene.release(Decision.RETURN, version=1)
    (returned,) = look(scene).returned
    assert (returned.person_label, returned.plan_name) == ("Dana Reyes", "Mission Plan")
    assert returned.released_at == scene.clock.now()
    assert returned.message.startswith("Your Mission Plan came back with 1 thing to change.")
    with scene.make.changing(scene.find_plan()) as plan:
        plan.reply_seen_at = scene.clock.now()
    assert look(scene).returned == ()


def test_the_longest_unknown_stands_first(scene: ReviewScene) -> None:
    scene.save(overall="Name one learner.")
    scene.release(Decision.RETURN, version=1)
    scene.clock.advance(days=1)
    work = scene.add_person("Ana Lopez", waiting=timedelta(hours=3))
    with scene.store.reading() as session:
        revision = session.scalars(select(Revision).where(Revision.submission_id == work.id)).one()
    scene.save(revision=revision, overall="And one date.")
    scene.release(Decision.RETURN, version=1, revision=revision)
    assert [plan.person_label for plan in look(scene).returned] == ["Dana Reyes", "Ana Lopez"]
    other = replace(scene.ruth, cohort_id=scene.make.cohort(name="Next year").id)
    assert list_queue(scene.store, other, scene.series, now=scene.clock.now()).returned == ()
