"""Words as a search compares them: without case and accents, each with its place, so that a hit can be marked."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

EXCERPT_LENGTH: Final = 240
# So many characters before the first hit are shown, so that it is read inside its sentence.
_LEAD: Final = 70
# A shorter passage is most often a heading or a cell of a table, and says little by itself.
_SHORT: Final = 60

# Letters and digits, with the marks of scripts that write vowels and accents as characters of their own.
_WORD: Final = re.compile("[^\\W_](?:[^\\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670])*")
_APOSTROPHES: Final = "'\u2019"
# What English hangs on a word: "library's" is found as "library", "don't" as "don".
_ENDINGS: Final = frozenset({"s", "t", "d", "m", "ll", "re", "ve"})
# Letters that Unicode does not take apart, although people type them without their stroke.
_STROKES: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: as it is compared, and where it stands."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text that is shown as it is; ``is_hit`` says that it is to be marked."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph of plain text with its words."""

    text: str
    words: tuple[Word, ...]


def fold(text: str) -> str:
    """``text`` without case and accents: "Ñandú" and "nandu" are the same."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return plain.casefold().translate(_STROKES)


def find_words(text: str) -> tuple[Word, ...]:
    """Every word of ``text`` in order. A hyphen parts two words; an English ending after an apostrophe is no word."""
    words = []
    before = -2
    for match in _WORD.finditer(text):
        folded = fold(match[0])
        is_ending = match.start() == before + 1 and text[before] in _APOSTROPHES and folded in _ENDINGS
        if folded and not is_ending:
            words.append(Word(folded, match.start(), match.end()))
        before = match.end()
    return tuple(words)


def make_passage(text: str) -> Passage:
    """A passage of ``text``, composed (an accent and its letter are one character) and on one line."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return Passage(plain, find_words(plain))


def mark_hits(text: str, wanted: Iterable[str]) -> tuple[Piece, ...]:
    """``text`` in pieces; every word that begins with one of the folded words in ``wanted`` is a hit."""
    passage = make_passage(text)
    return _part(passage, 0, len(passage.text), tuple(wanted))


def make_excerpt(passages: Sequence[Passage], wanted: Iterable[str]) -> tuple[Piece, ...]:
    """The stretch of ``passages`` that shows most of the folded words in ``wanted``, with its hits marked.

    Where none of them occurs, it is the beginning of the first passage. An ellipsis says that something is left out.
    """
    words = tuple(wanted)
    if not passages:
        return ()
    best = max(passages, key=lambda passage: _weigh(passage, words))
    if not _list_hits(best, words):
        best = passages[0]
    start, end = _find_stretch(best, words)
    before = (Piece("… ", is_hit=False),) if start > 0 else ()
    after = (Piece(" …", is_hit=False),) if end < len(best.text) else ()
    return before + _part(best, start, end, words) + after


def _list_hits(passage: Passage, wanted: tuple[str, ...]) -> list[Word]:
    return [word for word in passage.words if word.folded.startswith(wanted)]


def _count_shown(hits: Iterable[Word], wanted: tuple[str, ...]) -> int:
    """How many of the wanted words occur among ``hits``."""
    found = {word.folded for word in hits}
    return sum(any(folded.startswith(want) for folded in found) for want in wanted)


def _weigh(passage: Passage, wanted: tuple[str, ...]) -> tuple[int, bool, int]:
    hits = _list_hits(passage, wanted)
    if not hits:
        return 0, False, 0
    whole = len({word.folded for word in hits} & set(wanted))
    return _count_shown(hits, wanted), len(passage.text) >= _SHORT, whole


def _find_stretch(passage: Passage, wanted: tuple[str, ...]) -> tuple[int, int]:
    """Where the excerpt begins and ends, between whole words."""
    length = len(passage.text)
    if length <= EXCERPT_LENGTH:
        return 0, length
    hits = _list_hits(passage, wanted)
    start = 0
    if hits:

        def count_from(hit: Word) -> int:
            last = _begin_before(hit) + EXCERPT_LENGTH
            return _count_shown((word for word in hits if hit.start <= word.start and word.end <= last), wanted)

        start = min(_begin_before(max(hits, key=count_from)), length - EXCERPT_LENGTH)
    end = start + EXCERPT_LENGTH
    inside = [word for word in passage.words if start <= word.start and word.end <= end]
    if not inside:
        return start, end
    return (inside[0].start if start else 0), (inside[-1].end if end < length else length)


def _begin_before(hit: Word) -> int:
    return max(0, hit.start - _LEAD)


def _part(passage: Passage, start: int, end: int, wanted: tuple[str, ...]) -> tuple[Piece, ...]:
    pieces = []
    place = start
    for hit in _list_hits(passage, wanted):
        if start <= hit.start and hit.end <= end:
            if place < hit.start:
                pieces.append(Piece(passage.text[place : hit.start], is_hit=False))
            pieces.append(Piece(passage.text[hit.start : hit.end], is_hit=True))
            place = hit.end
    if place < end:
        pieces.append(Piece(passage.text[place:end], is_hit=False))
    return tuple(pieces)
