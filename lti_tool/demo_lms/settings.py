"""What the demo LMS needs to be told, and the fixed facts of its one registration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

CLIENT_ID: Final = "leading-edge-demo"
DEPLOYMENT_ID: Final = "1"

ID_TOKEN_SECONDS: Final = 60
"""As short as Moodle's: a tool that needs longer would fail there."""
MESSAGE_HINT_SECONDS: Final = 600
ACCESS_TOKEN_SECONDS: Final = 3600
TRAFFIC_KEPT: Final = 300


def read_utc_now() -> datetime:
    """Return the machine's time, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLmsSettings:
    """Where the demo LMS lives, which tool it knows, and where it keeps its memory.

    ``base_url`` is also its issuer. ``fetch_tool_keys`` replaces the HTTP request for the tool's key set, so that
    a test needs no tool; it returns the parsed key set and may raise ``OSError``.
    """

    data_dir: Path
    base_url: str = "http://localhost:5001"
    tool_url: str = "http://127.0.0.1:5000"
    clock: Callable[[], datetime] = field(default=read_utc_now)
    fetch_tool_keys: Callable[[], Mapping[str, object]] | None = None

    def __post_init__(self) -> None:
        for name in ("base_url", "tool_url"):
            value = getattr(self, name)
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
                raise ValueError(f"{name} must be a scheme and a host, such as http://localhost:5001, not {value!r}")

    @property
    def authorization_url(self) -> str:
        """Where the tool sends the browser to ask who is there."""
        return f"{self.base_url}/api/lti/authorize"

    @property
    def token_url(self) -> str:
        """Where the tool asks for a service token; also the audience of its assertion."""
        return f"{self.base_url}/api/lti/token"

    @property
    def keys_url(self) -> str:
        """Where the LMS publishes its keys."""
        return f"{self.base_url}/api/lti/jwks.json"

    @property
    def tool_login_url(self) -> str:
        """Where a launch begins in the tool."""
        return f"{self.tool_url}/lti/login"

    @property
    def tool_launch_url(self) -> str:
        """The one registered redirect_uri, and the target of every link."""
        return f"{self.tool_url}/lti/launch"

    @property
    def tool_keys_url(self) -> str:
        """Where the tool publishes its keys."""
        return f"{self.tool_url}/lti/jwks.json"
