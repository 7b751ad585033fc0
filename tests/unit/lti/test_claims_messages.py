"""What the other messages bring: the wishes of a deep linking request, whose work a review is about, no name at all."""

from typing import Any

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import LONGEST_DATA, LONGEST_RETURN_URL, MOST_NAMES, read_message
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.message_documents import read_message_document, write_message
from lti_tool.lti.platforms import CANVAS_PLACEMENT
from lti_tool.lti.values import DeepLinkingSettings, LaunchMessage, NoticeService
from tests.certification.scene import ISSUER, Scene

ORIGIN = ("https", "tool.example.org", 443)
RETURN_URL = f"{ISSUER}/courses/42/deep_links?data=eyJ0.a-b_c&sesskey=km%2Fru53bIO6&accept[]=x"
SETTINGS: dict[str, object] = {
    "deep_link_return_url": RETURN_URL,
    "accept_types": ["ltiResourceLink", "link"],
    "accept_presentation_document_targets": ["iframe", "window"],
}


def read(scene: Scene, message_type: str, **changes: object) -> LaunchMessage:
    return read_message(scene.claims(message_type=message_type, **changes), ORIGIN)


def read_anonymous(scene: Scene, sub: object) -> LaunchMessage:
    claims = scene.claims(message_type=vocabulary.MESSAGE_RESOURCE_LINK, sub=sub)
    return read_message(claims, ORIGIN, allow_anonymous=True)


def read_wishes(scene: Scene, wishes: object, **changes: object) -> DeepLinkingSettings:
    settings = {vocabulary.CLAIM_DEEP_LINKING_SETTINGS: wishes}
    message = read(scene, vocabulary.MESSAGE_DEEP_LINKING, resource_link=None, **settings, **changes)
    assert message.deep_linking is not None
    return message.deep_linking


def refuse_wishes(scene: Scene, wishes: object) -> RefusalCode:
    with pytest.raises(LaunchRefused) as refusal:
        read_wishes(scene, wishes)
    return refusal.value.code


def test_least_that_is_said_is_read_with_the_specifications_defaults(scene: Scene) -> None:
    assert read_wishes(scene, SETTINGS) == DeepLinkingSettings(
        return_url=RETURN_URL,
        accept_types=("ltiResourceLink", "link"),
        document_targets=("iframe", "window"),
        accepts_multiple=False,
        accepts_line_item=None,
        is_auto_created=False,
    )


def test_everything_that_is_said_is_read(scene: Scene) -> None:
    said = {
        "accept_multiple": True,
        "accept_lineitem": False,
        "auto_create": True,
        "title": " Add\nsessions ",
        "text": "Choose",
        "data": "csrf:\n{&amp;}\u2028 ü",
    }
    wishes = read_wishes(scene, SETTINGS | said, **{CANVAS_PLACEMENT: "module_index_menu_modal"})
    assert (wishes.accepts_multiple, wishes.accepts_line_item, wishes.is_auto_created) == (True, False, True)
    assert (wishes.title, wishes.text, wishes.placement) == ("Add sessions", "Choose", "module_index_menu_modal")
    # The platform's own, to be sent back to the letter.
    assert wishes.data == said["data"]


@pytest.mark.parametrize("name", ["accept_multiple", "auto_create", "accept_lineitem"])
@pytest.mark.parametrize(("said", "meant"), [(True, True), ("true", True), ("False", False), (False, False)])
def test_yes_and_no_may_come_as_words(name: str, said: object, meant: bool, scene: Scene) -> None:
    wishes = read_wishes(scene, SETTINGS | {name: said})
    values = {
        "accept_multiple": wishes.accepts_multiple,
        "auto_create": wishes.is_auto_created,
        "accept_lineitem": wishes.accepts_line_item,
    }
    assert values[name] is meant


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deep_link_return_url": None}, RefusalCode.BAD_DEEP_LINK_RETURN),
        ({"deep_link_return_url": ""}, RefusalCode.BAD_DEEP_LINK_RETURN),
        ({"deep_link_return_url": ["https://lms.example.edu"]}, RefusalCode.BAD_DEEP_LINK_RETURN),
        ({"deep_link_return_url": "javascript:alert(1)"}, RefusalCode.BAD_DEEP_LINK_RETURN),
        ({"deep_link_return_url": "//lms.example.edu/dl"}, RefusalCode.BAD_DEEP_LINK_RETURN),
        ({"deep_link_return_url": f"{ISSUER}/{'x' * LONGEST_RETURN_URL}"}, RefusalCode.BAD_DEEP_LINK_RETURN),
        ({"data": 7}, RefusalCode.BAD_CLAIM),
        ({"data": {"a": "b"}}, RefusalCode.BAD_CLAIM),
        ({"data": "lost \ufffd"}, RefusalCode.BAD_CLAIM),
        ({"data": "x" * (LONGEST_DATA + 1)}, RefusalCode.BAD_CLAIM),
        ({"accept_multiple": "yes"}, RefusalCode.BAD_CLAIM),
        ({"accept_multiple": 1}, RefusalCode.BAD_CLAIM),
        ({"accept_lineitem": []}, RefusalCode.BAD_CLAIM),
        ({"auto_create": {}}, RefusalCode.BAD_CLAIM),
        ({"accept_types": {"a": "b"}}, RefusalCode.BAD_CLAIM),
        ({"accept_types": [7]}, RefusalCode.BAD_CLAIM),
        ({"accept_types": ["x" * 256]}, RefusalCode.BAD_CLAIM),
        ({"accept_types": ["x"] * (MOST_NAMES + 1)}, RefusalCode.BAD_CLAIM),
        ({"title": 7}, RefusalCode.BAD_CLAIM),
    ],
)
def test_wishes_of_a_wrong_shape_are_refused(changes: dict[str, object], code: RefusalCode, scene: Scene) -> None:
    assert refuse_wishes(scene, SETTINGS | changes) == code


@pytest.mark.parametrize("settings", [None, [], "x", 7, ["a"]])
def test_a_request_without_wishes_is_refused(settings: object, scene: Scene) -> None:
    expected = (
        RefusalCode.MISSING_DEEP_LINKING_SETTINGS if settings is None or settings == [] else RefusalCode.BAD_CLAIM
    )
    assert refuse_wishes(scene, settings) == expected


def test_one_type_alone_and_none_at_all_are_read(scene: Scene) -> None:
    wishes = read_wishes(scene, SETTINGS | {"accept_types": "ltiResourceLink", "data": ""})
    assert (wishes.accept_types, wishes.data) == (("ltiResourceLink",), "")
    assert read_wishes(scene, {"deep_link_return_url": RETURN_URL}).accept_types == ()


def test_only_its_own_message_brings_wishes_or_somebodys_work(scene: Scene) -> None:
    more: dict[str, Any] = {
        vocabulary.CLAIM_DEEP_LINKING_SETTINGS: SETTINGS,
        vocabulary.CLAIM_FOR_USER: {"user_id": "9"},
    }
    message = read(scene, vocabulary.MESSAGE_RESOURCE_LINK, **more)
    assert (message.deep_linking, message.for_user) == (None, None)
    review = read(scene, vocabulary.MESSAGE_SUBMISSION_REVIEW, **more)
    assert (review.deep_linking, review.for_user) == (None, "9")
    assert review.resource_link is not None


@pytest.mark.parametrize("for_user", [None, [], {}, {"user_id": None}, {"user_id": ""}, {"name": "Dana"}])
def test_a_review_that_names_nobody_is_read(for_user: object, scene: Scene) -> None:
    """Moodle's gradebook column leaves it out (measured)."""
    message = read(scene, vocabulary.MESSAGE_SUBMISSION_REVIEW, **{vocabulary.CLAIM_FOR_USER: for_user})
    assert message.for_user is None


@pytest.mark.parametrize("user_id", [7, [], {}, [""], True, " ", "a\n", "x" * 256])
def test_a_review_that_names_somebody_unreadable_is_refused(user_id: object, scene: Scene) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        read(scene, vocabulary.MESSAGE_SUBMISSION_REVIEW, **{vocabulary.CLAIM_FOR_USER: {"user_id": user_id}})
    assert refusal.value.code == RefusalCode.BAD_CLAIM


@pytest.mark.parametrize("allowed", [True, False])
def test_an_anonymous_launch_gets_in_where_it_is_allowed(allowed: bool, scene: Scene) -> None:
    if allowed:
        assert read_anonymous(scene, None).subject == ""
        return
    with pytest.raises(LaunchRefused) as refusal:
        read(scene, vocabulary.MESSAGE_RESOURCE_LINK, sub=None)
    assert refusal.value.code == RefusalCode.MISSING_SUBJECT


@pytest.mark.parametrize(("sub", "code"), [("", RefusalCode.MISSING_SUBJECT), (7, RefusalCode.BAD_SUBJECT)])
def test_a_broken_subject_is_not_an_anonymous_one(sub: object, code: RefusalCode, scene: Scene) -> None:
    with pytest.raises(LaunchRefused) as refusal:
        read_anonymous(scene, sub)
    assert refusal.value.code == code


def test_a_service_for_notices_is_read(scene: Scene) -> None:
    service = {
        "platform_notification_service_url": f"{ISSUER}/notices",
        "notice_types_supported": [vocabulary.NOTICE_CONTEXT_COPY],
    }
    message = read(scene, vocabulary.MESSAGE_RESOURCE_LINK, **{vocabulary.CLAIM_NOTICE_SERVICE: service})
    assert message.notices == NoticeService(f"{ISSUER}/notices", (vocabulary.NOTICE_CONTEXT_COPY,))
    for nothing in (None, {}, {"notice_types_supported": ["x"]}):
        message = read(scene, vocabulary.MESSAGE_RESOURCE_LINK, **{vocabulary.CLAIM_NOTICE_SERVICE: nothing})
        assert message.notices is None


def test_a_message_that_waits_in_the_database_comes_back_whole(scene: Scene) -> None:
    settings = {vocabulary.CLAIM_DEEP_LINKING_SETTINGS: SETTINGS | {"accept_lineitem": True, "data": "d"}}
    service = {"platform_notification_service_url": f"{ISSUER}/notices", "notice_types_supported": ["a"]}
    for message in (
        read(scene, vocabulary.MESSAGE_RESOURCE_LINK, **{vocabulary.CLAIM_NOTICE_SERVICE: service}),
        read(scene, vocabulary.MESSAGE_DEEP_LINKING, resource_link=None, context=None, **settings),
        read(scene, vocabulary.MESSAGE_SUBMISSION_REVIEW, **{vocabulary.CLAIM_FOR_USER: {"user_id": "9"}}),
    ):
        assert read_message_document(write_message(message)) == message
