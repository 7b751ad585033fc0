"""From a reference to the short name a text cites it by: "Bryk and Schneider 2002"."""

import re

_AUTHORS_AND_YEAR = re.compile(r"^(?P<authors>.+?)\.?\s(?P<year>(?:1[5-9]|20)\d\d[a-z]?|n\.d)\.(?:\s|$)", re.DOTALL)
_ROLE = re.compile(r",\s*(?:eds?|trans|comps?)\.?$")
_SUFFIX = re.compile(r"^(?:Jr|Sr|I{2,3}|IV)\.?$")
_PARTICLES = frozenset({"da", "de", "del", "den", "der", "di", "la", "le", "van", "von"})


def make_citation_label(reference: str) -> str | None:
    """The author-date label of ``reference`` (Chicago author-date), or None when it does not begin "Author. Year."."""
    match = _AUTHORS_AND_YEAR.match(reference)
    if match is None:
        return None
    surnames = _list_surnames(_ROLE.sub("", match["authors"]))
    if len(surnames) > 3 or surnames[-1] == "al":
        names = f"{surnames[0]} et al."
    elif len(surnames) == 3:
        names = f"{surnames[0]}, {surnames[1]}, and {surnames[2]}"
    else:
        names = " and ".join(surnames)
    return f"{names} {match['year']}"


def _list_surnames(authors: str) -> list[str]:
    """Surnames of "Last, First, First Last, and First Last"; an author without a comma is an organization."""
    first, comma, rest = authors.partition(", ")
    if not comma:
        return [first]
    others = re.sub(r",?\s(?:and|with)\s", ", ", f" {rest}").strip().split(", ")
    people = [person for person in others[1:] if not _SUFFIX.match(person)]
    return [first, *map(_find_surname, people)]


def _find_surname(person: str) -> str:
    words = person.split()
    if len(words) > 2 and _SUFFIX.match(words[-1]):
        words.pop()
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return " ".join(words[start:])
