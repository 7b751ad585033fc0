"""Headers of every answer: a strict content policy, who may frame the page, and no referrer to other sites."""

from urllib.parse import urlsplit

from flask import Response, g, request

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action {form_action}; "
    "frame-ancestors {frame_ancestors}"
)


def allow_form_action(origin: str) -> None:
    """Let this page's forms end at ``origin`` (Chromium applies form-action to redirects after a POST too)."""
    g.form_actions = (*g.get("form_actions", ()), origin)


def allow_any_frame() -> None:
    """Let anybody frame this page: it has nothing to act on, and the browser would hide it from its reader."""
    g.is_framed_by_anyone = True


def allow_frames_of(origins: tuple[str, ...]) -> None:
    """Let these origins frame this page."""
    g.frame_origins = origins


def add_security_headers(response: Response) -> Response:
    """Add the headers; called after every request, refusals included."""
    # same-origin, not no-referrer: with no-referrer browsers send "Origin: null" with our own forms.
    add_default_header(response, "Referrer-Policy", "same-origin")
    if request.is_secure:
        response.headers.add("Strict-Transport-Security", "max-age=31536000")
    # A redirect shows nothing that the others could protect, and a launch makes three of them.
    if not 300 <= response.status_code < 400:
        _protect_document(response)
    return response


def _protect_document(response: Response) -> None:
    visit = g.get("visit")
    origins = g.get("frame_origins", ()) or (visit.frame_origins if visit is not None else ())
    ancestors = "*" if g.get("is_framed_by_anyone") else " ".join(("'self'", *origins))
    policy = _POLICY.format(form_action=" ".join(("'self'", *g.get("form_actions", ()))), frame_ancestors=ancestors)
    # Nobody else sets these, so they are added without looking for an earlier one.
    response.headers.add("Content-Security-Policy", policy)
    response.headers.add("X-Content-Type-Options", "nosniff")
    response.headers.add("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")


def add_default_header(response: Response, name: str, value: str) -> None:
    """Add a header unless the view has set it.

    As ``setdefault`` does, which raises and catches an HTTP exception for every header that is not there.
    """
    wanted = name.lower()
    if wanted not in [known.lower() for known, _ in response.headers]:
        response.headers.add(name, value)


def find_origin(url: str) -> str:
    """Scheme and host of an address, as browsers compare them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
