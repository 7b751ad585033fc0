"""Everything a browser carried from a real Moodle to its tool, sent through our own door."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from lti_tool.models import Context, LineItem, ResourceLink, Roster, User
from tests.certification.moodle import ISSUER, TOOL, load, load_claims
from tests.certification.moodle_door import MoodleDoor, browser_headers
from tests.support.pages import check_page, find_text

Door = MoodleDoor


@pytest.fixture
def door(moodle_door: MoodleDoor) -> MoodleDoor:
    return moodle_door


def error_code(html: str) -> str | None:
    return next((main.get("data-error-code") for main in check_page(html).iter("main")), None)


LAUNCHES = {
    "launch-learner": "participant",
    "launch-instructor": "staff",
    "launch-admin": "staff",
    "launch-nonediting-teacher": "staff",
    "launch-teacher-switched-to-student-role": "participant",
    "launch-learner-privacy-off-new-window": "participant",
    "launch-ungraded-link": "staff",
    "launch-link-without-url": "staff",
    "launch-duplicated-activity": "staff",
    "launch-restored-course-copy": "staff",
}


@pytest.mark.parametrize("capture", LAUNCHES)
def test_launch_opens_a_page_for_who_came(capture: str, door: Door) -> None:
    claims = load_claims(capture)
    browser, answer = door.launch(capture)
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.location, base_url=TOOL)
    assert page.status_code == 200
    check_page(page.text, answer.location)
    assert f"frame-ancestors 'self' {ISSUER}" in page.headers["Content-Security-Policy"]
    assert door.standing_of(claims["sub"]) == LAUNCHES[capture]
    with door.store.reading() as session:
        person = session.scalars(select(User)).one()
        assert (person.sub, person.name) == (claims["sub"], claims.get("name"))
        link = session.scalars(select(ResourceLink)).one()
        sent = claims["https://purl.imsglobal.org/spec/lti/claim/resource_link"]
        assert (link.id_on_platform, link.title) == (sent["id"], sent["title"])
        ags = claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]
        assert session.scalars(select(Context.line_items_url)).one() == ags["lineitems"]
        assert session.scalars(select(LineItem)).all() == [], "no module is bound to this link yet"
        roster = claims["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"]
        assert session.scalars(select(Roster.url)).one() == roster["context_memberships_url"]


def test_column_of_a_link_that_names_its_module_is_kept(door: Door) -> None:
    custom = load_claims("launch-learner")["https://purl.imsglobal.org/spec/lti/claim/custom"] | {"module": "visioning"}
    browser, answer = door.launch("launch-learner", **{"https://purl.imsglobal.org/spec/lti/claim/custom": custom})
    assert answer.location.endswith("/modules/visioning")
    assert browser.get(answer.location, base_url=TOOL).status_code == 200
    with door.store.reading() as session:
        column = session.scalars(select(LineItem)).one()
        assert column.url == f"{ISSUER}/mod/lti/services.php/2/lineitems/2/lineitem?type_id=1"
        assert column.module_key == "visioning"


def test_nobodys_name_is_needed(door: Door) -> None:
    browser, answer = door.launch("launch-learner-privacy-off-new-window")
    page = browser.get(answer.location, base_url=TOOL)
    assert "None" not in find_text(check_page(page.text))


def test_teacher_who_switches_to_student_only_practices(door: Door) -> None:
    door.launch("launch-instructor")
    door.clock.advance(seconds=5)
    door.launch("launch-teacher-switched-to-student-role")
    assert door.standing_of("3") == "practice"


def test_copies_are_links_and_courses_of_their_own(door: Door) -> None:
    for capture in ("launch-instructor", "launch-duplicated-activity", "launch-restored-course-copy"):
        assert door.launch(capture)[1].status_code == 303
    with door.store.reading() as session:
        assert session.scalars(select(ResourceLink.id_on_platform).order_by(ResourceLink.id)).all() == ["1", "13", "24"]
        assert session.scalars(select(Context.id_on_platform).order_by(Context.id)).all() == ["2", "4"]


REVIEWS = {
    "submission-review-instructor": r"/s/[\w-]+/reviews/(\d+)?",
    "submission-review-learner-self": r"/s/[\w-]+/(modules/\w+/plan)?",
    "submission-review-no-for_user": r"/s/[\w-]+/reviews/",
}


@pytest.mark.parametrize("capture", REVIEWS)
def test_review_leads_to_the_work_or_the_queue(capture: str, door: Door) -> None:
    browser, answer = door.launch(capture)
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(REVIEWS[capture], answer.location), answer.location
    page = browser.get(answer.location, base_url=TOOL)
    assert page.status_code == 200
    check_page(page.text, answer.location)


@pytest.mark.parametrize(
    "capture",
    ["deep-linking-request", "deep-linking-request-first-use-in-course", "launch-partitioned-cookies-3p-blocked"],
)
def test_request_for_content_shows_the_picker_inside_the_frame(capture: str, door: Door) -> None:
    _, answer = door.launch(capture)
    assert answer.status_code == 200, answer.text
    assert error_code(answer.text) is None
    assert f"frame-ancestors 'self' {ISSUER}" in answer.headers["Content-Security-Policy"]
    forms = list(check_page(answer.text).iter("form"))
    assert forms, "a picker is a form"
    assert not [form for form in forms if form.get("target") == "_blank"], "Moodle's picker cannot return from a tab"


@pytest.mark.parametrize("capture", ["deep-linking-request"])
def test_learner_places_nothing(capture: str, door: Door) -> None:
    learner = {"https://purl.imsglobal.org/spec/lti/claim/roles": ["Learner"]}
    _, answer = door.launch(capture, **learner)
    assert (answer.status_code, error_code(answer.text)) == (403, "not_for_placing")


AUTHORIZATION_ERRORS = [
    one["form"] for one in load("auth-endpoint") if isinstance(one.get("form"), dict) and "error" in one["form"]
]


@pytest.mark.parametrize("form", AUTHORIZATION_ERRORS, ids=lambda form: form["error"])
def test_what_moodle_sends_instead_of_a_launch_is_told(
    form: dict[str, str], door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    flow = door.log_in("login-initiation-resource-link")
    answer = flow.browser.post("/lti/launch", base_url=TOOL, data=form | {"state": flow.state})
    assert 400 <= answer.status_code < 500
    assert error_code(answer.text) == "platform_error"
    assert form["error"] in caplog.text
    # The flow is spent: what Moodle refused is not tried again under the same hint.
    assert error_code(door.post(flow, "launch-learner").text) == "flow_used"


def test_logins_moodles_own_pages_made_are_taken(door: Door) -> None:
    """The form of launch.php and the one of contentitem.php, captured from the page instead of the browser."""
    for initiation in (load("auth-endpoint")[0], load("deep-linking-responses")[0]):
        assert initiation["action"] == f"{TOOL}/login"
        answer = door.app.test_client().post("/lti/login", base_url=TOOL, data=initiation["fields"])
        assert answer.status_code == 302
        assert answer.location.startswith("/lti/login/")


def test_blocked_cookies_lead_to_a_tab_where_the_same_launch_works(door: Door) -> None:
    """The stock library offers the tab too, and then asks Moodle anew; our tab goes on with the unspent hint."""
    captured = load("blocked-cookies-launch")
    assert "open content in the new tab" in captured["iframe_text"]
    assert "LtiResourceLinkRequest\n\nvalid" in captured["new_tab"]["text"]
    frame = door.app.test_client(use_cookies=False)
    form = load("login-initiation-resource-link")["form"]
    login = {name: values[0] for name, values in form.items()}
    hop = frame.post("/lti/login", base_url=TOOL, data=login).location
    page = frame.get(hop, base_url=TOOL)
    assert "Open in a new tab" in find_text(check_page(page.text))
    tab = door.app.test_client()
    answer = tab.post(f"{hop}/tab", base_url=TOOL, headers={"Origin": TOOL})
    while not answer.location.startswith(ISSUER):
        answer = tab.get(answer.location, base_url=TOOL)
    asked = parse_qs(urlsplit(answer.location).query)
    assert asked["lti_message_hint"] == form["lti_message_hint"]
    claims = load_claims("launch-learner")
    seconds = int(door.clock.now().timestamp())
    token = door.keys.sign(claims | {"iat": seconds, "exp": seconds + 60, "nonce": asked["nonce"][0]})
    launched = tab.post("/lti/launch", base_url=TOOL, data={"id_token": token, "state": asked["state"][0]})
    assert launched.status_code == 303
    assert tab.get(launched.location, base_url=TOOL).status_code == 200


def test_moodles_robot_gets_our_keys(door: Door) -> None:
    headers = browser_headers("jwks-fetch-by-moodle")
    assert headers["User-Agent"].startswith("MoodleBot/")
    answer = door.app.test_client().get("/lti/jwks.json", base_url=TOOL, headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert isinstance(json.loads(answer.text)["keys"], list)


def test_way_back_is_the_captured_one_and_carries_nothing_of_ours(door: Door) -> None:
    """Moodle shows ``lti_msg`` and ``lti_errormsg`` to the person; without them it just goes back to the course."""
    captured = load("return-url")
    assert [one["query"].partition("=")[0] for one in captured] == ["", "&lti_msg", "&lti_errormsg"]
    way_back = load_claims("launch-learner")["https://purl.imsglobal.org/spec/lti/claim/launch_presentation"]
    refused = door.launch("launch-learner", **{"https://purl.imsglobal.org/spec/lti/claim/version": "1.2"})[1]
    links = [link.get("href") for link in check_page(refused.text).iter("a")]
    assert way_back["return_url"] in links
    framed = urlsplit(captured[1]["frames"][0])
    assert framed.path == urlsplit(way_back["return_url"]).path
    assert set(parse_qs(framed.query)) - set(parse_qs(urlsplit(way_back["return_url"]).query)) == {"lti_msg"}
