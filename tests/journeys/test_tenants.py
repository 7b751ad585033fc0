"""Several schools, several deployments and several LMSs with one tool: nothing of one is ever seen or sent in another.

The hardest case is hosted Canvas: every school has the same issuer, and their numbers for people and courses repeat.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_tool.demo_lms.courses import Link
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.lti import vocabulary
from lti_tool.models import Context, Deployment, LineItem, Membership, Registration, ScoreDelivery, Submission, User
from lti_tool.services.registrations import RegistrationChanges, edit_registration
from tests.support.clock import Clock
from tests.support.forging import ABSENT, send_forged
from tests.support.front_door import (
    TOOL,
    FrontDoor,
    Person,
    open_door_of_another_lms,
    open_front_door,
    register_lms,
)
from tests.support.plans import address_of, review_plan, save_plan, submit_plan
from tests.support.work_scene import WORDS_IN_RANGE

DANA, RUTH = "101", "201"
KEY = "visioning"
OTHER_CLIENT = "another-school"
SECRET = "Only the first school may read this sentence"


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock, manner=Manner.CANVAS) as opened:
        yield opened


@dataclass
class School:
    """One registration of the issuer: how its people click, and its own column in the gradebook."""

    door: FrontDoor
    link: str
    column: Column

    def launch(self, sub: str) -> Person:
        """Somebody of this school, inside her session."""
        person = self.door.person(sub)
        page = person.launch(self.link)
        assert page.status == 200, page.words
        return person


@pytest.fixture
def schools(door: FrontDoor) -> tuple[School, School]:
    """Two schools of one issuer. In both, person 101 is in course-1."""
    platform = door.platform
    built_in = platform.tools.built_in
    other = platform.tools.add(
        RegisteredTool(
            client_id=OTHER_CLIENT,
            deployment_id="",
            name="Another school's tool",
            login_url=built_in.login_url,
            redirect_uris=built_in.redirect_uris,
            keys_url=built_in.keys_url,
            target_url=built_in.target_url,
            domain=built_in.domain,
        ),
        Manner.CANVAS,
    )
    register_lms(door, client_id=OTHER_CLIENT, origins=["https://another.instructure.com"])
    wanted = Link("course-1", "", "Visioning", "", custom={"module": KEY}, client_id=other.client_id)
    (link,) = platform.courses.place("course-1", [wanted])
    column = platform.gradebook.add_column(Column(0, "course-1", "Visioning", 100, resource_link_id=link.id))
    platform.column_owners.give(column, other.client_id)
    (first,) = platform.gradebook.list_columns("course-1", resource_id=KEY)
    return School(door, KEY, first), School(door, link.key, column)


def count(door: FrontDoor, table: type) -> int:
    with door.store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def finish_work(person: Person) -> None:
    """Both reflections and the plan."""
    for key in ("a", "b"):
        address = f"modules/{KEY}/reflections/{key}"
        person.post(address, {**person.get(address).form(address), "a.text": WORDS_IN_RANGE}, do="submit")
    submit_plan(person, KEY)


def find_plan(door: FrontDoor) -> int:
    statement = select(Submission.id).where(Submission.activity_key == "plan").order_by(Submission.id).limit(1)
    with door.store.reading() as session:
        return session.scalars(statement).one()


def test_two_schools_of_one_issuer_share_nothing(schools: tuple[School, School]) -> None:
    door = schools[0].door
    here, there = (school.launch(DANA) for school in schools)
    assert (count(door, User), count(door, Context), count(door, Membership)) == (2, 2, 2)
    save_plan(here, KEY, {"mission_statement": SECRET})
    assert SECRET in here.get(address_of(KEY)).response.text
    assert SECRET not in there.get(address_of(KEY)).response.text
    submit_plan(here, KEY)
    ruth_here, ruth_there = (school.launch(RUTH) for school in schools)
    assert "1 plan waits for you" in ruth_here.get("reviews/").words
    assert "Nobody waits" in ruth_there.get("reviews/").words
    assert ruth_here.get(f"reviews/{find_plan(door)}").status == 200
    assert ruth_there.get(f"reviews/{find_plan(door)}").status == 404
    target = {vocabulary.CLAIM_TARGET_LINK_URI: f"{TOOL}/lti/launch?work={find_plan(door)}"}
    login = {"client_id": OTHER_CLIENT}
    page = send_forged(ruth_there, target, link=schools[1].link, login=login)
    assert page.address.endswith("/reviews/"), "the other school's work is not opened, and not said to be there"


def test_each_schools_score_goes_to_its_own_column_with_its_own_token(schools: tuple[School, School]) -> None:
    door = schools[0].door
    for school in schools:
        finish_work(school.launch(DANA))
    ruth_here, ruth_there = (school.launch(RUTH) for school in schools)
    review_plan(ruth_there, KEY, "accept", overall="Well done, over there.")
    door.deliver(2)
    columns = [school.column for school in schools]
    assert [door.platform.gradebook.find_cell(column, DANA).value for column in columns] == [None, 100]
    review_plan(ruth_here, KEY, "accept", overall="Well done, over here.")
    door.deliver(2)
    cells = [door.platform.gradebook.find_cell(column, DANA) for column in columns]
    assert [(cell.value, cell.comments) for cell in cells] == [
        (100, ("Well done, over here.",)),
        (100, ("Well done, over there.",)),
    ]
    with door.store.reading() as session:
        assert session.scalars(select(ScoreDelivery.state)).all() == ["confirmed", "confirmed"]
        assert len(set(session.scalars(select(LineItem.registration_id)))) == 2


def test_a_login_that_does_not_say_which_school_is_refused(schools: tuple[School, School]) -> None:
    person = schools[0].door.person(DANA)
    fields = {name: value for name, value in person.start_login().items() if name != "client_id"}
    page = person.follow(person.tool.post("/lti/login", base_url=TOOL, data=fields))
    assert page.error_code == "ambiguous_client"


def test_a_launch_for_one_school_does_not_pass_as_the_others(schools: tuple[School, School]) -> None:
    person = schools[0].door.person(DANA)
    page = send_forged(person, {"aud": OTHER_CLIENT, "azp": OTHER_CLIENT})
    assert (page.status, page.error_code) == (401, "wrong_audience")


def test_each_schools_pages_are_framed_by_its_own_addresses(schools: tuple[School, School]) -> None:
    door = schools[0].door
    vanity = ["https://*.instructure.com", "https://learn.district.example"]
    edit_registration(door.store, 1, RegistrationChanges(origins=vanity), allow_http=False, now=door.clock.now())
    wanted = [
        " ".join(["frame-ancestors", "'self'", *vanity]),
        "frame-ancestors 'self' https://another.instructure.com",
    ]
    for school, words in zip(schools, wanted, strict=True):
        policy = school.launch(DANA).get("").response.headers["Content-Security-Policy"]
        assert [part.strip() for part in policy.split(";") if "frame-ancestors" in part] == [words]


# Two deployments of one registration.


def test_two_deployments_of_one_registration_are_two_courses(door: FrontDoor) -> None:
    with door.store.writing() as session:
        session.add_all(
            Deployment(registration_id=1, id_on_platform=name, created_at=door.clock.now()) for name in ("1", "2:b")
        )
    second = {vocabulary.CLAIM_DEPLOYMENT_ID: "2:b", vocabulary.CLAIM_AGS_ENDPOINT: ABSENT}
    login = {"deployment_id": "2:b"}
    here, there = door.person(DANA), door.person(DANA)
    here.launch()
    save_plan(here, KEY, {"mission_statement": SECRET})
    submit_plan(here, KEY)
    assert send_forged(there, second, login=login).status == 200
    assert SECRET not in there.get(address_of(KEY)).response.text
    assert (count(door, User), count(door, Context)) == (1, 2), "one person, two courses"
    ruth = door.person(RUTH)
    send_forged(ruth, second, login=login)
    assert "Nobody waits" in ruth.get("reviews/").words
    assert ruth.get(f"reviews/{find_plan(door)}").status == 404
    stranger = send_forged(
        door.person(DANA), {**second, vocabulary.CLAIM_DEPLOYMENT_ID: "3"}, login={"deployment_id": "3"}
    )
    assert (stranger.status, stranger.error_code) == (403, "unknown_deployment")


# Two LMSs.


def test_two_lmss_with_the_same_numbers_share_nothing(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with (
        open_front_door(database_url, tmp_path, clock, manner=Manner.MOODLE) as door,
        open_door_of_another_lms(door, tmp_path / "another", manner=Manner.CANVAS) as other,
    ):
        for place in (door, other):
            dana, ruth = place.person(DANA), place.person(RUTH)
            dana.launch()
            ruth.launch()
            finish_work(dana)
            review_plan(ruth, KEY, "accept", overall=f"Seen at {place.lms_url}.")
        door.deliver(3)
        for place in (door, other):
            (column,) = place.platform.gradebook.list_columns("course-1", resource_id=KEY)
            cell = place.platform.gradebook.find_cell(column, DANA)
            assert (cell.value, cell.comments) == (100, (f"Seen at {place.lms_url}.",))
        assert (count(door, User), count(door, Context), count(door, Registration)) == (4, 2, 2)


def test_one_lms_cannot_speak_for_another(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with (
        open_front_door(database_url, tmp_path, clock) as door,
        open_door_of_another_lms(door, tmp_path / "another") as other,
    ):
        other.person(DANA).launch()
        # Everything is right but the key, which is the other LMS's own.
        door.platform.sign = other.platform.sign  # type: ignore[method-assign]
        page = door.person(DANA).launch()
        assert page.status == 401
        assert page.error_code in {"unknown_key", "bad_signature"}
