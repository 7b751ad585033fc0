"""In Moodle's manner the demo LMS answers what a real Moodle 4.5.6 was asked as that Moodle did: its traffic, replayed.

Nothing of the expected is written here: it is in the captures. Their course 2 is ``course-1``, their people stand for
the demo's. Left out is only what the demo LMS cannot be asked, each with its reason.
"""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from lti_tool.demo_lms.enrolments import EnrolmentState
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.lti import vocabulary as lti
from tests.certification.moodle import load
from tests.support.clock import Clock
from tests.support.fake_tool import LMS, DemoLmsWithFakeTool

Captured = dict[str, Any]

PEOPLE = {"5": "101", "6": "102", "7": "103", "3": "201", "4": "201", "8": "401", "4242": "4242"}
TEACHER_ACTS = {
    "after teacher override to 20: tool posts 25": 20.0,
    "standalone after teacher set 44: tool posts 55": 44.0,
}
NOT_ASKED = {
    "wrong course": "the demo LMS looks for a column in its course and says 404",
    "older ts after wipe": "the laboratory wiped the override by hand before",
    "wiped then older ts (-2h) accepted?": "the laboratory wiped the override by hand before",
    "standalone max -5 item 9": "the demo LMS makes no column of a maximum below 0",
    "standalone max 0 item 8": "the demo LMS makes no column of the maximum 0",
    "create max 0": "the demo LMS makes no column of the maximum 0",
    "create negative max": "the demo LMS makes no column of a maximum below 0",
    "create scoreMaximum 1e9": "the laboratory's database could not hold it",
    "get course total item (id 1)": "the demo LMS has no course total",
    "trailing url variant without type_id": "its column had been deleted before",
}


@pytest.fixture
def moodle(tmp_path: Path) -> DemoLmsWithFakeTool:
    start = datetime(2026, 11, 23, 11, 50, tzinfo=UTC)
    return DemoLmsWithFakeTool(tmp_path, Clock(start), manner=Manner.MOODLE)


class Replay:
    """The captured calls, asked of the demo LMS, for one coupled and one tool-made column."""

    def __init__(self, moodle: DemoLmsWithFakeTool) -> None:
        self.moodle = moodle
        book = moodle.platform.gradebook
        (coupled,) = book.list_columns("course-1", resource_id="visioning")
        self.coupled = replace(coupled, label="DL Graded item", maximum=33.0)
        book.replace_column(self.coupled)
        self.own = book.add_column(
            replace(coupled, label="Tool col", resource_id="own", resource_link_id=None, made_by_tool=True)
        )

    def find_column(self, number: str) -> int:
        return {"5": self.own.id, "9999": 9999}.get(number, self.coupled.id)

    def ask(self, captured: Captured) -> TestResponse:
        sent = captured["request"]
        path = re.sub(r"^.*services\.php/\d+", "/api/lti/courses/course-1", sent["url"])
        path = re.sub(r"/lineitems/(\d+)/", lambda found: f"/lineitems/{self.find_column(found[1])}/", path)
        path = re.sub(r"user_id=(\d+)", lambda found: f"user_id={PEOPLE[found[1]]}", path)
        headers = {name: value for name, value in sent["headers"].items() if name != "Content-Length"}
        if "Authorization" in headers:
            headers["Authorization"] = f"Bearer {self._find_token(captured)}"
        return self.moodle.browser.open(
            path, method=sent["method"], base_url=LMS, headers=headers, data=self.translate(sent["body"])
        )

    def translate(self, body: str | None) -> str | None:
        """The body with our people in it, and our link."""
        if body is None:
            return None
        body = re.sub(r'"userId": "?(\d+)"?', lambda found: f'"userId": "{PEOPLE[found[1]]}"', body)
        return body.replace('"resourceLinkId": "1"', '"resourceLinkId": "course-1-visioning"')

    def _find_token(self, captured: Captured) -> str:
        note = captured["note"]
        if note.startswith("garbage"):
            return "garbage"
        if captured["response"]["status"] == 401:
            return self.moodle.get_token(
                lti.SCOPE_RESULT_READONLY if "/results" not in captured["request"]["url"] else lti.SCOPE_SCORE
            )
        return self.moodle.get_token()

    def expect(self, captured: Captured, answer: TestResponse) -> None:
        """Status, type and status line are Moodle's; so is the body, but for addresses and pages."""
        said, note = captured["response"], captured["note"]
        assert answer.status_code == said["status"], (note, answer.status)
        assert answer.headers["Content-Type"] == said["headers"]["Content-Type"], note
        if said["reason"] in {"OK", "Created"}:
            return
        phrase = answer.status.partition(" ")[2].casefold()
        for column, number in (("15", self.coupled.id), ("5", self.own.id)):
            said["reason"] = said["reason"].replace(f"item {column} and", f"item {number} and")
        expected = re.sub(r"user (\d+)$", lambda found: f"user {PEOPLE[found[1]]}", said["reason"])
        expected = re.sub(r"/\d+/lineitems(/\d+)?", "/lineitems", self.translate(expected) or "")
        ours = re.sub(r"/courses/course-1/lineitems(/\d+)?", "/lineitems", phrase)
        if not note.startswith("bad json"):
            ours, expected = ours.replace('"', ""), expected.replace('"', "")
        assert ours == expected.casefold(), note
        if said["body"] == []:
            assert answer.get_json() == []


def expect_cell(replay: Replay, column: Column, captured: Captured) -> None:
    """What stands in the cell is what stood in Moodle's."""
    stood = captured.get("gradebook_after")
    if not stood or "finalgrade" not in stood:
        return
    cell = replay.moodle.platform.gradebook.find_cell(column, PEOPLE[stood["userid"]])
    value = None if stood["finalgrade"] == "NULL" else float(stood["finalgrade"])
    assert cell.value == (None if value is None else pytest.approx(value)), captured["note"]
    feedback = None if stood["feedback"] == "NULL" else stood["feedback"].replace("\\n", "\n")
    assert (cell.comments[-1] if cell.comments else None) == feedback, captured["note"]
    time = None if cell.written_at is None else f"{cell.written_at:%Y-%m-%d %H:%M:%S}"
    assert time == (None if stood["tm"] == "NULL" else stood["tm"]), captured["note"]


def test_every_captured_score_does_to_a_cell_what_it_did_to_moodles(moodle: DemoLmsWithFakeTool) -> None:
    replay, asked = Replay(moodle), 0
    for captured in load("ags-score-coupled"):
        if captured["note"] in NOT_ASKED:
            continue
        answer = replay.ask(captured)
        replay.expect(captured, answer)
        expect_cell(replay, replay.coupled, captured)
        asked += 1
    assert asked > 80


def test_teachers_edits_locks_and_suspended_people(moodle: DemoLmsWithFakeTool) -> None:
    replay, book = Replay(moodle), moodle.platform.gradebook
    for captured in load("ags-score-special"):
        note = captured["note"]
        if note in NOT_ASKED:
            continue
        column = replay.own if "/lineitems/5/" in captured["request"]["url"] else replay.coupled
        if note in TEACHER_ACTS:
            sub = PEOPLE[captured["gradebook_after"]["userid"]]
            edited_at = datetime.fromisoformat(captured["gradebook_after"]["tm"] + "+00:00")
            book.override_grade(column, sub, TEACHER_ACTS[note], edited_at, "teacher says")
        if note == "item locked by teacher":
            wiped = moodle.platform.memory
            with wiped.write() as connection:
                connection.execute("DELETE FROM scores WHERE column_id = ?", (column.id,))
            earlier = datetime(2026, 11, 23, 9, 57, 41, tzinfo=UTC)
            assert (
                moodle.post_score(
                    scoreGiven=9, scoreMaximum=33, timestamp=earlier.isoformat(), comment="absent"
                ).status_code
                == 200
            )
        book.rules.lock_column(replay.coupled.id, locked=note == "item locked by teacher")
        if note == "suspended enrolment":
            moodle.platform.enrolments.change("course-1", PEOPLE["7"], EnrolmentState.SUSPENDED)
        replay.expect(captured, replay.ask(captured))
        if note != "tool clears (Pending)":
            expect_cell(replay, column, captured)


def test_a_comment_without_a_grade(moodle: DemoLmsWithFakeTool) -> None:
    replay = Replay(moodle)
    *scores, results = load("ags-pending-on-ungraded")
    for captured in scores:
        replay.expect(captured, replay.ask(captured))
        expect_cell(replay, replay.coupled, captured)
    ours = replay.ask(results).get_json()
    assert [sorted(result) for result in ours] == [sorted(result) for result in results["response"]["body"]]


def test_columns_are_read_made_and_changed_as_moodle_does(moodle: DemoLmsWithFakeTool) -> None:
    replay = Replay(moodle)
    for capture in ("ags-lineitems-get", "ags-lineitems-post", "ags-lineitem-single", "ags-results-coupled"):
        for captured in load(capture):
            note, url = captured["note"], captured["request"]["url"]
            if note in NOT_ASKED or "course" in note or "delete" in note or note.startswith(("no kid", "foreign")):
                continue
            answer = replay.ask(captured)
            replay.expect(captured, answer)
            said = captured["response"]["body"]
            if isinstance(said, dict) and "id" in said and captured["request"]["method"] != "GET":
                assert sorted(answer.get_json()) == sorted(said), (note, url)


def test_links_between_pages_are_written_as_moodle_writes_them(moodle: DemoLmsWithFakeTool) -> None:
    for column in moodle.platform.gradebook.list_columns("course-1")[3:]:
        moodle.platform.gradebook.remove_column(column)
    replay, found = Replay(moodle), 0
    moodle.platform.gradebook.remove_column(replay.own)
    for captured in load("ags-lineitems-get"):
        header = captured["response"]["headers"].get("Link")
        if header:
            ours = replay.ask(captured).headers["Link"]
            assert re.sub(r"<[^?]*", "<", ours) == re.sub(r"<[^?]*", "<", header), captured["note"]
            found += 1
    assert found == 3


def test_assertions_are_taken_and_refused_as_moodle_does(moodle: DemoLmsWithFakeTool) -> None:
    now = int(moodle.clock.now().timestamp())
    ours: dict[str, TestResponse] = {
        "success one scope": moodle.ask_token(lti.SCOPE_SCORE),
        "only unknown scope": moodle.ask_token("https://example.org/nope"),
        "no scope": moodle.ask_token(scope=None),
        "empty scope": moodle.ask_token(scope=""),
        "unknown client (sub+iss)": moodle.ask_token(assertion=moodle.make_assertion(iss="other", sub="other")),
        "iss differs from sub": moodle.ask_token(assertion=moodle.make_assertion(iss="other")),
        "aud = garbage": moodle.ask_token(assertion=moodle.make_assertion(aud="garbage")),
        "expired assertion": moodle.ask_token(assertion=moodle.make_assertion(iat=now - 90, exp=now - 30)),
        "no exp": moodle.ask_token(assertion=moodle.make_assertion(exp=None)),
        "no jti": moodle.ask_token(assertion=moodle.make_assertion(jti=None)),
        "no iat": moodle.ask_token(assertion=moodle.make_assertion(iat=None)),
        "no kid header": moodle.ask_token(assertion=moodle.make_assertion(header={"kid": ""})),
        "unknown kid": moodle.ask_token(assertion=moodle.make_assertion(header={"kid": "nobody"})),
        "RS512": moodle.ask_token(assertion=moodle.make_assertion(header={"alg": "RS512"})),
        "wrong grant type": moodle.ask_token(grant_type="authorization_code"),
        "no assertion type": moodle.ask_token(client_assertion_type=None),
        "JSON body": moodle.ask_token(media_type="application/json"),
        "alg none-ish garbage": moodle.ask_token(assertion="x.y.z"),
    }
    captured = {exchange["note"]: exchange["response"] for exchange in load("token-endpoint")}
    for note, answer in ours.items():
        assert answer.status_code == captured[note]["status"], note
        assert answer.headers["Content-Type"] == captured[note]["headers"]["Content-Type"], note
        if answer.status_code == 400:
            body = captured[note]["body"]
            assert answer.text == body if isinstance(body, str) else json.loads(answer.text) == body, note
    future = moodle.clock.now() + timedelta(seconds=3)
    refused = moodle.ask_token(assertion=moodle.make_assertion(iat=int(future.timestamp())))
    pattern = captured["iat future 3 s"]["body"]["error"].partition(" prior to ")[0]
    assert json.loads(refused.text) == {"error": f"{pattern} prior to {future:%Y-%m-%dT%H:%M:%S}+0000"}


def test_moodle_that_cannot_fetch_our_keys_answers_with_a_page(
    moodle: DemoLmsWithFakeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> dict[str, object]:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(moodle.platform.tool_keys, "_fetch", fail)
    answer = moodle.ask_token()
    (captured,) = (exchange["response"] for exchange in load("token-endpoint") if exchange["response"]["status"] == 404)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, captured["headers"]["Content-Type"])
    assert answer.text.startswith("<!DOCTYPE html>")
