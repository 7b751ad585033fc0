"""A course's list of people: who is in it, as what, and whether still (NRPS 2.0)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import LONGEST_ID, MOST_ROLES, clean_words
from lti_tool.lti.connector import Services, ToolServiceConnector
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.json_text import REPLACEMENT
from lti_tool.lti.logins import append_query
from lti_tool.lti.paging import read_pages, refuse_answer
from lti_tool.lti.platforms import traits_of
from lti_tool.lti.values import AnswerClass, PlatformAnswer, Registration

MOST_PEOPLE: Final = 20_000
LONGEST_READING: Final = timedelta(minutes=3)


class MemberStatus(StrEnum):
    """What the platform says of somebody's place in the course (NRPS 2.0 §2.3)."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    DELETED = "Deleted"


_STATUSES: Final = {status.casefold(): status for status in MemberStatus}
_NEARER: Final = {MemberStatus.ACTIVE: 0, MemberStatus.INACTIVE: 1, MemberStatus.DELETED: 2}


@dataclass(frozen=True, slots=True)
class RosterMember:
    """Somebody on the list. ``name`` is None where the platform keeps names to itself; ``roles`` are as sent."""

    sub: str
    name: str | None
    roles: tuple[str, ...]
    status: MemberStatus


class RosterClient:
    """Lists of people of every registered platform; any number of threads. It opens no database, keeps no state."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def read_roster(
        self, registration: Registration, url: str, *, before_next_page: Callable[[], None] = lambda: None
    ) -> tuple[RosterMember, ...]:
        """Read the list to its end: each person once, in the platform's order.

        What is no person (no id, no object) is left out. ``before_next_page`` may raise to give up.

        Raises:
            ServiceError: the platform does not say, or not to the end.
            NoKeyError: the tool has no key to sign with.
        """
        limit = traits_of(registration.family).roster_limit
        first = url if limit is None else append_query(url, {"limit": str(limit)})
        until = self._services.clock() + LONGEST_READING
        people: dict[str, RosterMember] = {}
        connector = ToolServiceConnector(registration, self._services)
        scope, accept = vocabulary.SCOPE_MEMBERSHIP_READONLY, vocabulary.MEDIA_MEMBERSHIP_CONTAINER
        for number, page in enumerate(read_pages(connector, scope, first, accept)):
            for member in map(_read_member, _list_members(page)):
                if member is not None:
                    people[member.sub] = _merge(people.get(member.sub), member)
            if len(people) > MOST_PEOPLE:
                raise refuse_answer("The list is longer than any course's.")
            if self._services.clock() > until:
                raise _doubt_answer(f"The list did not come to its end within {number + 1} pages and its time.")
            before_next_page()
        return tuple(people.values())


def _list_members(page: object) -> list[object]:
    if page is None:
        # A page for people or half an answer: what stands before a platform while it is being worked on sends these.
        raise _doubt_answer("The answer cannot be read.")
    members = page.get("members") if isinstance(page, dict) else None
    if not isinstance(members, list):
        raise refuse_answer("The answer is not a list of people.")
    return members


def _read_member(item: object) -> RosterMember | None:
    if not isinstance(item, dict):
        return None
    sub = _read_sub(item.get("user_id"))
    if sub is None:
        return None
    # Absent, it is Active (NRPS 2.0 §2.3); a word nobody knows takes nobody out of a course.
    status = _STATUSES.get(str(item.get("status")).casefold(), MemberStatus.ACTIVE)
    return RosterMember(sub=sub, name=_read_name(item), roles=_read_roles(item.get("roles")), status=status)


def _read_sub(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_ID:
        return None
    # The replacement character stands where something was lost: two ids could become one.
    return value if value.isprintable() and REPLACEMENT not in value else None


def _read_name(item: Mapping[str, object]) -> str | None:
    name = item.get("name")
    whole = clean_words(name) if isinstance(name, str) else None
    if whole is not None:
        return whole
    parts = (item.get("given_name"), item.get("family_name"))
    return clean_words(" ".join(part for part in parts if isinstance(part, str)))


def _read_roles(value: object) -> tuple[str, ...]:
    roles = value if isinstance(value, list) else [value]
    return tuple(role for role in roles[:MOST_ROLES] if isinstance(role, str) and len(role) <= LONGEST_ID)


def _merge(known: RosterMember | None, member: RosterMember) -> RosterMember:
    """Somebody listed twice (in two sections; on two pages while the list changed) is there if she is anywhere.

    What she is comes from where she is: a course she left as a teacher makes her no teacher.
    """
    if known is None:
        return member
    name = known.name or member.name
    if known.status is member.status:
        return replace(known, name=name, roles=tuple(dict.fromkeys((*known.roles, *member.roles))))
    return replace(min(known, member, key=lambda one: _NEARER[one.status]), name=name)


def _doubt_answer(detail: str) -> ServiceError:
    """An answer that may be better next time."""
    return ServiceError(PlatformAnswer(AnswerClass.PLATFORM_DOWN, None, detail))
