"""The demo LMS in the manner of Moodle where its captures do not lead, in both manners, and changed by hand."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from lti_tool.demo_lms.cells import Cell
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.manners import Manner
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.fake_tool import GOOD_SCORE, LMS, DemoLmsWithFakeTool
from tests.support.manners import ITEMS, NEXT_MINUTE, NO_SCORE, cell_of, column_of, write


@pytest.fixture
def canvas(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock(), manner=Manner.CANVAS)


@pytest.fixture
def moodle(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock(), manner=Manner.MOODLE)


@pytest.mark.parametrize("lms_name", ["canvas", "moodle"])
def test_a_deleted_column_is_not_found(lms_name: str, request: pytest.FixtureRequest) -> None:
    lms: DemoLmsWithFakeTool = request.getfixturevalue(lms_name)
    path = lms.find_column_path("coaching")
    (column,) = lms.platform.gradebook.list_columns("course-1", resource_id="coaching")
    lms.platform.gradebook.remove_column(column)
    assert lms.post_score(path=path).status_code == 404


@pytest.mark.parametrize("lms_name", ["canvas", "moodle"])
def test_a_missing_scope_is_401_and_no_token_too(lms_name: str, request: pytest.FixtureRequest) -> None:
    lms: DemoLmsWithFakeTool = request.getfixturevalue(lms_name)
    assert lms.post_score(token=lms.get_token(lti.SCOPE_LINE_ITEM)).status_code == 401
    assert lms.post_score(token="made-up").status_code == 401


def test_moodle_erases_and_then_takes_an_older_score(moodle: DemoLmsWithFakeTool) -> None:
    moodle.post_score()
    assert moodle.post_score(timestamp=NEXT_MINUTE, comment="absent", **NO_SCORE).status_code == 200
    assert cell_of(moodle) == Cell()
    assert moodle.post_score(timestamp="2026-03-01T00:00:00Z", scoreGiven=5).status_code == 200
    assert cell_of(moodle).value == 5


def test_moodle_compares_whole_seconds_and_says_so_in_the_status_line(moodle: DemoLmsWithFakeTool) -> None:
    moodle.post_score()
    refused = moodle.post_score(timestamp="2026-03-04T20:14:00.999Z", scoreGiven=5)
    number = column_of(moodle).id
    assert refused.status == f"409 Refusing score with an earlier timestamp for item {number} and user 101"
    assert refused.get_json() == []
    assert moodle.post_score(timestamp="2026-03-04T20:14:01Z", scoreGiven=5).status_code == 200


def test_moodle_takes_a_future_time_and_is_blocked_by_it(moodle: DemoLmsWithFakeTool) -> None:
    assert moodle.post_score(timestamp="2026-03-05T20:14:00Z").status_code == 200
    moodle.clock.advance(timedelta(hours=1))
    assert moodle.post_score(timestamp="2026-03-04T21:14:00Z").status_code == 409


def test_moodle_keeps_a_teachers_override_whatever_comes(moodle: DemoLmsWithFakeTool) -> None:
    moodle.platform.gradebook.override_grade(column_of(moodle), "101", 20, moodle.clock.now(), "teacher says")
    assert moodle.post_score().status_code == 409, "her time counts too"
    for changes in ({}, NO_SCORE):
        assert moodle.post_score(timestamp=NEXT_MINUTE, **changes).status_code == 200
        assert (cell_of(moodle).value, cell_of(moodle).comments) == (20, ("teacher says",))


def test_moodle_locks_a_column_and_a_cell(moodle: DemoLmsWithFakeTool) -> None:
    rules, number = moodle.platform.gradebook.rules, column_of(moodle).id
    rules.lock_column(number)
    refused = moodle.post_score()
    assert (refused.status_code, refused.get_json()) == (500, [])
    rules.lock_column(number, locked=False)
    rules.lock_cell(number, "101")
    assert moodle.post_score().status_code == 500
    assert moodle.post_score(userId="102").status_code == 200
    rules.lock_cell(number, "101", locked=False)
    assert moodle.post_score().status_code == 200


@pytest.mark.parametrize("sub", ["201", "401", "nobody", "103"])
def test_moodle_explains_nothing_about_who_is_not_graded(moodle: DemoLmsWithFakeTool, sub: str) -> None:
    moodle.platform.enrolments.change("course-1", "103", EnrolmentState.UNENROLLED)
    body = json.dumps({**GOOD_SCORE, "userId": sub, "comment": "é ✓"}, indent=1, ensure_ascii=False)
    refused = moodle.post_score(raw=body.encode())
    assert refused.status.encode("latin-1").decode() == f"400 Incorrect score received{body}".replace("\n", " ")
    assert refused.get_json() == []
    assert refused.headers["Content-Type"] == f"{lti.MEDIA_SCORE}; charset=utf-8"


def test_moodle_breaks_on_a_long_label_and_blanks_what_a_put_leaves_out(moodle: DemoLmsWithFakeTool) -> None:
    long = write(moodle, "POST", ITEMS, {"label": "x" * 256, "scoreMaximum": 5})
    assert (long.status_code, long.headers["Content-Type"]) == (502, "text/html")
    write(moodle, "PUT", moodle.find_column_path(), {"label": "V", "scoreMaximum": 100})
    renamed = moodle.platform.gradebook.list_columns("course-1")[0]
    assert (renamed.label, renamed.tag, renamed.resource_id) == ("V", None, None)


def test_moodle_makes_every_column_by_hand_and_hides_it_from_the_launch(moodle: DemoLmsWithFakeTool) -> None:
    (coupled,) = moodle.platform.gradebook.list_columns("course-1", resource_id="visioning")
    body = {"label": "Own", "scoreMaximum": 5, "resourceLinkId": "course-1-visioning"}
    assert write(moodle, "POST", ITEMS, body).status_code == 201
    assert "lineitem" not in moodle.launch()[lti.CLAIM_AGS_ENDPOINT], "two columns: none is named"
    assert moodle.platform.gradebook.list_columns("course-1")[-1].made_by_tool
    moodle.platform.gradebook.remove_column(coupled)
    assert moodle.launch()[lti.CLAIM_AGS_ENDPOINT]["lineitem"] == ""
    foreign = write(moodle, "POST", ITEMS, {**body, "resourceLinkId": "course-2-visioning"})
    assert (foreign.status_code, foreign.get_json()["reason"]) == (403, "Forbidden")


def test_moodle_removed_a_coupled_column(moodle: DemoLmsWithFakeTool) -> None:
    """Its source forbids that; the real one did it (``ags-lineitem-single``)."""
    path = moodle.find_column_path()
    assert [write(moodle, "DELETE", path).status_code for _ in range(2)] == [204, 404]


# By hand, on the LMS's own pages


@pytest.fixture
def lms(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock())


def act(lms: DemoLmsWithFakeTool, path: str, **form: str) -> int:
    return lms.browser.post(path, base_url=LMS, data=form, headers={"Origin": LMS}).status_code


def test_a_teacher_grades_locks_and_removes_on_the_cells_page(lms: DemoLmsWithFakeTool) -> None:
    path = f"/courses/course-1/grades/{column_of(lms).id}/101"
    assert act(lms, path, act="grade", value="77.5", comment=" Seen ") == 303
    assert (cell_of(lms).value, cell_of(lms).comments) == (77.5, ("Seen",))
    page = lms.browser.get(path, base_url=LMS).text
    assert "Written by hand" in page
    assert act(lms, path, act="lock cell") == 303
    assert lms.post_score(timestamp=NEXT_MINUTE).status_code == 403
    assert act(lms, path, act="open cell") == 303
    assert act(lms, path, act="lock column") == 303
    assert "Unlock the column" in lms.browser.get(path, base_url=LMS).text
    assert act(lms, path, act="open column") == 303
    assert lms.post_score(timestamp=NEXT_MINUTE).status_code == 200
    assert act(lms, path, act="remove column") == 303
    assert lms.browser.get(path, base_url=LMS).status_code == 404


@pytest.mark.parametrize(
    "form", [{"act": "grade", "value": "x"}, {"act": "grade", "value": "101"}, {"act": "grade"}, {"act": "other"}, {}]
)
def test_what_no_teacher_can_do(lms: DemoLmsWithFakeTool, form: dict[str, str]) -> None:
    assert act(lms, f"/courses/course-1/grades/{column_of(lms).id}/101", **form) == 400
    assert act(lms, f"/courses/course-1/grades/{column_of(lms).id}/201", act="lock cell") == 404
    assert cell_of(lms) == Cell()


def test_a_teacher_suspends_unenrols_and_enrols_again(lms: DemoLmsWithFakeTool) -> None:
    for form, shown, status in (
        ("suspend", "Suspended", 400),
        ("unenrol", "Unenrolled", 400),
        ("enrol", "Active", 200),
    ):
        assert act(lms, "/courses/course-1/people/101", act=form) == 303
        assert shown in lms.browser.get("/courses/course-1/people", base_url=LMS).text
        assert lms.post_score().status_code == status
    assert act(lms, "/courses/course-1/people/101", act="expel") == 400
    assert act(lms, "/courses/course-1/people/401", act="suspend") == 404


def test_who_was_unenrolled_opens_the_tool_without_a_role(lms: DemoLmsWithFakeTool) -> None:
    act(lms, "/courses/course-1/people/101", act="unenrol")
    assert lms.launch("101")[lti.CLAIM_ROLES] == []


def test_scores_from_before_cells_were_kept_still_show(lms: DemoLmsWithFakeTool) -> None:
    lms.post_score()
    with lms.platform.memory.write() as connection:
        connection.execute("DELETE FROM cells")
    assert (cell_of(lms).value, cell_of(lms).comments) == (92, ("A plan one can act on.",))
    assert lms.post_score().status_code == 409
