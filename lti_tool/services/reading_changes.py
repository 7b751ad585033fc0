"""Whether a reading has become a newer one since a person marked it read."""

from dataclasses import dataclass
from datetime import datetime

from lti_tool.content.schema import Reading
from lti_tool.domain.versions import is_newer
from lti_tool.models import ReadingRecord


@dataclass(frozen=True, slots=True)
class ReadingChange:
    """When she read it, and what its authors say has changed in the newest version."""

    read_at: datetime
    words: str


def find_change(reading: Reading, record: ReadingRecord | None) -> ReadingChange | None:
    """The change of ``reading`` since the version she marked read, or None.

    A record without a version is older than this question, and counts as unchanged.
    """
    if record is None or record.marked_read_at is None or record.read_version is None:
        return None
    if not is_newer(reading.version, record.read_version):
        return None
    return ReadingChange(record.marked_read_at, reading.changed)
