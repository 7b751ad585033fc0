"""Launches a real Moodle made are read into the right messages."""

from dataclasses import dataclass
from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.logins import build_authentication_url, parse_login
from lti_tool.lti.platform_keys import read_key_set
from lti_tool.lti.values import LaunchMessage, PersonClaim
from tests.certification.moodle import ISSUER, TOOL, load, replay_launch
from tests.certification.scene import INSTRUCTOR, LEARNER, Scene
from tests.unit.lti.doubles import keys_that_serve

SYSTEM_ADMINISTRATOR = vocabulary.ROLE_SYSTEM_PREFIX + "Administrator"
INSTITUTION_ADMINISTRATOR = vocabulary.ROLE_INSTITUTION_PREFIX + "Administrator"
LINE_ITEM = f"{ISSUER}/mod/lti/services.php/{{course}}/lineitems/{{item}}/lineitem?type_id={{kind}}"


@dataclass(frozen=True)
class Reading:
    """What must be read from one captured launch."""

    name: str
    subject: str
    roles: tuple[str, ...]
    link: tuple[str, str]
    person: PersonClaim
    course: str = "2"
    column: str | None = "15"
    kind: str = "1"
    target: str = f"{TOOL}/launch/graded"
    document_target: str = "iframe"


TEACHER = PersonClaim("Tea Chër", "Tea", "Chër", "teacher1@example.org")
ADMIN = PersonClaim("Admin User", "Admin", "User", "admin@example.org")
ADMIN_ROLES = (INSTITUTION_ADMINISTRATOR, INSTRUCTOR, SYSTEM_ADMINISTRATOR)
GRADED = ("1", "DL Graded item")

READINGS = [
    Reading(
        "learner",
        "5",
        (LEARNER,),
        GRADED,
        PersonClaim("Stu1 Dent1", "Stu1", "Dent1", "student1@example.org"),
        column="2",
    ),
    Reading("instructor", "3", (INSTRUCTOR,), GRADED, TEACHER, column="2"),
    Reading("admin", "2", ADMIN_ROLES, ("11", "DL Graded item"), ADMIN),
    Reading(
        "nonediting_teacher",
        "4",
        (INSTRUCTOR,),
        ("11", "DL Graded item"),
        PersonClaim("Non Editing", "Non", "Editing", "tutor1@example.org"),
    ),
    Reading("switched_to_student", "3", (LEARNER,), ("11", "DL Graded item"), TEACHER),
    Reading(
        "privacy_off",
        "6",
        (LEARNER,),
        ("12", "Manual activity"),
        PersonClaim(),
        column="16",
        kind="2",
        target=f"{TOOL}/launch",
        document_target="window",
    ),
    Reading(
        "ungraded",
        "3",
        (INSTRUCTOR,),
        ("2", "DL Ungraded item"),
        TEACHER,
        column=None,
        target=f"{TOOL}/launch/ungraded",
    ),
    Reading("without_url", "3", (INSTRUCTOR,), ("3", "DL no url"), TEACHER, column=None, target=f"{TOOL}/launch"),
    Reading("restored_copy", "2", ADMIN_ROLES, ("24", "DL Graded item"), ADMIN, course="4", column="22"),
    Reading("duplicated_activity", "3", (INSTRUCTOR,), ("13", "DL Graded item (copy)"), TEACHER, column="18"),
]


def verify(name: str, scene: Scene) -> LaunchMessage:
    captured = replay_launch(name, scene.keys, int(scene.now.timestamp()))
    return LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), TOOL).verify(
        captured.token, captured.expected, scene.now
    )


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.name)
def test_launch_is_read(reading: Reading, scene: Scene) -> None:
    message = verify(reading.name, scene)
    assert (message.message_type, message.subject) == (vocabulary.MESSAGE_RESOURCE_LINK, reading.subject)
    assert message.roles == reading.roles
    assert message.resource_link is not None
    assert (message.resource_link.id_on_platform, message.resource_link.title) == reading.link
    assert message.person == reading.person
    assert message.context is not None
    assert message.context.id_on_platform == reading.course
    assert message.target_link_uri == reading.target
    assert (message.deployment_id, message.document_target) == (reading.kind, reading.document_target)
    assert (message.locale, message.platform_family) == ("en", "moodle")
    assert message.ags is not None
    assert message.ags.line_items_url == (
        f"{ISSUER}/mod/lti/services.php/{reading.course}/lineitems?type_id={reading.kind}"
    )
    assert message.ags.line_item_url == (
        None
        if reading.column is None
        else LINE_ITEM.format(course=reading.course, item=reading.column, kind=reading.kind)
    )
    assert message.memberships_url == (
        f"{ISSUER}/mod/lti/services.php/CourseSection/{reading.course}/bindings/{reading.kind}/memberships"
    )
    assert message.return_url is not None
    assert message.return_url.startswith(f"{ISSUER}/mod/lti/return.php?course={reading.course}&")


def test_course_is_named_by_label_and_title(scene: Scene) -> None:
    context = verify("restored_copy", scene).context
    assert context is not None
    assert (context.label, context.title) == ("LIB101_1", "Library Skills 101 copy 1")


def test_custom_parameters_come_without_what_moodle_did_not_fill_in(scene: Scene) -> None:
    custom = verify("learner", scene).custom
    assert {name: custom[name] for name in ("item", "uni", "camel_case", "Camel_Case", "eq", "ctx_hist")} == {
        "item": "42",
        "uni": "ü=;x",
        "camel_case": "v",
        "Camel_Case": "v",
        "eq": "a=b",
        "ctx_hist": "",
    }
    assert not {"rl_hist", "subm", "unk", "orgid"} & set(custom)


def test_course_copy_tells_the_course_it_came_from(scene: Scene) -> None:
    assert verify("restored_copy", scene).custom["ctx_hist"] == "2"


def test_scopes_follow_the_tools_settings(scene: Scene) -> None:
    with_columns, sync_only = verify("learner", scene).ags, verify("privacy_off", scene).ags
    assert with_columns is not None
    assert sync_only is not None
    assert vocabulary.SCOPE_LINE_ITEM in with_columns.scopes
    assert set(sync_only.scopes) == {
        vocabulary.SCOPE_LINE_ITEM_READONLY,
        vocabulary.SCOPE_RESULT_READONLY,
        vocabulary.SCOPE_SCORE,
    }


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("deep_linking_request", RefusalCode.DEEP_LINKING_UNAVAILABLE),
        ("submission_review", RefusalCode.UNKNOWN_MESSAGE_TYPE),
    ],
)
def test_messages_of_another_kind_are_refused_by_name(name: str, code: RefusalCode, scene: Scene) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        verify(name, scene)
    assert refusal.value.code == code


def test_token_lives_a_minute_and_a_slow_page_does_not_lose_it(scene: Scene) -> None:
    captured = replay_launch("learner", scene.keys, int(scene.now.timestamp()) - 110)
    verifier = LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), TOOL)
    assert verifier.verify(captured.token, captured.expected, scene.now).subject == "5"


def test_login_initiation_is_read_and_its_hint_goes_back_to_the_letter(scene: Scene) -> None:
    form: dict[str, Any] = load("login_initiation")
    login = parse_login(form)
    assert (login.issuer, login.client_id, login.deployment_hint) == (ISSUER, "RiRWLBLA4WFTFja", "1")
    assert login.message_hint == form["lti_message_hint"] == '{"cmid":13,"launchid":"ltilaunch11_911713566"}'
    assert login.storage_target is None
    registration = replay_launch("learner", scene.keys, 0).expected.registration
    url = build_authentication_url(
        registration, login, state="s", nonce="n", redirect_uri="https://tool.test/lti/launch"
    )
    assert url.startswith(f"{ISSUER}/mod/lti/auth.php?scope=openid&response_type=id_token&response_mode=form_post&")
    assert "&lti_message_hint=%7B%22cmid%22%3A13%2C%22launchid%22%3A%22ltilaunch11_911713566%22%7D" in url


def test_key_set_is_read() -> None:
    keys = read_key_set((str(load("jwks")).replace("'", '"')).encode())
    assert {kid: key.key_size for kid, key in keys.items()} == {"546cb39b8bd64ea42eb1": 2048}
