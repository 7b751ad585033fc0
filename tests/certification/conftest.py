"""A platform with invented keys, a login that waits, and the verifier that will judge what comes."""

from datetime import UTC, datetime

import pytest

from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.tool_keys import ToolKeys, rotate
from tests.certification.scene import TOOL, KeyPair, Scene
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
