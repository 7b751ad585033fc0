"""The demo LMS's launches: login initiation, what the authorization endpoint refuses, what the id_token says."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from lti_tool.demo_lms.courses import COURSES
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.people import PEOPLE, find_person
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.deep_links import ask
from tests.support.fake_tool import LMS, TOOL, DemoLmsWithFakeTool, read_form

CAPTURES = Path(__file__).parents[1] / "certification" / "moodle_4_5"


@pytest.fixture
def lms(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock())


def test_login_initiation_is_a_form_with_a_button_and_all_parameters(lms: DemoLmsWithFakeTool) -> None:
    login = lms.start_launch()
    assert {name: value for name, value in login.items() if name != "lti_message_hint"} == {
        "iss": LMS,
        "target_link_uri": f"{TOOL}/lti/launch",
        "login_hint": "101",
        "client_id": "leading-edge-demo",
        "lti_deployment_id": "1",
    }
    page = lms.browser.get("/launch/course-1/course-1-visioning", base_url=LMS)
    assert '<button type="submit">' in page.text
    assert "<script src=" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"form-action 'self' {TOOL};" in policy
    assert "'unsafe-inline'" not in policy


def test_login_initiation_can_be_a_redirect(lms: DemoLmsWithFakeTool) -> None:
    lms.be("101")
    answer = lms.browser.get("/launch/course-1/visioning?via=redirect", base_url=LMS)
    assert answer.status_code == 302
    assert answer.location.startswith(f"{TOOL}/lti/login?iss=http%3A%2F%2Flocalhost%3A5001&")


def test_nobody_is_launched_before_a_person_is_chosen(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.browser.get("/launch/course-1/visioning", base_url=LMS)
    assert answer.status_code == 403
    assert "Choose who you are first" in answer.text


def test_two_launches_have_two_hints(lms: DemoLmsWithFakeTool) -> None:
    assert lms.start_launch()["lti_message_hint"] != lms.start_launch()["lti_message_hint"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_good_request_gets_an_id_token(lms: DemoLmsWithFakeTool, method: str) -> None:
    answer = lms.authorize(lms.make_request(lms.start_launch()), method)
    action, fields = read_form(answer.text)
    assert (answer.status_code, action, set(fields)) == (200, f"{TOOL}/lti/launch", {"id_token", "state"})
    assert lms.verify(fields["id_token"])["sub"] == "101"
    assert answer.headers["Cache-Control"] == "no-store"


def test_claims_of_a_learner(lms: DemoLmsWithFakeTool) -> None:
    claims = lms.launch("101")
    now = int(lms.clock.now().timestamp())
    assert (claims["iat"], claims["exp"], claims["nonce"]) == (now, now + 60, "nonce-1")
    assert (claims["iss"], claims["aud"], claims["sub"]) == (LMS, "leading-edge-demo", "101")
    assert (claims["name"], claims["email"]) == ("Dana Whitfield", "dana.whitfield@example.org")
    assert claims[lti.CLAIM_MESSAGE_TYPE] == "LtiResourceLinkRequest"
    assert claims[lti.CLAIM_VERSION] == "1.3.0"
    assert claims[lti.CLAIM_DEPLOYMENT_ID] == "1"
    assert claims[lti.CLAIM_TARGET_LINK_URI] == f"{TOOL}/lti/launch"
    assert claims[lti.CLAIM_ROLES] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert claims[lti.CLAIM_CONTEXT]["id"] == "course-1"
    assert claims[lti.CLAIM_CONTEXT]["label"] == "LEC-DEMO"
    assert claims[lti.CLAIM_CONTEXT]["title"] == "Leading Edge Cohort, demo"
    assert claims[lti.CLAIM_RESOURCE_LINK]["id"] == "course-1-visioning"
    assert claims[lti.CLAIM_CUSTOM] == {"module": "visioning"}
    assert claims[lti.CLAIM_TOOL_PLATFORM]["product_family_code"] == "leading-edge-demo"
    presentation = claims[lti.CLAIM_LAUNCH_PRESENTATION]
    assert (presentation["document_target"], presentation["locale"]) == ("iframe", "en-US")
    assert presentation["return_url"] == f"{LMS}/courses/course-1/return?link=visioning"
    endpoint = claims[lti.CLAIM_AGS_ENDPOINT]
    assert endpoint["lineitems"] == f"{LMS}/api/lti/courses/course-1/lineitems?type_id=1"
    assert endpoint["lineitem"] == f"{LMS}{lms.find_column_path()}?type_id=1"
    assert len(endpoint["scope"]) == 4
    assert claims[lti.CLAIM_NAMES_ROLES] == {
        "context_memberships_url": f"{LMS}/api/lti/courses/course-1/memberships",
        "service_versions": ["2.0"],
    }


def test_a_new_tab_is_told(lms: DemoLmsWithFakeTool) -> None:
    lms.be("101")
    _, login = read_form(lms.browser.get("/launch/course-1/visioning?target=window", base_url=LMS).text)
    _, fields = read_form(lms.authorize(lms.make_request(login)).text)
    assert lms.verify(fields["id_token"])[lti.CLAIM_LAUNCH_PRESENTATION]["document_target"] == "window"


@pytest.mark.parametrize(
    ("sub", "course", "context_roles"),
    [
        ("102", "course-1", ["Learner"]),
        ("201", "course-1", ["Instructor"]),
        ("201", "course-2", ["Instructor"]),
        ("101", "course-2", ["Learner"]),
        ("102", "course-2", []),
        ("301", "course-1", []),
        ("401", "course-1", []),
    ],
)
def test_roles(lms: DemoLmsWithFakeTool, sub: str, course: str, context_roles: list[str]) -> None:
    roles = lms.launch(sub, course=course)[lti.CLAIM_ROLES]
    prefix = lti.ROLE_CONTEXT_PREFIX
    assert [role.removeprefix(prefix) for role in roles if role.startswith(prefix)] == context_roles


def test_an_administrator_is_one_of_the_institution_and_the_system(lms: DemoLmsWithFakeTool) -> None:
    assert lms.launch("301")[lti.CLAIM_ROLES] == [
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
    ]


def test_the_series_link_has_no_line_item(lms: DemoLmsWithFakeTool) -> None:
    claims = lms.launch(link="series")
    assert claims[lti.CLAIM_CUSTOM] == {"module": "series"}
    assert "lineitem" not in claims[lti.CLAIM_AGS_ENDPOINT]


def test_every_course_has_its_own_links_and_columns(lms: DemoLmsWithFakeTool) -> None:
    ids = [link.id for course in COURSES for link in course.links]
    assert len(ids) == len(set(ids)) == 18
    columns = [lms.platform.gradebook.list_columns(course.id) for course in COURSES]
    assert [len(each) for each in columns] == [8, 8, 0]
    assert {(c.maximum, c.tag) for each in columns for c in each} == {(100, "leading-edge")}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "openid profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "code"}, "unsupported_response_type"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_mode": None}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"prompt": None}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"nonce": "a b"}, "invalid_request"),
        ({"state": "st{1}"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"login_hint": None}, "invalid_request"),
        ({"login_hint": "102"}, "access_denied"),
        ({"lti_message_hint": None}, "invalid_request"),
        ({"lti_message_hint": "made-up"}, "invalid_request"),
    ],
)
def test_a_bad_request_is_refused_to_the_tool_and_spends_no_hint(
    lms: DemoLmsWithFakeTool, changes: dict[str, str | None], error: str
) -> None:
    login = lms.start_launch()
    request = lms.make_request(login, **changes)
    action, fields = read_form(lms.authorize(request).text)
    assert (action, fields["error"]) == (f"{TOOL}/lti/launch", error)
    assert fields["error_description"]
    assert fields.get("state") == request.get("state")
    assert "id_token" not in fields
    _, second = read_form(lms.authorize(lms.make_request(login)).text)
    assert "id_token" in second


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": f"{TOOL}/lti/launch?x=1"},
        {"redirect_uri": "https://elsewhere.example/lti/launch"},
        {"redirect_uri": None},
        {"client_id": "somebody-else"},
        {"client_id": None},
    ],
)
def test_nothing_is_sent_to_an_unregistered_address(lms: DemoLmsWithFakeTool, changes: dict[str, str | None]) -> None:
    answer = lms.authorize(lms.make_request(lms.start_launch(), **changes))
    assert answer.status_code == 400
    assert "<form" not in answer.text
    assert "not registered here" in answer.text


def test_a_parameter_given_twice_is_refused(lms: DemoLmsWithFakeTool) -> None:
    request = list(lms.make_request(lms.start_launch()).items())
    answer = lms.browser.get("/api/lti/authorize", base_url=LMS, query_string=[*request, ("state", "other")])
    assert answer.status_code == 400
    assert "there twice" in answer.text


def test_a_hint_works_once(lms: DemoLmsWithFakeTool) -> None:
    request = lms.make_request(lms.start_launch())
    assert "id_token" in read_form(lms.authorize(request).text)[1]
    _, fields = read_form(lms.authorize(request).text)
    assert fields["error"] == "invalid_request"
    assert "not used before" in fields["error_description"]


def test_a_hint_expires(lms: DemoLmsWithFakeTool) -> None:
    request = lms.make_request(lms.start_launch())
    lms.clock.advance(seconds=600)
    assert "has not expired" in read_form(lms.authorize(request).text)[1]["error_description"]


def test_a_hint_alone_is_enough_where_the_session_stays_behind(lms: DemoLmsWithFakeTool) -> None:
    request = lms.make_request(lms.start_launch())
    stranger = lms.app.test_client()
    page = stranger.get("/api/lti/authorize", base_url=LMS, query_string=request)
    assert lms.verify(read_form(page.text)[1]["id_token"])["sub"] == "101"


def test_a_hint_of_somebody_else_than_the_session_is_refused(lms: DemoLmsWithFakeTool) -> None:
    request = lms.make_request(lms.start_launch("101"))
    lms.be("102")
    assert read_form(lms.authorize(request).text)[1]["error"] == "access_denied"


def test_two_launches_at_once_do_not_disturb_each_other(lms: DemoLmsWithFakeTool) -> None:
    first, second = lms.start_launch(course="course-1"), lms.start_launch(course="course-2")
    contexts = [
        lms.verify(read_form(lms.authorize(lms.make_request(login)).text)[1]["id_token"])[lti.CLAIM_CONTEXT]["id"]
        for login in (second, first)
    ]
    assert contexts == ["course-2", "course-1"]


def test_the_clock_can_be_shifted(lms: DemoLmsWithFakeTool) -> None:
    lms.platform.faults.shift_clock(-45)
    assert lms.launch()["iat"] == int(lms.clock.now().timestamp()) - 45


def test_withheld_scopes_are_not_offered(lms: DemoLmsWithFakeTool) -> None:
    lms.platform.faults.withhold_scopes(lti.SCOPE_RESULT_READONLY)
    assert lti.SCOPE_RESULT_READONLY not in lms.launch()[lti.CLAIM_AGS_ENDPOINT]["scope"]


def _sign_and_read(lms: DemoLmsWithFakeTool, headers: dict[str, object], claims: object = None) -> dict[str, Any]:
    token = lms.platform.sign(claims if claims is not None else {"sub": "1"}, headers)
    return jwt.get_unverified_header(token)


def test_tokens_can_be_bent_for_tests(lms: DemoLmsWithFakeTool) -> None:
    person, link = find_person("101"), COURSES[0].find_link("visioning")
    assert person is not None
    assert link is not None
    claims = lms.platform.launch_claims(person, link, nonce="n")
    claims["sub"] = 7
    assert lms.platform.launch_claims(person, link, nonce="n")["sub"] == "101"
    assert "kid" not in _sign_and_read(lms, {"kid": None}, claims)
    assert _sign_and_read(lms, {"alg": "none"})["alg"] == "none"
    assert _sign_and_read(lms, {"alg": "RS512"}, [1, 2])["alg"] == "RS512"


def test_a_rotated_key_signs_and_the_old_one_stays_published(lms: DemoLmsWithFakeTool) -> None:
    old = lms.platform.sign({"sub": "1", "aud": "leading-edge-demo", "iss": LMS})
    new_kid = lms.platform.keys.rotate().kid
    published = [key["kid"] for key in lms.browser.get("/api/lti/jwks.json", base_url=LMS).get_json()["keys"]]
    assert published[0] == new_kid
    assert len(published) == 2
    assert lms.verify(old)["sub"] == "1"


def test_the_people_are_invented_and_distinct() -> None:
    assert len({person.sub for person in PEOPLE}) == len({person.email for person in PEOPLE}) == 7
    assert all(person.email.endswith("@example.org") for person in PEOPLE)


# Manners


def open_as(tmp_path: Path, manner: Manner) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock(), manner=manner)


_CONTEXT = "http://purl.imsglobal.org/vocab/lis/v2/membership"
_ADMINISTRATOR = [
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
]
_USER = "http://purl.imsglobal.org/vocab/lis/v2/system/person#User"


@pytest.mark.parametrize(
    ("manner", "sub", "roles"),
    [
        (Manner.STRICT, "202", [f"{_CONTEXT}/Instructor#TeachingAssistant", f"{_CONTEXT}#Instructor"]),
        (Manner.CANVAS, "202", [f"{_CONTEXT}/instructor#TeachingAssistant", f"{_CONTEXT}#Instructor", _USER]),
        (Manner.CANVAS, "101", [f"{_CONTEXT}#Learner", _USER]),
        (Manner.CANVAS, "301", _ADMINISTRATOR),
        (
            Manner.CANVAS,
            "901",
            [f"{_CONTEXT}#Learner", "http://purl.imsglobal.org/vocab/lti/system/person#TestUser", _USER],
        ),
        (Manner.MOODLE, "202", [f"{_CONTEXT}#Instructor"]),
        (Manner.MOODLE, "201", [f"{_CONTEXT}#Instructor"]),
        (Manner.MOODLE, "101", [f"{_CONTEXT}#Learner"]),
        (Manner.MOODLE, "301", [_ADMINISTRATOR[0], f"{_CONTEXT}#Instructor", _ADMINISTRATOR[1]]),
    ],
)
def test_roles_in_each_manner(tmp_path: Path, manner: Manner, sub: str, roles: list[str]) -> None:
    assert open_as(tmp_path, manner).launch(sub, course="course-2")[lti.CLAIM_ROLES] == roles


def test_moodle_opens_nothing_for_somebody_outside_the_course(tmp_path: Path) -> None:
    lms = open_as(tmp_path, Manner.MOODLE)
    lms.platform.enrolments.change("course-1", "102", EnrolmentState.UNENROLLED)
    for sub in ("401", "102"):
        lms.be(sub)
        answer = lms.browser.get("/launch/course-1/visioning", base_url=LMS)
        assert (answer.status_code, "You are not in this course" in answer.text) == (403, True)


def test_student_view_is_a_choice_on_canvas_only(tmp_path: Path) -> None:
    canvas = open_as(tmp_path / "c", Manner.CANVAS)
    assert "Test Student" in canvas.browser.get("/", base_url=LMS).text
    assert "Test Student" not in open_as(tmp_path / "s", Manner.STRICT).browser.get("/", base_url=LMS).text
    assert "Test Student" not in canvas.browser.get("/courses/course-1/people", base_url=LMS).text
    assert canvas.post_score(userId="901").status_code == 422


def test_moodles_hint_is_raw_json(tmp_path: Path) -> None:
    lms = open_as(tmp_path, Manner.MOODLE)
    hint = lms.start_launch()["lti_message_hint"]
    assert set(json.loads(hint)) == {"cmid", "launchid"}
    assert " " not in hint
    lms.be("201")
    page = lms.browser.get("/launch/course-3/deep-linking/several", base_url=LMS)
    choosing = json.loads(read_form(page.text)[1]["lti_message_hint"])
    assert choosing["launchid"].startswith("ltilaunch_ContentItemSelectionRequest")
    request = lms.make_request(lms.start_launch())
    assert "id_token" in read_form(lms.authorize(request).text)[1]
    assert "error" in read_form(lms.authorize(request).text)[1], "it works once"
    spaced = hint.replace(":", ": ")
    assert "error" in read_form(lms.authorize({**request, "lti_message_hint": spaced}).text)[1], (
        "it has to be unaltered"
    )


def test_canvas_login_is_as_canvas_writes_it(tmp_path: Path) -> None:
    login = open_as(tmp_path, Manner.CANVAS).start_launch()
    assert login["deployment_id"] == "1"
    assert "lti_deployment_id" not in login
    assert login["canvas_environment"] == "prod"
    header, payload, signature = login["lti_message_hint"].split(".")
    assert header.startswith("ey")
    assert payload.startswith("ey")
    assert signature


@pytest.mark.parametrize(("manner", "seconds"), [(Manner.STRICT, 60), (Manner.MOODLE, 60), (Manner.CANVAS, 3600)])
def test_how_long_an_id_token_lives(tmp_path: Path, manner: Manner, seconds: int) -> None:
    claims = open_as(tmp_path, manner).launch()
    assert claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize(
    ("manner", "type_", "family"),
    [
        (Manner.STRICT, "http://purl.imsglobal.org/vocab/lis/v2/course#CourseSection", "leading-edge-demo"),
        (Manner.CANVAS, "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering", "canvas"),
        (Manner.MOODLE, "CourseSection", "moodle"),
    ],
)
def test_context_type_and_family(tmp_path: Path, manner: Manner, type_: str, family: str) -> None:
    lms = open_as(tmp_path, manner)
    claims = lms.launch()
    assert claims[lti.CLAIM_CONTEXT]["type"] == [type_]
    assert claims[lti.CLAIM_TOOL_PLATFORM]["product_family_code"] == family
    guid = claims[lti.CLAIM_TOOL_PLATFORM]["guid"]
    lms.start()
    assert lms.launch()[lti.CLAIM_TOOL_PLATFORM]["guid"] == guid


def test_canvas_says_more(tmp_path: Path) -> None:
    claims = open_as(tmp_path, Manner.CANVAS).launch()
    assert claims["https://www.instructure.com/placement"] == "assignment_selection"
    assert claims["azp"] == "leading-edge-demo"
    assert claims[lti.CLAIM_RESOURCE_LINK]["validation_context"] is None


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        (
            Manner.STRICT,
            {"cid": "course-1", "who": "Dana Whitfield", "unk": "$Canvas.user.id", "b": "x\ny=z", "CamelCase": "1"},
        ),
        (
            Manner.CANVAS,
            {"cid": "course-1", "who": "Dana Whitfield", "unk": "101", "b": "x\ny=z", "CamelCase": "1"},
        ),
        (
            Manner.MOODLE,
            {
                "cid": "course-1",
                "who": "Dana Whitfield",
                "unk": "$Canvas.user.id",
                "b": "x",
                "y": "z",
                "camelcase": "1",
                "CamelCase": "1",
            },
        ),
    ],
)
def test_custom_parameters_of_the_tool(tmp_path: Path, manner: Manner, expected: dict[str, str]) -> None:
    custom = {
        "cid": "$Context.id",
        "who": "$Person.name.full",
        "unk": "$Canvas.user.id",
        "b": "x\ny=z",
        "CamelCase": "1",
    }
    lms = DemoLmsWithFakeTool(tmp_path, Clock(), manner=manner, tool_custom=custom)
    assert lms.launch()[lti.CLAIM_CUSTOM] == {**expected, "module": "visioning"}


def test_canvas_leaves_an_assignments_variables_where_there_is_none(tmp_path: Path) -> None:
    custom = {"points": "$Canvas.assignment.pointsPossible", "sections": "$Canvas.course.sectionIds", "foo": "$Foo.bar"}
    lms = DemoLmsWithFakeTool(tmp_path, Clock(), manner=Manner.CANVAS, tool_custom=custom)
    graded = lms.launch()[lti.CLAIM_CUSTOM]
    assert (graded["points"], graded["sections"], graded["foo"]) == ("100", "course-1-a", "$Foo.bar")
    assert lms.launch(link="series")[lti.CLAIM_CUSTOM]["points"] == "$Canvas.assignment.pointsPossible"
    assert lms.launch("201")[lti.CLAIM_CUSTOM]["sections"] == "course-1-a,course-1-b"


def test_moodle_sends_null_for_a_link_there_is_not(tmp_path: Path) -> None:
    lms = DemoLmsWithFakeTool(tmp_path, Clock(), manner=Manner.MOODLE, tool_custom={"title": "$ResourceLink.title"})
    assert ask(lms)[lti.CLAIM_CUSTOM] == {"title": None}
    assert lms.launch()[lti.CLAIM_CUSTOM]["title"] == "On the Leading Edge of Visioning"


def test_moodles_claims_are_those_of_the_captures(tmp_path: Path) -> None:
    lms = DemoLmsWithFakeTool(tmp_path, Clock(), manner=Manner.MOODLE, tool_custom={"a": "b"})
    for name, claims in (("launch-learner", lms.launch()), ("deep-linking-request", ask(lms))):
        captured = json.loads((CAPTURES / f"{name}.json").read_text())["id_token_claims"]
        assert set(claims) == set(captured)
        for claim in (lti.CLAIM_CONTEXT, lti.CLAIM_LAUNCH_PRESENTATION, lti.CLAIM_TOOL_PLATFORM):
            assert set(claims[claim]) == set(captured[claim]), claim
    assert set(claims[lti.CLAIM_DEEP_LINKING_SETTINGS]) == set(captured[lti.CLAIM_DEEP_LINKING_SETTINGS])


def test_canvas_can_ask_for_another_page_of_the_tool(lms: DemoLmsWithFakeTool) -> None:
    lms.be("101")
    page = lms.browser.get(f"/launch/course-1/visioning?url={TOOL}/lti/launch%3Fpage%3D2", base_url=LMS)
    _, fields = read_form(lms.authorize(lms.make_request(read_form(page.text)[1])).text)
    assert lms.verify(fields["id_token"])[lti.CLAIM_TARGET_LINK_URI] == f"{TOOL}/lti/launch?page=2"
    assert lms.browser.get("/launch/course-1/visioning?url=https://elsewhere.example/", base_url=LMS).status_code == 404
