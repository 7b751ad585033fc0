"""What an operator types about a platform, checked before it is kept: addresses, names, ids."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.services.errors import ToolError

FAMILIES: Final = (CANVAS, MOODLE, OTHER)
LONGEST_TEXT: Final = 255
LONGEST_URL: Final = 1000


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

    Raises:
        BadRegistrationError: one is more, or less, than a scheme and a host.
    """
    kept = []
    for origin in origins:
        parts = _split_url(origin, allow_http=allow_http)
        if parts is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise BadRegistrationError(
                f"An origin is a scheme and a host, such as https://lms.example.org. This is not: {origin!r}"
            )
        kept.append(f"{parts.scheme}://{parts.netloc.lower()}")
    return list(dict.fromkeys(kept))


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
