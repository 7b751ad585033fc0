"""A reviewer's draft: what claims a plan, what is kept, and what is refused without losing a word."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from lti_tool.domain.reviewing import LONGEST_COMMENT, LONGEST_OVERALL
from lti_tool.domain.submissions import Decision, ReviewStatus, WorkState
from lti_tool.models import Store, Submission
from lti_tool.services.errors import NotFoundError, NotNowError
from lti_tool.services.review_values import (
    AlreadyReviewedError,
    KeptPrivateError,
    NewerRevisionError,
    OwnWorkError,
    ReadByAnotherError,
    RefusedReviewError,
    StaleReviewError,
    TakenBackError,
)
from lti_tool.services.review_views import Standpoint
from lti_tool.services.reviews import begin_correction, drop_correction, let_go, open_review, save_review, start_review
from lti_tool.services.visits import Visit
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import ReviewScene, make_scene, write_draft


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    return make_scene(store, clock, make)


def test_the_first_words_claim_the_plan_and_later_ones_renew_the_claim(scene: ReviewScene) -> None:
    saved = scene.save(comments={"mission_statement": "Who learns?"})
    assert saved.version == 1
    assert saved.lease is not None
    assert saved.lease.is_mine
    assert scene.find_plan().state == WorkState.IN_REVIEW
    scene.clock.advance(minutes=20)
    saved = scene.save(version=1, comments={"mission_statement": "Who learns, and what?"})
    assert saved.version == 2
    assert scene.find_plan().lease_expires_at == scene.clock.now() + timedelta(minutes=30)
    assert scene.list_verbs() == ["started_review"]


def test_saving_nothing_claims_nothing(scene: ReviewScene) -> None:
    saved = scene.save()
    assert (saved.version, saved.lease) == (0, None)
    assert scene.find_plan().state == WorkState.SUBMITTED
    assert scene.list_reviews() == []


def test_opening_claims_nothing(scene: ReviewScene) -> None:
    assert scene.open().standpoint is Standpoint.CAN_REVIEW
    assert scene.find_plan().state == WorkState.SUBMITTED


def test_starting_claims_and_letting_go_gives_back_and_keeps_the_draft(scene: ReviewScene) -> None:
    start_review(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    scene.save(overall="So far so good")
    let_go(scene.store, scene.omar, scene.series, scene.plan.id, now=scene.clock.now())
    assert scene.find_plan().state == WorkState.IN_REVIEW, "nobody ends another's claim"
    let_go(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    assert scene.find_plan().state == WorkState.SUBMITTED
    assert scene.open().draft.content.overall == "So far so good"
    assert scene.list_verbs() == ["started_review", "let_go_of_review", "opened_plan"]


def test_points_and_suggestion_come_from_the_server(scene: ReviewScene) -> None:
    ratings = {criterion.key: 3 for criterion in scene.module.worksheet.rubric}  # type: ignore[union-attr] # Visioning has one
    first = next(iter(ratings))
    saved = scene.save(ratings={first: 4})
    assert saved.points == 12 * 5, "an unrated criterion counts in full"
    assert saved.suggestion is None
    saved = scene.save(version=1, ratings=ratings)
    assert saved.points == 54
    assert saved.suggestion is Decision.ACCEPT


def test_a_stale_save_overwrites_nothing_and_brings_the_newer_words(scene: ReviewScene) -> None:
    scene.save(overall="From the first tab")
    with pytest.raises(StaleReviewError) as caught:
        scene.save(version=0, overall="From the second tab")
    assert caught.value.stored.content.overall == "From the first tab"
    assert caught.value.current_version == 1
    assert scene.open().draft.content.overall == "From the first tab"


def test_the_same_words_sent_twice_are_no_conflict(scene: ReviewScene) -> None:
    scene.save(overall="Once")
    assert scene.save(version=0, overall="Once").version == 1


def test_two_reviewers_do_not_collide_and_lose_nothing(scene: ReviewScene) -> None:
    scene.save(overall="Ruth was first")
    with pytest.raises(ReadByAnotherError) as caught:
        scene.save(scene.omar, overall="Omar had written this already")
    assert caught.value.lease.owner_name == "Ruth Okafor"
    page = scene.open(scene.omar)
    assert page.standpoint is Standpoint.HELD_BY_ANOTHER
    assert page.draft.content.overall == "Omar had written this already"
    assert scene.find_plan().lease_owner_id == scene.ruth.user_id
    scene.clock.advance(minutes=31)
    assert scene.open(scene.omar).standpoint is Standpoint.CAN_REVIEW
    scene.save(scene.omar, version=1, overall="Omar goes on")
    assert scene.find_plan().lease_owner_id == scene.omar.user_id


def test_a_claim_of_another_cannot_be_started_over(scene: ReviewScene) -> None:
    start_review(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    with pytest.raises(ReadByAnotherError):
        start_review(scene.store, scene.omar, scene.series, scene.plan.id, now=scene.clock.now())


def test_taken_back_while_reading_keeps_the_draft_for_the_next_revision(scene: ReviewScene) -> None:
    scene.save(ratings={"mission": 3}, overall="A clear start")
    scene.take_back()
    with pytest.raises(TakenBackError):
        scene.save(version=1, ratings={"mission": 3}, overall="A clear start, and more")
    page = scene.open()
    assert page.standpoint is Standpoint.TAKEN_BACK
    assert page.parts == ()
    assert page.draft.content.overall == "A clear start, and more"
    revision = scene.submit_again(2)
    page = scene.open()
    assert (page.draft.version, page.draft.carried_from) == (0, 1)
    assert page.draft.content.ratings == {"mission": 3}
    assert scene.save(revision=revision, overall="A clear start, and more").version == 1


def test_a_newer_revision_is_told_and_the_words_are_kept(scene: ReviewScene) -> None:
    scene.take_back()
    scene.submit_again(2)
    with pytest.raises(NewerRevisionError):
        scene.save(overall="About the first one")
    assert scene.open().draft.content.overall == "About the first one"


def test_words_on_reviewed_work_are_kept_and_wait_for_a_correction(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT, scene.omar)
    with pytest.raises(AlreadyReviewedError) as caught:
        scene.save(overall="I was too late")
    assert not caught.value.is_mine
    assert scene.open().standpoint is Standpoint.REVIEWED
    begin_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    page = scene.open()
    assert page.standpoint is Standpoint.CORRECTING
    assert page.draft.content.overall == "I was too late"


def test_a_correction_starts_with_what_was_released_and_can_be_left(scene: ReviewScene) -> None:
    scene.save(ratings={"mission": 2}, overall="Good")
    scene.release(Decision.ACCEPT, version=1)
    begin_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    draft = scene.open().draft
    assert (draft.content.ratings, draft.content.overall, draft.decision) == ({"mission": 2}, "Good", Decision.ACCEPT)
    assert draft.is_correction
    drop_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    assert scene.open().standpoint is Standpoint.REVIEWED
    assert [review.status for review in scene.list_reviews()] == [ReviewStatus.RELEASED]


def test_a_correction_with_new_words_is_put_aside_and_not_thrown_away(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT)
    begin_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    scene.save(version=1, overall="On second thought")
    drop_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    assert scene.open().standpoint is Standpoint.REVIEWED
    begin_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())
    assert scene.open().draft.content.overall == "On second thought"


def test_only_reviewed_work_is_corrected(scene: ReviewScene) -> None:
    with pytest.raises(NotNowError):
        begin_correction(scene.store, scene.ruth, scene.series, scene.plan.id, now=scene.clock.now())


@pytest.mark.parametrize(
    "content",
    [
        {"ratings": {"charm": 3}},
        {"ratings": {"mission": 5}},
        {"comments": {"no_such_field": "words"}},
        {"named_fields": ("no_such_field",)},
        {"overall": "x" * (LONGEST_OVERALL + 1)},
        {"comments": {"mission_statement": "x" * (LONGEST_COMMENT + 1)}},
    ],
)
def test_what_is_no_part_of_the_review_is_refused_and_changes_nothing(
    scene: ReviewScene, content: dict[str, Any]
) -> None:
    scene.save(overall="Kept")
    with pytest.raises(RefusedReviewError):
        scene.save(version=1, **content)
    assert scene.open().draft.content.overall == "Kept"


def test_a_change_is_never_asked_for_where_the_page_does_not_offer_it(scene: ReviewScene) -> None:
    revision = scene.submit_again(2, rough_draft="Nobody reads this.", value_tension="Quiet, and welcome.")
    saved = scene.save(
        revision=revision, named_fields=("mission_statement", "rough_draft", "value_tension", "district_mission")
    )
    assert saved.version == 1
    kept = scene.open().draft.content.named_fields
    assert kept == ("mission_statement", "value_tension"), "neither what is private nor an extra that was left out"


def test_any_script_is_kept_and_control_characters_are_not(scene: ReviewScene) -> None:
    scene.save(overall="مرحبا 📚\r\n学びましょう\x00")
    assert scene.open().draft.content.overall == "مرحبا 📚\n学びましょう"


def test_nobody_reviews_her_own_work(scene: ReviewScene) -> None:
    own = replace(scene.ruth, user_id=scene.dana.id)
    with pytest.raises(OwnWorkError):
        scene.save(own, overall="Marvellous")
    with pytest.raises(OwnWorkError):
        scene.open(own)
    with pytest.raises(IntegrityError), scene.store.writing() as session:
        session.execute(
            update(Submission)
            .where(Submission.id == scene.plan.id)
            .values(state="in_review", lease_owner_id=scene.dana.id, lease_expires_at=scene.clock.now())
        )


def test_work_of_another_cohort_is_not_there(scene: ReviewScene) -> None:
    visit = replace(scene.ruth, cohort_id=scene.make.cohort(name="Next year").id)
    with pytest.raises(NotFoundError):
        scene.save(visit, overall="Whose is this?")
    with pytest.raises(NotFoundError):
        open_review(scene.store, visit, scene.series, scene.plan.id, now=scene.clock.now())


def test_a_revision_of_other_work_is_not_there(scene: ReviewScene) -> None:
    other = scene.make.revision(scene.add_person("Ana Lopez", waiting=timedelta(days=1)), number=2)
    with pytest.raises(NotFoundError):
        save_review(
            scene.store,
            scene.ruth,
            scene.series,
            scene.plan.id,
            revision_id=other.id,
            draft=write_draft(overall="Crossed wires"),
            version=0,
            now=scene.clock.now(),
        )


def test_of_two_who_start_in_the_same_moment_one_gets_it(scene: ReviewScene) -> None:
    def start(visit: Visit) -> bool:
        try:
            start_review(scene.store, visit, scene.series, scene.plan.id, now=scene.clock.now())
        except ReadByAnotherError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(start, (scene.ruth, scene.omar))) == [False, True]


def test_a_private_reflection_takes_no_comment(scene: ReviewScene) -> None:
    _, revision = scene.add_reflection("a", is_private=True)
    with pytest.raises(KeptPrivateError):
        scene.save(revision=revision, overall="What did you write?")


def test_a_reflection_is_never_claimed(scene: ReviewScene) -> None:
    work, revision = scene.add_reflection("a")
    saved = scene.save(revision=revision, overall="Thank you")
    assert saved.lease is None
    with scene.store.reading() as session:
        assert session.get_one(Submission, work.id).state == WorkState.SUBMITTED


def test_characters_no_keyboard_sends_are_taken_out(scene: ReviewScene) -> None:
    """A page that holds them is no valid page, and PostgreSQL keeps no NUL."""
    scene.save(overall="A\x1b\x0bclear\x00 goal\r\nand a next step")
    assert [review.overall for review in scene.list_reviews()] == ["Aclear goal\nand a next step"]
