"""Launches that name nobody (LTI Core §5.3.6.1): refused, unless a registration lets them in to read."""

import pytest
from sqlalchemy import func, select

from lti_tool.lti import vocabulary
from lti_tool.models import EarnedScore, Enrolment, LaunchSession, Membership, ReadingRecord, Submission, User
from lti_tool.services.registrations import RegistrationChanges, edit_registration
from tests.support.forging import ABSENT, send_forged
from tests.support.front_door import FrontDoor, Page, Person
from tests.support.plans import submit_plan

DANA, RUTH = "101", "201"
KEY = "visioning"
READING = f"modules/{KEY}/readings/r1"
NOBODY = {"sub": ABSENT, "name": "Some Name", "email": "some.name@example.org"}


def let_in(door: FrontDoor, *, is_allowed: bool = True) -> None:
    """What ``lti-tool platform edit 1 --anonymous`` does."""
    changes = RegistrationChanges(allows_anonymous=is_allowed)
    edit_registration(door.store, 1, changes, allow_http=True, now=door.clock.now())


def launch_as_nobody(person: Person, **more: object) -> Page:
    return send_forged(person, {**NOBODY, **more})


def list_names(door: FrontDoor) -> list[tuple[str, str | None]]:
    with door.store.reading() as session:
        return [(sub, name) for sub, name in session.execute(select(User.sub, User.name).order_by(User.id))]


def count(door: FrontDoor, table: type) -> int:
    with door.store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_nobody_is_refused_unless_the_registration_lets_nobody_in(door: FrontDoor) -> None:
    person = door.person(DANA)
    page = launch_as_nobody(person)
    assert (page.status, page.error_code) == (400, "missing_subject")
    assert (list_names(door), count(door, LaunchSession)) == ([], 0)
    let_in(door)
    assert launch_as_nobody(person).status == 200
    let_in(door, is_allowed=False)
    assert launch_as_nobody(person).error_code == "missing_subject"


@pytest.mark.parametrize("subject", ["", " ", 7, [], "x" * 256, "Ñ"], ids=repr)
def test_an_odd_id_is_no_missing_one(door: FrontDoor, subject: object) -> None:
    let_in(door)
    page = launch_as_nobody(door.person(DANA), sub=subject)
    assert page.status == 400
    assert page.error_code in {"missing_subject", "bad_subject"}
    assert list_names(door) == []


def test_nobody_reads_along_and_leaves_nothing(door: FrontDoor) -> None:
    let_in(door)
    dana = door.person(DANA)
    dana.launch()
    submit_plan(dana, KEY)
    submissions = count(door, Submission)
    for sub, role in ((DANA, "Learner"), (RUTH, "Instructor")):
        person = door.person(sub)
        page = launch_as_nobody(person, **{vocabulary.CLAIM_ROLES: [f"{vocabulary.ROLE_CONTEXT_PREFIX}{role}"]})
        assert page.status == 200
        assert "You can read along" in page.words
        assert "Dana" not in page.words
        assert person.get(READING).status == 200
        assert not list(person.get(f"modules/{KEY}/plan").tree.iter("form"))
        assert person.send(f"modules/{KEY}/plan", {"a.campus_name": "Mine"}, do="save").status_code == 403
        assert person.get("reviews/").status == 403
        assert person.get("people/").status == 403
    assert list_names(door) == [(DANA, "Dana Whitfield"), ("", None)]
    with door.store.reading() as session:
        assert session.scalars(select(User.sub).join(Membership, Membership.user_id == User.id)).all() == [DANA]
        assert session.scalars(select(User.sub).join(Enrolment, Enrolment.user_id == User.id)).all() == [DANA]
    assert (count(door, Submission), count(door, ReadingRecord), count(door, EarnedScore)) == (submissions, 0, 0)
    ruth = door.person(RUTH)
    ruth.launch()
    assert "Some Name" not in ruth.get("people/").words
