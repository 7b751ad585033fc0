"""The demo LMS in the manner of Canvas: attempts, comments that add up, bookmarks, and its own words."""

from pathlib import Path
from typing import Any

import pytest

from lti_tool.demo_lms.cells import Cell
from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.score_bodies import SUBMISSION_EXTENSION
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.fake_tool import LMS, DemoLmsWithFakeTool
from tests.support.manners import ITEMS, NEXT_MINUTE, NO_SCORE, cell_of, column_of, find_next, read_items, write


@pytest.fixture
def canvas(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock(), manner=Manner.CANVAS)


def wish(**wishes: object) -> dict[str, Any]:
    return {SUBMISSION_EXTENSION: wishes}


def test_canvas_answers_with_the_results_address(canvas: DemoLmsWithFakeTool) -> None:
    answer = canvas.post_score()
    assert answer.status_code == 200
    column = column_of(canvas)
    assert answer.get_json() == {"resultUrl": f"{LMS}{ITEMS}/{column.id}/lineitem/results/101"}
    assert cell_of(canvas).value == 92


@pytest.mark.parametrize(
    "changes",
    [{"gradingProgress": "Pending"}, {"gradingProgress": "NotReady"}, {"gradingProgress": "Failed"}, NO_SCORE],
)
def test_canvas_clears_what_is_not_graded_unless_told_to_preserve_it(
    canvas: DemoLmsWithFakeTool, changes: dict[str, Any]
) -> None:
    canvas.post_score()
    kept = wish(preserve_score=True, new_submission=False)
    assert canvas.post_score(timestamp=NEXT_MINUTE, **changes, **kept).status_code == 200
    assert cell_of(canvas).value == 92
    assert canvas.post_score(timestamp=NEXT_MINUTE, **changes).status_code == 200
    assert cell_of(canvas).value is None


def test_canvas_writes_a_score_that_waits_for_a_grader(canvas: DemoLmsWithFakeTool) -> None:
    canvas.post_score(gradingProgress="PendingManual")
    assert (cell_of(canvas).value, cell_of(canvas).needs_grading) == (92, True)


def test_canvas_counts_every_message_as_an_attempt_unless_told_otherwise(canvas: DemoLmsWithFakeTool) -> None:
    canvas.post_score()
    canvas.post_score(timestamp=NEXT_MINUTE, gradingProgress="PendingManual", **NO_SCORE)
    assert cell_of(canvas).attempts == 2, "whatever its gradingProgress"
    canvas.post_score(timestamp=NEXT_MINUTE, **wish(new_submission=False))
    canvas.post_score(timestamp=NEXT_MINUTE, **wish(submission_type="none"))
    assert cell_of(canvas).attempts == 2
    assert cell_of(canvas, "102").attempts == 0, "counted for each person"


def test_canvas_refuses_an_attempt_too_many_and_changes_nothing(canvas: DemoLmsWithFakeTool) -> None:
    canvas.platform.gradebook.rules.limit_attempts(column_of(canvas).id, 1)
    assert canvas.post_score().status_code == 200
    refused = canvas.post_score(timestamp=NEXT_MINUTE, scoreGiven=10)
    assert refused.status_code == 422
    assert "maximum number of allowed attempts" in refused.get_json()["errors"]["message"]
    assert (cell_of(canvas).value, cell_of(canvas).attempts) == (92, 1)
    again = canvas.post_score(timestamp=NEXT_MINUTE, scoreGiven=10, **wish(new_submission=False))
    assert (again.status_code, cell_of(canvas).value) == (200, 10)


def test_canvas_adds_comments_and_never_takes_one_away(canvas: DemoLmsWithFakeTool) -> None:
    for comment in ("One", "Two", "Two", "absent"):
        canvas.post_score(timestamp=NEXT_MINUTE, comment=comment)
    canvas.post_score(timestamp=NEXT_MINUTE, comment="Though ignored", gradingProgress="NotReady")
    assert cell_of(canvas).comments == ("One", "Two", "Two", "Though ignored")


def test_canvas_takes_an_equal_time_and_refuses_an_older_in_its_words(canvas: DemoLmsWithFakeTool) -> None:
    canvas.post_score()
    assert canvas.post_score(scoreGiven=80).status_code == 200
    refused = canvas.post_score(timestamp="2026-03-04T20:13:59.999Z")
    assert refused.status_code == 400
    words = refused.get_json()["errors"]["message"]
    assert "before last updated timestamp of 2026-03-04T20:14:00.000Z" in words
    assert cell_of(canvas).value == 80


@pytest.mark.parametrize("sub", ["201", "301", "401", "nobody"])
def test_canvas_knows_only_students(canvas: DemoLmsWithFakeTool, sub: str) -> None:
    refused = canvas.post_score(userId=sub)
    assert refused.status_code == 422
    assert refused.get_json()["errors"]["message"] == "User not found in course or is not a student"


@pytest.mark.parametrize("state", [EnrolmentState.SUSPENDED, EnrolmentState.UNENROLLED])
def test_canvas_does_not_grade_who_is_gone(canvas: DemoLmsWithFakeTool, state: EnrolmentState) -> None:
    canvas.platform.enrolments.change("course-1", "101", state)
    assert canvas.post_score().status_code == 422
    canvas.platform.enrolments.change("course-1", "101", EnrolmentState.ACTIVE)
    assert canvas.post_score().status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"timestamp": "absent"}, 400),
        ({"timestamp": "yesterday"}, 400),
        ({"activityProgress": "absent"}, 400),
        ({"gradingProgress": "absent"}, 400),
        ({"scoreMaximum": "absent"}, 422),
        ({"scoreMaximum": 0}, 422),
        ({"submission": {"submittedAt": "2026-03-04T20:15:01Z"}}, 400),
        (wish(submitted_at="2026-03-04T20:15:01Z"), 400),
        (wish(submitted_at="soon"), 400),
        ({"submission": {"submittedAt": "2026-03-04T20:14:59Z"}}, 200),
        ({**NO_SCORE}, 200),
    ],
)
def test_canvas_checks_a_score(canvas: DemoLmsWithFakeTool, changes: dict[str, Any], status: int) -> None:
    answer = canvas.post_score(**changes)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.get_json()["errors"]["message"]
        assert cell_of(canvas) == Cell()


def test_canvas_keeps_extra_credit(canvas: DemoLmsWithFakeTool) -> None:
    canvas.post_score(scoreGiven=60, scoreMaximum=50)
    assert cell_of(canvas).value == 120


def test_canvas_shows_the_grader_the_work_of_the_newest_attempt(canvas: DemoLmsWithFakeTool) -> None:
    def work(**more: object) -> dict[str, Any]:
        return wish(submission_type="basic_lti_launch", submission_data="http://127.0.0.1:5000/plan/1", **more)

    canvas.post_score(submission={"submittedAt": "2026-03-01T10:00:00Z"}, **work())
    found = cell_of(canvas).work
    assert found is not None
    assert (found.kind, found.data) == ("basic_lti_launch", "http://127.0.0.1:5000/plan/1")
    assert found.submitted_at.isoformat() == "2026-03-01T10:00:00+00:00"
    canvas.post_score(timestamp=NEXT_MINUTE, **wish(new_submission=False, submission_data="http://127.0.0.1:5000/2"))
    assert cell_of(canvas).work == found, "only a new attempt brings new work"
    canvas.post_score(timestamp=NEXT_MINUTE)
    late = cell_of(canvas).work
    assert late is not None
    assert late.submitted_at == canvas.clock.now(), "a new attempt without a time is of now, and late"


def test_canvas_lets_a_teachers_grade_stand_only_if_asked(canvas: DemoLmsWithFakeTool) -> None:
    canvas.platform.gradebook.override_grade(column_of(canvas), "101", 70, canvas.clock.now(), "By hand")
    stands = wish(prioritize_non_tool_grade=True)
    assert canvas.post_score(timestamp=NEXT_MINUTE, **stands).status_code == 200
    assert cell_of(canvas).value == 70
    canvas.post_score(timestamp=NEXT_MINUTE)
    assert cell_of(canvas).value == 92
    canvas.post_score(timestamp=NEXT_MINUTE, scoreGiven=93, **stands)
    assert cell_of(canvas).value == 93, "a tool's own grade may be changed"


def test_canvas_gives_a_second_column_of_a_link_neither_attempts_nor_comments(canvas: DemoLmsWithFakeTool) -> None:
    made = write(canvas, "POST", ITEMS, {"label": "2", "scoreMaximum": 10, "resourceLinkId": "course-1-visioning"})
    path = str(made.get_json()["id"]).removeprefix(LMS)
    assert canvas.post_score(path=path).status_code == 200
    second = canvas.platform.gradebook.list_columns("course-1")[-1]
    cell = canvas.platform.gradebook.find_cell(second, "101")
    assert (cell.value, cell.attempts, cell.comments) == (9.2, 0, ())


def test_canvas_throttles_on_demand(canvas: DemoLmsWithFakeTool) -> None:
    token = canvas.get_token()
    canvas.platform.faults.throttle(2)
    for _ in range(2):
        answer = canvas.post_score(token=token)
        assert (answer.status_code, answer.text) == (403, "403 Forbidden (Rate Limit Exceeded)\n")
        assert answer.headers["X-Rate-Limit-Remaining"] == "0.0"
    assert canvas.post_score(token=token).status_code == 200


def test_canvas_addresses_have_no_query_string(canvas: DemoLmsWithFakeTool) -> None:
    endpoint = canvas.launch()[lti.CLAIM_AGS_ENDPOINT]
    assert endpoint["lineitems"] == f"{LMS}{ITEMS}"
    assert endpoint["lineitem"] == f"{LMS}{ITEMS}/{column_of(canvas).id}/lineitem"
    assert canvas.launch()[lti.CLAIM_TOOL_PLATFORM]["product_family_code"] == "canvas"


def add_columns(lms: DemoLmsWithFakeTool, count: int) -> None:
    for number in range(count):
        lms.platform.gradebook.add_column(Column(0, "course-1", f"Extra {number}", 10, made_by_tool=True))


@pytest.mark.parametrize(
    ("query", "sizes"), [("", [10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 8]), ("limit=500", [100, 8])]
)
def test_canvas_pages_with_bookmarks(canvas: DemoLmsWithFakeTool, query: str, sizes: list[int]) -> None:
    add_columns(canvas, 100)
    answer, seen, found = read_items(canvas, query), set(), []
    while True:
        found.append(len(answer.get_json()))
        seen |= {item["id"] for item in answer.get_json()}
        address = find_next(answer)
        if address is None:
            break
        assert "page=bookmark" in address
        answer = canvas.read(address, lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM)
    assert (found, len(seen)) == (sizes, 108)


def test_a_bookmark_in_lower_case_is_no_page(canvas: DemoLmsWithFakeTool) -> None:
    add_columns(canvas, 5)
    address = find_next(read_items(canvas))
    assert address is not None
    answer = canvas.read(address.lower(), lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM)
    assert address != address.lower()
    assert answer.status_code == 404


def test_canvas_pages_results_too(canvas: DemoLmsWithFakeTool) -> None:
    column = canvas.platform.gradebook.list_columns("course-big")[0]
    for number in range(12):
        canvas.platform.gradebook.override_grade(column, str(1001 + number), number, canvas.clock.now())
    path = f"/api/lti/courses/course-big/lineitems/{column.id}/lineitem/results"
    answer = canvas.read(path, lti.MEDIA_RESULT_CONTAINER, lti.SCOPE_RESULT_READONLY)
    assert len(answer.get_json()) == 10
    address = find_next(answer)
    assert address is not None
    rest = canvas.read(address, lti.MEDIA_RESULT_CONTAINER, lti.SCOPE_RESULT_READONLY)
    assert [result["userId"] for result in rest.get_json()] == ["1011", "1012"]


def test_canvas_and_columns_that_are_not_ours(canvas: DemoLmsWithFakeTool) -> None:
    made = write(canvas, "POST", ITEMS, {"label": "New", "scoreMaximum": 5})
    assert (made.status_code, "resourceLinkId" in made.get_json()) == (201, False)
    again = write(canvas, "POST", ITEMS, {"label": "New", "scoreMaximum": 5})
    assert again.get_json()["id"] != made.get_json()["id"], "always a new one"
    missing = write(canvas, "POST", ITEMS, {"label": "x", "scoreMaximum": 5, "resourceLinkId": "nowhere"})
    assert (missing.status_code, missing.get_json()["errors"][0]["message"][:13]) == (404, "The specified")
    assert write(canvas, "POST", ITEMS, {"label": "x"}).status_code == 422
    assert write(canvas, "DELETE", canvas.find_column_path()).status_code == 401
    canvas.platform.gradebook.rules.give_to_other_tool(column_of(canvas).id)
    assert canvas.post_score().status_code == 412
    labels = [item["label"] for item in read_items(canvas, "limit=100").get_json()]
    assert column_of(canvas).label not in labels


def test_canvas_changes_only_what_is_sent(canvas: DemoLmsWithFakeTool) -> None:
    put = write(canvas, "PUT", canvas.find_column_path(), {"label": "Renamed"})
    assert put.status_code == 200
    assert (put.get_json()["tag"], put.get_json()["scoreMaximum"]) == ("leading-edge", 100)
