"""Deep linking requests in the database: opened, read, answered once, and what a course has already."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.domain.placing import ChosenLink
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.values import ContextClaim, DeepLinkingSettings, ResourceLinkClaim
from lti_tool.models import AuditFact, Cohort, Context, ContextCopy, Placement, Registration, ResourceLink, Store
from lti_tool.services import deep_links
from lti_tool.services.arrivals import Arrival
from lti_tool.services.deep_links import (
    LinkToPlace,
    OpenRequest,
    PlacedModule,
    Presence,
    close_request,
    find_request,
    open_deep_link,
    place_links,
)
from tests.support.arrivals import INSTRUCTOR, Doorstep
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.meeting import run_at_once

SETTINGS = DeepLinkingSettings("https://lms.example.org/return", ("ltiResourceLink",), ("iframe",), data="é\u2028")
VISIONING = ChosenLink("visioning", has_column=True)
SERIES = ChosenLink("series", has_column=False)


@pytest.fixture
def doorstep(store: Store, clock: Clock, make: Factory) -> Doorstep:
    return Doorstep.of(store, clock, make.registration())


def ask(doorstep: Doorstep, **changes: Any) -> str:
    """A facilitator asks for content; the handle of her request."""
    said: dict[str, Any] = {"resource_link": None, "ags": None, "custom": {}, "deep_linking": SETTINGS} | changes
    arrival = doorstep.arrive("ruth", role=INSTRUCTOR, **said)
    return open_picker(doorstep, arrival)


def open_picker(doorstep: Doorstep, arrival: Arrival) -> str:
    message = replace(doorstep.make_message("ruth"), deep_linking=SETTINGS)
    with doorstep.store.writing_rows() as rows:
        return open_deep_link(rows, "flow", doorstep.registration, message, arrival, now=doorstep.clock.now()).handle


def read(doorstep: Doorstep, handle: str) -> OpenRequest:
    return find_request(doorstep.store, handle, now=doorstep.clock.now())


def place(doorstep: Doorstep, handle: str, *links: ChosenLink) -> tuple[LinkToPlace, ...]:
    return place_links(doorstep.store, handle, links, now=doorstep.clock.now())


def list_facts(store: Store) -> list[AuditFact]:
    with store.reading() as session:
        return list(session.scalars(select(AuditFact).order_by(AuditFact.id)))


def assert_gone(doorstep: Doorstep, handle: str) -> None:
    for use in (read, place):
        with pytest.raises(LaunchRefused) as refused:
            use(doorstep, handle)
        assert refused.value.code is RefusalCode.DEEP_LINK_GONE
    with pytest.raises(LaunchRefused):
        close_request(doorstep.store, handle, reason="cancelled", now=doorstep.clock.now())


def test_a_request_comes_back_as_it_was_asked(doorstep: Doorstep) -> None:
    opened = read(doorstep, ask(doorstep))
    assert opened.settings == SETTINGS
    assert opened.registration == doorstep.registration
    assert (opened.deployment, opened.context_title) == ("deployment-7", "Leading Edge Cohort")
    assert (opened.ends_on, opened.placed) == (None, {})


def test_placing_writes_each_link_one_fact_and_uses_the_request_up(doorstep: Doorstep) -> None:
    handle = ask(doorstep)
    placed = place(doorstep, handle, VISIONING, SERIES)
    with doorstep.store.reading() as session:
        rows = {row.id: (row.module_key, row.has_column, row.placed_at) for row in session.scalars(select(Placement))}
    assert rows == {link.placement_id: (link.key, link.has_column, doorstep.clock.now()) for link in placed}
    fact = list_facts(doorstep.store)[-1]
    assert (fact.verb, fact.object_kind) == ("placed_links", "context")
    assert fact.facts == {"modules": "visioning series", "columns": 1}
    assert fact.actor_id is not None
    assert_gone(doorstep, handle)


def test_placing_nothing_is_an_answer_too(doorstep: Doorstep) -> None:
    handle = ask(doorstep)
    close_request(doorstep.store, handle, reason="cancelled", now=doorstep.clock.now())
    assert list_facts(doorstep.store)[-1].verb == "placed_nothing"
    assert_gone(doorstep, handle)


def test_two_answers_at_once_are_one(doorstep: Doorstep) -> None:
    handle = ask(doorstep)
    results = run_at_once(*[lambda: place(doorstep, handle, VISIONING)] * 4)
    assert len([one for one in results if isinstance(one, tuple)]) == 1, results
    refused = [one for one in results if isinstance(one, LaunchRefused)]
    assert {one.code for one in refused} == {RefusalCode.DEEP_LINK_GONE}
    with doorstep.store.reading() as session:
        assert len(session.scalars(select(Placement.id)).all()) == 1
    assert [fact.verb for fact in list_facts(doorstep.store)].count("placed_links") == 1


def test_what_breaks_while_placing_leaves_the_request_open(doorstep: Doorstep, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = ask(doorstep)

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(deep_links, "record_fact", fail)
        with pytest.raises(OSError, match="disk full"):
            place(doorstep, handle, VISIONING)
    assert read(doorstep, handle).placed == {}


def test_a_request_lives_two_hours(doorstep: Doorstep) -> None:
    handle = ask(doorstep)
    doorstep.clock.advance(hours=2, seconds=-1)
    read(doorstep, handle)
    doorstep.clock.advance(seconds=1)
    assert_gone(doorstep, handle)


@pytest.mark.parametrize("handle", ["", "unknown", "x" * 5000, "\ud800", "\0"])
def test_a_strange_handle_is_gone(handle: str, doorstep: Doorstep) -> None:
    ask(doorstep)
    assert_gone(doorstep, handle)


def test_a_registration_that_is_switched_off_places_nothing(doorstep: Doorstep, store: Store) -> None:
    handle = ask(doorstep)
    with store.writing() as session:
        session.scalars(select(Registration)).one().is_active = False
    with pytest.raises(LaunchRefused) as refused:
        read(doorstep, handle)
    assert refused.value.code is RefusalCode.REGISTRATION_INACTIVE


def test_the_course_tells_what_it_has_and_how_we_know(doorstep: Doorstep) -> None:
    place(doorstep, ask(doorstep), VISIONING, SERIES)
    first = doorstep.clock.now()
    doorstep.clock.advance(days=1)
    doorstep.arrive("dana", resource_link=ResourceLinkClaim("l-1"), custom={"module": "visioning"})
    doorstep.arrive("dana", resource_link=ResourceLinkClaim("l-2"), custom={"module": "coaching"})
    doorstep.arrive("dana", resource_link=ResourceLinkClaim("l-3"), custom={})
    placed = read(doorstep, ask(doorstep)).placed
    assert placed == {
        "visioning": PlacedModule(first, Presence.OPENED),
        "series": PlacedModule(first, Presence.HANDED_OVER),
        "coaching": PlacedModule(doorstep.clock.now(), Presence.OPENED),
    }
    elsewhere = ask(doorstep, context=ContextClaim("course-8"))
    assert read(doorstep, elsewhere).placed == {}


def test_a_copied_course_has_what_it_was_copied_with(doorstep: Doorstep) -> None:
    (link,) = place(doorstep, ask(doorstep), VISIONING)
    doorstep.arrive("dana", resource_link=ResourceLinkClaim("l-2"), custom={"module": "coaching"})
    copy = ContextClaim("course-8")
    doorstep.arrive(
        "dana",
        context=copy,
        resource_link=ResourceLinkClaim("copied"),
        custom={"placement": link.placement_id},
        ags=None,
    )
    with doorstep.store.reading() as session:
        assert session.scalars(select(ContextCopy.copied_from_id)).one() is not None
    placed = read(doorstep, ask(doorstep, context=copy)).placed
    assert {key: module.presence for key, module in placed.items()} == {
        "visioning": Presence.OPENED,
        "coaching": Presence.COPIED,
    }


def test_a_launch_knows_the_link_it_comes_through_by_our_id(doorstep: Doorstep) -> None:
    (link,) = place(doorstep, ask(doorstep), VISIONING)
    arrival = doorstep.arrive("dana", resource_link=ResourceLinkClaim("l-1"), custom={"placement": link.placement_id})
    assert arrival.module_key == "visioning"
    with doorstep.store.reading() as session:
        row = session.scalars(select(ResourceLink)).one()
    assert (row.placement_id, row.module_key) == (link.placement_id, "visioning")


def test_the_last_end_of_the_open_cohorts_is_the_end(doorstep: Doorstep, make: Factory) -> None:
    ask(doorstep)
    today = doorstep.clock.now().date()
    with doorstep.store.reading() as session:
        context = session.scalars(select(Context)).one()
    assert read(doorstep, ask(doorstep)).ends_on is None
    with doorstep.store.writing() as session:
        for cohort in session.scalars(select(Cohort)):
            cohort.closes_on = today + timedelta(days=30)
    make.cohort(context, closes_on=today + timedelta(days=80))
    make.cohort(context, closes_on=today - timedelta(days=80))
    assert read(doorstep, ask(doorstep)).ends_on == date(2026, 5, 23)
    make.cohort(context, closes_on=None)
    assert read(doorstep, ask(doorstep)).ends_on is None


def test_outside_a_course_nothing_is_kept_of_a_link(doorstep: Doorstep) -> None:
    administrator = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
    arrival = doorstep.arrive("lee", role=administrator, context=None, resource_link=None, ags=None)
    handle = open_picker(doorstep, arrival)
    assert read(doorstep, handle).context_title is None
    assert place(doorstep, handle, VISIONING) == (LinkToPlace("visioning", True, None),)
    with doorstep.store.reading() as session:
        assert session.scalars(select(Placement.id)).all() == []
