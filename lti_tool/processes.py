"""Processes: start programs together, start a dead one again, stop all of them, leave none behind."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from subprocess import DEVNULL, Popen, TimeoutExpired
from types import FrameType
from typing import Final

PARENT_VARIABLE: Final = "LTI_TOOL_PARENT_PID"
FIRST_RESTART_SECONDS: Final = 0.5
LONGEST_RESTART_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 20.0
STOP_SECONDS: Final = 25.0
_START_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Program:
    """Something to keep running: ``python -m`` these arguments, with these variables besides our own."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


class StopFlag:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self) -> bool:
        """Whether to stop; handed to loops as a question."""
        return self.is_set

    def nap(self, seconds: float) -> None:
        """Sleep, but no longer than until a stop is asked for."""
        end = time.monotonic() + seconds
        while not self.is_set and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))


@contextmanager
def catch_stop_signals() -> Iterator[StopFlag]:
    """Turn SIGTERM, SIGINT (Ctrl-C) and SIGHUP (a closed terminal) into a flag while the block runs."""
    flag = StopFlag()

    def set_flag(_number: int, _frame: FrameType | None) -> None:
        # A plain attribute: a lock that the interrupted code may hold would hang here.
        flag.is_set = True

    before = {number: signal.signal(number, set_flag) for number in _STOP_SIGNALS}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_with_parent(parent_pid: int, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel end this process when its parent dies, however it dies; where it cannot, watch for it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent_pid, with_signal), daemon=True).start()
    if os.getppid() != parent_pid:
        # It died before the kernel was told.
        os.kill(os.getpid(), with_signal)


def end_with_supervisor() -> None:
    """In a program started by a :class:`Supervisor`: end when it does, even if it is killed."""
    parent = os.environ.get(PARENT_VARIABLE, "")
    if parent.isdecimal():
        end_with_parent(int(parent))


def _watch_parent(parent_pid: int, with_signal: signal.Signals) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1)
    os.kill(os.getpid(), with_signal)


@dataclass(slots=True)
class _Child:
    program: Program
    process: Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    deaths_in_a_row: int = 0
    has_been_steady: bool = False


class Supervisor:
    """Keeps programs running until it is told to stop, then stops them all.

    Each child leads a process group of its own: Ctrl-C in a terminal reaches only the supervisor, which then asks
    each child in order, and what a dying child left behind can be found and ended.
    """

    def __init__(self, programs: Sequence[Program], say: Callable[[str], None]) -> None:
        self._children = [_Child(program) for program in programs]
        self._say = say

    def run(self, when_started: Callable[[StopFlag], None] | None = None) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP; return the exit code.

        ``when_started`` is called once, after every program was started. A program that cannot even start (it exits
        with an error within seconds, the first time) ends everything with exit code 1.
        """
        with catch_stop_signals() as should_stop:
            try:
                for child in self._children:
                    self._start(child)
                if when_started is not None:
                    when_started(should_stop)
                while not should_stop():
                    for child in self._children:
                        if not self._look_after(child):
                            return 1
                    should_stop.nap(_POLL_SECONDS)
            finally:
                self._stop_all()
        return 0

    def find_failure(self) -> str | None:
        """Say which program has already ended, if one has; for whoever waits for them to come up."""
        for child in self._children:
            if child.process is not None and child.process.poll():
                return child.program.name
        return None

    def _start(self, child: _Child) -> None:
        child.process = Popen(  # noqa: S603 - our own interpreter and our own modules
            [sys.executable, "-m", *child.program.arguments],
            stdin=DEVNULL,
            env={**os.environ, **child.program.environment, PARENT_VARIABLE: str(os.getpid())},
            process_group=0,
        )
        child.started_at = time.monotonic()

    def _look_after(self, child: _Child) -> bool:
        """Start a dead child again when its time has come; False if it never managed to start at all."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._start(child)
            return True
        lived = now - child.started_at
        code = child.process.poll()
        if code is None:
            if lived >= STEADY_SECONDS:
                child.has_been_steady, child.deaths_in_a_row = True, 0
            return True
        _end_group(child.process.pid)
        child.process = None
        is_first = not child.has_been_steady and child.deaths_in_a_row == 0
        if is_first and code > 0 and lived < _START_SECONDS:
            self._say(f"The {child.program.name} could not start (exit code {code}); its reason is above.")
            return False
        wait = min(FIRST_RESTART_SECONDS * 2**child.deaths_in_a_row, LONGEST_RESTART_SECONDS)
        child.deaths_in_a_row += 1
        child.start_again_at = now + wait
        self._say(f"The {child.program.name} ended ({_describe_code(code)}). Starting it again in {wait:g} s.")
        return True

    def _stop_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            with suppress(TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
            _end_group(process.pid)
            process.wait()


def _end_group(leader_pid: int) -> None:
    """End whatever a child left behind: the workers of a web server that was killed still hold its port."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader_pid, signal.SIGKILL)


def _describe_code(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
