"""The demo LMS's roster service: who is listed, how she is described, and how long a page is, in each manner."""

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from lti_tool.demo_lms.courses import BIG_COURSE
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.faults import Service
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import CROWD, TESS
from lti_tool.lti import vocabulary as lti
from tests.certification.moodle import load
from tests.support.clock import Clock
from tests.support.fake_tool import LMS, DemoLmsWithFakeTool
from tests.support.manners import find_next

SMALL, BIG = "/api/lti/courses/course-1/memberships", "/api/lti/courses/course-big/memberships"


def make_lms(folder: Path, manner: Manner, **settings: Any) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(folder, Clock(), manner=manner, **settings)


def read_roster(lms: DemoLmsWithFakeTool, path: str = SMALL) -> TestResponse:
    return lms.read(path, lti.MEDIA_MEMBERSHIP_CONTAINER, lti.SCOPE_MEMBERSHIP_READONLY)


def read_pages(lms: DemoLmsWithFakeTool, path: str) -> list[list[dict[str, Any]]]:
    pages, address = [], path or None
    while address is not None:
        answer = read_roster(lms, address)
        assert answer.status_code == 200
        pages.append(answer.get_json()["members"])
        address = find_next(answer)
    return pages


def test_the_members_of_a_course(tmp_path: Path) -> None:
    answer = read_roster(make_lms(tmp_path, Manner.STRICT))
    assert answer.content_type == lti.MEDIA_MEMBERSHIP_CONTAINER
    body = answer.get_json()
    assert body["id"] == f"{LMS}{SMALL}"
    assert body["context"] == {"id": "course-1", "label": "LEC-DEMO", "title": "Leading Edge Cohort, demo"}
    assert [member["user_id"] for member in body["members"]] == ["101", "102", "103", "104", "201"]
    assert body["members"][0] == {
        "status": "Active",
        "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
        "user_id": "101",
        "name": "Dana Whitfield",
        "given_name": "Dana",
        "family_name": "Whitfield",
        "email": "dana.whitfield@example.org",
    }


def test_somebody_on_the_roster_never_opens_the_tool(tmp_path: Path) -> None:
    lms = make_lms(tmp_path, Manner.STRICT)
    assert TESS.name not in lms.browser.get("/", base_url=LMS).text, "nobody can be her"
    assert TESS.name in lms.browser.get("/courses/course-1/people", base_url=LMS).text


def test_the_crowd_is_invented_and_distinct() -> None:
    assert len({person.sub for person in CROWD}) == len({person.email for person in CROWD}) == len(CROWD) == 125
    assert all(person.email.endswith("@example.org") and "invented" in person.story for person in CROWD)


@pytest.mark.parametrize(
    ("manner", "role"),
    [
        (Manner.STRICT, lti.ROLE_CONTEXT_PREFIX + "Instructor"),
        (Manner.CANVAS, lti.ROLE_CONTEXT_PREFIX + "Instructor"),
        (Manner.MOODLE, "Instructor"),
    ],
)
def test_roles_are_long_or_short_and_filter(tmp_path: Path, manner: Manner, role: str) -> None:
    lms = make_lms(tmp_path, manner)
    for asked in ("Instructor", "http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Instructor"):
        (member,) = read_roster(lms, f"{SMALL}?role={asked}").get_json()["members"]
        assert (member["user_id"], member["roles"]) == ("201", [role])
    assert read_roster(lms, f"{SMALL}?role=Mentor").get_json()["members"] == []


@pytest.mark.parametrize("manner", list(Manner))
def test_hidden_names(tmp_path: Path, manner: Manner) -> None:
    lms = make_lms(tmp_path, manner, names_hidden=True)
    for member in read_roster(lms).get_json()["members"]:
        assert set(member) == {"status", "roles", "user_id"}
    assert {"name", "given_name", "family_name", "email"}.isdisjoint(lms.launch())


@pytest.mark.parametrize(
    ("manner", "query", "sizes"),
    [
        (Manner.STRICT, "", [126]),
        (Manner.STRICT, "?limit=100", [100, 26]),
        (Manner.CANVAS, "", [50, 50, 26]),
        (Manner.CANVAS, "?limit=40", [40, 40, 40, 6]),
        (Manner.CANVAS, "?limit=1000", [50, 50, 26]),
        (Manner.MOODLE, "", [126]),
        (Manner.MOODLE, "?limit=60", [60, 60, 6]),
    ],
)
def test_a_long_list_comes_in_pages(tmp_path: Path, manner: Manner, query: str, sizes: list[int]) -> None:
    pages = read_pages(make_lms(tmp_path, manner), BIG + query)
    assert [len(page) for page in pages] == sizes
    listed = [member["user_id"] for page in pages for member in page]
    assert listed == [person.sub for person, _ in BIG_COURSE.members]


def test_moodles_next_page_has_forgotten_the_role_as_captured(tmp_path: Path) -> None:
    lms = make_lms(tmp_path, Manner.MOODLE)
    captured = {exchange["note"]: exchange["response"]["headers"].get("Link") for exchange in load("nrps")}
    ours = read_roster(lms, f"{SMALL}?role=Learner&limit=1").headers["Link"]
    assert ours.partition("?")[2] == captured["role=Instructor limit=1"].partition("?")[2]
    ours = read_roster(lms, f"{SMALL}?rlid=course-1-visioning&limit=1").headers["Link"]
    assert ours.partition("&rlid")[0].partition("?")[2] == "limit=1&from=1"
    assert ours.endswith('&rlid=course-1-visioning>; rel="next"')
    assert captured["rlid=11&limit=1"].endswith('?limit=1&from=1&rlid=11>; rel="next"')


@pytest.mark.parametrize(
    ("manner", "shown"), [(Manner.STRICT, "Inactive"), (Manner.CANVAS, "Inactive"), (Manner.MOODLE, None)]
)
def test_suspended_people_are_inactive_or_vanish(tmp_path: Path, manner: Manner, shown: str | None) -> None:
    lms = make_lms(tmp_path, manner)
    lms.platform.enrolments.change("course-1", "102", EnrolmentState.SUSPENDED)
    lms.platform.enrolments.change("course-1", "103", EnrolmentState.UNENROLLED)
    statuses = {member["user_id"]: member["status"] for member in read_roster(lms).get_json()["members"]}
    assert statuses.get("102") == shown
    assert "103" not in statuses, "who is not enrolled any more is on no list"
    assert statuses["101"] == "Active"


@pytest.mark.parametrize("manner", list(Manner))
def test_a_link_of_the_course_says_what_its_launch_would_carry(tmp_path: Path, manner: Manner) -> None:
    lms = make_lms(tmp_path, manner)
    members = read_roster(lms, f"{SMALL}?rlid=course-1-visioning").get_json()["members"]
    assert {member["message"][0][lti.CLAIM_CUSTOM]["module"] for member in members} == {"visioning"}
    assert read_roster(lms, f"{SMALL}?rlid=course-2-visioning").status_code == 404


def test_what_moodle_says_where_there_is_nothing(tmp_path: Path) -> None:
    lms = make_lms(tmp_path, Manner.MOODLE)
    captured = {exchange["note"]: exchange["response"] for exchange in load("nrps")}
    for path, note in ((f"{SMALL}?rlid=9999", "rlid unknown"), (SMALL.replace("course-1", "999"), "unknown course")):
        answer = read_roster(lms, path)
        assert (answer.status_code, answer.get_json()["reason"]) == (404, captured[note]["body"]["reason"])
    wrong = lms.read(SMALL, lti.MEDIA_MEMBERSHIP_CONTAINER, lti.SCOPE_SCORE)
    assert (wrong.status_code, wrong.get_json()["reason"]) == (401, captured["wrong scope"]["body"]["reason"])
    for accept, note in (("application/json", "application/json"), ("*/*", "*/*"), (None, "no accept")):
        headers = {"Authorization": f"Bearer {lms.get_token()}"} | ({"Accept": accept} if accept else {})
        answer = lms.browser.get(SMALL, base_url=LMS, headers=headers)
        assert answer.status_code == captured[note]["status"], note
        assert answer.headers["Content-Type"] == captured[note]["headers"]["Content-Type"], note


def test_a_withheld_roster_is_neither_offered_nor_given(tmp_path: Path) -> None:
    lms = make_lms(tmp_path, Manner.STRICT)
    token = lms.get_token(lti.SCOPE_SCORE)
    lms.platform.faults.withhold_scopes(lti.SCOPE_MEMBERSHIP_READONLY)
    assert lti.CLAIM_NAMES_ROLES not in lms.launch()
    assert lms.ask_token(lti.SCOPE_MEMBERSHIP_READONLY).get_json()["error"] == "invalid_scope"
    headers = {"Authorization": f"Bearer {token}", "Accept": lti.MEDIA_MEMBERSHIP_CONTAINER}
    assert lms.browser.get(SMALL, base_url=LMS, headers=headers).status_code == 403


def test_a_fault_of_the_roster_alone(tmp_path: Path) -> None:
    lms = make_lms(tmp_path, Manner.STRICT)
    lms.platform.faults.be_down(only=Service.ROSTER)
    assert lms.post_score().status_code == 200
    assert [read_roster(lms).status_code for _ in range(2)] == [503, 200]


def test_reading_the_roster_is_on_the_traffic_page(tmp_path: Path) -> None:
    lms = make_lms(tmp_path, Manner.STRICT)
    read_roster(lms)
    newest = lms.platform.traffic.list_newest(1)[0]
    assert (newest.title, newest.outcome) == ("List of people read", "5 of 5 people sent")
