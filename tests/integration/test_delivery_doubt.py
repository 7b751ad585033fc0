"""What is done when it is not clear what the gradebook holds: stale times, changed numbers, lost answers, kills."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.values import AnswerClass, PlatformAnswer, ScoreMessage
from lti_tool.models import Store
from lti_tool.services.deliveries import next_due_at
from lti_tool.services.delivery_leases import LEASE_LENGTH
from lti_tool.services.delivery_reports import retry_deliveries
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


def without_reading(make: Factory) -> None:
    make.context(ags_scopes=[vocabulary.SCOPE_SCORE])


# Stale


def test_stale_with_our_number_is_done(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    cell = outbox.book.cell(outbox.url, outbox.sub)
    cell.score, cell.written_at = Decimal(92), clock() + timedelta(minutes=1)
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert len(outbox.book.sent) == 1


def test_stale_over_our_older_number_is_stamped_again_after_a_pause(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue(score=80)
    outbox.work()
    outbox.book.cell(outbox.url, outbox.sub).written_at = clock() + timedelta(seconds=3)
    clock.advance(seconds=2)
    outbox.release(delivery, score=92)
    outbox.work()
    assert outbox.state(delivery) == ("waiting", "stale")
    assert next_due_at(outbox.store) == clock() + timedelta(seconds=2)
    clock.advance(seconds=2)
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert outbox.book.cell(outbox.url, outbox.sub).score == 92


def test_clocks_a_minute_apart_still_end_right(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue(score=80)
    outbox.work()
    outbox.book.cell(outbox.url, outbox.sub).written_at = clock() + timedelta(seconds=60)
    outbox.release(delivery, score=92)
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("confirmed", None)


def test_stale_without_end_needs_a_person(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue(score=80)
    outbox.work()
    outbox.book.cell(outbox.url, outbox.sub).written_at = clock() + timedelta(days=1)
    outbox.release(delivery, score=92)
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("needs_you", "stale")
    assert len(outbox.book.sent) == 1 + 3


def test_a_number_somebody_else_wrote_is_not_overwritten_by_an_old_score(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.PLATFORM_DOWN]
    outbox.work()
    cell = outbox.book.cell(outbox.url, outbox.sub)
    cell.score, cell.written_at = Decimal(95), clock() + timedelta(seconds=1)
    clock.advance(seconds=2)
    outbox.work()
    assert outbox.state(delivery) == ("needs_you", "changed_in_gradebook")
    assert outbox.load(delivery).confirmed_score == "95"
    assert cell.score == 95


# Changed in the gradebook


def test_another_number_in_the_gradebook_needs_a_person(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()

    def override(url: str, message: ScoreMessage) -> PlatformAnswer:
        outbox.book.cell(url, message.user_sub).score = Decimal(95)
        return PlatformAnswer(AnswerClass.SENT, 200, "")

    outbox.book.plan = [override]
    outbox.work()
    assert outbox.state(delivery) == ("needs_you", "changed_in_gradebook")
    row = outbox.load(delivery)
    assert (row.confirmed_score, row.confirmed_version, row.sent_version) == ("95", 0, 1)
    assert retry_deliveries(outbox.store, None, now=clock()) == 0, "sending ours over it is a decision about one score"
    assert retry_deliveries(outbox.store, [delivery.id], now=clock()) == 1
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert outbox.book.cell(outbox.url, outbox.sub).score == 92


def test_a_number_that_differs_while_a_newer_score_waits_is_nobodys_problem(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.when_read = lambda: outbox.release(delivery, score=97)
    outbox.work()
    assert outbox.state(delivery) == ("waiting", None)
    outbox.work()
    assert outbox.load(delivery).confirmed_score == "97"


def test_a_column_with_its_own_maximum_confirms_in_its_own_numbers(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.cell(outbox.url, outbox.sub).maximum = Decimal(10)
    outbox.work()
    row = outbox.load(delivery)
    assert (row.state, row.confirmed_score, row.confirmed_maximum) == ("confirmed", "9.2", "10")


def test_a_cell_that_stays_empty_is_looked_at_again_and_then_left_sent(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [lambda _url, _message: PlatformAnswer(AnswerClass.SENT, 200, "")]
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("sent", None)
    assert (len(outbox.book.sent), len(outbox.book.reads)) == (1, 5)


# Lost answers and killed workers


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [outbox.book.record_and_lose_answer]
    outbox.work()
    assert outbox.state(delivery) == ("waiting", "platform_down")
    clock.advance(seconds=2)
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert len(outbox.book.sent) == 1
    assert outbox.history(delivery) == [("begun", None), ("ended", "platform_down"), ("ended", "found")]


def test_a_lost_score_is_sent_again_with_its_comment(outbox: Outbox, clock: Clock) -> None:
    outbox.be_canvas()
    delivery = outbox.queue()
    outbox.book.plan = [outbox.book.lose_score]
    outbox.work()
    clock.advance(seconds=2)
    outbox.work()
    cell = outbox.book.cell(outbox.url, outbox.sub)
    assert (cell.comments, cell.attempts) == (["Well argued."], 1)
    assert outbox.state(delivery) == ("confirmed", None)
    assert outbox.book.sent[0] == outbox.book.sent[1]


@pytest.mark.parametrize("can_read", [True, False])
@pytest.mark.parametrize("family", ["canvas", "moodle", "other"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_sending_and_recording_the_gradebook_ends_right(
    outbox: Outbox, make: Factory, clock: Clock, moment: str, family: str, can_read: bool
) -> None:
    make.registration(family=family)
    outbox.book.adds_comments = family == "canvas"
    if not can_read:
        without_reading(make)
    delivery = outbox.queue()
    outbox.book.plan = [outbox.book.record_and_kill if moment == "after" else outbox.book.kill_before]
    outbox.be_killed()
    assert outbox.history(delivery) == [("begun", None)]
    outbox.owner = "worker-2"
    assert outbox.work().did_nothing, "the dead worker's lease still runs"
    clock.advance(LEASE_LENGTH)
    outbox.work()
    cell = outbox.book.cell(outbox.url, outbox.sub)
    assert outbox.state(delivery) == ("confirmed" if can_read else "sent", None)
    assert cell.score == 92
    if moment == "before" and not can_read and family == "canvas":
        # Nobody can tell whether it arrived: a comment read twice is worse than one that is only in the tool.
        assert cell.comments == []
        return
    assert cell.comments == ["Well argued."], "once, and not lost"
    if family == "canvas":
        assert cell.attempts == 1


def test_a_kill_while_a_newer_score_waits_sends_only_the_newer(outbox: Outbox, clock: Clock) -> None:
    outbox.be_canvas()
    delivery = outbox.queue()
    outbox.book.plan = [outbox.book.record_and_kill]
    outbox.be_killed()
    outbox.release(delivery, score=97)
    clock.advance(LEASE_LENGTH)
    outbox.work()
    cell = outbox.book.cell(outbox.url, outbox.sub)
    assert cell.score == 97
    assert (cell.comments, cell.attempts) == (["Well argued."], 1)
    assert outbox.load(delivery).confirmed_version == 2


def test_the_same_number_with_a_new_comment_is_not_taken_for_sent(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.work()
    outbox.release(delivery, comment="Read Part C once more.")
    outbox.book.plan = [outbox.book.kill_before]
    outbox.be_killed()
    clock.advance(LEASE_LENGTH)
    outbox.work()
    assert outbox.book.cell(outbox.url, outbox.sub).comments == ["Read Part C once more."]


def test_a_lost_answer_and_a_platform_that_stays_silent_is_only_asked_not_sent(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.book.plan = [outbox.book.record_and_lose_answer]
    outbox.book.read_failures = [AnswerClass.PLATFORM_DOWN] * 3
    outbox.work_until_settled(delivery)
    assert outbox.state(delivery) == ("confirmed", None)
    assert len(outbox.book.sent) == 1


def test_an_answer_that_comes_after_another_worker_took_over_changes_nothing(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    second = Outbox(outbox.store, outbox.make, clock, outbox.book)
    second.owner = "worker-2"

    def stall(url: str, message: ScoreMessage) -> PlatformAnswer:
        outbox.book.record(url, message)
        clock.advance(LEASE_LENGTH)
        second.work()
        return PlatformAnswer(AnswerClass.REFUSED, 400, "too late")

    outbox.book.plan = [stall]
    assert outbox.work().lost_leases != []
    assert outbox.state(delivery) == ("confirmed", None)
    assert outbox.history(delivery) == [("begun", None), ("ended", "found"), ("ended", "refused")]
    assert len(outbox.book.sent) == 1


# What Canvas needs


def test_a_comment_is_added_once_where_comments_are_added(outbox: Outbox) -> None:
    outbox.be_canvas()
    delivery = outbox.queue()
    outbox.work()
    outbox.release(delivery, score=95)
    outbox.work()
    outbox.release(delivery, score=97, comment="Even better.")
    outbox.work()
    assert outbox.book.cell(outbox.url, outbox.sub).comments == ["Well argued.", "Even better."]


def test_a_comment_goes_with_every_score_where_it_would_be_cleared(outbox: Outbox) -> None:
    delivery = outbox.queue()
    outbox.work()
    outbox.release(delivery, score=95)
    outbox.work()
    assert outbox.book.cell(outbox.url, outbox.sub).comments == ["Well argued."]


def test_only_a_resubmission_is_a_new_attempt(outbox: Outbox, clock: Clock) -> None:
    delivery = outbox.queue()
    outbox.work()
    outbox.release(delivery, score=95)
    outbox.work()
    outbox.release(delivery, score=97, finished_at=clock() + timedelta(days=1))
    outbox.work()
    assert [message.is_new_attempt for message in outbox.book.sent] == [True, False, True]


def test_a_refused_first_message_is_still_the_first(outbox: Outbox, clock: Clock) -> None:
    outbox.be_canvas()
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.NOT_IN_COURSE]
    outbox.work()
    retry_deliveries(outbox.store, None, now=clock())
    outbox.work()
    assert [(message.is_new_attempt, message.comment) for message in outbox.book.sent] == [(True, "Well argued.")] * 2
    assert outbox.state(delivery) == ("confirmed", None)


def test_without_attempts_left_the_score_goes_without_one(outbox: Outbox) -> None:
    outbox.be_canvas()
    delivery = outbox.queue()
    outbox.book.plan = [AnswerClass.ATTEMPTS_USED_UP]
    outbox.work()
    assert [message.is_new_attempt for message in outbox.book.sent] == [True, False]
    assert outbox.state(delivery) == ("confirmed", None)
