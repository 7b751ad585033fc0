"""The documents a platform is configured with: our addresses, what we ask for, and the key that Canvas takes.

Canvas facts: ``lib/schemas/internal_lti_configuration.rb``, ``app/models/lti/tool_configuration.rb``,
``app/models/lti/resource_placement.rb`` and ``app/models/developer_key.rb``, with its page on configuring by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lti_tool.lti import vocabulary

TOOL_ID: Final = "leading-edge"
TITLE: Final = "On the Leading Edge"
DESCRIPTION: Final = "A leadership series for school librarians: readings, reflections, and plans that can be used."

SCOPES: Final = (
    vocabulary.SCOPE_LINE_ITEM,
    vocabulary.SCOPE_LINE_ITEM_READONLY,  # Moodle grants it only where it is asked for beside the other
    vocabulary.SCOPE_RESULT_READONLY,
    vocabulary.SCOPE_SCORE,
    vocabulary.SCOPE_MEMBERSHIP_READONLY,
)
"""The least that every page of ours needs.

The scope for notices is not among them: Canvas checks each scope against its own list and refuses the whole key for one
it does not know (``validate_scopes!``, and an ``enum`` in the schema), so every Canvas older than that service would
refuse it. Where a platform says that it offers notices, dynamic registration can ask for it.
"""

CUSTOM_FIELDS: Final[Mapping[str, str]] = {
    "canvas_course_id": "$Canvas.course.id",
    "canvas_assignment_id": "$Canvas.assignment.id",
    "section_ids": "$Canvas.course.sectionIds",
    "prev_contexts": "$Canvas.course.previousContextIds",
    "context_history": "$Context.id.history",
    "link_history": "$ResourceLink.id.history",
    "due_at": "$Canvas.assignment.dueAt.iso8601",
}

# Where a facilitator chooses sessions (Deep Linking), with what Canvas writes on the button or in the menu.
CHOOSING: Final[Mapping[str, str]] = {
    "assignment_selection": TITLE,
    "link_selection": TITLE,
    "module_index_menu_modal": f"Add {TITLE}",
    "module_menu_modal": f"Add sessions of {TITLE}",
    "course_assignments_menu": f"Add {TITLE}",
}
CHOOSING_QUERY: Final = "for=content"
"""Marks the address for choosing, so that a login tells before its message what it is for (decides no rights)."""
_SELECTION_WIDTH: Final = 900
_SELECTION_HEIGHT: Final = 700


@dataclass(frozen=True, slots=True)
class ToolAddresses:
    """Our own addresses, as a platform is told them. ``launch`` also takes Deep Linking requests, at ``choosing``."""

    site: str
    login: str
    launch: str
    keys: str
    icon: str
    notices: str
    canvas_json: str

    @property
    def choosing(self) -> str:
        """Where a facilitator chooses content: the launch address, marked."""
        return f"{self.launch}?{CHOOSING_QUERY}"

    @property
    def domain(self) -> str:
        """Our host, with its port where it has one: platforms find the tool of a link by it."""
        return urlsplit(self.site).netloc


def list_addresses(base_url: str) -> ToolAddresses:
    """Our addresses under ``base_url``, the one place our own address comes from."""
    return ToolAddresses(
        site=base_url,
        login=f"{base_url}/lti/login",
        launch=f"{base_url}/lti/launch",
        keys=f"{base_url}/lti/jwks.json",
        icon=f"{base_url}/static/mark.svg",
        notices=f"{base_url}/lti/notices",
        canvas_json=f"{base_url}/lti/canvas.json",
    )


@dataclass(frozen=True, slots=True)
class PlatformAddresses:
    """What a platform is known by and called at (LTI Core 1.3 §3.1.3, Security Framework §5)."""

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str


def _host_canvas(environment: str) -> PlatformAddresses:
    # Platform storage works only at sso.canvaslms.com; the older canvas.instructure.com addresses lack it.
    host = f"https://sso.{environment}canvaslms.com"
    return _build_canvas(f"https://canvas.{environment}instructure.com", host)


def _build_canvas(issuer: str, host: str) -> PlatformAddresses:
    return PlatformAddresses(
        issuer=issuer,
        auth_url=f"{host}/api/lti/authorize_redirect",
        token_url=f"{host}/login/oauth2/token",
        jwks_url=f"{host}/api/lti/security/jwks",
    )


CANVAS_HOSTED: Final[Mapping[str, PlatformAddresses]] = {
    "cloud": _host_canvas(""),
    "beta": _host_canvas("beta."),
    "test": _host_canvas("test."),
}
"""The Canvas that Instructure hosts: one issuer for all schools, told apart by client id."""

CANVAS_DEFAULT_ISSUER: Final = CANVAS_HOSTED["cloud"].issuer


def describe_own_canvas(origin: str, issuer: str = CANVAS_DEFAULT_ISSUER) -> PlatformAddresses:
    """A Canvas that a school hosts itself: its own addresses, and the vendor's issuer.

    The issuer stays the vendor's unless ``lti_iss`` in the file ``security.yml`` names another.
    """
    return _build_canvas(issuer, origin)


def describe_moodle(site: str) -> PlatformAddresses:
    """A Moodle, from the address of its home page: ``wwwroot``, which is also its issuer, has no slash at its end."""
    return PlatformAddresses(
        issuer=site,
        auth_url=f"{site}/mod/lti/auth.php",
        token_url=f"{site}/mod/lti/token.php",
        jwks_url=f"{site}/mod/lti/certs.php",
    )


def make_canvas_key(base_url: str) -> dict[str, object]:
    """The JSON of a Canvas developer key for this tool, complete (Canvas: "Paste JSON" or "Enter URL").

    ``redirect_uris`` is read by the newer Apps page; the older form has a field of its own for it, and without either
    Canvas takes the target link address, which is the same. ``name_only`` is the least at which facilitators see names.
    """
    own = list_addresses(base_url)
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "oidc_initiation_url": own.login,
        "target_link_uri": own.launch,
        "redirect_uris": [own.launch],
        "public_jwk_url": own.keys,
        "scopes": list(SCOPES),
        "custom_fields": dict(CUSTOM_FIELDS),
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": own.domain,
                "tool_id": TOOL_ID,
                "privacy_level": "name_only",
                "settings": {"text": TITLE, "icon_url": own.icon, "placements": _list_placements(own)},
            }
        ],
    }


def _list_placements(own: ToolAddresses) -> list[dict[str, object]]:
    choosing: list[dict[str, object]] = [
        {
            "placement": placement,
            "enabled": True,
            "message_type": vocabulary.MESSAGE_DEEP_LINKING,
            "target_link_uri": own.choosing,
            "text": text,
            "icon_url": own.icon,
            "selection_width": _SELECTION_WIDTH,
            "selection_height": _SELECTION_HEIGHT,
        }
        for placement, text in CHOOSING.items()
    ]
    return [
        *choosing,
        {
            "placement": "course_navigation",
            "enabled": True,
            "message_type": vocabulary.MESSAGE_RESOURCE_LINK,
            "target_link_uri": own.launch,
            "text": TITLE,
            "icon_url": own.icon,
            # Off until a teacher switches it on in her course's navigation; then for people of the course only.
            "default": "disabled",
            "visibility": "members",
            "custom_fields": {"module": "series"},
        },
        {
            "placement": "account_navigation",
            "enabled": True,
            "message_type": vocabulary.MESSAGE_RESOURCE_LINK,
            "target_link_uri": own.launch,
            "text": f"{TITLE}: self-check",
            "icon_url": own.icon,
            "visibility": "admins",
            "custom_fields": {"page": "self_check"},
        },
    ]
