"""A new key pair through the front door: both are published, the new one signs, platforms follow, the old one goes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lti_tool.lti.tool_keys import ToolKeys, list_keys, list_spent_keys, rotate
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor, Person, open_front_door
from tests.support.plans import press, review_plan, submit_plan
from tests.support.work_scene import WORDS_IN_RANGE

DANA, RUTH = "101", "201"
KEY = "visioning"
TOKEN_PATH = "/api/lti/token"


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrontDoor]:
    """The tool, whose processes look at their keys' folder by the test's clock."""
    with open_front_door(database_url, tmp_path, clock) as opened:
        monkeypatch.setattr(opened.tool.keys, "_clock", lambda: clock.now().timestamp())
        yield opened


def list_published(door: FrontDoor) -> list[str]:
    """The names of the keys anybody can fetch, the newest first."""
    answer = door.person(DANA).tool.get("/lti/jwks.json", base_url=TOOL)
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    return [key["kid"] for key in answer.get_json()["keys"]]


def list_signed(door: FrontDoor) -> list[str]:
    """Which key the tool signed each request for a token with, the latest last; each was granted."""
    asked = [entry for entry in door.platform.traffic.list_newest() if TOKEN_PATH in entry.address]
    assert all(entry.status == 200 for entry in asked), [entry.outcome for entry in asked]
    return [dict(entry.facts)["assertion signed with"].split("key ")[1] for entry in reversed(asked)]


def earn_score(door: FrontDoor) -> None:
    """Everything of Visioning, accepted and sent."""
    dana = door.person(DANA)
    dana.launch()
    for key in ("a", "b"):
        address = f"modules/{KEY}/reflections/{key}"
        dana.post(address, {**dana.get(address).form(address), "a.text": WORDS_IN_RANGE}, do="submit")
    submit_plan(dana, KEY)
    accept(door)


def change_score(door: FrontDoor) -> None:
    """A new version of the plan, accepted and sent."""
    dana = door.person(DANA)
    dana.launch()
    press(dana, KEY, "reopen")
    submit_plan(dana, KEY)
    accept(door)


def accept(door: FrontDoor) -> None:
    ruth: Person = door.person(RUTH)
    ruth.launch()
    review_plan(ruth, KEY, "accept", overall=f"Read at {door.clock.now()}.")
    door.deliver(2)


def test_rotation_from_the_first_key_to_its_retirement(door: FrontDoor, clock: Clock) -> None:
    folder = door.tool.settings.keys_dir
    (old,) = list_keys(folder)
    earn_score(door)
    assert list_published(door) == [old.kid]
    assert set(list_signed(door)) == {old.kid}

    # Both are published at once; a running process signs with the new one within a minute.
    clock.advance(hours=2)
    new = rotate(folder, clock.now())
    assert list_published(door) == [new.kid, old.kid]
    clock.advance(minutes=1)
    assert door.tool.keys.signing_key().kid == new.kid
    assert list_spent_keys(list_keys(folder), clock.now()) == ()

    # The platform has the old set in its cache; it meets a key it does not know and fetches once more.
    change_score(door)
    assert list_signed(door)[-1] == new.kid
    (column,) = door.platform.gradebook.list_columns("course-1", resource_id=KEY)
    assert len(door.platform.gradebook.list_history(column, DANA)) == 2

    # A day later the old file may go; the key is retired, and everything still works.
    clock.advance(days=1)
    (spent,) = list_spent_keys(list_keys(folder), clock.now())
    assert spent.kid == old.kid
    spent.path.unlink()
    assert list_published(door) == [new.kid]
    change_score(door)
    assert list_signed(door)[-1] == new.kid
    assert len(door.platform.gradebook.list_history(column, DANA)) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_process_that_has_not_noticed_yet_still_signs_with_a_published_key(door: FrontDoor, clock: Clock) -> None:
    """Another machine's process made the new pair a moment ago: its folder is shared, its memory is not."""
    folder = door.tool.settings.keys_dir
    (old,) = list_keys(folder)
    slow = ToolKeys(folder, lambda: clock.now().timestamp())
    assert slow.signing_key().kid == old.kid
    clock.advance(timedelta(seconds=1))
    new = rotate(folder, clock.now())
    assert slow.signing_key().kid == old.kid
    assert old.kid in list_published(door)
    clock.advance(timedelta(seconds=60))
    assert slow.signing_key().kid == new.kid
