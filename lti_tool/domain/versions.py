"""Versions of a text, as their authors number them: "1.0", "1.10", "2"."""

import re
from itertools import zip_longest
from typing import Final

_NUMBERS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")


def is_newer(version: str, than: str) -> bool:
    """Whether ``version`` comes after ``than``: 1.10 after 1.9, 2 after 1.4, and 1.0 is the same as 1.

    Where one of them is not numbers between dots, there is no order, and any other version counts as newer.
    """
    if not (_NUMBERS.fullmatch(version) and _NUMBERS.fullmatch(than)):
        return version != than
    pairs = zip_longest(map(int, version.split(".")), map(int, than.split(".")), fillvalue=0)
    return next((new > old for new, old in pairs if new != old), False)
