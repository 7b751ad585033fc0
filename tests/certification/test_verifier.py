"""The certification tables against the verifier, each row beside what the stock library does with the same token."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.values import DeepLinkingSettings
from tests.certification.payloads import (
    BAD_PAYLOADS,
    CERTIFIED_BAD,
    CERTIFIED_VALID,
    VALID_LAUNCHES,
    BadPayload,
    Stock,
    ValidLaunch,
)
from tests.certification.scene import RETURN_URL, Scene
from tests.certification.stock import StockTool


def by_name(row: BadPayload | ValidLaunch) -> str:
    return row.name


@pytest.mark.parametrize("payload", BAD_PAYLOADS, ids=by_name)
def test_bad_payload_is_refused_with_its_code(payload: BadPayload, scene: Scene, verifier: LaunchVerifier) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        verifier.verify(payload.make(scene), scene.expected(), scene.now)
    assert refusal.value.code == payload.code
    assert refusal.value.return_url == (RETURN_URL if payload.has_return_url else None)


@pytest.mark.parametrize("payload", BAD_PAYLOADS, ids=by_name)
def test_stock_library_does_with_bad_payload_what_the_table_says(payload: BadPayload, scene: Scene) -> None:
    assert StockTool(scene).ask(payload.make(scene)) == payload.stock


@pytest.mark.parametrize("launch", VALID_LAUNCHES, ids=by_name)
def test_valid_launch_is_read(launch: ValidLaunch, scene: Scene, verifier: LaunchVerifier) -> None:
    message = verifier.verify(launch.make(scene), scene.expected(), scene.now)
    assert message.roles == launch.roles
    assert message.deployment_id == scene.deployment_id
    assert message.resource_link is not None
    assert (message.resource_link.id_on_platform, message.resource_link.title) == ("200d101f-2c14", "Visioning")
    assert message.return_url == RETURN_URL


@pytest.mark.parametrize("launch", VALID_LAUNCHES, ids=by_name)
def test_stock_library_does_with_valid_launch_what_the_table_says(launch: ValidLaunch, scene: Scene) -> None:
    assert StockTool(scene).ask(launch.make(scene)) == launch.stock


def test_tables_hold_the_whole_certification_suite() -> None:
    assert len(CERTIFIED_VALID) == 18
    assert {payload.code for payload in CERTIFIED_BAD} == {
        RefusalCode.MISSING_KID,
        RefusalCode.UNKNOWN_KEY,
        RefusalCode.WRONG_VERSION,
        RefusalCode.MISSING_VERSION,
        RefusalCode.MALFORMED_TOKEN,
        RefusalCode.EXPIRED,
        RefusalCode.ISSUED_IN_FUTURE,
        RefusalCode.MISSING_MESSAGE_TYPE,
        RefusalCode.MISSING_ROLES,
        RefusalCode.MISSING_DEPLOYMENT,
        RefusalCode.MISSING_RESOURCE_LINK,
        RefusalCode.MISSING_SUBJECT,
    }


def test_personal_data_are_read_only_when_sent(scene: Scene, verifier: LaunchVerifier) -> None:
    by_row = {row.name: verifier.verify(row.make(scene), scene.expected(), scene.now) for row in CERTIFIED_VALID}
    assert by_row["student, valid"].person.name == "Ms. Jane Marie Doe"
    assert by_row["student, email only"].person.name is None
    assert by_row["student, email only"].person.email == "jane@example.edu"
    assert by_row["student, names only"].person.email is None
    assert by_row["student, no personal data"].person.given_name is None
    assert by_row["student, email without context"].context is None
    assert by_row["teacher, valid"].context is not None


def test_stock_library_accepts_a_replay(scene: Scene) -> None:
    """Single use is the database's work here; this shows why it cannot be left to the library."""
    tool, token = StockTool(scene), scene.token()
    assert [tool.ask(token), tool.ask(token)] == [Stock.ACCEPTS, Stock.ACCEPTS]
    tool.cookies.clear()
    assert tool.ask(token) == Stock.ACCEPTS


@pytest.mark.parametrize("seconds", [-60, -59, -1, 0, 1, 59, 60])
def test_clocks_up_to_a_minute_apart_work(seconds: int, scene: Scene, verifier: LaunchVerifier) -> None:
    now = datetime.fromtimestamp(int(scene.now.timestamp()), UTC)
    token = replace(scene, now=now).shift(seconds)
    # Moodle's tokens live a minute: from a clock a minute behind, one expires at the moment it is made.
    assert verifier.verify(token, scene.expected(), now).issued_at == now + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("issued", "expires", "code"),
    [
        (61, 3600, RefusalCode.ISSUED_IN_FUTURE),
        (-300, -61, RefusalCode.EXPIRED),
        (-601, 3600, RefusalCode.ISSUED_TOO_LONG_AGO),
    ],
)
def test_clocks_further_apart_do_not(
    issued: int, expires: int, code: RefusalCode, scene: Scene, verifier: LaunchVerifier
) -> None:
    seconds = int(scene.now.timestamp())
    now = datetime.fromtimestamp(seconds, UTC)
    with pytest.raises(LaunchRefused) as refusal:
        verifier.verify(scene.token(iat=seconds + issued, exp=seconds + expires), scene.expected(), now)
    assert refusal.value.code == code


@pytest.mark.parametrize(("issued", "expires"), [(60, 120), (-300, -60), (-600, 1)])
def test_edges_of_the_allowed_times_are_inside(
    issued: int, expires: int, scene: Scene, verifier: LaunchVerifier
) -> None:
    seconds = int(scene.now.timestamp())
    now = datetime.fromtimestamp(seconds, UTC)
    assert verifier.verify(scene.token(iat=seconds + issued, exp=seconds + expires), scene.expected(), now)


DEEP_LINK_SETTINGS = {
    "deep_link_return_url": "https://lms.example.edu/dl",
    "accept_types": ["ltiResourceLink"],
    "accept_presentation_document_targets": ["iframe"],
}


def make_deep_link(scene: Scene, **changes: object) -> str:
    return scene.token(
        message_type=vocabulary.MESSAGE_DEEP_LINKING,
        **{"resource_link": None, vocabulary.CLAIM_DEEP_LINKING_SETTINGS: DEEP_LINK_SETTINGS} | changes,
    )


def test_deep_linking_that_verifies_is_read(scene: Scene, verifier: LaunchVerifier) -> None:
    message = verifier.verify(make_deep_link(scene), scene.expected(), scene.now)
    assert (message.message_type, message.resource_link) == (vocabulary.MESSAGE_DEEP_LINKING, None)
    assert message.deep_linking == DeepLinkingSettings(
        return_url="https://lms.example.edu/dl", accept_types=("ltiResourceLink",), document_targets=("iframe",)
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deployment_id": "other"}, RefusalCode.WRONG_DEPLOYMENT),
        ({"nonce": "invented"}, RefusalCode.WRONG_NONCE),
        ({"target_link_uri": "https://evil.example/"}, RefusalCode.FOREIGN_TARGET_LINK),
        ({vocabulary.CLAIM_DEEP_LINKING_SETTINGS: None}, RefusalCode.MISSING_DEEP_LINKING_SETTINGS),
        (
            {vocabulary.CLAIM_DEEP_LINKING_SETTINGS: {"deep_link_return_url": "javascript:alert(1)"}},
            RefusalCode.BAD_DEEP_LINK_RETURN,
        ),
    ],
)
def test_deep_linking_that_does_not_verify_is_told_apart(
    changes: dict[str, object], code: RefusalCode, scene: Scene, verifier: LaunchVerifier
) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        verifier.verify(make_deep_link(scene, **changes), scene.expected(), scene.now)
    assert refusal.value.code == code


def test_switched_off_registration_lets_nobody_in(scene: Scene, verifier: LaunchVerifier) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        verifier.verify(scene.token(), scene.expected(active=False), scene.now)
    assert refusal.value.code == RefusalCode.REGISTRATION_INACTIVE


def test_login_without_deployment_hint_takes_the_tokens_deployment(scene: Scene, verifier: LaunchVerifier) -> None:
    expected = replace(scene.expected(), deployment_hint=None)
    assert verifier.verify(scene.token(deployment_id="any"), expected, scene.now).deployment_id == "any"
