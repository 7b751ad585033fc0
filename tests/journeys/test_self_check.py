"""The administrator's page: each line says what was tried, what came back and what to do; nobody else sees it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.models import AuditFact, RefusalCount, Registration
from lti_tool.services.refusals import note_refusal
from lti_tool.services.self_check import read_self_check, run_self_check
from lti_tool.services.self_check_lines import CheckState
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor, Page, Person
from tests.support.pages import find_text
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json


@pytest.fixture
def lee(door: FrontDoor) -> Person:
    """The administrator of the LMS, who is not in the course."""
    person = door.person("301")
    person.launch("series")
    return person


class Platform:
    """What answers to the self-check: our own keys, the platform's, its token endpoint."""

    def __init__(self, door: FrontDoor) -> None:
        self.own: HttpAnswer | PlatformUnreachable = answer_json(door.tool.keys.public_jwks())
        self.theirs: HttpAnswer | PlatformUnreachable = answer_json(
            door.platform.keys.describe_all(), headers=said(door)
        )
        self.token: HttpAnswer | PlatformUnreachable = answer_json({"access_token": "t", "expires_in": 3600})
        client = ScriptedClient(self._answer)
        self.asked = client.asked
        services = replace(door.tool.services, http=client)
        door.app.extensions["lti_tool"] = replace(door.tool, services=services)
        self.services = services

    def _answer(self, asked: Asked) -> HttpAnswer | PlatformUnreachable:
        if asked.url.startswith(TOOL):
            return self.own
        return self.token if asked.url.endswith("/token") else self.theirs


def said(door: FrontDoor, seconds: int = 0) -> dict[str, str]:
    moment = datetime.fromtimestamp(door.clock.now().timestamp() + seconds, UTC)
    return {"Date": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")}


@pytest.fixture
def platform(door: FrontDoor) -> Platform:
    return Platform(door)


def lines_of(page: Page) -> dict[str, tuple[str, str]]:
    """Each line by its key: how it turned out, and its words."""
    cards = [item for item in page.tree.iter("li") if item.get("data-check")]
    return {str(item.get("data-check")): (item.get("data-state", ""), find_text(item)) for item in cards}


def run(lee: Person) -> dict[str, tuple[str, str]]:
    page = lee.post("self-check/", lee.get("self-check/").form("/self-check/"))
    assert page.status == 200
    return lines_of(page)


def test_looking_asks_the_lms_nothing(lee: Person, door: FrontDoor) -> None:
    platform = Platform(door)
    platform.own = platform.theirs = platform.token = PlatformUnreachable(Unreachability.REFUSED, "asked")
    found = lines_of(lee.get("self-check/"))
    assert {"deployments", "frames", "launch", "browsers", "refusal", "score", "browser"} == set(found)
    assert found["launch"][0] == "good"
    assert platform.asked == []


def test_everything_works(lee: Person, platform: Platform) -> None:
    found = run(lee)
    for key in ("own_keys", "platform_keys", "clock", "token", "scopes"):
        assert found[key][0] == "good", found[key]


@pytest.mark.parametrize(
    ("part", "answer", "key", "words"),
    [
        ("own", PlatformUnreachable(Unreachability.REFUSED, "nobody there"), "own_keys", "nobody there"),
        ("own", answer_json({"keys": []}), "own_keys", "no RS256 key"),
        ("own", HttpAnswer(200, {}, b"<html>", "OK"), "own_keys", "JSON"),
        ("theirs", HttpAnswer(500, {}, b"", "Oh"), "platform_keys", "answered 500"),
        ("token", HttpAnswer(400, {}, b'{"error": "invalid_client"}', "Bad Request"), "token", "invalid_client"),
        ("token", HttpAnswer(404, {}, b"<title>Not here</title>", "Not Found"), "token", "Not here"),
        ("token", PlatformUnreachable(Unreachability.TIMEOUT, "no answer"), "token", "no answer"),
    ],
)
def test_what_does_not_work_is_said_with_what_to_do(
    lee: Person, platform: Platform, part: str, answer: HttpAnswer | PlatformUnreachable, key: str, words: str
) -> None:
    setattr(platform, part, answer)
    state, said_words = run(lee)[key]
    assert state == "problem"
    assert words in said_words


def test_missing_permissions_are_named_in_words(lee: Person, platform: Platform) -> None:
    platform.token = answer_json({"access_token": "t", "scope": vocabulary.SCOPE_SCORE})
    state, words = run(lee)["scopes"]
    assert state == "problem"
    assert "read the list of people in a course" in words
    assert "write scores;" not in words


@pytest.mark.parametrize(("seconds", "state"), [(29, "good"), (-29, "good"), (45, "problem"), (-3600, "problem")])
def test_clocks_that_are_apart(lee: Person, platform: Platform, door: FrontDoor, seconds: int, state: str) -> None:
    platform.theirs = answer_json(door.platform.keys.describe_all(), headers=said(door, seconds))
    found = run(lee)["clock"]
    assert found[0] == state
    assert str(abs(seconds)) in found[1]


def test_last_refusal_is_shown_until_a_launch_goes_well(door: FrontDoor, lee: Person, clock: Clock) -> None:
    clock.advance(hours=1)
    dana = door.person("101")
    posted = dana.authorize(dana.start_login())
    posted["id_token"] = posted["id_token"][:-8] + "AAAAAAAA"
    refused = dana.follow(dana.post_launch(posted))
    code = refused.error_code
    assert code is not None
    state, words = lines_of(lee.get("self-check/"))["refusal"]
    assert state == "problem"
    assert code in words
    with door.store.reading() as session:
        counted = session.scalars(select(RefusalCount)).one()
        assert (counted.code, counted.count) == (code, 1)
        assert counted.reference in refused.words
    clock.advance(hours=2)
    dana.launch()
    assert lines_of(lee.get("self-check/"))["refusal"][0] == "good"


def test_refusals_are_counted_in_one_row_a_reason(door: FrontDoor, clock: Clock) -> None:
    client = door.app.test_client()
    for number in range(5):
        client.post(
            "/lti/login", base_url=TOOL, data={"iss": f"https://x{number}", "login_hint": "a", "target_link_uri": "b"}
        )
        clock.advance(minutes=1)
    client.post("/lti/login", base_url=TOOL, data={})
    with door.store.reading() as session:
        rows = {row.code: row for row in session.scalars(select(RefusalCount))}
        assert {code: row.count for code, row in rows.items()} == {"unknown_issuer": 5, "missing_login_parameter": 1}
        assert rows["unknown_issuer"].place == "unknown"
        assert rows["unknown_issuer"].first_at < rows["unknown_issuer"].last_at


def test_nobody_else_opens_it(door: FrontDoor) -> None:
    for sub in ("101", "201", "401"):
        person = door.person(sub)
        person.launch("series")
        assert person.get("self-check/").status == 403


def test_administrator_finds_her_way_to_it(lee: Person) -> None:
    assert "Self-check" in lee.get("").words


def test_check_of_somebody_elses_registration_says_nothing_of_ours(
    door: FrontDoor, lee: Person, platform: Platform
) -> None:
    with door.store.writing() as session:
        other = Registration(
            name="Other",
            issuer="https://other.example.org",
            client_id="x",
            auth_url="https://other.example.org/a",
            token_url="https://other.example.org/token",
            jwks_url="https://other.example.org/k",
            family="other",
            origins=[],
            created_at=door.clock.now(),
        )
        session.add(other)
    note_refusal(door.store, registration_id=str(other.id), code="expired", reference="X", now=door.clock.now())
    assert "expired" not in lines_of(lee.get("self-check/"))["refusal"][1]
    found = run_self_check(door.store, platform.services, other.id, base_url=TOOL, now=door.clock.now())
    by_key = {line.key: line for line in found.lines}
    assert by_key["launch"].state is CheckState.UNKNOWN
    assert by_key["frames"].state is CheckState.PROBLEM
    assert by_key["refusal"].state is CheckState.PROBLEM
    assert read_self_check(door.store, other.id, now=door.clock.now()).has_called is False


def test_running_it_writes_nothing_about_people(door: FrontDoor, lee: Person, platform: Platform) -> None:
    with door.store.reading() as session:
        before = len(session.scalars(select(AuditFact)).all())
    run(lee)
    with door.store.reading() as session:
        assert len(session.scalars(select(AuditFact)).all()) == before
