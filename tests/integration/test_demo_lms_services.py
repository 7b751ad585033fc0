"""The demo LMS's services: tokens, line items, scores and results, and how strictly each is guarded."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from lti_tool.demo_lms.faults import Service
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.fake_tool import ALL_SCOPES, LMS, DemoLmsWithFakeTool

ITEMS = "/api/lti/courses/course-1/lineitems"
MEMBERS = "/api/lti/courses/course-1/memberships"


@pytest.fixture
def lms(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock())


# Tokens


def test_a_token_for_the_asked_and_allowed_scopes(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.ask_token(lti.SCOPE_SCORE, "https://example.org/nope", lti.SCOPE_SCORE)
    body = answer.get_json()
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600)
    assert body["scope"] == lti.SCOPE_SCORE
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("scope", ["https://example.org/nope", "score"])
def test_no_allowed_scope_no_token(lms: DemoLmsWithFakeTool, scope: str) -> None:
    answer = lms.ask_token(scope)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"client_assertion_type": None}, "invalid_request"),
        ({"client_assertion_type": "urn:other"}, "invalid_request"),
        ({"client_assertion": None}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": " "}, "invalid_request"),
    ],
)
def test_a_bad_token_request(lms: DemoLmsWithFakeTool, changes: dict[str, str | None], error: str) -> None:
    answer = lms.ask_token(**changes)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)
    assert answer.get_json()["error_description"]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data"])
def test_the_form_type_is_exact(lms: DemoLmsWithFakeTool, media_type: str) -> None:
    answer = lms.ask_token(media_type=media_type)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iss": "other"}, "iss is the client_id"),
        ({"sub": "other"}, "sub is the client_id"),
        ({"aud": LMS}, "aud is the token endpoint"),
        ({"aud": None}, "aud is the token endpoint"),
        ({"exp": None}, "exp and iat are there"),
        ({"iat": None}, "exp and iat are there"),
        ({"iat": True}, "exp and iat are there"),
        ({"jti": None}, "jti is there"),
        ({"jti": ""}, "jti is there"),
    ],
)
def test_a_bad_assertion(lms: DemoLmsWithFakeTool, changes: dict[str, Any], words: str) -> None:
    answer = lms.ask_token(assertion=lms.make_assertion(**changes))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client")
    assert words in answer.get_json()["error_description"]


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [(-60, 0, "exp is in the future"), (3, 60, "iat is not in the future"), (0, 86400, "no longer than an hour")],
)
def test_an_assertion_at_the_wrong_time(lms: DemoLmsWithFakeTool, starts: int, ends: int, words: str) -> None:
    now = int(lms.clock.now().timestamp())
    answer = lms.ask_token(assertion=lms.make_assertion(iat=now + starts, exp=now + ends))
    assert answer.status_code == 400
    assert words in answer.get_json()["error_description"]


def test_an_audience_in_a_list_is_fine(lms: DemoLmsWithFakeTool) -> None:
    assert lms.ask_token(assertion=lms.make_assertion(aud=[f"{LMS}/api/lti/token"])).status_code == 200


def test_an_assertion_works_once(lms: DemoLmsWithFakeTool) -> None:
    assertion = lms.make_assertion()
    assert lms.ask_token(assertion=assertion).status_code == 200
    again = lms.ask_token(assertion=assertion)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_client")
    assert "never seen before" in again.get_json()["error_description"]


@pytest.mark.parametrize("assertion", ["not.a.token", "x", "é.é.é", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_signed_token(lms: DemoLmsWithFakeTool, assertion: str) -> None:
    assert lms.ask_token(assertion=assertion).get_json()["error"] == "invalid_client"


def test_a_wrong_key_and_a_wrong_algorithm(lms: DemoLmsWithFakeTool) -> None:
    other = generate_private_key(public_exponent=65537, key_size=2048)
    for assertion, words in (
        (lms.make_assertion(key=other), "signature is not right"),
        (lms.make_assertion(header={"alg": "RS512"}), "signed with RS256"),
        (lms.make_assertion(header={"kid": ""}), "names its key"),
    ):
        answer = lms.ask_token(assertion=assertion)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client")
        assert words in answer.get_json()["error_description"]


def test_the_tools_keys_are_kept_and_fetched_again_for_an_unknown_one(lms: DemoLmsWithFakeTool) -> None:
    lms.get_token()
    lms.get_token()
    assert lms.key_fetches == 1
    lms.tool_kid = "tool-key-2"
    lms.get_token()
    assert lms.key_fetches == 2
    assert lms.ask_token(assertion=lms.make_assertion(header={"kid": "nobody"})).status_code == 400
    assert lms.key_fetches == 3


def test_unreachable_tool_keys_are_a_passing_trouble(lms: DemoLmsWithFakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, object]:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(lms.platform.tool_keys, "_fetch", fail)
    answer = lms.ask_token()
    assert (answer.status_code, answer.get_json()["error"]) == (503, "temporarily_unavailable")
    monkeypatch.setattr(lms.platform.tool_keys, "_fetch", lambda: {"keys": "none"})
    assert lms.ask_token().status_code == 503


# What guards every call


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer made-up", "Basic made-up"])
def test_no_good_token(lms: DemoLmsWithFakeTool, header: str | None) -> None:
    headers = {"Accept": lti.MEDIA_LINE_ITEM_CONTAINER} | ({"Authorization": header} if header else {})
    answer = lms.browser.get(f"{ITEMS}?type_id=1", base_url=LMS, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token(lms: DemoLmsWithFakeTool) -> None:
    token = lms.get_token()
    lms.clock.advance(timedelta(hours=1))
    assert lms.post_score(token=token).status_code == 401


def test_forgotten_tokens(lms: DemoLmsWithFakeTool) -> None:
    token = lms.get_token()
    lms.platform.access_tokens.forget_all()
    assert lms.post_score(token=token).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "media_type", "sufficient"),
    [
        ("GET", ITEMS, lti.MEDIA_LINE_ITEM_CONTAINER, {lti.SCOPE_LINE_ITEM, lti.SCOPE_LINE_ITEM_READONLY}),
        ("POST", ITEMS, lti.MEDIA_LINE_ITEM, {lti.SCOPE_LINE_ITEM}),
        ("GET", f"{ITEMS}/1/lineitem", lti.MEDIA_LINE_ITEM, {lti.SCOPE_LINE_ITEM, lti.SCOPE_LINE_ITEM_READONLY}),
        ("PUT", f"{ITEMS}/1/lineitem", lti.MEDIA_LINE_ITEM, {lti.SCOPE_LINE_ITEM}),
        ("DELETE", f"{ITEMS}/1/lineitem", lti.MEDIA_LINE_ITEM, {lti.SCOPE_LINE_ITEM}),
        ("POST", f"{ITEMS}/1/lineitem/scores", lti.MEDIA_SCORE, {lti.SCOPE_SCORE}),
        ("GET", f"{ITEMS}/1/lineitem/results", lti.MEDIA_RESULT_CONTAINER, {lti.SCOPE_RESULT_READONLY}),
        ("GET", MEMBERS, lti.MEDIA_MEMBERSHIP_CONTAINER, {lti.SCOPE_MEMBERSHIP_READONLY}),
    ],
)
def test_every_call_needs_its_own_scope(
    lms: DemoLmsWithFakeTool, method: str, path: str, media_type: str, sufficient: set[str]
) -> None:
    for scope in ALL_SCOPES:
        answer = lms.browser.open(
            f"{path}?type_id=1",
            method=method,
            base_url=LMS,
            headers={"Authorization": f"Bearer {lms.get_token(scope)}", "Accept": media_type},
            content_type=media_type,
            json={} if method in {"POST", "PUT"} else None,
        )
        is_scope_trouble = answer.status_code == 403 and answer.get_json()["error"] == "insufficient_scope"
        assert is_scope_trouble == (scope not in sufficient), (scope, answer.status_code)


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", lti.MEDIA_LINE_ITEM])
@pytest.mark.parametrize("path", [ITEMS, f"{ITEMS}/1/lineitem/results", MEMBERS])
def test_reading_needs_the_exact_accept(lms: DemoLmsWithFakeTool, path: str, accept: str | None) -> None:
    headers = {"Authorization": f"Bearer {lms.get_token()}"} | ({"Accept": accept} if accept else {})
    answer = lms.browser.get(f"{path}?type_id=1", base_url=LMS, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (406, "not_acceptable")
    assert "Accept is application/vnd.ims.l" in answer.get_json()["error_description"]


@pytest.mark.parametrize("media_type", ["application/json", lti.MEDIA_LINE_ITEM, f"{lti.MEDIA_SCORE}; charset=utf-8"])
def test_a_score_needs_the_exact_content_type(lms: DemoLmsWithFakeTool, media_type: str) -> None:
    assert lms.post_score(media_type=media_type).status_code == 415


def test_the_query_string_has_to_be_kept(lms: DemoLmsWithFakeTool) -> None:
    headers = {"Authorization": f"Bearer {lms.get_token()}", "Accept": lti.MEDIA_RESULT_CONTAINER}
    for address in (f"{ITEMS}/1/lineitem/results", f"{ITEMS}/1/lineitem?type_id=1/results"):
        answer = lms.browser.get(address, base_url=LMS, headers=headers)
        assert answer.status_code == 404
        assert "query string" in answer.get_json()["error_description"]


def test_scores_put_after_the_query_string_are_explained(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.browser.post(f"{ITEMS}/1/lineitem?type_id=1/scores", base_url=LMS)
    assert answer.status_code == 405
    assert "before the query string" in answer.get_json()["error_description"]
    assert answer.headers["Allow"]


def test_what_does_not_exist(lms: DemoLmsWithFakeTool) -> None:
    read = lti.SCOPE_LINE_ITEM_READONLY
    for path in (f"{ITEMS}/99/lineitem", f"{ITEMS}/9/lineitem", "/api/lti/courses/none/lineitems"):
        assert lms.read(f"{path}?type_id=1", lti.MEDIA_LINE_ITEM, read).status_code == 404
    assert lms.browser.get("/api/lti/nothing", base_url=LMS).get_json()["error"] == "not_found"


# Line items


def test_the_columns_of_a_course(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.read(f"{ITEMS}?type_id=1", lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM_READONLY)
    assert answer.content_type == lti.MEDIA_LINE_ITEM_CONTAINER
    items = answer.get_json()
    assert items[0] == {
        "id": f"{LMS}{ITEMS}/1/lineitem?type_id=1",
        "label": "On the Leading Edge of Visioning",
        "scoreMaximum": 100,
        "resourceId": "visioning",
        "tag": "leading-edge",
        "resourceLinkId": "course-1-visioning",
    }
    assert [item["resourceId"] for item in items][-2:] == ["promotion", "opportunity"]
    assert items[6]["label"] == "On the Leading Edge of Library Promotion"
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("resource_id=visioning", 1),
        ("resource_link_id=course-1-coaching", 1),
        ("tag=leading-edge", 8),
        ("tag=other", 0),
        ("tag=leading-edge&resource_id=influence", 1),
        ("resource_link_id=course-2-coaching", 0),
    ],
)
def test_filters(lms: DemoLmsWithFakeTool, filters: str, count: int) -> None:
    answer = lms.read(f"{ITEMS}?type_id=1&{filters}", lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM)
    assert len(answer.get_json()) == count


def test_pages_follow_their_link(lms: DemoLmsWithFakeTool) -> None:
    address, sizes, seen = f"{ITEMS}?type_id=1&limit=3&tag=leading-edge", [], set()
    while address:
        answer = lms.read(address, lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM)
        sizes.append(len(answer.get_json()))
        seen |= {item["id"] for item in answer.get_json()}
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        address = link.partition("<")[2].partition(">")[0].removeprefix(LMS)
    assert (sizes, len(seen)) == ([3, 3, 2], 8)


@pytest.mark.parametrize("limit", ["0", "-1", "x", ""])
def test_a_bad_limit(lms: DemoLmsWithFakeTool, limit: str) -> None:
    answer = lms.read(f"{ITEMS}?type_id=1&limit={limit}", lti.MEDIA_LINE_ITEM_CONTAINER, lti.SCOPE_LINE_ITEM)
    assert answer.status_code == 400


def _write(lms: DemoLmsWithFakeTool, method: str, path: str, body: object) -> tuple[int, dict[str, object]]:
    answer = lms.browser.open(
        f"{path}?type_id=1",
        method=method,
        base_url=LMS,
        json=body,
        content_type=lti.MEDIA_LINE_ITEM,
        headers={"Authorization": f"Bearer {lms.get_token(lti.SCOPE_LINE_ITEM)}"},
    )
    return answer.status_code, answer.get_json(silent=True, force=True) or {}


def test_a_column_of_the_tools_own_lives_and_dies(lms: DemoLmsWithFakeTool) -> None:
    status, made = _write(lms, "POST", ITEMS, {"label": "Extra", "scoreMaximum": 12.5, "resourceId": "x", "tag": "t"})
    assert (status, made["scoreMaximum"]) == (201, 12.5)
    path = str(made["id"]).removeprefix(LMS).removesuffix("?type_id=1")
    changed = {"id": made["id"], "label": "Extra, renamed", "scoreMaximum": 25, "gradesReleased": True}
    status, put = _write(lms, "PUT", path, changed)
    assert (status, put) == (200, changed), "what is left out of a PUT is emptied"
    assert lms.post_score(path=path).status_code == 200
    status, _ = _write(lms, "DELETE", path, None)
    assert status == 204
    assert _write(lms, "DELETE", path, None)[0] == 404
    status, again = _write(lms, "POST", ITEMS, {"label": "Extra", "scoreMaximum": 1})
    assert again["id"] != made["id"], "an address is never used for another column"


def test_a_link_with_two_columns_names_none_in_its_launch(lms: DemoLmsWithFakeTool) -> None:
    body = {"label": "Second", "scoreMaximum": 10, "resourceLinkId": "course-1-visioning"}
    assert _write(lms, "POST", ITEMS, body)[0] == 201
    assert "lineitem" not in lms.launch()[lti.CLAIM_AGS_ENDPOINT]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"scoreMaximum": 10}, 400),
        ({"label": " ", "scoreMaximum": 10}, 400),
        ({"label": "x" * 256, "scoreMaximum": 10}, 400),
        ({"label": "x"}, 400),
        ({"label": "x", "scoreMaximum": 0}, 400),
        ({"label": "x", "scoreMaximum": "10"}, 400),
        ({"label": "x", "scoreMaximum": True}, 400),
        ({"label": "x", "scoreMaximum": 10, "tag": 5}, 400),
        ({"label": "x", "scoreMaximum": 10, "startDateTime": "2026-01-01"}, 400),
        ({"label": "x", "scoreMaximum": 10, "gradesReleased": "yes"}, 400),
        ({"label": "x", "scoreMaximum": 10, "resourceLinkId": "course-2-visioning"}, 404),
        ([], 400),
    ],
)
def test_a_bad_column(lms: DemoLmsWithFakeTool, body: object, status: int) -> None:
    assert _write(lms, "POST", ITEMS, body)[0] == status
    assert len(lms.platform.gradebook.list_columns("course-1")) == 8


def test_a_coupled_column_can_be_changed_but_not_removed_or_moved(lms: DemoLmsWithFakeTool) -> None:
    path = lms.find_column_path()
    assert _write(lms, "DELETE", path, None)[0] == 403
    assert _write(lms, "PUT", path, {"label": "V", "scoreMaximum": 50, "resourceLinkId": "course-1-series"})[0] == 400
    assert _write(lms, "PUT", path, {"label": "V", "scoreMaximum": 50, "id": "https://else"})[0] == 400
    status, body = _write(lms, "PUT", path, {"label": "V", "scoreMaximum": 50, "resourceId": "visioning"})
    assert (status, body["resourceLinkId"]) == (200, "course-1-visioning")
    assert "tag" not in body


# Scores and results


def test_a_score_arrives(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.post_score()
    assert (answer.status_code, answer.data) == (200, b"")
    results = lms.read(
        f"{lms.find_column_path()}/results?type_id=1", lti.MEDIA_RESULT_CONTAINER, lti.SCOPE_RESULT_READONLY
    )
    assert results.content_type == lti.MEDIA_RESULT_CONTAINER
    item = f"{LMS}{lms.find_column_path()}"
    assert results.get_json() == [
        {
            "id": f"{item}/results?type_id=1&user_id=101",
            "userId": "101",
            "scoreOf": f"{item}?type_id=1",
            "resultScore": 92,
            "resultMaximum": 100,
            "comment": "A plan one can act on.",
            "timestamp": "2026-03-04T20:14:00+00:00",
        }
    ]


def test_results_of_one_person(lms: DemoLmsWithFakeTool) -> None:
    lms.post_score()
    lms.post_score(userId="102")
    path = f"{lms.find_column_path()}/results?type_id=1"
    for query, people in (("", ["101", "102"]), ("&user_id=102", ["102"]), ("&user_id=103", [])):
        answer = lms.read(path + query, lti.MEDIA_RESULT_CONTAINER, lti.SCOPE_RESULT_READONLY)
        assert [result["userId"] for result in answer.get_json()] == people


@pytest.mark.parametrize(
    ("given", "maximum", "shown"),
    [
        (92, 100, "92 of 100"),
        (46, 50, "92 of 100"),
        (0, 1, "0 of 100"),
        (130, 100, "100 of 100"),
        (1, 3, "33.33 of 100"),
    ],
)
def test_a_score_is_put_on_the_columns_scale_and_held_to_it(
    lms: DemoLmsWithFakeTool, given: float, maximum: float, shown: str
) -> None:
    assert lms.post_score(scoreGiven=given, scoreMaximum=maximum).status_code == 200
    assert _show_cell(lms) == shown


def _show_cell(lms: DemoLmsWithFakeTool, sub: str = "101") -> str | None:
    (column,) = lms.platform.gradebook.list_columns("course-1", resource_id="visioning")
    grade = lms.platform.gradebook.find_grade(column, sub)
    return grade.value_in_words if grade else None


@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        ("2026-03-04T20:14:00.000Z", 409),
        ("2026-03-04T20:13:59.999Z", 409),
        ("2026-03-04T21:14:00+01:00", 409),
        ("2026-03-04T20:14:00.001Z", 200),
        ("2026-03-04T15:14:01-05:00", 200),
        ("2027-01-01T00:00:00Z", 200),
    ],
)
def test_times_have_to_rise(lms: DemoLmsWithFakeTool, timestamp: str, status: int) -> None:
    assert lms.post_score().status_code == 200
    answer = lms.post_score(timestamp=timestamp, scoreGiven=50)
    assert answer.status_code == status
    assert _show_cell(lms) == ("50 of 100" if status == 200 else "92 of 100")
    if status == 409:
        assert "2026-03-04T20:14:00+00:00" in answer.get_json()["error_description"]


def test_times_rise_for_each_person_and_column_by_themselves(lms: DemoLmsWithFakeTool) -> None:
    assert lms.post_score().status_code == 200
    assert lms.post_score(userId="102").status_code == 200
    assert lms.post_score(path=lms.find_column_path("coaching")).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"userId": "absent"},
        {"userId": 101},
        {"userId": ""},
        {"timestamp": "absent"},
        {"timestamp": "2026-03-04T20:14:00"},
        {"timestamp": "2026-03-04"},
        {"timestamp": "1795434884"},
        {"timestamp": "2026-13-04T20:14:00Z"},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"timestamp": 1795434884},
        {"activityProgress": "absent"},
        {"activityProgress": "Done"},
        {"activityProgress": []},
        {"gradingProgress": "absent"},
        {"gradingProgress": "fullygraded"},
        {"scoreGiven": "92"},
        {"scoreGiven": True},
        {"scoreGiven": -1},
        {"scoreGiven": 10**400},
        {"scoreMaximum": "absent"},
        {"scoreMaximum": 0},
        {"scoreMaximum": None},
        {"comment": 5},
        {"comment": "\ud800"},
        {"submission": []},
        {"submission": {"submittedAt": "yesterday"}},
        {"userId": "201"},
        {"userId": "301"},
        {"userId": "401"},
        {"userId": "999"},
    ],
)
def test_a_bad_score_says_why_and_changes_nothing(lms: DemoLmsWithFakeTool, changes: dict[str, Any]) -> None:
    answer = lms.post_score(**changes)
    assert answer.status_code == 400
    assert "This has to be so and is not" in answer.get_json()["error_description"]
    assert _show_cell(lms) is None


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"{bad", b'{"scoreGiven": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"userId": "\\u0000"}']
)
def test_a_body_that_is_no_score(lms: DemoLmsWithFakeTool, raw: bytes) -> None:
    assert lms.post_score(raw=raw).status_code == 400


def test_a_body_too_large(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.post_score(comment="x" * 300_000)
    assert (answer.status_code, answer.get_json()["error_description"]) == (413, "The body is too large.")


def test_a_learner_of_another_course_is_none_here(lms: DemoLmsWithFakeTool) -> None:
    assert lms.post_score(path=lms.find_column_path(course="course-2"), userId="102").status_code == 400
    assert lms.post_score(path=lms.find_column_path(course="course-2"), userId="101").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"gradingProgress": "PendingManual"},
        {"gradingProgress": "Failed"},
        {"gradingProgress": "NotReady", "scoreGiven": "absent", "scoreMaximum": "absent"},
        {"scoreGiven": "absent", "scoreMaximum": "absent"},
        {"scoreGiven": None},
    ],
)
def test_what_is_not_final_clears_as_in_moodle(lms: DemoLmsWithFakeTool, changes: dict[str, Any]) -> None:
    lms.post_score()
    assert lms.post_score(timestamp="2026-03-04T20:15:00Z", comment="Look again", **changes).status_code == 200
    assert _show_cell(lms) == "No score"
    answer = lms.read(
        f"{lms.find_column_path()}/results?type_id=1", lti.MEDIA_RESULT_CONTAINER, lti.SCOPE_RESULT_READONLY
    )
    (result,) = answer.get_json()
    assert "resultScore" not in result
    assert result["comment"] == "Look again"


def test_a_comment_is_replaced_and_leaving_it_out_takes_it_away(lms: DemoLmsWithFakeTool) -> None:
    (column,) = lms.platform.gradebook.list_columns("course-1", resource_id="visioning")
    for second, comment, shown in ((1, "One", "One"), (2, "Two\n<b>&", "Two\n<b>&"), (3, "absent", None)):
        assert lms.post_score(timestamp=f"2026-03-04T20:15:0{second}Z", comment=comment).status_code == 200
        grade = lms.platform.gradebook.find_grade(column, "101")
        assert grade is not None
        assert grade.comment == shown
    assert len(lms.platform.gradebook.list_history(column, "101")) == 3


# Faults


def test_being_down(lms: DemoLmsWithFakeTool) -> None:
    token = lms.get_token()
    lms.platform.faults.be_down(2)
    assert [lms.post_score(token=token).status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_for_one_kind_of_call(lms: DemoLmsWithFakeTool) -> None:
    lms.platform.faults.be_down(only=Service.RESULTS)
    assert lms.post_score().status_code == 200
    path = f"{lms.find_column_path()}/results?type_id=1"
    statuses = [lms.read(path, lti.MEDIA_RESULT_CONTAINER, lti.SCOPE_RESULT_READONLY).status_code for _ in range(2)]
    assert statuses == [503, 200]


def test_a_lost_answer_is_recorded_all_the_same(lms: DemoLmsWithFakeTool) -> None:
    token = lms.get_token()
    lms.platform.faults.lose_answers()
    assert lms.post_score(token=token).status_code == 504
    assert _show_cell(lms) == "92 of 100"


def test_a_refused_token_and_a_made_up_answer(lms: DemoLmsWithFakeTool) -> None:
    token = lms.get_token()
    lms.platform.faults.refuse_token_once()
    lms.platform.faults.answer_instead(200, body="<html>hello", media_type="text/html", only=Service.SCORES)
    assert [lms.post_score(token=token).status_code for _ in range(3)] == [401, 200, 200]
    assert _show_cell(lms) == "92 of 100"


def test_hanging_waits_and_then_answers(lms: DemoLmsWithFakeTool, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("lti_tool.demo_lms.recording.time.sleep", waited.append)
    token = lms.get_token()
    lms.platform.faults.hang(7)
    assert lms.post_score(token=token).status_code == 200
    assert waited == [7]


def test_withheld_scopes_are_not_granted_and_clearing_gives_them_back(lms: DemoLmsWithFakeTool) -> None:
    lms.platform.faults.withhold_scopes(lti.SCOPE_RESULT_READONLY)
    assert lms.ask_token(lti.SCOPE_RESULT_READONLY).get_json()["error"] == "invalid_scope"
    lms.platform.faults.clear()
    assert lms.ask_token(lti.SCOPE_RESULT_READONLY).status_code == 200
