"""What is known of platforms: registrations, deployments, courses, links, columns, people and their places."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.domain.roles import Standing
from lti_tool.models.base import Base, one_of

SERIES_LINK = "series"


class Registration(Base):
    """The tool as one platform knows it: issuer and client_id (LTI Core 1.3 §3.1.3)."""

    __tablename__ = "registrations"
    __table_args__ = (
        UniqueConstraint("issuer", "client_id"),
        CheckConstraint(one_of("family", ("canvas", "moodle", "other")), name="family"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    auth_url: Mapped[str] = mapped_column(String(1000))
    token_url: Mapped[str] = mapped_column(String(1000))
    jwks_url: Mapped[str] = mapped_column(String(1000))
    family: Mapped[str] = mapped_column(String(20))
    origins: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class Deployment(Base):
    """One installation of a registration in an account or course."""

    __tablename__ = "deployments"
    __table_args__ = (UniqueConstraint("registration_id", "id_on_platform"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    id_on_platform: Mapped[str]
    was_adopted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class User(Base):
    """A person as one registration knows her. Names come only if the platform sends them."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("registration_id", "sub"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    sub: Mapped[str]
    name: Mapped[str | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class Context(Base):
    """A course. The services it offers are what its latest launch said."""

    __tablename__ = "contexts"
    __table_args__ = (UniqueConstraint("deployment_id", "id_on_platform"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployments.id"))
    id_on_platform: Mapped[str]
    label: Mapped[str | None]
    title: Mapped[str | None]
    line_items_url: Mapped[str | None] = mapped_column(String(2000))
    ags_scopes: Mapped[list[str]]
    created_at: Mapped[datetime]


class Membership(Base):
    """A person in a course: her standing at the latest launch, and whether she ever was staff here."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("context_id", "user_id"),
        CheckConstraint(one_of("standing", Standing), name="standing"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    standing: Mapped[str] = mapped_column(String(20))
    has_been_staff: Mapped[bool] = mapped_column(default=False)
    is_also_participant: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_launch_at: Mapped[datetime]


class ResourceLink(Base):
    """A link in a course and the module it opens; ``bound_by_id`` is the facilitator who chose it, if one did."""

    __tablename__ = "resource_links"
    __table_args__ = (UniqueConstraint("context_id", "id_on_platform"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"))
    id_on_platform: Mapped[str]
    title: Mapped[str | None]
    module_key: Mapped[str | None] = mapped_column(String(40))
    bound_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class LineItem(Base):
    """A gradebook column of a module in a course; a course may have several of one module."""

    __tablename__ = "line_items"
    __table_args__ = (
        UniqueConstraint("registration_id", "url"),
        CheckConstraint("maximum > 0", name="maximum"),
        Index("ix_line_items_context_id_module_key", "context_id", "module_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"))
    resource_link_id: Mapped[int | None] = mapped_column(ForeignKey("resource_links.id"))
    module_key: Mapped[str] = mapped_column(String(40))
    url: Mapped[str] = mapped_column(Text)
    maximum: Mapped[int] = mapped_column(default=100)
    is_gone: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
