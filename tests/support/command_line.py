"""The command line in this process: runs a command, gives its exit code and what it printed."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from lti_tool.cli import main


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, read as JSON."""
        return json.loads(self.out)


class CommandLine:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        """Run a command to its end; it may refuse, but never with a stack trace."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = self._capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert "Traceback" not in err
        return Outcome(code, out, err)


def assert_one_line(outcome: Outcome, code: int) -> None:
    """A refusal is one line on stderr and this exit code."""
    assert outcome.code == code
    assert outcome.err.startswith("lti-tool: ")
    assert outcome.err.count("\n") == 1
