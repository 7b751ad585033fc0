"""A reading that has changed since she read it: said on both pages, marked again, and nothing earned is lost by it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import select

from lti_tool.content.schema import Series
from lti_tool.domain.scoring import Policy
from lti_tool.models import ReadingRecord, Store
from lti_tool.models.schema import SchemaState, configure_alembic, upgrade_schema
from lti_tool.services.module_values import ActivityRow, ActivityState
from lti_tool.services.readings import ReadingPage, mark_read, show_reading
from lti_tool.web.times import write_date
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.front_door import FrontDoor, Page, open_front_door
from tests.support.series import load_real_series
from tests.support.work_scene import WorkScene, make_work_scene

KEY = "r1"
READING = f"modules/visioning/readings/{KEY}"
WORDS = "A newer study is cited."


def revise(series: Series, **changes: Any) -> Series:
    """The series with its first reading changed."""
    module = series.modules[0]
    readings = (module.readings[0].model_copy(update=changes), *module.readings[1:])
    return series.model_copy(
        update={"modules": (module.model_copy(update={"readings": readings}), *series.modules[1:])}
    )


@pytest.fixture
def scene(store: Store, clock: Clock, make: Factory) -> WorkScene:
    scene = make_work_scene(store, clock, make)
    scene.series = revise(scene.series, version="1.9")
    return scene


def mark(scene: WorkScene) -> None:
    mark_read(scene.store, scene.dana, scene.series, "visioning", KEY, now=scene.clock.now())


def show(scene: WorkScene) -> ReadingPage:
    return show_reading(scene.store, scene.dana, scene.series, "visioning", KEY)


def find_row(scene: WorkScene) -> ActivityRow:
    return next(row for row in scene.show().activities if row.key == KEY)


def find_record(scene: WorkScene) -> ReadingRecord:
    with scene.store.reading() as session:
        return session.scalars(select(ReadingRecord).where(ReadingRecord.activity_key == KEY)).one()


def test_marking_keeps_the_version_she_read(scene: WorkScene) -> None:
    mark(scene)
    assert find_record(scene).read_version == "1.9"
    assert show(scene).change is None
    assert find_row(scene).change is None


def test_a_newer_version_is_told_until_she_marks_it_again(scene: WorkScene) -> None:
    mark(scene)
    read_at = scene.clock.now()
    scene.clock.advance(minutes=60 * 24)
    scene.series = revise(scene.series, version="1.10", changed=WORDS)
    for change in (show(scene).change, find_row(scene).change):
        assert change is not None
        assert (change.read_at, change.words) == (read_at, WORDS)
    assert find_row(scene).state is ActivityState.READ, "it stays read"
    mark(scene)
    mark(scene)
    record = find_record(scene)
    assert (record.read_version, record.marked_read_at) == ("1.10", scene.clock.now())
    assert show(scene).change is None
    assert find_row(scene).change is None
    assert scene.list_verbs() == ["marked_read", "marked_read_again"], "a second click changes nothing"


@pytest.mark.parametrize("version", ["1.8", "1.9", "1.9.0"])
def test_an_older_or_the_same_version_is_no_change(scene: WorkScene, version: str) -> None:
    mark(scene)
    scene.series = revise(scene.series, version=version)
    assert show(scene).change is None
    mark(scene)
    assert find_record(scene).read_version == "1.9"


def test_a_record_without_a_version_counts_as_unchanged(scene: WorkScene) -> None:
    mark(scene)
    read_at = scene.clock.now()
    with scene.make.changing(find_record(scene)) as record:
        record.read_version = None
    scene.series = revise(scene.series, version="2")
    scene.clock.advance(minutes=5)
    assert show(scene).change is None
    assert find_row(scene).change is None
    mark(scene)
    assert find_record(scene).marked_read_at == read_at


def test_what_she_only_tried_has_no_version_to_change(scene: WorkScene) -> None:
    scene.make.reading_record(activity_key=KEY, user_id=scene.user.id, cohort_id=scene.cohort.id, tried={"c1": "a"})
    scene.series = revise(scene.series, version="2")
    assert show(scene).change is None
    assert find_row(scene).state is ActivityState.BEGUN


def test_marking_again_lowers_no_score_and_forgets_no_try(scene: WorkScene) -> None:
    """The new version asks a question more, which she has not tried: settled anew, her score would be lower."""
    scene.use_policy(Policy.POINTS)
    scene.read_everything()
    scene.submit_plan()
    scene.submit_reflections()
    scene.review_plan()
    earned, deliveries, tried = scene.list_earned(), scene.list_deliveries(), show(scene).tried
    assert earned == [100]
    checks = scene.series.modules[0].readings[0].checks
    one_more = checks[0].model_copy(update={"key": "one_more"})
    scene.series = revise(scene.series, version="2.0", checks=(*checks, one_more))
    mark(scene)
    assert find_record(scene).read_version == "2.0"
    assert (scene.list_earned(), scene.list_deliveries(), show(scene).tried) == (earned, deliveries, tried)


def test_a_version_may_be_as_long_as_its_author_likes(scene: WorkScene) -> None:
    scene.series = revise(scene.series, version="after the meeting " * 40)
    mark(scene)
    assert show(scene).change is None


def test_the_column_comes_and_goes_without_losing_a_record(store: Store, make: Factory) -> None:
    make.reading_record(activity_key=KEY, tried={"c1": "a"}, read_version="1.0")
    with store.engine.begin() as connection:
        command.downgrade(configure_alembic(connection), "0001")
    assert upgrade_schema(store.engine).state is SchemaState.BEHIND
    with store.reading() as session:
        record = session.scalars(select(ReadingRecord)).one()
    assert (record.activity_key, record.tried, record.read_version) == (KEY, {"c1": "a"}, None)


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock) as opened:
        yield opened


def publish(door: FrontDoor, **changes: Any) -> None:
    """Restart the tool with a changed reading."""
    door.app.extensions["lti_tool"] = replace(door.tool, series=revise(load_real_series(), **changes))


def list_buttons(page: Page) -> list[str]:
    return ["".join(button.itertext()).strip() for button in page.tree.iter("button")]


def test_the_pages_say_what_changed_and_offer_to_mark_it_again(door: FrontDoor) -> None:
    marisol = door.person("103")
    marisol.launch()
    publish(door, version="1")
    page = marisol.get(READING)
    assert f"Last reviewed: {write_date(load_real_series().modules[0].readings[0].reviewed)}" in page.words
    assert "Mark as read again" not in list_buttons(page)
    marisol.post(READING, page.form(READING), do="read")
    publish(door, version="2", changed="<b>New</b> table.")
    told = "Changed since you read it on Mar 4: <b>New</b> table."
    assert told in marisol.get("modules/visioning").words
    page = marisol.get(READING)
    assert told in page.words
    assert "Mark as read again" in list_buttons(page)
    after = marisol.post(READING, page.form(READING), do="read")
    assert "Changed since" not in after.words
    assert "You marked this as read" in after.words
    assert "Changed since" not in marisol.get("modules/visioning").words


@pytest.mark.parametrize("sub", ["201", "401"])
def test_facilitators_and_visitors_are_told_the_day_of_the_review_and_no_change(door: FrontDoor, sub: str) -> None:
    person = door.person(sub)
    person.launch()
    publish(door, version="2", changed="New table.")
    page = person.get(READING)
    assert "Last reviewed: " in page.words
    assert "Version 2: New table." in page.words
    assert "Changed since" not in page.words
