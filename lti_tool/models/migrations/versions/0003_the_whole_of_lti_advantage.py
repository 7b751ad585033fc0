"""The whole of LTI Advantage."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON_DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("name_digest", sa.String(length=64), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_access_tokens_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("name_digest", name=op.f("pk_access_tokens")),
    )
    op.create_index(op.f("ix_access_tokens_good_until"), "access_tokens", ["good_until"], unique=False)
    op.create_index(op.f("ix_access_tokens_registration_id"), "access_tokens", ["registration_id"], unique=False)
    op.create_table(
        "invites",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("answer", JSON_DOCUMENT, nullable=True),
        sa.CheckConstraint(
            "(used_at IS NULL) = (registration_id IS NULL)", name=op.f("ck_invites_used_by_registration")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_invites_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("secret_digest", name=op.f("uq_invites_secret_digest")),
    )
    op.create_table(
        "notice_handlers",
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("service_url", sa.String(length=2000), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=40), nullable=True),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_notice_handlers_failures")),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_notice_handlers_deployment_id_deployments")
        ),
        sa.PrimaryKeyConstraint("deployment_id", name=op.f("pk_notice_handlers")),
    )
    op.create_index(op.f("ix_notice_handlers_wanted_at"), "notice_handlers", ["wanted_at"], unique=False)
    op.create_table(
        "notices_seen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.String(length=255), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_notices_seen_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices_seen")),
        sa.UniqueConstraint("registration_id", "notice_id", name=op.f("uq_notices_seen_registration_id_notice_id")),
    )
    op.create_table(
        "refusal_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_refusal_counts_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal_counts")),
        sa.UniqueConstraint("place", "code", name=op.f("uq_refusal_counts_place_code")),
    )
    op.create_table(
        "parked_launches",
        sa.Column("handle_digest", sa.String(length=64), nullable=False),
        sa.Column("flow_id", sa.String(length=43), nullable=False),
        sa.Column("message", JSON_DOCUMENT, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["flow_id"], ["login_flows.id"], name=op.f("fk_parked_launches_flow_id_login_flows"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("handle_digest", name=op.f("pk_parked_launches")),
    )
    op.create_index(op.f("ix_parked_launches_expires_at"), "parked_launches", ["expires_at"], unique=False)
    op.create_index(op.f("ix_parked_launches_flow_id"), "parked_launches", ["flow_id"], unique=False)
    op.create_table(
        "column_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("module_key", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("may_make", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_attempt_at IS NOT NULL)", name=op.f("ck_column_requests_waiting_has_time")
        ),
        sa.CheckConstraint("state IN ('waiting', 'done', 'needs_you')", name=op.f("ck_column_requests_state")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_column_requests_context_id_contexts")),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["users.id"], name=op.f("fk_column_requests_requested_by_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_requests")),
        sa.UniqueConstraint("context_id", "module_key", name=op.f("uq_column_requests_context_id_module_key")),
    )
    op.create_index("ix_column_requests_due", "column_requests", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "context_copies",
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("history", JSON_DOCUMENT, nullable=False),
        sa.Column("copied_from_id", sa.Integer(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_context_copies_context_id_contexts")),
        sa.ForeignKeyConstraint(
            ["copied_from_id"], ["contexts.id"], name=op.f("fk_context_copies_copied_from_id_contexts")
        ),
        sa.PrimaryKeyConstraint("context_id", name=op.f("pk_context_copies")),
    )
    op.create_table(
        "deep_link_requests",
        sa.Column("handle_digest", sa.String(length=64), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=True),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("settings", JSON_DOCUMENT, nullable=False),
        sa.Column("locale", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_deep_link_requests_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_deep_link_requests_deployment_id_deployments")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_deep_link_requests_registration_id_registrations")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deep_link_requests_user_id_users")),
        sa.PrimaryKeyConstraint("handle_digest", name=op.f("pk_deep_link_requests")),
    )
    op.create_index(op.f("ix_deep_link_requests_expires_at"), "deep_link_requests", ["expires_at"], unique=False)
    op.create_table(
        "placements",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("module_key", sa.String(length=40), nullable=False),
        sa.Column("has_column", sa.Boolean(), nullable=False),
        sa.Column("placed_by_id", sa.Integer(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_placements_context_id_contexts")),
        sa.ForeignKeyConstraint(["placed_by_id"], ["users.id"], name=op.f("fk_placements_placed_by_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
    )
    op.create_index("ix_placements_context_id", "placements", ["context_id"], unique=False)
    op.create_table(
        "roster_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("first_listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "standing IN ('staff', 'participant', 'practice', 'visitor', 'administrator')",
            name=op.f("ck_roster_entries_standing"),
        ),
        sa.CheckConstraint("status IN ('active', 'inactive', 'gone')", name=op.f("ck_roster_entries_status")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_roster_entries_context_id_contexts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_entries")),
        sa.UniqueConstraint("context_id", "sub", name=op.f("uq_roster_entries_context_id_sub")),
    )
    op.create_table(
        "rosters",
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=40), nullable=True),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_rosters_failures")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_rosters_context_id_contexts")),
        sa.PrimaryKeyConstraint("context_id", name=op.f("pk_rosters")),
    )
    op.create_index(op.f("ix_rosters_wanted_at"), "rosters", ["wanted_at"], unique=False)
    op.create_table(
        "session_tickets",
        sa.Column("ticket_digest", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=43), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["launch_sessions.id"],
            name=op.f("fk_session_tickets_session_id_launch_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_digest", name=op.f("pk_session_tickets")),
    )
    op.create_index(op.f("ix_session_tickets_expires_at"), "session_tickets", ["expires_at"], unique=False)
    op.create_index(op.f("ix_session_tickets_session_id"), "session_tickets", ["session_id"], unique=False)
    op.create_table(
        "return_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("line_item_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_attempt_at IS NOT NULL)", name=op.f("ck_return_notes_waiting_has_time")
        ),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dropped', 'failed')", name=op.f("ck_return_notes_state")),
        sa.ForeignKeyConstraint(
            ["line_item_id"], ["line_items.id"], name=op.f("fk_return_notes_line_item_id_line_items")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_return_notes_registration_id_registrations")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_return_notes_review_id_reviews")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_return_notes_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_notes")),
        sa.UniqueConstraint("line_item_id", "review_id", name=op.f("uq_return_notes_line_item_id_review_id")),
    )
    op.create_index(
        "ix_return_notes_due", "return_notes", ["state", "next_attempt_at", "registration_id"], unique=False
    )
    op.create_index(op.f("ix_return_notes_user_id"), "return_notes", ["user_id"], unique=False)
    op.add_column(
        "launch_sessions", sa.Column("came_by_storage", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("line_items", sa.Column("was_made_here", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("login_flows", sa.Column("storage_digest", sa.String(length=64), nullable=True))
    op.add_column("login_flows", sa.Column("is_in_tab", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "registrations", sa.Column("allows_anonymous", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("registrations", sa.Column("was_invited", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("resource_links", sa.Column("placement_id", sa.String(length=43), nullable=True))


def downgrade() -> None:
    # Without Alembic's batches: those drop and remake a table on SQLite, which rows that point to it forbid.
    op.drop_column("resource_links", "placement_id")
    op.drop_column("registrations", "was_invited")
    op.drop_column("registrations", "allows_anonymous")
    op.drop_column("login_flows", "is_in_tab")
    op.drop_column("login_flows", "storage_digest")
    op.drop_column("line_items", "was_made_here")
    op.drop_column("launch_sessions", "came_by_storage")
    op.drop_table("return_notes")
    op.drop_table("session_tickets")
    op.drop_table("rosters")
    op.drop_table("roster_entries")
    op.drop_table("placements")
    op.drop_table("deep_link_requests")
    op.drop_table("context_copies")
    op.drop_table("column_requests")
    op.drop_table("parked_launches")
    op.drop_table("refusal_counts")
    op.drop_table("notices_seen")
    op.drop_table("notice_handlers")
    op.drop_table("invites")
    op.drop_table("access_tokens")
