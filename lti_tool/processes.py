"""Processes: the web server, the delivery worker, and the one that starts them, restarts them and stops them."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from subprocess import DEVNULL, Popen
from types import FrameType
from typing import Final

PARENT_VARIABLE: Final = "LTI_TOOL_PARENT_PID"
FIRST_RESTART_SECONDS: Final = 0.5
LONGEST_RESTART_SECONDS: Final = 30.0
STEADY_SECONDS: Final = 20.0
STOP_SECONDS: Final = 25.0
_POLL_SECONDS: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def end_with_parent(parent_pid: int, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel end this process when its parent dies, however it dies; where it cannot, watch for it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent_pid, with_signal), daemon=True).start()
    if os.getppid() != parent_pid:
        # It died before the kernel was told.
        os.kill(os.getpid(), with_signal)
