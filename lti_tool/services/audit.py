"""Writing audit facts inside the transaction of the use-case they record."""

from datetime import datetime

from sqlalchemy import Connection, insert
from sqlalchemy.orm import Session

from lti_tool.models import AuditFact

_WRITE_FACT = insert(AuditFact).inline()


def record_fact(
    session: Session | Connection,
    *,
    now: datetime,
    verb: str,
    actor_id: int | None = None,
    subject_id: int | None = None,
    context_id: int | None = None,
    object_kind: str | None = None,
    object_id: int | str | None = None,
    **facts: str | int | bool | None,
) -> None:
    """Write one fact. ``facts`` hold ids, numbers and codes, never a person's words or name."""
    session.execute(
        _WRITE_FACT,
        {
            "at": now,
            "verb": verb,
            "actor_id": actor_id,
            "subject_id": subject_id,
            "context_id": context_id,
            "object_kind": object_kind,
            "object_id": None if object_id is None else str(object_id),
            "facts": facts,
        },
    )
