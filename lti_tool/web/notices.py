"""Short words shown once after a redirect, kept in a cookie of this launch alone so that tabs never mix.

Flask's own flash messages would need its session cookie, which all launches in one browser share.
"""

from contextlib import suppress

from flask import Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from lti_tool.web.guards import find_tool

_PREFIX = "__Host-n_"
_LIFETIME = 120
_MOST = 4


def say(words: str, kind: str = "good") -> None:
    """Show ``words`` on the next page of this launch. ``kind`` is good, attention, alert or active."""
    g.notices_said = [*g.get("notices_said", []), [kind, words]]


def take_notices() -> list[tuple[str, str]]:
    """What was said for this page, as pairs of kind and words; it is shown once."""
    visit = g.get("visit")
    cookie = request.cookies.get(_PREFIX + visit.session_id) if visit is not None else None
    said = list(g.get("notices_said", []))
    g.notices_said = []
    if cookie is not None:
        g.notices_taken = True
        # A cookie that is old or not ours says nothing; there is nobody to tell.
        with suppress(BadData):
            said = [*_serializer().loads(cookie, max_age=_LIFETIME), *said]
    return [(str(kind), str(words)) for kind, words in said]


def keep_notices(response: Response) -> Response:
    """Hand what was said to the next page, or forget what was shown; called after every request."""
    visit = g.get("visit")
    if visit is None:
        return response
    said = g.get("notices_said", [])[:_MOST]
    if said:
        response.set_cookie(
            _PREFIX + visit.session_id,
            _serializer().dumps(said),
            max_age=_LIFETIME,
            path="/",
            secure=True,
            httponly=True,
            samesite="None",
            partitioned=True,
        )
    elif g.get("notices_taken"):
        response.delete_cookie(
            _PREFIX + visit.session_id, path="/", secure=True, httponly=True, samesite="None", partitioned=True
        )
    return response


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(find_tool().settings.secret_key, salt="notices")
