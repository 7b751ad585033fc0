"""From an empty course to a scored one: Ruth adds the series from her LMS, and her people open what she placed.

The LMS is the demo's, strict and in both manners; it verifies our answer by code of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from lti_tool.demo_lms.manners import Manner
from lti_tool.models import LineItem, Placement, ResourceLink
from tests.support.clock import Clock
from tests.support.fake_tool import read_form
from tests.support.front_door import FrontDoor, Page, Person, open_front_door
from tests.support.pages import find_text
from tests.support.series import load_real_series

COURSE = "course-3"
KEYS = [module.key for module in load_real_series().modules]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(params=list(Manner))
def door(request: pytest.FixtureRequest, database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock, manner=request.param) as opened:
        yield opened


def open_picker(person: Person, placement: str) -> Page:
    """Click "add activities" in the course, as this person."""
    person.lms.post("/person", base_url=person.door.lms_url, data={"person": person.sub, "course": COURSE})
    page = person.lms.get(f"/launch/{COURSE}/deep-linking/{placement}", base_url=person.door.lms_url)
    _, fields = read_form(page.text)
    return person.follow(person.post_launch(person.authorize(fields)))


def press(person: Person, page: Page, do: str, **changes: str) -> Page:
    return person.post("/lti/place", {**page.form("/lti/place"), **changes}, do=do)


def carry_back(person: Person, page: Page) -> str:
    """Let the browser post the answer to the LMS; what the LMS then says."""
    (form,) = list(page.tree.iter("form"))
    target = urlsplit(form.get("action") or "")
    answer = person.lms.post(f"{target.path}?{target.query}", base_url=person.door.lms_url, data=page.form(target.path))
    assert answer.status_code == 200, find_text(page.tree) + answer.text
    return answer.text


def place_series(ruth: Person) -> str:
    placement = "several" if ruth.door.platform.settings.manner is Manner.MOODLE else "series"
    page = press(ruth, open_picker(ruth, placement), "place")
    assert "Place eight links" in page.words
    return carry_back(ruth, press(ruth, page, "confirm"))


def list_placed(door: FrontDoor) -> list[tuple[str, str]]:
    """Module and link key of what the LMS's course holds now."""
    course = door.platform.courses.find(COURSE)
    assert course is not None
    return [(link.custom["module"], link.key) for link in course.links]


def publish_everything(door: FrontDoor) -> None:
    """Do what the confirmation told of Canvas; elsewhere it is done."""
    course = door.platform.courses.find(COURSE)
    assert course is not None
    for link in course.links:
        assert link.is_published is (door.platform.settings.manner is not Manner.CANVAS)
        door.platform.courses.publish(link)


def test_the_series_is_in_the_course_with_columns_and_opens(door: FrontDoor) -> None:
    told = place_series(door.person("201"))
    assert "8 activities added" in told
    assert "On the Leading Edge sent 8 links to your course." in told
    placed = list_placed(door)
    assert [module for module, _ in placed] == KEYS
    columns = door.platform.gradebook.list_columns(COURSE)
    assert [(one.resource_id, one.tag, one.maximum) for one in columns] == [(key, "leading-edge", 100) for key in KEYS]
    publish_everything(door)
    dana = door.person("101")
    page = dana.launch(dict(placed)["coaching"], COURSE)
    assert page.status == 200
    assert "On the Leading Edge of Coaching" in page.words
    with door.store.reading() as session:
        link = session.scalars(select(ResourceLink)).one()
        assert link.module_key == "coaching"
        assert session.get_one(Placement, link.placement_id).module_key == "coaching"
        assert session.scalars(select(LineItem.module_key)).all() == ["coaching"]


def test_the_second_time_only_what_is_missing_is_offered(door: FrontDoor) -> None:
    ruth = door.person("201")
    place_series(ruth)
    page = open_picker(ruth, "several")
    assert "Every session of the series is in your course already" in page.words
    assert "1 activity added" in carry_back(ruth, press(ruth, page, "place", module="series", what="named"))
    assert list_placed(door)[-1][0] == "series"
    assert len(door.platform.gradebook.list_columns(COURSE)) == 8
    publish_everything(door)
    assert "Series" in door.person("101").launch(list_placed(door)[-1][1], COURSE).words


def test_one_activity_takes_one_session(door: FrontDoor) -> None:
    ruth = door.person("201")
    page = open_picker(ruth, "one")
    is_moodle = door.platform.settings.manner is Manner.MOODLE
    assert ("takes one link at this place" in page.words) is not is_moodle
    answer = press(ruth, page, "place", what="named", module="influence")
    assert "1 activity added" in carry_back(ruth, answer)
    assert [module for module, _ in list_placed(door)] == ["influence"]


def test_cancelled_the_course_is_as_it_was(door: FrontDoor) -> None:
    ruth = door.person("201")
    told = carry_back(ruth, press(ruth, open_picker(ruth, "several"), "cancel"))
    assert "Nothing was added" in told
    assert "Nothing was placed." in told
    assert list_placed(door) == []
