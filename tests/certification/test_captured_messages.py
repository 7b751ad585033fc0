"""Launches a real Moodle made are read into the right messages."""

import json
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.logins import build_authentication_url, parse_login
from lti_tool.lti.platform_keys import read_key_set
from lti_tool.lti.values import DeepLinkingSettings, LaunchMessage, LoginInitiation, PersonClaim
from tests.certification.moodle import CLIENT_ID, ISSUER, TOOL, load, load_form, moodle_registration, replay_launch
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
        "launch-learner",
        "5",
        (LEARNER,),
        GRADED,
        PersonClaim("Stu1 Dent1", "Stu1", "Dent1", "student1@example.org"),
        column="2",
    ),
    Reading("launch-instructor", "3", (INSTRUCTOR,), GRADED, TEACHER, column="2"),
    Reading("launch-admin", "2", ADMIN_ROLES, ("11", "DL Graded item"), ADMIN),
    Reading(
        "launch-nonediting-teacher",
        "4",
        (INSTRUCTOR,),
        ("11", "DL Graded item"),
        PersonClaim("Non Editing", "Non", "Editing", "tutor1@example.org"),
    ),
    Reading("launch-teacher-switched-to-student-role", "3", (LEARNER,), ("11", "DL Graded item"), TEACHER),
    Reading(
        "launch-learner-privacy-off-new-window",
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
        "launch-ungraded-link",
        "3",
        (INSTRUCTOR,),
        ("2", "DL Ungraded item"),
        TEACHER,
        column=None,
        target=f"{TOOL}/launch/ungraded",
    ),
    Reading(
        "launch-link-without-url", "3", (INSTRUCTOR,), ("3", "DL no url"), TEACHER, column=None, target=f"{TOOL}/launch"
    ),
    Reading("launch-restored-course-copy", "2", ADMIN_ROLES, ("24", "DL Graded item"), ADMIN, course="4", column="22"),
    Reading("launch-duplicated-activity", "3", (INSTRUCTOR,), ("13", "DL Graded item (copy)"), TEACHER, column="18"),
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
    context = verify("launch-restored-course-copy", scene).context
    assert context is not None
    assert (context.label, context.title) == ("LIB101_1", "Library Skills 101 copy 1")


def test_custom_parameters_come_without_what_moodle_did_not_fill_in(scene: Scene) -> None:
    custom = verify("launch-learner", scene).custom
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
    assert verify("launch-restored-course-copy", scene).custom["ctx_hist"] == "2"


def test_scopes_follow_the_tools_settings(scene: Scene) -> None:
    with_columns, sync_only = (
        verify("launch-learner", scene).ags,
        verify("launch-learner-privacy-off-new-window", scene).ags,
    )
    assert with_columns is not None
    assert sync_only is not None
    assert vocabulary.SCOPE_LINE_ITEM in with_columns.scopes
    assert set(sync_only.scopes) == {
        vocabulary.SCOPE_LINE_ITEM_READONLY,
        vocabulary.SCOPE_RESULT_READONLY,
        vocabulary.SCOPE_SCORE,
    }


@pytest.mark.parametrize(
    ("name", "subject", "role", "link", "for_user"),
    [
        ("submission-review-instructor", "3", INSTRUCTOR, ("4", "DL subreview"), "5"),
        ("submission-review-learner-self", "5", LEARNER, ("4", "DL subreview"), "5"),
        ("submission-review-no-for_user", "3", INSTRUCTOR, ("11", "DL Graded item"), None),
    ],
)
def test_review_is_read_even_when_it_names_nobody(
    name: str, subject: str, role: str, link: tuple[str, str], for_user: str | None, scene: Scene
) -> None:
    message = verify(name, scene)
    assert message.message_type == vocabulary.MESSAGE_SUBMISSION_REVIEW
    assert (message.subject, message.roles, message.for_user) == (subject, (role,), for_user)
    assert message.resource_link is not None
    assert (message.resource_link.id_on_platform, message.resource_link.title) == link
    assert message.ags is not None
    assert message.ags.line_item_url is not None


@pytest.mark.parametrize(
    "name",
    [
        "deep-linking-request",
        "deep-linking-request-first-use-in-course",
        "launch-partitioned-cookies-3p-blocked",
    ],
)
def test_deep_linking_request_is_read(name: str, scene: Scene) -> None:
    message = verify(name, scene)
    assert (message.message_type, message.resource_link) == (vocabulary.MESSAGE_DEEP_LINKING, None)
    assert message.target_link_uri == f"{TOOL}/launch"
    assert message.deep_linking == DeepLinkingSettings(
        return_url=f"{ISSUER}/mod/lti/contentitem_return.php?course=2&id=1&sesskey=removed",
        accept_types=("ltiResourceLink",),
        document_targets=("frame", "iframe", "window"),
        accepts_multiple=True,
        title="Dyn reg tool",
    )


def test_course_where_the_tool_is_new_offers_no_list_of_people_yet(scene: Scene) -> None:
    assert verify("deep-linking-request-first-use-in-course", scene).memberships_url is None
    assert verify("deep-linking-request", scene).memberships_url is not None


def test_token_lives_a_minute_and_a_slow_page_does_not_lose_it(scene: Scene) -> None:
    captured = replay_launch("launch-learner", scene.keys, int(scene.now.timestamp()) - 110)
    verifier = LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), TOOL)
    assert verifier.verify(captured.token, captured.expected, scene.now).subject == "5"


@pytest.mark.parametrize(
    ("name", "target", "hint"),
    [
        ("login-initiation-resource-link", "/launch/graded", '{"cmid":13,"launchid":"ltilaunch11_911713566"}'),
        (
            "login-initiation-deep-linking",
            "/launch",
            '{"launchid":"ltilaunch_ContentItemSelectionRequest2042102027"}',
        ),
    ],
)
def test_login_is_read_and_its_hint_goes_back_to_the_letter(name: str, target: str, hint: str) -> None:
    login = parse_login(load_form(name))
    assert (login.issuer, login.client_id, login.deployment_hint) == (ISSUER, CLIENT_ID, "1")
    assert (login.target_link_uri, login.message_hint, login.storage_target) == (f"{TOOL}{target}", hint, None)
    asked = parse_qs(urlsplit(ask_for_launch(login)).query)
    assert asked["lti_message_hint"] == [hint]


def ask_for_launch(login: LoginInitiation) -> str:
    return build_authentication_url(
        moodle_registration(), login, state="st", nonce="n", redirect_uri=f"{TOOL}/lti/launch"
    )


def test_what_we_ask_of_the_authorization_address_is_what_moodle_takes() -> None:
    initiation, *tried = load("auth-endpoint")
    url = ask_for_launch(parse_login(initiation["fields"]))
    assert url.startswith(f"{ISSUER}/mod/lti/auth.php?")
    ours = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    taken = next(one["params"] for one in tried if one["note"] == "ok")
    differing = {"nonce", "redirect_uri"}
    assert set(ours) == set(taken)
    assert {name: ours[name] for name in ours if name not in differing} == {
        name: taken[name] for name in taken if name not in differing
    }


def test_whatever_moodle_refuses_of_a_request_differs_from_ours_in_it() -> None:
    """Each refused request lacks or changes exactly what it is named for, so none of them can be ours."""
    tried = [one for one in load("auth-endpoint") if "params" in one]
    taken = next(one["params"] for one in tried if one["note"] == "ok")
    refused = {
        one["note"]: {name for name in taken if one["params"].get(name) != taken[name]} - {"nonce", "lti_message_hint"}
        for one in tried
        if one["status"] != 200 or "error" in (one["form"] or {})
    }
    alone = {"same launch hint replayed", "missing nonce", "no lti_message_hint", "lti_message_hint garbage"}
    assert {note for note, changed in refused.items() if not changed} == alone
    assert len(refused) == 13


def test_key_set_is_read() -> None:
    keys = read_key_set(json.dumps(load("moodle-jwks")).encode())
    assert {kid: key.key_size for kid, key in keys.items()} == {"546cb39b8bd64ea42eb1": 2048}
    assert {load(name)["id_token_header"]["kid"] for name in ("launch-learner", "deep-linking-request")} == set(keys)
