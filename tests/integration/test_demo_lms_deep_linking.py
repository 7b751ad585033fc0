"""The demo LMS asks a tool to choose, checks the answer, and shows, launches and reviews what was placed."""

from html import escape
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from lti_tool.demo_lms.manners import Manner
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.deep_links import SETTINGS, answer, ask, make_answer, make_item, sign
from tests.support.fake_tool import LMS, TOOL, DemoLmsWithFakeTool, read_form

MANNERS = list(Manner)


@pytest.fixture
def lms(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock())


def have_manner(tmp_path: Path, manner: Manner, **settings: Any) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock(), manner=manner, **settings)


def list_titles(lms: DemoLmsWithFakeTool, course: str = "course-3") -> list[str]:
    found = lms.platform.courses.find(course)
    assert found is not None
    return [link.title for link in found.placed]


def launch_placed(lms: DemoLmsWithFakeTool, key: str, sub: str = "101", course: str = "course-3") -> dict[str, Any]:
    claims = lms.launch(sub, key, course)
    assert claims[lti.CLAIM_MESSAGE_TYPE] == lti.MESSAGE_RESOURCE_LINK
    return claims


@pytest.mark.parametrize("manner", MANNERS)
def test_the_request_has_every_claim_and_no_resource_link(tmp_path: Path, manner: Manner) -> None:
    claims = ask(have_manner(tmp_path, manner))
    assert claims[lti.CLAIM_MESSAGE_TYPE] == "LtiDeepLinkingRequest"
    assert claims[lti.CLAIM_CONTEXT]["id"] == "course-3"
    assert lti.CLAIM_RESOURCE_LINK not in claims
    assert "lineitems" in claims[lti.CLAIM_AGS_ENDPOINT]
    assert "lineitem" not in claims[lti.CLAIM_AGS_ENDPOINT]
    settings = claims[SETTINGS]
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert "iframe" in settings["accept_presentation_document_targets"]
    assert settings["deep_link_return_url"].startswith(f"{LMS}/api/lti/deep-linking/return?")


@pytest.mark.parametrize(
    ("manner", "placement", "multiple", "at_once"),
    [
        (Manner.STRICT, "one", False, False),
        (Manner.STRICT, "several", True, False),
        (Manner.STRICT, "series", True, True),
        (Manner.CANVAS, "one", False, False),
        (Manner.CANVAS, "several", True, False),
        (Manner.CANVAS, "series", True, True),
        (Manner.MOODLE, "one", True, False),
        (Manner.MOODLE, "several", True, False),
    ],
)
def test_a_placement_says_how_many_it_takes(
    tmp_path: Path, manner: Manner, placement: str, multiple: bool, at_once: bool
) -> None:
    settings = ask(have_manner(tmp_path, manner), placement)[SETTINGS]
    assert (settings["accept_multiple"], settings["auto_create"]) == (multiple, at_once)


def test_each_manner_has_its_own_settings(tmp_path: Path) -> None:
    strict = ask(have_manner(tmp_path / "s", Manner.STRICT))[SETTINGS]
    canvas = ask(have_manner(tmp_path / "c", Manner.CANVAS))
    moodle = ask(have_manner(tmp_path / "m", Manner.MOODLE))
    assert strict["accept_lineitem"] is True
    assert '"quoted" & <tagged> é+%20\n' in strict["data"]
    assert "accept_lineitem" not in canvas[SETTINGS]
    assert "data" not in canvas[SETTINGS]
    assert "?data=ey" in canvas[SETTINGS]["deep_link_return_url"]
    assert canvas["https://www.instructure.com/placement"] == "link_selection"
    assert "accept_lineitem" not in moodle[SETTINGS]
    assert "data" not in moodle[SETTINGS]
    assert "?course=course-3&id=1&sesskey=" in moodle[SETTINGS]["deep_link_return_url"]
    assert moodle[lti.CLAIM_LAUNCH_PRESENTATION] == {"locale": "en"}
    assert moodle[SETTINGS]["can_confirm"] is False


@pytest.mark.parametrize("sub", ["101", "301", "401"])
def test_only_a_facilitator_may_add(lms: DemoLmsWithFakeTool, sub: str) -> None:
    lms.be(sub)
    assert lms.browser.get("/launch/course-3/deep-linking/several", base_url=LMS).status_code == 403
    assert ">Add from" not in lms.browser.get("/courses/course-3", base_url=LMS).text


def test_an_unknown_placement_or_tool_is_not_found(lms: DemoLmsWithFakeTool) -> None:
    lms.be("201")
    for address in ("/launch/course-3/deep-linking/nowhere", "/launch/course-3/deep-linking/one?client=x"):
        assert lms.browser.get(address, base_url=LMS).status_code == 404


@pytest.mark.parametrize("manner", MANNERS)
def test_the_course_page_offers_it_in_a_frame(tmp_path: Path, manner: Manner) -> None:
    lms = have_manner(tmp_path, manner)
    lms.be("201")
    page = lms.browser.get("/courses/course-3", base_url=LMS).text
    assert "There is nothing in this course yet." in page
    assert "Add from Leading Edge" in page
    assert page.count("/courses/course-3/add/") == (1 if manner is Manner.MOODLE else 3)
    picker = lms.browser.get("/courses/course-3/add/several", base_url=LMS).text
    assert 'src="/launch/course-3/deep-linking/several?client=leading-edge-demo&amp;target=iframe"' in picker
    assert "open it in a new tab" not in picker


def test_what_was_placed_is_on_the_page_and_can_be_launched(lms: DemoLmsWithFakeTool) -> None:
    page = answer(lms, ask(lms), [make_item(url=f"{TOOL}/lti/launch?item=7"), make_item("coaching", lineItem=None)])
    assert page.status_code == 200
    assert "2 activities added to Leading Edge Cohort, empty" in page.text
    assert 'target="_top"' in page.text
    shown = lms.browser.get("/courses/course-3", base_url=LMS).text
    assert "Plan: visioning" in shown
    assert "Plan: coaching" in shown
    claims = launch_placed(lms, "placed-1")
    assert claims[lti.CLAIM_CUSTOM] == {"module": "visioning", "link_id": "abc-1"}
    assert claims[lti.CLAIM_TARGET_LINK_URI] == f"{TOOL}/lti/launch?item=7"
    assert claims[lti.CLAIM_RESOURCE_LINK] == {
        "id": "course-3-placed-1",
        "title": "Plan: visioning",
        "description": "Your score appears when your plan is accepted.",
    }
    assert "lineitem" in claims[lti.CLAIM_AGS_ENDPOINT]
    assert "lineitem" not in launch_placed(lms, "placed-2")[lti.CLAIM_AGS_ENDPOINT]


def test_the_login_names_the_links_own_page(lms: DemoLmsWithFakeTool) -> None:
    answer(lms, ask(lms), [make_item(url=f"{TOOL}/lti/launch?item=7")])
    assert lms.start_launch("101", "placed-1", "course-3")["target_link_uri"] == f"{TOOL}/lti/launch?item=7"


def test_a_placed_column_takes_scores(lms: DemoLmsWithFakeTool) -> None:
    answer(lms, ask(lms), [make_item()])
    (column,) = lms.platform.gradebook.list_columns("course-3")
    assert (column.label, column.maximum, column.resource_id, column.tag) == (
        "Column: visioning",
        50,
        "visioning",
        "leading-edge",
    )
    assert column.resource_link_id == "course-3-placed-1"
    assert not column.made_by_tool
    assert lms.post_score(path=f"/api/lti/courses/course-3/lineitems/{column.id}/lineitem").status_code == 200
    assert "46 of 50" in lms.browser.get("/courses/course-3/grades", base_url=LMS).text


def test_canvas_places_unpublished(tmp_path: Path) -> None:
    lms = have_manner(tmp_path, Manner.CANVAS)
    assert "not published yet" in answer(lms, ask(lms, "series"), [make_item(), make_item("coaching")]).text
    (first, _) = lms.platform.gradebook.list_columns("course-3")
    assert "submissionReview" not in first.extras
    assert list_titles(lms)[0] == "Column: visioning", "Canvas names an assignment after its column"
    lms.be("101")
    assert "Column: visioning" not in lms.browser.get("/courses/course-3", base_url=LMS).text
    assert lms.browser.get("/launch/course-3/placed-1", base_url=LMS).status_code == 403
    lms.be("201")
    change = "/courses/course-3/links/placed-1"
    assert lms.browser.post(change, base_url=LMS, data={"act": "publish"}).status_code == 303
    assert launch_placed(lms, "placed-1")["sub"] == "101"


def test_moodle_ignores_the_label_and_has_a_default_maximum(tmp_path: Path) -> None:
    lms = have_manner(tmp_path, Manner.MOODLE)
    answer(lms, ask(lms), [make_item(lineItem={"label": "Ignored", "resourceId": "r"}), make_item("coaching")])
    first, second = lms.platform.gradebook.list_columns("course-3")
    assert (first.label, first.maximum, first.resource_id) == ("Plan: visioning", 100, "r")
    assert (second.label, second.maximum) == ("Plan: coaching", 50)
    assert list_titles(lms) == ["Plan: visioning", "Plan: coaching"]


def test_a_facilitator_can_take_a_link_out_again(lms: DemoLmsWithFakeTool) -> None:
    answer(lms, ask(lms), [make_item()])
    for sub, status in (("101", 403), ("201", 303)):
        lms.be(sub)
        removal = lms.browser.post("/courses/course-3/links/placed-1", base_url=LMS, data={"act": "remove"})
        assert removal.status_code == status
    assert list_titles(lms) == []
    assert lms.platform.gradebook.list_columns("course-3") == []
    assert lms.browser.get("/launch/course-3/placed-1", base_url=LMS).status_code == 404


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({lti.CLAIM_MESSAGE_SHOWN: "Two are <new>"}, "The tool says: Two are &lt;new&gt;"),
        ({lti.CLAIM_ERROR_SHOWN: "No room"}, "The tool could not do it.</strong> It says: No room"),
        ({}, "You came back without choosing anything"),
        ({lti.CLAIM_CONTENT_ITEMS: None}, "You came back without choosing anything"),
    ],
)
def test_calling_it_off_is_a_page(lms: DemoLmsWithFakeTool, claims: dict[str, Any], words: str) -> None:
    page = answer(lms, ask(lms), [], **claims)
    assert page.status_code == 200
    assert "Nothing was added" in page.text
    assert words in page.text
    assert list_titles(lms) == []


def test_an_error_places_nothing_whatever_comes_with_it(lms: DemoLmsWithFakeTool) -> None:
    answer(lms, ask(lms), [make_item()], **{lti.CLAIM_ERROR_SHOWN: "No"})
    assert list_titles(lms) == []


NOW = int(Clock().now().timestamp())


@pytest.mark.parametrize(
    ("claims", "requirement"),
    [
        ({"iss": "somebody"}, "iss is the client_id"),
        ({"aud": "https://elsewhere.example"}, "aud is the LMS"),
        ({"aud": [LMS, "https://elsewhere.example"]}, "aud is the LMS"),
        ({"exp": NOW}, "exp is in the future"),
        ({"exp": None}, "exp and iat are there as numbers"),
        ({"iat": None}, "exp and iat are there as numbers"),
        ({"iat": NOW + 61}, "iat is not in the future by more than 60 seconds"),
        ({"nonce": None}, "nonce is there"),
        ({lti.CLAIM_MESSAGE_TYPE: lti.MESSAGE_DEEP_LINKING}, "message_type is LtiDeepLinkingResponse"),
        ({lti.CLAIM_VERSION: "1.1"}, "version is 1.3.0"),
        ({lti.CLAIM_DEPLOYMENT_ID: "2"}, "deployment_id is 1"),
        ({lti.CLAIM_DATA: None}, "data is what the LMS sent, byte for byte"),
        ({lti.CLAIM_DATA: "else"}, "data is what the LMS sent, byte for byte"),
        ({lti.CLAIM_MESSAGE_SHOWN: 7}, "msg, if it is there, is text"),
    ],
)
def test_an_answer_with_a_wrong_claim_places_nothing(
    lms: DemoLmsWithFakeTool, claims: dict[str, Any], requirement: str
) -> None:
    asked = ask(lms)
    page = answer(lms, asked, [make_item()], **claims)
    assert page.status_code == 400
    assert requirement in page.text.replace("&#39;", "'")
    assert list_titles(lms) == []
    assert lms.platform.traffic.list_newest()[0].is_refused
    assert answer(lms, asked, [make_item()]).status_code == 200, "the address is still good"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "link"}, "is of type link"),
        ({"url": "https://elsewhere.example/lti/launch"}, "not on the tool's host"),
        ({"url": "http://127.0.0.1:5009/lti/launch"}, "not on the tool's host"),
        ({"url": 5}, "a url that is not text"),
        ({"custom": {"module": 5}}, "a custom that is not an object of texts"),
        ({"custom": ["a"]}, "a custom that is not an object of texts"),
        ({"lineItem": {"label": "x"}}, "scoreMaximum is not a number above 0"),
        ({"lineItem": {"scoreMaximum": 0}}, "scoreMaximum is not a number above 0"),
        ({"lineItem": {"scoreMaximum": "100"}}, "scoreMaximum is not a number above 0"),
        ({"lineItem": [1]}, "a lineItem that is not an object"),
        ({"lineItem": {"scoreMaximum": 1, "submissionReview": True}}, "submissionReview that is not an object"),
        ({"iframe": {"width": "100%"}}, "whose size is not a number"),
        ({"window": "_blank"}, "a window that is not an object"),
        ({"available": {"startDateTime": "2026-03-01"}}, "is not an ISO 8601 date and time"),
    ],
)
def test_an_item_that_was_not_asked_for_places_nothing(
    lms: DemoLmsWithFakeTool, change: dict[str, Any], words: str
) -> None:
    page = answer(lms, ask(lms), [make_item("coaching"), make_item(**change)])
    assert page.status_code == 400
    assert "item 2" in page.text
    assert words in page.text.replace("&#39;", "'")
    assert list_titles(lms) == []
    assert lms.platform.gradebook.list_columns("course-3") == []


@pytest.mark.parametrize("items", [{"type": "ltiResourceLink"}, "none", [7]])
def test_items_of_a_wrong_kind_are_refused(lms: DemoLmsWithFakeTool, items: object) -> None:
    assert answer(lms, ask(lms), items).status_code == 400


@pytest.mark.parametrize("manner", [Manner.STRICT, Manner.CANVAS])
def test_more_items_than_asked_for_are_refused(tmp_path: Path, manner: Manner) -> None:
    lms = have_manner(tmp_path, manner)
    page = answer(lms, ask(lms, "one"), [make_item(), make_item("coaching")])
    assert page.status_code == 400
    assert "no more items than the LMS asked for" in page.text
    assert answer(lms, ask(lms, "one"), [make_item()]).status_code == 200


def test_data_comes_back_byte_for_byte(lms: DemoLmsWithFakeTool) -> None:
    asked = ask(lms)
    data = asked[SETTINGS]["data"]
    for changed in (f"{data} ", escape(data), data.replace("\n", ""), data.replace("é", "e\u0301")):
        assert answer(lms, asked, [make_item()], **{lti.CLAIM_DATA: changed}).status_code == 400
    assert answer(lms, asked, [make_item()]).status_code == 200


def test_data_the_lms_did_not_send_is_refused(tmp_path: Path) -> None:
    lms = have_manner(tmp_path, Manner.MOODLE)
    asked = ask(lms)
    for data in ("", None, "made-up"):
        claims = {**make_answer(lms, asked, [make_item()]), lti.CLAIM_DATA: data}
        assert answer(lms, asked, [], token=sign(lms, claims)).status_code == 400


@pytest.mark.parametrize(("manner", "seconds", "status"), [
    (Manner.MOODLE, 0, 200),
    (Manner.MOODLE, 1, 400),
    (Manner.CANVAS, 30, 200),
    (Manner.STRICT, 30, 200),
])  # fmt: skip
def test_moodle_forgives_no_second_of_a_future_iat(tmp_path: Path, manner: Manner, seconds: int, status: int) -> None:
    lms = have_manner(tmp_path, manner)
    now = int(lms.clock.now().timestamp())
    assert answer(lms, ask(lms), [make_item()], iat=now + seconds).status_code == status


def test_signature_and_key_are_checked(lms: DemoLmsWithFakeTool) -> None:
    asked = ask(lms)
    claims = make_answer(lms, asked, [make_item()])
    good = sign(lms, claims)
    head, body, _ = good.split(".")
    other = generate_private_key(public_exponent=65537, key_size=2048)
    own, lms.tool_key = lms.tool_key, other
    foreign = sign(lms, claims)
    lms.tool_key = own
    for token in (
        sign(lms, claims, kid=None),
        sign(lms, claims, kid="unknown"),
        f"{head}.{body}.",
        foreign,
        lms.platform.sign(claims),
        "nonsense",
    ):
        assert answer(lms, asked, [], token=token).status_code == 400, token
    assert list_titles(lms) == []
    assert answer(lms, asked, [], token=good).status_code == 200


def test_a_nonce_and_an_address_work_once(lms: DemoLmsWithFakeTool) -> None:
    first, second = ask(lms), ask(lms)
    assert answer(lms, first, [make_item()], nonce="n1").status_code == 200
    again = answer(lms, first, [make_item()], nonce="n2")
    assert "the address was not used before" in again.text
    reused = answer(lms, second, [make_item()], nonce="n1")
    assert "nonce was not used before" in reused.text
    assert len(list_titles(lms)) == 1


def test_the_address_is_taken_verbatim_and_ends(tmp_path: Path) -> None:
    lms = have_manner(tmp_path, Manner.MOODLE)
    asked = ask(lms)
    address = asked[SETTINGS]["deep_link_return_url"]
    asked[SETTINGS]["deep_link_return_url"] = address.replace("course=course-3", "course=course-1")
    assert answer(lms, asked, [make_item()]).status_code == 400
    asked[SETTINGS]["deep_link_return_url"] = address.partition("&sesskey")[0]
    assert answer(lms, asked, [make_item()]).status_code == 400
    asked[SETTINGS]["deep_link_return_url"] = address
    lms.clock.advance(hours=8)
    assert answer(lms, asked, [make_item()]).status_code == 400


@pytest.mark.parametrize("form", [{}, {"id_token": "x"}, {"JWT": "x", "state": "y"}])
def test_the_form_has_one_parameter(lms: DemoLmsWithFakeTool, form: dict[str, str]) -> None:
    address = ask(lms)[SETTINGS]["deep_link_return_url"].removeprefix(LMS)
    page = lms.browser.post(address, base_url=LMS, data=form)
    assert (page.status_code, "one parameter JWT" in page.text) == (400, True)


def test_a_request_needs_its_tool_and_keeps_its_secret_from_the_traffic(lms: DemoLmsWithFakeTool) -> None:
    asked = ask(lms)
    handle = asked[SETTINGS]["deep_link_return_url"].partition("request=")[2]
    assert handle
    assert handle not in lms.browser.get("/traffic?all=1", base_url=LMS).text


def test_placed_links_survive_a_restart(lms: DemoLmsWithFakeTool) -> None:
    answer(lms, ask(lms), [make_item()])
    lms.start()
    assert launch_placed(lms, "placed-1")[lti.CLAIM_CUSTOM]["module"] == "visioning"


# Submission review


def review(lms: DemoLmsWithFakeTool, sub: str, query: str = "?for=101", course: str = "course-3") -> dict[str, Any]:
    lms.be(sub)
    (column, *_) = lms.platform.gradebook.list_columns(course)
    page = lms.browser.get(f"/launch/{course}/review/{column.id}{query}", base_url=LMS)
    assert page.status_code == 200, page.text
    _, fields = read_form(lms.authorize(lms.make_request(read_form(page.text)[1])).text)
    return lms.verify(fields["id_token"])


@pytest.mark.parametrize("manner", [Manner.STRICT, Manner.MOODLE])
@pytest.mark.parametrize("sub", ["201", "101"])
def test_work_is_reviewed_by_a_facilitator_and_by_oneself(tmp_path: Path, manner: Manner, sub: str) -> None:
    lms = have_manner(tmp_path, manner)
    answer(lms, ask(lms), [make_item(lineItem={
        "scoreMaximum": 10,
        "submissionReview": {"url": f"{TOOL}/lti/launch?review", "custom": {"show": "work"}},
    })])  # fmt: skip
    claims = review(lms, sub)
    assert claims[lti.CLAIM_MESSAGE_TYPE] == "LtiSubmissionReviewRequest"
    assert claims[lti.CLAIM_FOR_USER] == {"user_id": "101"}
    assert claims["sub"] == sub
    assert claims[lti.CLAIM_TARGET_LINK_URI] == f"{TOOL}/lti/launch?review"
    assert claims[lti.CLAIM_RESOURCE_LINK]["id"] == "course-3-placed-1"
    assert {"module": "visioning", "show": "work"}.items() <= claims[lti.CLAIM_CUSTOM].items()
    assert "lineitem" in claims[lti.CLAIM_AGS_ENDPOINT]


def test_moodles_column_head_names_nobody(tmp_path: Path) -> None:
    lms = have_manner(tmp_path, Manner.MOODLE)
    answer(lms, ask(lms), [make_item()])
    claims = review(lms, "201", "")
    assert claims[lti.CLAIM_MESSAGE_TYPE] == "LtiSubmissionReviewRequest"
    assert lti.CLAIM_FOR_USER not in claims
    lms.be("201")
    assert "Open the work<" in lms.browser.get("/courses/course-3/grades", base_url=LMS).text


def test_the_gradebook_offers_ones_own_work_only(lms: DemoLmsWithFakeTool) -> None:
    lms.be("101")
    page = lms.browser.get("/courses/course-1/grades", base_url=LMS).text
    assert (page.count("Open your work"), page.count("Open this person")) == (8, 0)
    lms.be("201")
    page = lms.browser.get("/courses/course-1/grades", base_url=LMS).text
    assert page.count("Open this person") == 32
    assert lms.browser.get("/courses/course-1/review/1?for=101", base_url=LMS).status_code == 200
    assert review(lms, "201", course="course-1")[lti.CLAIM_CUSTOM] == {"module": "visioning"}


@pytest.mark.parametrize(
    ("sub", "query", "status"),
    [("102", "?for=101", 403), ("401", "?for=101", 403), ("201", "?for=201", 404), ("201", "", 404)],
)
def test_who_may_not_review(lms: DemoLmsWithFakeTool, sub: str, query: str, status: int) -> None:
    lms.be(sub)
    assert lms.browser.get(f"/launch/course-1/review/1{query}", base_url=LMS).status_code == status


def test_canvas_opens_what_the_tool_named_with_the_score(tmp_path: Path) -> None:
    lms = have_manner(tmp_path, Manner.CANVAS)
    lms.be("201")
    refused = lms.browser.get("/launch/course-1/review/1?for=101", base_url=LMS)
    assert (refused.status_code, "Nothing to open yet" in refused.text) == (403, True)
    opened = f"{TOOL}/lti/launch?person=7"
    extension: dict[str, Any] = {"submission_type": "basic_lti_launch", "submission_data": opened}
    fields: dict[str, Any] = {"https://canvas.instructure.com/lti/submission": extension}
    assert lms.post_score(**fields).status_code == 200
    claims = review(lms, "201", course="course-1")
    assert claims[lti.CLAIM_MESSAGE_TYPE] == lti.MESSAGE_RESOURCE_LINK
    assert claims[lti.CLAIM_TARGET_LINK_URI] == opened
