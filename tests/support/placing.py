"""A facilitator at an invented LMS that asks for content: its signed request, the picker, and the answer it gets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.content.schema import Series
from lti_tool.lti import vocabulary
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.platforms import CANVAS_PLACEMENT
from lti_tool.lti.tool_keys import rotate
from lti_tool.models import Store
from lti_tool.services.registrations import RegistrationInput, add_registration
from lti_tool.web.tool import Tool
from tests.certification.scene import CLIENT_ID, DEPLOYMENT_ID, INSTRUCTOR, ISSUER, KeyPair, Scene
from tests.support.clock import Clock
from tests.support.front_door import Page
from tests.support.pages import check_page
from tests.support.series import load_real_series
from tests.unit.lti.doubles import keys_that_serve

TOOL = "https://tool.example.org"
RETURN_URL = f"{ISSUER}/courses/42/deep_links?data=eyJ0.a-b_c&sesskey=kmru53bIO6"
COLUMN = f"{ISSUER}/courses/42/line_items/1"

Fields = dict[str, Any]


def make_settings(**changes: object) -> dict[str, object]:
    """What a Canvas module menu asks for; a setting changed to None is left out."""
    settings: dict[str, object] = {
        "deep_link_return_url": RETURN_URL,
        "accept_types": [vocabulary.ITEM_RESOURCE_LINK],
        "accept_presentation_document_targets": ["iframe", "window"],
        "accept_multiple": True,
        "auto_create": False,
    }
    return {name: value for name, value in (settings | changes).items() if value is not None}


@dataclass
class Picking:
    """One browser with a picker open: its page, and what was sent to the LMS in the end."""

    place: "PlacingScene"
    client: FlaskClient
    page: Page
    answer: TestResponse

    def send(self, do: str, *, origin: str | None = None, **changes: Any) -> Page:
        """Send the page's form with this button; a field changed to None is not sent."""
        fields = {**self.page.form("/lti/place"), **changes}
        data = {name: value for name, value in fields.items() if value is not None} | {"do": do}
        self.answer = self.post(data, origin or self.place.base_url)
        self.page = Page(self.answer, check_page(self.answer.text, "/lti/place"), "/lti/place")
        return self.page

    def post(self, data: Mapping[str, Any], origin: str) -> TestResponse:
        """Send any form to the picker's address."""
        return self.client.post("/lti/place", base_url=self.place.base_url, data=data, headers={"Origin": origin})

    @property
    def handle(self) -> str:
        """The handle that the page's form carries."""
        return str(self.page.form("/lti/place")["handle"])

    def read_answer(self, return_url: str = RETURN_URL) -> dict[str, Any]:
        """The payload of the answer on the page, as a strict platform reads it."""
        (form,) = list(self.page.tree.iter("form"))
        assert (form.get("method"), form.get("action")) == ("post", return_url)
        fields = self.page.form()
        assert list(fields) == ["JWT"]
        return self.place.verify(fields["JWT"])


@dataclass
class PlacingScene:
    """The tool with one registered platform whose keys are invented."""

    app: Flask
    keys: KeyPair
    clock: Clock
    base_url: str = TOOL
    issuer: str = ISSUER

    @property
    def tool(self) -> Tool:
        """The wired tool."""
        tool: Tool = self.app.extensions["lti_tool"]
        return tool

    @property
    def store(self) -> Store:
        """The tool's database."""
        return self.tool.store

    def open_picker(
        self,
        settings: Mapping[str, object] | None = None,
        *,
        roles: tuple[str, ...] = (INSTRUCTOR,),
        sub: str = "ruth",
        placement: str | None = None,
        **claims: object,
    ) -> Picking:
        """Ask for content as this person does; ``placement`` is Canvas's name of the place she clicked."""
        client = self.app.test_client()
        answer = self.post_launch(
            client,
            sub,
            message_type=vocabulary.MESSAGE_DEEP_LINKING,
            roles=list(roles),
            resource_link=None,
            **{
                vocabulary.CLAIM_DEEP_LINKING_SETTINGS: settings or make_settings(),
                CANVAS_PLACEMENT: placement,
                **claims,
            },
        )
        return Picking(self, client, Page(answer, check_page(answer.text, "/lti/launch"), "/lti/launch"), answer)

    def launch(self, sub: str, **claims: object) -> TestResponse:
        """Launch a link as this person."""
        return self.post_launch(self.app.test_client(), sub, **claims)

    def post_launch(self, client: FlaskClient, sub: str, **claims: object) -> TestResponse:
        """Log in and post a launch with these claims."""
        login = {
            "iss": self.issuer,
            "login_hint": "7",
            "target_link_uri": f"{self.base_url}/lti/launch",
            "client_id": CLIENT_ID,
        }
        answer = client.post("/lti/login", base_url=self.base_url, data=login)
        while answer.status_code == 302 and not answer.location.startswith(self.issuer):
            answer = client.get(answer.location, base_url=self.base_url)
        asked = parse_qs(urlsplit(answer.location).query)
        token = self.make_token(asked["nonce"][0], sub, **claims)
        data = {"state": asked["state"][0], "id_token": token}
        return client.post("/lti/launch", base_url=self.base_url, data=data, headers={"Origin": self.issuer})

    def make_token(self, nonce: str, sub: str, **claims: object) -> str:
        """A token of the platform for this login."""
        scene = Scene(
            self.keys, self.keys, self.clock.now(), nonce, issuer=self.issuer, tool=self.base_url, subject=sub
        )
        return scene.token(**claims)

    def verify(self, token: str) -> dict[str, Any]:
        """Check an answer as the strictest platform does: one key by its name, no leeway, its own issuer."""
        header = jwt.get_unverified_header(token)
        keys = {key["kid"]: key for key in self.tool.keys.public_jwks()["keys"]}
        options: Any = {"require": ["iss", "aud", "exp", "iat", "nonce"], "verify_iat": False, "verify_exp": False}
        payload: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(keys[header["kid"]]).key,
            algorithms=["RS256"],
            audience=self.issuer,
            issuer=CLIENT_ID,
            options=options,
        )
        now = self.clock.now().timestamp()
        # Moodle's clock may be three seconds behind ours and has no leeway.
        assert now - 60 <= payload["iat"] <= now - 3
        assert now + 60 <= payload["exp"] <= now + 600
        assert payload[vocabulary.CLAIM_MESSAGE_TYPE] == vocabulary.MESSAGE_DEEP_LINKING_RESPONSE
        assert payload[vocabulary.CLAIM_VERSION] == vocabulary.VERSION
        assert payload[vocabulary.CLAIM_DEPLOYMENT_ID] == DEPLOYMENT_ID
        return payload


@contextmanager
def open_placing_scene(
    database_url: str,
    folder: Path,
    clock: Clock,
    keys: KeyPair,
    *,
    family: str = "other",
    series: Series | None = None,
    base_url: str = TOOL,
    issuer: str = ISSUER,
) -> Iterator[PlacingScene]:
    """The tool on this database, its platform registered."""
    rotate(folder / "keys", clock.now())
    settings = Settings(
        database_url=database_url,
        base_url=base_url,
        secret_key="t" * 40,
        keys_dir=folder / "keys",
        is_development=not base_url.startswith("https:"),
    )
    app = create_app(settings, clock=clock, series=series or load_real_series())
    tool: Tool = app.extensions["lti_tool"]
    app.extensions["lti_tool"] = replace(
        tool, verifier=LaunchVerifier(keys_that_serve(keys, now=clock.now()), base_url)
    )
    platform = RegistrationInput(
        name="Example LMS",
        issuer=issuer,
        client_id=CLIENT_ID,
        auth_url=f"{issuer}/auth",
        token_url=f"{issuer}/token",
        jwks_url=f"{issuer}/jwks",
        deployment_ids=[DEPLOYMENT_ID],
        family=family,
        origins=[issuer],
    )
    add_registration(tool.store, platform, allow_http=settings.is_development, now=clock.now())
    yield PlacingScene(app, keys, clock, base_url, issuer)
    tool.store.engine.dispose()
