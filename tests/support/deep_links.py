"""A fake tool's side of Deep Linking at the demo LMS: being asked to choose, and answering."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import jwt
from werkzeug.test import TestResponse

from lti_tool.demo_lms.settings import CLIENT_ID, DEPLOYMENT_ID
from lti_tool.lti import vocabulary as lti
from tests.support.fake_tool import LMS, TOOL, DemoLmsWithFakeTool, read_form

Claims = dict[str, Any]

SETTINGS = lti.CLAIM_DEEP_LINKING_SETTINGS


def ask(lms: DemoLmsWithFakeTool, placement: str = "several", course: str = "course-3", sub: str = "201") -> Claims:
    """Press the button on the course page and return the claims the tool gets."""
    lms.be(sub)
    page = lms.browser.get(f"/launch/{course}/deep-linking/{placement}", base_url=LMS)
    assert page.status_code == 200, page.text
    action, login = read_form(page.text)
    assert action == f"{TOOL}/lti/login"
    _, fields = read_form(lms.authorize(lms.make_request(login)).text)
    return lms.verify(fields["id_token"])


def make_item(module: str = "visioning", **changes: object) -> Claims:
    """A good item with a column, with changes; None takes one away."""
    item: Claims = {
        "type": lti.ITEM_RESOURCE_LINK,
        "title": f"Plan: {module}",
        "text": "Your score appears when your plan is accepted.",
        "url": f"{TOOL}/lti/launch",
        "custom": {"module": module, "link_id": "abc-1"},
        "lineItem": {
            "label": f"Column: {module}",
            "scoreMaximum": 50,
            "resourceId": module,
            "tag": "leading-edge",
            "submissionReview": {"url": f"{TOOL}/lti/launch", "custom": {"show": "work"}, "reviewableStatus": ["None"]},
        },
        **changes,
    }
    return {name: value for name, value in item.items() if value is not None}


def make_answer(lms: DemoLmsWithFakeTool, asked: Claims, items: object, **changes: object) -> Claims:
    """The claims of a good answer; None takes one away."""
    now = int(lms.platform.read_clock().timestamp())
    claims: Claims = {
        "iss": CLIENT_ID,
        "aud": LMS,
        "iat": now - 5,
        "exp": now + 300,
        "nonce": uuid4().hex,
        lti.CLAIM_MESSAGE_TYPE: lti.MESSAGE_DEEP_LINKING_RESPONSE,
        lti.CLAIM_VERSION: lti.VERSION,
        lti.CLAIM_DEPLOYMENT_ID: DEPLOYMENT_ID,
        lti.CLAIM_CONTENT_ITEMS: items,
        **({lti.CLAIM_DATA: asked[SETTINGS]["data"]} if "data" in asked[SETTINGS] else {}),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign(lms: DemoLmsWithFakeTool, claims: Mapping[str, object], **header: str | None) -> str:
    """The answer as a token; a header of None is taken away."""
    headers = {name: value for name, value in {"kid": lms.tool_kid, **header}.items() if value is not None}
    return jwt.encode(dict(claims), lms.tool_key, "RS256", headers)


def answer(
    lms: DemoLmsWithFakeTool, asked: Claims, items: object, *, token: str | None = None, **changes: object
) -> TestResponse:
    """Post the answer as the tool's page makes the browser do it."""
    text = token or sign(lms, make_answer(lms, asked, items, **changes))
    address = asked[SETTINGS]["deep_link_return_url"].removeprefix(LMS)
    return lms.browser.post(address, base_url=LMS, data={"JWT": text}, headers={"Origin": TOOL})
