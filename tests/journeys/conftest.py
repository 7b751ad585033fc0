"""The front door of most journeys: the tool and a strict demo LMS on an empty database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.front_door import FrontDoor, open_front_door


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    """The tool beside the LMS; a file whose journeys need another one makes its own."""
    with open_front_door(database_url, tmp_path, clock) as opened:
        yield opened
