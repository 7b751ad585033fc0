"""What makes a text easy to read between two classes: its length, its headings, its summary, its level, its checks."""

import re
from collections.abc import Iterator
from html import unescape

from lti_tool.content.findings import Finding
from lti_tool.content.problems import Path
from lti_tool.content.readability import count_sentences, measure_grade
from lti_tool.content.schema import Reading

_WORDS = (700, 1200)
_HARDEST_GRADE = 10.5
_SECTION_WORDS = (150, 250)
_LONGEST_SECTION = 300
_SUMMARY_SENTENCES = 3
_HEADING = re.compile(r"<h[2-4][^>]*>(.*?)</h[2-4]>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def check_reading(reading: Reading, path: Path, *, reaches_back: bool) -> Iterator[Finding]:
    """Advice on one reading; ``reaches_back``: one of its checks should ask for something of an earlier session."""
    fewest, most = _WORDS
    if not fewest <= reading.words <= most:
        yield path, f"this reading has {reading.words} words; {fewest} to {most} are read in one sitting"
    grade = measure_grade(reading.text)
    if grade > _HARDEST_GRADE:
        yield path, f"this reading is at grade {grade}; {_HARDEST_GRADE} is the most (shorten sentences and words)"
    for title, words in _list_sections(reading.html):
        if words > _LONGEST_SECTION:
            where = f"below “{title}”" if title else "before the first heading"
            low, high = _SECTION_WORDS
            yield path, f"there are {words} words {where}; set a heading every {low} to {high} words"
    sentences = count_sentences(reading.summary)
    if sentences != _SUMMARY_SENTENCES:
        yield (*path, "summary"), f"the summary has {sentences} sentences; {_SUMMARY_SENTENCES} close a reading"
    if reaches_back and not any(check.from_session for check in reading.checks):
        yield (*path, "checks"), "no check reaches back to an earlier session; mark one with from_session"


def _list_sections(html: str) -> Iterator[tuple[str, int]]:
    """The sections of a text: the words of the heading, and how many words stand below it."""
    opening, *rest = _HEADING.split(html)
    yield "", _count_words(opening)
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        yield unescape(_TAG.sub("", title)), _count_words(body)


def _count_words(html: str) -> int:
    return len(_TAG.sub(" ", html).split())
