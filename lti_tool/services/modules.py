"""What the series page and a module's own page show one person: where she stopped, what is next, what it earned."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Reading, Series, Worksheet
from lti_tool.domain.answer_progress import measure_progress
from lti_tool.domain.reviewing import find_current_state
from lti_tool.domain.submissions import EDITABLE, WAITING, Decision, ReviewStatus, Step, WorkState, can_take_step
from lti_tool.models import Membership, ReadingRecord, Review, Store, Submission, User
from lti_tool.services.errors import NotFoundError
from lti_tool.services.module_values import (
    ActivityRow,
    ActivityState,
    ModuleCard,
    ModulePage,
    NextStep,
    Reason,
    Reply,
    SeriesPage,
    StoppedAt,
)
from lti_tool.services.reading_changes import find_change
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.services.score_lines import describe_score
from lti_tool.services.visits import Visit


def find_module(series: Series, module_key: str) -> Module:
    """The module with this key.

    Raises:
        NotFoundError: there is none.
    """
    module = series.find_module(module_key)
    if module is None:
        raise NotFoundError("There is no such session in this series.")
    return module


def show_series(store: Store, visit: Visit, series: Series, *, now: datetime) -> SeriesPage:
    """All modules, with what this person has done in each."""
    with store.reading() as session:
        cards = tuple(_describe_card(session, visit, module, now) for module in series.modules)
    return SeriesPage(series, visit, cards)


def show_module(store: Store, visit: Visit, series: Series, module_key: str, *, now: datetime) -> ModulePage:
    """One module for one person.

    Raises:
        NotFoundError: there is no such module.
    """
    module = find_module(series, module_key)
    with store.reading() as session:
        return _describe_module(session, visit, module, now)


def _describe_card(session: Session, visit: Visit, module: Module, now: datetime) -> ModuleCard:
    page = _describe_module(session, visit, module, now)
    finished = {ActivityState.READ, ActivityState.SUBMITTED, ActivityState.IN_REVIEW, ActivityState.ACCEPTED}
    return ModuleCard(
        module=module,
        done=sum(row.state in finished for row in page.activities),
        total=len(page.activities),
        stopped=page.stopped,
        score=page.score,
        has_new_reply=any(reply.is_new for reply in page.replies),
    )


def _describe_module(session: Session, visit: Visit, module: Module, now: datetime) -> ModulePage:
    work: dict[str, Submission] = {}
    readings: dict[str, ReadingRecord] = {}
    if visit.may_work and module.is_open:
        mine = {"cohort_id": visit.cohort_id, "user_id": visit.user_id, "module_key": module.key}
        rows = session.scalars(select(Submission).filter_by(**mine).where(Submission.draft_version > 0))
        work = {row.activity_key: row for row in rows}
        readings = {row.activity_key: row for row in session.scalars(select(ReadingRecord).filter_by(**mine))}
    activities = tuple(_list_activities(module, work, readings, now)) if module.is_open else ()
    stopped = _find_stop(activities, work)
    plan = work.get(PLAN_KEY)
    score = None
    if visit.may_work and visit.cohort_id is not None:
        score = describe_score(session, module=module, cohort_id=visit.cohort_id, user_id=visit.user_id)
    return ModulePage(
        module=module,
        visit=visit,
        activities=activities,
        stopped=stopped,
        next_step=_find_next_step(activities, stopped) if visit.may_work and activities else None,
        minutes_left=sum(row.minutes for row in activities if row.state in _UNFINISHED),
        score=score,
        replies=_list_replies(session, activities, work),
        reviewer_names=_list_reviewers(session, visit) if module.is_open else (),
        plan_submitted_at=plan.submitted_at if plan and plan.state not in EDITABLE else None,
        can_take_back=plan is not None and can_take_step(read_state(plan, now), Step.TAKE_BACK),
        plans_waiting=_count_waiting_plans(session, visit, module) if visit.is_staff else 0,
    )


_UNFINISHED = frozenset({ActivityState.NOT_STARTED, ActivityState.BEGUN, ActivityState.DRAFT, ActivityState.RETURNED})


def _list_activities(
    module: Module, work: Mapping[str, Submission], readings: Mapping[str, ReadingRecord], now: datetime
) -> list[ActivityRow]:
    rows = [_describe_reading(reading, readings.get(reading.key)) for reading in module.readings]
    rows.extend(
        _describe_work("reflection", reflection.key, reflection.title, reflection.minutes, work, now)
        for reflection in module.reflections
    )
    if module.worksheet is not None:
        minutes = _estimate_plan_minutes(module.worksheet, work.get(PLAN_KEY))
        rows.append(_describe_work("worksheet", PLAN_KEY, module.worksheet.title, minutes, work, now))
    return rows


def _estimate_plan_minutes(worksheet: Worksheet, submission: Submission | None) -> int:
    """Minutes the plan takes, in steps of five: its sittings until something is written, then the rest of its core."""
    if submission is None or submission.state not in EDITABLE:
        return sum(sitting.minutes for sitting in worksheet.sittings)
    return max(5, -(-measure_progress(worksheet, submission.draft).minutes_left // 5) * 5)


def _describe_reading(reading: Reading, record: ReadingRecord | None) -> ActivityRow:
    state = ActivityState.NOT_STARTED
    if record is not None:
        state = ActivityState.READ if record.marked_read_at else ActivityState.BEGUN
    changed_at = record.updated_at if record else None
    change = find_change(reading, record)
    return ActivityRow("reading", reading.key, reading.title, reading.minutes, state, changed_at, False, change)


def _describe_work(
    kind: str, key: str, title: str, minutes: int, work: Mapping[str, Submission], now: datetime
) -> ActivityRow:
    submission = work.get(key)
    if submission is None:
        return ActivityRow(kind, key, title, minutes, ActivityState.NOT_STARTED, None, False)
    state = read_state(submission, now)
    changed = submission.draft_saved_at if state in EDITABLE else submission.submitted_at
    return ActivityRow(kind, key, title, minutes, ActivityState(state.value), changed, submission.is_private)


def read_state(submission: Submission, now: datetime) -> WorkState:
    """Where the work stands now; a reviewer's claim that has run out counts as none."""
    return find_current_state(WorkState(submission.state), submission.lease_expires_at, now)


def _find_stop(activities: tuple[ActivityRow, ...], work: Mapping[str, Submission]) -> StoppedAt | None:
    """The draft that was saved last, if any is open. What came back and was not touched since is no stop."""
    open_rows = [
        (submission.draft_saved_at, row, submission)
        for row in activities
        if (submission := work.get(row.key)) is not None
        and submission.state in EDITABLE
        and submission.draft_saved_at is not None
        and not (
            submission.state == WorkState.RETURNED
            and submission.submitted_at is not None
            and submission.draft_saved_at <= submission.submitted_at
        )
    ]
    if not open_rows:
        return None
    at, row, submission = max(open_rows, key=lambda entry: entry[0])
    return StoppedAt(row.kind, row.key, row.title, submission.draft_place, at)


def _find_next_step(activities: tuple[ActivityRow, ...], stopped: StoppedAt | None) -> NextStep:
    """What was sent back comes first, then what she was writing, then the first thing not begun."""
    for row in activities:
        if row.state is ActivityState.RETURNED:
            return NextStep(Reason.REVISE, row.kind, row.key, row.title, row.minutes)
    for row in activities:
        if stopped is not None and row.key == stopped.key:
            return NextStep(Reason.CONTINUE, row.kind, row.key, row.title, row.minutes)
    for row in activities:
        if row.state in _UNFINISHED:
            return NextStep(Reason.START, row.kind, row.key, row.title, row.minutes)
    waits = any(
        row.state in {ActivityState.SUBMITTED, ActivityState.IN_REVIEW} for row in activities if row.key == PLAN_KEY
    )
    return NextStep(Reason.WAITING if waits else Reason.DONE, None, None, None, None)


def _list_replies(
    session: Session, activities: tuple[ActivityRow, ...], work: Mapping[str, Submission]
) -> tuple[Reply, ...]:
    """The latest released review of each activity, newest first."""
    if not work:
        return ()
    rows = session.execute(
        select(Review, Submission.activity_key, Submission.reply_seen_at)
        .join(Submission, Submission.id == Review.submission_id)
        .where(
            Review.submission_id.in_([submission.id for submission in work.values()]),
            Review.status == ReviewStatus.RELEASED,
        )
        .order_by(Review.released_at.desc())
    ).all()
    replies: dict[str, Reply] = {}
    titles = {row.key: row for row in activities}
    for review, key, seen_at in rows:
        if key in replies or key not in titles or review.released_at is None or review.decision is None:
            continue
        replies[key] = Reply(
            kind=titles[key].kind,
            key=key,
            title=titles[key].title,
            decision=Decision(review.decision),
            at=review.released_at,
            named_count=len(review.named_fields),
            is_new=seen_at is None or seen_at < review.released_at,
        )
    return tuple(replies.values())


def _count_waiting_plans(session: Session, visit: Visit, module: Module) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Submission)
            .where(
                Submission.cohort_id == visit.cohort_id,
                Submission.module_key == module.key,
                Submission.activity_key == PLAN_KEY,
                Submission.state.in_(WAITING),
                Submission.user_id != visit.user_id,
            )
        )
        or 0
    )


def _list_reviewers(session: Session, visit: Visit) -> tuple[str, ...]:
    """Names of those who review this person's work here, as far as the platform sends names; a visitor sees none."""
    if visit.context_id is None or not visit.may_work:
        return ()
    names = session.scalars(
        select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.context_id == visit.context_id,
            # Whoever has once been staff here is, also while she looks at the course as a learner (D12).
            Membership.has_been_staff,
            User.id != visit.user_id,
            User.name.is_not(None),
        )
        .order_by(User.name)
    )
    return tuple(name for name in names if name)
