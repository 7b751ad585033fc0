"""Numbers and lists inside sentences."""

from collections.abc import Sequence


def join_words(items: Sequence[str], last: str = "and") -> str:
    """Items as one phrase: "a", "a and b", "a, b, and c"."""
    if len(items) <= 1:
        return "".join(items)
    if len(items) == 2:
        return f"{items[0]} {last} {items[1]}"
    return f"{', '.join(items[:-1])}, {last} {items[-1]}"


def count_things(count: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 thing", "2 things"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def add_article(noun: str) -> str:
    """A noun with "a" or "an": "a goal", "an audience"."""
    return f"{'an' if noun[:1].casefold() in 'aeiou' else 'a'} {noun}"
