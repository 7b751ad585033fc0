"""A column is gone: its module's other column is looked for once, and the score goes there."""

import pytest
from sqlalchemy import select

from lti_tool.lti import vocabulary
from lti_tool.lti.values import AnswerClass, LineItemValue
from lti_tool.models import Context, LineItem, ScoreDelivery, Store
from tests.support.clock import Clock
from tests.support.factories import PLATFORM, Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


def queue(outbox: Outbox) -> ScoreDelivery:
    earned = outbox.make.earned_score(points=92, comment="Well argued.")
    return outbox.queue(earned_score=earned)


def found(url: str, **fields: str) -> LineItemValue:
    usual = {"resource_id": "visioning", "tag": "leading-edge", "resource_link_id": None}
    return LineItemValue(url, "Visioning", None, **(usual | fields))


def test_the_score_goes_to_the_column_that_took_the_place_of_one_that_is_gone(outbox: Outbox, store: Store) -> None:
    delivery = queue(outbox)
    other = f"{PLATFORM}/columns/new"
    outbox.book.plan = [AnswerClass.COLUMN_GONE]
    outbox.book.columns = [found(outbox.url), found(other), found(f"{PLATFORM}/x", resource_id="coaching")]
    outbox.work()
    outbox.work()
    assert outbox.book.cell(other, outbox.sub).score == 92
    assert outbox.book.cell(other, outbox.sub).comments == ["Well argued."]
    assert len(outbox.book.listings) == 1, "looked once"
    assert outbox.state(delivery) == ("needs_you", "column_gone")
    with store.reading() as session:
        states = session.scalars(select(ScoreDelivery.state).order_by(ScoreDelivery.id)).all()
        columns = session.execute(select(LineItem.url, LineItem.is_gone).order_by(LineItem.id)).all()
    assert states == ["needs_you", "confirmed"]
    assert [tuple(row) for row in columns] == [(outbox.url, True), (other, False)]
    outbox.work()
    assert len(outbox.book.sent) == 2, "nothing is doubled"


def test_everybodys_score_moves_with_the_first_answer(outbox: Outbox, make: Factory, store: Store) -> None:
    for _ in range(3):
        outbox.queue(earned_score=make.earned_score(make.enrolment(make.user()), points=92))
    other = f"{PLATFORM}/columns/new"
    outbox.book.plan = [AnswerClass.COLUMN_GONE]
    outbox.book.columns = [found(other)]
    outbox.work()
    outbox.work()
    assert sorted(url for url, _ in outbox.book.cells) == [other] * 3
    assert len(outbox.book.sent) == 4
    assert len(outbox.book.listings) == 1


def test_where_nothing_took_its_place_it_needs_a_person(outbox: Outbox) -> None:
    delivery = queue(outbox)
    outbox.book.plan = [AnswerClass.COLUMN_GONE]
    outbox.book.columns = [found(outbox.url), found(f"{PLATFORM}/x", tag="another-tool")]
    outbox.work()
    assert outbox.state(delivery) == ("needs_you", "column_gone")
    assert len(outbox.book.sent) == 1


@pytest.mark.parametrize("failure", [AnswerClass.THROTTLED, AnswerClass.PLATFORM_DOWN])
def test_if_the_platform_does_not_say_nothing_is_decided(outbox: Outbox, clock: Clock, failure: AnswerClass) -> None:
    delivery = queue(outbox)
    outbox.book.plan = [AnswerClass.COLUMN_GONE, AnswerClass.COLUMN_GONE]
    outbox.book.listing_failures = [failure]
    outbox.book.columns = [found(f"{PLATFORM}/columns/new")]
    outbox.work()
    assert outbox.state(delivery) == ("waiting", failure.value)
    clock.advance(minutes=1)
    outbox.work()
    outbox.work()
    assert outbox.book.cell(f"{PLATFORM}/columns/new", outbox.sub).score == 92


@pytest.mark.parametrize("failure", [AnswerClass.NO_PERMISSION, AnswerClass.REFUSED, AnswerClass.COLUMN_GONE])
def test_where_looking_is_refused_it_needs_a_person(outbox: Outbox, failure: AnswerClass) -> None:
    delivery = queue(outbox)
    outbox.book.plan = [AnswerClass.COLUMN_GONE]
    outbox.book.listing_failures = [failure]
    outbox.work()
    assert outbox.state(delivery) == ("needs_you", "column_gone")


def test_without_the_right_to_look_it_needs_a_person(outbox: Outbox, make: Factory, store: Store) -> None:
    delivery = queue(outbox)
    with store.writing() as session:
        for context in session.scalars(select(Context)):
            context.ags_scopes = [vocabulary.SCOPE_SCORE]
    outbox.book.plan = [AnswerClass.COLUMN_GONE]
    outbox.work()
    assert outbox.state(delivery) == ("needs_you", "column_gone")
    assert outbox.book.listings == []
