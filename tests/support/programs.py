"""Small programs for the supervisor to keep: one that waits, one that fails, one that leaves a child behind.

``python -m tests.support.programs wait NOTE`` writes its process id to the file NOTE and sleeps.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from lti_tool.processes import Program, Supervisor, end_with_supervisor

MODULE = "tests.support.programs"


def main(action: str, *arguments: str) -> int:
    if action == "supervise":
        programs = [Program(f"program {note}", (MODULE, "wait", note)) for note in arguments]
        return Supervisor(programs, print).run()
    if action == "fail":
        return 3
    end_with_supervisor()
    note = Path(arguments[0])
    if action == "wait with child":
        subprocess.Popen([sys.executable, "-m", MODULE, "linger", f"{note}.child"])
    with note.open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(60)
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "linger":
        Path(sys.argv[2]).write_text(f"{os.getpid()}\n")
        time.sleep(60)
    sys.exit(main(*sys.argv[1:]))
