"""Searching the readings of the open modules: an index made once from a series, and what a query finds in it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from lti_tool.content.schema import Module, Reading, Series
from lti_tool.domain.search_words import Passage, Piece, find_words, fold, make_excerpt, make_passage, mark_hits

LONGEST_QUERY: Final = 200

# They stand in every text. Beside other words they find nothing, and marking them would hide what does.
_SMALL_WORDS: Final = frozenset(
    {
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "for", "from", "has"),
        *("have", "how", "i", "if", "in", "into", "is", "it", "its", "my", "of", "on", "or", "our", "so"),
        *("that", "the", "their", "this", "to", "us", "was", "we", "what", "when", "which", "who", "why"),
        *("will", "with", "you", "your"),
    }
)


class _Place(IntEnum):
    """Where a word stands in a reading; a higher place weighs more."""

    TEXT = 1
    TAG = 2
    TITLE = 3


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word that was asked for: as it was typed, and as it is compared."""

    shown: str
    folded: str


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asked for. ``text`` is at most ``LONGEST_QUERY`` long; ``was_cut`` says that it was longer."""

    text: str
    words: tuple[QueryWord, ...]
    tag: str
    was_cut: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        return not (self.text or self.tag)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and how many readings have it."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A reading that was found, with its title and a stretch of its text in pieces, of which the hits are marked."""

    module: Module
    reading: Reading
    title: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    module: Module
    reading: Reading
    tags: frozenset[str]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class _Match:
    """How well one word of a query fits one reading: its best place, whether as a whole word there, and how often."""

    place: int
    is_whole: bool
    count: int


class ReadingIndex:
    """The words of all readings of the open modules, ready to be asked. It never changes."""

    def __init__(self, series: Series) -> None:
        """Read every text of ``series`` once."""
        self._entries = tuple(
            _describe(module, reading) for module in series.modules if module.is_open for reading in module.readings
        )
        # For each word the readings it stands in (by their number), with its best place there and how often it stands.
        postings: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for number, entry in enumerate(self._entries):
            for place, word in _list_places(entry):
                best, count = postings[word].get(number, (0, 0))
                postings[word][number] = (max(best, place), count + 1)
        self._postings: Mapping[str, Mapping[int, tuple[int, int]]] = dict(postings)
        self._vocabulary = sorted(postings)
        self.tags = _count_tags(self._entries)

    @property
    def is_empty(self) -> bool:
        """Whether no module with a reading is open."""
        return not self._entries

    def find_tag(self, name: str) -> Tag | None:
        """The tag of this name, in any case and with or without accents, or None."""
        return next((tag for tag in self.tags if fold(tag.name) == fold(name)), None)

    def search(self, query: Query) -> tuple[Hit, ...]:
        """The readings that hold every word of ``query``, as the beginning of a word of theirs, and have its tag.

        Those that hold more of the words in their title come first, then those with more in their tags, then those
        that hold them as whole words, then more often. With a tag alone they come in the order of the series.
        """
        if query.is_empty or (query.text and not query.words):
            return ()
        found: dict[int, list[_Match]] = {number: [] for number in self._list_tagged(query.tag)}
        for word in query.words:
            matches = self._match(word.folded)
            found = {number: [*ranks, matches[number]] for number, ranks in found.items() if number in matches}
        ranked = sorted(found, key=lambda number: (*_rank(found[number]), number))
        wanted = [word.folded for word in query.words]
        return tuple(_make_hit(self._entries[number], wanted) for number in ranked)

    def list_unknown(self, query: Query) -> tuple[str, ...]:
        """The words of ``query``, as they were typed, with which no word of any reading begins."""
        return tuple(word.shown for word in query.words if not self._match(word.folded))

    def _list_tagged(self, tag: str) -> list[int]:
        wanted = fold(tag)
        return [number for number, entry in enumerate(self._entries) if not wanted or wanted in entry.tags]

    def _match(self, folded: str) -> dict[int, _Match]:
        found: dict[int, _Match] = {}
        for word in self._list_beginning_with(folded):
            for number, (place, count) in self._postings[word].items():
                new = _Match(place, word == folded, count)
                old = found.get(number, _Match(0, is_whole=False, count=0))
                better = max(old, new, key=lambda match: (match.place, match.is_whole))
                found[number] = _Match(better.place, better.is_whole, old.count + new.count)
        return found

    def _list_beginning_with(self, prefix: str) -> Iterator[str]:
        for place in range(bisect_left(self._vocabulary, prefix), len(self._vocabulary)):
            if not self._vocabulary[place].startswith(prefix):
                return
            yield self._vocabulary[place]


def read_query(text: str, tag: str = "") -> Query:
    """What was typed as a query: cut to ``LONGEST_QUERY``, on one line, each word once, small words left out.

    A query of small words alone is taken as it is.
    """
    plain = _clean(text)
    kept = plain[:LONGEST_QUERY].rstrip()
    passage = make_passage(kept)
    words = {word.folded: QueryWord(passage.text[word.start : word.end], word.folded) for word in passage.words}
    telling = [word for word in words.values() if word.folded not in _SMALL_WORDS]
    return Query(
        text=kept,
        words=tuple(telling or words.values()),
        tag=_clean(tag)[:LONGEST_QUERY].rstrip(),
        was_cut=len(plain) > LONGEST_QUERY,
    )


def _clean(text: str) -> str:
    """``text`` on one line, without characters that cannot be shown."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _describe(module: Module, reading: Reading) -> _Entry:
    texts = [reading.summary, *reading.text.split("\n\n"), " ".join(reading.opener), reading.try_tomorrow]
    return _Entry(module, reading, frozenset(map(fold, reading.tags)), tuple(map(make_passage, texts)))


def _list_places(entry: _Entry) -> Iterator[tuple[_Place, str]]:
    """Every word that finds this reading. The names of its session and topic find it too, as its text does."""
    for word in find_words(entry.reading.title):
        yield _Place.TITLE, word.folded
    for tag in entry.reading.tags:
        for word in find_words(tag):
            yield _Place.TAG, word.folded
    for name in (entry.module.title, entry.reading.topic):
        for word in find_words(name):
            yield _Place.TEXT, word.folded
    for passage in entry.passages:
        for word in passage.words:
            yield _Place.TEXT, word.folded


def _count_tags(entries: tuple[_Entry, ...]) -> tuple[Tag, ...]:
    """Every tag once, in the order of the alphabet, as it was written first."""
    names: dict[str, str] = {}
    for entry in entries:
        for tag in entry.reading.tags:
            names.setdefault(fold(tag), tag)
    counts = Counter(tag for entry in entries for tag in entry.tags)
    return tuple(Tag(names[folded], counts[folded]) for folded in sorted(names))


def _rank(matches: list[_Match]) -> tuple[int, int, int, int]:
    """What sorts a reading: the smaller, the earlier."""
    return (
        -sum(match.place == _Place.TITLE for match in matches),
        -sum(match.place == _Place.TAG for match in matches),
        -sum(match.is_whole for match in matches),
        -sum(match.count for match in matches),
    )


def _make_hit(entry: _Entry, wanted: list[str]) -> Hit:
    return Hit(
        module=entry.module,
        reading=entry.reading,
        title=mark_hits(entry.reading.title, wanted),
        excerpt=make_excerpt(entry.passages, wanted),
    )
