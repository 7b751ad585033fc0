import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.lti.json_text import BadJsonError, parse_json, parse_json_exactly

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(ANY_JSON)
def test_json_is_read(document: object) -> None:
    expected = json.loads(json.dumps(document).replace("\\u0000", "\\ufffd"))
    assert parse_json(json.dumps(document).encode()) == expected


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse_json(content)
    except BadJsonError:
        return


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"outer": {"a": 1, "a": 1}}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'"\x00"',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 10_000,
        '{"a": 1}'.encode("utf-16"),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_bad_text_is_refused(content: bytes) -> None:
    for parse in (parse_json, parse_json_exactly):
        with pytest.raises(BadJsonError):
            parse(content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"cut \ud83d"', "cut \ufffd"),
        (r'"\udc00 alone"', "\ufffd alone"),
        (r'"whole \ud83d\ude00"', "whole 😀"),
        (r'"nul \u0000"', "nul \ufffd"),
        (r'"not an escape \\u0000"', r"not an escape \u0000"),
        (r'{"na\u0000me": ["\ud800"]}', {"na\ufffdme": ["\ufffd"]}),
    ],
)
def test_what_no_database_can_hold_is_replaced(text: str, expected: object) -> None:
    assert parse_json(text.encode()) == expected


def test_fractions_stay_exact_where_grades_are_read() -> None:
    assert parse_json_exactly(b"[92.1, 1e2, 7]") == [Decimal("92.1"), Decimal("1e2"), 7]
    assert parse_json(b"[92.1]") == [92.1]
