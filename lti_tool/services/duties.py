"""What a delivery worker does for a platform besides sending scores: one duty is one kind of request that waits.

All duties of a registration are done under its one lease, one request after the other, because platforms throttle per
client. A duty's requests are made while no transaction is open.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from lti_tool.lti.connector import Services
from lti_tool.models import Store


@dataclass(frozen=True, slots=True)
class DutyCall:
    """What a duty needs for one registration whose lease the worker holds.

    ``renew_lease`` is called between requests and raises LeaseLostError; ``should_stop`` is asked there too.
    """

    store: Store
    services: Services
    registration_id: int
    owner: str
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    should_stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class DutyDone:
    """What a duty did: requests that went well, put off, and left to a person; ``pause``: the platform is silent."""

    done: int = 0
    put_off: int = 0
    needs_you: int = 0
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """One kind of waiting request: which registrations have one and when it is due, and doing them."""

    name: str
    list_due: Callable[[Session], Iterable[tuple[int, datetime]]]
    serve: Callable[[DutyCall], DutyDone]
