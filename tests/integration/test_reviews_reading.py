"""What a reviewer reads: question beside answer, what changed, nothing private; and the trace that reading leaves."""

import pytest

from lti_tool.domain.answer_views import KEPT_PRIVATE
from lti_tool.domain.scoring import Holding, Policy
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.models import Store
from lti_tool.services.review_views import FieldView, ReviewPage, Standpoint
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_scene import MISSION, ReviewScene, make_scene, rate_all, write_plan


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    return make_scene(store, clock, make)


def find_field(page: ReviewPage, key: str) -> FieldView:
    return next(field for part in page.parts for field in part.fields if field.key == key)


def test_every_question_is_there_with_its_help_and_answer(scene: ReviewScene) -> None:
    page = scene.open()
    worksheet = scene.module.worksheet
    assert worksheet is not None
    shown = [field.key for part in page.parts for field in part.fields]
    assert shown == [field.key for part in worksheet.parts for field in part.fields]
    mission = find_field(page, "mission_statement")
    assert mission.questions[0].text == MISSION
    assert mission.help
    assert mission.criteria == ("mission",)


def test_every_criterion_is_rated_once_after_the_last_question_it_looks_at(scene: ReviewScene) -> None:
    parts = {part.key: part.criteria for part in scene.open().parts}
    assert parts == {
        "A": ("listening",),
        "B": ("beliefs",),
        "C": ("mission",),
        "D": ("vision_goals",),
        "E": (),
        "F": ("follow_through",),
    }


def test_private_fields_show_only_that_they_are_done(scene: ReviewScene) -> None:
    with scene.make.changing(scene.revision) as revision:
        revision.document = write_plan(scene.module, rough_draft="SECRET THOUGHT")
    page = scene.open()
    field = find_field(page, "rough_draft")
    assert field.questions[0].note == KEPT_PRIVATE
    assert "SECRET" not in repr(page)
    assert not field.can_be_named
    assert not field.can_be_commented


def test_a_private_field_its_author_shows_can_be_read_and_commented_but_not_named(scene: ReviewScene) -> None:
    with scene.make.changing(scene.revision) as revision:
        revision.document = write_plan(scene.module, rough_draft="See this") | {"shown": ["rough_draft"]}
    field = find_field(scene.open(), "rough_draft")
    assert field.questions[0].text == "See this"
    assert field.can_be_commented
    assert not field.can_be_named


def test_an_extra_that_was_left_out_is_never_named(scene: ReviewScene) -> None:
    assert not find_field(scene.open(), "value_tension").can_be_named
    with scene.make.changing(scene.revision) as revision:
        revision.document = write_plan(scene.module, value_tension="Quiet and welcome collide here.")
    assert find_field(scene.open(), "value_tension").can_be_named


def test_a_resubmission_shows_what_changed_beside_the_earlier_comment(scene: ReviewScene) -> None:
    scene.save(comments={"mission_statement": "Name one learner."}, named_fields=("mission_statement",))
    scene.release(Decision.RETURN, version=1)
    scene.submit_again(2, mission_statement="Every reader in grade six asks better questions.")
    page = scene.open()
    assert page.changed_count == 1
    assert page.compared_with == 1
    change = find_field(page, "mission_statement").changes[0]
    assert (change.before, change.after) == (MISSION, "Every reader in grade six asks better questions.")
    assert page.previous is not None
    assert page.previous.content.comments == {"mission_statement": "Name one learner."}
    assert page.draft.content.is_empty, "old words are shown beside the new, not sent again"


def test_a_revision_nobody_read_is_not_what_she_compares_with(scene: ReviewScene) -> None:
    scene.take_back()
    scene.submit_again(2)
    page = scene.open()
    assert page.compared_with is None
    assert page.changed_count == 0


def test_reflections_are_beside_the_plan_and_a_private_one_stays_private(scene: ReviewScene) -> None:
    scene.add_reflection("a", "I kept the door open.")
    scene.add_reflection("b", "SECRET THOUGHT", is_private=True)
    page = scene.open()
    first, second = page.reflections
    assert (first.text, first.can_comment, first.can_send_back) == ("I kept the door open.", True, True)
    assert (second.text, second.is_private, second.can_comment, second.can_send_back) == (None, True, False, False)
    assert "SECRET" not in repr(page)


def test_a_draft_of_hers_is_never_shown(scene: ReviewScene) -> None:
    user = scene.make.user(name="Ana Lopez")
    enrolment = scene.make.enrolment(user, scene.cohort)
    work = scene.make.submission(
        enrolment, activity_key="plan", draft=write_plan(scene.module, campus_name="SECRET"), draft_version=3
    )
    page = scene.open(submission=work)
    assert page.standpoint is Standpoint.NOT_SUBMITTED
    assert "SECRET" not in repr(page)
    assert scene.list_verbs() == [], "nothing was read"


def test_a_plan_she_opened_again_shows_what_was_accepted(scene: ReviewScene) -> None:
    scene.release(Decision.ACCEPT)
    with scene.make.changing(scene.find_plan()) as plan:
        plan.state, plan.current_review_id = WorkState.DRAFT, None
        plan.draft = write_plan(scene.module, campus_name="SECRET")
    page = scene.open()
    assert page.standpoint is Standpoint.BEING_REVISED
    assert page.released is not None
    assert "SECRET" not in repr(page)


def test_a_reflection_opens_the_page_of_its_module(scene: ReviewScene) -> None:
    work, _ = scene.add_reflection("a")
    assert scene.open(submission=work).submission_id == scene.plan.id


def test_reflections_alone_can_be_read_before_there_is_a_plan(scene: ReviewScene) -> None:
    user = scene.make.user(name="Ana Lopez")
    enrolment = scene.make.enrolment(user, scene.cohort)
    work = scene.make.submission(
        enrolment, activity_key="a", kind="reflection", state=WorkState.SUBMITTED, revision_count=1
    )
    scene.make.revision(work, number=1, document={"text": "Early bird"})
    page = scene.open(submission=work)
    assert page.standpoint is Standpoint.NOT_SUBMITTED
    assert page.reflections[0].text == "Early bird"
    assert scene.list_verbs() == ["opened_reflections"]


def test_opening_is_a_fact_once_an_hour_for_each_reader(scene: ReviewScene) -> None:
    scene.open()
    scene.clock.advance(minutes=59)
    scene.open()
    scene.open(scene.omar)
    assert scene.list_verbs() == ["opened_plan", "opened_plan"]
    scene.clock.advance(minutes=2)
    scene.open()
    assert scene.list_verbs() == ["opened_plan"] * 3


def test_the_page_looks_ahead_to_the_score(scene: ReviewScene) -> None:
    scene.as_policy(Policy.POINTS)
    scene.add_reflection("a", " ".join(["word"] * 250))
    outlook = scene.open().outlook
    assert outlook is not None
    assert (outlook.score, outlook.holdings) == (None, (Holding.REFLECTIONS_NOT_SUBMITTED,))
    scene.add_reflection("b", " ".join(["word"] * 250))
    scene.save(ratings=rate_all(scene.module, 3))
    page = scene.open()
    assert page.outlook is not None
    assert page.outlook.score == 84
    assert page.points == 54
    assert page.suggestion is Decision.ACCEPT
