"""The people of a course on one page: what each is, when she was last here, how far each plan is. No word of any."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_tool.content.schema import Module, Series
from lti_tool.domain.roles import RosterStatus, Standing
from lti_tool.domain.submissions import REVIEWED, WAITING, ActivityKind, WorkState
from lti_tool.models import Membership, Roster, RosterEntry, Store, Submission, User
from lti_tool.services.errors import NotFoundError
from lti_tool.services.review_access import label_person, require_staff
from lti_tool.services.rosters import RosterProblem
from lti_tool.services.visits import Visit

_IN_THE_COURSE = frozenset({Standing.STAFF, Standing.PARTICIPANT})


class PlanState(StrEnum):
    """How far somebody's plan is, as everybody who reviews may know."""

    NOT_BEGUN = "not_begun"
    WRITING = "writing"
    WAITING = "waiting"
    RETURNED = "returned"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class PlanCell:
    """One person's plan of one session. ``submission_id`` opens it for a reviewer; None where there is none to open."""

    module_key: str
    state: PlanState
    saved_at: datetime | None = None
    submission_id: int | None = None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody of the course. ``last_opened_at`` is None while she has not opened the tool."""

    label: str
    has_name: bool
    standing: Standing
    status: RosterStatus
    is_also_participant: bool
    last_opened_at: datetime | None
    plans: tuple[PlanCell, ...]

    @property
    def has_begun(self) -> bool:
        """Whether there is a plan of hers."""
        return any(cell.state is not PlanState.NOT_BEGUN for cell in self.plans)

    @property
    def saved_at(self) -> datetime | None:
        """When she last saved a plan she is writing."""
        return max((cell.saved_at for cell in self.plans if cell.saved_at), default=None)


@dataclass(frozen=True, slots=True)
class SessionCount:
    """One open session, and how many of the course's librarians are how far with its plan.

    ``title`` leaves out what the titles of all sessions begin with.
    """

    module_key: str
    number: int
    title: str
    counts: Mapping[PlanState, int]


@dataclass(frozen=True, slots=True)
class RosterView:
    """How the list of people stands. ``retry_at`` is when it is tried again by itself."""

    read_at: datetime | None
    tried_at: datetime | None
    problem: RosterProblem | None
    is_asked_for: bool
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Everything the page shows. ``roster`` is None where the platform offers no list.

    ``others`` practice, read along or look after the LMS; ``away`` are not in the course, for now or any more.
    """

    roster: RosterView | None
    sessions: tuple[SessionCount, ...]
    librarians: tuple[PersonRow, ...]
    facilitators: tuple[PersonRow, ...]
    others: tuple[PersonRow, ...]
    away: tuple[PersonRow, ...]


@dataclass(slots=True)
class _Known:
    """What the list and the launches say of one person."""

    entry: RosterEntry | None = None
    membership: Membership | None = None
    user: User | None = None
    plans: dict[str, PlanCell] = field(default_factory=dict)


def list_people(store: Store, visit: Visit, series: Series, *, now: datetime) -> PeoplePage:
    """Everybody of this course, by name, with how far her plans of this cohort are.

    Raises:
        NotAllowedError: the visitor is no facilitator here.
        NotFoundError: the launch came without a course.
    """
    cohort_id = require_staff(visit)
    if visit.context_id is None:
        raise NotFoundError
    modules = [module for module in series.modules if module.is_open and module.worksheet is not None]
    with store.reading() as session:
        roster = session.get(Roster, visit.context_id)
        people = _find_people(session, visit.context_id)
        _add_plans(session, people, visit, cohort_id)
        rows = [_describe_person(known, roster, modules) for known in people.values()]
        view = None if roster is None else _describe_roster(roster, now)
    rows.sort(key=lambda row: (not row.has_name, row.label.casefold()))
    here = [row for row in rows if row.status is RosterStatus.ACTIVE]
    librarians = tuple(row for row in here if row.standing is Standing.PARTICIPANT or row.is_also_participant)
    return PeoplePage(
        roster=view,
        sessions=_count_sessions(modules, librarians),
        librarians=librarians,
        facilitators=tuple(row for row in here if row.standing is Standing.STAFF and not row.is_also_participant),
        others=tuple(row for row in here if row.standing not in _IN_THE_COURSE),
        away=tuple(row for row in rows if row.status is not RosterStatus.ACTIVE),
    )


def _find_people(session: Session, context_id: int) -> dict[str, _Known]:
    """Everybody on the list or ever here, by the platform's id."""
    people: dict[str, _Known] = {}
    for entry in session.scalars(select(RosterEntry).where(RosterEntry.context_id == context_id)):
        people[entry.sub] = _Known(entry=entry)
    rows = session.execute(
        select(Membership, User).join(User, User.id == Membership.user_id).where(Membership.context_id == context_id)
    )
    for membership, user in rows:
        known = people.setdefault(user.sub, _Known())
        known.membership, known.user = membership, user
    return people


def _add_plans(session: Session, people: Mapping[str, _Known], visit: Visit, cohort_id: int) -> None:
    by_user = {known.user.id: known for known in people.values() if known.user is not None}
    rows = session.execute(
        select(
            Submission.id, Submission.user_id, Submission.module_key, Submission.state, Submission.draft_saved_at
        ).where(
            Submission.cohort_id == cohort_id,
            Submission.kind == ActivityKind.WORKSHEET,
            # A plan that was only opened (to copy what it builds on) holds no word of hers yet.
            Submission.draft_version > 0,
        )
    )
    for row in rows:
        known = by_user.get(row.user_id)
        if known is not None:
            state = _name_state(WorkState(row.state))
            known.plans[row.module_key] = PlanCell(
                row.module_key,
                state,
                saved_at=row.draft_saved_at if state is PlanState.WRITING else None,
                submission_id=None if row.user_id == visit.user_id else row.id,
            )


def _name_state(state: WorkState) -> PlanState:
    if state in WAITING:
        return PlanState.WAITING
    if state in REVIEWED:
        return PlanState.ACCEPTED if state is WorkState.ACCEPTED else PlanState.RETURNED
    return PlanState.WRITING


def _describe_person(known: _Known, roster: Roster | None, modules: list[Module]) -> PersonRow:
    entry, membership, user = known.entry, known.membership, known.user
    standing, status = _decide_place(entry, membership, None if roster is None else roster.read_at)
    name = (user.name if user is not None else None) or (entry.name if entry is not None else None)
    if user is not None:
        label = name or (f"Facilitator {user.id}" if standing is Standing.STAFF else label_person(None, user.id))
    else:
        label = name or f"Person {entry.id if entry is not None else ''}"
    return PersonRow(
        label=label,
        has_name=name is not None,
        standing=standing,
        status=status,
        is_also_participant=membership is not None and membership.is_also_participant,
        last_opened_at=None if membership is None else membership.last_launch_at,
        plans=tuple(known.plans.get(module.key, PlanCell(module.key, PlanState.NOT_BEGUN)) for module in modules),
    )


def _decide_place(
    entry: RosterEntry | None, membership: Membership | None, read_at: datetime | None
) -> tuple[Standing, RosterStatus]:
    """What she is here and whether still: the newest word counts, the list's or her own launch's.

    Whoever once launched as staff is staff whatever the list says (D12). A launch says that somebody is in the course
    only of people who are: an administrator can come to any, and is on no list.
    """
    launched = None if membership is None else Standing(membership.standing)
    is_newer = membership is not None and (read_at is None or membership.last_launch_at > read_at)
    if entry is None:
        standing = launched or Standing.VISITOR
        is_missing = launched is Standing.PARTICIPANT and read_at is not None and not is_newer
        status = RosterStatus.GONE if is_missing else RosterStatus.ACTIVE
    else:
        # The platform's test student launches as what she is; a list may call her a learner.
        trusts_launch = launched is not None and (is_newer or launched is Standing.PRACTICE)
        standing = launched if trusts_launch and launched is not None else Standing(entry.standing)
        came_back = is_newer and launched in _IN_THE_COURSE
        status = RosterStatus.ACTIVE if came_back else RosterStatus(entry.status)
    if membership is not None and membership.has_been_staff:
        standing = Standing.STAFF
    return standing, status


def _describe_roster(roster: Roster, now: datetime) -> RosterView:
    is_due = roster.wanted_at is not None and roster.wanted_at <= now
    return RosterView(
        read_at=roster.read_at,
        tried_at=roster.tried_at,
        problem=RosterProblem(roster.problem) if roster.problem else None,
        is_asked_for=is_due,
        retry_at=None if is_due else roster.wanted_at,
    )


def _count_sessions(modules: list[Module], librarians: tuple[PersonRow, ...]) -> tuple[SessionCount, ...]:
    titles = [module.title.split() for module in modules]
    begin = 0
    while len(titles) > 1 and all(len(title) > begin + 1 and title[begin] == titles[0][begin] for title in titles):
        begin += 1
    counts = {module.key: Counter[PlanState]() for module in modules}
    for row in librarians:
        for cell in row.plans:
            counts[cell.module_key][cell.state] += 1
    return tuple(
        SessionCount(
            module.key,
            module.number,
            " ".join(title[begin:]),
            {state: counts[module.key][state] for state in PlanState},
        )
        for module, title in zip(modules, titles, strict=True)
    )
