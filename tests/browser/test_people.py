"""The page of people in a real browser: nothing for axe to find, nothing wider than a phone, squares one can hit."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lti_tool.models import Context, Store
from tests.support.browsing import find_violations
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.review_desk import SECRET, open_session, serve_review_app
from tests.support.review_scene import ReviewScene, make_scene

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> ReviewScene:
    scene = make_scene(store, clock, make)
    with store.reading() as session:
        context = session.get_one(Context, scene.cohort.context_id)
    make.roster(context, read_at=clock() - timedelta(minutes=5), problem="no_permission")
    make.membership(scene.dana, context)
    make.roster_entry(context, name="Anneliese Maximiliane von Samplefield-Testerby the Younger")
    make.roster_entry(context)
    make.roster_entry(context, name="Left Mockwell", status="gone")
    make.roster_entry(context, name="Off Fableton", status="inactive")
    make.membership(make.user(name="Vic Inventon"), context, standing="visitor")
    return scene


@pytest.fixture
def page(scene: ReviewScene, database_url: str, tmp_path: Path, window: BrowserContext) -> Iterator[Page]:
    session_id = open_session(scene, scene.ruth)
    with serve_review_app(scene, database_url, tmp_path) as root:
        secure_root = root.replace("http:", "https:")
        window.add_cookies([{"name": f"__Host-s_{session_id}", "value": SECRET, "url": secure_root, "secure": True}])
        page = window.new_page()
        page.goto(f"{root}/s/{session_id}/people/")
        yield page


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_it_fits_and_has_nothing_for_axe(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    square = page.locator(".plan-strip__cell a").first.bounding_box()
    assert square is not None
    assert min(square["width"], square["height"]) >= 24


def test_a_square_opens_the_plan_and_the_button_asks(page: Page) -> None:
    page.get_by_role("button", name="Look for new people now").click()
    expect(page.get_by_text("We are asking your LMS. Look again in a few seconds.")).to_be_visible()
    page.get_by_role("link", name="Visioning: Waiting for review").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dana Reyes")
