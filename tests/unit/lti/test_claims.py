import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import is_storable, read_message, read_origin, read_return_url
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.json_text import parse_json
from lti_tool.lti.values import LaunchMessage
from tests.certification.scene import ISSUER, TOOL, KeyPair, Scene

ORIGIN = ("https", "tool.example.org", 443)
PRESENTATION = "launch_presentation"


def read(scene: Scene, **changes: object) -> LaunchMessage:
    return read_message(scene.claims(**changes), ORIGIN)


def refuse(scene: Scene, **changes: object) -> RefusalCode:
    with pytest.raises(LaunchRefused) as refusal:
        read(scene, **changes)
    return refusal.value.code


GARBAGE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["", " ", "\0", "\ud800", "javascript:alert(1)", "https://", "x" * 5000, "$A.b", 10**400, 1e308]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
CLAIM_NAMES = [
    "sub",
    "iat",
    "name",
    "given_name",
    "family_name",
    "email",
    vocabulary.CLAIM_MESSAGE_TYPE,
    vocabulary.CLAIM_VERSION,
    vocabulary.CLAIM_DEPLOYMENT_ID,
    vocabulary.CLAIM_TARGET_LINK_URI,
    vocabulary.CLAIM_ROLES,
    vocabulary.CLAIM_RESOURCE_LINK,
    vocabulary.CLAIM_CONTEXT,
    vocabulary.CLAIM_LAUNCH_PRESENTATION,
    vocabulary.CLAIM_CUSTOM,
    vocabulary.CLAIM_AGS_ENDPOINT,
    vocabulary.CLAIM_NAMES_ROLES,
    vocabulary.CLAIM_TOOL_PLATFORM,
]
MEMBERS = ["id", "title", "label", "scope", "lineitem", "lineitems", "return_url", "locale", "document_target"]
MORE_MEMBERS = ["context_memberships_url", "product_family_code", "module"]
OBJECTS = st.dictionaries(st.sampled_from(MEMBERS + MORE_MEMBERS), GARBAGE, max_size=6)


def assert_storable(value: object) -> None:
    if isinstance(value, str):
        assert is_storable(value)
    elif isinstance(value, tuple):
        for item in value:
            assert_storable(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            assert_storable(getattr(value, name))
    elif hasattr(value, "items"):
        for name, item in value.items():
            assert_storable(name)
            assert_storable(item)


@pytest.fixture(scope="session")
def scene_of_the_session(platform_pair: KeyPair, stranger_pair: KeyPair) -> Scene:
    return Scene(platform_pair, stranger_pair, datetime.now(UTC))


@given(changes=st.dictionaries(st.sampled_from(CLAIM_NAMES), GARBAGE | OBJECTS, min_size=1, max_size=4))
@example(changes={vocabulary.CLAIM_RESOURCE_LINK: None})
@example(changes={vocabulary.CLAIM_CUSTOM: {"a": 10**400, "b": True, "c": [1], "d": "\ud800"}})
@settings(max_examples=150)
def test_any_garbage_in_any_claim_is_read_or_refused(changes: dict[str, Any], scene_of_the_session: Scene) -> None:
    claims = parse_json(json.dumps(scene_of_the_session.claims() | changes).encode())
    assert isinstance(claims, dict)
    try:
        assert_storable(read_message(claims, ORIGIN))
    except LaunchRefused as refusal:
        said = refusal.detail
    else:
        said = ""
    assert said.isprintable()
    assert read_return_url(claims) is None or isinstance(read_return_url(claims), str)


@pytest.mark.parametrize(
    "claim",
    ["context", PRESENTATION, vocabulary.CLAIM_CUSTOM, vocabulary.CLAIM_AGS_ENDPOINT, vocabulary.CLAIM_TOOL_PLATFORM],
)
@pytest.mark.parametrize("nothing", [[], {}, None])
def test_empty_optional_claims_count_as_absent(claim: str, nothing: object, scene: Scene) -> None:
    """PHP writes an empty object as ``[]``; platforms send null for what they do not know."""
    if claim == "context" and nothing == {}:
        assert refuse(scene, context={}) == RefusalCode.BAD_CLAIM
        return
    full = {"context": vocabulary.CLAIM_CONTEXT, PRESENTATION: vocabulary.CLAIM_LAUNCH_PRESENTATION}.get(claim, claim)
    message = read_message(scene.claims() | {full: nothing}, ORIGIN)
    assert message.custom == {}
    assert (message.return_url is None) == (claim == PRESENTATION)
    assert (message.context is None) == (claim == "context")


def test_custom_values_become_text_and_the_unfilled_are_absent(scene: Scene) -> None:
    custom = {
        "module": "visioning",
        "number": 7,
        "fraction": 1.5,
        "yes": True,
        "no": False,
        "nothing": None,
        "unfilled": "$Canvas.course.id",
        "price": "$5",
        "dollars": "$ ResourceLink.id",
        "list": ["a"],
        "object": {"a": "b"},
        "empty": "",
        "long": "x" * 4001,
    }
    assert read(scene, **{vocabulary.CLAIM_CUSTOM: custom}).custom == {
        "module": "visioning",
        "number": "7",
        "fraction": "1.5",
        "yes": "true",
        "no": "false",
        "price": "$5",
        "dollars": "$ ResourceLink.id",
        "empty": "",
    }


def test_custom_without_end_is_refused(scene: Scene) -> None:
    assert refuse(scene, **{vocabulary.CLAIM_CUSTOM: {str(n): "x" for n in range(201)}}) == RefusalCode.BAD_CLAIM


def test_message_cannot_be_changed_afterwards(scene: Scene) -> None:
    message = read(scene, **{vocabulary.CLAIM_CUSTOM: {"module": "visioning"}})
    with pytest.raises(TypeError):
        message.custom["module"] = "coaching"  # type: ignore[index]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Plain", "Plain"),
        ("  spaces  ", "spaces"),
        ("line\nbreak\ttab", "line break tab"),
        ("turned \u202e round", "turned   round"),
        ("👩‍💻 family", "👩‍💻 family"),
        ("می‌خواهم", "می‌خواهم"),
        ("ספרן \u200f", "ספרן \u200f"),
        ("x" * 300, "x" * 255),
        ("", None),
        (" \n ", None),
        ("\u2028", None),
    ],
)
def test_words_for_people_are_cleaned_and_cut(sent: str, shown: str | None, scene: Scene) -> None:
    message = read(scene, name=sent, resource_link={"id": "1", "title": sent}, context={"id": "1", "title": sent})
    assert message.person.name == shown
    assert message.resource_link is not None
    assert message.resource_link.title == shown
    assert message.context is not None
    assert message.context.title == shown


@pytest.mark.parametrize("email", ["no address", "x" * 300 + "@example.edu", ""])
def test_what_is_no_address_is_left_out(email: str, scene: Scene) -> None:
    assert read(scene, email=email).person.email is None


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://user@evil.example/", "", "not a url"]
)
def test_way_back_is_http_or_nothing(url: str, scene: Scene) -> None:
    assert read(scene, launch_presentation={"return_url": url}).return_url is None
    assert read_return_url({vocabulary.CLAIM_LAUNCH_PRESENTATION: {"return_url": url}}) is None


@pytest.mark.parametrize("target", ["popup", "IFRAME", "", None])
def test_unknown_document_target_is_absent(target: str | None, scene: Scene) -> None:
    assert read(scene, launch_presentation={"document_target": target}).document_target is None


def test_gradebook_is_read(scene: Scene) -> None:
    ags = {
        "scope": [vocabulary.SCOPE_SCORE, "https://example.edu/scope/other"],
        "lineitems": f"{ISSUER}/items?type_id=1",
        "lineitem": "",
    }
    read_ags = read(scene, **{vocabulary.CLAIM_AGS_ENDPOINT: ags}).ags
    assert read_ags is not None
    assert read_ags.scopes == (vocabulary.SCOPE_SCORE,)
    assert (read_ags.line_items_url, read_ags.line_item_url) == (f"{ISSUER}/items?type_id=1", None)


@pytest.mark.parametrize("ags", [{"scope": "x"}, {"scope": [1]}, {"lineitem": "ftp://x"}, {"lineitems": 5}, "x"])
def test_gradebook_of_a_wrong_shape_is_refused(ags: object, scene: Scene) -> None:
    assert refuse(scene, **{vocabulary.CLAIM_AGS_ENDPOINT: ags}) == RefusalCode.BAD_CLAIM


def test_identifier_that_lost_a_character_is_refused(scene: Scene) -> None:
    assert refuse(scene, resource_link={"id": "a\ufffd"}) == RefusalCode.BAD_CLAIM


@pytest.mark.parametrize("length", [255, 256])
def test_identifiers_have_255_characters_at_most(length: int, scene: Scene) -> None:
    changes: dict[str, object] = {"deployment_id": "d" * length}
    if length == 255:
        assert read(scene, **changes).deployment_id == "d" * 255
    else:
        assert refuse(scene, **changes) == RefusalCode.BAD_CLAIM


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Tool.Example.org/a?b#c", ("https", "tool.example.org", 443)),
        ("HTTP://127.0.0.1:5000", ("http", "127.0.0.1", 5000)),
        ("https://[::1]:8443/", ("https", "[::1]", 8443)),
        ("https://lms_1/x", ("https", "lms_1", 443)),
        (f"{TOOL}?x=1", ORIGIN),
        (f"{TOOL}\\@evil.example", None),
        (f"{TOOL}@evil.example", None),
        (f" {TOOL}", None),
        (f"{TOOL}/a b", None),
        (f"{TOOL}/\n", None),
        (f"{TOOL}\n", None),
        (f"{TOOL}:99999/", None),
        (f"{TOOL}:/", None),
        ("https:///x", None),
        ("https:tool.example.org", None),
        ("/lti/launch", None),
        ("https://tool.example.org/" + "x" * 2000, None),
    ],
)
def test_origin_is_what_a_browser_would_go_to(url: str, origin: tuple[str, str, int] | None) -> None:
    assert read_origin(url) == origin


@given(st.text())
def test_origin_of_any_text_never_raises(url: str) -> None:
    read_origin(url)
    read_origin("https://" + url)
