"""Gradebook columns as a facilitator meets them: which modules have none, asking for them, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Series
from lti_tool.lti.values import LaunchMessage
from lti_tool.models import Cohort, ColumnRequest, Context, EarnedScore, Enrolment, LineItem, ScoreDelivery, Store
from lti_tool.services.audit import record_fact
from lti_tool.services.column_lookup import may_list_columns, may_make_columns
from lti_tool.services.errors import NotAllowedError, NotFoundError, NotNowError
from lti_tool.services.scores import hold_scores_of_course
from lti_tool.services.visits import Visit


class Which(StrEnum):
    """For which sessions columns are asked for: those with scores that wait, or all."""

    WAITING = "waiting"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """An open module without a column here. ``waiting`` are its scores that wait for one.

    ``state`` is that of the latest request, None if nobody asked; ``reason`` why it is put off or needs a person.
    """

    module_key: str
    module_title: str
    waiting: int
    state: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class MissingColumns:
    """The modules without a column, in the order of the series; whether the platform lets the tool make them."""

    modules: tuple[MissingColumn, ...]
    can_make: bool

    @property
    def is_under_way(self) -> bool:
        """Whether the worker is at it."""
        return any(module.state == "waiting" for module in self.modules)

    def can_ask_for(self, which: str) -> bool:
        """Whether there is something to ask for."""
        modules = [module for module in self.modules if module.state != "waiting"]
        return self.can_make and bool(modules if which == Which.ALL else [one for one in modules if one.waiting])


def describe_missing_columns(session: Session, context_id: int, series: Series) -> MissingColumns:
    """Which open modules have no column in this course."""
    context = session.get_one(Context, context_id)
    there = set(
        session.scalars(
            select(LineItem.module_key).where(LineItem.context_id == context_id, LineItem.is_gone.is_(False))
        )
    )
    requests = {
        row.module_key: row
        for row in session.scalars(
            select(ColumnRequest).where(ColumnRequest.context_id == context_id, ColumnRequest.may_make)
        )
    }
    waiting = _count_waiting(session, context_id)
    modules = []
    for module in series.modules:
        if not module.is_open or module.key in there:
            continue
        asked = requests.get(module.key)
        # What was made once and is gone since was not asked for again.
        is_over = asked is None or asked.state == "done"
        modules.append(
            MissingColumn(
                module.key,
                module.title,
                waiting[module.key],
                None if is_over or asked is None else asked.state,
                None if is_over or asked is None else asked.reason,
            )
        )
    return MissingColumns(tuple(modules), may_make_columns(context.line_items_url, context.ags_scopes))


def ask_for_columns(store: Store, visit: Visit, series: Series, which: Which, *, now: datetime) -> int:
    """Ask the next worker for the columns that are missing, because a facilitator wants them; how many.

    Raises:
        NotAllowedError: the visitor does not facilitate here.
        NotFoundError: the launch came without a course.
        NotNowError: the platform lets nobody but its teachers make columns, or none is missing.
    """
    if not visit.is_staff:
        raise NotAllowedError("Only facilitators of this course can ask for gradebook columns.")
    if visit.context_id is None:
        raise NotFoundError
    with store.writing() as session:
        hold_scores_of_course(session, visit.context_id)
        missing = describe_missing_columns(session, visit.context_id, series)
        if not missing.can_make:
            raise NotNowError(
                "Your learning system does not let this tool make gradebook columns. Add the session's link to the "
                "course as graded work and open it once."
            )
        wanted = [module for module in missing.modules if which is Which.ALL or module.waiting]
        if not wanted:
            raise NotNowError("Every session has its gradebook column already. There is nothing to make.")
        _write_requests(session, visit, wanted, now)
        record_fact(
            session,
            now=now,
            verb="asked_for_columns",
            actor_id=visit.user_id,
            context_id=visit.context_id,
            object_kind="context",
            object_id=visit.context_id,
            count=len(wanted),
        )
        return len(wanted)


def look_for_columns_at_launch(
    connection: Connection, context_id: int, message: LaunchMessage, series: Series, now: datetime
) -> None:
    """Let the worker look which columns a course has, in the launch's transaction; it makes none.

    Called when a facilitator is in a course for the first time: a course that was copied, or whose links were placed
    and not opened yet, has columns that no launch has told of. It is looked through once.
    """
    ags = message.ags
    if ags is None or not may_list_columns(ags.line_items_url, ags.scopes):
        return
    known = set(
        connection.scalars(select(ColumnRequest.module_key).where(ColumnRequest.context_id == context_id))
    ) | set(connection.scalars(select(LineItem.module_key).where(LineItem.context_id == context_id)))
    wanted = [
        {
            "context_id": context_id,
            "module_key": module.key,
            "label": module.title[:255],
            "may_make": False,
            "state": "waiting",
            "failures": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for module in series.modules
        if module.is_open and module.key not in known
    ]
    if wanted:
        connection.execute(insert(ColumnRequest), wanted)


def _write_requests(session: Session, visit: Visit, wanted: Sequence[MissingColumn], now: datetime) -> None:
    known = {
        row.module_key: row
        for row in session.scalars(
            select(ColumnRequest).where(ColumnRequest.context_id == visit.context_id).with_for_update()
        )
    }
    for module in wanted:
        request = known.get(module.module_key)
        if request is None:
            request = ColumnRequest(
                context_id=visit.context_id, module_key=module.module_key, failures=0, created_at=now
            )
            session.add(request)
        request.label = module.module_title[:255]
        request.may_make = True
        request.state, request.reason, request.failures = "waiting", None, 0
        request.next_attempt_at = now
        request.requested_by_id = visit.user_id
    session.flush()


def _count_waiting(session: Session, context_id: int) -> Counter[str]:
    """Scores that no column was told of yet, by module; practice is not among them."""
    has_column = (
        select(ScoreDelivery.id)
        .join(LineItem, LineItem.id == ScoreDelivery.line_item_id)
        .where(ScoreDelivery.earned_score_id == EarnedScore.id, LineItem.is_gone.is_(False))
        .exists()
    )
    return Counter(
        session.scalars(
            select(EarnedScore.module_key)
            .join(Cohort, Cohort.id == EarnedScore.cohort_id)
            .join(Enrolment, (Enrolment.cohort_id == Cohort.id) & (Enrolment.user_id == EarnedScore.user_id))
            .where(Cohort.context_id == context_id, Enrolment.is_practice.is_(False), ~has_column)
        )
    )
