"""A platform built on another library's classes (lti1p3platform), so that tool and demo LMS cannot be wrong together.

The library makes and signs every message, checks the tool's assertions, hands out access tokens and answers the
services. What is written here is what it leaves to its user: storage, and addresses that call it. Its people are
invented.
"""

import json
from collections.abc import Callable
from functools import partial
from html import escape
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask, request
from flask import Response as FlaskResponse
from lti1p3platform.exceptions import LtiException, UnsupportedGrantType
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.response import Response, generate_next_link
from werkzeug.serving import make_server

from tests.certification.oracle_services import (
    CONTEXT_ROLE,
    COURSE,
    PEOPLE,
    OracleBook,
    OracleGradebook,
    OracleRequest,
    OracleRoster,
)

CLIENT_ID = "oracle-client"
DEPLOYMENT_ID = "oracle-deployment"
PLACING = "placing"
OPAQUE = "opaque=&+ü "


def invent_keys() -> tuple[str, str]:
    """A private and a public key, as the library takes them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private.decode(), key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class OracleConfiguration(LTI1P3PlatformConfAbstract):  # type: ignore[misc]
    """One registered tool."""

    def init_platform_config(self, *, registration: Registration) -> None:
        self._registration = registration

    def get_registration_by_params(self, **_: Any) -> Registration:
        return self._registration


class OracleLogin(OIDCLoginAbstract):  # type: ignore[misc]
    """The library's login initiation."""

    def set_lti_message_hint(self, *, hint: str) -> None:
        self._lti_message_hint = hint

    def get_redirect(self, url: str) -> str:
        return url


class OracleLaunch(LTIAdvantageMessageLaunchAbstract):  # type: ignore[misc]
    """The library's launch message: a resource link of the course, or a request for content."""

    def __init__(self, request: OracleRequest, platform: OracleConfiguration, oracle: "Oracle") -> None:
        super().__init__(request, platform)
        self.registration: Registration = platform.get_registration()
        self.preflight: dict[str, Any] = dict(request.get_data)
        self._base = oracle.url
        self._column = oracle.column["id"] if self.preflight.get("lti_message_hint") == "link-1" else None
        self._spoil = oracle.spoil

    def get_preflight_response(self) -> dict[str, Any]:
        return self.preflight

    def prepare_launch(self, preflight_response: dict[str, Any]) -> None:
        person = PEOPLE[preflight_response["login_hint"]]
        self.set_user_data(person.sub, [person.role], full_name=person.name, email_address=person.email)
        self.set_launch_context_claim(COURSE.id, [f"{CONTEXT_ROLE}CourseSection"], COURSE.title, COURSE.label)
        self.set_launch_presentation_claim("iframe", f"{self._base}/back")
        self.set_ags(f"{self._base}/lineitems", self._column)
        self.set_nrps(f"{self._base}/members")
        if preflight_response["lti_message_hint"] == PLACING:
            self.set_dl(f"{self._base}/placed", title="Choose", extra_data=OPAQUE)
        else:
            self.set_resource_link_claim(preflight_response["lti_message_hint"], title="Mission")
            self.set_custom_parameters_claim({"module": "visioning"})
        self._spoil(self)

    def render_launch_form(self, launch_data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return launch_data


class Oracle:
    """The platform at its address here: ``asked`` and ``assertions`` keep what came, ``spoil`` may ruin a launch."""

    def __init__(self, tool_url: str) -> None:
        private, public = invent_keys()
        self.spoil: Callable[[OracleLaunch], object] = lambda _: None
        self.app = Flask("oracle")
        self.asked: list[tuple[str, str, str, str]] = []
        self.assertions: list[dict[str, Any]] = []
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://localhost:{self._server.server_port}"
        self.book = OracleBook(self.url)
        self.column = self.book.add({"label": "Mission", "scoreMaximum": 100, "resourceLinkId": "link-1"})
        self.registration = (
            Registration()
            .set_iss(self.url)
            .set_client_id(CLIENT_ID)
            .set_deployment_id(DEPLOYMENT_ID)
            .set_launch_url(f"{tool_url}/lti/launch")
            .set_deeplink_launch_url(f"{tool_url}/lti/launch")
            .set_oidc_login_url(f"{tool_url}/lti/login")
            .set_platform_public_key(public)
            .set_platform_private_key(private)
        )
        self._add_addresses()
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def configuration(self) -> OracleConfiguration:
        """The library's view of the tool, with the state of one request."""
        return OracleConfiguration(registration=self.registration)

    def begin_login(self, sub: str, hint: str) -> str:
        """The address a browser is sent to when somebody clicks a link."""
        login = OracleLogin(None, self.configuration())
        login.set_lti_message_hint(hint=hint)
        return str(login.initiate_login(sub))

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _add_addresses(self) -> None:
        app = self.app

        @app.before_request
        def remember() -> None:
            headers = request.headers
            self.asked.append((request.method, request.path, headers.get("Accept", ""), request.content_type or ""))

        @app.get("/authorize")
        def authorize() -> str:
            sent = OracleLaunch(OracleRequest(request), self.configuration(), self).lti_launch()
            fields = "".join(
                f'<input type="hidden" name="{name}" value="{escape(sent[name])}">' for name in ("state", "id_token")
            )
            return f'<form method="post" action="{escape(sent["launch_url"])}">{fields}</form>'

        @app.post("/token")
        def give_token() -> tuple[dict[str, Any], int]:
            platform, form = self.configuration(), request.form.to_dict()
            try:
                given = dict(platform.get_access_token(form))
                self.assertions.append(platform.tool_validate_and_decode(form["client_assertion"]))
            except UnsupportedGrantType:
                return {"error": "unsupported_grant_type"}, 400
            except (LtiException, ValueError) as error:
                return {"error": "invalid_client", "error_description": str(error)}, 401
            return given, 200

        app.add_url_rule("/jwks", "keys", lambda: self.configuration().get_jwks())
        for method, path, verb in (
            ("GET", "/lineitems", "handle_get_lineitems"),
            ("POST", "/lineitems", "handle_create_lineitem"),
            ("GET", "/lineitems/<number>", "handle_get_lineitem"),
            ("PUT", "/lineitems/<number>", "handle_update_lineitem"),
            ("POST", "/lineitems/<number>/scores", "handle_update_score"),
            ("GET", "/lineitems/<number>/results", "handle_get_results"),
        ):
            app.add_url_rule(path, verb, partial(self._grade, verb), methods=[method])

        @app.get("/members")
        def list_members() -> FlaskResponse:
            roster = OracleRoster(OracleRequest(request), self.configuration(), f"{self.url}/members")
            return _write(roster.handle_resp(roster.handle_get_members))

    def _grade(self, verb: str, number: str | None = None) -> FlaskResponse:
        arguments = [] if number is None else [number]
        service = OracleGradebook(OracleRequest(request), self.configuration(), f"{self.url}/lineitems")
        service.book = self.book
        return _write(service.handle_resp(lambda: getattr(service, verb)(*arguments)))


def _write(answer: Response) -> FlaskResponse:
    """Put the library's answer on the wire: a page's content as the body, its next address as a Link header."""
    result = answer.result
    next_page = result.pop("next", None) if isinstance(result, dict) else None
    if isinstance(result, dict) and "content" in result:
        result = result["content"]
    body = "" if result is None else json.dumps(result)
    written = FlaskResponse(body, status=f"{answer.code} {answer.message}", mimetype=answer.media_type)
    if next_page:
        written.headers["Link"] = generate_next_link(next_page)
    return written
