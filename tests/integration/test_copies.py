"""Copied courses are new, empty runs that keep their links, never across tenants; graders find the work."""

from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.domain.roles import Standing
from lti_tool.lti import vocabulary
from lti_tool.lti.values import ContextClaim, ResourceLinkClaim
from lti_tool.models import (
    AuditFact,
    Cohort,
    Context,
    ContextCopy,
    Enrolment,
    Membership,
    Placement,
    ResourceLink,
    Store,
    User,
)
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.arrival_work import WantedWork, read_work_id
from lti_tool.services.arrivals import Arrival
from tests.support.arrivals import INSTRUCTOR, LEARNER, Doorstep
from tests.support.clock import Clock
from tests.support.factories import Factory


@pytest.fixture
def doorstep(store: Store, clock: Clock, make: Factory) -> Doorstep:
    return Doorstep.of(store, clock, make.registration())


def arrive_at(doorstep: Doorstep, course: str, custom: dict[str, str], **changes: Any) -> Arrival:
    """A facilitator's first click in this course."""
    wanted: dict[str, Any] = {
        "context": ContextClaim(course, course, f"Course {course}"),
        "resource_link": ResourceLinkClaim(f"link-of-{course}", "A session"),
        "custom": custom,
        "ags": None,
    }
    return doorstep.arrive("ruth", role=INSTRUCTOR, **wanted | changes)


def place(doorstep: Doorstep, arrival: Arrival, module_key: str = "relationships") -> str:
    with doorstep.store.writing() as session:
        row = Placement(
            id=f"placement-{module_key}-{arrival.context_id}",
            context_id=arrival.context_id,
            module_key=module_key,
            has_column=True,
            placed_by_id=arrival.user_id,
            placed_at=doorstep.clock.now(),
        )
        session.add(row)
    return row.id


def find_copy(doorstep: Doorstep, arrival: Arrival) -> ContextCopy | None:
    with doorstep.store.reading() as session:
        return session.get(ContextCopy, arrival.context_id)


def test_copied_course_keeps_its_links_and_starts_empty(doorstep: Doorstep) -> None:
    old = arrive_at(doorstep, "old", {"module": "relationships"})
    placement = place(doorstep, old)
    new = arrive_at(doorstep, "new", {"placement": placement})
    assert (new.module_key, new.context_id != old.context_id, new.cohort_id != old.cohort_id) == (
        "relationships",
        True,
        True,
    )
    copy = find_copy(doorstep, new)
    assert copy is not None
    assert (copy.copied_from_id, copy.history) == (old.context_id, [])
    with doorstep.store.reading() as session:
        assert session.scalars(
            select(ResourceLink.placement_id).where(ResourceLink.context_id == new.context_id)
        ).all() == [placement]
        assert len(session.scalars(select(Cohort)).all()) == 2
        assert len(session.scalars(select(AuditFact).where(AuditFact.verb == "noted_copy")).all()) == 1


@pytest.mark.parametrize("variable", ["context_history", "prev_contexts"])
def test_history_tells_the_nearest_forebear_that_is_known(doorstep: Doorstep, variable: str) -> None:
    first = arrive_at(doorstep, "1", {"module": "visioning"})
    second = arrive_at(doorstep, "2", {"module": "visioning", variable: "1"})
    third = arrive_at(doorstep, "3", {"module": "visioning", variable: "99, 2,1,"})
    copies = [find_copy(doorstep, one) for one in (first, second, third)]
    assert copies[0] is None
    assert copies[1] is not None
    assert copies[2] is not None
    assert (copies[1].copied_from_id, copies[2].copied_from_id) == (first.context_id, second.context_id)
    assert copies[2].history == ["99", "2", "1"]


def test_copy_is_noted_once_and_costs_nothing_later(doorstep: Doorstep) -> None:
    arrive_at(doorstep, "1", {"module": "visioning"})
    for link in ("a", "b", "a"):
        arrive_at(
            doorstep,
            "2",
            {"module": "visioning", "context_history": "1"},
            resource_link=ResourceLinkClaim(f"link-{link}", None),
        )
    with doorstep.store.reading() as session:
        assert len(session.scalars(select(AuditFact).where(AuditFact.verb == "noted_copy")).all()) == 1


def test_another_tenants_ids_mean_nothing(doorstep: Doorstep, make: Factory, clock: Clock) -> None:
    theirs = Doorstep.of(doorstep.store, clock, make.registration(client_id="another-school"))
    old = arrive_at(theirs, "1", {"module": "relationships"})
    placement = place(theirs, old)
    new = arrive_at(doorstep, "2", {"placement": placement, "context_history": "1", "link_history": "link-of-1"})
    assert new.module_key is None
    copy = find_copy(doorstep, new)
    assert copy is not None
    assert copy.copied_from_id is None, "the number 1 is another course there"


def test_link_that_was_bound_by_hand_is_found_by_its_history(doorstep: Doorstep) -> None:
    old = arrive_at(doorstep, "1", {})
    with doorstep.store.writing() as session:
        link = session.scalars(select(ResourceLink).where(ResourceLink.context_id == old.context_id)).one()
        link.module_key, link.bound_by_id = "coaching", old.user_id
    assert arrive_at(doorstep, "2", {"link_history": "link-of-1"}).module_key == "coaching"
    assert arrive_at(doorstep, "3", {"link_history": "$ResourceLink.id.history"}).module_key is None


def test_own_module_wins_over_what_a_copy_says(doorstep: Doorstep) -> None:
    old = arrive_at(doorstep, "1", {})
    placement = place(doorstep, old, "coaching")
    assert arrive_at(doorstep, "2", {"placement": placement, "module": "series"}).module_key == SERIES_LINK


# What a grader's launch is about.


def review(doorstep: Doorstep, sub: str, role: str, **changes: Any) -> Arrival:
    return doorstep.arrive(sub, role=role, message_type=vocabulary.MESSAGE_SUBMISSION_REVIEW, **changes)


@pytest.fixture
def plan(doorstep: Doorstep, make: Factory) -> int:
    """Dana's Mission Plan."""
    dana = doorstep.arrive("dana")
    with doorstep.store.reading() as session:
        enrolment = session.scalars(select(Enrolment).where(Enrolment.user_id == dana.user_id)).one()
    return make.submission(enrolment).id


def test_facilitator_is_led_to_the_person_the_grader_shows(doorstep: Doorstep, plan: int) -> None:
    assert review(doorstep, "ruth", INSTRUCTOR, for_user="dana").wanted_work == WantedWork(
        plan, "visioning", is_own=False
    )


def test_head_of_a_column_leads_to_the_queue(doorstep: Doorstep, plan: int) -> None:
    wanted = WantedWork(None, "visioning", is_own=False)
    assert review(doorstep, "ruth", INSTRUCTOR).wanted_work == wanted
    assert review(doorstep, "ruth", INSTRUCTOR, for_user="nobody-we-know").wanted_work == wanted


def test_learner_is_led_to_her_own_whoever_is_named(doorstep: Doorstep, plan: int) -> None:
    assert review(doorstep, "priya", LEARNER, for_user="dana").wanted_work == WantedWork(None, "visioning", is_own=True)
    target = f"https://tool.example.org/lti/launch?work={plan}"
    assert doorstep.arrive("priya", target_link_uri=target).wanted_work == WantedWork(None, "visioning", is_own=True)


def test_graders_address_opens_the_work_it_names_in_its_own_course_only(doorstep: Doorstep, plan: int) -> None:
    target = f"https://tool.example.org/lti/launch?work={plan}"
    here = doorstep.arrive("ruth", role=INSTRUCTOR, target_link_uri=target)
    assert here.wanted_work == WantedWork(plan, "visioning", is_own=False)
    elsewhere = arrive_at(doorstep, "elsewhere", {"module": "visioning"}, target_link_uri=target)
    assert elsewhere.wanted_work == WantedWork(None, "visioning", is_own=False)


def test_visitor_is_led_to_nobodys_work(doorstep: Doorstep, plan: int) -> None:
    assert review(doorstep, "sam", "urn:lti:role:unknown", for_user="dana").wanted_work is None


@pytest.mark.parametrize(
    "query", ["", "work=", "work=x", "work=-1", "work=0", "work=1&work=2", "work=99999999999999", "work=\u0661"]
)
def test_odd_work_is_no_work(query: str) -> None:
    assert read_work_id(f"https://tool.example.org/lti/launch?{query}") is None


# Launches without anybody's id.


def test_nobody_in_particular_reads_along_and_leaves_nothing(doorstep: Doorstep) -> None:
    for role in (INSTRUCTOR, LEARNER):
        arrived = doorstep.arrive("", role=role)
        assert (arrived.standing, arrived.module_key) == (Standing.VISITOR, "visioning")
    with doorstep.store.reading() as session:
        assert [user.sub for user in session.scalars(select(User))] == [""]
        assert session.scalars(select(User.name)).all() == [None]
        assert session.scalars(select(Membership)).all() == []
        assert len(session.scalars(select(Context)).all()) == 1
