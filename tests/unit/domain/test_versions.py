"""Which version of a text is newer."""

import pytest

from lti_tool.domain.versions import is_newer


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("1.1", "1.0", True),
        ("1.10", "1.9", True),
        ("2", "1.4", True),
        ("1.0.1", "1.0", True),
        ("1.0", "1.0", False),
        ("1.0", "1", False),
        ("1.0", "1.1", False),
        ("1.9", "1.10", False),
    ],
)
def test_numbers_are_compared_as_numbers(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_where_there_is_no_order_any_other_version_is_newer() -> None:
    assert is_newer("spring", "autumn")
    assert is_newer("1.0 draft", "1.0")
    assert not is_newer("spring", "spring")
