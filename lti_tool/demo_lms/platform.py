"""The demo LMS as one object: its memory, gradebook, keys, clock and faults, and what it says in a launch."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from flask import current_app

from lti_tool.demo_lms.courses import Course, Link, find_course
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.gradebook import Column, Gradebook
from lti_tool.demo_lms.keys import PlatformKeys, SigningKey, ToolKeys
from lti_tool.demo_lms.memory import Memory
from lti_tool.demo_lms.passes import AccessTokens, MessageHints
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.settings import (
    CLIENT_ID,
    DEPLOYMENT_ID,
    ID_TOKEN_SECONDS,
    DemoLmsSettings,
)
from lti_tool.demo_lms.traffic import Exchange, Traffic
from lti_tool.lti import vocabulary as lti

OFFERED_SCOPES: Final = (
    lti.SCOPE_LINE_ITEM,
    lti.SCOPE_LINE_ITEM_READONLY,
    lti.SCOPE_RESULT_READONLY,
    lti.SCOPE_SCORE,
)
DOCUMENT_TARGETS: Final = ("iframe", "window")


def current_platform() -> "Platform":
    """Return the platform of the app that treats this request."""
    platform = current_app.extensions["demo_lms"]
    if not isinstance(platform, Platform):
        raise TypeError("this app is no demo LMS")
    return platform


class Platform:
    """One LTI 1.3 platform with one registered tool.

    Tests reach it as ``app.extensions["demo_lms"]``: ``faults`` makes it misbehave, ``gradebook`` and ``traffic``
    show what arrived, :meth:`launch_claims` and :meth:`sign` make any token a platform could send.
    """

    def __init__(self, settings: DemoLmsSettings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.memory = Memory(settings.data_dir)
        self.traffic = Traffic(self.memory)
        self.gradebook = Gradebook(self.memory)
        self.message_hints = MessageHints(self.memory)
        self.access_tokens = AccessTokens(self.memory)
        self.keys = PlatformKeys(self.memory)
        self.tool_keys = ToolKeys(settings, self._note_key_fetch)
        self.cookie_secret = self.memory.remember_fact("cookie secret", lambda: secrets.token_hex(32))
        self.guid = self.memory.remember_fact("guid", lambda: uuid4().hex)

    def read_clock(self) -> datetime:
        """Return the LMS's own time, which a fault may have shifted."""
        return self.settings.clock() + timedelta(seconds=self.faults.clock_shift_seconds)

    def list_allowed_scopes(self) -> list[str]:
        """Return the scopes this tool may have at present."""
        return [scope for scope in OFFERED_SCOPES if scope not in self.faults.withheld_scopes]

    def build_line_items_url(self, course_id: str) -> str:
        """Return the address of a course's line items. Like Moodle's it carries a query string."""
        return f"{self.settings.base_url}/api/lti/courses/{course_id}/lineitems?type_id={DEPLOYMENT_ID}"

    def build_line_item_url(self, column: Column, *, sub_path: str = "") -> str:
        """Return the address of one line item, or of its ``/results``, which stand before the query string."""
        path = f"/api/lti/courses/{column.course_id}/lineitems/{column.id}/lineitem{sub_path}"
        return f"{self.settings.base_url}{path}?type_id={DEPLOYMENT_ID}"

    def start_launch(self, person: Person, link: Link, document_target: str = "iframe") -> dict[str, str]:
        """Return the parameters of a login initiation (Security Framework 5.1.1.1) with a new single-use hint."""
        hint = self.message_hints.make(person.sub, link.course_id, link.key, document_target, self.read_clock())
        return {
            "iss": self.settings.base_url,
            "target_link_uri": self.settings.tool_launch_url,
            "login_hint": person.sub,
            "lti_message_hint": hint,
            "client_id": CLIENT_ID,
            "lti_deployment_id": DEPLOYMENT_ID,
        }

    def launch_claims(
        self, person: Person, link: Link, *, nonce: str, document_target: str = "iframe"
    ) -> dict[str, object]:
        """Return every claim of a resource link launch (LTI Core 5.3), new on each call, for a caller to alter."""
        course = self._find_course_of(link)
        now = int(self.read_clock().timestamp())
        return {
            "iss": self.settings.base_url,
            "aud": CLIENT_ID,
            "sub": person.sub,
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
            "nonce": nonce,
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": person.email,
            "locale": "en-US",
            lti.CLAIM_MESSAGE_TYPE: lti.MESSAGE_RESOURCE_LINK,
            lti.CLAIM_VERSION: lti.VERSION,
            lti.CLAIM_DEPLOYMENT_ID: DEPLOYMENT_ID,
            lti.CLAIM_TARGET_LINK_URI: self.settings.tool_launch_url,
            lti.CLAIM_ROLES: course.list_launch_roles(person),
            lti.CLAIM_CONTEXT: {
                "id": course.id,
                "label": course.label,
                "title": course.title,
                "type": [lti.CONTEXT_COURSE_SECTION],
            },
            lti.CLAIM_RESOURCE_LINK: {"id": link.id, "title": link.title, "description": link.description},
            lti.CLAIM_LAUNCH_PRESENTATION: {
                "document_target": document_target,
                "locale": "en-US",
                "return_url": self._build_return_url(link),
            },
            lti.CLAIM_TOOL_PLATFORM: {
                "guid": self.guid,
                "name": "Demo LMS",
                "product_family_code": "leading-edge-demo",
                "version": "1",
                "url": self.settings.base_url,
            },
            lti.CLAIM_CUSTOM: {"module": link.key},
            lti.CLAIM_AGS_ENDPOINT: self._describe_grade_service(link),
        }

    def sign(self, claims: object, headers: dict[str, object] | None = None, key: SigningKey | None = None) -> str:
        """Return the claims as a signed token; see :meth:`PlatformKeys.sign` for what can be bent."""
        return self.keys.sign(claims, headers, key)

    def _find_course_of(self, link: Link) -> Course:
        course = find_course(link.course_id)
        if course is None:
            raise LookupError(f"no course {link.course_id}")
        return course

    def _build_return_url(self, link: Link) -> str:
        return f"{self.settings.base_url}/courses/{link.course_id}/return?{urlencode({'link': link.key})}"

    def _describe_grade_service(self, link: Link) -> dict[str, object]:
        endpoint: dict[str, object] = {
            "scope": self.list_allowed_scopes(),
            "lineitems": self.build_line_items_url(link.course_id),
        }
        columns = self.gradebook.list_columns(link.course_id, resource_link_id=link.id)
        if len(columns) == 1:  # AGS 3.2: only where exactly one line item belongs to the link
            endpoint["lineitem"] = self.build_line_item_url(columns[0])
        return endpoint

    def _note_key_fetch(self, found: str, succeeded: bool) -> None:
        exchange = Exchange("The tool's keys", "LMS to tool", "GET", self.settings.tool_keys_url)
        exchange.status = 200 if succeeded else 502
        exchange.outcome = "fetched" if succeeded else "could not be fetched"
        exchange.check("The key set could be fetched and read", succeeded, found)
        exchange.show(found=found)
        self.traffic.record(exchange, self.read_clock())
