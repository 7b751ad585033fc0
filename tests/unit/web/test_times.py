"""Days of the content, written out."""

import pytest

from lti_tool.web.times import write_date


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-03", "November 3, 2026"),
        ("2027-01-31", "January 31, 2027"),
        ("last spring", "last spring"),
        ("2026-02-30", "2026-02-30"),
    ],
)
def test_a_day_is_written_out_and_other_words_stand(day: str, words: str) -> None:
    assert write_date(day) == words
