"""A demo LMS in a test, and the other side of it: a tool that is nothing but a key pair and a test client."""

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options
from werkzeug.test import TestResponse

from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.courses import find_course
from lti_tool.demo_lms.memory import Memory
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.settings import CLIENT_ID, DemoLmsSettings
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock

LMS = "http://localhost:5001"
TOOL = "http://127.0.0.1:5000"
ALL_SCOPES = (
    lti.SCOPE_MEMBERSHIP_READONLY,
    lti.SCOPE_LINE_ITEM,
    lti.SCOPE_LINE_ITEM_READONLY,
    lti.SCOPE_RESULT_READONLY,
    lti.SCOPE_SCORE,
)
GOOD_SCORE = {
    "userId": "101",
    "scoreGiven": 92,
    "scoreMaximum": 100,
    "activityProgress": "Completed",
    "gradingProgress": "FullyGraded",
    "timestamp": "2026-03-04T20:14:00.000Z",
    "comment": "A plan one can act on.",
}

_tool_key = generate_private_key(public_exponent=65537, key_size=2048)
_platform_pem = (
    generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.action = values.get("action") or ""
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values.get("name") or ""] = values.get("value") or ""


def read_form(page: str) -> tuple[str, dict[str, str]]:
    """Where the page's form goes, and its hidden fields."""
    reader = _FormReader()
    reader.feed(page)
    return reader.action, reader.fields


class DemoLmsWithFakeTool:
    """A demo LMS on a folder, a browser for it, and a registered tool that can do what a tool does."""

    def __init__(self, folder: Path, clock: Clock, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.tool_key = _tool_key
        self.tool_kid = "tool-key-1"
        self.key_fetches = 0
        with Memory(folder).write() as connection:  # a pair of its own would cost every test a tenth of a second
            connection.execute("INSERT INTO platform_keys (kid, pem) VALUES ('platform-key-1', ?)", (_platform_pem,))
        self.start()

    def start(self) -> None:
        """Start it, or start it again on the same folder."""
        settings = DemoLmsSettings(
            data_dir=self.folder, clock=self.clock, fetch_tool_keys=self.publish_tool_keys, **self.settings
        )
        self.app = create_demo_lms(settings)
        self.browser = self.app.test_client()
        self.platform: Platform = self.app.extensions["demo_lms"]

    def publish_tool_keys(self) -> Mapping[str, object]:
        self.key_fetches += 1
        public = RSAAlgorithm.to_jwk(self.tool_key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.tool_kid, "alg": "RS256", "use": "sig"}]}

    def be(self, sub: str) -> None:
        """Choose a person in the browser."""
        answer = self.browser.post("/person", base_url=LMS, data={"person": sub, "course": "course-1"})
        assert answer.status_code == 303

    def start_launch(self, sub: str = "101", link: str = "visioning", course: str = "course-1") -> dict[str, str]:
        """Choose a person, open a link, and return what the tool's login address would get."""
        self.be(sub)
        page = self.browser.get(f"/launch/{course}/{link}", base_url=LMS)
        assert page.status_code == 200
        action, fields = read_form(page.text)
        assert action == f"{TOOL}/lti/login"
        return fields

    def make_request(self, login: Mapping[str, str], **changes: str | None) -> dict[str, str]:
        """The authorization request a good tool makes of this login, with changes; None takes one away."""
        request: dict[str, str | None] = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": CLIENT_ID,
            "redirect_uri": f"{TOOL}/lti/launch",
            "login_hint": login["login_hint"],
            "lti_message_hint": login["lti_message_hint"],
            "state": "state-1",
            "nonce": "nonce-1",
            **changes,
        }
        return {name: value for name, value in request.items() if value is not None}

    def authorize(self, request: Mapping[str, str], method: str = "GET") -> TestResponse:
        if method == "POST":
            return self.browser.post("/api/lti/authorize", base_url=LMS, data=request)
        return self.browser.get("/api/lti/authorize", base_url=LMS, query_string=request)

    def launch(self, sub: str = "101", link: str = "visioning", course: str = "course-1") -> dict[str, Any]:
        """Go the whole way and return the verified claims of the id_token."""
        page = self.authorize(self.make_request(self.start_launch(sub, link, course)))
        action, fields = read_form(page.text)
        assert (action, fields["state"]) == (f"{TOOL}/lti/launch", "state-1")
        return self.verify(fields["id_token"])

    def verify(self, token: str) -> dict[str, Any]:
        """Check a token of the LMS against its published keys, on the test's clock."""
        keys = self.browser.get("/api/lti/jwks.json", base_url=LMS).get_json()["keys"]
        kid = jwt.get_unverified_header(token)["kid"]
        key = next(jwt.PyJWK.from_dict(item) for item in keys if item["kid"] == kid)
        off: Options = {"verify_exp": False, "verify_iat": False}
        claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], options=off, audience=CLIENT_ID, issuer=LMS)
        return claims

    def make_assertion(
        self, *, key: RSAPrivateKey | None = None, header: Mapping[str, str] | None = None, **changes: object
    ) -> str:
        """A good client assertion, with changes to its claims; None takes one away."""
        now = int(self.platform.read_clock().timestamp())
        claims: dict[str, object] = {
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "aud": f"{LMS}/api/lti/token",
            "iat": now - 5,
            "exp": now + 60,
            "jti": uuid4().hex,
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        headers = {"kid": self.tool_kid, **(header or {})}
        algorithm = headers.pop("alg", "RS256")
        kept_headers = {name: value for name, value in headers.items() if value}
        return jwt.encode(kept, key or self.tool_key, algorithm, kept_headers)

    def ask_token(
        self, *scopes: str, assertion: str | None = None, media_type: str | None = None, **changes: str | None
    ) -> TestResponse:
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "client_assertion_type": lti.CLIENT_ASSERTION_TYPE,
            "client_assertion": assertion if assertion is not None else self.make_assertion(),
            "scope": " ".join(scopes or ALL_SCOPES),
            **changes,
        }
        kept = {name: value for name, value in form.items() if value is not None}
        content_type = media_type or "application/x-www-form-urlencoded"
        return self.browser.post("/api/lti/token", base_url=LMS, data=kept, content_type=content_type)

    def get_token(self, *scopes: str) -> str:
        answer = self.ask_token(*scopes)
        assert answer.status_code == 200, answer.text
        return str(answer.get_json(force=True)["access_token"])  # Moodle calls it a page

    def find_column_path(self, module: str = "visioning", course: str = "course-1") -> str:
        found = find_course(course)
        assert found is not None
        (column,) = self.platform.gradebook.list_columns(found.id, resource_id=module)
        return f"/api/lti/courses/{course}/lineitems/{column.id}/lineitem"

    def post_score(
        self,
        *,
        token: str | None = None,
        path: str | None = None,
        media_type: str = lti.MEDIA_SCORE,
        raw: bytes | None = None,
        **changes: object,
    ) -> TestResponse:
        """Send a good score, with changes to its fields; the string "absent" takes one away."""
        body = {name: value for name, value in {**GOOD_SCORE, **changes}.items() if value != "absent"}
        options: dict[str, Any] = {"data": raw} if raw is not None else {"json": body}
        return self.browser.post(
            f"{path or self.find_column_path()}/scores?type_id=1",
            base_url=LMS,
            headers={"Authorization": f"Bearer {token or self.get_token(lti.SCOPE_SCORE)}"},
            content_type=media_type,
            **options,
        )

    def read(self, path: str, media_type: str, *scopes: str) -> TestResponse:
        """Read a service address with a token of these scopes."""
        headers = {"Authorization": f"Bearer {self.get_token(*scopes)}", "Accept": media_type}
        return self.browser.get(path, base_url=LMS, headers=headers)
