"""Doing a use-case again when it collided with another that was at the same rows at the same moment."""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

Result = TypeVar("Result")

MOST_TRIES: Final = 5
_GIVEN_UP_BY_DATABASE: Final = frozenset({"40001", "40P01"})
"""PostgreSQL's codes of a transaction it ended for another one's sake: serialization failure, deadlock."""


def repeat_on_collision(use_case: Callable[[], Result]) -> Result:
    """Run ``use_case``, which is one whole transaction, again after a collision.

    Two transactions that both find no row and both add it meet in the table's UNIQUE: the later one is undone. Doing
    it again finds the row. Several times, since a whole class may click a new link at once.
    """
    for _ in range(MOST_TRIES - 1):
        try:
            return use_case()
        except DBAPIError as error:
            if not _is_collision(error):
                raise
    return use_case()


def _is_collision(error: DBAPIError) -> bool:
    return isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) in _GIVEN_UP_BY_DATABASE
