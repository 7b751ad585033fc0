"""A real Moodle's list of people, replayed to our client, and kept as our services keep it."""

import pytest

from lti_tool.lti import vocabulary
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.nrps import MemberStatus, RosterClient, RosterMember
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.lti.values import AnswerClass
from tests.certification.moodle import (
    ISSUER,
    TOKEN_URL,
    Exchange,
    answer_with,
    list_exchanges,
    moodle_registration,
    pick,
)
from tests.certification.scene import Scene
from tests.certification.test_captured_answers import expect_class
from tests.unit.lti.doubles import Asked, ScriptedClient

URL = f"{ISSUER}/mod/lti/services.php/CourseSection/2/bindings/1/memberships"
ROSTERS = [*list_exchanges("nrps"), pick("misc-services", "privacy-off NRPS")]
OUTDATED = pick("nrps", "v1 accept")
# A page that was asked for with a limit leads on; replaying it alone would lead to itself.
WHOLE = [one for one in ROSTERS if "Link" not in one.headers and one != OUTDATED]


def open_client(http: ScriptedClient, tool_keys: ToolKeys, scene: Scene) -> RosterClient:
    return RosterClient(Services(http, tool_keys, MemoryTokenCache(), lambda: scene.now))


def expect_members(exchange: Exchange) -> list[RosterMember]:
    return [
        RosterMember(one["user_id"], one.get("name"), tuple(one["roles"]), MemberStatus(one["status"]))
        for one in exchange.document()["members"]
    ]


@pytest.mark.parametrize("exchange", WHOLE, ids=str)
def test_list_is_read_or_the_reason_is(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    http = answer_with(exchange)
    client = open_client(http, tool_keys, scene)
    if exchange.status != 200:
        with pytest.raises(ServiceError) as error:
            client.read_roster(moodle_registration(), URL)
        assert error.value.answer.answer_class == expect_class(exchange)
        assert "<token>" not in error.value.answer.detail
        return
    assert list(client.read_roster(moodle_registration(), URL)) == expect_members(exchange)
    asked = [one for one in http.asked if one.url != TOKEN_URL]
    assert [(one.url, one.headers["Accept"]) for one in asked] == [(URL, vocabulary.MEDIA_MEMBERSHIP_CONTAINER)]


def test_what_moodle_says_of_people(tool_keys: ToolKeys, scene: Scene) -> None:
    """Short roles; the non-editing teacher is a Learner here; nobody who is suspended; no administrator."""
    everybody = open_client(answer_with(pick("nrps", "plain")), tool_keys, scene).read_roster(
        moodle_registration(), URL
    )
    assert [(member.sub, member.roles) for member in everybody] == [
        ("3", ("Instructor",)),
        ("5", ("Learner",)),
        ("6", ("Learner",)),
        ("7", ("Learner",)),
        ("4", ("Learner",)),
    ]
    later = open_client(answer_with(pick("nrps", "student3 enrolment suspended")), tool_keys, scene)
    assert {member.sub for member in everybody} - {
        member.sub for member in later.read_roster(moodle_registration(), URL)
    } == {"7"}


def test_list_without_names_is_a_list(tool_keys: ToolKeys, scene: Scene) -> None:
    client = open_client(answer_with(pick("misc-services", "privacy-off NRPS")), tool_keys, scene)
    members = client.read_roster(moodle_registration(), URL)
    assert len(members) == 5
    assert {member.name for member in members} == {None}


def test_pages_are_followed_to_the_letter(tool_keys: ToolKeys, scene: Scene) -> None:
    """The captured pages of two people each, then the rest: Moodle's Link header for people is correct."""
    first, second, whole = (pick("nrps", note) for note in ("limit=2", "limit=2 from=2", "plain"))
    pages = {f"{URL}?limit=2": first, f"{URL}?limit=2&from=2": second, f"{URL}?limit=2&from=4": whole}

    def respond(asked: Asked) -> HttpAnswer:
        return (pick("token-endpoint", "success one scope") if asked.url == TOKEN_URL else pages[asked.url]).answer()

    http = ScriptedClient(respond)
    members = open_client(http, tool_keys, scene).read_roster(moodle_registration(), f"{URL}?limit=2")
    assert [one.url for one in http.asked if one.url != TOKEN_URL] == list(pages)
    assert [member.sub for member in members] == ["3", "5", "6", "7", "4"], "each once"


@pytest.mark.parametrize("exchange", [one for one in ROSTERS if "Link" in one.headers], ids=str)
def test_page_that_leads_to_itself_for_ever_ends(exchange: Exchange, tool_keys: ToolKeys, scene: Scene) -> None:
    http = answer_with(exchange)
    with pytest.raises(ServiceError) as error:
        open_client(http, tool_keys, scene).read_roster(moodle_registration(), URL)
    assert error.value.answer.answer_class == AnswerClass.REFUSED
    assert len(http.asked) == 3


def test_list_in_the_first_versions_shape_is_refused(tool_keys: ToolKeys, scene: Scene) -> None:
    with pytest.raises(ServiceError) as error:
        open_client(answer_with(OUTDATED), tool_keys, scene).read_roster(moodle_registration(), URL)
    assert error.value.answer.answer_class == AnswerClass.REFUSED
