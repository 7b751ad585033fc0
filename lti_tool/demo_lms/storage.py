"""How the LMS helps a tool whose cookies a browser keeps back: LTI platform storage, and ways to get it wrong.

The pages' own script does the storing (``static/storage.js``); this is what it is told, chosen by the settings and
then by the switch on the course page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lti_tool.demo_lms.memory import Memory

SLOW_MILLISECONDS: Final = 1500
_FACT: Final = "browser treatment"


class StorageTarget(StrEnum):
    """Which window a tool is told to send its storage messages to (``lti_storage_target``)."""

    NONE = ""
    PARENT = "_parent"
    FRAME = "post_message_forwarding"

    @property
    def in_words(self) -> str:
        """The choice as the course page offers it."""
        return _TARGET_WORDS[self]


class StorageHabit(StrEnum):
    """What becomes of a storage message."""

    ANSWERS = "answers"
    SILENT = "silent"
    SLOW = "slow"
    ERRORS = "errors"
    WRONG_ORIGIN = "wrong_origin"

    @property
    def in_words(self) -> str:
        """The choice as the course page offers it."""
        return _HABIT_WORDS[self]


_TARGET_WORDS: Final = {
    StorageTarget.NONE: "Offers no storage (as Moodle)",
    StorageTarget.PARENT: "Offers storage in its page (_parent)",
    StorageTarget.FRAME: "Offers storage in a hidden frame (as Canvas)",
}
_HABIT_WORDS: Final = {
    StorageHabit.ANSWERS: "It answers",
    StorageHabit.SILENT: "It never answers (as Canvas's mobile apps)",
    StorageHabit.SLOW: "It answers after a second and a half",
    StorageHabit.ERRORS: "It answers with errors",
    StorageHabit.WRONG_ORIGIN: "It answers from another address",
}


@dataclass(frozen=True, slots=True)
class BrowserTreatment:
    """The present choice."""

    target: StorageTarget
    habit: StorageHabit = StorageHabit.ANSWERS


class Browsers:
    """The choice, kept over a restart; until somebody makes one it is the settings'."""

    def __init__(self, memory: Memory, find_usual: Callable[[], BrowserTreatment]) -> None:
        self._memory = memory
        self._find_usual = find_usual

    @property
    def treatment(self) -> BrowserTreatment:
        """How browsers are treated now."""
        with self._memory.read() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (_FACT,)).fetchone()
        if row is None:
            return self._find_usual()
        target, _, habit = str(row["value"]).partition("|")
        return BrowserTreatment(StorageTarget(target), StorageHabit(habit))

    def treat(self, target: StorageTarget, habit: StorageHabit = StorageHabit.ANSWERS) -> None:
        """Treat browsers like this from now on."""
        with self._memory.write() as connection:
            connection.execute(
                "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (_FACT, f"{target}|{habit}"),
            )
