"""The supervisor with real processes: it restarts the dead, stops all, and leaves nobody behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lti_tool.processes import Program, StopFlag, Supervisor, catch_stop_signals
from tests.support.programs import MODULE
from tests.support.waiting import is_alive, read_pids, wait_for


@contextmanager
def supervised(*notes: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", MODULE, "supervise", *map(str, notes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as supervisor:
        try:
            yield supervisor
        finally:
            supervisor.kill()


def wait_for_pids(note: Path, count: int = 1) -> list[int]:
    return wait_for(f"{count} starts", lambda: pids if len(pids := read_pids(note)) >= count else None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    notes = [tmp_path / "a", tmp_path / "b"]
    with supervised(*notes) as supervisor:
        pids = [wait_for_pids(note)[0] for note in notes]
        supervisor.send_signal(number)
        assert supervisor.wait(15) == 0
    assert not [pid for pid in pids if is_alive(pid)]


def test_a_dead_program_is_started_again(tmp_path: Path) -> None:
    note = tmp_path / "note"
    with supervised(note) as supervisor:
        (first,) = wait_for_pids(note)
        os.kill(first, signal.SIGKILL)
        second = wait_for_pids(note, 2)[1]
        assert is_alive(second)
        supervisor.send_signal(signal.SIGTERM)
        said, _ = supervisor.communicate(timeout=15)
    assert "ended (SIGKILL)" in said
    assert not is_alive(second)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed at once")
def test_nobody_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    note = tmp_path / "note"
    with supervised(note) as supervisor:
        (pid,) = wait_for_pids(note)
        supervisor.kill()
        supervisor.wait(5)
    wait_for("the program's end", lambda: not is_alive(pid), 5)


def test_what_a_dead_program_left_behind_is_ended(tmp_path: Path) -> None:
    note, child_note = tmp_path / "note", tmp_path / "note.child"

    def kill_once(should_stop: StopFlag) -> None:
        wait_for_pids(child_note)
        os.kill(wait_for_pids(note)[0], signal.SIGKILL)
        should_stop.nap(0.2)

    said: list[str] = []

    def stop_after_restart(line: str) -> None:
        said.append(line)
        os.kill(os.getpid(), signal.SIGTERM)

    code = Supervisor([Program("parent", (MODULE, "wait with child", str(note)))], stop_after_restart).run(kill_once)
    assert code == 0
    assert "ended (SIGKILL)" in said[0]
    (child,) = read_pids(child_note)
    wait_for("the child's end", lambda: not is_alive(child), 5)


def test_a_program_that_cannot_start_ends_everything(tmp_path: Path) -> None:
    note = tmp_path / "note"
    said: list[str] = []
    programs = [Program("good one", (MODULE, "wait", str(note))), Program("bad one", (MODULE, "fail"))]
    assert Supervisor(programs, said.append).run() == 1
    assert said == ["The bad one could not start (exit code 3); its reason is above."]
    assert not [pid for pid in read_pids(note) if is_alive(pid)]


def test_a_nap_ends_when_asked_to_stop() -> None:
    with catch_stop_signals() as should_stop:
        os.kill(os.getpid(), signal.SIGINT)
        before = time.monotonic()
        should_stop.nap(30)
        assert time.monotonic() - before < 5
    assert should_stop()


def test_signals_mean_what_they_meant_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with catch_stop_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
