"""The way in: single-use login flows and the launch sessions they end in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.domain.roles import Standing
from lti_tool.models.base import Base, one_of


class LoginFlow(Base):
    """One login under way, at most ten minutes and used once. Only a digest of the browser's binder is kept."""

    __tablename__ = "login_flows"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    state: Mapped[str] = mapped_column(String(43), unique=True)
    nonce: Mapped[str] = mapped_column(String(43))
    binder_digest: Mapped[str] = mapped_column(String(64))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    login_hint: Mapped[str] = mapped_column(Text)
    message_hint: Mapped[str | None] = mapped_column(Text)
    target_link_uri: Mapped[str] = mapped_column(Text)
    deployment_hint: Mapped[str | None]
    storage_target: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None]


class LaunchSession(Base):
    """What one launch opened: a person in a course through a link, for at most twelve hours."""

    __tablename__ = "launch_sessions"
    __table_args__ = (CheckConstraint(one_of("standing", Standing), name="standing"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    secret_digest: Mapped[str] = mapped_column(String(64))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    context_id: Mapped[int | None] = mapped_column(ForeignKey("contexts.id"))
    resource_link_id: Mapped[int | None] = mapped_column(ForeignKey("resource_links.id"))
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohorts.id"))
    standing: Mapped[str] = mapped_column(String(20))
    roles: Mapped[list[str]]
    return_url: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
