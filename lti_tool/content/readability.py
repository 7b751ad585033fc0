"""How hard a text is to read: the Flesch-Kincaid grade, counted simply.

Kincaid, Fishburne, Rogers and Chissom 1975: 0.39 words a sentence + 11.8 syllables a word - 15.59. Syllables are
counted by spelling, which is within half a grade of a dictionary on running prose.
"""

import re

_SENTENCE_END = re.compile(r"[.!?…][\"'\u201d\u2019)\]]*(?:\s+|$)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|et al|vs|Dr|Mr|Mrs|Ms|No|[A-Z])\.(?=\s)")
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019][A-Za-z]+)?")
_VOWELS = re.compile(r"[aeiouy]+")


def measure_grade(text: str) -> float:
    """The school grade whose readers follow ``text``; blocks without a closing mark (headings, cells) do not count."""
    sentences = words = syllables = 0
    for block in text.split("\n\n"):
        for sentence in _split_sentences(block):
            found = _WORD.findall(sentence)
            if found:
                sentences += 1
                words += len(found)
                syllables += sum(map(count_syllables, found))
    if not words:
        return 0.0
    return round(0.39 * words / sentences + 11.8 * syllables / words - 15.59, 1)


def count_sentences(text: str) -> int:
    """Sentences of ``text`` with words in them, the last of which may lack its closing mark."""
    return sum(bool(_WORD.search(sentence)) for sentence in _split_sentences(f"{text.strip()}."))


def count_syllables(word: str) -> int:
    """Syllables of an English word by its spelling: groups of vowels, less the endings that are not spoken."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    count = len(_VOWELS.findall(letters))
    if len(letters) > 3:
        silent_e = re.search(r"(?:[^aeiouyl]e|[aeiouy]le)$", letters)
        silent_es = re.search(r"[^aeiouyscxzgh]es$", letters) and not letters.endswith("les")
        silent_ed = re.search(r"[^aeiouydt]ed$", letters)
        count -= bool(silent_e or silent_es or silent_ed)
        count += bool(re.search(r"(?<![cgstx])i[aou]", letters))
    return max(count, 1)


def _split_sentences(block: str) -> list[str]:
    line = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), " ".join(block.split()))
    ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    return [line[start:end] for start, end in zip([0, *ends], ends, strict=False)]
