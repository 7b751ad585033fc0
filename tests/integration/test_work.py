"""Drafts, submitting, taking back and reading: nothing lost, nothing doubled, nothing out of turn."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_tool.domain.roles import Standing
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.models import AuditFact, ReadingRecord, Revision, Store
from lti_tool.services.drafts import LONGEST_REFLECTION
from lti_tool.services.errors import (
    IncompleteError,
    NotAllowedError,
    NotFoundError,
    NotNowError,
    OutsideRangeError,
    RefusedDocumentError,
    StaleError,
)
from lti_tool.services.module_values import ActivityState, Reason
from lti_tool.services.readings import mark_read, record_checks, show_reading
from lti_tool.services.submitting import reopen_work, take_back_work
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.series import announce
from tests.support.work_scene import WORDS_IN_RANGE, WorkScene, make_work_scene, read_good_plan


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    return make_work_scene(store, clock, make)


def test_a_draft_is_versioned(scene: WorkScene) -> None:
    assert scene.save(text="One").version == 1
    assert scene.save(version=1, text="One two").version == 2
    page = scene.open()
    assert (page.document, page.version, page.saved_at) == ({"text": "One two"}, 2, scene.clock.now())


def test_a_stale_save_overwrites_nothing(scene: WorkScene) -> None:
    scene.save(text="From the tablet")
    with pytest.raises(StaleError) as refusal:
        scene.save(version=0, text="From the laptop")
    assert refusal.value.current_version == 1
    assert scene.open().document == {"text": "From the tablet"}


def test_the_same_text_again_is_no_conflict(scene: WorkScene) -> None:
    """Its first answer was lost on the way, so the page sends it again with the old version."""
    scene.save(text="Once")
    assert scene.save(version=0, text="Once").version == 1


def test_unkeepable_characters_are_taken_out_and_all_others_kept(scene: WorkScene) -> None:
    text = "Ma\u00f1ana \u200f\u0645\u0631\u062d\u0628\u0627\u200f \U0001f469\U0001f3fd\u200d\U0001f3eb a\x00b"
    scene.save(text=text)
    assert scene.open().document == {"text": text.replace("\x00", "")}


def test_a_text_beyond_the_limit_is_refused_and_the_saved_one_stays(scene: WorkScene) -> None:
    scene.save(text="Short")
    with pytest.raises(RefusedDocumentError):
        scene.save(version=1, text="x" * (LONGEST_REFLECTION + 1))
    assert scene.open().document == {"text": "Short"}


def test_where_she_stopped_is_kept(scene: WorkScene) -> None:
    scene.save("plan", fields={"campus_name": "Mesa"}, place="C")
    stopped = scene.show().stopped
    assert stopped is not None
    assert (stopped.key, stopped.place, stopped.at) == ("plan", "C", scene.clock.now())


def test_submitting_makes_a_numbered_revision(scene: WorkScene) -> None:
    submitted = scene.submit(text=WORDS_IN_RANGE)
    assert submitted.number == 1
    assert scene.find("a").state == WorkState.SUBMITTED
    assert scene.list_verbs() == ["submitted"]


def test_submitting_twice_makes_one_revision(scene: WorkScene) -> None:
    scene.submit(text=WORDS_IN_RANGE)
    assert scene.submit(version=0, text=WORDS_IN_RANGE).number == 1
    with scene.store.reading() as session:
        assert session.query(Revision).count() == 1


def test_submitted_work_cannot_be_changed_behind_the_reader(scene: WorkScene) -> None:
    scene.submit(text=WORDS_IN_RANGE)
    with pytest.raises(NotNowError):
        scene.save(version=1, text="Something else")
    assert scene.open().document == {"text": WORDS_IN_RANGE}


def test_an_unfinished_plan_is_saved_and_told_what_is_missing(scene: WorkScene) -> None:
    with pytest.raises(IncompleteError) as refusal:
        scene.submit("plan", fields={"campus_name": "Mesa", "mission_statement": "We help."})
    messages = {gap.path: gap.message for gap in refusal.value.gaps}
    assert "2 words" in messages["mission_statement"]
    assert "15" in messages["mission_statement"]
    page = scene.open("plan")
    assert page.state is WorkState.DRAFT
    assert page.document["fields"]["campus_name"] == "Mesa"
    assert page.version == refusal.value.version == 1


def test_a_good_plan_is_submitted(scene: WorkScene) -> None:
    assert scene.submit_plan().number == 1
    assert scene.show().plan_submitted_at == scene.clock.now()
    assert scene.show().can_take_back


def test_a_reflection_outside_its_range_needs_a_yes(scene: WorkScene) -> None:
    with pytest.raises(OutsideRangeError) as refusal:
        scene.submit(text="Too short.")
    assert refusal.value.words == 2
    assert scene.submit(version=1, text="Too short.", accepts_range=True).number == 1


def test_an_empty_reflection_is_not_submitted(scene: WorkScene) -> None:
    with pytest.raises(NotNowError):
        scene.submit(text="  \n ", accepts_range=True)


def test_taking_back_and_submitting_again(scene: WorkScene) -> None:
    scene.submit(text=WORDS_IN_RANGE)
    take_back_work(scene.store, scene.dana, scene.series, "visioning", "a", now=scene.clock.now())
    assert scene.open().can_edit
    changed = WORDS_IN_RANGE + "more"
    assert scene.submit(version=1, text=changed).number == 2
    with scene.store.reading() as session:
        documents = [row.document["text"] for row in session.query(Revision).order_by(Revision.number)]
    assert documents == [WORDS_IN_RANGE, changed]
    assert scene.list_verbs() == ["submitted", "took_back", "submitted"]


def test_nothing_is_taken_back_from_under_a_reader(scene: WorkScene) -> None:
    scene.submit_plan()
    plan = scene.find("plan")
    with scene.make.changing(plan) as row:
        row.state = WorkState.IN_REVIEW
        row.lease_owner_id = scene.ruth.user_id
        row.lease_expires_at = scene.clock.now() + timedelta(minutes=30)
    with pytest.raises(NotNowError):
        take_back_work(scene.store, scene.dana, scene.series, "visioning", "plan", now=scene.clock.now())
    scene.clock.advance(minutes=31)
    take_back_work(scene.store, scene.dana, scene.series, "visioning", "plan", now=scene.clock.now())
    assert scene.find("plan").state == WorkState.DRAFT


def test_returned_work_is_hers_again_with_the_reply_beside_it(scene: WorkScene) -> None:
    scene.submit_plan()
    scene.review_plan(Decision.RETURN)
    page = scene.show()
    assert page.next_step is not None
    assert page.next_step.reason is Reason.REVISE
    assert [reply.is_new for reply in page.replies] == [True]
    work = scene.open("plan")
    assert work.can_edit
    assert work.review is not None
    assert work.review.content.overall.startswith("One question")
    assert [reply.is_new for reply in scene.show().replies] == [False]


def test_accepted_work_can_be_opened_again_and_its_reply_stays(scene: WorkScene) -> None:
    scene.submit_plan()
    scene.review_plan()
    assert scene.open("plan").can_reopen
    reopen_work(scene.store, scene.dana, scene.series, "visioning", "plan", now=scene.clock.now())
    work = scene.open("plan")
    assert (work.state, work.can_edit) == (WorkState.DRAFT, True)
    assert work.review is not None


def test_readings_are_recorded_for_trying(scene: WorkScene) -> None:
    reading = scene.module.readings[0]
    where = (scene.store, scene.dana, scene.series, "visioning", reading.key)
    first, second = reading.checks[0].key, reading.checks[1].key
    record_checks(*where, {first: "not_sure", "nonsense": "x", second: "no_such_option"}, now=scene.clock.now())
    page = show_reading(*where)
    assert page.tried == {first: "not_sure"}
    assert page.marked_read_at is None
    mark_read(*where, now=scene.clock.now())
    read_at = scene.clock.now()
    scene.clock.advance(minutes=5)
    mark_read(*where, now=scene.clock.now())
    assert show_reading(*where).marked_read_at == read_at
    assert scene.list_verbs() == ["tried_checks", "marked_read"]


def test_the_list_of_activities_says_where_each_stands(scene: WorkScene) -> None:
    scene.submit(text=WORDS_IN_RANGE)
    scene.save("plan", fields={"campus_name": "Mesa"})
    states = {row.key: row.state for row in scene.show().activities}
    assert states["a"] is ActivityState.SUBMITTED
    assert states["b"] is ActivityState.NOT_STARTED
    assert states["plan"] is ActivityState.DRAFT


def test_the_time_a_plan_takes_shrinks_as_it_is_written(scene: WorkScene) -> None:
    def look() -> int:
        return next(row.minutes for row in scene.show().activities if row.key == "plan")

    before = look()
    scene.save("plan", fields={**dict(read_good_plan()), "vision_three_years": ""})
    assert 0 < look() < before


@pytest.mark.parametrize("standing", [Standing.STAFF, Standing.VISITOR, Standing.ADMINISTRATOR])
def test_only_those_with_work_of_their_own_write(scene: WorkScene, standing: Standing) -> None:
    visit = replace(scene.dana, standing=standing)
    with pytest.raises(NotAllowedError):
        scene.save(visit=visit, text="Hello")
    with pytest.raises(NotAllowedError):
        mark_read(scene.store, visit, scene.series, "visioning", "r1", now=scene.clock.now())
    assert scene.show(visit).score is None


def test_a_learner_never_opens_anothers_work(scene: WorkScene) -> None:
    scene.save(text="Mine alone")
    other = scene.make.user(name="Priya Raman")
    scene.make.enrolment(other, scene.cohort)
    visit = replace(scene.dana, user_id=other.id)
    scene.save(visit=visit, text="Hers")
    assert scene.open().document == {"text": "Mine alone"}


def test_there_is_no_work_where_none_is_open(scene: WorkScene) -> None:
    series = announce(scene.series, "relationships")
    for module, key in [("relationships", "plan"), ("visioning", "z"), ("nowhere", "plan")]:
        with pytest.raises(NotFoundError):
            take_back_work(scene.store, scene.dana, series, module, key, now=scene.clock.now())


def test_who_reads_it_is_told_to_those_who_write(scene: WorkScene) -> None:
    """Whoever has once been staff here counts, as a learner too; nobody reads her own; visitors see no names."""
    assert scene.show().reviewer_names == ("Ruth Okafor",)
    omar_here = scene.make.membership(
        scene.make.user(name="Omar Haddad"), standing=Standing.PRACTICE, has_been_staff=True
    )
    assert scene.show().reviewer_names == ("Omar Haddad", "Ruth Okafor")
    omar = replace(scene.dana, user_id=omar_here.user_id, standing=Standing.PRACTICE)
    assert scene.show(omar).reviewer_names == ("Ruth Okafor",)
    assert scene.show(replace(scene.dana, standing=Standing.VISITOR)).reviewer_names == ()


def test_the_fact_of_a_reading_names_it_however_long_its_name(scene: WorkScene) -> None:
    """Two keys of forty letters are more than an object's id may be long."""
    key = scene.module.readings[0].key
    mark_read(scene.store, scene.dana, scene.series, "visioning", key, now=scene.clock.now())
    with scene.store.reading() as session:
        fact, record = session.scalars(select(AuditFact)).one(), session.scalars(select(ReadingRecord)).one()
    assert (fact.object_kind, fact.object_id) == ("reading_record", str(record.id))
    assert fact.facts == {"module": "visioning", "reading": key}
