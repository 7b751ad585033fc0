"""The gradebook, ours beside the stock service where it falls short."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pylti1p3.assignments_grades import AssignmentsGradesService

from lti_tool.lti import vocabulary
from lti_tool.lti.ags import GradebookClient, results_url, scores_url
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable, ServiceError, Unreachability
from lti_tool.lti.http import HttpAnswer, HttpClient
from lti_tool.lti.platforms import CANVAS, CANVAS_SUBMISSION_EXTENSION, MOODLE
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass, Registration, ScoreMessage
from tests.certification.scene import ISSUER, Scene
from tests.support.clock import A_WEDNESDAY_AFTERNOON, Clock
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

COLUMN = f"{ISSUER}/courses/2/items/15/lineitem?type_id=1"
COLUMNS = f"{ISSUER}/courses/2/items?type_id=1"
NOW = A_WEDNESDAY_AFTERNOON


class Gradebook:
    """A platform's gradebook that answers from a list, and the client that asks it."""

    def __init__(self, tool_keys: ToolKeys, clock: Clock) -> None:
        self.answers: list[HttpAnswer | PlatformUnreachable] = []
        self.scopes: list[str] = []
        self.asked: list[Asked] = []
        self.http = ScriptedClient(self.respond)
        self.client = GradebookClient(Services(self.http, tool_keys, MemoryTokenCache(), clock))

    def respond(self, asked: Asked) -> HttpAnswer | PlatformUnreachable:
        if asked.url.endswith("/token"):
            self.scopes.append(parse_qs((asked.body or b"").decode())["scope"][0])
            return answer_json({"access_token": "an-access-token", "expires_in": 3600})
        self.asked.append(asked)
        return self.answers.pop(0)

    def body(self, number: int = -1) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.asked[number].body or b"")
        return read


@pytest.fixture
def gradebook(tool_keys: ToolKeys, clock: Clock) -> Gradebook:
    return Gradebook(tool_keys, clock)


def make_score(**changes: Any) -> ScoreMessage:
    score: dict[str, Any] = {"user_sub": "7", "timestamp": NOW, "score_given": 92, "score_maximum": 100}
    return ScoreMessage(**score | changes)


class TestAddresses:
    @pytest.mark.parametrize(
        ("column", "scores"),
        [
            (COLUMN, f"{ISSUER}/courses/2/items/15/lineitem/scores?type_id=1"),
            (f"{ISSUER}/items/1", f"{ISSUER}/items/1/scores"),
            (f"{ISSUER}/items/1/", f"{ISSUER}/items/1/scores"),
            (f"{ISSUER}/items/1?a=b?c&d=%2F", f"{ISSUER}/items/1/scores?a=b?c&d=%2F"),
            (f"{ISSUER}/items/1#part", f"{ISSUER}/items/1/scores"),
        ],
    )
    def test_ending_goes_before_the_query(self, column: str, scores: str) -> None:
        assert scores_url(column) == scores
        assert results_url(column) == scores.replace("/scores", "/results")

    def test_stock_drops_what_follows_a_second_question_mark(self) -> None:
        stock = AssignmentsGradesService._add_url_path_ending(f"{ISSUER}/1?a=b?c", "scores")
        assert stock == f"{ISSUER}/1/scores?a=b"


class TestSendScore:
    def test_score_is_sent_complete_and_final(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [HttpAnswer(200, {}, b"")]
        score = make_score(comment="Ratings: 4 · 3", submitted_at=NOW - timedelta(days=1))
        answer = gradebook.client.send_score(registration, COLUMN, score)
        assert (answer.answer_class, answer.status, answer.detail) == (AnswerClass.SENT, 200, "")
        asked = gradebook.asked[0]
        assert (asked.method, asked.url) == ("POST", scores_url(COLUMN))
        assert asked.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
        assert gradebook.body() == {
            "userId": "7",
            "timestamp": "2026-03-04T20:14:00.000Z",
            "scoreGiven": 92,
            "scoreMaximum": 100,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "comment": "Ratings: 4 · 3",
            "submission": {"submittedAt": "2026-03-03T20:14:00.000Z"},
        }
        assert gradebook.scopes == [vocabulary.SCOPE_SCORE]

    @pytest.mark.parametrize(
        ("given", "written"),
        [(Decimal("92.50"), "92.5"), (Decimal("92.0"), "92"), (0, "0"), (Decimal("0.1"), "0.1"), (100, "100")],
    )
    def test_numbers_are_written_exactly(
        self, given: Decimal | int, written: str, gradebook: Gradebook, registration: Registration
    ) -> None:
        gradebook.answers = [HttpAnswer(200, {}, b"")]
        gradebook.client.send_score(registration, COLUMN, make_score(score_given=given))
        assert f'"scoreGiven": {written},' in (gradebook.asked[0].body or b"").decode()

    def test_canvas_is_told_whether_it_is_a_new_attempt(self, gradebook: Gradebook, scene: Scene) -> None:
        gradebook.answers = [answer_json({"resultUrl": "x"}), answer_json({"resultUrl": "x"})]
        registration = scene.registration(family=CANVAS)
        gradebook.client.send_score(registration, COLUMN, make_score(is_new_attempt=True))
        assert gradebook.body()[CANVAS_SUBMISSION_EXTENSION] == {
            "new_submission": True,
            "prioritize_non_tool_grade": True,
        }
        gradebook.client.send_score(registration, COLUMN, make_score())
        assert gradebook.body()[CANVAS_SUBMISSION_EXTENSION] == {
            "new_submission": False,
            "prioritize_non_tool_grade": True,
        }

    def test_second_score_needs_one_request(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [HttpAnswer(200, {}, b"")] * 10
        for _ in range(10):
            gradebook.client.send_score(registration, COLUMN, make_score())
        assert len(gradebook.http.asked) == 11

    def test_refusal_comes_back_classified(self, gradebook: Gradebook, scene: Scene) -> None:
        echo = 'Incorrect score received{"userId": "7", "comment": "private words"}'
        gradebook.answers = [HttpAnswer(400, {}, b"[]", echo)]
        answer = gradebook.client.send_score(scene.registration(family=MOODLE), COLUMN, make_score())
        assert (answer.answer_class, answer.status) == (AnswerClass.NOT_IN_COURSE, 400)
        assert answer.detail == "400 Incorrect score received"
        assert not answer.maybe_recorded

    @pytest.mark.parametrize(
        "answer", [PlatformUnreachable(Unreachability.TIMEOUT, "x"), HttpAnswer(502, {}, b""), HttpAnswer(504, {}, b"")]
    )
    def test_score_that_may_have_arrived_is_told_apart(
        self, answer: HttpAnswer | PlatformUnreachable, gradebook: Gradebook, registration: Registration
    ) -> None:
        gradebook.answers = [answer]
        sent = gradebook.client.send_score(registration, COLUMN, make_score())
        assert (sent.answer_class, sent.maybe_recorded) == (AnswerClass.PLATFORM_DOWN, True)

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "", "/relative", "https://user@x/"])
    def test_address_that_is_none_is_refused(
        self, url: str, tool_keys: ToolKeys, clock: Clock, registration: Registration
    ) -> None:
        known = (registration.id, registration.client_id, registration.token_url, vocabulary.SCOPE_SCORE)
        cache = MemoryTokenCache()
        cache.put("\n".join(known), "t", NOW + timedelta(days=1))
        client = GradebookClient(Services(HttpClient(allow_http=False), tool_keys, cache, clock))
        assert client.send_score(registration, url, make_score()).answer_class == AnswerClass.REFUSED


class TestScoreMessage:
    @pytest.mark.parametrize(
        "changes",
        [
            {"user_sub": ""},
            {"score_given": -1},
            {"score_given": 101},
            {"score_given": Decimal("NaN")},
            {"score_maximum": 0},
            {"score_maximum": Decimal("Infinity")},
            {"timestamp": NOW.replace(tzinfo=None)},
            {"submitted_at": NOW.replace(tzinfo=None)},
        ],
    )
    def test_what_no_gradebook_may_be_told_cannot_be_said(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="score"):
            make_score(**changes)


def make_result(user: object, score: object = 92) -> dict[str, Any]:
    return {"id": "x", "userId": user, "resultScore": score, "resultMaximum": 100}


class TestReadResults:
    def test_every_page_is_read_and_stock_reads_one(self, gradebook: Gradebook, registration: Registration) -> None:
        page_2 = f"{ISSUER}/Results?Page=B"
        link = {"Link": f'<{page_2}>; rel="next"'}
        gradebook.answers = [answer_json([make_result("7")], headers=link), answer_json([make_result("8")])]
        results = gradebook.client.read_results(registration, COLUMN)
        assert [result.user_sub for result in results] == ["7", "8"]
        assert gradebook.asked[1].url == page_2
        assert all(a.headers["Accept"] == vocabulary.MEDIA_RESULT_CONTAINER for a in gradebook.asked)
        assert gradebook.scopes == [vocabulary.SCOPE_RESULT_READONLY]

    def test_stock_service_reads_the_first_page_only(self) -> None:
        pages = [{"body": [make_result("7")], "next_page_url": f"{ISSUER}/2", "headers": {}}]

        class OnePage:
            def make_service_request(self, *_: object, **__: object) -> Any:
                return pages.pop(0)

        connector: Any = OnePage()
        stock = AssignmentsGradesService(
            connector, {"scope": ["https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"], "lineitem": COLUMN}
        )
        assert [one["userId"] for one in stock.get_grades()] == ["7"]

    def test_one_person_is_asked_for(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [answer_json([make_result("7 ü"), make_result("8")])]
        (result,) = gradebook.client.read_results(registration, COLUMN, "7 ü")
        assert result.user_sub == "7 ü"
        assert parse_qs(urlsplit(gradebook.asked[0].url).query) == {"type_id": ["1"], "user_id": ["7 ü"]}

    def test_canvas_is_asked_for_long_pages_and_moodle_for_none(self, gradebook: Gradebook, scene: Scene) -> None:
        gradebook.answers = [answer_json([]), answer_json([])]
        gradebook.client.read_results(scene.registration(family=CANVAS), COLUMN)
        gradebook.client.read_results(scene.registration(family=MOODLE), COLUMN)
        assert parse_qs(urlsplit(gradebook.asked[0].url).query)["limit"] == ["100"]
        assert "limit" not in gradebook.asked[1].url

    def test_fractions_stay_exact(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [HttpAnswer(200, {}, b'[{"userId": "7", "resultScore": 92.1, "resultMaximum": 100.0}]')]
        (result,) = gradebook.client.read_results(registration, COLUMN)
        assert (result.score, result.maximum) == (Decimal("92.1"), Decimal(100))

    def test_items_of_a_wrong_shape_are_left_out_and_numbers_that_are_none_are_absent(
        self, gradebook: Gradebook, registration: Registration
    ) -> None:
        items = [
            None,
            "x",
            {},
            {"userId": None},
            {"userId": ["7"]},
            {"userId": True},
            make_result(8),
            make_result("9", "abc") | {"comment": 5, "timestamp": "yesterday"},
            make_result("10", True) | {"timestamp": "2026-03-04T20:14:00"},
            make_result("11", None) | {"comment": "ok", "timestamp": "2026-03-04T20:14:00+00:00"},
        ]
        gradebook.answers = [answer_json(items)]
        results = gradebook.client.read_results(registration, COLUMN)
        assert [(r.user_sub, r.score, r.comment, r.recorded_at) for r in results] == [
            ("8", Decimal(92), None, None),
            ("9", None, None, None),
            ("10", None, None, None),
            ("11", None, "ok", NOW),
        ]

    @pytest.mark.parametrize("body", [b"", b"{}", b"null", b"<html>", b'"x"'])
    def test_answer_that_is_no_list_is_an_error(
        self, body: bytes, gradebook: Gradebook, registration: Registration
    ) -> None:
        gradebook.answers = [HttpAnswer(200, {}, body)]
        with pytest.raises(ServiceError) as error:
            gradebook.client.read_results(registration, COLUMN)
        assert error.value.answer.answer_class == AnswerClass.REFUSED

    @pytest.mark.parametrize("url", ["https://evil.example/results", "http://lms.example.edu/x", "javascript:x", ""])
    def test_token_goes_to_no_other_host(self, url: str, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [answer_json([], headers={"Link": f'<{url}>; rel="next"'})]
        with pytest.raises(ServiceError, match="another address"):
            gradebook.client.read_results(registration, COLUMN)
        assert len(gradebook.asked) == 1

    def test_list_that_leads_back_to_itself_ends(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [answer_json([], headers={"Link": f'<{results_url(COLUMN)}>; rel="next"'})] * 2
        with pytest.raises(ServiceError, match="no end"):
            gradebook.client.read_results(registration, COLUMN)
        assert len(gradebook.asked) == 1


def make_column(number: int, **changes: object) -> dict[str, object]:
    column: dict[str, object] = {
        "id": f"{ISSUER}/items/{number}",
        "label": "Visioning",
        "scoreMaximum": 100,
        "resourceId": "visioning",
        "tag": "leading-edge",
        "resourceLinkId": "1",
    }
    return column | changes


class TestLineItems:
    def test_columns_are_listed(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [
            answer_json([make_column(1), make_column(2, resourceId="", tag=None, label=None), {"id": 5}])
        ]
        first, second = gradebook.client.list_line_items(registration, COLUMNS)
        assert (first.url, first.label, first.score_maximum) == (f"{ISSUER}/items/1", "Visioning", Decimal(100))
        assert (first.resource_id, first.tag, first.resource_link_id) == ("visioning", "leading-edge", "1")
        assert (second.label, second.resource_id, second.tag) == (None, None, None)
        assert gradebook.asked[0].headers["Accept"] == vocabulary.MEDIA_LINE_ITEM_CONTAINER
        assert gradebook.asked[0].url == COLUMNS

    def test_filters_are_sent_and_applied_again(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [answer_json([make_column(1), make_column(2, resourceId="coaching")])]
        (found,) = gradebook.client.list_line_items(registration, COLUMNS, resource_id="visioning", tag="leading-edge")
        assert found.url == f"{ISSUER}/items/1"
        query = parse_qs(urlsplit(gradebook.asked[0].url).query)
        assert query == {"type_id": ["1"], "resource_id": ["visioning"], "tag": ["leading-edge"]}

    @pytest.mark.parametrize(
        ("offered", "asked"),
        [
            ([vocabulary.SCOPE_LINE_ITEM_READONLY], vocabulary.SCOPE_LINE_ITEM_READONLY),
            ([vocabulary.SCOPE_LINE_ITEM, vocabulary.SCOPE_LINE_ITEM_READONLY], vocabulary.SCOPE_LINE_ITEM_READONLY),
            ([vocabulary.SCOPE_LINE_ITEM], vocabulary.SCOPE_LINE_ITEM),
        ],
    )
    def test_smallest_offered_scope_is_asked_for(
        self, offered: list[str], asked: str, gradebook: Gradebook, registration: Registration
    ) -> None:
        gradebook.answers = [answer_json([])]
        gradebook.client.list_line_items(registration, COLUMNS, scopes=offered)
        assert gradebook.scopes == [asked]

    def test_column_is_made(self, gradebook: Gradebook, registration: Registration) -> None:
        gradebook.answers = [answer_json(make_column(9), 201, "Created")]
        made = gradebook.client.create_line_item(
            registration,
            COLUMNS,
            label="L" * 300,
            score_maximum=100,
            resource_id="visioning",
            tag="leading-edge",
            resource_link_id="1",
        )
        assert made.url == f"{ISSUER}/items/9"
        asked = gradebook.asked[0]
        assert (asked.method, asked.url) == ("POST", COLUMNS)
        assert asked.headers["Content-Type"] == asked.headers["Accept"] == vocabulary.MEDIA_LINE_ITEM
        assert gradebook.body() == {
            "label": "L" * 255,  # Moodle answers a longer one with 502
            "scoreMaximum": 100,
            "resourceId": "visioning",
            "tag": "leading-edge",
            "resourceLinkId": "1",
        }
        assert gradebook.scopes == [vocabulary.SCOPE_LINE_ITEM]

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "javascript:x"}', b'{"id": 5}'])
    def test_made_column_without_address_is_an_error_that_says_so(
        self, body: bytes, gradebook: Gradebook, registration: Registration
    ) -> None:
        gradebook.answers = [HttpAnswer(201, {}, body)]
        with pytest.raises(ServiceError) as error:
            gradebook.client.create_line_item(
                registration, COLUMNS, label="L", score_maximum=100, resource_id="visioning", tag="t"
            )
        assert error.value.answer.maybe_recorded
