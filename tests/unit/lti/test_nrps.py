"""The list of people: every page of it, everybody once, and nothing of what is no person."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import read_message
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import PlatformUnreachable, ServiceError, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.nrps import MOST_PEOPLE, MemberStatus, RosterClient, RosterMember
from lti_tool.lti.paging import MOST_PAGES
from lti_tool.lti.platforms import CANVAS, MOODLE, OTHER
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.lti.values import AnswerClass, Registration
from tests.certification.moodle import load
from tests.certification.scene import ISSUER, Scene
from tests.support.clock import A_WEDNESDAY_AFTERNOON, Clock
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

ROSTER = f"{ISSUER}/courses/2/memberships"
LEARNER = vocabulary.ROLE_CONTEXT_PREFIX + "Learner"
MEDIA = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

Answer = HttpAnswer | PlatformUnreachable


class Roster:
    """A platform's roster service that answers from a function, and the client that asks it."""

    def __init__(self, keys: ToolKeys, clock: Callable[[], Any]) -> None:
        self.answer: Callable[[Asked], Answer] = lambda _: answer_page([])
        self.scopes: list[str] = []
        self.asked: list[Asked] = []
        self.client = RosterClient(Services(ScriptedClient(self.respond), keys, MemoryTokenCache(), clock))

    def respond(self, asked: Asked) -> Answer:
        if asked.url.endswith("/token"):
            self.scopes.append(parse_qs((asked.body or b"").decode())["scope"][0])
            return answer_json({"access_token": "an-access-token", "expires_in": 3600})
        self.asked.append(asked)
        return self.answer(asked)

    def say(self, *answers: Answer) -> None:
        """Give these answers, one after the other."""
        waiting = list(answers)
        self.answer = lambda _: waiting.pop(0)


def answer_page(members: object, next_url: str | None = None) -> HttpAnswer:
    headers = {} if next_url is None else {"Link": f'<{ROSTER}>; rel="current",<{next_url}>; rel="next"'}
    return answer_json({"id": ROSTER, "context": {"id": "2"}, "members": members}, headers=headers)


def make_member(user_id: object, **more: object) -> dict[str, object]:
    return {"user_id": user_id, "roles": [LEARNER], "status": "Active", **more}


@pytest.fixture
def roster(tool_keys: ToolKeys, clock: Clock) -> Roster:
    return Roster(tool_keys, clock)


def test_it_asks_with_its_own_type_and_scope(roster: Roster, registration: Registration) -> None:
    assert roster.client.read_roster(registration, ROSTER) == ()
    assert roster.scopes == ["https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"]
    assert [(asked.method, asked.url) for asked in roster.asked] == [("GET", ROSTER)]
    headers = roster.asked[0].headers
    assert headers["Accept"] == MEDIA
    assert headers["Authorization"] == "Bearer an-access-token"


@pytest.mark.parametrize(
    ("family", "url", "asked"),
    [
        (CANVAS, ROSTER, f"{ROSTER}?limit=50"),
        (CANVAS, f"{ROSTER}?a=b", f"{ROSTER}?a=b&limit=50"),
        (MOODLE, ROSTER, ROSTER),
        (OTHER, ROSTER, ROSTER),
    ],
)
def test_page_size_is_what_the_family_takes(roster: Roster, scene: Scene, family: str, url: str, asked: str) -> None:
    roster.client.read_roster(scene.registration(family=family), url)
    assert roster.asked[0].url == asked


def test_every_page_is_read_by_the_platforms_own_addresses(roster: Roster, registration: Registration) -> None:
    bookmark = f"{ROSTER}?page=bookmark:WyJBYiJd&per_page=50"
    roster.say(answer_page([make_member("1")], bookmark), answer_page([make_member("2")]))
    assert [member.sub for member in roster.client.read_roster(registration, ROSTER)] == ["1", "2"]
    assert [asked.url for asked in roster.asked] == [ROSTER, bookmark]
    assert len(roster.scopes) == 1, "one token for all pages"


def test_members_are_read_as_they_are_sent(roster: Roster, registration: Registration) -> None:
    roster.say(
        answer_page(
            [
                make_member("1", name="Ana Inventon", status="Inactive"),
                make_member(2, given_name="Bo", family_name="Testerby"),
                {"user_id": "3", "roles": ["Instructor", LEARNER]},
                make_member("4", status="deleted", roles="Learner", name=None),
                make_member("5", status="Suspended", name=7, given_name=["x"], family_name="Mockwell"),
                make_member("6", roles=None, name=" \n "),
                make_member("7", roles=[LEARNER, 5, "x" * 300], name="Ed\u202e\x00 Fableton"),
            ]
        )
    )
    assert roster.client.read_roster(registration, ROSTER) == (
        RosterMember("1", "Ana Inventon", (LEARNER,), MemberStatus.INACTIVE),
        RosterMember("2", "Bo Testerby", (LEARNER,), MemberStatus.ACTIVE),
        RosterMember("3", None, ("Instructor", LEARNER), MemberStatus.ACTIVE),
        RosterMember("4", None, ("Learner",), MemberStatus.DELETED),
        RosterMember("5", "Mockwell", (LEARNER,), MemberStatus.ACTIVE),
        RosterMember("6", None, (), MemberStatus.ACTIVE),
        RosterMember("7", "Ed \ufffd Fableton", (LEARNER,), MemberStatus.ACTIVE),
    )


def test_what_is_no_person_is_left_out(roster: Roster, registration: Registration) -> None:
    garbage: list[object] = [
        None,
        5,
        "x",
        [],
        {},
        *map(make_member, ["", " ", None, True, 1.5, ["1"], "x" * 256, "a\nb", "a\x00"]),
    ]
    roster.say(answer_page([*garbage, make_member("1"), {"roles": [LEARNER]}]))
    assert [member.sub for member in roster.client.read_roster(registration, ROSTER)] == ["1"]


def test_somebody_listed_twice_is_one_person(roster: Roster, registration: Registration) -> None:
    roster.say(
        answer_page(
            [
                make_member("1", roles=["Instructor"], status="Inactive"),
                make_member("2", name="Bo"),
                make_member("1", name="Ana", status="Active"),
                make_member(2, roles=["Mentor"]),
            ]
        )
    )
    assert roster.client.read_roster(registration, ROSTER) == (
        RosterMember("1", "Ana", (LEARNER,), MemberStatus.ACTIVE),
        RosterMember("2", "Bo", (LEARNER, "Mentor"), MemberStatus.ACTIVE),
    )


def test_a_real_moodles_list(roster: Roster, scene: Scene) -> None:
    exchange = next(one for one in load("nrps") if one["note"] == "plain")
    roster.say(answer_json(exchange["response"]["body"]))
    members = roster.client.read_roster(scene.registration(family=MOODLE), exchange["request"]["url"])
    assert [(member.sub, member.name, member.roles) for member in members] == [
        ("3", "Tea Chër", ("Instructor",)),
        ("5", "Stu1 Dent1", ("Learner",)),
        ("6", "Stu2 Dent2", ("Learner",)),
        ("7", "Stu3 Dent3", ("Learner",)),
        ("4", "Non Editing", ("Learner",)),
    ]
    assert roster.asked[0].headers["Accept"] == exchange["request"]["headers"]["Accept"]


BAD_ANSWERS: list[tuple[str, Answer, AnswerClass]] = [
    ("html", HttpAnswer(200, {}, b"<html><title>Log in</title></html>"), AnswerClass.PLATFORM_DOWN),
    ("empty", HttpAnswer(200, {}, b""), AnswerClass.PLATFORM_DOWN),
    ("truncated", HttpAnswer(200, {}, b'{"members": [{"user_id": "1"'), AnswerClass.PLATFORM_DOWN),
    ("not utf-8", HttpAnswer(200, {}, b'{"members": ["\xff"]}'), AnswerClass.PLATFORM_DOWN),
    ("nested too deeply", HttpAnswer(200, {}, b"[" * 100_000), AnswerClass.PLATFORM_DOWN),
    ("a list", answer_json([make_member("1")]), AnswerClass.REFUSED),
    ("a number", answer_json(5), AnswerClass.REFUSED),
    ("no members", answer_json({"id": ROSTER}), AnswerClass.REFUSED),
    ("members are an object", answer_page({"1": make_member("1")}), AnswerClass.REFUSED),
    ("members are null", answer_page(None), AnswerClass.REFUSED),
    ("a redirect", HttpAnswer(302, {"Location": ISSUER}, b""), AnswerClass.REFUSED),
    ("no permission", answer_json({}, 403), AnswerClass.NO_PERMISSION),
    ("wrong scope", answer_json({}, 401), AnswerClass.NO_PERMISSION),
    ("no such course", answer_json({}, 404), AnswerClass.COLUMN_GONE),
    ("busy", HttpAnswer(403, {}, b"403 Forbidden (Rate Limit Exceeded)"), AnswerClass.THROTTLED),
    ("broken", HttpAnswer(500, {}, b"oops"), AnswerClass.PLATFORM_DOWN),
    ("slow", PlatformUnreachable(Unreachability.TIMEOUT, "too slow"), AnswerClass.PLATFORM_DOWN),
    ("huge", PlatformUnreachable(Unreachability.TOO_LARGE, "too large"), AnswerClass.PLATFORM_DOWN),
    ("dropped", PlatformUnreachable(Unreachability.DROPPED, "cut off"), AnswerClass.PLATFORM_DOWN),
]


@pytest.mark.parametrize("is_second_page", [False, True])
@pytest.mark.parametrize(("answer", "expected"), [case[1:] for case in BAD_ANSWERS], ids=[c[0] for c in BAD_ANSWERS])
def test_a_bad_answer_is_no_list(
    roster: Roster, registration: Registration, answer: Answer, expected: AnswerClass, is_second_page: bool
) -> None:
    first = [answer_page([make_member("1")], f"{ROSTER}?page=2")] if is_second_page else []
    roster.say(*first, answer, answer)  # a 401 is asked twice, with a new token
    with pytest.raises(ServiceError) as caught:
        roster.client.read_roster(registration, ROSTER)
    assert caught.value.answer.answer_class is expected


@pytest.mark.parametrize(
    "next_url",
    [ROSTER, "https://elsewhere.example/memberships", "http" + ROSTER.removeprefix("https"), "/relative", "not a url"],
)
def test_a_lie_about_the_next_page_ends_it(roster: Roster, registration: Registration, next_url: str) -> None:
    roster.answer = lambda _: answer_page([make_member("1")], next_url)
    with pytest.raises(ServiceError) as caught:
        roster.client.read_roster(registration, ROSTER)
    assert caught.value.answer.answer_class is AnswerClass.REFUSED
    assert [asked.url for asked in roster.asked] == [ROSTER], "the token goes nowhere else"


def test_pages_without_end_are_not_read_for_ever(roster: Roster, registration: Registration) -> None:
    roster.answer = lambda _: answer_page([], f"{ROSTER}?page={len(roster.asked)}")
    with pytest.raises(ServiceError, match="no end"):
        roster.client.read_roster(registration, ROSTER)
    assert len(roster.asked) == MOST_PAGES


def test_more_people_than_any_course_has_are_not_kept(roster: Roster, registration: Registration) -> None:
    roster.say(answer_page([{"user_id": number} for number in range(MOST_PEOPLE + 1)]))
    with pytest.raises(ServiceError, match="longer than"):
        roster.client.read_roster(registration, ROSTER)


def test_a_list_that_drips_is_given_up(roster: Roster, registration: Registration, clock: Clock) -> None:
    def answer_slowly(_: Asked) -> HttpAnswer:
        clock.advance(timedelta(seconds=25))
        return answer_page([], f"{ROSTER}?page={len(roster.asked)}")

    roster.answer = answer_slowly
    with pytest.raises(ServiceError) as caught:
        roster.client.read_roster(registration, ROSTER)
    assert caught.value.answer.answer_class is AnswerClass.PLATFORM_DOWN
    assert len(roster.asked) == 8


def test_it_can_be_given_up_between_pages(roster: Roster, registration: Registration) -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    roster.answer = lambda _: answer_page([], f"{ROSTER}?page={len(roster.asked)}")
    with pytest.raises(StopError):
        roster.client.read_roster(registration, ROSTER, before_next_page=stop)
    assert len(roster.asked) == 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
MEMBER = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("user_id", "roles", "status", "name", "given_name", "family_name"), ANYTHING)
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    rotate(folder, A_WEDNESDAY_AFTERNOON)
    return Roster(ToolKeys(folder), lambda: A_WEDNESDAY_AFTERNOON)


@given(page=ANYTHING | st.fixed_dictionaries({"members": st.lists(MEMBER | ANYTHING, max_size=5) | ANYTHING}))
def test_whatever_comes_is_a_list_or_a_classified_refusal(fuzzed: Roster, page: object) -> None:
    fuzzed.answer = lambda _: HttpAnswer(200, {}, json.dumps(page).encode())
    registration = Registration("1", "X", ISSUER, "c", f"{ISSUER}/a", f"{ISSUER}/token", f"{ISSUER}/keys", OTHER)
    try:
        members = fuzzed.client.read_roster(registration, ROSTER)
    except ServiceError:
        return
    assert len({member.sub for member in members}) == len(members)
    for member in members:
        assert 0 < len(member.sub) <= 255
        assert member.name is None or 0 < len(member.name) <= 255
        (member.sub + (member.name or "") + "".join(member.roles)).encode()


@pytest.mark.parametrize(
    ("versions", "is_offered"),
    [
        (["2.0"], True),
        (["1.0", "2.0"], True),
        ([2.0], True),
        (None, True),
        ([], True),
        ("2.0", True),
        ({"x": 1}, True),
        (["1.0"], False),
        (["3.0", None], False),
    ],
)
def test_the_claim_says_where_the_list_is(scene: Scene, versions: object, is_offered: bool) -> None:
    claims = scene.claims()
    claims[vocabulary.CLAIM_NAMES_ROLES] = {"context_memberships_url": ROSTER, "service_versions": versions}
    parts = urlsplit(str(claims[vocabulary.CLAIM_TARGET_LINK_URI]))
    message = read_message(claims, ("https", parts.hostname or "", parts.port or 443))
    assert message.memberships_url == (ROSTER if is_offered else None)
