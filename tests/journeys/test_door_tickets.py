"""The ticket with which a visit leaves a frame that keeps no cookie: for whom it opens a tab, and whom it stops."""

from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, update

from lti_tool.models import LaunchSession, SessionTicket
from tests.support.cookieless import Cookieless, open_cookieless
from tests.support.front_door import TOOL, FrontDoor, Page, Person

CONTINUE = "/lti/continue"
HOST = "127.0.0.1"


@pytest.fixture
def dana(door: FrontDoor) -> Cookieless:
    return open_cookieless(door, "101")


def count_tickets(door: FrontDoor) -> int:
    with door.store.reading() as session:
        return session.scalar(select(func.count()).select_from(SessionTicket)) or 0


def press(door: FrontDoor, page: Page, **changes: str) -> tuple[Person, str, str]:
    """Press the button: the tab it opens, the address of its ticket, and the policy of that redirect."""
    tab = door.person("101")
    answer = tab.send(CONTINUE, {**page.form(CONTINUE), **changes})
    assert answer.status_code == 303, answer.text
    return tab, answer.location, answer.headers["Referrer-Policy"]


def name_ticket_cookie(address: str) -> str:
    """The name of the cookie that belongs to a ticket's address."""
    _, _, ticket = urlsplit(address).path.rpartition("/")
    return f"__Host-t_{ticket[:8]}"


def test_the_minute_begins_with_the_press_and_the_ticket_works_once(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.reach_button()
    door.clock.advance(hours=1)
    tab, address, policy = press(door, page)
    assert policy == "no-referrer"
    door.clock.advance(seconds=59)
    answer = tab.tool.get(address, base_url=TOOL)
    assert (answer.status_code, answer.headers["Referrer-Policy"]) == (303, "no-referrer")
    assert tab.get(answer.location).status == 200
    again = tab.get(address)
    # Its cookie went with its use.
    assert (again.status, again.error_code) == (401, "cookies_refused")


def test_a_ticket_older_than_a_minute_is_gone_and_the_button_makes_another(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.reach_button()
    tab, address, _ = press(door, page)
    door.clock.advance(seconds=60)
    refused = tab.get(address)
    assert (refused.status, refused.error_code) == (401, "ticket_gone")
    tab, address, _ = press(door, page)
    assert tab.get(address).status == 200


def test_a_ticket_used_in_its_own_browser_again_is_gone(door: FrontDoor, dana: Cookieless) -> None:
    tab, address, _ = press(door, dana.reach_button())
    name = name_ticket_cookie(address)
    cookie = tab.tool.get_cookie(name, domain=HOST)
    assert cookie is not None
    assert tab.get(address).status == 200
    assert tab.tool.get_cookie(name, domain=HOST) is None
    tab.tool.set_cookie(name, cookie.value, domain=HOST, secure=True)
    assert tab.get(address).error_code == "ticket_gone"


def test_an_address_with_a_ticket_opens_nothing_in_another_browser(door: FrontDoor, dana: Cookieless) -> None:
    """Login CSRF: her ticket's address, sent to somebody who would then work in her name."""
    _, address, _ = press(door, dana.reach_button())
    victim = door.person("103")
    assert victim.get(address).error_code == "cookies_refused"
    victim.tool.set_cookie(name_ticket_cookie(address), "invented", domain=HOST, secure=True)
    assert victim.get(address).error_code == "ticket_gone"


@pytest.mark.parametrize("path", ["/lti/arrive", CONTINUE])
@pytest.mark.parametrize("origin", ["https://evil.example.org", "null"])
def test_another_sites_page_cannot_move_a_session(door: FrontDoor, dana: Cookieless, path: str, origin: str) -> None:
    fields = dana.reach_button().form(CONTINUE)
    victim = door.person("103")
    refused = victim.follow(victim.send(path, fields, origin=origin))
    assert refused.error_code == "form_not_ours"
    # Or the browser would hide from its reader what happened.
    assert "frame-ancestors *" in refused.response.headers["Content-Security-Policy"]
    assert count_tickets(door) == 0


def test_the_frames_secret_ends_when_the_tab_has_its_own(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.reach_button()
    tab, address, _ = press(door, page)
    tab.get(address)
    fields = page.form(CONTINUE)
    assert tab.follow(tab.send(CONTINUE, fields)).error_code == "ticket_gone"
    stranger = door.person("103")
    stranger.tool.set_cookie(f"__Host-s_{fields['session']}", fields["secret"], domain=HOST, secure=True)
    assert stranger.get(f"/s/{fields['session']}/").error_code == "session_ended"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret": "invented"}, "ticket_gone"),
        ({"secret": ""}, "ticket_gone"),
        ({"session": "invented"}, "ticket_gone"),
        ({"session": "nul\0"}, "session_ended"),
        ({"session": ""}, "session_ended"),
    ],
)
def test_who_does_not_know_the_secret_gets_no_ticket(
    door: FrontDoor, dana: Cookieless, changes: dict[str, str], code: str
) -> None:
    fields = {**dana.reach_button().form(CONTINUE), **changes}
    tab = door.person("101")
    assert tab.follow(tab.send(CONTINUE, fields)).error_code == code
    assert tab.follow(tab.send("/lti/arrive", fields)).error_code == "session_ended"
    assert count_tickets(door) == 0


def test_a_session_that_came_by_cookie_is_not_moved(door: FrontDoor) -> None:
    dana = door.person("101")
    dana.launch()
    cookie = dana.tool.get_cookie(f"__Host-s_{dana.session_id}", domain=HOST)
    assert cookie is not None
    fields = {"session": dana.session_id, "secret": cookie.value, "place": ""}
    assert dana.follow(dana.send(CONTINUE, fields)).error_code == "ticket_gone"


def test_a_session_that_is_over_is_not_moved(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.reach_button()
    tab, address, _ = press(door, page)
    with door.store.writing() as session:
        session.execute(update(LaunchSession).values(expires_at=door.clock.now()))
    assert tab.get(address).error_code == "ticket_gone"
    assert tab.send(CONTINUE, page.form(CONTINUE)).status_code == 401
    assert count_tickets(door) == 1


@pytest.mark.parametrize("place", ["https://evil.example.org/", "//evil.example.org", "/s/other/", "", "/s/{}/../../x"])
def test_the_place_to_begin_lies_inside_the_session(door: FrontDoor, dana: Cookieless, place: str) -> None:
    page = dana.reach_button()
    session_id = page.form(CONTINUE)["session"]
    tab, address, _ = press(door, page, place=place.format(session_id))
    assert tab.tool.get(address, base_url=TOOL).location == f"/s/{session_id}/"


def test_a_tab_keeps_eight_sessions_too(door: FrontDoor, dana: Cookieless) -> None:
    tab = door.person("101")
    sessions = []
    for _ in range(9):
        page = dana.reach_button()
        sessions.append(page.form(CONTINUE)["session"])
        assert tab.post(CONTINUE, page.form(CONTINUE)).status == 200
        door.clock.advance(seconds=5)
    assert tab.get(f"/s/{sessions[0]}/").status == 401
    assert tab.get(f"/s/{sessions[1]}/").status == 200
