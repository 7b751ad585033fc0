"""What a real Moodle's services answered means the right thing, and its description gives nothing away.

Every exchange of every service's capture comes by here; what our client makes of the answers it can get is in
``test_captured_grades.py``.
"""

from collections import Counter
from typing import Any

import pytest

from lti_tool.lti.ags import results_url, scores_url
from lti_tool.lti.answer_words import describe_answer
from lti_tool.lti.connector import MemoryTokenCache, Services, ToolServiceConnector, find_next_page
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.platforms import MOODLE, classify, classify_token_answer
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass
from tests.certification.moodle import TOKEN_URL, Exchange, list_exchanges, load, moodle_registration, pick
from tests.certification.scene import Scene
from tests.unit.lti.doubles import ScriptedClient

SCORES = list_exchanges("ags-score-coupled", "ags-score-special", "ags-pending-on-ungraded")
COLUMNS = list_exchanges(
    "ags-lineitems-get",
    "ags-lineitems-post",
    "ags-lineitem-single",
    "ags-lineitem-claim-rules",
    "ags-after-delete-and-restore",
)
OTHERS = [
    exchange for exchange in list_exchanges("ags-results-coupled", "misc-services", "nrps") if exchange.url != TOKEN_URL
]
SERVICES = [*SCORES, *COLUMNS, *OTHERS]
TOKENS = [*list_exchanges("token-endpoint"), pick("misc-services", "token type 2 (sync only)")]


def expect_class(exchange: Exchange) -> AnswerClass:
    """The class by Moodle's own words, written down independently of the code."""
    if exchange.status == 400:
        not_graded = exchange.reason.startswith("Incorrect score received")
        return AnswerClass.NOT_IN_COURSE if not_graded else AnswerClass.REFUSED
    by_status = {
        200: AnswerClass.SENT,
        201: AnswerClass.SENT,
        204: AnswerClass.SENT,
        401: AnswerClass.NO_PERMISSION,
        403: AnswerClass.NO_PERMISSION,
        404: AnswerClass.COLUMN_GONE,
        405: AnswerClass.REFUSED,
        409: AnswerClass.STALE,
        500: AnswerClass.LOCKED,
        502: AnswerClass.PLATFORM_DOWN,
    }
    return by_status[exchange.status]


@pytest.mark.parametrize("exchange", SERVICES, ids=str)
def test_service_answer_is_classified(exchange: Exchange) -> None:
    assert classify(MOODLE, exchange.status, exchange.body, exchange.reason) == expect_class(exchange)


@pytest.mark.parametrize("exchange", [one for one in SCORES if one.method == "POST"], ids=str)
def test_people_not_graded_are_told_apart_without_the_status_line(exchange: Exchange) -> None:
    """A proxy may write its own reason phrase; HTTP/2 has none."""
    assert classify(MOODLE, exchange.status, exchange.body) == expect_class(exchange)


def test_every_kind_of_answer_was_captured() -> None:
    assert {expect_class(exchange) for exchange in SERVICES} == {
        AnswerClass.SENT,
        AnswerClass.STALE,
        AnswerClass.NOT_IN_COURSE,
        AnswerClass.COLUMN_GONE,
        AnswerClass.NO_PERMISSION,
        AnswerClass.LOCKED,
        AnswerClass.PLATFORM_DOWN,
        AnswerClass.REFUSED,
    }


@pytest.mark.parametrize("exchange", [one for one in SERVICES if one.status >= 300], ids=str)
def test_description_is_short_and_echoes_nothing_that_was_sent(exchange: Exchange) -> None:
    said = describe_answer(exchange.status, exchange.reason, exchange.body, secret="<token>")
    assert len(said) <= 500
    assert said.startswith(str(exchange.status))
    assert not [word for word in ("userId", "<", "scoreGiven", "comment", "sesskey", "@example.org") if word in said]


def test_description_is_moodles_own_words() -> None:
    def describe(file: str, note: str) -> str:
        exchange = pick(file, note)
        return describe_answer(exchange.status, exchange.reason, exchange.body)

    stale = describe("ags-score-coupled", "older timestamp (-1h)")
    assert stale == "409 Refusing score with an earlier timestamp for item 15 and user 5"
    assert describe("ags-score-coupled", "teacher") == "400 Incorrect score received"
    gone = describe("ags-after-delete-and-restore", "score to deleted activity")
    assert gone == "404 Not Found: Grade item 18 doesn't exist"
    assert describe("ags-lineitems-post", "create html label + long") == "502 Bad Gateway"
    assert describe("nrps", "rlid unknown") == "404 Not Found: LTI link 9999 doesn't exist"
    assert describe("misc-services", "type2 token to type1 lineitem with type_id=2") == "403 Invalid LTI id supplied."


HEALS_BY_ITSELF = {
    "expired assertion",
    "iat in future 10 min",
    "iat future 3 s",
    "unknown kid",
    "Moodle default cURL security blocks the tool JWKS host/port",
}


@pytest.mark.parametrize("exchange", [one for one in TOKENS if one.status != 200], ids=str)
def test_token_refusal_is_classified(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    expected = AnswerClass.PLATFORM_DOWN if exchange.note in HEALS_BY_ITSELF else AnswerClass.NO_PERMISSION
    assert classify_token_answer(MOODLE, exchange.status, exchange.body) == expected
    with pytest.raises(ServiceError) as error:
        ask_for_token(exchange, tool_keys, scene)
    answer = error.value.answer
    assert (answer.answer_class, answer.status) == (expected, exchange.status)
    assert answer.detail.startswith(f"No access token: {exchange.status}")
    assert "<" not in answer.detail
    assert not answer.maybe_recorded


@pytest.mark.parametrize("exchange", [one for one in TOKENS if one.status == 200], ids=str)
def test_token_is_read_and_kept_for_its_hour(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    assert exchange.document()["token_type"] == "Bearer"
    assert ask_for_token(exchange, tool_keys, scene, times=2) == ("<token>", 1)


def ask_for_token(exchange: Exchange, tool_keys: ToolKeys, scene: Scene, times: int = 1) -> tuple[str, int]:
    """Ask for a token as our services do; returns it and how often Moodle was asked."""
    http = ScriptedClient(lambda _: exchange.answer())
    services = Services(http, tool_keys, MemoryTokenCache(), lambda: scene.now)
    connector = ToolServiceConnector(moodle_registration(), services)
    (token,) = {connector.get_access_token(["scope"]) for _ in range(times)}
    assert {asked.url for asked in http.asked} == {TOKEN_URL}
    return token, len(http.asked)


def test_what_the_stock_library_sent_is_what_we_send() -> None:
    """The same calls by pylti1p3 to the same Moodle: addresses are ours, answers are classified alike."""
    column = pick("ags-lineitem-single", "get coupled").document()["id"].replace("/lineitems/2/", "/lineitems/15/")
    calls: dict[str, list[dict[str, Any]]] = {one["call"]: one["http"] for one in load("pylti1p3-against-moodle")}
    assert calls["put_grade default lineitem"][-1]["url"] == scores_url(column)
    assert calls["get_grades"][-1]["url"] == results_url(column)
    made = [step for steps in calls.values() for step in steps if step["url"] != TOKEN_URL]
    found = Counter(classify(MOODLE, step["status"], "", step["reason"]) for step in made)
    assert found == {
        AnswerClass.SENT: len(made) - 2,
        AnswerClass.NOT_IN_COURSE: 1,
        AnswerClass.STALE: 1,
    }
    links = {step["link"] for step in made if step["link"]}
    roster = "https://moodle.test/mod/lti/services.php/CourseSection/2/bindings/1/memberships"
    assert {find_next_page(link) for link in links if "memberships" in link} == {
        f"{roster}?limit=2&from=2",
        # Stock pylti1p3 had lower-cased the first address before it asked; Moodle answers in kind.
        f"{roster}?limit=2&from=4".replace("CourseSection", "coursesection"),
    }
    # Its quotes are curly, and its address is written as in a page.
    lists = "https://moodle.test/mod/lti/services.php/2/lineitems"
    assert {find_next_page(link) for link in links if "lineitems" in link} == {f"{lists}?type_id=1&limit=1&from=1"}
