"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

A_WEDNESDAY_AFTERNOON = datetime(2026, 3, 4, 20, 14, tzinfo=UTC)


class Clock:
    """Time as the tests tell it. Hand over ``clock.now`` (or the clock itself) where code asks for a clock."""

    def __init__(self, start: datetime = A_WEDNESDAY_AFTERNOON) -> None:
        self._now = start

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        return self._now

    __call__ = now

    def advance(self, by: timedelta | None = None, **parts: float) -> datetime:
        """Move on by a timedelta or its parts (``clock.advance(minutes=5)``) and return the new moment."""
        self._now += by if by is not None else timedelta(**parts)
        return self._now
