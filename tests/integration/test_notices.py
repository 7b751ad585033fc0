"""A platform's notices: believed once and only when signed, and told where to go as often as it takes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.demo_lms.settings import CLIENT_ID
from lti_tool.lti import vocabulary
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.values import NoticeService
from lti_tool.models import Cohort, Context, ContextCopy, NoticeHandler, NoticeSeen, Registration
from lti_tool.services.duties import DutyCall, DutyDone
from lti_tool.services.notices import make_notice_duty
from lti_tool.services.registrations import to_value
from tests.support.arrivals import Doorstep
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor, open_front_door
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

COURSE = "course-1"


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock) as opened:
        opened.person("201").launch("series")
        yield opened


def make_claims(door: FrontDoor, **changes: Any) -> dict[str, Any]:
    """A copy of course-1, told as Canvas tells it."""
    now = int(door.clock.now().timestamp())
    claims: dict[str, Any] = {
        "iss": door.lms_url,
        "aud": CLIENT_ID,
        "azp": CLIENT_ID,
        "iat": now,
        "exp": now + 3600,
        "nonce": "notice-1",
        vocabulary.CLAIM_VERSION: vocabulary.VERSION,
        vocabulary.CLAIM_DEPLOYMENT_ID: "1",
        vocabulary.CLAIM_NOTICE: {"id": "n-1", "timestamp": "2026-11-01T12:00:00Z", "type": "LtiContextCopyNotice"},
        vocabulary.CLAIM_CONTEXT: {"id": "copied-course", "title": "Next year"},
        vocabulary.CLAIM_ORIGIN_CONTEXTS: ["unknown-course", COURSE],
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def post(door: FrontDoor, *claims: dict[str, Any]) -> TestResponse:
    return send(door, {"notices": [{"jwt": door.platform.sign(one)} for one in claims]})


def send(door: FrontDoor, document: object) -> TestResponse:
    client = door.app.test_client()
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    return client.post("/lti/notices", base_url=TOOL, data=body, headers=headers)


def test_copied_course_is_ready_before_anybody_opens_it(door: FrontDoor) -> None:
    answer = post(door, make_claims(door))
    assert (answer.status_code, answer.json) == (200, {"taken": 1, "new": 1})
    with door.store.reading() as session:
        old, new = (
            session.scalars(select(Context).where(Context.id_on_platform == one)).one()
            for one in (COURSE, "copied-course")
        )
        copy = session.get_one(ContextCopy, new.id)
        assert (copy.copied_from_id, copy.history) == (old.id, ["unknown-course", COURSE])
        cohort = session.scalars(select(Cohort).where(Cohort.context_id == new.id)).one()
        assert (cohort.name, cohort.is_default) == ("Next year", True)


def test_second_delivery_changes_nothing(door: FrontDoor) -> None:
    post(door, make_claims(door))
    again = post(door, make_claims(door, nonce="notice-2"))
    assert again.json == {"taken": 1, "new": 0}


def test_course_that_is_known_already_is_only_marked(door: FrontDoor) -> None:
    door.person("201").launch("series", course="course-2")
    changes = {vocabulary.CLAIM_CONTEXT: {"id": "course-2"}, vocabulary.CLAIM_ORIGIN_CONTEXTS: [COURSE]}
    assert post(door, make_claims(door, **changes)).status_code == 200
    with door.store.reading() as session:
        assert len(session.scalars(select(Context)).all()) == 2
        assert len(session.scalars(select(ContextCopy)).all()) == 1


def test_notice_of_another_kind_is_taken_and_does_nothing(door: FrontDoor) -> None:
    hello = make_claims(door, **{vocabulary.CLAIM_NOTICE: {"id": "n-2", "type": "LtiHelloWorldNotice"}})
    assert post(door, hello).json == {"taken": 1, "new": 1}
    with door.store.reading() as session:
        assert session.scalars(select(ContextCopy)).all() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://else.example.org"}, "unknown_issuer"),
        ({"aud": "another-client"}, "unknown_issuer"),
        ({"aud": [CLIENT_ID, "evil"]}, "wrong_audience"),
        ({"aud": None}, "wrong_audience"),
        ({"azp": "evil"}, "wrong_azp"),
        ({"exp": None}, "missing_expiry"),
        ({"exp": 1000}, "expired"),
        ({"iat": None}, "missing_issued_at"),
        ({"iat": "now"}, "missing_issued_at"),
        ({"iat": 1000}, "issued_too_long_ago"),
        ({vocabulary.CLAIM_VERSION: "1.1"}, "wrong_version"),
        ({vocabulary.CLAIM_DEPLOYMENT_ID: "99"}, "unknown_deployment"),
        ({vocabulary.CLAIM_DEPLOYMENT_ID: None}, "bad_claim"),
        ({vocabulary.CLAIM_NOTICE: None}, "bad_claim"),
        ({vocabulary.CLAIM_NOTICE: {"id": "x" * 300, "type": "LtiContextCopyNotice"}}, "bad_claim"),
    ],
)
def test_bad_notices_are_refused_by_name(door: FrontDoor, changes: dict[str, Any], code: str) -> None:
    answer = post(door, make_claims(door, **changes))
    assert answer.json is not None
    assert (answer.status_code // 100, answer.json["code"]) == (4, code)
    with door.store.reading() as session:
        assert session.scalars(select(NoticeSeen)).all() == []


def test_forged_notice_is_refused(door: FrontDoor) -> None:
    token = door.platform.sign(make_claims(door))
    head, _, signature = token.split(".")
    other = door.platform.sign(make_claims(door, nonce="other")).split(".")[1]
    answer = send(door, {"notices": [{"jwt": f"{head}.{other}.{signature}"}]})
    assert answer.json is not None
    assert answer.json["code"] == "bad_signature"


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", [], {}, {"notices": {}}, {"notices": [7]}, {"notices": [{}]}, {"notices": [{"jwt": "a.b"}]}],
)
def test_what_is_no_batch_is_refused(door: FrontDoor, document: object) -> None:
    answer = send(door, document)
    assert answer.json is not None
    assert (answer.status_code // 100, answer.json["code"]) == (4, "malformed_token")


# Telling platforms where notices go.


def offer(door: FrontDoor, clock: Clock, url: str, *types: str) -> None:
    """A launch whose platform offers notices."""
    with door.store.reading() as session:
        row = session.scalars(select(Registration)).one()
    stoop = Doorstep.of(door.store, clock, row)
    stoop.arrive(notices=NoticeService(url, types), deployment_id="1")


def tell(door: FrontDoor, answer: Callable[[Asked], HttpAnswer | PlatformUnreachable]) -> tuple[DutyDone, list[Asked]]:
    client = ScriptedClient(
        lambda asked: (
            answer_json({"access_token": "t", "expires_in": 60}) if asked.url.endswith("/token") else answer(asked)
        )
    )
    with door.store.reading() as session:
        registration_id = int(to_value(session.scalars(select(Registration)).one()).id)
    duty = make_notice_duty(TOOL)
    with door.store.reading() as session:
        assert {due for due, _ in duty.list_due(session)} == {registration_id}
    done = duty.serve(
        DutyCall(
            store=door.store,
            services=Services(client, door.tool.keys, MemoryTokenCache(), door.clock),
            registration_id=registration_id,
            owner="worker",
            clock=door.clock,
            chance=lambda: 1.0,
            should_stop=lambda: False,
        )
    )
    return done, [asked for asked in client.asked if asked.method == "PUT"]


def load_handler(door: FrontDoor) -> NoticeHandler:
    with door.store.reading() as session:
        return session.scalars(select(NoticeHandler)).one()


URL = "https://canvas.example.org/api/lti/notice-handlers/1"


def test_platform_that_offers_copies_is_told_where_they_go(door: FrontDoor, clock: Clock) -> None:
    offer(door, clock, URL, "LtiContextCopyNotice", "LtiHelloWorldNotice")
    done, asked = tell(door, lambda _: answer_json({}))
    assert done == DutyDone(done=1)
    assert [json.loads(one.body or b"") for one in asked] == [
        {"notice_type": "LtiContextCopyNotice", "handler": f"{TOOL}/lti/notices"}
    ]
    handler = load_handler(door)
    assert (handler.wanted_at, handler.problem, handler.told_at is not None) == (None, None, True)
    offer(door, clock, URL, "LtiContextCopyNotice")
    assert load_handler(door).wanted_at is None, "it is told once"
    offer(door, clock, f"{URL}?moved", "LtiContextCopyNotice")
    assert load_handler(door).wanted_at == clock.now(), "and again when it moves"


def test_platform_that_offers_no_copies_is_not_asked(door: FrontDoor, clock: Clock) -> None:
    offer(door, clock, URL, "LtiHelloWorldNotice")
    with door.store.reading() as session:
        assert session.scalars(select(NoticeHandler)).all() == []


def test_silent_platform_is_asked_again_later_and_a_refusal_is_final(door: FrontDoor, clock: Clock) -> None:
    offer(door, clock, URL, "LtiContextCopyNotice")
    done, _ = tell(door, lambda _: PlatformUnreachable(Unreachability.TIMEOUT, "nothing"))
    assert done == DutyDone(put_off=1)
    handler = load_handler(door)
    assert handler.wanted_at is not None
    assert handler.wanted_at > clock.now()
    assert (handler.failures, handler.problem) == (1, "platform_down")
    clock.advance(timedelta(minutes=2))
    done, _ = tell(door, lambda _: HttpAnswer(403, {}, b"no", "Forbidden"))
    assert done == DutyDone(needs_you=1)
    assert (load_handler(door).wanted_at, load_handler(door).problem) == (None, "no_permission")


def test_private_service_address_of_an_invited_platform_is_not_called(door: FrontDoor) -> None:
    with door.store.reading() as session:
        value = to_value(session.scalars(select(Registration)).one())
    assert not replace(value, was_invited=True).vouches_for(value.token_url)
