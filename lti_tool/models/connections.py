"""Connections with platforms: invitations to register, tokens shared by all processes, refusals, notices seen."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.models.base import Base


class Invite(Base):
    """A one-time address at which a platform registers itself. Only a digest of its secret part is kept.

    ``answer`` is what the platform said when it registered the tool, without its tokens.
    """

    __tablename__ = "invites"
    __table_args__ = (CheckConstraint("(used_at IS NULL) = (registration_id IS NULL)", name="used_by_registration"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    secret_digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    answer: Mapped[dict[str, Any] | None]


class AccessToken(Base):
    """A platform's token for exactly some scopes, shared by all processes, sealed with the tool's secret key."""

    __tablename__ = "access_tokens"

    name_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    good_until: Mapped[datetime] = mapped_column(index=True)


class RefusalCount(Base):
    """How often the door refused for one reason, and the latest time: ids and codes, no words of anybody."""

    __tablename__ = "refusal_counts"
    __table_args__ = (UniqueConstraint("place", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(String(40))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    code: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(20))
    count: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class NoticeHandler(Base):
    """A deployment whose platform offers notices, and how far it is told where to send them."""

    __tablename__ = "notice_handlers"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)

    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"), primary_key=True)
    service_url: Mapped[str] = mapped_column(String(2000))
    wanted_at: Mapped[datetime | None] = mapped_column(index=True)
    told_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(40))


class NoticeSeen(Base):
    """A platform's notice that was taken: its token's own id, so that a second delivery changes nothing."""

    __tablename__ = "notices_seen"
    __table_args__ = (UniqueConstraint("registration_id", "notice_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    notice_id: Mapped[str]
    seen_at: Mapped[datetime]
