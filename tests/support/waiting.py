"""Waiting for what other processes do: asks again and again, and fails with what was waited for."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(what: str, ask: Callable[[], Found | None], seconds: float = 20) -> Found:
    """Ask until there is an answer that is true.

    Raises:
        AssertionError: there was none in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s in vain for {what}")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not collected yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        # No such folder on this system, or the process has ended just now.
        return not Path("/proc/self/stat").exists()


def list_descendants(pid: int) -> dict[int, str]:
    """A process's children, their children, and so on, with their commands; the elder first."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    processes = {int(line.split()[0]): line.split(maxsplit=2)[1:] for line in listed.splitlines()}
    found: dict[int, str] = {}
    nearest = {pid}
    while nearest:
        nearest = {child for child, (parent, *_) in processes.items() if int(parent) in nearest}
        found |= {child: " ".join(processes[child][1:]) for child in nearest}
    return found


def read_pids(note: Path) -> list[int]:
    """The process ids that programs wrote into a file."""
    return [int(line) for line in note.read_text().split()] if note.exists() else []


def find_free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
