"""Launches as a platform could send them: a person's own, with claims changed, taken away or added."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lti_tool.demo_lms.people import find_person
from tests.support.front_door import Page, Person

ABSENT = object()
"""Takes a claim away."""


def send_forged(
    person: Person,
    changes: Mapping[str, object],
    *,
    link: str = "visioning",
    course: str = "course-1",
    login: Mapping[str, str] | None = None,
) -> Page:
    """Click a link whose launch says something else; the page it leads to.

    ``changes`` are laid over the claims the LMS would send (``ABSENT`` takes one away), ``login`` over the parameters
    of the login initiation. Everything is signed with the platform's own key, for the nonce of this very flow.
    """
    fields = {**person.start_login(link, course), **(login or {})}
    asked = dict(parse_qsl(urlsplit(person.login(fields)).query))
    token = person.door.platform.sign(make_claims(person, asked["nonce"], changes, link=link, course=course))
    return person.follow(person.post_launch({"id_token": token, "state": asked["state"]}))


def make_claims(
    person: Person, nonce: str, changes: Mapping[str, object], *, link: str = "visioning", course: str = "course-1"
) -> dict[str, Any]:
    """The claims of a launch with these changes."""
    platform = person.door.platform
    found, member = platform.courses.find(course), find_person(person.sub)
    place = found.find_link(link) if found else None
    assert place is not None, f"no {link} in {course}"
    assert member is not None, f"nobody is {person.sub}"
    claims = {**platform.launch_claims(member, place, nonce=nonce), **changes}
    return {name: value for name, value in claims.items() if value is not ABSENT}
