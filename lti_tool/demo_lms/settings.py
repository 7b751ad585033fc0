"""What the demo LMS needs to be told, and the fixed facts of its one registration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lti_tool.demo_lms.manners import TRAITS, Manner, Traits
from lti_tool.demo_lms.storage import BrowserTreatment, StorageHabit, StorageTarget

CLIENT_ID: Final = "leading-edge-demo"
DEPLOYMENT_ID: Final = "1"

ID_TOKEN_SECONDS: Final = 60
"""As short as Moodle's: a tool that needs longer would fail there."""
CANVAS_ID_TOKEN_SECONDS: Final = 3600
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
    a test needs no tool; it returns the parsed key set and may raise ``OSError``. ``manner`` is whose manners it has;
    with ``names_hidden`` the tool learns no name and no e-mail address. ``storage_target`` and ``storage_habit`` are
    how browsers are treated until somebody flips the switch; None is as the manner does. ``tool_custom`` are custom
    parameters an administrator gave to the built-in tool. ``send_notice`` replaces the HTTP request that tells a tool
    something: it gets the address and the body and returns the answer's status.
    """

    data_dir: Path
    base_url: str = "http://localhost:5001"
    tool_url: str = "http://127.0.0.1:5000"
    clock: Callable[[], datetime] = field(default=read_utc_now)
    fetch_tool_keys: Callable[[], Mapping[str, object]] | None = None
    manner: Manner = Manner.STRICT
    names_hidden: bool = False
    storage_target: StorageTarget | None = None
    storage_habit: StorageHabit = StorageHabit.ANSWERS
    tool_custom: Mapping[str, str] = field(default_factory=dict)
    send_notice: Callable[[str, Mapping[str, object]], int] | None = None

    def __post_init__(self) -> None:
        for name in ("base_url", "tool_url"):
            value = getattr(self, name)
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
                raise ValueError(f"{name} must be a scheme and a host, such as http://localhost:5001, not {value!r}")

    @property
    def traits(self) -> Traits:
        """What the manner changes."""
        return TRAITS[self.manner]

    @property
    def usual_treatment(self) -> BrowserTreatment:
        """How browsers are treated until somebody flips the switch: Canvas offers storage in a hidden frame."""
        usual = StorageTarget.FRAME if self.manner is Manner.CANVAS else StorageTarget.NONE
        target = usual if self.storage_target is None else self.storage_target
        return BrowserTreatment(target, self.storage_habit)

    @property
    def other_origin(self) -> str | None:
        """Another name of this machine, which browsers take for another website; None where there is none."""
        swaps = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}
        parts = urlsplit(self.base_url)
        other = swaps.get(parts.hostname or "")
        return f"{parts.scheme}://{other}{f':{parts.port}' if parts.port else ''}" if other else None

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
