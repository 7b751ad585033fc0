"""The rules of delivery: waits, times that rise, what every answer leads to, and when two numbers are the same."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.domain.deliveries import (
    LOCKED_WAITS,
    READ_BACK_WAITS,
    RESTAMP_WAITS,
    AttemptAnswer,
    DeliveryReason,
    DeliveryState,
    GradebookNumber,
    Verdict,
    choose_timestamp,
    format_number,
    is_too_early,
    judge_answer,
    judge_reading,
    keeps_timestamp,
    wait_before_retry,
)
from lti_tool.lti.values import AnswerClass

NOW = datetime(2026, 3, 4, 20, 14, 0, 123_456, tzinfo=UTC)


def judge(answer: AttemptAnswer, *, failures: int = 0, platform_failures: int = 0, same_before: int = 0) -> Verdict:
    return judge_answer(
        answer, failures=failures, platform_failures=platform_failures, same_before=same_before, chance=1.0
    )


def test_every_class_of_answer_has_a_name_here() -> None:
    assert {answer.value for answer in AnswerClass} <= {answer.value for answer in AttemptAnswer}


def test_waits_double_to_a_minute_and_grow_patient_after_an_hour() -> None:
    assert [wait_before_retry(n).total_seconds() for n in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]
    assert wait_before_retry(60) == timedelta(minutes=1)
    assert wait_before_retry(61) == timedelta(minutes=10)
    assert wait_before_retry(10_000) == timedelta(minutes=10)


@given(failures=st.integers(1, 200), chance=st.floats(0, 1))
def test_chance_shortens_a_wait_by_at_most_half(failures: int, chance: float) -> None:
    assert wait_before_retry(failures) / 2 <= wait_before_retry(failures, chance) <= wait_before_retry(failures)


def test_a_first_time_is_the_present_in_milliseconds() -> None:
    assert choose_timestamp(NOW, None) == NOW.replace(microsecond=123_000)


@given(gaps=st.lists(st.timedeltas(timedelta(seconds=-5), timedelta(seconds=5)), min_size=2, max_size=20))
def test_times_rise_by_whole_seconds_even_when_the_clock_goes_back(gaps: list[timedelta]) -> None:
    times: list[datetime] = []
    now = NOW
    for gap in gaps:
        now += gap
        times.append(choose_timestamp(now, times[-1] if times else None))
    assert all(int(later.timestamp()) > int(earlier.timestamp()) for earlier, later in pairwise(times))


def test_a_time_far_ahead_is_waited_for() -> None:
    assert not is_too_early(NOW + timedelta(seconds=3), NOW)
    assert is_too_early(NOW + timedelta(seconds=4), NOW)


@pytest.mark.parametrize(
    ("answer", "keeps"),
    [
        (None, True),
        (AttemptAnswer.PLATFORM_DOWN, True),
        (AttemptAnswer.THROTTLED, True),
        (AttemptAnswer.LOST, True),
        (AttemptAnswer.STALE, False),
        (AttemptAnswer.SENT, False),
        (AttemptAnswer.REFUSED, False),
    ],
)
def test_only_a_repeat_keeps_its_time(answer: AttemptAnswer | None, keeps: bool) -> None:
    assert keeps_timestamp(answer) is keeps


def test_a_sent_score_is_read_back_at_once() -> None:
    assert judge(AttemptAnswer.SENT) == Verdict(DeliveryState.SENT, wait=timedelta())


@pytest.mark.parametrize(
    "answer",
    [
        AttemptAnswer.NOT_IN_COURSE,
        AttemptAnswer.COLUMN_GONE,
        AttemptAnswer.NO_PERMISSION,
        AttemptAnswer.ATTEMPTS_USED_UP,
        AttemptAnswer.REFUSED,
    ],
)
def test_what_only_a_person_can_mend_needs_a_person(answer: AttemptAnswer) -> None:
    assert judge(answer, failures=3) == Verdict(DeliveryState.NEEDS_YOU, DeliveryReason(answer.value))


@pytest.mark.parametrize("answer", [AttemptAnswer.THROTTLED, AttemptAnswer.PLATFORM_DOWN])
def test_what_concerns_the_platform_pauses_it(answer: AttemptAnswer) -> None:
    verdict = judge(answer, failures=4, platform_failures=1)
    assert (verdict.state, verdict.reason) == (DeliveryState.WAITING, DeliveryReason(answer.value))
    assert verdict.pause == timedelta(seconds=4)
    assert verdict.wait == timedelta(seconds=32), "a score that fails alone waits longer than its platform"


def test_the_platform_may_ask_for_a_longer_wait_but_not_for_ever() -> None:
    def ask(asked: timedelta) -> Verdict:
        return judge_answer(
            AttemptAnswer.THROTTLED, failures=0, platform_failures=0, same_before=0, chance=0.0, retry_after=asked
        )

    assert ask(timedelta(seconds=90)).pause == timedelta(seconds=90)
    assert ask(timedelta(0)).pause == timedelta(seconds=1)
    assert ask(timedelta(days=400)).pause == timedelta(days=1)


@pytest.mark.parametrize(
    ("answer", "waits"), [(AttemptAnswer.STALE, RESTAMP_WAITS), (AttemptAnswer.LOCKED, LOCKED_WAITS)]
)
def test_some_answers_are_tried_a_few_times_and_then_need_a_person(
    answer: AttemptAnswer, waits: tuple[timedelta, ...]
) -> None:
    reason = DeliveryReason(answer.value)
    for before, wait in enumerate(waits):
        assert judge(answer, same_before=before) == Verdict(DeliveryState.WAITING, reason, wait)
    assert judge(answer, same_before=len(waits)) == Verdict(DeliveryState.NEEDS_YOU, reason)


def test_our_own_fault_is_tried_again_without_blaming_the_platform() -> None:
    verdict = judge(AttemptAnswer.TOOL_FAULT, failures=2)
    assert verdict == Verdict(DeliveryState.WAITING, DeliveryReason.TOOL_FAULT, timedelta(seconds=8))


@pytest.mark.parametrize(
    ("number", "is_same"),
    [
        (GradebookNumber(Decimal(92), Decimal(100)), True),
        (GradebookNumber(Decimal("9.2"), Decimal(10)), True),
        (GradebookNumber(Decimal(92), None), True),
        (GradebookNumber(Decimal("92.00000"), Decimal("100.00000")), True),
        (GradebookNumber(Decimal(92), Decimal(0)), True),
        (GradebookNumber(Decimal("92.02"), Decimal(100)), False),
        (GradebookNumber(Decimal(9), Decimal(10)), False),
        (GradebookNumber(Decimal(0), Decimal(100)), False),
        (GradebookNumber(Decimal("1E+999999"), Decimal("9E+999999")), False),
        (GradebookNumber(Decimal(92), Decimal("1E-999999")), False),
    ],
)
def test_numbers_are_compared_on_the_columns_own_scale(number: GradebookNumber, is_same: bool) -> None:
    assert number.equals(92, 100) is is_same


@given(score=st.integers(0, 100), scale=st.integers(1, 1000))
def test_a_score_equals_itself_on_any_scale(score: int, scale: int) -> None:
    exact = Decimal(score) * scale / 100
    assert GradebookNumber(round(exact, 2), Decimal(scale)).equals(score, 100)


def test_a_read_back_confirms_disagrees_or_looks_again() -> None:
    same, other = GradebookNumber(Decimal(92), Decimal(100)), GradebookNumber(Decimal(95), Decimal(100))

    def read(found: GradebookNumber | None, before: int = 0) -> Verdict:
        return judge_reading(found, score=92, maximum=100, readings_before=before)

    assert read(same) == Verdict(DeliveryState.CONFIRMED)
    assert read(other) == Verdict(DeliveryState.NEEDS_YOU, DeliveryReason.CHANGED_IN_GRADEBOOK)
    assert read(None) == Verdict(DeliveryState.SENT, wait=READ_BACK_WAITS[0])
    assert read(None, len(READ_BACK_WAITS)) == Verdict(DeliveryState.SENT), "it stays sent, and nothing is left to do"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("92", "92"),
        ("92.00000", "92"),
        ("9.2", "9.2"),
        ("33.333", "33.33"),
        ("0", "0"),
        ("100", "100"),
        ("1E+2", "100"),
        ("1E+40", "1.000E+40"),
        ("9E-999999", "9.000E-999999"),
    ],
)
def test_numbers_are_written_without_empty_decimals(number: str, text: str) -> None:
    assert format_number(Decimal(number)) == text
