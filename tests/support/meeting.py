"""Two at once: hold threads until both stand at the same place in the code, and collect what became of each."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from threading import Barrier, BrokenBarrierError, Thread
from types import ModuleType
from typing import Any

import pytest

PATIENCE = 0.4
LONGEST = 30.0


def meet_after(monkeypatch: pytest.MonkeyPatch, *places: tuple[ModuleType, str]) -> None:
    """Let the first two callers of these functions wait for one another when the function is done.

    Where one cannot come because the other holds what it needs, the other goes on after a moment: that is what locks
    are for, and the only thing that happens on SQLite, where one writes at a time.
    """
    barrier = Barrier(2)
    for module, name in places:
        original = getattr(module, name)

        @wraps(original)
        def wait_then_return(*args: Any, _original: Callable[..., Any] = original, **options: Any) -> Any:
            result = _original(*args, **options)
            with suppress(BrokenBarrierError):
                barrier.wait(PATIENCE)
            return result

        monkeypatch.setattr(module, name, wait_then_return)


def run_at_once(*actions: Callable[[], object]) -> list[object]:
    """Run each in a thread of its own; what each returned, or the exception it ended with."""
    ready = Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(number: int, action: Callable[[], object]) -> None:
        ready.wait(LONGEST)
        try:
            results[number] = action()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error

    threads = [Thread(target=run, args=item, daemon=True) for item in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
        assert not thread.is_alive(), "they wait for one another for ever"
    return results
