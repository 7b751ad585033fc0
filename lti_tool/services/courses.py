"""A course that is new here: its row and the default run of the series in it, whoever tells of it first."""

from datetime import datetime

from sqlalchemy import Connection, insert

from lti_tool.lti.values import AgsEndpoint, ContextClaim
from lti_tool.models import Cohort, Context


def add_course(
    connection: Connection, deployment_id: int, claim: ContextClaim, ags: AgsEndpoint | None, *, now: datetime
) -> tuple[int, int]:
    """Write a course with its default cohort; returns the ids of both."""
    context_id = connection.execute(
        insert(Context)
        .values(
            deployment_id=deployment_id,
            id_on_platform=claim.id_on_platform,
            label=claim.label,
            title=claim.title,
            line_items_url=ags.line_items_url if ags else None,
            ags_scopes=list(ags.scopes) if ags else [],
            created_at=now,
        )
        .returning(Context.id)
    ).scalar_one()
    name = claim.title or "This course"
    cohort_id = connection.execute(
        insert(Cohort).values(context_id=context_id, name=name, is_default=True, created_at=now).returning(Cohort.id)
    ).scalar_one()
    return context_id, cohort_id
