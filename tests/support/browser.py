"""Finds the Chromium that browser tests drive; a missing one is a failure that says what to type."""

import os
import shutil
from pathlib import Path

HOW_TO_INSTALL = (
    "No Chromium was found for the browser tests. Type: sudo apt-get install chromium "
    "(on macOS: brew install --cask chromium), or name one: LTI_TOOL_TEST_BROWSER=/path/to/chromium make test"
)


class BrowserMissingError(Exception):
    """No browser; the message holds the command that installs one."""


def find_chromium() -> Path:
    """``LTI_TOOL_TEST_BROWSER``, or Chromium or Chrome on PATH.

    Raises:
        BrowserMissingError: there is none.
    """
    named = os.environ.get("LTI_TOOL_TEST_BROWSER")
    if named:
        if not Path(named).is_file():
            raise BrowserMissingError(f"LTI_TOOL_TEST_BROWSER names {named}, which is no file.")
        return Path(named)
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise BrowserMissingError(HOW_TO_INSTALL)
