"""Getting in where no cookie is kept: by what the LMS's page keeps, and on in a new tab. And everybody who may not."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.storage import StorageTarget
from lti_tool.lti.configuration import list_addresses
from lti_tool.models import (
    AuditFact,
    DeepLinkRequest,
    LaunchSession,
    LoginFlow,
    ParkedLaunch,
    RefusalCount,
    Registration,
)
from tests.support.clock import Clock
from tests.support.cookieless import Cookieless, open_cookieless, read_script_data
from tests.support.front_door import TOOL, FrontDoor, Page, open_front_door

CONTINUE = "/lti/continue"
HOST = "127.0.0.1"
OTHER_ORIGINS = ("https://evil.example.org", "null")


@pytest.fixture
def dana(door: FrontDoor) -> Cookieless:
    return open_cookieless(door, "101")


@pytest.fixture
def ruth(door: FrontDoor) -> Cookieless:
    return open_cookieless(door, "201")


def count(door: FrontDoor, model: type[LaunchSession | ParkedLaunch | DeepLinkRequest]) -> int:
    with door.store.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def policy_of(page: Page) -> str:
    return page.response.headers["Content-Security-Policy"]


def test_a_librarian_without_cookies_lands_on_her_module_in_a_new_tab(door: FrontDoor, dana: Cookieless) -> None:
    arriving = dana.show(dana.prove(dana.wait_for_proof()))
    page = dana.arrive(arriving)
    for shown in (arriving, page):
        assert f"frame-ancestors 'self' {door.lms_url}" in policy_of(shown)
    assert "Continue in a new tab" in page.words
    (form,) = page.tree.iter("form")
    assert form.get("target") == "_blank"
    tab = door.person("101")
    answer = tab.send(CONTINUE, page.form(CONTINUE))
    assert answer.status_code == 303
    opened = tab.follow(answer)
    assert opened.status == 200
    assert "On the Leading Edge of Visioning" in opened.words
    with door.store.reading() as session:
        assert session.scalars(select(LaunchSession.came_by_storage)).all() == [True]
        assert session.scalars(select(LoginFlow.consumed_at)).all() == [door.clock.now()]
        verbs = session.scalars(select(AuditFact.verb)).all()
    assert [verb for verb in verbs if verb in {"launched", "made_ticket", "moved_to_tab"}] == [
        "launched",
        "made_ticket",
        "moved_to_tab",
    ]
    assert count(door, ParkedLaunch) == 0


def test_the_scripts_are_told_the_window_the_exact_origin_and_the_key(door: FrontDoor, dana: Cookieless) -> None:
    with door.store.writing() as session:
        session.execute(update(Registration).values(auth_url=f"{door.lms_url}/auth?tenant=7"))
    page = dana.person.get(dana.start())
    told = read_script_data(page, "data-storing")
    asked = parse_qs(urlsplit(told["data-onward"]).query)
    assert told["data-target"] == "post_message_forwarding"
    assert told["data-origin"] == door.lms_url
    assert told["data-key"] == f"lti_state_{asked['state'][0]}"
    assert asked["tenant"] == ["7"]
    assert len(told["data-value"]) == 43
    # What a page knows, a script of another page could steal: the cookie's binder never stands in one.
    cookie = page.response.headers.get("Set-Cookie")
    assert cookie is None
    assert f"frame-ancestors 'self' {door.lms_url}" in policy_of(page)
    assert "script-src 'self'" in policy_of(page)


def test_neither_page_holds_the_token_or_a_name(dana: Cookieless) -> None:
    posted = dana.answer_of_lms(dana.put(dana.start()))
    page = dana.launch(posted)
    told = read_script_data(page, "data-proving")
    assert told["data-key"] == f"lti_state_{posted['state']}"
    assert posted["id_token"] not in page.response.text
    assert "Dana" not in page.response.text
    assert page.form("/lti/launch/proof")["binder"] == ""
    assert f"frame-ancestors 'self' {dana.door.lms_url}" in policy_of(page)


def test_where_the_cookie_comes_back_nothing_is_stored(door: FrontDoor) -> None:
    door.platform.browsers.treat(StorageTarget.FRAME)
    assert door.person("101").launch().status == 200
    with door.store.reading() as session:
        assert session.scalars(select(LoginFlow.storage_digest)).all() == [None]
        assert session.scalars(select(LaunchSession.came_by_storage)).all() == [False]


def test_a_session_cookie_that_is_kept_after_all_saves_the_new_tab(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.show(dana.prove(dana.wait_for_proof()))
    cookies = page.response.headers.getlist("Set-Cookie")
    dana.person.tool = door.app.test_client()
    for cookie in cookies:
        name, _, value = cookie.partition(";")[0].partition("=")
        dana.person.tool.set_cookie(name, value, domain=HOST, secure=True)
    opened = dana.arrive(page)
    assert opened.status == 200
    assert opened.address.endswith("/modules/visioning")


# --- no storage, or one that does not keep its word -----------------------------------------------------------------


@pytest.mark.parametrize("target", [StorageTarget.NONE, StorageTarget.FRAME])
def test_without_storage_a_new_tab_is_offered_and_the_hint_is_unspent(door: FrontDoor, target: StorageTarget) -> None:
    dana = open_cookieless(door, "101", target)
    hop = dana.start()
    if target is StorageTarget.FRAME:
        hop = read_script_data(dana.person.get(hop), "data-storing")["data-otherwise"]
    page = dana.person.get(hop)
    (form,) = page.tree.iter("form")
    assert "Open in a new tab" in page.words
    assert f"frame-ancestors 'self' {door.lms_url}" in policy_of(page)
    # Chromium asks it of the redirects that follow the form, and the last one leads to the LMS.
    assert f"form-action 'self' {door.lms_url};" in policy_of(page)
    tab = door.person("101")
    tab.lms = dana.person.lms
    opened = tab.tool.post(form.get("action") or "", base_url=TOOL, headers={"Origin": TOOL})
    onward = tab.tool.get(opened.location, base_url=TOOL).location
    posted = Cookieless(door, tab).answer_of_lms(onward)
    assert tab.follow(tab.post_launch(posted)).status == 200


def test_without_javascript_the_storing_page_leads_to_the_new_tab(dana: Cookieless) -> None:
    page = dana.person.get(dana.start())
    otherwise = read_script_data(page, "data-storing")["data-otherwise"]
    refresh = page.response.text.partition("<noscript>")[2].partition("</noscript>")[0]
    assert f'content="0; url={otherwise}"' in refresh
    assert otherwise in [link.get("href") for link in page.tree.iter("a")]


def test_a_tab_that_keeps_no_cookies_either_is_told_so(door: FrontDoor, dana: Cookieless) -> None:
    hop = dana.start()
    opened = dana.person.tool.post(f"{hop}/tab", base_url=TOOL, headers={"Origin": TOOL})
    page = dana.person.get(opened.location)
    assert (page.status, page.error_code) == (401, "cookies_refused")
    assert "127.0.0.1:5000" in page.words


def test_a_binder_that_does_not_come_back_lets_nobody_in(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.wait_for_proof()
    dana.kept.clear()
    refused = dana.show(dana.prove(page))
    assert (refused.status, refused.error_code) == (401, "browser_not_proved")
    assert "Reload the page of your course" in refused.words
    assert "127.0.0.1:5000" in refused.words
    assert "frame-ancestors *" in policy_of(refused)
    assert count(door, LaunchSession) == 0
    with door.store.reading() as session:
        counted = session.execute(select(RefusalCount.registration_id, RefusalCount.code)).all()
    assert [tuple(row) for row in counted] == [(1, "browser_not_proved")]


# --- whom it must not let in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"handle": "invented"}, "parked_launch_gone"),
        ({"handle": ""}, "parked_launch_gone"),
        ({"handle": "nul\0"}, "parked_launch_gone"),
        ({"binder": "invented"}, "wrong_browser"),
        ({"binder": "\ud800"}, "wrong_browser"),
    ],
)
def test_a_wrong_proof_lets_nobody_in(door: FrontDoor, dana: Cookieless, changes: dict[str, str], code: str) -> None:
    page = dana.wait_for_proof()
    sent = {name: value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for name, value in changes.items()}
    assert dana.show(dana.prove(page, **sent)).error_code == code
    assert count(door, LaunchSession) == 0
    # Nothing was lost by it.
    assert dana.show(dana.prove(page)).status == 200


def test_the_handle_of_one_launch_with_the_binder_of_another_is_refused(door: FrontDoor, dana: Cookieless) -> None:
    marisol = open_cookieless(door, "103")
    hers, his = marisol.wait_for_proof(), dana.wait_for_proof()
    (binder,) = marisol.kept.values()
    assert dana.show(dana.prove(his, binder=binder)).error_code == "wrong_browser"
    assert count(door, LaunchSession) == 0
    assert marisol.show(marisol.prove(hers)).status == 200


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_another_sites_page_cannot_send_a_proof(door: FrontDoor, dana: Cookieless, origin: str) -> None:
    """Login CSRF: the attacker's own handle and binder, sent by her page in somebody else's browser."""
    page = dana.wait_for_proof()
    fields = {**page.form("/lti/launch/proof"), "binder": next(iter(dana.kept.values()))}
    victim = door.person("103")
    refused = victim.follow(victim.send("/lti/launch/proof", fields, origin=origin))
    assert (refused.status, refused.error_code) == (403, "form_not_ours")
    assert count(door, LaunchSession) == 0


def test_an_answer_to_a_login_from_before_the_storing_lets_nobody_in(door: FrontDoor, dana: Cookieless) -> None:
    """Login CSRF: she has her LMS answer first, and then shows the storing page to somebody else in a course page."""
    attacker = door.person("101")
    fields = attacker.start_login()
    answer = attacker.tool.post("/lti/login", base_url=TOOL, data=fields)
    onward = attacker.tool.get(answer.location, base_url=TOOL).location
    kept_back = Cookieless(door, attacker).answer_of_lms(onward)
    victim = open_cookieless(door, "103")
    victim.put(answer.location)
    page = victim.launch(kept_back)
    assert page.error_code == "flow_unknown"
    assert count(door, LaunchSession) == 0


def test_every_page_that_binds_a_login_anew_renews_what_the_lms_answers(door: FrontDoor, dana: Cookieless) -> None:
    hop = dana.start()
    addresses = [dana.put(hop), dana.put(hop)]
    tab = door.person("101")
    opened = tab.tool.post(f"{hop}/tab", base_url=TOOL, headers={"Origin": TOOL})
    addresses.append(tab.tool.get(opened.location, base_url=TOOL).location)
    asked = [parse_qs(urlsplit(address).query) for address in addresses]
    for name in ("state", "nonce"):
        assert len({said[name][0] for said in asked}) == 3
    for name in ("login_hint", "lti_message_hint", "redirect_uri"):
        assert len({said[name][0] for said in asked}) == 1


def test_only_the_newest_storing_page_counts(dana: Cookieless) -> None:
    hop = dana.start()
    earlier = dana.put(hop)
    later = dana.put(hop)
    assert earlier != later
    assert dana.launch(dana.answer_of_lms(later)).error_code is None


def test_an_answer_from_before_a_reload_of_the_storing_page_is_not_taken(dana: Cookieless) -> None:
    hop = dana.start()
    posted = dana.answer_of_lms(dana.put(hop))
    dana.put(hop)
    assert dana.launch(posted).error_code == "flow_unknown"


def test_a_new_tab_takes_the_storage_binder_out_of_play(door: FrontDoor, dana: Cookieless) -> None:
    hop = dana.start()
    dana.put(hop)
    tab = door.person("101")
    opened = tab.tool.post(f"{hop}/tab", base_url=TOOL, headers={"Origin": TOOL})
    tab.lms = dana.person.lms
    posted = Cookieless(door, tab).answer_of_lms(tab.tool.get(opened.location, base_url=TOOL).location)
    assert dana.launch(posted).error_code == "wrong_browser"
    assert tab.follow(tab.post_launch(posted)).status == 200


def test_a_launch_that_waits_opens_nothing_once_its_login_went_to_a_tab(door: FrontDoor, dana: Cookieless) -> None:
    hop = dana.start()
    page = dana.launch(dana.answer_of_lms(dana.put(hop)))
    tab = door.person("101")
    opened = tab.tool.post(f"{hop}/tab", base_url=TOOL, headers={"Origin": TOOL})
    assert dana.show(dana.prove(page)).error_code == "wrong_browser"
    tab.lms = dana.person.lms
    posted = Cookieless(door, tab).answer_of_lms(tab.tool.get(opened.location, base_url=TOOL).location)
    # The LMS's single-use hint went with the answer that waits, and its error uses the login up.
    assert tab.follow(tab.post_launch(posted)).error_code == "platform_error"
    assert dana.show(dana.prove(page)).error_code == "parked_launch_gone"
    assert count(door, LaunchSession) == 0


def test_a_cookie_that_is_not_this_logins_is_as_good_as_none(door: FrontDoor, dana: Cookieless) -> None:
    hop = dana.start()
    name = f"__Host-lti_{hop.rpartition('/')[2][:8]}"
    browser = door.app.test_client(use_cookies=False)
    answer = browser.get(hop, base_url=TOOL, headers={"Cookie": f"{name}=invented"})
    assert "data-storing" in answer.text


def test_a_cookie_of_another_login_is_no_reason_to_ask_the_storage(door: FrontDoor, dana: Cookieless) -> None:
    posted = dana.answer_of_lms(dana.put(dana.start()))
    with door.store.reading() as session:
        flow_id = session.scalars(select(LoginFlow.id)).one()
    headers = {"Origin": door.lms_url, "Cookie": f"__Host-lti_{flow_id[:8]}=invented"}
    answer = door.app.test_client(use_cookies=False).post("/lti/launch", base_url=TOOL, data=posted, headers=headers)
    assert dana.show(answer).error_code == "wrong_browser"


def test_a_launch_that_comes_twice_waits_once_and_opens_once(door: FrontDoor, dana: Cookieless) -> None:
    posted = dana.answer_of_lms(dana.put(dana.start()))
    first, second = dana.launch(posted), dana.launch(posted)
    assert count(door, ParkedLaunch) == 1
    assert dana.show(dana.prove(first)).error_code == "parked_launch_gone"
    assert dana.show(dana.prove(second)).status == 200
    assert dana.show(dana.prove(second)).error_code == "parked_launch_gone"
    assert dana.launch(posted).error_code == "flow_used"
    assert count(door, LaunchSession) == 1


def test_a_launch_waits_for_two_minutes(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.wait_for_proof()
    door.clock.advance(minutes=2, seconds=1)
    refused = dana.show(dana.prove(page))
    assert (refused.status, refused.error_code) == (401, "parked_launch_gone")


def test_a_registration_switched_off_meanwhile_lets_nobody_in(door: FrontDoor, dana: Cookieless) -> None:
    page = dana.wait_for_proof()
    with door.store.writing() as session:
        session.execute(update(Registration).values(is_active=False))
    assert dana.show(dana.prove(page)).error_code == "registration_inactive"


# --- choosing content -------------------------------------------------------------------------------------------------


def test_a_choice_of_content_needs_no_cookie_and_stays_in_the_frame(door: FrontDoor, ruth: Cookieless) -> None:
    page = ruth.launch(ruth.answer_of_lms(ruth.put(ruth.start_choosing())))
    picker = ruth.show(ruth.prove(page))
    assert (picker.status, picker.error_code) == (200, None)
    assert f"frame-ancestors 'self' {door.lms_url}" in policy_of(picker)
    placed = ruth.person.post("/lti/place", picker.form("/lti/place"), do="place")
    assert "JWT" in placed.form()
    assert count(door, LaunchSession) == 0
    assert ruth.show(ruth.prove(page)).error_code == "parked_launch_gone"


def test_a_choice_whose_binder_does_not_come_back_explains_itself(door: FrontDoor, ruth: Cookieless) -> None:
    page = ruth.launch(ruth.answer_of_lms(ruth.put(ruth.start_choosing())))
    ruth.kept.clear()
    assert ruth.show(ruth.prove(page)).error_code == "browser_not_proved"
    assert count(door, DeepLinkRequest) == 0


def test_a_choice_that_comes_back_in_a_new_tab_explains_itself(door: FrontDoor) -> None:
    ruth = open_cookieless(door, "201", StorageTarget.NONE)
    hop = ruth.start_choosing()
    page = ruth.person.get(hop)
    # The login does not say that content is asked for, so the page does.
    assert "Are you adding sessions to a course?" in page.words
    tab = door.person("201")
    opened = tab.tool.post(f"{hop}/tab", base_url=TOOL, headers={"Origin": TOOL})
    tab.lms = ruth.person.lms
    posted = Cookieless(door, tab).answer_of_lms(tab.tool.get(opened.location, base_url=TOOL).location)
    refused = tab.follow(tab.post_launch(posted))
    assert (refused.status, refused.error_code) == (400, "deep_link_in_tab")
    assert "Close this tab" in refused.words
    assert "127.0.0.1:5000" in refused.words
    assert count(door, DeepLinkRequest) == 0


def test_our_own_address_for_choosing_is_never_offered_a_new_tab(door: FrontDoor) -> None:
    ruth = open_cookieless(door, "201", StorageTarget.NONE)
    login = {**ruth.person.start_login(), "target_link_uri": list_addresses(TOOL).choosing}
    refused = ruth.person.get(ruth.start(login))
    assert (refused.status, refused.error_code) == (401, "deep_link_needs_cookies")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_moodle_says_in_its_login_what_is_asked_for(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with open_front_door(database_url, tmp_path, clock, manner=Manner.MOODLE) as door:
        ruth = open_cookieless(door, "201", StorageTarget.NONE)
        refused = ruth.person.get(ruth.start_choosing())
        assert (refused.status, refused.error_code) == (401, "deep_link_needs_cookies")
        assert "frame-ancestors *" in policy_of(refused)
        page = ruth.person.get(ruth.start(ruth.person.start_login()))
        assert "Open in a new tab" in page.words
        assert "adding sessions" not in page.words
