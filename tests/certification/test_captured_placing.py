"""Deep linking with a real Moodle: its requests, what it did with a tool's answers, and what it would do with ours."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool.lti import vocabulary
from lti_tool.web.tool import Tool
from tests.certification.moodle import CLIENT_ID, ISSUER, TOOL, load, load_claims
from tests.certification.moodle_door import MoodleDoor
from tests.support.fake_tool import read_form
from tests.support.front_door import Page
from tests.support.pages import check_page

Item = dict[str, Any]

# What the laboratory's tool sent, and the file that shows Moodle's form afterwards.
FORMS = {
    "one-graded": "dl-one-graded-form",
    "one-ungraded": "dl-one-ungraded-form",
    "no-url": "dl-no-url-form",
    "sub-review": "dl-sub-review-form",
    "link-only": "dl-link-only-form",
}
LEFT_EMPTY = {"empty": "dl-empty-form", "errormsg": "dl-errormsg-form"}
SEVERAL = {"two": "dl-two-form", "mixed": "dl-mixed-form"}


def list_sent_items(variant: str) -> list[Item]:
    answers = load("deep-linking-responses-sent-by-tool")
    items: list[Item] = next(one for one in answers if one["variant"] == variant)["payload"][
        vocabulary.CLAIM_CONTENT_ITEMS
    ]
    return items


def fill_form(item: Item) -> dict[str, object]:
    """What Moodle's activity form holds after one item: the rules read off the captures, tested on them below."""
    column = item.get("lineItem", {})
    review = column.get("submissionReview", {})

    def write_lines(custom: dict[str, object]) -> str:
        return "\n".join(f"{name}={value}" for name, value in custom.items())

    return {
        "#id_name": item["title"],
        "#id_toolurl": item.get("url", ""),
        "#id_instructorcustomparameters": write_lines(item.get("custom", {})),
        "#id_secureicon": item.get("icon", {}).get("url", ""),
        "[name=lineitemresourceid]": column.get("resourceId", ""),
        "[name=lineitemtag]": column.get("tag", ""),
        "[name=lineitemsubreviewurl]": review.get("url", ""),
        "[name=lineitemsubreviewparams]": write_lines(review.get("custom", {})),
        "#id_grade_modgrade_point": str(column.get("scoreMaximum", 100)),
        "#id_instructorchoiceacceptgrades": "lineItem" in item,
    }


@pytest.mark.parametrize("variant", FORMS)
def test_form_is_filled_as_moodle_filled_it(variant: str) -> None:
    (item,) = list_sent_items(variant)
    filled = load(FORMS[variant])["fields"]
    expected = fill_form(item)
    assert {name: filled[name] for name in expected} == expected
    assert filled["#id_launchcontainer"] is None, "where it opens is the teacher's to say"


@pytest.mark.parametrize("variant", [*LEFT_EMPTY, *SEVERAL])
def test_form_is_not_filled_by_nothing_or_by_several(variant: str) -> None:
    """Several items make their activities at once, behind a form that only asks to confirm them."""
    filled = load((LEFT_EMPTY | SEVERAL)[variant])["fields"]
    assert filled["#id_name"] == ("" if variant in LEFT_EMPTY else "item")
    assert filled["#id_toolurl"] == ""
    assert filled["#id_instructorchoiceacceptgrades"] == (variant in SEVERAL)
    assert (len(list_sent_items(variant)) > 1) == (variant in SEVERAL)


@pytest.fixture
def door(moodle_door: MoodleDoor) -> MoodleDoor:
    return moodle_door


@dataclass(frozen=True)
class Answer:
    """What the picker sends back to Moodle."""

    address: str
    header: dict[str, Any]
    payload: dict[str, Any]

    @property
    def items(self) -> list[Item]:
        items: list[Item] = self.payload[vocabulary.CLAIM_CONTENT_ITEMS]
        return items


def place(door: MoodleDoor, do: str = "place", capture: str = "deep-linking-request", **form: str) -> Answer:
    """Open the picker by a captured request, press a button of it, and confirm."""
    browser, answer = door.launch(capture)
    for button in (do, "confirm"):
        if 'name="JWT"' in answer.text:
            break
        answer = press(browser, answer, button, form if button == do else {})
    return read_answer(door, answer)


def press(browser: FlaskClient, answer: TestResponse, button: str, form: dict[str, str]) -> TestResponse:
    fields = Page(answer, check_page(answer.text), "/lti/place").form("/lti/place")
    pressed = browser.post("/lti/place", base_url=TOOL, data=fields | form | {"do": button}, headers={"Origin": TOOL})
    assert pressed.status_code == 200, pressed.text
    return pressed


def read_answer(door: MoodleDoor, answer: TestResponse) -> Answer:
    """Take the answer's page as Moodle takes its form: the token's signature by our published keys."""
    address, fields = read_form(answer.text)
    tool: Tool = door.app.extensions["lti_tool"]
    header = jwt.get_unverified_header(fields["JWT"])
    keys = {key["kid"]: jwt.PyJWK(dict(key)) for key in tool.keys.public_jwks()["keys"]}
    # Moodle's php-jwt has no leeway; neither has this.
    payload = jwt.decode(fields["JWT"], keys[header["kid"]], algorithms=["RS256"], audience=ISSUER, leeway=0)
    assert f"form-action 'self' {ISSUER}" in answer.headers["Content-Security-Policy"]
    return Answer(address, header, payload)


def test_verdicts_of_moodle_on_answers() -> None:
    """Only key, issuer and times are looked at; ours hold for each by the test below."""
    _, *tried = load("deep-linking-responses")
    refused = {one["note"] for one in tried if one["moodle_error"]}
    assert refused == {
        *("other key", "unknown kid", "wrong iss", "expired", "iat +3s"),
        *("return to other type id=2", "bad sesskey"),
    }
    said = {one["note"]: one["notifications"] for one in tried}
    assert (said["errormsg"], said["msg"]) == ([["danger", "Tool said no"]], [["success", "Tool says hi"]])
    assert said["empty + msg"] == [], "what is said without items is not shown"


def test_our_answer_passes_what_moodle_looks_at(door: MoodleDoor) -> None:
    answer = place(door)
    taken = next(one["payload"] for one in load("deep-linking-responses") if one["note"] == "ok")
    assert set(taken) <= set(answer.payload)
    same = (
        "iss",
        vocabulary.CLAIM_MESSAGE_TYPE,
        vocabulary.CLAIM_VERSION,
        vocabulary.CLAIM_DEPLOYMENT_ID,
    )
    assert {name: answer.payload[name] for name in same} == {name: taken[name] for name in same}
    assert answer.payload["iss"] == CLIENT_ID
    now = int(door.clock.now().timestamp())
    assert answer.payload["iat"] <= now - 3, "a clock 3 seconds behind ours must not refuse it"
    assert now < answer.payload["exp"] <= now + 600
    assert vocabulary.CLAIM_DATA not in answer.payload, "Moodle sent none"
    asked = load_claims("deep-linking-request")[vocabulary.CLAIM_DEEP_LINKING_SETTINGS]
    assert answer.address == asked["deep_link_return_url"]
    query = parse_qs(urlsplit(answer.address).query)
    assert query == {"course": ["2"], "id": ["1"], "sesskey": ["removed"]}


@pytest.mark.parametrize(
    "capture",
    ["deep-linking-request", "deep-linking-request-first-use-in-course", "launch-partitioned-cookies-3p-blocked"],
)
def test_whole_series_fills_moodles_forms(capture: str, door: MoodleDoor) -> None:
    answer = place(door, capture=capture)
    assert len(answer.items) >= 8
    forms = [fill_form(item) for item in answer.items]
    assert len({form["#id_instructorcustomparameters"] for form in forms}) == len(forms)
    with_columns = [form for form in forms if form["#id_instructorchoiceacceptgrades"]]
    assert len(with_columns) == 8
    for form in with_columns:
        module = form["[name=lineitemresourceid]"]
        assert f"module={module}" in str(form["#id_instructorcustomparameters"]).split("\n")
        assert form["#id_grade_modgrade_point"] == "100"
        assert form["[name=lineitemtag]"] == "leading-edge"
        assert form["[name=lineitemsubreviewurl]"] == f"{TOOL}/lti/launch"
        assert f"module={module}" in str(form["[name=lineitemsubreviewparams]"]).split("\n")
    for form in forms:
        assert form["#id_toolurl"] == f"{TOOL}/lti/launch"
        assert str(form["#id_secureicon"]).startswith(TOOL)
        assert 0 < len(str(form["#id_name"])) <= 255
        assert all("=" in line for line in str(form["#id_instructorcustomparameters"]).split("\n"))


def test_items_hold_nothing_moodle_mangles(door: MoodleDoor) -> None:
    """A value that is no text, or has a line break, becomes another parameter: ``nl=a`` and ``b`` in the capture."""
    mangled = next(one for one in load("deep-linking-responses") if one["note"] == "custom non-string values")
    assert "nl=a\nb\nnul=" in json.loads(mangled["returned_to_form"])["instructorcustomparameters"]
    for item in place(door).items:
        assert item["type"] == "ltiResourceLink"
        assert isinstance(item.get("lineItem", {}).get("scoreMaximum", 100), int)
        custom = item["custom"] | item.get("lineItem", {}).get("submissionReview", {}).get("custom", {})
        assert all(isinstance(value, str) and "\n" not in value for value in custom.values())
        assert "<" not in item["text"] + item["title"]


def test_nothing_placed_goes_back_with_an_empty_list(door: MoodleDoor) -> None:
    answer = place(door, do="cancel")
    assert answer.items == []
    assert answer.payload[vocabulary.CLAIM_MESSAGE_SHOWN] == "Nothing was placed."
    assert vocabulary.CLAIM_ERROR_SHOWN not in answer.payload


def test_header_is_what_moodle_needs(door: MoodleDoor) -> None:
    answer = place(door)
    assert answer.header["alg"] == "RS256"
    assert answer.header["kid"], "without kid Moodle finds no key"
