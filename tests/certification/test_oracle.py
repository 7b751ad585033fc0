"""Our tool driven by another library's platform: launches, services, and refusals of what that library makes wrong."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jwt import InvalidTokenError
from sqlalchemy import select

from lti_tool.domain.deliveries import DeliveryState
from lti_tool.lti import vocabulary
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.nrps import RosterClient
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.lti.values import AnswerClass, ScoreMessage
from lti_tool.models import Context, Enrolment, LaunchSession, LineItem, Roster, ScoreDelivery, User
from lti_tool.services.deliveries import deliver_due
from tests.certification.oracle import CLIENT_ID, DEPLOYMENT_ID, OPAQUE, PLACING, OracleLaunch, invent_keys
from tests.certification.oracle_meeting import TOOL, Meeting
from tests.certification.oracle_services import COURSE, PEOPLE
from tests.support.factories import Factory
from tests.support.fake_tool import read_form
from tests.support.front_door import Page
from tests.support.pages import check_page, find_text


@pytest.mark.parametrize(("sub", "standing"), [("o-learner", "participant"), ("o-teacher", "staff")])
def test_resource_link_launch_opens_the_module(sub: str, standing: str, meeting: Meeting) -> None:
    page = meeting.launch(sub)
    assert page.status_code == 200
    assert "Mission" in find_text(check_page(page.text))
    with meeting.tool.store.reading() as session:
        assert session.scalars(select(LaunchSession.standing)).all() == [standing]
        person = session.scalars(select(User)).one()
        assert (person.sub, person.name) == (sub, PEOPLE[sub].name)
        context = session.scalars(select(Context)).one()
        assert (context.id_on_platform, context.title) == (COURSE.id, COURSE.title)
        column = session.scalars(select(LineItem)).one()
        assert (column.url, column.module_key) == (meeting.oracle.column["id"], "visioning")
        assert session.scalars(select(Roster.url)).one() == f"{meeting.oracle.url}/members"


def send(meeting: Meeting, given: int, *, seconds: int = 0) -> Any:
    score = ScoreMessage(
        user_sub="o-learner",
        timestamp=meeting.clock.now() + timedelta(seconds=seconds),
        score_given=given,
        score_maximum=100,
        comment="Well done.",
    )
    return meeting.gradebook().send_score(meeting.registration(), meeting.oracle.column["id"], score)


def test_score_is_taken_with_a_token_of_the_library_and_read_back(meeting: Meeting) -> None:
    assert (send(meeting, 92).answer_class, send(meeting, 92).answer_class) == (AnswerClass.SENT, AnswerClass.STALE)
    assert send(meeting, 95, seconds=5).status == 200
    kept = meeting.oracle.book.scores["1", "o-learner"]
    assert (kept["scoreGiven"], kept["scoreMaximum"], kept["comment"]) == (95, 100, "Well done.")
    assert (kept["activityProgress"], kept["gradingProgress"]) == ("Completed", "FullyGraded")
    column = meeting.oracle.column["id"]
    (result,) = meeting.gradebook().read_results(meeting.registration(), column, "o-learner")
    assert (result.user_sub, result.score, result.maximum) == ("o-learner", Decimal(95), Decimal(100))
    assert ("POST", "/lineitems/1/scores", "application/json", vocabulary.MEDIA_SCORE) in meeting.oracle.asked
    assert [row[2] for row in meeting.oracle.asked if row[1].endswith("/results")] == [
        vocabulary.MEDIA_RESULT_CONTAINER
    ]


def test_worker_brings_a_learners_score_and_reads_it_back(meeting: Meeting) -> None:
    meeting.launch("o-learner")
    store, make = meeting.tool.store, Factory(meeting.tool.store, meeting.clock)
    with store.reading() as session:
        column = session.scalars(select(LineItem)).one()
        enrolment = session.scalars(select(Enrolment)).one()
    delivery = make.score_delivery(make.earned_score(enrolment), column, score=88)
    for _ in range(2):
        deliver_due(store, meeting.gradebook(), owner="worker", clock=meeting.clock)
        meeting.clock.advance(minutes=5)
    assert meeting.oracle.book.scores["1", "o-learner"]["scoreGiven"] == 88
    with store.reading() as session:
        row = session.get_one(ScoreDelivery, delivery.id)
        assert (row.state, row.confirmed_score) == (DeliveryState.CONFIRMED, "88")


def test_token_request_says_who_asks_whom_and_for_how_long(meeting: Meeting) -> None:
    """The library looks at key, times and grant; what else the Security Framework (§4.1.1) wants is looked at here."""
    send(meeting, 92)
    (said,) = meeting.oracle.assertions
    assert (said["iss"], said["sub"], said["aud"]) == (CLIENT_ID, CLIENT_ID, f"{meeting.oracle.url}/token")
    assert said["jti"]
    assert 0 < said["exp"] - said["iat"] <= 3600


def test_column_that_is_gone_is_told(meeting: Meeting) -> None:
    del meeting.oracle.book.columns["1"]
    assert send(meeting, 92).answer_class == AnswerClass.COLUMN_GONE


def test_columns_are_made_and_found(meeting: Meeting) -> None:
    client, lists = meeting.gradebook(), f"{meeting.oracle.url}/lineitems"
    made = client.create_line_item(
        meeting.registration(), lists, label="Influence", score_maximum=100, resource_id="influence", tag="leading-edge"
    )
    assert made.url == f"{lists}/2"
    # The library grants the scope that edits and not the one that only reads.
    scopes = [vocabulary.SCOPE_LINE_ITEM, vocabulary.SCOPE_SCORE]
    found = client.list_line_items(meeting.registration(), lists, resource_id="influence", scopes=scopes)
    assert found == (made,)
    assert len(client.list_line_items(meeting.registration(), lists, scopes=scopes)) == 2


def test_access_token_with_too_little_scope_is_refused_by_the_library(meeting: Meeting) -> None:
    with pytest.raises(ServiceError) as error:
        RosterClient(meeting.services()).read_roster(meeting.registration(), f"{meeting.oracle.url}/lineitems")
    assert error.value.answer.answer_class == AnswerClass.NO_PERMISSION


def test_tool_with_other_keys_gets_no_token(meeting: Meeting) -> None:
    rotate(meeting.folder / "others", meeting.clock.now())
    stranger = ToolKeys(meeting.folder / "others")
    with pytest.raises(ServiceError) as error:
        meeting.gradebook(stranger).read_results(meeting.registration(), meeting.oracle.column["id"])
    assert error.value.answer.answer_class == AnswerClass.NO_PERMISSION
    assert "Unable to find public key" in error.value.answer.detail


@pytest.mark.parametrize("query", ["", "?limit=2"])
def test_people_are_read_page_by_page(query: str, meeting: Meeting) -> None:
    url = f"{meeting.oracle.url}/members{query}"
    members = RosterClient(meeting.services()).read_roster(meeting.registration(), url)
    assert [(member.sub, member.name, member.roles) for member in members] == [
        ("o-teacher", "Orla Teach", ("Instructor",)),
        ("o-learner", "Leif Arner", ("Learner",)),
        ("o-second", "Sec Ond", ("Learner",)),
    ]
    asked = [row for row in meeting.oracle.asked if row[1] == "/members"]
    assert [row[2] for row in asked] == [vocabulary.MEDIA_MEMBERSHIP_CONTAINER] * (2 if query else 1)


Change = Callable[[OracleLaunch], object]
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
BAD_LAUNCHES: list[tuple[str, str, Change]] = [
    ("another issuer", "wrong_issuer", lambda launch: launch.registration.set_iss("http://elsewhere.example.org")),
    ("another client", "wrong_audience", lambda launch: launch.registration.set_client_id("other-client")),
    ("another deployment", "wrong_deployment", lambda launch: launch.registration.set_deployment_id("other")),
    ("foreign target", "foreign_target_link", lambda launch: launch.set_launch_url("http://evil.example/lti/launch")),
    ("expired", "expired", lambda launch: launch.set_id_token_expiration(-120)),
    ("no times", "missing_expiry", lambda launch: launch.set_id_token_expiration(0)),
    ("no person", "missing_subject", lambda launch: setattr(launch, "lti_claim_user_data", None)),
    ("no link", "missing_resource_link", lambda launch: setattr(launch, "lti_claim_resource_link", None)),
    ("roles is text", "bad_claim", lambda launch: launch.set_user_data("o-learner", "Learner")),
    ("old version", "wrong_version", lambda launch: launch.set_extra_claims({f"{CLAIM}version": "1.1.0"})),
    (
        "another message",
        "unknown_message_type",
        lambda launch: launch.set_extra_claims({f"{CLAIM}message_type": "LtiStartProctoring"}),
    ),
    ("another nonce", "wrong_nonce", lambda launch: launch.preflight.update(nonce="invented")),
    ("another key", "unknown_key", lambda launch: launch.registration.set_platform_private_key(invent_keys()[0])),
]


@pytest.mark.parametrize(("code", "spoil"), [row[1:] for row in BAD_LAUNCHES], ids=[row[0] for row in BAD_LAUNCHES])
def test_launch_that_the_library_makes_wrong_is_refused(code: str, spoil: Change, meeting: Meeting) -> None:
    meeting.oracle.spoil = spoil
    page = meeting.launch("o-learner")
    assert 400 <= page.status_code < 500
    assert [main.get("data-error-code") for main in check_page(page.text).iter("main")] == [code]
    with meeting.tool.store.reading() as session:
        assert session.scalars(select(LaunchSession)).all() == []


def test_launch_is_used_up(meeting: Meeting) -> None:
    browser, address = meeting.ask_for_launch("o-learner")
    form = meeting.oracle.app.test_client().get(address, base_url=meeting.oracle.url).text
    assert meeting.post(browser, form).status_code == 303
    again = meeting.post(browser, form)
    assert [main.get("data-error-code") for main in check_page(again.text).iter("main")] == ["flow_used"]


def place(meeting: Meeting, do: str) -> tuple[str, str]:
    """Answer the library's deep linking request in our picker; returns where the answer goes, and the answer."""
    browser, address = meeting.ask_for_launch("o-teacher", PLACING)
    answer = meeting.post(browser, meeting.oracle.app.test_client().get(address, base_url=meeting.oracle.url).text)
    for button in (do, "confirm"):
        assert answer.status_code == 200, answer.text
        if 'name="JWT"' in answer.text:
            break
        fields = Page(answer, check_page(answer.text), "/lti/place").form("/lti/place") | {"do": button}
        answer = browser.post("/lti/place", base_url=TOOL, data=fields, headers={"Origin": TOOL})
    action, sent = read_form(answer.text)
    return action, sent["JWT"]


def test_library_takes_what_our_picker_sends(meeting: Meeting) -> None:
    address, token = place(meeting, "place")
    assert address == f"{meeting.oracle.url}/placed"
    platform = meeting.oracle.configuration()
    items = platform.validate_deeplinking_resp({"JWT": token})
    assert {item["type"] for item in items} == {"ltiResourceLink"}
    modules = {item["custom"]["module"] for item in items}
    assert {"visioning", "opportunity"} <= modules
    assert {item["lineItem"]["scoreMaximum"] for item in items if "lineItem" in item} == {100}
    said = platform.tool_validate_and_decode(token)
    assert said[vocabulary.CLAIM_DATA] == OPAQUE, "sent back to the letter"
    assert (said["iss"], said["aud"]) == (CLIENT_ID, meeting.oracle.url)
    assert said[vocabulary.CLAIM_DEPLOYMENT_ID] == DEPLOYMENT_ID


def test_library_takes_that_nothing_was_placed(meeting: Meeting) -> None:
    _, token = place(meeting, "cancel")
    assert meeting.oracle.configuration().validate_deeplinking_resp({"JWT": token}) == []


def test_library_refuses_an_answer_that_was_changed(meeting: Meeting) -> None:
    _, token = place(meeting, "place")
    header, payload, signature = token.split(".")
    with pytest.raises(InvalidTokenError):
        meeting.oracle.configuration().validate_deeplinking_resp({"JWT": f"{header}.{payload}.{signature[::-1]}"})


def test_login_asks_the_library_for_everything_it_needs(meeting: Meeting) -> None:
    _, address = meeting.ask_for_launch("o-learner", PLACING)
    asked = dict(parse_qsl(urlsplit(address).query))
    assert (asked["lti_message_hint"], asked["login_hint"], asked["client_id"]) == (PLACING, "o-learner", CLIENT_ID)
    assert asked["redirect_uri"] == f"{TOOL}/lti/launch"
