"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON_DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("auth_url", sa.String(length=1000), nullable=False),
        sa.Column("token_url", sa.String(length=1000), nullable=False),
        sa.Column("jwks_url", sa.String(length=1000), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("origins", JSON_DOCUMENT, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("family IN ('canvas', 'moodle', 'other')", name=op.f("ck_registrations_family")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("issuer", "client_id", name=op.f("uq_registrations_issuer_client_id")),
    )
    op.create_table(
        "delivery_leases",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(failures = 0) = (silent_since IS NULL)", name=op.f("ck_delivery_leases_failures_and_silence")
        ),
        sa.CheckConstraint("(owner IS NULL) = (expires_at IS NULL)", name=op.f("ck_delivery_leases_owner_and_end")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_delivery_leases_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_delivery_leases")),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("id_on_platform", sa.String(length=255), nullable=False),
        sa.Column("was_adopted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_deployments_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        sa.UniqueConstraint(
            "registration_id", "id_on_platform", name=op.f("uq_deployments_registration_id_id_on_platform")
        ),
    )
    op.create_table(
        "login_flows",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("state", sa.String(length=43), nullable=False),
        sa.Column("nonce", sa.String(length=43), nullable=False),
        sa.Column("binder_digest", sa.String(length=64), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("login_hint", sa.Text(), nullable=False),
        sa.Column("message_hint", sa.Text(), nullable=True),
        sa.Column("target_link_uri", sa.Text(), nullable=False),
        sa.Column("deployment_hint", sa.String(length=255), nullable=True),
        sa.Column("storage_target", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_login_flows_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_flows")),
        sa.UniqueConstraint("state", name=op.f("uq_login_flows_state")),
    )
    op.create_index(op.f("ix_login_flows_expires_at"), "login_flows", ["expires_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_users_registration_id_registrations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("registration_id", "sub", name=op.f("uq_users_registration_id_sub")),
    )
    op.create_table(
        "contexts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("id_on_platform", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=True),
        sa.Column("title", sa.String(length=255), nullable=True),
        sa.Column("line_items_url", sa.String(length=2000), nullable=True),
        sa.Column("ags_scopes", JSON_DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_contexts_deployment_id_deployments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contexts")),
        sa.UniqueConstraint("deployment_id", "id_on_platform", name=op.f("uq_contexts_deployment_id_id_on_platform")),
    )
    op.create_table(
        "audit_facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("context_id", sa.Integer(), nullable=True),
        sa.Column("object_kind", sa.String(length=40), nullable=True),
        sa.Column("object_id", sa.String(length=43), nullable=True),
        sa.Column("facts", JSON_DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_facts_actor_id_users")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_audit_facts_context_id_contexts")),
        sa.ForeignKeyConstraint(["subject_id"], ["users.id"], name=op.f("fk_audit_facts_subject_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_facts")),
    )
    op.create_index("ix_audit_facts_context_id_at", "audit_facts", ["context_id", "at"], unique=False)
    op.create_table(
        "cohorts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("policy", sa.String(length=20), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("policy IN ('completion', 'points', 'submission')", name=op.f("ck_cohorts_policy")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_cohorts_context_id_contexts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohorts")),
    )
    op.create_index(op.f("ix_cohorts_context_id"), "cohorts", ["context_id"], unique=False)
    op.create_index(
        "uq_cohorts_one_default",
        "cohorts",
        ["context_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("has_been_staff", sa.Boolean(), nullable=False),
        sa.Column("is_also_participant", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_launch_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "standing IN ('staff', 'participant', 'practice', 'visitor', 'administrator')",
            name=op.f("ck_memberships_standing"),
        ),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_memberships_context_id_contexts")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("context_id", "user_id", name=op.f("uq_memberships_context_id_user_id")),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    op.create_table(
        "resource_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("id_on_platform", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=True),
        sa.Column("module_key", sa.String(length=40), nullable=True),
        sa.Column("bound_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bound_by_id"], ["users.id"], name=op.f("fk_resource_links_bound_by_id_users")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_resource_links_context_id_contexts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_links")),
        sa.UniqueConstraint("context_id", "id_on_platform", name=op.f("uq_resource_links_context_id_id_on_platform")),
    )
    op.create_table(
        "enrolments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohorts.id"], name=op.f("fk_enrolments_cohort_id_cohorts")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_enrolments_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("cohort_id", "user_id", name=op.f("uq_enrolments_cohort_id_user_id")),
    )
    op.create_index(op.f("ix_enrolments_user_id"), "enrolments", ["user_id"], unique=False)
    op.create_table(
        "launch_sessions",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=True),
        sa.Column("resource_link_id", sa.Integer(), nullable=True),
        sa.Column("cohort_id", sa.Integer(), nullable=True),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column("roles", JSON_DOCUMENT, nullable=False),
        sa.Column("return_url", sa.Text(), nullable=True),
        sa.Column("locale", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "standing IN ('staff', 'participant', 'practice', 'visitor', 'administrator')",
            name=op.f("ck_launch_sessions_standing"),
        ),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohorts.id"], name=op.f("fk_launch_sessions_cohort_id_cohorts")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_launch_sessions_context_id_contexts")),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_launch_sessions_deployment_id_deployments")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_launch_sessions_registration_id_registrations")
        ),
        sa.ForeignKeyConstraint(
            ["resource_link_id"], ["resource_links.id"], name=op.f("fk_launch_sessions_resource_link_id_resource_links")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_launch_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch_sessions")),
    )
    op.create_index(op.f("ix_launch_sessions_expires_at"), "launch_sessions", ["expires_at"], unique=False)
    op.create_table(
        "line_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=False),
        sa.Column("resource_link_id", sa.Integer(), nullable=True),
        sa.Column("module_key", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("maximum > 0", name=op.f("ck_line_items_maximum")),
        sa.ForeignKeyConstraint(["context_id"], ["contexts.id"], name=op.f("fk_line_items_context_id_contexts")),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_line_items_registration_id_registrations")
        ),
        sa.ForeignKeyConstraint(
            ["resource_link_id"], ["resource_links.id"], name=op.f("fk_line_items_resource_link_id_resource_links")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_items")),
        sa.UniqueConstraint("registration_id", "url", name=op.f("uq_line_items_registration_id_url")),
    )
    op.create_index("ix_line_items_context_id_module_key", "line_items", ["context_id", "module_key"], unique=False)
    op.create_table(
        "earned_scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("module_key", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.Column("parts", JSON_DOCUMENT, nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points >= 0 AND points <= maximum", name=op.f("ck_earned_scores_points_within_maximum")),
        sa.ForeignKeyConstraint(
            ["cohort_id", "user_id"],
            ["enrolments.cohort_id", "enrolments.user_id"],
            name=op.f("fk_earned_scores_cohort_id_enrolments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earned_scores")),
        sa.UniqueConstraint(
            "cohort_id", "user_id", "module_key", name=op.f("uq_earned_scores_cohort_id_user_id_module_key")
        ),
    )
    op.create_table(
        "reading_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("module_key", sa.String(length=40), nullable=False),
        sa.Column("activity_key", sa.String(length=40), nullable=False),
        sa.Column("tried", JSON_DOCUMENT, nullable=False),
        sa.Column("marked_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id", "user_id"],
            ["enrolments.cohort_id", "enrolments.user_id"],
            name=op.f("fk_reading_records_cohort_id_enrolments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_records")),
        sa.UniqueConstraint(
            "cohort_id",
            "user_id",
            "module_key",
            "activity_key",
            name=op.f("uq_reading_records_cohort_id_user_id_module_key_activity_key"),
        ),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("module_key", sa.String(length=40), nullable=False),
        sa.Column("activity_key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("draft", JSON_DOCUMENT, nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("draft_saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("draft_place", sa.String(length=80), nullable=True),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("revision_count", sa.Integer(), nullable=False),
        sa.Column("times_returned", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner_id", sa.Integer(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_review_id", sa.Integer(), nullable=True),
        sa.Column("reply_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'in_review') = (lease_owner_id IS NOT NULL)", name=op.f("ck_submissions_in_review_has_lease")
        ),
        sa.CheckConstraint(
            "(state IN ('accepted', 'returned')) = (current_review_id IS NOT NULL)",
            name=op.f("ck_submissions_reviewed_has_review"),
        ),
        sa.CheckConstraint("kind IN ('reflection', 'worksheet')", name=op.f("ck_submissions_kind")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'in_review', 'returned', 'accepted')", name=op.f("ck_submissions_state")
        ),
        sa.CheckConstraint(
            "(lease_owner_id IS NULL) = (lease_expires_at IS NULL)", name=op.f("ck_submissions_lease_has_owner_and_end")
        ),
        sa.CheckConstraint("draft_version >= 0", name=op.f("ck_submissions_draft_version")),
        sa.CheckConstraint(
            "lease_owner_id IS NULL OR lease_owner_id <> user_id", name=op.f("ck_submissions_nobody_reviews_own_work")
        ),
        sa.ForeignKeyConstraint(
            ["cohort_id", "user_id"],
            ["enrolments.cohort_id", "enrolments.user_id"],
            name=op.f("fk_submissions_cohort_id_enrolments"),
        ),
        sa.ForeignKeyConstraint(
            ["current_review_id"], ["reviews.id"], name="fk_submissions_current_review_id_reviews", use_alter=True
        ),
        sa.ForeignKeyConstraint(["lease_owner_id"], ["users.id"], name=op.f("fk_submissions_lease_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint(
            "cohort_id",
            "user_id",
            "module_key",
            "activity_key",
            name=op.f("uq_submissions_cohort_id_user_id_module_key_activity_key"),
        ),
    )
    op.create_index("ix_submissions_queue", "submissions", ["cohort_id", "state", "submitted_at"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", JSON_DOCUMENT, nullable=False),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_revisions_number")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_revisions_submission_id_submissions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("submission_id", "number", name=op.f("uq_revisions_submission_id_number")),
    )
    op.create_table(
        "score_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("line_item_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("earned_score_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sent_version", sa.Integer(), nullable=False),
        sa.Column("confirmed_version", sa.Integer(), nullable=False),
        sa.Column("told_comment", sa.String(length=64), nullable=True),
        sa.Column("told_finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_timestamp", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_score", sa.String(length=40), nullable=True),
        sa.Column("confirmed_maximum", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "confirmed_version <= sent_version AND sent_version <= version",
            name=op.f("ck_score_deliveries_versions_in_order"),
        ),
        sa.CheckConstraint(
            "reason IS NULL OR reason IN ('throttled', 'platform_down', 'stale', 'locked', 'tool_fault', "
            "'not_in_course', 'column_gone', 'no_permission', 'attempts_used_up', 'refused', 'changed_in_gradebook', "
            "'kept_gradebook')",
            name=op.f("ck_score_deliveries_reason"),
        ),
        sa.CheckConstraint(
            "state <> 'needs_you' OR reason IS NOT NULL", name=op.f("ck_score_deliveries_need_has_reason")
        ),
        sa.CheckConstraint(
            "state <> 'waiting' OR next_attempt_at IS NOT NULL", name=op.f("ck_score_deliveries_waiting_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'confirmed', 'needs_you')", name=op.f("ck_score_deliveries_state")
        ),
        sa.CheckConstraint(
            "score >= 0 AND score <= maximum AND maximum > 0", name=op.f("ck_score_deliveries_score_within_maximum")
        ),
        sa.ForeignKeyConstraint(
            ["earned_score_id"], ["earned_scores.id"], name=op.f("fk_score_deliveries_earned_score_id_earned_scores")
        ),
        sa.ForeignKeyConstraint(
            ["line_item_id"], ["line_items.id"], name=op.f("fk_score_deliveries_line_item_id_line_items")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name=op.f("fk_score_deliveries_registration_id_registrations")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_score_deliveries_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_deliveries")),
        sa.UniqueConstraint("line_item_id", "user_id", name=op.f("uq_score_deliveries_line_item_id_user_id")),
    )
    op.create_index(
        "ix_score_deliveries_due", "score_deliveries", ["state", "next_attempt_at", "registration_id"], unique=False
    )
    op.create_index(op.f("ix_score_deliveries_earned_score_id"), "score_deliveries", ["earned_score_id"], unique=False)
    op.create_index(op.f("ix_score_deliveries_user_id"), "score_deliveries", ["user_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("ratings", JSON_DOCUMENT, nullable=False),
        sa.Column("comments", JSON_DOCUMENT, nullable=False),
        sa.Column("named_fields", JSON_DOCUMENT, nullable=False),
        sa.Column("overall", sa.Text(), nullable=False),
        sa.Column("rubric", JSON_DOCUMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'draft') = (released_at IS NULL) AND (status = 'draft' OR decision IS NOT NULL)",
            name=op.f("ck_reviews_released_has_decision"),
        ),
        sa.CheckConstraint("decision IS NULL OR decision IN ('accept', 'return')", name=op.f("ck_reviews_decision")),
        sa.CheckConstraint("status IN ('draft', 'released', 'superseded')", name=op.f("ck_reviews_status")),
        sa.CheckConstraint("reviewer_id <> author_id", name=op.f("ck_reviews_reviewer_is_not_author")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_reviews_author_id_users")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["users.id"], name=op.f("fk_reviews_reviewer_id_users")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_reviews_revision_id_revisions")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_reviews_submission_id_submissions")
        ),
        sa.ForeignKeyConstraint(["supersedes_id"], ["reviews.id"], name=op.f("fk_reviews_supersedes_id_reviews")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_submission_id", "reviews", ["submission_id"], unique=False)
    op.create_index(
        "uq_reviews_one_draft",
        "reviews",
        ["revision_id", "reviewer_id"],
        unique=True,
        sqlite_where=sa.text("status = 'draft'"),
        postgresql_where=sa.text("status = 'draft'"),
    )
    op.create_index(
        "uq_reviews_one_released",
        "reviews",
        ["revision_id"],
        unique=True,
        sqlite_where=sa.text("status = 'released'"),
        postgresql_where=sa.text("status = 'released'"),
    )
    op.create_table(
        "score_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("begun_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("timestamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("with_comment", sa.Boolean(), nullable=False),
        sa.Column("as_new_attempt", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("maybe_recorded", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(phase = 'begun') = (answer IS NULL)", name=op.f("ck_score_attempts_end_has_answer")),
        sa.CheckConstraint("(phase = 'begun') = (begun_id IS NULL)", name=op.f("ck_score_attempts_end_has_beginning")),
        sa.CheckConstraint(
            "answer IS NULL OR answer IN ('sent', 'stale', 'throttled', 'platform_down', 'not_in_course', "
            "'column_gone', 'no_permission', 'locked', 'attempts_used_up', 'refused', 'found', 'lost', 'tool_fault')",
            name=op.f("ck_score_attempts_answer"),
        ),
        sa.CheckConstraint("phase IN ('begun', 'ended')", name=op.f("ck_score_attempts_phase")),
        sa.ForeignKeyConstraint(
            ["begun_id"], ["score_attempts.id"], name=op.f("fk_score_attempts_begun_id_score_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["score_deliveries.id"], name=op.f("fk_score_attempts_delivery_id_score_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_attempts")),
    )
    op.create_index("ix_score_attempts_begun_id", "score_attempts", ["begun_id"], unique=False)
    op.create_index("ix_score_attempts_delivery_id", "score_attempts", ["delivery_id"], unique=False)
    if op.get_context().dialect.supports_alter:
        op.create_foreign_key(
            "fk_submissions_current_review_id_reviews", "submissions", "reviews", ["current_review_id"], ["id"]
        )


def downgrade() -> None:
    if op.get_context().dialect.supports_alter:
        op.drop_constraint("fk_submissions_current_review_id_reviews", "submissions", type_="foreignkey")
    op.drop_table("score_attempts")
    op.drop_table("reviews")
    op.drop_table("score_deliveries")
    op.drop_table("revisions")
    op.drop_table("submissions")
    op.drop_table("reading_records")
    op.drop_table("earned_scores")
    op.drop_table("line_items")
    op.drop_table("launch_sessions")
    op.drop_table("enrolments")
    op.drop_table("resource_links")
    op.drop_table("memberships")
    op.drop_table("cohorts")
    op.drop_table("audit_facts")
    op.drop_table("contexts")
    op.drop_table("users")
    op.drop_table("login_flows")
    op.drop_table("deployments")
    op.drop_table("delivery_leases")
    op.drop_table("registrations")
