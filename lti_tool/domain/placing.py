"""Which links a facilitator may place into her course, and what her choice comes to; no rule here knows an LMS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Taking(StrEnum):
    """What she took: everything that is missing, or what she named."""

    ALL = "all"
    NAMED = "named"


class ChoiceProblem(StrEnum):
    """Why a choice cannot be placed; nothing was placed by it."""

    NOTHING_CHOSEN = "nothing_chosen"
    UNKNOWN_SESSION = "unknown_session"
    ONLY_ONE_HERE = "only_one_here"


class BadChoiceError(Exception):
    """A choice that cannot be placed."""

    def __init__(self, problem: ChoiceProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be placed into a course: the sessions in their order, then what is no session (the series' own page).

    ``placed`` are those that are in the course already: offered again only when asked for by name. ``gradable`` are
    those with work that earns a score; only they can have a column, and only where the LMS takes columns.
    """

    sessions: tuple[str, ...]
    pages: tuple[str, ...]
    placed: frozenset[str]
    gradable: frozenset[str]
    takes_several: bool
    takes_columns: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """The sessions that are not in the course yet, in their order."""
        return tuple(key for key in self.sessions if key not in self.placed)

    @property
    def offers_series(self) -> bool:
        """Whether the whole series, or what is missing of it, can be placed in one action."""
        return self.takes_several and len(self.missing) > 1

    def may_have_column(self, key: str) -> bool:
        """Whether a gradebook column can be asked for with this link."""
        return self.takes_columns and key in self.gradable


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the named come as they were sent, in any order, known or not."""

    taking: Taking
    named: tuple[str, ...] = ()
    wants_columns: bool = True


@dataclass(frozen=True, slots=True)
class ChosenLink:
    """One link to place, and whether a gradebook column is asked for with it."""

    key: str
    has_column: bool


def settle_choice(offer: Offer, wish: Wish) -> tuple[ChosenLink, ...]:
    """What a wish comes to: each link once, in the order of the series.

    Raises:
        BadChoiceError: nothing was chosen, something is not in this series, or the LMS takes only one.
    """
    known = (*offer.sessions, *offer.pages)
    if not set(wish.named) <= set(known):
        raise BadChoiceError(ChoiceProblem.UNKNOWN_SESSION)
    taken = set(wish.named) | (set(offer.missing) if wish.taking is Taking.ALL else set())
    if not taken:
        raise BadChoiceError(ChoiceProblem.NOTHING_CHOSEN)
    if len(taken) > 1 and not offer.takes_several:
        raise BadChoiceError(ChoiceProblem.ONLY_ONE_HERE)
    return tuple(_choose(offer, _in_order(known, taken), wants_columns=wish.wants_columns))


def _choose(offer: Offer, keys: Sequence[str], *, wants_columns: bool) -> Iterable[ChosenLink]:
    return (ChosenLink(key, wants_columns and offer.may_have_column(key)) for key in keys)


def _in_order(known: Sequence[str], taken: set[str]) -> tuple[str, ...]:
    return tuple(key for key in known if key in taken)
