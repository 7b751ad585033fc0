"""What an operator types about a platform, checked before it is kept: addresses, names, ids."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.services.errors import ToolError

FAMILIES: Final = (CANVAS, MOODLE, OTHER)
LONGEST_TEXT: Final = 255
LONGEST_URL: Final = 1000
_ANY_HOST_OF: Final = "*."
_HOST: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?|[0-9a-f:.]+")
# Below these a country's registry gives names to anybody, as below ``.com``: *.co.uk is half of Britain.
_SHARED_LABELS: Final = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "k12", "mil", "net", "or", "org", "sch"}
)
_COUNTRY_LENGTH: Final = 2


class BadRegistrationError(ToolError):
    """A value cannot be right; the message says which, and how it should look."""

    code = "bad_registration"
    status = 422


def check_text(what: str, text: str) -> str:
    """A name or id that can be shown and stored.

    Raises:
        BadRegistrationError: it is empty, too long or holds control characters.
    """
    kept = text.strip()
    if not kept or len(kept) > LONGEST_TEXT or not kept.isprintable():
        raise BadRegistrationError(f"The {what} must be 1 to {LONGEST_TEXT} characters of plain text.")
    return kept


def check_url(what: str, url: str, *, allow_http: bool) -> str:
    """An address this tool may call or send a browser to.

    Raises:
        BadRegistrationError: it is not an https address (http only in development), or too long.
    """
    if _split_url(url, allow_http=allow_http) is None or len(url) > LONGEST_URL:
        scheme = "https:// or http://" if allow_http else "https://"
        raise BadRegistrationError(f"The {what} must be a full address that starts with {scheme}. This is not: {url!r}")
    return url


def check_issuer(issuer: str, *, allow_http: bool) -> str:
    """An issuer: an address without query or fragment (OpenID Connect Core 1.0 §1.2), kept to the letter.

    Raises:
        BadRegistrationError: it is none.
    """
    parts = _split_url(issuer, allow_http=allow_http)
    if parts is None or parts.query or parts.fragment or len(issuer) > LONGEST_TEXT:
        raise BadRegistrationError(
            f"The issuer must be an address such as https://lms.example.org, without a '?' or '#'. "
            f"This is not: {issuer!r}"
        )
    return issuer


def check_family(family: str) -> str:
    """A kind of platform this tool knows the habits of.

    Raises:
        BadRegistrationError: it is another word.
    """
    if family not in FAMILIES:
        raise BadRegistrationError(f"The family must be one of: {', '.join(FAMILIES)}. This is not: {family!r}")
    return family


def check_origins(origins: Iterable[str], *, allow_http: bool) -> list[str]:
    """The hosts whose pages may show this tool in a frame, each once.

    A host may begin with ``*.`` for all hosts below a name, as ``frame-ancestors`` reads it (CSP Level 3 §2.3.1):
    schools that Instructure hosts live under ``https://*.instructure.com`` or an address of their own.

    Raises:
        BadRegistrationError: one is more, or less, than a scheme and a host, or stands for more hosts than one owner's.
    """
    kept = []
    for origin in origins:
        parts = _split_url(origin, allow_http=allow_http)
        if parts is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise _explain_origin(origin)
        host = (parts.hostname or "").removeprefix(_ANY_HOST_OF)
        if not _HOST.fullmatch(host):
            raise _explain_origin(origin)
        if (parts.hostname or "").startswith(_ANY_HOST_OF) and _is_too_wide(host):
            raise BadRegistrationError(
                f"This origin stands for the sites of many owners, and any of them could show the tool in a frame: "
                f"{origin!r}. Put the name of one owner after the *, such as https://*.instructure.com"
            )
        kept.append(f"{parts.scheme}://{parts.netloc.lower()}")
    return list(dict.fromkeys(kept))


def _explain_origin(origin: str) -> BadRegistrationError:
    return BadRegistrationError(
        f"An origin is a scheme and a host, such as https://lms.example.org or https://*.instructure.com (all hosts "
        f"below that name). This is not: {origin!r}"
    )


def _is_too_wide(host: str) -> bool:
    """Whether the hosts below this one belong to more than one owner, as far as names tell."""
    *owner, last = host.split(".")
    is_number = last.isdigit() or ":" in host
    is_shared = len(last) == _COUNTRY_LENGTH and len(owner) == 1 and owner[0] in _SHARED_LABELS
    return is_number or not owner or is_shared


def check_deployment_ids(deployment_ids: Iterable[str]) -> list[str]:
    """Deployment ids, each once.

    Raises:
        BadRegistrationError: one is empty, too long or holds control characters.
    """
    return list(dict.fromkeys(check_text("deployment id", text) for text in deployment_ids))


def origin_of(url: str) -> str:
    """Scheme and host of a checked address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _split_url(url: str, *, allow_http: bool) -> SplitResult | None:
    # A browser reads a backslash as a slash, and semicolons or quotes would end a directive of our own CSP.
    if not url.isascii() or any(character <= " " or character in "\\\"'<>;,\x7f" for character in url):
        return None
    try:
        parts = urlsplit(url)
        is_usable = (
            parts.scheme in ({"https", "http"} if allow_http else {"https"})
            and bool(parts.hostname)
            and parts.username is None
            and parts.port != 0
        )
    except ValueError:
        return None
    return parts if is_usable else None
