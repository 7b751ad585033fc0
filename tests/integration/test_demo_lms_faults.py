"""Answers no tool can use, on demand, from every service: pages, nothing, floods, drips, halves, endless lists."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from lti_tool.demo_lms.faults import Faults, Service, Spoiling
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.fake_tool import LMS, DemoLmsWithFakeTool

ITEMS = "/api/lti/courses/course-1/lineitems?type_id=1"
MEMBERS = "/api/lti/courses/course-1/memberships"


@pytest.fixture
def lms(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock())


def call(lms: DemoLmsWithFakeTool, service: Service, token: str) -> TestResponse:
    """One good call of this service."""
    if service is Service.TOKEN:
        return lms.ask_token()
    if service is Service.SCORES:
        return lms.post_score(token=token)
    addresses = {
        Service.LINE_ITEMS: (ITEMS, lti.MEDIA_LINE_ITEM_CONTAINER),
        Service.RESULTS: (f"{lms.find_column_path()}/results?type_id=1", lti.MEDIA_RESULT_CONTAINER),
        Service.ROSTER: (MEMBERS, lti.MEDIA_MEMBERSHIP_CONTAINER),
    }
    address, media_type = addresses[service]
    return lms.browser.get(address, base_url=LMS, headers={"Authorization": f"Bearer {token}", "Accept": media_type})


def is_page(answer: TestResponse) -> bool:
    return answer.status_code == 200 and answer.content_type.startswith("text/html") and "Sign in" in answer.text


def is_empty(answer: TestResponse) -> bool:
    return (answer.status_code, answer.content_type, answer.data) == (200, "application/json", b"")


def is_huge(answer: TestResponse) -> bool:
    return (
        answer.status_code == 200 and len(answer.data) > 2 * 1024 * 1024 and isinstance(json.loads(answer.data), list)
    )


def is_redirect(answer: TestResponse) -> bool:
    return (answer.status_code, answer.headers.get("Location")) == (302, "https://elsewhere.example/")


def is_throttled(answer: TestResponse) -> bool:
    return answer.status_code == 403 and "Rate Limit Exceeded" in answer.text


@pytest.mark.parametrize("service", list(Service))
@pytest.mark.parametrize(
    ("plan", "has_happened"),
    [
        (lambda faults, only: faults.answer_html(only=only), is_page),
        (lambda faults, only: faults.answer_nothing(only=only), is_empty),
        (lambda faults, only: faults.answer_hugely(only=only), is_huge),
        (lambda faults, only: faults.redirect("https://elsewhere.example/", only=only), is_redirect),
        (lambda faults, only: faults.throttle(only=only), is_throttled),
    ],
)
def test_every_service_can_answer_something_else_once(
    lms: DemoLmsWithFakeTool,
    service: Service,
    plan: Callable[[Faults, Service], None],
    has_happened: Callable[[TestResponse], bool],
) -> None:
    token = lms.get_token()
    plan(lms.platform.faults, service)
    assert has_happened(call(lms, service, token))
    good = call(lms, service, token)
    assert good.status_code == 200
    assert not has_happened(good)


@pytest.mark.parametrize("service", [Service.TOKEN, Service.LINE_ITEMS, Service.RESULTS, Service.ROSTER])
def test_json_is_cut_off_or_of_the_wrong_type(lms: DemoLmsWithFakeTool, service: Service) -> None:
    token = lms.get_token()
    lms.post_score(token=token)
    good = call(lms, service, token).get_json()
    lms.platform.faults.spoil_answers(Spoiling.TRUNCATED, only=service)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        json.loads(call(lms, service, token).text)
    lms.platform.faults.spoil_answers(Spoiling.WRONG_TYPE, only=service)
    wrong = call(lms, service, token)
    assert wrong.status_code == 200
    assert type(wrong.get_json()) is not type(good)
    assert type(call(lms, service, token).get_json()) is type(good)


def read_next(answer: TestResponse) -> str:
    link = answer.headers["Link"]
    assert link.endswith('>; rel="next"')
    return link.partition("<")[2].partition(">")[0]


@pytest.mark.parametrize("service", [Service.LINE_ITEMS, Service.RESULTS, Service.ROSTER])
def test_lies_about_the_next_page(lms: DemoLmsWithFakeTool, service: Service) -> None:
    token = lms.get_token()
    for how in (Spoiling.LOOP, Spoiling.ENDLESS, Spoiling.ELSEWHERE):
        lms.platform.faults.spoil_answers(how, calls=2, only=service)
    same, again = call(lms, service, token), call(lms, service, token)
    assert read_next(same) == read_next(again) == f"{LMS}{same.request.full_path}".removesuffix("?")
    first = read_next(call(lms, service, token))
    headers = {"Authorization": f"Bearer {token}", "Accept": same.content_type}
    second = read_next(lms.browser.get(first.removeprefix(LMS), base_url=LMS, headers=headers))
    assert len({first, second, read_next(same)}) == 3, "always another address"
    assert read_next(call(lms, service, token)).startswith("https://elsewhere.example/api/lti/")


def test_a_drip_takes_its_time_and_arrives_whole(lms: DemoLmsWithFakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("lti_tool.demo_lms.recording.time.sleep", waited.append)
    token = lms.get_token()
    good = call(lms, Service.ROSTER, token).data
    lms.platform.faults.drip(0.5, only=Service.ROSTER)
    dripped = call(lms, Service.ROSTER, token)
    assert dripped.data == good
    assert waited == [0.5] * len(good)


def test_a_refusal_is_not_spoiled(lms: DemoLmsWithFakeTool) -> None:
    lms.platform.faults.spoil_answers(Spoiling.WRONG_TYPE)
    assert call(lms, Service.ROSTER, "made-up").get_json()["error"] == "invalid_token"


def test_a_spoiled_answer_has_done_its_work(lms: DemoLmsWithFakeTool) -> None:
    token = lms.get_token()
    lms.platform.faults.spoil_answers(Spoiling.TRUNCATED)
    assert lms.post_score(token=token).status_code == 200
    (column,) = lms.platform.gradebook.list_columns("course-1", resource_id="visioning")
    assert lms.platform.gradebook.find_cell(column, "101").value == 92


def test_plans_say_what_they_are(lms: DemoLmsWithFakeTool) -> None:
    faults = lms.platform.faults
    faults.spoil_answers(Spoiling.LOOP, calls=3, only=Service.ROSTER)
    faults.drip(2)
    assert faults.describe_plans() == [
        "spoil the answer (the next page is this one): the next 3 calls for list of people",
        "send a byte every 2 seconds: the next call",
    ]
    faults.clear()
    assert faults.describe_plans() == []


@pytest.mark.parametrize(
    ("fault", "plan"),
    [("page", "answer 200"), ("throttle", "answer 403"), ("broken", "spoil the answer (cut off in the middle)")],
)
def test_a_fault_is_planned_on_the_traffic_page(lms: DemoLmsWithFakeTool, fault: str, plan: str) -> None:
    form = {"fault": fault, "calls": "2"}
    lms.browser.post("/faults", base_url=LMS, data=form, headers={"Origin": LMS})
    assert lms.platform.faults.describe_plans() == [f"{plan}: the next 2 calls"]
    assert f"{plan}: the next 2 calls" in lms.browser.get("/traffic", base_url=LMS).text
