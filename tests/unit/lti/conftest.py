"""Keys for both sides of the door, made once a run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.lti.values import Registration
from tests.certification.scene import KeyPair, Scene

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

KEY_TIME = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def platform_pair() -> KeyPair:
    return KeyPair.invent("platform-key-1")


@pytest.fixture(scope="session")
def stranger_pair() -> KeyPair:
    return KeyPair.invent("stranger-key-1")


@pytest.fixture
def scene(platform_pair: KeyPair, stranger_pair: KeyPair) -> Scene:
    return Scene(platform_pair, stranger_pair, datetime.now(UTC))


@pytest.fixture
def registration(scene: Scene) -> Registration:
    return scene.registration()


@pytest.fixture(scope="session")
def keys_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    rotate(directory, KEY_TIME)
    return directory


@pytest.fixture(scope="session")
def tool_keys(keys_directory: Path) -> ToolKeys:
    return ToolKeys(keys_directory)
