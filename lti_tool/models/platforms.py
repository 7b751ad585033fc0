"""What is known of platforms: registrations, deployments, courses, links, columns, people and their places."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from lti_tool.domain.roles import RosterStatus, Standing
from lti_tool.models.base import Base, one_of

SERIES_LINK = "series"


class Registration(Base):
    """The tool as one platform knows it: issuer and client_id (LTI Core 1.3 §3.1.3).

    ``was_invited``: the platform registered itself, so nobody here vouched for its addresses.
    """

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
    allows_anonymous: Mapped[bool] = mapped_column(default=False, server_default=false())
    was_invited: Mapped[bool] = mapped_column(default=False, server_default=false())


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


class ContextCopy(Base):
    """Where a course was copied from: its forebears' ids on the platform, the nearest first, and the one known here."""

    __tablename__ = "context_copies"

    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"), primary_key=True)
    history: Mapped[list[str]]
    copied_from_id: Mapped[int | None] = mapped_column(ForeignKey("contexts.id"))
    noted_at: Mapped[datetime]


class Roster(Base):
    """A course's list of people: where it is, when it is to be read next, and how the last reading went.

    ``wanted_at`` is None when nobody asks for it; ``read_at`` is when it last was read to its end, and ``problem`` why
    it last was not.
    """

    __tablename__ = "rosters"
    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)

    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    wanted_at: Mapped[datetime | None] = mapped_column(index=True)
    read_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(40))


class RosterEntry(Base):
    """Somebody on a course's list of people, whether or not she ever opened the tool; kept and marked when gone."""

    __tablename__ = "roster_entries"
    __table_args__ = (
        UniqueConstraint("context_id", "sub"),
        CheckConstraint(one_of("status", RosterStatus), name="status"),
        CheckConstraint(one_of("standing", Standing), name="standing"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"))
    sub: Mapped[str]
    name: Mapped[str | None]
    standing: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    first_listed_at: Mapped[datetime]
    last_listed_at: Mapped[datetime]


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
    placement_id: Mapped[str | None] = mapped_column(String(43))


class Placement(Base):
    """A link that was handed to a platform by deep linking: our own stable id for it, which no copy changes.

    ``has_column`` says that a gradebook column was asked for with it.
    """

    __tablename__ = "placements"
    __table_args__ = (Index("ix_placements_context_id", "context_id"),)

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"))
    module_key: Mapped[str] = mapped_column(String(40))
    has_column: Mapped[bool]
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    placed_at: Mapped[datetime]


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
    was_made_here: Mapped[bool] = mapped_column(default=False, server_default=false())


class ColumnRequest(Base):
    """A gradebook column that is to be looked for and, if ``may_make``, made: one open request a course and module.

    ``attempt_begun_at`` is set before the request that makes it: after a lost answer the column is looked for first.
    """

    __tablename__ = "column_requests"
    __table_args__ = (
        UniqueConstraint("context_id", "module_key"),
        CheckConstraint(one_of("state", ("waiting", "done", "needs_you")), name="state"),
        CheckConstraint("(state = 'waiting') = (next_attempt_at IS NOT NULL)", name="waiting_has_time"),
        Index("ix_column_requests_due", "state", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("contexts.id"))
    module_key: Mapped[str] = mapped_column(String(40))
    label: Mapped[str]
    may_make: Mapped[bool]
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    reason: Mapped[str | None] = mapped_column(String(40))
    failures: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    attempt_begun_at: Mapped[datetime | None]
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
