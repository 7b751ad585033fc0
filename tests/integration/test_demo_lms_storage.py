"""How the demo LMS treats browsers: what the login says, what its pages are told, and the switch."""

from html import unescape
from pathlib import Path
from typing import Any

import pytest

from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.settings import DemoLmsSettings
from lti_tool.demo_lms.storage import StorageHabit, StorageTarget
from tests.support.clock import Clock
from tests.support.fake_tool import LMS, TOOL, DemoLmsWithFakeTool, read_form

ACTIVITY = "/courses/course-1/links/visioning"


def open_lms(tmp_path: Path, **settings: Any) -> DemoLmsWithFakeTool:
    lms = DemoLmsWithFakeTool(tmp_path, Clock(), **settings)
    lms.be("101")
    return lms


@pytest.mark.parametrize(
    ("settings", "target"),
    [
        ({}, None),
        ({"manner": Manner.MOODLE}, None),
        ({"manner": Manner.CANVAS}, "post_message_forwarding"),
        ({"manner": Manner.CANVAS, "storage_target": StorageTarget.NONE}, None),
        ({"storage_target": StorageTarget.PARENT}, "_parent"),
        ({"storage_target": StorageTarget.FRAME}, "post_message_forwarding"),
    ],
)
def test_the_login_says_where_storage_is(tmp_path: Path, settings: dict[str, Any], target: str | None) -> None:
    lms = open_lms(tmp_path, **settings)
    assert lms.start_launch().get("lti_storage_target") == target
    lms.be("201")
    page = lms.browser.get("/launch/course-3/deep-linking/one", base_url=LMS)
    assert read_form(page.text)[1].get("lti_storage_target") == target


def test_only_canvas_says_it_in_the_launch_too(tmp_path: Path) -> None:
    for manner, said in ((Manner.CANVAS, "post_message_forwarding"), (Manner.STRICT, None)):
        lms = open_lms(tmp_path / manner, manner=manner, storage_target=StorageTarget.FRAME)
        _, fields = read_form(lms.authorize(lms.make_request(lms.start_launch())).text)
        assert fields.get("lti_storage_target") == said


def test_the_hidden_frame_is_there_where_it_is_named(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    assert "post_message_forwarding" not in lms.browser.get(ACTIVITY, base_url=LMS).text
    lms.platform.browsers.treat(StorageTarget.FRAME)
    page = lms.browser.get(ACTIVITY, base_url=LMS)
    assert '<iframe hidden name="post_message_forwarding"' in page.text
    assert page.text.index("activity.js") < page.text.index('name="activity"'), "it must listen before the tool speaks"
    frame = lms.browser.get("/storage", base_url=LMS)
    assert f'data-origins="{TOOL}"' in frame.text
    assert "storage-frame.js" in frame.text
    assert "frame-ancestors 'self'" in frame.headers["Content-Security-Policy"]


@pytest.mark.parametrize("habit", list(StorageHabit))
def test_the_switch_on_the_course_page_is_remembered(tmp_path: Path, habit: StorageHabit) -> None:
    lms = open_lms(tmp_path)
    page = lms.browser.get("/", base_url=LMS).text
    assert "How this LMS treats browsers" in page
    assert f'value="{habit.value}"' in page
    chosen = {"target": "_parent", "habit": habit.value, "course": "course-2"}
    answer = lms.browser.post("/browsers", base_url=LMS, data=chosen)
    assert (answer.status_code, answer.location) == (303, "/courses/course-2#browsers")
    lms.start()
    treatment = lms.platform.browsers.treatment
    assert (treatment.target, treatment.habit) == (StorageTarget.PARENT, habit)
    assert habit.in_words in unescape(lms.browser.get("/", base_url=LMS).text)
    lms.be("101")
    activity = lms.browser.get(ACTIVITY, base_url=LMS)
    assert f'data-target="_parent" data-habit="{habit.value}"' in activity.text


@pytest.mark.parametrize("data", [{"target": "elsewhere"}, {"target": "_parent", "habit": "sings"}])
def test_a_made_up_treatment_is_refused(tmp_path: Path, data: dict[str, str]) -> None:
    lms = open_lms(tmp_path)
    assert lms.browser.post("/browsers", base_url=LMS, data=data).status_code == 400


def test_the_wrong_origin_is_another_name_of_this_machine(tmp_path: Path) -> None:
    lms = open_lms(tmp_path)
    lms.platform.browsers.treat(StorageTarget.PARENT, StorageHabit.WRONG_ORIGIN)
    other = "http://127.0.0.1:5001"
    page = lms.browser.get(ACTIVITY, base_url=LMS)
    assert f'src="{other}/storage-elsewhere"' in page.text
    assert other in page.headers["Content-Security-Policy"]
    frame = lms.browser.get("/storage-elsewhere", base_url=other)
    assert frame.status_code == 200
    assert f"frame-ancestors {LMS}" in frame.headers["Content-Security-Policy"]
    with lms.browser.get("/static/elsewhere.js", base_url=other) as script:
        assert script.status_code == 200


def test_a_public_lms_has_no_other_origin(tmp_path: Path) -> None:
    assert DemoLmsSettings(data_dir=tmp_path, base_url="https://lms.example").other_origin is None
