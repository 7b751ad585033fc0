"""A platform with invented keys, a login that waits, and the verifier that will judge what comes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.tool_keys import ToolKeys, rotate
from tests.certification.moodle_door import MoodleDoor, open_moodle_door
from tests.certification.oracle_meeting import Meeting, open_meeting
from tests.certification.scene import TOOL, KeyPair, Scene
from tests.support.clock import Clock
from tests.support.databases import SqliteDatabases
from tests.unit.lti.doubles import keys_that_serve


@pytest.fixture(scope="session")
def platform_pair() -> KeyPair:
    return KeyPair.invent("platform-key-1")


@pytest.fixture(scope="session")
def stranger_pair() -> KeyPair:
    return KeyPair.invent("stranger-key-1")


@pytest.fixture
def scene(platform_pair: KeyPair, stranger_pair: KeyPair) -> Scene:
    # The stock library reads the real clock, and both are asked about the same token.
    return Scene(platform_pair, stranger_pair, datetime.now(UTC))


@pytest.fixture
def verifier(scene: Scene) -> LaunchVerifier:
    return LaunchVerifier(keys_that_serve(scene.keys, now=scene.now), TOOL)


@pytest.fixture(scope="session")
def tool_keys(tmp_path_factory: pytest.TempPathFactory) -> ToolKeys:
    directory = tmp_path_factory.mktemp("keys")
    rotate(directory, datetime.now(UTC))
    return ToolKeys(directory)


@pytest.fixture
def moodle_door(sqlite_databases: SqliteDatabases, tmp_path: Path, platform_pair: KeyPair) -> Iterator[MoodleDoor]:
    with (
        sqlite_databases.lend(tmp_path) as address,
        open_moodle_door(address, tmp_path, platform_pair, Clock(datetime.now(UTC))) as opened,
    ):
        yield opened


@pytest.fixture
def meeting(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[Meeting]:
    with open_meeting(sqlite_databases, tmp_path) as opened:
        yield opened
