"""A delivery worker as a process to be killed: ``python -m tests.support.delivery_worker DATABASE_URL KEYS_DIR``."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.http import HttpClient
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.models.store import open_store
from lti_tool.processes import end_with_parent
from lti_tool.services.deliveries import deliver_due


def read_clock() -> datetime:
    """The present."""
    return datetime.now(UTC)


def make_client(keys_dir: Path) -> GradebookClient:
    """The real client, allowed to talk to a server on this machine."""
    return GradebookClient(Services(HttpClient(allow_http=True), ToolKeys(keys_dir), MemoryTokenCache(), read_clock))


def main(database_url: str, keys_dir: str) -> None:
    """Work until killed."""
    store, client = open_store(database_url), make_client(Path(keys_dir))
    while True:
        deliver_due(store, client, owner=f"process-{os.getpid()}", clock=read_clock)
        time.sleep(0.1)


if __name__ == "__main__":
    end_with_parent(os.getppid())
    main(*sys.argv[1:])
