"""How Alembic runs the migrations: on the connection and in the transaction it is handed.

Run by Alembic, through ``lti_tool.models.schema``; never imported.
"""

from alembic import context

from lti_tool.models import Base
from lti_tool.models.migrations.drafting import complete_draft, render_type

connection = context.config.attributes["connection"]
if connection is None:
    raise RuntimeError("migrations run through lti_tool.models.schema, which brings the connection")

context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite can hardly alter a table: batch mode rebuilds it, and does plain ALTER TABLE on PostgreSQL.
    render_as_batch=True,
    # SQLite's data definition is transactional, though Alembic assumes otherwise because of the driver's habits,
    # which models/store.py has switched off.
    transactional_ddl=True,
    compare_type=True,
    render_item=render_type,
    process_revision_directives=complete_draft,
)
with context.begin_transaction():
    context.run_migrations()
