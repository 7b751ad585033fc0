"""Any JSON in any claim, and any bytes as any service's answer: a clear answer every time, and never another error."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from lti_tool.lti import vocabulary
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import LaunchRefused, PlatformUnreachable, RegistrationRefused, ServiceError, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.message_documents import read_message_document, write_message
from lti_tool.lti.notices import read_notices, verify_notice
from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.lti.registering import read_offer, register_tool
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.lti.values import LaunchMessage, PlatformAnswer, ScoreMessage
from tests.certification.scene import KeyPair, Scene, encode
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json, keys_that_serve
from tests.unit.lti.test_registering import CONFIGURATION, configuration

NOW = datetime(2026, 11, 4, 15, 0, tzinfo=UTC)
SCENE = Scene(KeyPair.invent("platform-key-1"), KeyPair.invent("stranger-key-1"), NOW)
KEYS = keys_that_serve(SCENE.keys, now=NOW)
VERIFIER = LaunchVerifier(KEYS, SCENE.tool)

PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

ODD_TEXTS = ["", " ", "\0", "\ud800", "\u202e", "https://", "https://[", "javascript:x", "$Context.id", "x" * 5000]
TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(ODD_TEXTS))
NUMBERS = st.one_of(st.integers(), st.integers(10**30, 10**40), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)

CLAIMS = [
    *SCENE.claims(),
    vocabulary.CLAIM_CUSTOM,
    vocabulary.CLAIM_AGS_ENDPOINT,
    vocabulary.CLAIM_NAMES_ROLES,
    vocabulary.CLAIM_DEEP_LINKING_SETTINGS,
    vocabulary.CLAIM_FOR_USER,
    vocabulary.CLAIM_NOTICE_SERVICE,
    vocabulary.CLAIM_TOOL_PLATFORM,
    "azp",
    "nbf",
]
INNER = [
    *("id", "title", "label", "return_url", "document_target", "locale", "scope", "lineitem", "lineitems"),
    *("context_memberships_url", "deep_link_return_url", "accept_types", "accept_multiple", "accept_lineitem", "data"),
    *("user_id", "platform_notification_service_url", "notice_types_supported", "module", "placement"),
]
OBJECTS = st.dictionaries(st.sampled_from(INNER), JSON, max_size=5)
CHANGES = st.dictionaries(st.sampled_from(CLAIMS), st.one_of(JSON, OBJECTS), max_size=4)
TYPES = [
    vocabulary.MESSAGE_RESOURCE_LINK,
    vocabulary.MESSAGE_DEEP_LINKING,
    vocabulary.MESSAGE_SUBMISSION_REVIEW,
]


def sign(claims: dict[str, Any]) -> str:
    return SCENE.keys.sign_text(json.dumps(claims))


@PATIENT
@given(changes=CHANGES, message_type=st.sampled_from(TYPES), anonymous=st.booleans())
def test_any_claims_are_a_message_or_a_refusal(changes: dict[str, Any], message_type: str, anonymous: bool) -> None:
    claims = SCENE.claims() | {vocabulary.CLAIM_MESSAGE_TYPE: message_type} | changes
    with suppress(LaunchRefused):
        message = VERIFIER.verify(sign(claims), SCENE.expected(allows_anonymous=anonymous), NOW)
        assert isinstance(message, LaunchMessage)
        assert anonymous or message.subject
        document = json.loads(json.dumps(write_message(message)))
        assert read_message_document(document) == message, "what waits for its browser comes back as it was"


@PATIENT
@given(payload=st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())), header=JSON)
def test_any_token_is_refused_in_words(payload: bytes, header: Any) -> None:
    tokens = [
        payload.decode("latin-1"),
        f"{encode(json.dumps(header).encode())}.{encode(payload)}.{encode(b'signature')}",
        SCENE.keys.sign_text(payload.decode("latin-1")),
    ]
    for token in tokens:
        with pytest.raises(LaunchRefused):
            VERIFIER.verify(token, SCENE.expected(), NOW)


BODIES = st.one_of(
    st.binary(max_size=300),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b"",
            b"<!DOCTYPE html><title>Maintenance</title>",
            b'{"access_token": ',
            b"[" * 3000,
            b'{"results": 1e999999}',
            b'[{"userId": "7", "resultScore": 1e400, "resultMaximum": 0}]',
            b'[{"id": "javascript:x", "label": 7}]',
        ]
    ),
)
ODD_HEADERS = [
    '<https://lms.example.edu/next>; rel="next"',
    "<//evil>; rel=next",
    "<>; rel=“next”",
    "-1",
    "99999999999",
]
HEADERS = st.dictionaries(
    st.sampled_from(["Link", "Retry-After", "Location", "Date", "Content-Type"]),
    st.one_of(
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60),
        st.sampled_from(ODD_HEADERS),
    ),
    max_size=3,
)
KNOWN_STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503]
STATUSES = st.one_of(st.integers(100, 599), st.sampled_from(KNOWN_STATUSES))


def make_answer(status: int, headers: dict[str, str], body: bytes) -> HttpAnswer:
    return HttpAnswer(status, HTTPHeaderDict(headers), body, "Reason")


ANSWERS = st.one_of(
    st.builds(make_answer, STATUSES, HEADERS, BODIES),
    st.sampled_from([PlatformUnreachable(kind, "nothing usable") for kind in Unreachability]),
)


@pytest.fixture(scope="module")
def tool_keys(tmp_path_factory: pytest.TempPathFactory) -> ToolKeys:
    folder: Path = tmp_path_factory.mktemp("keys")
    rotate(folder, NOW)
    return ToolKeys(folder)


def answering(answers: list[HttpAnswer | PlatformUnreachable], *, with_token: bool) -> ScriptedClient:
    """A platform that gives these answers in turn, over and over; its token endpoint works or takes its turn too."""
    token = answer_json({"access_token": "t", "expires_in": 60})
    turn = iter(range(10**9))

    def answer(asked: Asked) -> HttpAnswer | PlatformUnreachable:
        if with_token and asked.url.endswith("/token"):
            return token
        return answers[next(turn) % len(answers)]

    return ScriptedClient(answer)


@PATIENT
@given(
    answers=st.lists(ANSWERS, min_size=1, max_size=3),
    family=st.sampled_from([CANVAS, MOODLE, OTHER]),
    with_token=st.booleans(),
)
def test_any_answer_of_a_gradebook_is_classified(
    tool_keys: ToolKeys, answers: list[HttpAnswer | PlatformUnreachable], family: str, with_token: bool
) -> None:
    client = GradebookClient(
        Services(answering(answers, with_token=with_token), tool_keys, MemoryTokenCache(), lambda: NOW)
    )
    registration = SCENE.registration(family=family)
    column = f"{SCENE.issuer}/columns/1"
    answer = client.send_score(registration, column, ScoreMessage("7", NOW, 92, 100))
    assert isinstance(answer, PlatformAnswer)
    assert len(answer.detail) <= 600
    for call in (
        lambda: client.read_results(registration, column, "7"),
        lambda: client.list_line_items(registration, f"{SCENE.issuer}/columns", tag="leading-edge"),
        lambda: client.create_line_item(
            registration, f"{SCENE.issuer}/columns", label="x", score_maximum=100, resource_id="x", tag="y"
        ),
    ):
        with suppress(ServiceError):
            call()


@PATIENT
@given(
    answers=st.lists(ANSWERS, min_size=1, max_size=2),
    changes=st.dictionaries(st.sampled_from(list(configuration())), JSON, max_size=3),
)
def test_any_answer_to_a_registration_is_a_registration_or_a_refusal(
    answers: list[HttpAnswer | PlatformUnreachable], changes: dict[str, Any]
) -> None:
    with suppress(RegistrationRefused):
        read_offer(answering(answers, with_token=False), CONFIGURATION, "token", allow_http=False)
    described = answer_json(configuration() | changes)
    with suppress(RegistrationRefused):
        offer = read_offer(answering([described], with_token=False), CONFIGURATION, None, allow_http=False)
        assert register_tool(answering(answers, with_token=False), offer, "token", base_url=SCENE.tool).client_id


@PATIENT
@given(
    body=BODIES,
    changes=st.dictionaries(
        st.sampled_from(
            [
                "iss",
                "aud",
                "azp",
                "exp",
                "iat",
                vocabulary.CLAIM_NOTICE,
                vocabulary.CLAIM_CONTEXT,
                vocabulary.CLAIM_ORIGIN_CONTEXTS,
            ]
        ),
        JSON,
        max_size=3,
    ),
)
def test_any_notice_is_believed_or_refused(body: bytes, changes: dict[str, Any]) -> None:
    seconds = int(NOW.timestamp())
    claims = {
        **SCENE.claims(),
        "iat": seconds,
        vocabulary.CLAIM_NOTICE: {"id": "n", "type": vocabulary.NOTICE_CONTEXT_COPY},
        vocabulary.CLAIM_ORIGIN_CONTEXTS: ["1"],
    } | changes
    for content in (body, json.dumps({"notices": [{"jwt": sign(claims)}]}).encode()):
        with suppress(LaunchRefused):
            for unproved in read_notices(content):
                verify_notice(unproved, SCENE.registration(), KEYS, now=NOW)
