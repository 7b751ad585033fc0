"""Two at once, on both databases: nothing is doubled, nothing is lost, and nobody sees an error for it.

Each test holds both transactions at the place where the harm would be done, so that it fails every time without the
lock or the second try it is about.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from lti_tool.domain.deliveries import DeliveryState
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.values import AgsEndpoint, ContextClaim
from lti_tool.models import (
    Base,
    Cohort,
    Context,
    Deployment,
    Enrolment,
    LineItem,
    Membership,
    ReadingRecord,
    Registration,
    ResourceLink,
    Revision,
    ScoreDelivery,
    Store,
    Submission,
    User,
)
from lti_tool.services import (
    arrival_links,
    arrivals,
    drafts,
    readings,
    review_access,
    review_drafts,
    review_release,
    reviews,
    scores,
    submitting,
)
from lti_tool.services.arrivals import Arrival
from lti_tool.services.drafts import Saved
from lti_tool.services.errors import NotNowError, StaleError
from lti_tool.services.readings import mark_read, record_checks
from lti_tool.services.review_values import Released, SavedReview, TakenBackError
from lti_tool.services.submitting import Submitted, take_back_work
from tests.support.arrivals import Doorstep
from tests.support.clock import Clock
from tests.support.factories import AGS_SCOPES, PLATFORM, Factory
from tests.support.meeting import meet_after, run_at_once
from tests.support.work_scene import WORDS_IN_RANGE, WorkScene, make_work_scene


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    return make_work_scene(store, clock, make)


@pytest.fixture
def doorstep(store: Store, clock: Clock, make: Factory) -> Doorstep:
    return Doorstep.of(store, clock, make.registration())


def count(store: Store, *tables: type[Base]) -> list[int]:
    with store.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def only(kind: type, results: list[object]) -> list[object]:
    return [result for result in results if isinstance(result, kind)]


# Launches


def test_two_people_are_the_first_of_a_new_course(doorstep: Doorstep, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (arrivals, "_find_known"))
    results = run_at_once(lambda: doorstep.arrive("dana"), lambda: doorstep.arrive("priya"))
    assert len(only(Arrival, results)) == 2, results
    once = (Deployment, Context, Cohort, ResourceLink, LineItem)
    assert count(doorstep.store, *once) == [1] * len(once)
    assert count(doorstep.store, User, Membership, Enrolment) == [2, 2, 2]


def test_a_new_person_clicks_twice(doorstep: Doorstep, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (arrivals, "_find_known"))
    first, second = run_at_once(doorstep.arrive, doorstep.arrive)
    assert isinstance(first, Arrival), first
    assert first == second
    assert count(doorstep.store, User, Enrolment) == [1, 1]


def test_a_whole_class_clicks_new_links_of_a_new_course(doorstep: Doorstep) -> None:
    people = [f"person-{number}" for number in range(8)]
    results = run_at_once(*(lambda person=person: doorstep.arrive(person) for person in people))
    assert len(only(Arrival, results)) == 8, results
    assert count(doorstep.store, Context, LineItem, User, Enrolment) == [1, 1, 8, 8]


def test_one_deployment_is_adopted_and_not_two(doorstep: Doorstep, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (arrivals, "record_fact"))
    results = run_at_once(
        lambda: doorstep.arrive("dana", ags=None),
        lambda: doorstep.arrive("priya", ags=None, deployment_id="another-deployment"),
    )
    (refusal,) = only(LaunchRefused, results)
    assert isinstance(refusal, LaunchRefused)
    assert refusal.code is RefusalCode.UNKNOWN_DEPLOYMENT
    assert count(doorstep.store, Deployment, User) == [1, 1]


# Drafts, submitting, reading


def test_two_tabs_make_the_same_first_save(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (drafts, "find_submission"))
    results = run_at_once(lambda: scene.save(text="Once"), lambda: scene.save(text="Once"))
    assert [saved.version for saved in results if isinstance(saved, Saved)] == [1, 1], results
    assert count(scene.store, Submission) == [1]


def test_two_tabs_make_different_first_saves(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (drafts, "find_submission"))
    results = run_at_once(lambda: scene.save(text="From the tablet"), lambda: scene.save(text="From the laptop"))
    assert len(only(Saved, results)) == 1
    (refusal,) = only(StaleError, results)
    assert isinstance(refusal, StaleError)
    assert refusal.current_version == 1


def test_a_double_click_on_submit_makes_one_revision(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (drafts, "find_submission"))
    results = run_at_once(lambda: scene.submit(text=WORDS_IN_RANGE), lambda: scene.submit(text=WORDS_IN_RANGE))
    assert [done.number for done in results if isinstance(done, Submitted)] == [1, 1], results
    assert count(scene.store, Revision) == [1]
    assert scene.list_verbs() == ["submitted"]


def test_submitting_a_saved_draft_twice_makes_one_revision(scene: WorkScene) -> None:
    scene.save(text=WORDS_IN_RANGE)
    results = run_at_once(*[lambda: scene.submit(version=1, text=WORDS_IN_RANGE)] * 4)
    assert [done.number for done in results if isinstance(done, Submitted)] == [1] * 4, results
    assert count(scene.store, Revision) == [1]


def test_a_reading_is_marked_twice_at_once(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, (readings, "_find_record"))
    key = scene.module.readings[0].key

    def mark() -> None:
        mark_read(scene.store, scene.dana, scene.series, "visioning", key, now=scene.clock.now())

    assert run_at_once(mark, mark) == [None, None]
    assert count(scene.store, ReadingRecord) == [1]


def test_two_checks_tried_at_once_are_both_kept(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = scene.module.readings[0]

    def try_check(number: int) -> None:
        answers = {reading.checks[number].key: "not_sure"}
        record_checks(scene.store, scene.dana, scene.series, "visioning", reading.key, answers, now=scene.clock.now())

    try_check(0)
    meet_after(monkeypatch, (readings, "_find_record"))
    assert run_at_once(lambda: try_check(1), lambda: try_check(2)) == [None, None]
    with scene.store.reading() as session:
        tried = session.scalars(select(ReadingRecord.tried)).one()
    assert set(tried) == {check.key for check in reading.checks[:3]}


# The author and the reviewer


def take_back(scene: WorkScene) -> Callable[[], None]:
    return lambda: take_back_work(scene.store, scene.dana, scene.series, "visioning", "plan", now=scene.clock.now())


def start_review(scene: WorkScene) -> Callable[[], SavedReview]:
    plan_id = scene.find("plan").id
    return lambda: reviews.start_review(scene.store, scene.ruth, scene.series, plan_id, now=scene.clock.now())


def release(scene: WorkScene, decision: Decision = Decision.ACCEPT) -> Callable[[], Released]:
    plan = scene.find("plan")
    with scene.store.reading() as session:
        revision = session.scalars(select(Revision).where(Revision.submission_id == plan.id)).one()
    return lambda: reviews.release_review(
        scene.store,
        scene.ruth,
        scene.series,
        plan.id,
        revision_id=revision.id,
        decision=decision,
        version=0,
        now=scene.clock.now(),
    )


def test_taking_back_and_starting_a_review_exclude_one_another(
    scene: WorkScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.submit_plan()
    meet_after(monkeypatch, (submitting, "find_submission"), (review_drafts, "find_case"))
    taken_back, started = run_at_once(take_back(scene), start_review(scene))
    if isinstance(started, SavedReview):
        assert isinstance(taken_back, NotNowError)
        assert scene.find("plan").state == WorkState.IN_REVIEW
    else:
        assert (taken_back, type(started)) == (None, TakenBackError)
        assert scene.find("plan").state == WorkState.DRAFT


def test_submitting_and_starting_a_review_exclude_one_another(
    scene: WorkScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.submit_plan()
    take_back(scene)()
    meet_after(monkeypatch, (drafts, "find_submission"), (review_drafts, "find_case"))
    submitted, started = run_at_once(
        lambda: scene.submit("plan", version=1, fields=scene.open("plan").document["fields"]), start_review(scene)
    )
    assert isinstance(submitted, Submitted), submitted
    is_reading = isinstance(started, SavedReview)
    assert is_reading or isinstance(started, TakenBackError)
    assert scene.find("plan").state == (WorkState.IN_REVIEW if is_reading else WorkState.SUBMITTED)


def test_taking_back_and_releasing_exclude_one_another(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.submit_plan()
    meet_after(monkeypatch, (submitting, "find_submission"), (review_release, "find_case"))
    taken_back, released = run_at_once(take_back(scene), release(scene))
    if isinstance(released, Released):
        assert isinstance(taken_back, NotNowError)
        assert scene.find("plan").state == WorkState.ACCEPTED
    else:
        assert (taken_back, type(released)) == (None, TakenBackError)
        assert scene.find("plan").state == WorkState.DRAFT


def test_a_double_click_on_release_releases_once(scene: WorkScene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.submit_plan()
    meet_after(monkeypatch, (review_access, "find_latest_revision"), (review_release, "find_case"))
    results = run_at_once(release(scene), release(scene))
    assert len(only(Released, results)) == 1, results
    assert len(only(NotNowError, results)) == 1
    assert scene.list_verbs().count("released_review") == 1


# Scores


def list_states(store: Store) -> list[tuple[int, str]]:
    with store.reading() as session:
        rows = session.execute(select(ScoreDelivery.score, ScoreDelivery.state))
        return [(score, state) for score, state in rows]


def test_her_last_submission_and_the_release_at_once_still_send_the_score(
    scene: WorkScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would find the other's half undone, and nobody would come back to look."""
    scene.submit("a", text=WORDS_IN_RANGE)
    scene.submit_plan()
    meet_after(monkeypatch, (scores, "gather_facts"))
    submitted, released = run_at_once(lambda: scene.submit("b", text=WORDS_IN_RANGE), release(scene))
    assert isinstance(submitted, Submitted), submitted
    assert isinstance(released, Released), released
    assert sorted([submitted.settled.completes, released.completes]) == [False, True]
    assert list_states(scene.store) == [(100, DeliveryState.WAITING)]


def test_a_score_and_the_column_it_waits_for_at_once_find_one_another(
    scene: WorkScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene.make.changing(scene.column) as column:
        column.is_gone = True
    scene.submit("a", text=WORDS_IN_RANGE)
    scene.submit_plan()
    release(scene)()
    launch = arrive_in_course_of(scene)
    meet_after(monkeypatch, (scores, "list_columns"), (arrival_links, "queue_waiting_scores"))
    submitted, arrival = run_at_once(lambda: scene.submit("b", text=WORDS_IN_RANGE), launch)
    assert isinstance(submitted, Submitted), submitted
    assert isinstance(arrival, Arrival), arrival
    assert list_states(scene.store) == [(100, DeliveryState.WAITING)]


def arrive_in_course_of(scene: WorkScene) -> Callable[[], Arrival]:
    """Somebody launches in the scene's course through a link whose column is new."""
    with scene.store.reading() as session:
        context = session.get_one(Context, scene.cohort.context_id)
        deployment = session.get_one(Deployment, context.deployment_id)
        registration = session.get_one(Registration, deployment.registration_id)
    doorstep = Doorstep.of(scene.store, scene.clock, registration)
    return lambda: doorstep.arrive(
        "priya",
        deployment_id=deployment.id_on_platform,
        context=ContextClaim(context.id_on_platform),
        ags=AgsEndpoint(AGS_SCOPES, None, f"{PLATFORM}/new-column"),
    )
