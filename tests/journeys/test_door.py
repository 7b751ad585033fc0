"""Getting in: the way of a good launch, and what happens to every bad one, through the tool's own addresses."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy import select

from lti_tool.models import AuditFact, Context, Deployment, LaunchSession, LineItem, LoginFlow, Membership, User
from tests.support.front_door import TOOL, FrontDoor


def test_a_librarian_lands_on_her_module(door: FrontDoor) -> None:
    page = door.person("103").launch()
    assert page.status == 200
    assert "On the Leading Edge of Visioning" in page.words
    with door.store.reading() as session:
        assert session.scalars(select(User.sub)).all() == ["103"]
        assert session.scalars(select(Membership.standing)).all() == ["participant"]
        assert session.scalars(select(LineItem.module_key)).all() == ["visioning"]
        assert session.scalars(select(Deployment.was_adopted)).all() == [True]
        assert session.scalars(select(LoginFlow.consumed_at)).all() == [door.clock.now()]
        assert "launched" in session.scalars(select(AuditFact.verb)).all()


@pytest.mark.parametrize(
    ("sub", "words"),
    [
        ("201", "Reviews"),
        ("401", "You can read along"),
        ("103", "Mission Plan"),
    ],
)
def test_each_enters_as_what_she_is(door: FrontDoor, sub: str, words: str) -> None:
    assert words in door.person(sub).launch().words


def test_an_administrator_outside_the_course_sees_no_work(door: FrontDoor) -> None:
    lee = door.person("301")
    assert lee.launch().status == 200
    assert lee.get("reviews/").status == 403


def test_the_series_link_shows_all_sessions(door: FrontDoor) -> None:
    page = door.person("103").launch("series")
    assert "On the Leading Edge of Opportunity" in page.words
    assert page.words.count("Session ") >= 8


def test_two_launches_are_two_sessions(door: FrontDoor) -> None:
    dana = door.person("101")
    dana.launch()
    first = dana.session_id
    dana.launch(course="course-2")
    assert dana.session_id != first
    assert dana.get(f"/s/{first}/").status == 200
    assert dana.get("").status == 200
    with door.store.reading() as session:
        assert len(session.scalars(select(Context.id)).all()) == 2


def test_at_most_eight_sessions_are_kept_in_a_browser(door: FrontDoor) -> None:
    dana = door.person("101")
    sessions = []
    for _ in range(9):
        dana.launch()
        sessions.append(dana.session_id)
        door.clock.advance(seconds=5)
    assert dana.get(f"/s/{sessions[0]}/").status == 401
    assert dana.get(f"/s/{sessions[1]}/").status == 200


def test_a_session_lasts_twelve_hours_and_says_so_when_it_ends(door: FrontDoor) -> None:
    dana = door.person("101")
    dana.launch()
    door.clock.advance(hours=12, seconds=1)
    page = dana.get("")
    assert (page.status, page.error_code) == (401, "session_ended")
    assert "open the activity again from your course" in page.words


def test_anothers_session_address_opens_nothing(door: FrontDoor) -> None:
    dana, priya = door.person("101"), door.person("102")
    dana.launch()
    priya.launch()
    assert priya.get(f"/s/{dana.session_id}/").error_code == "session_ended"


def test_a_launch_is_used_once(door: FrontDoor) -> None:
    dana = door.person("101")
    posted = dana.authorize(dana.start_login())
    assert dana.post_launch(posted).status_code == 303
    again = dana.follow(dana.post_launch(posted))
    # The flow's cookie went with its use, so whoever posts it again is refused before anything else is looked at.
    assert again.status == 401
    assert again.error_code == "flow_used"
    with door.store.reading() as session:
        assert len(session.scalars(select(LaunchSession.id)).all()) == 1


def test_a_launch_posted_in_another_browser_is_refused(door: FrontDoor) -> None:
    dana, stranger = door.person("101"), door.person("102")
    posted = dana.authorize(dana.start_login())
    assert stranger.follow(stranger.post_launch(posted)).error_code == "wrong_browser"
    assert dana.post_launch(posted).status_code == 303


def test_a_flow_ends_after_ten_minutes(door: FrontDoor) -> None:
    dana = door.person("101")
    posted = dana.authorize(dana.start_login())
    door.clock.advance(minutes=10, seconds=1)
    assert dana.follow(dana.post_launch(posted)).error_code == "flow_expired"


def test_an_error_of_the_platform_is_told_and_ends_the_flow(door: FrontDoor) -> None:
    dana = door.person("101")
    posted = dana.authorize(dana.start_login())
    answer = dana.post_launch({"error": "access_denied", "error_description": "<b>no</b>", "state": posted["state"]})
    page = dana.follow(answer)
    assert page.error_code == "platform_error"
    assert "<b>no</b>" not in answer.text
    assert dana.follow(dana.post_launch(posted)).error_code == "flow_used"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://unknown.example.org"}, "unknown_issuer"),
        ({"client_id": "somebody-else"}, "unknown_client"),
        ({"login_hint": None}, "missing_login_parameter"),
        ({"target_link_uri": None}, "missing_login_parameter"),
    ],
)
def test_a_bad_login_is_refused_with_its_code(door: FrontDoor, changes: dict[str, str | None], code: str) -> None:
    dana = door.person("101")
    fields = {name: value for name, value in {**dana.start_login(), **changes}.items() if value is not None}
    for answer in (
        dana.tool.post("/lti/login", base_url=TOOL, data=fields),
        dana.tool.get("/lti/login", base_url=TOOL, query_string=fields),
    ):
        page = dana.follow(answer)
        assert 400 <= page.status < 500
        assert page.error_code == code


def test_a_refusal_can_be_found_in_the_log(door: FrontDoor, caplog: pytest.LogCaptureFixture) -> None:
    dana = door.person("101")
    with caplog.at_level(logging.INFO, logger="lti_tool.refusals"):
        page = dana.follow(dana.tool.post("/lti/launch", base_url=TOOL, data={"state": "x", "id_token": "y"}))
    (record,) = caplog.records
    reference = next(word for word in record.getMessage().split() if word.startswith("reference=")).split("=")[1]
    assert reference in page.words
    assert f"code={page.error_code}" in record.getMessage()


def test_without_cookies_a_new_tab_is_offered_and_works(door: FrontDoor) -> None:
    framed, tab = door.person("101"), door.person("101")
    fields = framed.start_login()
    answer = framed.tool.post("/lti/login", base_url=TOOL, data=fields)
    framed.tool = door.app.test_client()
    page = framed.get(answer.location)
    assert "Open in a new tab" in page.words
    (form,) = page.tree.iter("form")
    assert form.get("target") == "_blank"
    tab.lms = framed.lms
    opened = tab.tool.post(form.get("action") or "", base_url=TOOL, headers={"Origin": TOOL})
    assert opened.status_code == 303
    hop = tab.tool.get(opened.location, base_url=TOOL)
    assert hop.location.startswith(door.lms_url)


def test_an_answer_to_a_login_from_before_the_new_tab_lets_nobody_in(door: FrontDoor) -> None:
    """Login CSRF: her own answer, kept back, in the browser of somebody she talked into opening the tab."""
    attacker, victim = door.person("101"), door.person("102")
    kept_back = attacker.authorize(attacker.start_login())
    with door.store.reading() as session:
        flow_id = session.scalars(select(LoginFlow.id)).one()
    opened = victim.tool.post(f"/lti/login/{flow_id}/tab", base_url=TOOL, headers={"Origin": TOOL})
    assert opened.status_code == 303
    assert victim.follow(victim.post_launch(kept_back)).error_code == "flow_unknown"
    with door.store.reading() as session:
        assert session.scalars(select(LaunchSession.id)).all() == []


def test_a_foreign_page_cannot_open_a_flow_in_a_tab(door: FrontDoor) -> None:
    dana = door.person("101")
    answer = dana.tool.post("/lti/login", base_url=TOOL, data=dana.start_login())
    for origin in ("https://evil.example.org", "null"):
        refused = dana.follow(dana.tool.post(f"{answer.location}/tab", base_url=TOOL, headers={"Origin": origin}))
        assert refused.error_code == "form_not_ours"


def test_cookies_are_for_this_host_and_partitioned(door: FrontDoor) -> None:
    dana = door.person("101")
    login = dana.tool.post("/lti/login", base_url=TOOL, data=dana.start_login())
    launch = dana.post_launch(dana.authorize(dana.start_login()))
    cookies = [*login.headers.getlist("Set-Cookie"), *launch.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 3
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
            assert part in cookie


def test_pages_are_framed_by_the_platform_alone(door: FrontDoor) -> None:
    policy = door.person("101").launch().response.headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {door.lms_url}" in policy
    assert "script-src 'self'" in policy
    refused = door.person("101").get("/lti/launch").response.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in refused


def test_a_course_that_sends_no_names_works(door: FrontDoor) -> None:
    with door.store.writing() as session:
        session.add(
            User(registration_id=1, sub="101", name="Old Name", created_at=door.clock(), last_seen_at=door.clock())
        )
    door.platform.settings = replace(door.platform.settings, names_hidden=True)
    assert door.person("101").launch().status == 200
    with door.store.reading() as session:
        assert session.scalars(select(User.name)).all() == [None]
