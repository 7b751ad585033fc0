"""A real Moodle's gradebook answers, replayed to our client: what it sends, what it reads, what it must never say."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.ags import GradebookClient, build_grade, build_note
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.platforms import MOODLE, traits_of
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AgsEndpoint, AnswerClass, ExpectedLaunch, PendingNote, ScoreMessage
from tests.certification.moodle import (
    ISSUER,
    TOKEN_URL,
    TOOL,
    Exchange,
    answer_with,
    bring_forward,
    list_exchanges,
    load,
    moodle_registration,
    now_seconds,
    pick,
)
from tests.certification.scene import Scene
from tests.certification.test_captured_answers import COLUMNS, SCORES, expect_class
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json, keys_that_serve

COLUMN = f"{ISSUER}/mod/lti/services.php/2/lineitems/15/lineitem?type_id=1"
LISTS = f"{ISSUER}/mod/lti/services.php/2/lineitems?type_id=1"
OWN_COURSE_LISTS = [one for one in COLUMNS if one.method == "GET" and "/lineitems/" not in one.url]
MAKINGS = [one for one in COLUMNS if one.method == "POST" and "/scores" not in one.url]
SENDINGS = [one for one in SCORES if one.method == "POST"]


def open_client(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> tuple[GradebookClient, ScriptedClient]:
    http = answer_with(exchange)
    return GradebookClient(Services(http, tool_keys, MemoryTokenCache(), lambda: scene.now)), http


def make_score(scene: Scene, **changes: Any) -> ScoreMessage:
    values: dict[str, Any] = {"user_sub": "5", "timestamp": scene.now, "score_given": 10, "score_maximum": 33}
    return ScoreMessage(**values | changes)


@pytest.mark.parametrize(
    "exchange", [*SENDINGS, pick("ags-after-delete-and-restore", "score to deleted activity")], ids=str
)
def test_score_comes_back_classified(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    client, http = open_client(exchange, tool_keys, scene)
    answer = client.send_score(moodle_registration(), COLUMN, make_score(scene, comment="Between us."))
    assert (answer.answer_class, answer.status) == (expect_class(exchange), exchange.status)
    assert answer.maybe_recorded == (exchange.status >= 500)
    assert not [word for word in ("Between us", "userId", "<token>", "{") if word in answer.detail]
    sent = http.asked[-1]
    assert sent.url == f"{ISSUER}/mod/lti/services.php/2/lineitems/15/lineitem/scores?type_id=1"
    assert sent.headers["Content-Type"] == vocabulary.MEDIA_SCORE


def read_sent(exchange: Exchange) -> dict[str, Any]:
    try:
        sent: dict[str, Any] = json.loads(exchange.sent)
    except ValueError:
        return {}
    return sent


def could_be_ours(exchange: Exchange) -> bool:
    """Whether the captured request holds what a ScoreMessage can say."""
    sent = read_sent(exchange)
    return (
        set(sent) - {"comment"}
        == {"userId", "scoreGiven", "scoreMaximum", "activityProgress", "gradingProgress", "timestamp"}
        and (sent["activityProgress"], sent["gradingProgress"]) == ("Completed", "FullyGraded")
        and isinstance(sent["userId"], str)
        and isinstance(sent["scoreGiven"], int)
        and 0 <= sent["scoreGiven"] <= sent["scoreMaximum"] != 0
        and len(sent["timestamp"]) == len("2026-11-23T11:54:30.618Z")
    )


@pytest.mark.parametrize("exchange", [one for one in SENDINGS if could_be_ours(one)], ids=str)
def test_what_moodle_took_is_what_we_write(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    sent = read_sent(exchange)
    client, http = open_client(exchange, tool_keys, scene)
    score = make_score(
        scene,
        user_sub=sent["userId"],
        score_given=sent["scoreGiven"],
        score_maximum=sent["scoreMaximum"],
        timestamp=datetime.fromisoformat(sent["timestamp"]),
        comment=sent.get("comment"),
    )
    client.send_score(moodle_registration(), COLUMN, score)
    assert json.loads(http.asked[-1].body or b"") == sent


def test_most_captured_scores_could_be_ours() -> None:
    assert len([one for one in SENDINGS if could_be_ours(one)]) > 30


def test_nothing_we_can_say_erases_a_grade(scene: Scene) -> None:
    """Whatever left the gradebook empty with a 200 lacks what every score of ours has."""
    erasing = [
        read_sent(one)
        for one in SENDINGS
        if one.status == 200 and one.gradebook is not None and one.gradebook["finalgrade"] == "NULL"
    ]
    assert len(erasing) > 20
    ours = json.loads(build_grade(MOODLE, make_score(scene)).get_value())
    assert all(sent["gradingProgress"] != ours["gradingProgress"] or sent.get("scoreGiven") is None for sent in erasing)
    assert ours["scoreGiven"] is not None


def test_moodle_minds_one_kind_of_progress_only(scene: Scene) -> None:
    matrix = load("ags-score-coupled-matrix")
    ours = json.loads(build_grade(MOODLE, make_score(scene)).get_value())
    assert matrix[f"{ours['activityProgress']}/{ours['gradingProgress']}"] == {"status": 200, "finalgrade": "10.00000"}
    kept = {name for name, cell in matrix.items() if cell["finalgrade"] != "NULL"}
    assert kept == {name for name in matrix if name.endswith("/FullyGraded")}
    assert {cell["status"] for cell in matrix.values()} == {200}, "an erased grade looks like a success"


def test_waiting_told_on_an_empty_column_leaves_it_empty_and_keeps_the_words() -> None:
    told = [one for one in list_exchanges("ags-pending-on-ungraded") if one.method == "POST"]
    assert [(one.status, (one.gradebook or {})["finalgrade"]) for one in told] == [(200, "NULL"), (200, "NULL")]
    assert [(one.gradebook or {})["feedback"] for one in told] == [read_sent(one)["comment"] for one in told]
    assert read_sent(told[0])["gradingProgress"] == vocabulary.GRADING_PENDING_MANUAL
    assert traits_of(MOODLE).keeps_waiting_without_grade
    taken = read_sent(told[0])
    note = PendingNote(taken["userId"], datetime.fromisoformat(taken["timestamp"]), taken["comment"])
    ours = json.loads(build_note(MOODLE, note).get_value())
    # Of the kinds of progress Moodle minds the grading one only (measured).
    assert ours | {"activityProgress": taken["activityProgress"]} == taken


@pytest.mark.parametrize("exchange", OWN_COURSE_LISTS, ids=str)
def test_columns_are_read_or_the_reason_is(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    client, http = open_client(exchange, tool_keys, scene)
    if exchange.status != 200:
        with pytest.raises(ServiceError) as error:
            client.list_line_items(moodle_registration(), LISTS)
        assert error.value.answer.answer_class == expect_class(exchange)
        return
    asked_for: list[Asked] = []

    def answer_and_end(asked: Asked) -> HttpAnswer:
        if asked.url == TOKEN_URL:
            return http.request("POST", TOKEN_URL)
        asked_for.append(asked)
        return exchange.answer() if len(asked_for) == 1 else answer_json([])

    client = GradebookClient(Services(ScriptedClient(answer_and_end), tool_keys, MemoryTokenCache(), lambda: scene.now))
    columns = client.list_line_items(moodle_registration(), LISTS)
    assert asked_for[0].url == LISTS, "no limit, no filter"
    link = exchange.answer().headers.get("Link", "")
    if "next" in link:
        assert asked_for[1].url == f"{LISTS}&limit=1&from={1 + ('from=2' in link)}", "Moodle's own, curly as it is"
    assert len(asked_for) == 1 + ("next" in link)
    assert asked_for[0].headers["Accept"] == vocabulary.MEDIA_LINE_ITEM_CONTAINER
    items = exchange.document()
    assert [column.url for column in columns] == [item["id"] for item in items]
    assert [(column.label, column.resource_id or "", column.tag or "") for column in columns] == [
        (item["label"], item.get("resourceId") or "", item.get("tag") or "") for item in items
    ]
    assert [column.score_maximum for column in columns] == [Decimal(str(item["scoreMaximum"])) for item in items]


def test_columns_are_found_again_in_a_copied_course(tool_keys: ToolKeys, scene: Scene) -> None:
    client, _ = open_client(pick("ags-after-delete-and-restore", "lineitems in restored course 4"), tool_keys, scene)
    copied = client.list_line_items(moodle_registration(), LISTS, resource_id="res-42", tag="quiz")
    assert [(column.label, column.url) for column in copied] == [
        (label, f"{ISSUER}/mod/lti/services.php/4/lineitems/{item}/lineitem?type_id=1")
        for label, item in (("DL Graded item", 22), ("DL Graded item (copy)", 23))
    ]


@pytest.mark.parametrize("exchange", MAKINGS, ids=str)
def test_making_a_column_tells_where_it_is_or_why_not(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    client, http = open_client(exchange, tool_keys, scene)

    def make() -> Any:
        return client.create_line_item(
            moodle_registration(), LISTS, label="Plan", score_maximum=100, resource_id="visioning", tag="leading-edge"
        )

    if exchange.status == 201:
        made = make()
        document = exchange.document()
        assert (made.url, made.label) == (document["id"], document["label"])
        assert made.score_maximum == Decimal(str(document["scoreMaximum"])), "Moodle gives text back as text"
    else:
        with pytest.raises(ServiceError) as error:
            make()
        assert error.value.answer.answer_class == expect_class(exchange)
        assert error.value.answer.maybe_recorded == (exchange.status >= 500)
    assert (http.asked[-1].method, http.asked[-1].url) == ("POST", LISTS)
    assert http.asked[-1].headers["Content-Type"] == vocabulary.MEDIA_LINE_ITEM


@pytest.mark.parametrize(
    "exchange",
    [*list_exchanges("ags-results-coupled"), pick("ags-pending-on-ungraded", "results afterwards")],
    ids=str,
)
def test_results_are_read_or_the_reason_is(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    client, http = open_client(exchange, tool_keys, scene)
    if exchange.status != 200:
        with pytest.raises(ServiceError) as error:
            client.read_results(moodle_registration(), COLUMN)
        assert error.value.answer.answer_class == expect_class(exchange)
        return
    results = client.read_results(moodle_registration(), COLUMN)
    assert http.asked[-1].url == f"{ISSUER}/mod/lti/services.php/2/lineitems/15/lineitem/results?type_id=1"
    assert http.asked[-1].headers["Accept"] == vocabulary.MEDIA_RESULT_CONTAINER
    items = exchange.document()
    assert [(result.user_sub, result.score, result.comment) for result in results] == [
        (item["userId"], Decimal(item["resultScore"]) if "resultScore" in item else None, item.get("comment"))
        for item in items
    ]
    assert all(
        (result.recorded_at is not None) == ("timestamp" in item) for result, item in zip(results, items, strict=True)
    )


def test_results_of_one_person_are_asked_for_by_name(tool_keys: ToolKeys, scene: Scene) -> None:
    client, http = open_client(pick("ags-results-coupled", "user_id=5"), tool_keys, scene)
    (result,) = client.read_results(moodle_registration(), COLUMN, "5")
    assert (result.score, result.maximum) == (Decimal(26), Decimal(33))
    assert http.asked[-1].url == pick("ags-results-coupled", "user_id=5").url


def test_switched_off_gradebook_reads_columns_and_makes_none(tool_keys: ToolKeys, scene: Scene) -> None:
    client, _ = open_client(pick("misc-services", "sync-only lineitems GET"), tool_keys, scene)
    registration = moodle_registration("al2wUBjP0SluHXC")
    (column,) = client.list_line_items(registration, LISTS)
    assert (column.label, column.score_maximum) == ("Manual activity", Decimal(100))
    client, http = open_client(pick("misc-services", "sync-only lineitems POST"), tool_keys, scene)
    with pytest.raises(ServiceError) as error:
        client.create_line_item(registration, LISTS, label="x", score_maximum=1, resource_id="x", tag="x")
    assert error.value.answer.answer_class == AnswerClass.NO_PERMISSION
    assert len([asked for asked in http.asked if asked.url == LISTS]) == 2, "asked once more with a fresh token"


CLAIMS = [
    claim
    for entry in load("ags-lineitem-claim-rules")
    if "claims" in entry
    for claim in (entry["claims"] if isinstance(entry["claims"], list) else [entry["claims"]])
]


@pytest.mark.parametrize("claim", CLAIMS, ids=["one of ours", "two of ours", "its own and ours", "its own deleted"])
def test_link_without_one_column_of_its_own_names_none(claim: dict[str, Any], scene: Scene) -> None:
    claims = bring_forward("launch-learner", now_seconds(scene)) | {vocabulary.CLAIM_AGS_ENDPOINT: claim}
    verifier = LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), TOOL)
    expected = ExpectedLaunch(moodle_registration(), claims["nonce"], "1")
    message = verifier.verify(scene.keys.sign(claims), expected, scene.now)
    assert message.ags == AgsEndpoint(tuple(sorted(claim["scope"])), LISTS, None)
