"""The command line for every test of this folder: with nothing of the developer's own settings."""

import os
from pathlib import Path

import pytest

from lti_tool.models import Store
from tests.support.command_line import CommandLine


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A production environment without a database yet."""
    for name in os.environ:
        if name.startswith("LTI_TOOL_") and "TEST" not in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("LTI_TOOL_BASE_URL", "https://tool.example.org")
    monkeypatch.setenv("LTI_TOOL_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("LTI_TOOL_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("LTI_TOOL_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    return monkeypatch


@pytest.fixture
def run(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs commands without a database yet."""
    return CommandLine(capsys)


@pytest.fixture
def run_on(store: Store, database_url: str, environment: pytest.MonkeyPatch, run: CommandLine) -> CommandLine:
    """Runs commands on ``store``'s database."""
    environment.setenv("LTI_TOOL_DATABASE_URL", database_url)
    return run
