"""One answer by itself: how what was typed is read as a number, an amount, a date or words, and how it is printed."""

import re
from datetime import date
from decimal import Decimal

from lti_tool.content.schema import Leaf

_SIGN = "[+\u2212-]?"
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,6})?|\.\d{1,6}"
_PLAIN_NUMBER = re.compile(rf"({_SIGN})\s?({_NUMBER})\s?%?")
_MONEY = re.compile(rf"({_SIGN})\s?(?:US)?\$?\s?({_NUMBER})\s?(?:USD|dollars?)?", re.IGNORECASE)
_ISO_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_US_DATE = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})")
_YEARS = range(1900, 2200)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Chinese and Japanese are written without spaces, so each of their characters counts as a word.
_UNSPACED = re.compile(
    "[\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff]"
)
_DASHES = re.compile("[\u2013\u2014]")


def count_words(text: str) -> int:
    """Words of ``text`` in any script: what stands between spaces or dashes and holds a letter or a digit."""
    spaced = _UNSPACED.sub(" x ", _DASHES.sub(" ", text))
    return sum(any(character.isalnum() for character in word) for word in spaced.split())


def read_number(text: str, unit: str = "") -> Decimal | None:
    """The number in "1,200", "12.5", "85 %" or "780 learners" (with its ``unit``), or None."""
    plain = text.strip()
    if unit and plain.casefold().endswith(unit.casefold()):
        plain = plain[: -len(unit)].strip()
    return _read_decimal(_PLAIN_NUMBER, plain)


def read_money(text: str) -> Decimal | None:
    """The amount in "$1,200.50" or "1200", or None."""
    return _read_decimal(_MONEY, text.strip())


def read_date(text: str) -> date | None:
    """The day in "2027-03-04" or "3/4/2027" (month first), or None."""
    plain = text.strip()
    match = _ISO_DATE.fullmatch(plain) or _US_DATE.fullmatch(plain)
    if match is None or int(match["year"]) not in _YEARS:
        return None
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return None


def find_type_problem(leaf: Leaf, value: str) -> str | None:
    """What keeps a non-empty ``value`` from being read as ``leaf`` asks, as a clause: "'lots' is not a number"."""
    text = value.strip()
    known = {choice.key for choice in leaf.choices}
    problem = None
    match leaf.type:
        case "number" if read_number(value, leaf.unit) is None:
            problem = "is not a number"
        case "money" if read_money(value) is None:
            problem = "is not an amount; write it like 1200 or $1,200.50"
        case "date" if read_date(value) is None:
            problem = "is not a date; write it like 3/4/2027 or 2027-03-04"
        case "scale" if text not in leaf.points:
            problem = f"is not a number from {leaf.lowest} to {leaf.highest}"
        case "choice" if text not in known:
            problem = "is not one of the choices"
        case "choices" if not known.issuperset(text.split()):
            problem = "is not all among the choices"
    return f"'{_shorten(value)}' {problem}" if problem else None


def find_length_problem(leaf: Leaf, value: str) -> str | None:
    """What is too long about ``value``, as the end of a sentence: "has 260 characters; the most is 240"."""
    if leaf.type == "text" and leaf.max_chars is not None and len(value.strip()) > leaf.max_chars:
        return f"has {len(value.strip())} characters; the most is {leaf.max_chars}"
    if leaf.type == "prose" and leaf.max_words is not None:
        words = count_words(value)
        if words * 10 > leaf.max_words * 11:
            return f"is {say_words(words)}; the most is {leaf.max_words}"
    return None


def find_shortness(leaf: Leaf, value: str) -> str | None:
    """What is too short about ``value``: "is 9 words; it needs at least 15"; a tenth less than asked is let pass."""
    if leaf.type == "prose" and leaf.min_words:
        words = count_words(value)
        if words * 10 < leaf.min_words * 9:
            return f"is {say_words(words)}; it needs at least {leaf.min_words}"
    return None


def print_value(leaf: Leaf, value: str) -> str:
    """``value`` as people read it on paper; a pick is printed by whoever knows its options."""
    text = value.strip()
    printed = text
    match leaf.type if text else "":
        case "check":
            printed = "Yes"
        case "choice":
            printed = next((choice.label for choice in leaf.choices if choice.key == text), text)
        case "choices":
            labels = {choice.key: choice.label for choice in leaf.choices}
            printed = "; ".join(labels.get(key, key) for key in text.split())
        case "scale" if text in leaf.points:
            ends = {leaf.points[0]: f" ({leaf.low})", leaf.points[-1]: f" ({leaf.high})"}
            printed = f"{text} of {leaf.highest}{ends.get(text, '')}"
        case "date":
            day = read_date(text)
            printed = f"{_MONTHS[day.month - 1]} {day.day}, {day.year}" if day else text
        case "money":
            amount = read_money(text)
            printed = print_money(amount) if amount is not None else text
        case "number" if leaf.unit and not text.casefold().endswith(leaf.unit.casefold()):
            printed = f"{text} {leaf.unit}"
    return printed


def say_words(count: int) -> str:
    """A count of words with its noun: "1 word", "9 words"."""
    return f"{count} word" if count == 1 else f"{count} words"


def _read_decimal(pattern: re.Pattern[str], text: str) -> Decimal | None:
    match = pattern.fullmatch(text)
    if match is None:
        return None
    amount = Decimal(match[2].replace(",", ""))
    return -amount if match[1] in {"-", "\u2212"} else amount


def print_money(amount: Decimal) -> str:
    """An amount of dollars as people write it: "$1,200", "$0.50"."""
    whole = amount == amount.to_integral_value()
    digits = f"{abs(amount):,.0f}" if whole else f"{abs(amount):,.2f}"
    return f"{'-' if amount < 0 else ''}${digits}"


def _shorten(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= 30 else f"{line[:29]}…"
