"""What an administrator types about her LMS on the set-up page, checked, and the command that it comes to."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from lti_tool.lti.configuration import (
    CANVAS_DEFAULT_ISSUER,
    CANVAS_HOSTED,
    PlatformAddresses,
    describe_moodle,
    describe_own_canvas,
)
from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.services.registration_checks import BadRegistrationError, check_issuer, check_text, check_url, origin_of
from lti_tool.web.security import find_origin


class Kind(StrEnum):
    """Which LMS it is, as far as its addresses depend on it."""

    CLOUD = "cloud"
    BETA = "beta"
    TEST = "test"
    OWN_CANVAS = "own_canvas"
    MOODLE = "moodle"
    OTHER = "other"

    @property
    def family(self) -> str:
        """The family the tool registers it under."""
        return {Kind.MOODLE: MOODLE, Kind.OTHER: OTHER}.get(self, CANVAS)


KIND_NAMES: Final[Mapping[Kind, str]] = {
    Kind.CLOUD: "Canvas, hosted by Instructure",
    Kind.BETA: "Canvas, the beta site",
    Kind.TEST: "Canvas, the test site",
    Kind.OWN_CANVAS: "Canvas on our own servers",
    Kind.MOODLE: "Moodle",
    Kind.OTHER: "Another LMS",
}

# What stands in the command where nothing was typed: capitals, and nothing that a shell would read as its own.
_PLACEHOLDERS: Final[Mapping[str, str]] = {
    "name": "NAME-OF-YOUR-SCHOOL",
    "client_id": "CLIENT-ID",
    "deployment_id": "DEPLOYMENT-ID",
}
_PLACEHOLDER_SITES: Final[Mapping[Kind, str]] = {
    Kind.CLOUD: "https://YOUR-SCHOOL.instructure.com",
    Kind.BETA: "https://YOUR-SCHOOL.beta.instructure.com",
    Kind.TEST: "https://YOUR-SCHOOL.test.instructure.com",
}
_ANY_SITE: Final = "https://YOUR-LMS-ADDRESS"
_MISSING_WORDS: Final[Mapping[str, str]] = {
    "name": "the name of your school",
    "school": "the address of your LMS",
    "client_id": "the client ID",
    "deployment_id": "the deployment ID",
}


@dataclass(frozen=True, slots=True)
class SetupForm:
    """What was typed, as it was typed; what of it can be used; and what is wrong with the rest, by field."""

    kind: Kind
    typed: Mapping[str, str]
    values: Mapping[str, str]
    problems: Mapping[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """What the command still has a placeholder for, in words."""
        return tuple(words for name, words in _MISSING_WORDS.items() if name not in self.values)


def read_setup_form(fields: Mapping[str, str], *, allow_http: bool) -> SetupForm:
    """Read the form of the set-up page. Nothing has to be typed; what is typed wrongly is said, field by field."""
    typed = {name: fields.get(name, "").strip() for name in (*_MISSING_WORDS, "issuer")}
    values: dict[str, str] = {}
    problems: dict[str, str] = {}
    stated = fields.get("kind", "")
    kind = Kind(stated) if stated in set(Kind) else Kind.CLOUD
    if stated and stated not in set(Kind):
        problems["kind"] = "Choose one from the list."
    checks: dict[str, Callable[[str], str]] = {
        "name": lambda text: check_text("name", text),
        "school": lambda text: _read_site(text, kind, allow_http=allow_http),
        "client_id": lambda text: _read_client_id(text, kind),
        "deployment_id": lambda text: check_text("deployment ID", text),
        "issuer": lambda text: _read_issuer(text, kind, allow_http=allow_http),
    }
    for name, check in checks.items():
        if typed[name]:
            try:
                values[name] = check(typed[name])
            except BadRegistrationError as error:
                problems[name] = str(error)
    return SetupForm(kind, typed, values, problems)


def make_command(form: SetupForm) -> str:
    """The command with which the operator registers this LMS, every value quoted for a shell."""
    values = {**_PLACEHOLDERS, **form.values}
    site = form.values.get("school") or _PLACEHOLDER_SITES.get(form.kind, _ANY_SITE)
    addresses = _find_addresses(form, site)
    options = [
        ("--name", values["name"]),
        ("--family", form.kind.family),
        ("--issuer", addresses.issuer),
        ("--client-id", values["client_id"]),
        ("--deployment-id", values["deployment_id"]),
        ("--auth-url", addresses.auth_url),
        ("--token-url", addresses.token_url),
        ("--jwks-url", addresses.jwks_url),
        ("--origin", find_origin(site)),
    ]
    lines = [f"  {option} {shlex.quote(value)}" for option, value in options]
    return " \\\n".join(["lti-tool platform add", *lines])


def _find_addresses(form: SetupForm, site: str) -> PlatformAddresses:
    if form.kind in CANVAS_HOSTED:
        return CANVAS_HOSTED[form.kind]
    if form.kind is Kind.OWN_CANVAS:
        return describe_own_canvas(site, form.values.get("issuer", CANVAS_DEFAULT_ISSUER))
    if form.kind is Kind.MOODLE:
        return describe_moodle(site)
    return PlatformAddresses(
        issuer=form.values.get("issuer", f"{site}/ISSUER"),
        auth_url=f"{site}/AUTHENTICATION-ADDRESS",
        token_url=f"{site}/TOKEN-ADDRESS",
        jwks_url=f"{site}/KEY-SET-ADDRESS",
    )


def _read_site(text: str, kind: Kind, *, allow_http: bool) -> str:
    """The address of the LMS: for Moodle that of its home page (it may lie in a folder), else scheme and host."""
    address = text if "://" in text else f"https://{text}"
    advice = "Type the address at which your people see it, such as https://school.instructure.com."
    if kind is Kind.MOODLE:
        advice = "Type the address of your Moodle's home page, such as https://moodle.school.example."
    try:
        check_url("address", address, allow_http=allow_http)
    except BadRegistrationError as error:
        raise BadRegistrationError(f"This cannot be the address of an LMS. {advice}") from error
    if kind is not Kind.MOODLE:
        return origin_of(address)
    parts = urlsplit(address)
    if parts.query or parts.fragment or parts.path.endswith(".php"):
        raise BadRegistrationError(f"This is the address of a page inside Moodle. {advice}")
    return origin_of(address) + parts.path.rstrip("/")


def _read_client_id(text: str, kind: Kind) -> str:
    client_id = check_text("client ID", text)
    # The developer key's own id (Canvas: ``DeveloperKey#global_id``); the secret beside it is letters and digits.
    if kind.family == CANVAS and not re.fullmatch(r"[0-9]+", client_id, re.ASCII):
        raise BadRegistrationError(
            "In Canvas the client ID is a long number, such as 10000000000123. It stands in the Details column of the "
            "developer key, above “Show Key”. Please never send the key behind that button."
        )
    return client_id


def _read_issuer(text: str, kind: Kind, *, allow_http: bool) -> str:
    if kind not in {Kind.OWN_CANVAS, Kind.OTHER}:
        raise BadRegistrationError(
            "Leave the issuer empty: for this kind of LMS it is known. If it really is another, say so to the operator."
        )
    try:
        return check_issuer(text, allow_http=allow_http)
    except BadRegistrationError as error:
        raise BadRegistrationError(
            "The issuer is a full address, such as https://canvas.school.example, copied to the letter."
        ) from error
