"""JSON from strangers, read strictly: every kind of bad text ends in one exception."""

import json
import re
from decimal import Decimal
from typing import Final

# How JSON text can smuggle in what no database and no page can hold: NUL, and half of a surrogate pair (a platform
# that cuts a title in the middle of an emoji sends one).
_MAY_BE_UNSTORABLE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT: Final = "\ufffd"


class BadJsonError(Exception):
    """The text is not JSON this tool reads; the message says why, without quoting it."""


def parse_json(content: bytes) -> object:
    """Read UTF-8 JSON, refusing duplicate names, NaN and Infinity, and nesting without end (RFC 8259, RFC 7519 §4).

    NUL and halves of surrogate pairs in its texts come out as U+FFFD.

    Raises:
        BadJsonError: it is not such JSON.
    """
    return _parse(content, _PLAIN)


def parse_json_exactly(content: bytes) -> object:
    """Read like :func:`parse_json`, with fractions as ``Decimal``: a gradebook's 92.1 stays 92.1.

    Raises:
        BadJsonError: it is not such JSON.
    """
    return _parse(content, _EXACT)


def _parse(content: bytes, decoder: json.JSONDecoder) -> object:
    try:
        # Decoding first matters: json.loads would guess UTF-16 and UTF-32 from bytes.
        document: object = decoder.decode(content.decode("utf-8"))
        return _clean(document) if _MAY_BE_UNSTORABLE.search(content) else document
    except RecursionError:
        raise BadJsonError("nested too deeply") from None
    except (ValueError, ArithmeticError) as error:
        raise BadJsonError(type(error).__name__) from None


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value


def _collect_names_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    collected = dict(pairs)
    if len(collected) != len(pairs):
        raise ValueError("a name appears twice")
    return collected


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_PLAIN: Final = json.JSONDecoder(object_pairs_hook=_collect_names_once, parse_constant=_refuse_constant)
_EXACT: Final = json.JSONDecoder(
    object_pairs_hook=_collect_names_once, parse_constant=_refuse_constant, parse_float=Decimal
)
