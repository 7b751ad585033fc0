import re

from lti_tool.lti.errors import LaunchRefused, RefusalCode, ServiceError
from lti_tool.lti.values import AnswerClass, PlatformAnswer


def test_codes_are_distinct_words_for_a_page_and_a_log() -> None:
    values = [code.value for code in RefusalCode]
    assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", value) for value in values)
    assert all(code.name.lower() == code.value for code in RefusalCode)


def test_refusal_tells_code_and_detail_to_the_log() -> None:
    refused = LaunchRefused(RefusalCode.EXPIRED, "exp was 90 s ago")
    assert str(refused) == "expired: exp was 90 s ago"
    assert refused.return_url is None
    assert refused.with_return_url("https://lms.example.edu/") is refused
    assert refused.return_url == "https://lms.example.edu/"


def test_service_error_carries_the_answer() -> None:
    answer = PlatformAnswer(AnswerClass.THROTTLED, 429, "slow down")
    assert ServiceError(answer).answer is answer
    assert str(ServiceError(answer)) == "throttled: slow down"
