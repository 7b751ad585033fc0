"""The wired tool as the rooms see it: one frozen value, made by ``app.py``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lti_tool.config import Settings
from lti_tool.content.schema import Series
from lti_tool.domain.reading_search import ReadingIndex
from lti_tool.lti.connector import Services
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.platform_keys import PlatformKeys
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.models import Store


@dataclass(frozen=True, slots=True)
class Tool:
    """Everything a room needs. ``clock`` returns the present as aware UTC; tests inject their own.

    ``index`` holds the words of the readings of ``series``, for its search; ``services`` is what a call to a platform
    needs, for the few pages that make one.
    """

    settings: Settings
    store: Store
    series: Series
    index: ReadingIndex
    clock: Callable[[], datetime]
    keys: ToolKeys
    platform_keys: PlatformKeys
    verifier: LaunchVerifier
    services: Services
