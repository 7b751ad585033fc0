"""The way in: single-use login flows and the launch sessions they end in."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.domain.roles import Standing
from lti_tool.models.base import Base, one_of


class LoginFlow(Base):
    """One login under way, at most ten minutes and used once. Only digests of the browser's binders are kept.

    ``binder_digest`` is that of the cookie's, ``storage_digest`` that of the one the platform's page keeps for us.
    ``is_in_tab``: the person opened it in a tab of its own, because her browser kept no cookie inside the platform.
    """

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
    storage_digest: Mapped[str | None] = mapped_column(String(64))
    is_in_tab: Mapped[bool] = mapped_column(default=False, server_default=false())


class ParkedLaunch(Base):
    """A launch that was verified and waits for the binder from platform storage; its token is not kept.

    ``message`` is what was read of it. Only a digest of the handle is kept; the browser has the handle.
    """

    __tablename__ = "parked_launches"

    handle_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    flow_id: Mapped[str] = mapped_column(ForeignKey("login_flows.id", ondelete="CASCADE"), index=True)
    message: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LaunchSession(Base):
    """What one launch opened: a person in a course through a link, for at most twelve hours.

    ``came_by_storage``: the browser was known by what the platform's page kept for us, because it brought no cookie.
    """

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
    came_by_storage: Mapped[bool] = mapped_column(default=False, server_default=false())


class SessionTicket(Base):
    """A single-use way of a launch session into a new tab, at most a minute long."""

    __tablename__ = "session_tickets"

    ticket_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("launch_sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class DeepLinkRequest(Base):
    """A platform's request for content, open until it is answered; its picker carries the handle in its form.

    ``settings`` is what the platform accepts, and where the answer goes.
    """

    __tablename__ = "deep_link_requests"

    handle_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    context_id: Mapped[int | None] = mapped_column(ForeignKey("contexts.id"))
    standing: Mapped[str] = mapped_column(String(20))
    settings: Mapped[dict[str, Any]]
    locale: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
