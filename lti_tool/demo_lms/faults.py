"""Misbehaviour on demand: what a tool has to live with, for tests and for curious people."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Service(StrEnum):
    """The kinds of call a tool makes by itself, without a browser."""

    TOKEN = "token"  # noqa: S105 - the name of a service, not a secret
    LINE_ITEMS = "line items"
    SCORES = "scores"
    RESULTS = "results"
    ROSTER = "list of people"


class Spoiling(StrEnum):
    """Ways to make a good answer useless."""

    TRUNCATED = "cut off in the middle"
    WRONG_TYPE = "a list for an object, an object for a list"
    LOOP = "the next page is this one"
    ENDLESS = "there is always one more page"
    ELSEWHERE = "the next page is on another host"


@dataclass(frozen=True, slots=True)
class Interference:
    """What happens to one service call instead of, or before, or after its proper answer."""

    wait_seconds: float = 0
    answer_status: int | None = None
    answer_body: str = ""
    answer_type: str = "text/plain; charset=utf-8"
    answer_headers: tuple[tuple[str, str], ...] = ()
    lose_answer: bool = False
    spoiling: Spoiling | None = None
    other_origin: str = ""
    drip_seconds: float = 0


_NOTHING: Final = Interference()
_HTML: Final = "text/html; charset=utf-8"
_LOGIN_PAGE: Final = (
    "<!DOCTYPE html><html lang=en><title>Sign in</title><p>Your session has ended. Sign in again.</p></html>"
)
_HUGE_BYTES: Final = 2_500_000


@dataclass(slots=True)
class _Planned:
    interference: Interference
    calls_left: int
    only: Service | None


class Faults:
    """The misbehaviour planned for the next service calls of this process.

    Reach it as ``app.extensions["demo_lms"].faults``. Every plan is for the next ``calls`` calls, or only for those
    of one kind (``only=Service.SCORES``). Plans are used in the order they were made, one a call. Login, launch and
    the key set are never disturbed, except by :meth:`shift_clock`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._withheld: frozenset[str] = frozenset()
        self._clock_shift = 0.0

    def answer_instead(
        self,
        status: int,
        calls: int = 1,
        *,
        body: str = "",
        media_type: str = "text/plain; charset=utf-8",
        headers: Mapping[str, str] | None = None,
        only: Service | None = None,
    ) -> None:
        """Answer the next calls with this status and body; nothing is checked and nothing is recorded."""
        more = tuple((headers or {}).items())
        made_up = Interference(answer_status=status, answer_body=body, answer_type=media_type, answer_headers=more)
        self._plan(made_up, calls, only)

    def answer_html(self, calls: int = 1, *, status: int = 200, only: Service | None = None) -> None:
        """Answer the next calls with a web page, as a portal or a sign-in page before the LMS does."""
        self.answer_instead(status, calls, body=_LOGIN_PAGE, media_type=_HTML, only=only)

    def answer_nothing(self, calls: int = 1, *, status: int = 200, only: Service | None = None) -> None:
        """Answer the next calls with an empty body that calls itself JSON."""
        self.answer_instead(status, calls, media_type="application/json", only=only)

    def answer_hugely(self, calls: int = 1, *, only: Service | None = None) -> None:
        """Answer the next calls with good JSON of more than two million bytes."""
        body = f'["{"x" * _HUGE_BYTES}"]'
        self.answer_instead(200, calls, body=body, media_type="application/json", only=only)

    def redirect(self, location: str, calls: int = 1, *, status: int = 302, only: Service | None = None) -> None:
        """Send the next calls elsewhere, where their token must not go."""
        self.answer_instead(status, calls, headers={"Location": location}, only=only)

    def throttle(self, calls: int = 1, *, only: Service | None = None) -> None:
        """Answer the next calls as Canvas does to a client that asks too much (doc/api/throttling.md)."""
        headers, words = {"X-Rate-Limit-Remaining": "0.0"}, "403 Forbidden (Rate Limit Exceeded)\n"
        self.answer_instead(403, calls, body=words, headers=headers, only=only)

    def spoil_answers(
        self,
        how: Spoiling,
        calls: int = 1,
        *,
        other_origin: str = "https://elsewhere.example",
        only: Service | None = None,
    ) -> None:
        """Treat the next calls properly and make their good answers useless."""
        self._plan(Interference(spoiling=how, other_origin=other_origin), calls, only)

    def drip(self, seconds: float, calls: int = 1, *, only: Service | None = None) -> None:
        """Treat the next calls properly and send their answers a byte at a time, with so long before each."""
        self._plan(Interference(drip_seconds=seconds), calls, only)

    def be_down(self, calls: int = 1, *, only: Service | None = None) -> None:
        """Answer the next calls with 503, as a proxy does while the LMS behind it restarts."""
        self.answer_instead(503, calls, body="The LMS is down for maintenance.", only=only)

    def refuse_token_once(self, *, only: Service = Service.SCORES) -> None:
        """Answer the next call of that kind with 401, as an LMS does that has forgotten its tokens."""
        self.answer_instead(401, 1, body="The access token is unknown.", only=only)

    def hang(self, seconds: float, calls: int = 1, *, only: Service | None = None) -> None:
        """Wait before treating the next calls properly."""
        self._plan(Interference(wait_seconds=seconds), calls, only)

    def lose_answers(self, calls: int = 1, *, only: Service | None = None) -> None:
        """Treat the next calls properly, keep what they change, and break the connection instead of answering.

        Where the server offers no connection to break (a test client), the answer is 504.
        """
        self._plan(Interference(lose_answer=True), calls, only)

    def shift_clock(self, seconds: float) -> None:
        """Let the LMS's clock be ahead (or, negative, behind) by that much in everything it says and checks.

        Beware: like Moodle, the token endpoint forgives no assertion whose ``iat`` is in its future.
        """
        with self._lock:
            self._clock_shift = seconds

    def withhold_scopes(self, *scopes: str) -> None:
        """Neither offer these scopes in launches nor grant them, as where an administrator has not allowed them."""
        with self._lock:
            self._withheld = frozenset(scopes)

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._planned.clear()
            self._withheld = frozenset()
            self._clock_shift = 0.0

    @property
    def clock_shift_seconds(self) -> float:
        """How far the LMS's clock is ahead."""
        return self._clock_shift

    @property
    def withheld_scopes(self) -> frozenset[str]:
        """The scopes that are not given at present."""
        return self._withheld

    def describe_plans(self) -> list[str]:
        """Return in words what is still to come."""
        with self._lock:
            return [_describe(plan) for plan in self._planned]

    def take_next(self, service: Service) -> Interference:
        """Return what happens to this call and count it."""
        with self._lock:
            for plan in self._planned:
                if plan.only in {None, service}:
                    plan.calls_left -= 1
                    if plan.calls_left <= 0:
                        self._planned.remove(plan)
                    return plan.interference
        return _NOTHING

    def _plan(self, interference: Interference, calls: int, only: Service | None) -> None:
        if calls < 1:
            raise ValueError("a fault needs at least one call to happen to")
        with self._lock:
            self._planned.append(_Planned(interference, calls, only))


def _describe(plan: _Planned) -> str:
    what = plan.interference
    if what.lose_answer:
        words = "record, then break the connection"
    elif what.answer_status is not None:
        words = f"answer {what.answer_status}"
    elif what.spoiling is not None:
        words = f"spoil the answer ({what.spoiling})"
    elif what.drip_seconds:
        words = f"send a byte every {what.drip_seconds:g} seconds"
    else:
        words = f"wait {what.wait_seconds:g} seconds"
    calls = "the next call" if plan.calls_left == 1 else f"the next {plan.calls_left} calls"
    return f"{words}: {calls}" + (f" for {plan.only}" if plan.only else "")
