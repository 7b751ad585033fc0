"""Audit facts: one for every use-case that changed something. Ids and numbers, never people's words."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.models.base import Base


class AuditFact(Base):
    """Who did what to what, when."""

    __tablename__ = "audit_facts"
    __table_args__ = (Index("ix_audit_facts_context_id_at", "context_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    verb: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    context_id: Mapped[int | None] = mapped_column(ForeignKey("contexts.id"))
    object_kind: Mapped[str | None] = mapped_column(String(40))
    object_id: Mapped[str | None] = mapped_column(String(43))
    facts: Mapped[dict[str, Any]]
