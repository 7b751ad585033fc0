"""Which tool wants to be told what, and where (Platform Notification Service)."""

from typing import Final

from lti_tool.demo_lms.memory import Memory
from lti_tool.lti import vocabulary as lti

NOTICES_SUPPORTED: Final = (lti.NOTICE_CONTEXT_COPY,)


class NoticeHandlers:
    """The addresses tools gave, one for each kind of notice."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def list_of(self, client_id: str) -> dict[str, str]:
        """Return a tool's handlers by the kind of notice."""
        with self._memory.read() as connection:
            rows = connection.execute(
                "SELECT notice_type, handler FROM notice_handlers WHERE client_id = ? ORDER BY notice_type",
                (client_id,),
            ).fetchall()
        return {row["notice_type"]: row["handler"] for row in rows}

    def put(self, client_id: str, notice_type: str, handler: str) -> None:
        """Keep this address, or with an empty one forget what was there."""
        with self._memory.write() as connection:
            connection.execute(
                "DELETE FROM notice_handlers WHERE client_id = ? AND notice_type = ?", (client_id, notice_type)
            )
            if handler:
                connection.execute(
                    "INSERT INTO notice_handlers (client_id, notice_type, handler) VALUES (?, ?, ?)",
                    (client_id, notice_type, handler),
                )
