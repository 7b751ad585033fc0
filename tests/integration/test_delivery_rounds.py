"""A worker's round: what is sent, what is recorded, and what follows each answer."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from lti_tool.domain.deliveries import DeliveryState
from lti_tool.lti import vocabulary
from lti_tool.lti.values import AnswerClass, PlatformAnswer, ScoreMessage
from lti_tool.models import DeliveryLease, EarnedScore, LineItem, ScoreAttempt, Store
from lti_tool.services.deliveries import DeliveryRound, next_due_at
from lti_tool.services.delivery_reports import count_deliveries, retry_deliveries
from lti_tool.services.scores import queue_delivery
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


def without_reading(make: Factory) -> None:
    make.context(ags_scopes=[vocabulary.SCOPE_SCORE])


# The straight way


def test_a_score_is_sent_read_back_and_confirmed_in_one_round(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue(finished_at=clock() - timedelta(days=2))
    assert outbox.work() == DeliveryRound(registrations=1, sent=1, confirmed=1)
    row = outbox.load(delivery)
    assert (row.state, row.reason, row.next_attempt_at) == ("confirmed", None, None)
    assert (row.sent_version, row.confirmed_version, row.sent_at, row.confirmed_at) == (1, 1, clock(), clock())
    assert (row.confirmed_score, row.confirmed_maximum) == ("92", "100")
    (message,) = outbox.book.sent
    assert (message.user_sub, message.score_given, message.score_maximum) == (outbox.sub, 92, 100)
    assert (message.timestamp, message.submitted_at) == (clock(), clock() - timedelta(days=2))
    assert (message.comment, message.is_new_attempt) == ("Well argued.", True)
    assert outbox.history(delivery) == [("begun", None), ("ended", "sent")]


def test_nothing_due_asks_for_nothing(outbox: Outbox, clock: Clock) -> None:
    outbox.queue(next_attempt_at=clock() + timedelta(seconds=1))
    assert outbox.work().did_nothing
    assert outbox.book.sent == []
    assert next_due_at(outbox.store) == clock() + timedelta(seconds=1)


def test_an_empty_outbox_has_no_next_time(store: Store) -> None:
    assert next_due_at(store) is None


def test_a_removed_platform_gets_nothing(outbox: Outbox) -> None:
    outbox.make.registration(is_active=False)
    outbox.queue()
    assert outbox.work().registrations == 0
    assert next_due_at(outbox.store) is None


def test_one_results_request_for_a_column_and_its_people(outbox: Outbox, make: Factory) -> None:
    for _ in range(5):
        enrolment = make.enrolment(make.user())
        outbox.queue(earned_score=make.earned_score(enrolment))
    assert outbox.work() == DeliveryRound(registrations=1, sent=5, confirmed=5)
    assert outbox.book.reads == [(outbox.url, None)]


def test_one_person_is_asked_for_by_name(outbox: Outbox) -> None:
    outbox.queue()
    outbox.work()
    assert outbox.book.reads == [(outbox.url, outbox.sub)]


def test_work_linked_twice_goes_to_both_columns(outbox: Outbox, make: Factory) -> None:
    first, second = outbox.queue(), outbox.queue(line_item=make.line_item())
    outbox.work()
    assert outbox.state(first) == outbox.state(second) == ("confirmed", None)
    assert len(outbox.book.cells) == 2


def test_without_the_results_scope_it_stays_sent(outbox: Outbox, make: Factory) -> None:
    without_reading(make)
    delivery = outbox.queue()
    outbox.work()
    row = outbox.load(delivery)
    assert (row.state, row.reason, row.next_attempt_at, row.confirmed_at) == ("sent", None, None, None)
    assert outbox.book.reads == []


def test_a_round_gives_every_registration_its_turn(outbox: Outbox, make: Factory) -> None:
    for _ in range(3):
        outbox.queue(earned_score=make.earned_score(make.enrolment(make.user())))
    assert outbox.work(limit=2).sent == 2
    assert outbox.work(limit=2).sent == 1


def test_a_stop_ends_the_round_between_two_scores(outbox: Outbox, make: Factory, store: Store) -> None:
    for _ in range(3):
        outbox.queue(earned_score=make.earned_score(make.enrolment(make.user())))
    outbox.work(should_stop=lambda: len(outbox.book.sent) >= 1)
    assert len(outbox.book.sent) == 1
    with store.reading() as session:
        assert session.scalars(select(DeliveryLease.owner)).all() == [None], "the lease is given back"


# Newer scores


def test_only_the_newest_score_is_sent(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.release(delivery, score=95)
    outbox.release(delivery, score=97)
    outbox.work()
    assert [message.score_given for message in outbox.book.sent] == [97]
    assert outbox.load(delivery).confirmed_version == 3


def test_a_newer_score_that_arrives_while_sending_is_sent_next(outbox: Outbox) -> None:
    delivery = outbox.queue()

    def release_meanwhile(url: str, message: ScoreMessage) -> PlatformAnswer:
        outbox.release(delivery, score=97)
        return outbox.book.record(url, message)

    outbox.book.plan = [release_meanwhile]
    outbox.work()
    assert [message.score_given for message in outbox.book.sent] == [92, 97]
    assert outbox.book.sent[1].timestamp - outbox.book.sent[0].timestamp == timedelta(seconds=1)
    assert outbox.book.cell(outbox.url, outbox.sub).score == 97
    assert outbox.state(delivery) == ("confirmed", None)


def test_a_newer_score_does_not_hurry_a_platform_that_is_down(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()

    def release_meanwhile(_url: str, _message: ScoreMessage) -> PlatformAnswer:
        outbox.release(delivery, score=97)
        return PlatformAnswer(AnswerClass.PLATFORM_DOWN, 503, "")

    outbox.book.plan = [release_meanwhile]
    outbox.work()
    assert len(outbox.book.sent) == 1
    assert outbox.state(delivery) == ("waiting", "platform_down")
    assert next_due_at(outbox.store) == clock() + timedelta(seconds=2)


def test_a_newer_score_queued_by_a_use_case_replaces_the_older(outbox: Outbox, store: Store, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.work()
    with store.writing() as session:
        earned = session.get_one(EarnedScore, delivery.earned_score_id)
        earned.points = 98
        queue_delivery(session, earned, session.get_one(LineItem, delivery.line_item_id), clock.advance(minutes=1))
    assert outbox.state(delivery) == ("waiting", None)
    outbox.work()
    assert outbox.load(delivery).confirmed_score == "98"


def test_times_rise_by_a_second_though_the_clock_stands_still(outbox: Outbox) -> None:
    delivery = outbox.queue()
    for score in (93, 94, 95):
        outbox.work()
        outbox.release(delivery, score=score)
    outbox.work()
    times = [message.timestamp for message in outbox.book.sent]
    assert [later - earlier for earlier, later in pairwise(times)] == [timedelta(seconds=1)] * 3
    assert outbox.state(delivery) == ("confirmed", None)


def test_a_time_is_never_far_ahead_of_the_clock(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue(last_timestamp=clock() + timedelta(minutes=5))
    outbox.work()
    assert outbox.book.sent == []
    assert outbox.load(delivery).next_attempt_at == clock() + timedelta(minutes=5, seconds=-2)
    clock.advance(minutes=5)
    outbox.work()
    assert outbox.book.sent[0].timestamp == clock() + timedelta(seconds=1)


# The platform is down, or wants to be left alone


def test_a_platform_that_was_down_gets_the_score_once_and_by_itself(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.PLATFORM_DOWN] * 4
    started = clock()
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("confirmed", None)
    assert len({message.timestamp for message in outbox.book.sent}) == 1, "a repeat is the same message"
    assert len({message.comment for message in outbox.book.sent}) == 1
    assert clock() - started == timedelta(seconds=2 + 4 + 8 + 16)


def test_while_a_platform_is_down_nothing_else_is_sent_to_it(outbox: Outbox, make: Factory, clock: Clock) -> None:
    for _ in range(3):
        outbox.queue(earned_score=make.earned_score(make.enrolment(make.user())))
    outbox.book.plan = [AnswerClass.PLATFORM_DOWN]
    outbox.work()
    outbox.work()
    assert len(outbox.book.sent) == 1
    assert next_due_at(outbox.store) == clock() + timedelta(seconds=2)
    counts = count_deliveries(outbox.store)
    (silent,) = counts.silent_platforms
    assert (silent.silent_since, silent.resume_at) == (clock(), clock() + timedelta(seconds=2))
    clock.advance(seconds=2)
    outbox.work()
    assert count_deliveries(outbox.store).states[DeliveryState.CONFIRMED] == 3
    assert count_deliveries(outbox.store).silent_platforms == ()


def test_one_score_without_an_answer_does_not_hold_up_the_others(outbox: Outbox, make: Factory, clock: Clock) -> None:
    poison = outbox.queue(earned_score=make.earned_score(make.enrolment(make.user())))
    poisoned_sub = outbox.sub
    others = []

    def time_out(url: str, message: ScoreMessage) -> PlatformAnswer:
        if message.user_sub == poisoned_sub:
            return PlatformAnswer(AnswerClass.PLATFORM_DOWN, None, "timeout", maybe_recorded=True)
        return outbox.book.record(url, message)

    for _ in range(8):
        others.append(outbox.queue(earned_score=make.earned_score(make.enrolment(make.user()))))
        outbox.book.plan = [time_out] * 9
        outbox.work()
        due = next_due_at(outbox.store)
        assert due is not None
        clock.advance(max(due - clock(), timedelta(seconds=3)))
    outbox.work()
    assert {outbox.state(delivery)[0] for delivery in others} == {"confirmed"}
    assert outbox.state(poison) == ("waiting", "platform_down")


def test_the_wait_a_platform_asks_for_is_kept(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [
        lambda _url, _message: PlatformAnswer(AnswerClass.THROTTLED, 429, "slow down", timedelta(seconds=90))
    ]
    outbox.work()
    assert outbox.state(delivery) == ("waiting", "throttled")
    assert next_due_at(outbox.store) == clock() + timedelta(seconds=90)
    clock.advance(seconds=89)
    assert outbox.work().did_nothing
    clock.advance(seconds=1)
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)


def test_a_read_back_that_fails_is_tried_again_and_stays_sent(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.read_failures = [AnswerClass.PLATFORM_DOWN]
    outbox.work()
    assert outbox.state(delivery) == ("sent", None)
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("confirmed", None)
    assert len(outbox.book.sent) == 1


def test_a_column_that_may_not_be_read_leaves_it_sent(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.read_failures = [AnswerClass.NO_PERMISSION]
    outbox.work()
    assert outbox.state(delivery) == ("sent", None)
    assert next_due_at(outbox.store) is None


# Answers a person has to mend


@pytest.mark.parametrize(
    "answer",
    [
        AnswerClass.COLUMN_GONE,
        AnswerClass.NOT_IN_COURSE,
        AnswerClass.NO_PERMISSION,
        AnswerClass.ATTEMPTS_USED_UP,
        AnswerClass.REFUSED,
    ],
)
def test_what_we_cannot_mend_waits_for_a_person(outbox: Outbox, clock: Clock, answer: AnswerClass) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [answer]
    assert outbox.work().needs_you == 1
    assert outbox.state(delivery) == ("needs_you", answer.value)
    clock.advance(days=30)
    assert outbox.work().did_nothing
    assert retry_deliveries(outbox.store, [delivery.id], now=clock()) == 1
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert outbox.book.sent[1].timestamp == clock(), "a person's decision gets a new time"
    assert outbox.book.sent[1].comment == "Well argued."


def test_a_gone_column_is_marked_and_unmarked(outbox: Outbox, store: Store, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.COLUMN_GONE]

    def is_gone() -> bool:
        with store.reading() as session:
            return session.get_one(LineItem, delivery.line_item_id).is_gone

    outbox.work()
    assert is_gone()
    retry_deliveries(store, None, now=clock())
    outbox.work()
    assert not is_gone()


def test_a_locked_score_is_tried_three_times(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.LOCKED] * 3
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("needs_you", "locked")
    assert len(outbox.book.sent) == 3


def test_waiting_for_a_platform_does_not_use_up_the_tries_of_a_locked_score(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [*[AnswerClass.PLATFORM_DOWN] * 5, *[AnswerClass.LOCKED] * 2]
    outbox.work_until_settled(delivery, rounds=12)
    assert outbox.state(delivery) == ("confirmed", None)


def test_our_own_fault_is_written_down_and_tried_again(
    outbox: Outbox, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = outbox.queue()

    def break_down(_url: str, _message: ScoreMessage) -> PlatformAnswer:
        raise RuntimeError("a secret that must not be stored")

    outbox.book.plan = [break_down]
    outbox.work()
    assert outbox.state(delivery) == ("waiting", "tool_fault")
    assert "fault in the tool" in caplog.text
    with outbox.store.reading() as session:
        details = session.scalars(select(ScoreAttempt.detail)).all()
    assert details == [None, "RuntimeError"]
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("confirmed", None)
