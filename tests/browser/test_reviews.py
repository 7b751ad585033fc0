"""The review page with its script, in a real browser: keys, saving by itself, two tabs, no connection."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lti_tool.domain.scoring import Policy
from lti_tool.models import Store
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_desk import SECRET, open_session, serve_review_app
from tests.support.review_scene import ReviewScene, make_scene

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STATE = ".review-bar [data-save-state]"


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    scene = make_scene(store, clock, make)
    scene.as_policy(Policy.POINTS)
    return scene


@pytest.fixture
def address(scene: ReviewScene, database_url: str, tmp_path: Path, window: BrowserContext) -> Iterator[str]:
    session_id = open_session(scene, scene.ruth)
    with serve_review_app(scene, database_url, tmp_path) as root:
        secure_root = root.replace("http:", "https:")
        window.add_cookies([{"name": f"__Host-s_{session_id}", "value": SECRET, "url": secure_root, "secure": True}])
        yield f"{root}/s/{session_id}/reviews/{scene.plan.id}"


@pytest.fixture
def page(window: BrowserContext, address: str) -> Page:
    page = window.new_page()
    page.goto(address)
    return page


def test_keys_set_the_level_of_the_criterion_in_focus_and_the_server_counts(page: Page) -> None:
    page.focus("#criterion-mission input[value=none]")
    page.keyboard.press("2")
    expect(page.locator('#criterion-mission input[value="2"]')).to_be_checked()
    expect(page.locator("[data-points]")).to_have_text("Plan: 57 of 60, 1 of 5 rated")
    expect(page.locator("[data-lease]")).to_contain_text("Yours until")
    page.keyboard.press("0")
    expect(page.locator("#criterion-mission input[value=none]")).to_be_checked()
    expect(page.locator("[data-points]")).to_have_text("")


def test_digits_in_a_comment_are_words(page: Page) -> None:
    page.focus("#comment-mission_statement")
    page.keyboard.type("3 of 4 tests")
    expect(page.locator("#comment-mission_statement")).to_have_value("3 of 4 tests")
    expect(page.locator(STATE)).to_have_text(re.compile("^Saved "))


def test_without_a_connection_it_says_so_and_saves_when_it_is_back(
    page: Page, window: BrowserContext, scene: ReviewScene
) -> None:
    window.set_offline(True)
    page.fill("#overall", "One strength")
    expect(page.locator(STATE)).to_have_text("Not saved: no connection, trying again")
    window.set_offline(False)
    expect(page.locator(STATE)).to_have_text(re.compile("^Saved "))
    assert scene.open().draft.content.overall == "One strength"


def test_two_tabs_keep_both_texts(page: Page, window: BrowserContext, address: str, scene: ReviewScene) -> None:
    other = window.new_page()
    other.goto(address)
    page.fill("#overall", "First tab")
    expect(page.locator(STATE)).to_have_text(re.compile("^Saved "))
    other.fill("#overall", "Second tab")
    expect(other.locator(".newer")).to_have_text("In the newer version: First tab")
    expect(other.locator("#overall")).to_have_value("Second tab")
    assert scene.open().draft.content.overall == "First tab"
    other.click(".review-bar button[value=save]")
    expect(other.locator(".newer")).to_have_count(0)
    assert scene.open().draft.content.overall == "Second tab"


def test_what_was_just_typed_is_in_what_is_read_once_more(page: Page, scene: ReviewScene) -> None:
    _, revision = scene.add_reflection("a")
    page.reload()
    page.fill("#overall", "Typed a moment ago")
    page.fill(f"#overall-{revision.submission_id}", "And this")
    page.click("#reflection-a button[value=preview]")
    page.wait_for_url("**/release")
    expect(page.locator("main")).to_contain_text("And this")
    assert scene.open().draft.content.overall == "Typed a moment ago"
