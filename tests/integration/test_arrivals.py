"""Who arrives as what, in which cohort, and what a launch does to scores and columns (D12, D13)."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from lti_tool.domain.deliveries import DeliveryReason, DeliveryState
from lti_tool.domain.roles import Standing
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.values import AgsEndpoint
from lti_tool.models import Cohort, Context, EarnedScore, Enrolment, LineItem, ResourceLink, ScoreDelivery, Store, User
from lti_tool.services.delivery_reports import count_deliveries, retry_deliveries
from lti_tool.services.grades import list_deliveries
from lti_tool.services.links import bind_link, show_link
from tests.support.arrivals import COLUMN, INSTRUCTOR, Doorstep
from tests.support.clock import Clock
from tests.support.factories import AGS_SCOPES, PLATFORM, Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox
from tests.support.review_scene import make_visit


@pytest.fixture
def doorstep(store: Store, clock: Clock, make: Factory) -> Doorstep:
    return Doorstep.of(store, clock, make.registration())


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


def load_enrolment(store: Store, user_id: int, cohort_id: int | None = None) -> Enrolment:
    with store.reading() as session:
        statement = select(Enrolment).where(Enrolment.user_id == user_id)
        return session.scalars(statement if cohort_id is None else statement.filter_by(cohort_id=cohort_id)).one()


def load_column(store: Store, url: str = COLUMN) -> LineItem:
    with store.reading() as session:
        return session.scalars(select(LineItem).where(LineItem.url == url)).one()


def list_wanted(store: Store) -> list[tuple[int, str]]:
    """What each cell is to hold."""
    with store.reading() as session:
        rows = session.execute(select(ScoreDelivery.score, ScoreDelivery.state).order_by(ScoreDelivery.id))
        return [(score, state) for score, state in rows]


# Who has once been staff (D12)


def test_nothing_is_sent_any_more_of_who_became_staff(doorstep: Doorstep, outbox: Outbox, make: Factory) -> None:
    """Not even what waited already, and not when somebody says "try again"."""
    store = doorstep.store
    dana = doorstep.arrive("dana")
    earned = make.earned_score(load_enrolment(store, dana.user_id))
    make.score_delivery(earned, load_column(store))
    assert doorstep.arrive("dana", role=INSTRUCTOR).standing is Standing.STAFF
    retry_deliveries(store, None, now=doorstep.clock.now())
    assert outbox.work().did_nothing
    assert outbox.book.sent == []
    assert count_deliveries(store).states[DeliveryState.WAITING] == 0
    assert count_deliveries(store).waiting_since is None


def test_her_scores_leave_the_facilitators_list(doorstep: Doorstep, make: Factory) -> None:
    store = doorstep.store
    dana, ruth = doorstep.arrive("dana"), doorstep.arrive("ruth", role=INSTRUCTOR)
    earned = make.earned_score(load_enrolment(store, dana.user_id))
    make.score_delivery(earned, load_column(store))
    with store.reading() as session:
        user, cohort = session.get_one(User, ruth.user_id), session.scalars(select(Cohort)).one()
    visit = make_visit(user, cohort.context_id, cohort)
    assert len(list_deliveries(store, visit, doorstep.series).rows) == 1
    doorstep.arrive("dana", role=INSTRUCTOR)
    page = list_deliveries(store, visit, doorstep.series)
    assert (page.rows, page.without_column) == ((), ())


def test_a_new_column_receives_no_practice(doorstep: Doorstep, make: Factory) -> None:
    store = doorstep.store
    dana = doorstep.arrive("dana", ags=None)
    make.earned_score(load_enrolment(store, dana.user_id))
    doorstep.arrive("dana", role=INSTRUCTOR)
    assert list_wanted(store) == []


def test_her_learner_launches_are_practice_from_then_on(doorstep: Doorstep) -> None:
    doorstep.arrive("ruth", role=INSTRUCTOR)
    assert doorstep.arrive("ruth").standing is Standing.PRACTICE


# Cohorts: several, and closed ones


def test_a_cohort_closes_at_the_end_of_its_day_wherever_she_is(doorstep: Doorstep, make: Factory) -> None:
    """At 10 pm in Dallas the next day has begun in Greenwich."""
    dana = doorstep.arrive("dana")
    with doorstep.store.reading() as session:
        cohort = session.scalars(select(Cohort)).one()
    with make.changing(cohort) as row:
        row.closes_on = date(2026, 3, 4)
    doorstep.clock.advance(hours=8)
    assert doorstep.clock.now() == datetime.fromisoformat("2026-03-05T04:14:00+00:00")
    assert doorstep.arrive("dana").cohort_id == dana.cohort_id
    doorstep.clock.advance(hours=8)
    assert doorstep.arrive("dana").cohort_id is None


def test_a_launch_goes_to_her_newest_open_cohort(doorstep: Doorstep, make: Factory) -> None:
    store = doorstep.store
    dana, priya = doorstep.arrive("dana"), doorstep.arrive("priya")
    with store.reading() as session:
        context, user = session.scalars(select(Context)).one(), session.get_one(User, dana.user_id)
    doorstep.clock.advance(days=300)
    newer = make.cohort(context, name="Next year")
    make.enrolment(user, newer)
    assert doorstep.arrive("dana").cohort_id == newer.id
    assert doorstep.arrive("priya").cohort_id == priya.cohort_id
    with make.changing(newer) as row:
        row.closes_on = doorstep.clock.now().date() - timedelta(days=1)
    assert doorstep.arrive("dana").cohort_id == dana.cohort_id


# Columns


def test_a_new_column_receives_the_later_of_two_cohorts_scores(doorstep: Doorstep, make: Factory) -> None:
    store = doorstep.store
    dana = doorstep.arrive("dana", ags=None)
    with store.reading() as session:
        context, user = session.scalars(select(Context)).one(), session.get_one(User, dana.user_id)
    later = make.enrolment(user, make.cohort(context))
    make.earned_score(later, points=90, earned_at=doorstep.clock.now())
    make.earned_score(
        load_enrolment(store, dana.user_id, dana.cohort_id), points=70, earned_at=doorstep.clock.now() - timedelta(300)
    )
    doorstep.arrive("dana")
    assert list_wanted(store) == [(90, DeliveryState.WAITING)]
    with store.reading() as session:
        assert session.scalars(select(ScoreDelivery.version)).one() == 1


def test_a_column_that_is_there_again_is_told_what_it_missed(doorstep: Doorstep, make: Factory) -> None:
    store = doorstep.store
    dana, priya = doorstep.arrive("dana"), doorstep.arrive("priya")
    column = load_column(store)
    stuck = make.earned_score(load_enrolment(store, dana.user_id), points=80)
    make.score_delivery(stuck, column, state="needs_you", reason=DeliveryReason.COLUMN_GONE, next_attempt_at=None)
    risen = make.earned_score(load_enrolment(store, priya.user_id), points=84)
    told = {"state": "confirmed", "next_attempt_at": None, "sent_version": 1, "confirmed_version": 1}
    make.score_delivery(risen, column, **told)
    with make.changing(column) as row:
        row.is_gone = True
    with store.writing() as session:
        session.get_one(EarnedScore, risen.id).points = 94
    doorstep.arrive("dana")
    assert list_wanted(store) == [(80, DeliveryState.WAITING), (94, DeliveryState.WAITING)]
    doorstep.arrive("priya")
    with store.reading() as session:
        assert session.scalars(select(ScoreDelivery.version)).all() == [2, 2]


def test_a_column_found_again_by_sending_is_told_what_it_missed(
    doorstep: Doorstep, outbox: Outbox, make: Factory
) -> None:
    store = doorstep.store
    dana, priya = doorstep.arrive("dana"), doorstep.arrive("priya")
    column = load_column(store)
    delivery = make.score_delivery(make.earned_score(load_enrolment(store, dana.user_id)), column)
    make.earned_score(load_enrolment(store, priya.user_id), points=90)
    with make.changing(column) as row:
        row.is_gone = True
    outbox.work_until_settled(delivery)
    assert sorted(list_wanted(store)) == [(90, DeliveryState.CONFIRMED), (100, DeliveryState.CONFIRMED)]
    assert len(outbox.book.sent) == 2


def test_a_column_that_opens_another_module_now_is_told_that_ones_score(doorstep: Doorstep, make: Factory) -> None:
    store = doorstep.store
    dana = doorstep.arrive("dana")
    enrolment = load_enrolment(store, dana.user_id)
    make.score_delivery(make.earned_score(enrolment, points=80), load_column(store))
    make.earned_score(enrolment, module_key="relationships", points=60)
    doorstep.arrive("dana", custom={"module": "relationships"})
    assert list_wanted(store) == [(60, DeliveryState.WAITING)]


def test_another_courses_column_is_left_alone(doorstep: Doorstep, make: Factory) -> None:
    """A platform that couples two courses' links to one address is believed once."""
    doorstep.arrive("dana")
    other = make.context(id_on_platform="course-8")
    column = make.line_item(other, url=f"{PLATFORM}/courses/8/line_items/1", is_gone=True)
    doorstep.arrive("dana", ags=AgsEndpoint(AGS_SCOPES, None, column.url))
    assert load_column(doorstep.store, column.url).is_gone


# Deployments and links


def test_a_second_deployment_is_not_adopted(doorstep: Doorstep) -> None:
    doorstep.arrive("dana")
    with pytest.raises(LaunchRefused) as refusal:
        doorstep.arrive("dana", deployment_id="another")
    assert refusal.value.code is RefusalCode.UNKNOWN_DEPLOYMENT


def test_a_link_that_names_its_module_itself_forgets_what_was_chosen_for_it(doorstep: Doorstep) -> None:
    store = doorstep.store
    ruth = doorstep.arrive("ruth", role=INSTRUCTOR, custom={})
    with store.reading() as session:
        user, cohort = session.get_one(User, ruth.user_id), session.scalars(select(Cohort)).one()
        link = session.scalars(select(ResourceLink)).one()
    visit = make_visit(user, cohort.context_id, cohort, resource_link_id=link.id)
    bind_link(store, visit, doorstep.series, "coaching", now=doorstep.clock.now())
    assert show_link(store, visit).was_chosen_here
    doorstep.arrive("dana", custom={"module": "visioning"})
    page = show_link(store, visit)
    assert (page.module_key, page.was_chosen_here) == ("visioning", False)
