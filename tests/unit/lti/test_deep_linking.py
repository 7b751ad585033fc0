"""The answer to a deep linking request: what each family is told, and beside the stock library's answer."""

from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest
from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource

from lti_tool.lti import vocabulary
from lti_tool.lti.deep_linking import DeepLinkAnswer, PlacedLink, describe_item, sign_answer
from lti_tool.lti.library import KnownRegistration
from lti_tool.lti.platforms import list_placing_steps, placing_traits_of
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import DeepLinkingSettings, Registration
from tests.certification.moodle import load
from tests.certification.scene import CLIENT_ID, ISSUER, TOOL
from tests.support.clock import Clock

FAMILIES = ("canvas", "moodle", "other")
RETURN = f"{ISSUER}/return?a=1&b=2"
EVENING = datetime(2026, 5, 29, 23, 59, 59, tzinfo=timezone(timedelta(hours=-5)))
LINK = PlacedLink(
    module_key="visioning",
    title="On the Leading Edge of Visioning",
    text="Build a foundation.",
    placement_id="p" * 43,
    has_column=True,
    due_at=EVENING,
    closes_at=EVENING,
)


def sign(
    registration: Registration, keys: ToolKeys, clock: Clock, answer: DeepLinkAnswer, data: str | None = None
) -> dict[str, Any]:
    settings = DeepLinkingSettings(RETURN, (vocabulary.ITEM_RESOURCE_LINK,), ("iframe",), data=data)
    token = sign_answer(registration, "7:d1", settings, answer, key=keys.signing_key(), base_url=TOOL, now=clock.now())
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": keys.signing_key().kid, "typ": "JWT"}
    public = keys.signing_key().private_key.public_key()
    options: Any = {"verify_exp": False, "verify_iat": False}
    payload: dict[str, Any] = jwt.decode(token, public, algorithms=["RS256"], audience=ISSUER, options=options)
    return payload


def test_answer_says_who_it_is_from_and_for_and_is_a_little_old(
    registration: Registration, tool_keys: ToolKeys, clock: Clock
) -> None:
    payload = sign(registration, tool_keys, clock, DeepLinkAnswer((LINK,), shown="Sent.", logged="1"))
    now = int(clock.now().timestamp())
    items = payload.pop(vocabulary.CLAIM_CONTENT_ITEMS)
    assert len(payload.pop("nonce")) == 43
    assert payload == {
        "iss": CLIENT_ID,
        "aud": ISSUER,
        "iat": now - 5,
        "exp": now + 300,
        vocabulary.CLAIM_MESSAGE_TYPE: "LtiDeepLinkingResponse",
        vocabulary.CLAIM_VERSION: "1.3.0",
        vocabulary.CLAIM_DEPLOYMENT_ID: "7:d1",
        vocabulary.CLAIM_MESSAGE_SHOWN: "Sent.",
        vocabulary.CLAIM_MESSAGE_LOGGED: "1",
    }
    assert [item["custom"]["module"] for item in items] == ["visioning"]


@pytest.mark.parametrize("data", ["", "csrf:0 é≤\u2028'\"<&>", None])
def test_data_comes_back_to_the_letter_and_only_if_it_came(
    data: str | None, registration: Registration, tool_keys: ToolKeys, clock: Clock
) -> None:
    payload = sign(registration, tool_keys, clock, DeepLinkAnswer(), data)
    assert payload.get(vocabulary.CLAIM_DATA, "absent") == ("absent" if data is None else data)
    assert payload[vocabulary.CLAIM_CONTENT_ITEMS] == []


def test_errors_have_claims_of_their_own(registration: Registration, tool_keys: ToolKeys, clock: Clock) -> None:
    payload = sign(registration, tool_keys, clock, DeepLinkAnswer(error="Nothing fits.", error_logged="types"))
    assert payload[vocabulary.CLAIM_ERROR_SHOWN] == "Nothing fits."
    assert payload[vocabulary.CLAIM_ERROR_LOGGED] == "types"
    assert vocabulary.CLAIM_MESSAGE_SHOWN not in payload


@pytest.mark.parametrize("family", FAMILIES)
def test_link_opens_our_one_address_and_carries_module_and_id(family: str) -> None:
    item = describe_item(LINK, family, TOOL)
    assert (item["type"], item["url"]) == ("ltiResourceLink", f"{TOOL}/lti/launch")
    custom = item["custom"]
    assert isinstance(custom, dict)
    assert (custom["module"], custom["placement"]) == ("visioning", "p" * 43)
    assert custom["context_history"] == "$Context.id.history"
    assert not any("\n" in value for value in custom.values())
    column = item["lineItem"]
    assert isinstance(column, dict)
    assert (column["label"], column["scoreMaximum"]) == (LINK.title, 100)
    assert (column["resourceId"], column["tag"]) == ("visioning", "leading-edge")


def test_line_break_in_a_value_makes_no_second_parameter() -> None:
    item = describe_item(PlacedLink("one\nadmin=1", "T", "t"), "moodle", TOOL)
    assert item["custom"] == {"module": "one admin=1", "context_history": "$Context.id.history"}


def test_canvas_gets_dates_sections_and_a_frame_that_fits_a_phone() -> None:
    item = describe_item(LINK, "canvas", TOOL)
    assert item["submission"] == item["available"] == {"endDateTime": "2026-05-30T04:59:59Z"}
    assert item["iframe"] == {"height": 800}
    custom, column = item["custom"], item["lineItem"]
    assert isinstance(custom, dict)
    assert isinstance(column, dict)
    assert custom["section_ids"] == "$Canvas.course.sectionIds"
    assert custom["prev_contexts"] == "$Canvas.course.previousContextIds"
    assert "submissionReview" not in column


def test_moodle_gets_what_it_honors_and_nothing_else() -> None:
    item = describe_item(PlacedLink(**{**_fields(LINK), "opens_new_tab": True}), "moodle", TOOL)
    assert {"submission", "available", "window", "iframe"} & set(item) == set()
    column = item["lineItem"]
    assert isinstance(column, dict)
    review = column["submissionReview"]
    (captured,) = [
        sent["payload"][vocabulary.CLAIM_CONTENT_ITEMS][0]
        for sent in load("deep-linking-responses-sent-by-tool")
        if sent["variant"] == "sub-review"
    ]
    assert set(review) == set(captured["lineItem"]["submissionReview"])
    assert review["reviewableStatus"] == captured["lineItem"]["submissionReview"]["reviewableStatus"]
    assert review["url"] == f"{TOOL}/lti/launch"
    assert review["custom"] == {"module": "visioning", "placement": "p" * 43}


def _fields(link: PlacedLink) -> dict[str, Any]:
    return {name: getattr(link, name) for name in PlacedLink.__dataclass_fields__}


def test_new_tab_replaces_the_frame() -> None:
    item = describe_item(PlacedLink("visioning", "T", "t", opens_new_tab=True), "canvas", TOOL)
    assert item["window"] == {"targetName": "_blank"}
    assert "iframe" not in item
    assert "lineItem" not in item


def test_long_title_is_cut_where_platforms_choke() -> None:
    item = describe_item(PlacedLink("visioning", "T" * 300, "t", has_column=True), "other", TOOL)
    column = item["lineItem"]
    assert isinstance(column, dict)
    assert (len(str(item["title"])), len(str(column["label"]))) == (255, 255)


@pytest.mark.parametrize(
    ("placement", "columns", "is_new_module"),
    [
        ("module_index_menu_modal", [True, True], True),
        ("course_assignments_menu", [True, True], False),
        ("course_assignments_menu", [True, False], True),
        ("link_selection", [True, False], False),
        (None, [True], False),
    ],
)
def test_canvas_says_when_it_makes_a_module(placement: str | None, columns: list[bool], is_new_module: bool) -> None:
    steps = " ".join(list_placing_steps("canvas", placement, columns))
    assert ("New Content From App" in steps) == is_new_module
    assert "ublish" in steps


def test_moodle_says_what_bulk_completion_wants() -> None:
    steps = " ".join(list_placing_steps("moodle", None, [True, True]))
    assert "Receive a grade" in steps
    assert "Accept grades from the tool" in steps
    assert "gradebook" not in " ".join(list_placing_steps("moodle", None, [False]))


def test_unknown_family_is_treated_by_the_specification() -> None:
    assert placing_traits_of("blackboard") == placing_traits_of("other")


# Beside the stock library: each override shows what it mends.


def sign_stock(registration: Registration, keys: ToolKeys, settings: dict[str, Any]) -> dict[str, Any]:
    resource = DeepLinkResource().set_url(f"{TOOL}/lti/launch").set_title("Visioning").set_target("window")
    known = KnownRegistration(registration, keys.signing_key())
    stock = DeepLink(known, "7:d1", settings)  # type: ignore[arg-type] # what a platform sends
    options: Any = {"verify_signature": False}
    payload: dict[str, Any] = jwt.decode(stock.get_response_jwt([resource]), options=options)
    return payload


def test_stock_answers_for_this_very_second_and_always_sends_data(
    registration: Registration, tool_keys: ToolKeys, clock: Clock
) -> None:
    stock = sign_stock(registration, tool_keys, {"deep_link_return_url": RETURN})
    ours = sign(registration, tool_keys, clock, DeepLinkAnswer((LINK,)))
    assert stock["exp"] - stock["iat"] == 600
    assert stock[vocabulary.CLAIM_DATA] is None
    assert ours["iat"] < clock.now().timestamp()
    assert vocabulary.CLAIM_DATA not in ours


def test_stock_items_know_no_text_and_no_target(registration: Registration, tool_keys: ToolKeys) -> None:
    (item,) = sign_stock(registration, tool_keys, {"deep_link_return_url": RETURN})[vocabulary.CLAIM_CONTENT_ITEMS]
    assert set(item) == {"type", "title", "url", "custom"}
    assert {"text", "window"} <= set(describe_item(PlacedLink("a", "T", "t", opens_new_tab=True), "other", TOOL))


def test_stock_form_takes_an_address_as_it_comes(registration: Registration, tool_keys: ToolKeys) -> None:
    known = KnownRegistration(registration, tool_keys.signing_key())
    stock = DeepLink(known, "7:d1", {"deep_link_return_url": f'{ISSUER}/"><script>'})
    assert '"><script>' in stock.get_response_form_html("token")
