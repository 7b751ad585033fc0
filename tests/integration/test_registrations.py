"""Registrations on both databases: what may be registered, changed, removed, brought back and moved."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_tool.models import AuditFact, Context, Deployment, LineItem, Registration, Store
from lti_tool.services.errors import NotFoundError
from lti_tool.services.registration_checks import BadRegistrationError
from lti_tool.services.registrations import (
    RegistrationChanges,
    RegistrationDetails,
    RegistrationExistsError,
    RegistrationInput,
    add_registration,
    deactivate_registration,
    edit_registration,
    list_registrations,
    move_platform,
    read_registration,
    to_value,
)
from tests.support.clock import Clock
from tests.support.factories import Factory

MOODLE = RegistrationInput(
    name="District Moodle",
    issuer="https://moodle.example.org",
    client_id="abc123",
    auth_url="https://moodle.example.org/mod/lti/auth.php",
    token_url="https://moodle.example.org/mod/lti/token.php",
    jwks_url="https://moodle.example.org/mod/lti/certs.php",
    family="moodle",
)


def add(store: Store, clock: Clock, *, allow_http: bool = False, **changes: Any) -> RegistrationDetails:
    return add_registration(store, replace(MOODLE, **changes), allow_http=allow_http, now=clock.now())


def list_verbs(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(AuditFact.verb).order_by(AuditFact.id)))


def test_a_registration_is_kept_as_it_was_said(store: Store, clock: Clock) -> None:
    added = add(store, clock, deployment_ids=["1", "2", "1"])
    assert added == read_registration(store, added.id)
    assert list_registrations(store) == (added,)
    assert (added.name, added.issuer, added.client_id) == (MOODLE.name, MOODLE.issuer, MOODLE.client_id)
    assert [item.id_on_platform for item in added.deployments] == ["1", "2"]
    assert added.is_active
    assert added.created_at == clock.now()
    assert list_verbs(store) == ["added_registration"]


def test_the_origin_is_told_from_the_authentication_address(store: Store, clock: Clock) -> None:
    assert add(store, clock).origins == ("https://moodle.example.org",)
    given = add(store, clock, client_id="other", origins=["https://Learn.example.org/", "https://learn.example.org"])
    assert given.origins == ("https://learn.example.org",)


def test_the_family_is_told_from_the_issuer_where_it_can_be(store: Store, clock: Clock) -> None:
    school: dict[str, Any] = {"origins": ["https://school.instructure.com"]}
    canvas = add(store, clock, issuer="https://canvas.instructure.com", family=None, **school)
    assert canvas.family == "canvas"
    assert add(store, clock, family=None).family == "other"


def test_canvas_needs_the_address_people_see(store: Store, clock: Clock) -> None:
    with pytest.raises(BadRegistrationError, match="--origin"):
        add(store, clock, family="canvas")


def test_the_same_client_of_an_issuer_is_registered_once(store: Store, clock: Clock) -> None:
    added = add(store, clock)
    with pytest.raises(RegistrationExistsError, match=f"registration {added.id}"):
        add(store, clock, name="Once more")
    add(store, clock, client_id="another")
    deactivate_registration(store, added.id, now=clock.now())
    with pytest.raises(RegistrationExistsError, match=f"platform edit {added.id} --active"):
        add(store, clock)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"client_id": "a\nb"}, "client id"),
        ({"issuer": "http://moodle.example.org"}, "issuer"),
        ({"issuer": "https://moodle.example.org?x=1"}, "issuer"),
        ({"issuer": "moodle.example.org"}, "issuer"),
        ({"auth_url": "javascript:alert(1)"}, "authentication address"),
        ({"auth_url": "https://user:secret@moodle.example.org/"}, "authentication address"),
        ({"auth_url": "https://moodle.example.org/a b"}, "authentication address"),
        ({"token_url": "https://"}, "token address"),
        ({"token_url": "https://moodle.example.org:port/"}, "token address"),
        ({"jwks_url": "https://moodle.example.org/" + "x" * 1000}, "key set address"),
        ({"family": "sakai"}, "family"),
        ({"origins": ["https://moodle.example.org/path"]}, "origin"),
        ({"origins": ["https://a.example.org; script-src *"]}, "origin"),
        ({"origins": ["https://*"]}, "origin"),
        ({"origins": ["*"]}, "origin"),
        ({"origins": ["https://*."]}, "origin"),
        ({"origins": ["https://school.*.org"]}, "origin"),
        ({"origins": ["https://*school.example.org"]}, "origin"),
        ({"origins": ["https://*.*.example.org"]}, "origin"),
        ({"origins": ["https://.example.org"]}, "origin"),
        ({"origins": ["https://*.com"]}, "many owners"),
        ({"origins": ["https://*.k12:8443"]}, "many owners"),
        ({"origins": ["https://*.co.uk"]}, "many owners"),
        ({"origins": ["https://*.0.0.1"]}, "many owners"),
        ({"deployment_ids": [""]}, "deployment id"),
    ],
)
def test_what_cannot_be_right_is_refused_in_words(
    store: Store, clock: Clock, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadRegistrationError, match=words) as caught:
        add(store, clock, **changes)
    assert caught.value.code == "bad_registration"
    assert list_registrations(store) == ()


def test_plain_http_is_for_development(store: Store, clock: Clock) -> None:
    local: dict[str, Any] = {
        "issuer": "http://localhost:5001",
        "auth_url": "http://localhost:5001/auth",
        "token_url": "http://localhost:5001/token",
        "jwks_url": "http://localhost:5001/jwks",
    }
    with pytest.raises(BadRegistrationError):
        add(store, clock, **local)
    assert add(store, clock, allow_http=True, **local).origins == ("http://localhost:5001",)


def test_editing_changes_only_what_is_named(store: Store, clock: Clock) -> None:
    added = add(store, clock, deployment_ids=["1"])
    changes = RegistrationChanges(name="New name", deployment_ids=["1", "9"], origins=["https://new.example.org"])
    changed = edit_registration(store, added.id, changes, allow_http=False, now=clock.now())
    assert [item.id_on_platform for item in changed.deployments] == ["1", "9"]
    assert (changed.name, changed.origins) == ("New name", ("https://new.example.org",))
    assert replace(changed, name=added.name, origins=added.origins, deployments=added.deployments) == added


@pytest.mark.parametrize("changes", [{"auth_url": "nowhere"}, {"family": "x"}, {"name": ""}, {"origins": ["x"]}])
def test_editing_checks_like_adding(store: Store, clock: Clock, changes: dict[str, Any]) -> None:
    added = add(store, clock)
    with pytest.raises(BadRegistrationError):
        edit_registration(store, added.id, RegistrationChanges(**changes), allow_http=False, now=clock.now())
    assert read_registration(store, added.id) == added


def test_removing_keeps_everything_and_can_be_undone(store: Store, clock: Clock) -> None:
    added = add(store, clock, deployment_ids=["1"])
    removed = deactivate_registration(store, added.id, now=clock.now())
    assert removed == replace(added, is_active=False)
    assert list_registrations(store) == (removed,)
    changes = RegistrationChanges(is_active=True)
    assert edit_registration(store, added.id, changes, allow_http=False, now=clock.now()) == added
    assert list_verbs(store) == ["added_registration", "removed_registration", "edited_registration"]


def test_an_unknown_registration_is_named_with_a_way_on(store: Store, clock: Clock) -> None:
    attempts: list[Callable[[], RegistrationDetails]] = [
        lambda: read_registration(store, 404),
        lambda: deactivate_registration(store, 404, now=clock.now()),
        lambda: move_platform(store, 404, new_base="https://new.example.org", now=clock.now()),
        lambda: edit_registration(store, 404, RegistrationChanges(name="x"), allow_http=False, now=clock.now()),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError, match=r"404.*lti-tool platform list"):
            attempt()


def test_a_moved_platform_keeps_its_people_and_columns(store: Store, clock: Clock, make: Factory) -> None:
    moved = make.registration(issuer="https://old.example.org", origins=["https://old.example.org", "https://x.org"])
    other = make.registration(issuer="https://old.example.org")
    with make.changing(moved) as row:
        row.auth_url, row.token_url = "https://old.example.org/auth?x=1", "https://elsewhere.example.org/token"
    course = make.context(make.deployment(moved), line_items_url="https://old.example.org/items?a=1")
    column = make.line_item(course, url="https://old.example.org/items/1")
    lookalike = make.line_item(course, url="https://old.example.org.evil.example/items/1")
    foreign = make.line_item(make.context(make.deployment(other)), url="https://old.example.org/items/1")

    details = move_platform(store, moved.id, new_base="https://new.example.org", now=clock.advance(timedelta(days=1)))

    assert (details.issuer, details.auth_url) == ("https://new.example.org", "https://new.example.org/auth?x=1")
    assert details.token_url == "https://elsewhere.example.org/token"
    assert details.origins == ("https://new.example.org", "https://x.org")
    with store.reading() as session:
        urls = {row.id: row.url for row in session.execute(select(LineItem.id, LineItem.url))}
        assert session.get_one(Context, course.id).line_items_url == "https://new.example.org/items?a=1"
        assert session.get_one(Registration, other.id).issuer == "https://old.example.org"
        assert session.get_one(Deployment, course.deployment_id).registration_id == moved.id
    assert urls[column.id] == "https://new.example.org/items/1"
    assert urls[lookalike.id] == lookalike.url
    assert urls[foreign.id] == foreign.url


def test_a_platform_does_not_move_onto_another(store: Store, clock: Clock, make: Factory) -> None:
    here = make.registration(issuer="https://a.example.org", client_id="same")
    make.registration(issuer="https://b.example.org", client_id="same")
    with pytest.raises(RegistrationExistsError):
        move_platform(store, here.id, new_base="https://b.example.org", now=clock.now())


def test_staying_where_it_is_is_no_change(store: Store, clock: Clock, make: Factory) -> None:
    here = make.registration()
    assert move_platform(store, here.id, new_base=here.issuer, now=clock.now()).issuer == here.issuer
    assert list_verbs(store) == []


def test_the_door_is_given_everything(make: Factory) -> None:
    row = make.registration(is_active=False)
    value = to_value(row)
    assert (value.id, value.issuer, value.client_id) == (str(row.id), row.issuer, row.client_id)
    assert (value.auth_url, value.token_url, value.jwks_url) == (row.auth_url, row.token_url, row.jwks_url)
    assert (value.family, value.origins, value.active) == (row.family, tuple(row.origins), False)
