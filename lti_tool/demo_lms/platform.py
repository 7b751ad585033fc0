"""The demo LMS as one object: its memory, gradebook, keys, clock and faults, and what it says in a launch."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import uuid4

from flask import current_app, g, has_request_context

from lti_tool.demo_lms.catalog import Catalog
from lti_tool.demo_lms.courses import Course, Link
from lti_tool.demo_lms.deep_link_requests import DeepLinkRequests
from lti_tool.demo_lms.enrolments import Enrolments, EnrolmentState
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.gradebook import Column, Gradebook
from lti_tool.demo_lms.hints import write_hint
from lti_tool.demo_lms.keys import PlatformKeys, SigningKey, ToolKeys
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.memory import Memory
from lti_tool.demo_lms.messages import Visit, build_link_claims
from lti_tool.demo_lms.notice_handlers import NOTICES_SUPPORTED, NoticeHandlers
from lti_tool.demo_lms.passes import AccessTokens, LaunchOrder, MessageHints
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.registration_tokens import RegistrationTokens
from lti_tool.demo_lms.registrations import ColumnOwners, RegisteredTool, ToolRegistry
from lti_tool.demo_lms.roles import list_launch_roles
from lti_tool.demo_lms.settings import DemoLmsSettings
from lti_tool.demo_lms.storage import Browsers
from lti_tool.demo_lms.traffic import Exchange, Traffic
from lti_tool.lti import vocabulary as lti

OFFERED_SCOPES: Final = (
    lti.SCOPE_LINE_ITEM,
    lti.SCOPE_LINE_ITEM_READONLY,
    lti.SCOPE_RESULT_READONLY,
    lti.SCOPE_SCORE,
    lti.SCOPE_MEMBERSHIP_READONLY,
)
DOCUMENT_TARGETS: Final = ("iframe", "window")


def current_platform() -> "Platform":
    """Return the platform of the app that treats this request."""
    platform = current_app.extensions["demo_lms"]
    if not isinstance(platform, Platform):
        raise TypeError("this app is no demo LMS")
    return platform


class Platform:
    """One LTI 1.3 platform: with one registered tool at first, and those that register themselves.

    Tests reach it as ``app.extensions["demo_lms"]``: ``faults`` makes it misbehave, ``gradebook`` and ``traffic``
    show what arrived, :meth:`launch_claims` and :meth:`sign` make any token a platform could send.
    """

    def __init__(self, settings: DemoLmsSettings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.memory = Memory(settings.data_dir)
        self.traffic = Traffic(self.memory)
        self.gradebook = Gradebook(self.memory, settings.manner)
        self.enrolments = Enrolments(self.memory)
        self.courses = Catalog(self.memory)
        self.tools = ToolRegistry(self.memory, lambda: self.settings)
        self.column_owners = ColumnOwners(self.memory)
        self.browsers = Browsers(self.memory, lambda: self.settings.usual_treatment)
        self.deep_links = DeepLinkRequests(self.memory)
        self.registration_tokens = RegistrationTokens(self.memory)
        self.notice_handlers = NoticeHandlers(self.memory)
        self.message_hints = MessageHints(self.memory)
        self.access_tokens = AccessTokens(self.memory)
        self.keys = PlatformKeys(self.memory)
        self.tool_keys = ToolKeys(settings, self._note_key_fetch)
        self._other_tool_keys: dict[str, ToolKeys] = {}
        self.cookie_secret = self.memory.remember_fact("cookie secret", lambda: secrets.token_hex(32))
        self.guid = self.memory.remember_fact("guid", lambda: uuid4().hex)

    def read_clock(self) -> datetime:
        """Return the LMS's own time, which a fault may have shifted."""
        return self.settings.clock() + timedelta(seconds=self.faults.clock_shift_seconds)

    def list_allowed_scopes(self, tool: RegisteredTool | None = None) -> list[str]:
        """Return the scopes this tool (the built-in one if not said) may have at present."""
        own = (tool or self.tools.built_in).scopes
        offered = [*OFFERED_SCOPES, *([lti.SCOPE_NOTICE_HANDLERS] if self.settings.manner is Manner.CANVAS else [])]
        return [
            scope for scope in offered if scope not in self.faults.withheld_scopes and (own is None or scope in own)
        ]

    def find_caller(self) -> RegisteredTool:
        """Return the tool that makes the present service call; outside of one, the built-in tool."""
        caller = g.get("caller") if has_request_context() else None
        return caller if isinstance(caller, RegisteredTool) else self.tools.built_in

    def find_keys_of(self, tool: RegisteredTool) -> ToolKeys:
        """Return the published keys of a tool."""
        if tool.keys_url == self.tools.built_in.keys_url:
            return self.tool_keys
        if tool.keys_url not in self._other_tool_keys:
            self._other_tool_keys[tool.keys_url] = ToolKeys(self.settings, self._note_key_fetch, tool.keys_url)
        return self._other_tool_keys[tool.keys_url]

    def list_columns_of(self, tool: RegisteredTool, course_id: str, link: Link) -> list[Column]:
        """Return the columns of a link that this tool may see."""
        columns = self.gradebook.list_columns(course_id, resource_link_id=link.id)
        return [column for column in columns if self.column_owners.find(column) == tool.client_id]

    def build_line_items_url(self, course_id: str) -> str:
        """Return the address of a course's line items. Like Moodle's it carries a query string; Canvas's has none."""
        return f"{self.settings.base_url}/api/lti/courses/{course_id}/lineitems{self._build_address_query()}"

    def build_line_item_url(self, column: Column, *, sub_path: str = "") -> str:
        """Return the address of one line item, or of its ``/results``, which stand before the query string."""
        path = f"/api/lti/courses/{column.course_id}/lineitems/{column.id}/lineitem{sub_path}"
        return f"{self.settings.base_url}{path}{self._build_address_query()}"

    def build_memberships_url(self, course_id: str) -> str:
        """Return the address of a course's list of people."""
        return f"{self.settings.base_url}/api/lti/courses/{course_id}/memberships"

    def describe_person(self, person: Person) -> dict[str, str]:
        """Return what the tool may know of somebody beside an id: names and an address, or nothing."""
        if self.settings.names_hidden:
            return {}
        return {
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": person.email,
        }

    def start_launch(
        self, person: Person, link: Link, document_target: str = "iframe", target: str = ""
    ) -> dict[str, str]:
        """Return the parameters of the login initiation of a resource link launch."""
        order = LaunchOrder(
            sub=person.sub,
            course_id=link.course_id,
            client_id=link.client_id,
            link_key=link.key,
            document_target=document_target,
            target=target,
        )
        return self.start_message(order, target or link.target)

    def start_message(self, order: LaunchOrder, target: str = "") -> dict[str, str]:
        """Return the parameters of a login initiation (Security Framework 5.1.1.1) with a new single-use hint.

        ``lti_storage_target`` comes along where the LMS offers storage; Canvas names its deployment by its own word.
        """
        tool = self.require_tool(order.client_id)
        hint = write_hint(self.settings.manner, order, self.sign, self.read_clock())
        self.message_hints.keep(hint, order, self.read_clock())
        is_canvas = self.settings.manner is Manner.CANVAS
        storage = self.browsers.treatment.target
        return {
            "iss": self.settings.base_url,
            "target_link_uri": target or tool.target_url,
            "login_hint": order.sub,
            "lti_message_hint": hint,
            "client_id": tool.client_id,
            "deployment_id" if is_canvas else "lti_deployment_id": tool.deployment_id,
            **({"canvas_region": "us-east-1", "canvas_environment": "prod"} if is_canvas else {}),
            **({"lti_storage_target": storage.value} if storage else {}),
        }

    def require_tool(self, client_id: str) -> RegisteredTool:
        """Return the active registration with this client id.

        Raises:
            LookupError: there is none.
        """
        tool = self.tools.find_active(client_id)
        if tool is None:
            raise LookupError(f"no active registration {client_id}")
        return tool

    def launch_claims(
        self, person: Person, link: Link, *, nonce: str, document_target: str = "iframe", target: str = ""
    ) -> dict[str, object]:
        """Return every claim of a resource link launch (LTI Core 5.3), new on each call, for a caller to alter."""
        visit = Visit(
            person,
            self._find_course_of(link),
            self.require_tool(link.client_id),
            nonce,
            document_target=document_target,
        )
        return build_link_claims(self, visit, link, target=target)

    def describe_roster_service(self, course_id: str, tool: RegisteredTool | None = None) -> dict[str, object]:
        """Return the claim that says where a course's people are listed (NRPS 2.0, 3.6.1.1), unless it is withheld."""
        if lti.SCOPE_MEMBERSHIP_READONLY not in self.list_allowed_scopes(tool):
            return {}
        where = {"context_memberships_url": self.build_memberships_url(course_id), "service_versions": ["2.0"]}
        return {lti.CLAIM_NAMES_ROLES: where}

    def describe_notice_service(self, course: Course, tool: RegisteredTool) -> dict[str, object]:
        """Return the claim that says where a tool asks to be told things, as Canvas makes it."""
        if lti.SCOPE_NOTICE_HANDLERS not in self.list_allowed_scopes(tool):
            return {}
        query = urlencode({"context": course.id, "client": tool.client_id})
        where = {
            "platform_notification_service_url": f"{self.settings.base_url}/api/lti/notice-handlers?{query}",
            "service_versions": ["1.0"],
            "scope": [lti.SCOPE_NOTICE_HANDLERS],
            "notice_types_supported": list(NOTICES_SUPPORTED),
        }
        return {lti.CLAIM_NOTICE_SERVICE: where}

    def describe_grade_service(
        self, tool: RegisteredTool, course: Course, columns: list[Column] | None = None
    ) -> dict[str, object]:
        """Return the claim that says where scores go; ``columns`` are those of the link, if there is one."""
        query = self._build_address_query(tool)
        endpoint: dict[str, object] = {
            "scope": [scope for scope in self.list_allowed_scopes(tool) if scope in lti.AGS_SCOPES],
            "lineitems": f"{self.settings.base_url}/api/lti/courses/{course.id}/lineitems{query}",
        }
        if columns and len(columns) == 1:  # AGS 3.2: only where exactly one line item belongs to the link
            path = f"/api/lti/courses/{course.id}/lineitems/{columns[0].id}/lineitem"
            is_hidden = columns[0].made_by_tool and self.settings.traits.hides_tool_made_column  # Moodle, measured
            endpoint["lineitem"] = "" if is_hidden else f"{self.settings.base_url}{path}{query}"
        return endpoint

    def list_roles(self, course: Course, person: Person) -> list[str]:
        """Return the role URIs of a launch; somebody who was unenrolled has none in the course."""
        return list_launch_roles(self.settings.manner, course, person, is_enrolled=self.is_enrolled(course, person))

    def is_enrolled(self, course: Course, person: Person) -> bool:
        """Whether the person is a member of the course and was not unenrolled."""
        is_gone = self.enrolments.find_state(course.id, person.sub) is EnrolmentState.UNENROLLED
        return course.find_role(person) is not None and not is_gone

    def sign(self, claims: object, headers: dict[str, object] | None = None, key: SigningKey | None = None) -> str:
        """Return the claims as a signed token; see :meth:`PlatformKeys.sign` for what can be bent."""
        return self.keys.sign(claims, headers, key)

    def _build_address_query(self, tool: RegisteredTool | None = None) -> str:
        return f"?type_id={(tool or self.find_caller()).deployment_id}" if self.settings.traits.has_type_id else ""

    def _find_course_of(self, link: Link) -> Course:
        course = self.courses.find(link.course_id)
        if course is None:
            raise LookupError(f"no course {link.course_id}")
        return course

    def _note_key_fetch(self, address: str, found: str, succeeded: bool) -> None:
        exchange = Exchange("The tool's keys", "LMS to tool", "GET", address)
        exchange.status = 200 if succeeded else 502
        exchange.outcome = "fetched" if succeeded else "could not be fetched"
        exchange.check("The key set could be fetched and read", succeeded, found)
        exchange.show(found=found)
        self.traffic.record(exchange, self.read_clock())
