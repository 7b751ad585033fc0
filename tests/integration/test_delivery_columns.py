"""Missing columns: asked for once, looked for before they are made, never made twice."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import CANVAS_SUBMISSION_TYPE_EXTENSION
from lti_tool.lti.values import AgsEndpoint, LineItemValue
from lti_tool.models import (
    AuditFact,
    ColumnRequest,
    DeliveryLease,
    EarnedScore,
    LineItem,
    Registration,
    Store,
)
from lti_tool.services.column_lookup import choose_columns
from lti_tool.services.column_requests import Which, ask_for_columns
from lti_tool.services.errors import NotAllowedError, NotFoundError, NotNowError
from lti_tool.services.visits import Visit
from tests.support.arrivals import COLUMN, INSTRUCTOR, Doorstep
from tests.support.clock import Clock
from tests.support.factories import PLATFORM, Factory
from tests.support.gradebook_office import GradebookOffice
from tests.support.review_scene import make_visit
from tests.support.series import load_real_series
from tests.unit.lti.doubles import Asked

SERIES = load_real_series()
OPEN = [module.key for module in SERIES.modules if module.is_open]
FAMILIES = ("canvas", "moodle", "other")
OURS = {"resourceId": "visioning", "tag": "leading-edge"}


@pytest.fixture(params=FAMILIES)
def office(
    request: pytest.FixtureRequest, store: Store, clock: Clock, make: Factory, tmp_path: Path
) -> GradebookOffice:
    return GradebookOffice.open(store, clock, make, tmp_path, request.param)


@pytest.fixture
def moodle(store: Store, clock: Clock, make: Factory, tmp_path: Path) -> GradebookOffice:
    return GradebookOffice.open(store, clock, make, tmp_path, "moodle")


def enter(office: GradebookOffice) -> Visit:
    """Ruth, who facilitates there."""
    cohort = office.make.cohort(office.context, is_default=True)
    return make_visit(office.make.user(name="Ruth Okafor"), office.context.id, cohort)


def earn(office: GradebookOffice, **columns: object) -> EarnedScore:
    return office.make.earned_score(office.make.enrolment(office.make.user()), **columns)


def list_sent(office: GradebookOffice) -> list[tuple[str, int]]:
    return [
        (asked.url.removesuffix("/scores"), json.loads(asked.body or b"")["scoreGiven"])
        for asked in office.calls("score")
    ]


# Asking


def test_what_scores_wait_for_is_asked_for_in_one_go(moodle: GradebookOffice, clock: Clock) -> None:
    visit = enter(moodle)
    earn(moodle)
    earn(moodle, module_key="coaching")
    earn(moodle, module_key="coaching")
    moodle.make.line_item(moodle.context, module_key="influence")
    assert ask_for_columns(moodle.store, visit, SERIES, Which.WAITING, now=clock()) == 2
    rows = {row.module_key: row for row in moodle.list_rows(ColumnRequest)}
    assert set(rows) == {"visioning", "coaching"}
    assert all(row.may_make and row.requested_by_id == visit.user_id for row in rows.values())
    assert rows["visioning"].label == "On the Leading Edge of Visioning"
    with moodle.store.reading() as session:
        (fact,) = session.scalars(select(AuditFact).where(AuditFact.verb == "asked_for_columns"))
    assert fact.facts["count"] == 2
    # Twice is once.
    ask_for_columns(moodle.store, visit, SERIES, Which.WAITING, now=clock())
    assert len(moodle.list_rows(ColumnRequest)) == 2


def test_every_open_session_may_have_one(moodle: GradebookOffice, clock: Clock) -> None:
    visit = enter(moodle)
    assert ask_for_columns(moodle.store, visit, SERIES, Which.ALL, now=clock()) == len(OPEN)
    assert [row.module_key for row in moodle.list_rows(ColumnRequest)] == OPEN


def test_who_may_not_ask(moodle: GradebookOffice, make: Factory, clock: Clock) -> None:
    visit = enter(moodle)
    with pytest.raises(NotNowError):
        ask_for_columns(moodle.store, visit, SERIES, Which.WAITING, now=clock())
    learner = replace(visit, standing=visit.standing.PARTICIPANT)
    with pytest.raises(NotAllowedError):
        ask_for_columns(moodle.store, learner, SERIES, Which.ALL, now=clock())
    with pytest.raises(NotFoundError):
        ask_for_columns(moodle.store, replace(visit, context_id=None), SERIES, Which.ALL, now=clock())
    with make.changing(moodle.context) as context:
        context.ags_scopes = [vocabulary.SCOPE_LINE_ITEM_READONLY, vocabulary.SCOPE_SCORE]
    with pytest.raises(NotNowError, match="as graded work"):
        ask_for_columns(moodle.store, visit, SERIES, Which.ALL, now=clock())
    assert moodle.list_rows(ColumnRequest) == []


# Looking and making


def test_what_nobody_made_is_made_and_receives_the_score_that_waited(office: GradebookOffice, clock: Clock) -> None:
    visit = enter(office)
    earn(office, points=92)
    ask_for_columns(office.store, visit, SERIES, Which.WAITING, now=clock())
    assert office.work().duties == 1
    assert [kind for kind, _ in office.asked] == ["list", "make"], "looked first"
    (made,) = office.bodies("make")
    extension = made.pop(CANVAS_SUBMISSION_TYPE_EXTENSION, None)
    assert extension == ({"type": "none"} if _family(office) == "canvas" else None)
    assert made == {"label": "On the Leading Edge of Visioning", "scoreMaximum": 100, **OURS}
    (sent,) = office.calls("make")
    assert sent.headers["Content-Type"] == sent.headers["Accept"] == vocabulary.MEDIA_LINE_ITEM
    assert office.list_columns() == [("visioning", f"{PLATFORM}/columns/1", True)]
    assert office.find_request().state == "done"
    assert office.work().sent == 1
    assert list_sent(office) == [(f"{PLATFORM}/columns/1", 92)]
    # Nothing more happens.
    assert office.work().did_nothing
    assert len(office.columns) == 1


def _family(office: GradebookOffice) -> str:
    (row,) = office.list_rows(Registration)
    return str(row.family)


@pytest.mark.parametrize("fields", [OURS, {"resourceId": "visioning"}, {"resourceLinkId": "link-7"}], ids=str)
def test_a_column_that_is_there_is_kept_and_none_is_made(moodle: GradebookOffice, fields: dict[str, str]) -> None:
    moodle.make.resource_link(moodle.context, id_on_platform="link-7", module_key="visioning")
    moodle.add_column(label="Somebody's own", resourceId="quiz", tag="leading-edge")
    there = moodle.add_column(**fields, secretOfThePlatform={"kept": 1})
    earn(moodle)
    moodle.make.column_request(moodle.context)
    moodle.work()
    assert moodle.list_columns() == [("visioning", there["id"], False)]
    assert moodle.calls("make") == []
    moodle.work()
    assert [url for url, _ in list_sent(moodle)] == [there["id"]]
    # Known by its link only, it gets our name, so that a copy of the course can be known by it; nothing else changes.
    assert (there["resourceId"], there["secretOfThePlatform"]) == ("visioning", {"kept": 1})
    assert len(moodle.calls("change")) == ("resourceId" not in fields)


def test_two_links_of_one_session_have_two_columns(moodle: GradebookOffice) -> None:
    moodle.add_column(**OURS)
    moodle.add_column(**OURS)
    moodle.make.column_request(moodle.context)
    moodle.work()
    assert len(moodle.list_columns()) == 2


def test_what_a_link_says_goes_before_any_name() -> None:
    def make_item(**fields: str | None) -> LineItemValue:
        usual: dict[str, str | None] = {"resource_id": "visioning", "tag": "leading-edge", "resource_link_id": None}
        return LineItemValue(f"{PLATFORM}/1", "L", None, **(usual | fields))

    links = {"link-1": "coaching", "link-2": "visioning", "link-3": None}
    assert choose_columns([make_item(resource_link_id="link-1")], "visioning", links) == ()
    assert choose_columns([make_item(resource_link_id="link-2", resource_id="x")], "visioning", links)
    assert choose_columns([make_item(resource_link_id="link-3")], "visioning", links), "a link that says nothing"
    assert choose_columns([make_item(resource_link_id="unknown")], "visioning", links)
    assert choose_columns([make_item(tag="somebody-elses")], "visioning", links) == ()
    assert choose_columns([make_item(tag=None)], "visioning", links)


def test_a_column_of_another_course_or_session_is_left_alone(moodle: GradebookOffice, make: Factory) -> None:
    there = moodle.add_column(**OURS)
    other = make.context(make.deployment())
    make.line_item(other, url=there["id"])
    make.column_request(moodle.context)
    moodle.work()
    (row,) = moodle.list_rows(LineItem)
    assert row.context_id == other.id
    assert moodle.calls("make") == []


# Answers that get lost, and refusals


def test_after_a_lost_answer_it_is_looked_for_and_not_made_again(office: GradebookOffice, clock: Clock) -> None:
    def make_and_lose(asked: Asked) -> PlatformUnreachable:
        office.treat(asked)
        return PlatformUnreachable(Unreachability.TIMEOUT, "no answer")

    office.plan["make"] = [make_and_lose]
    office.make.column_request(office.context)
    assert office.work().put_off == 1
    request = office.find_request()
    assert (request.state, request.reason) == ("waiting", "platform_down")
    assert request.attempt_begun_at == clock()
    assert request.next_attempt_at == clock() + timedelta(minutes=1), "a platform may still be at it"
    clock.advance(minutes=1)
    office.work()
    assert len(office.columns) == 1
    assert office.list_columns() == [("visioning", f"{PLATFORM}/columns/1", False)]
    assert len(office.calls("make")) == 1


def test_a_platform_that_never_says_what_it_made_is_not_asked_for_ever(moodle: GradebookOffice, clock: Clock) -> None:
    moodle.plan["make"] = [HttpAnswer(201, {}, b"") for _ in range(9)]
    moodle.make.column_request(moodle.context)
    for _ in range(9):
        moodle.work()
        clock.advance(minutes=10)
    assert len(moodle.calls("make")) == 3
    assert moodle.find_request().state == "needs_you"


def test_a_worker_that_was_killed_while_making_leaves_it_to_be_looked_for(
    moodle: GradebookOffice, clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    def make_and_die(asked: Asked) -> HttpAnswer:
        moodle.treat(asked)
        raise Killed

    moodle.plan["make"] = [make_and_die]
    moodle.make.column_request(moodle.context)
    with pytest.raises(Killed):
        moodle.work()
    assert moodle.find_request().attempt_begun_at == clock()
    clock.advance(minutes=2)
    moodle.work()
    assert len(moodle.columns) == 1
    assert len(moodle.list_columns()) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HttpAnswer(403, {}, b""), "no_permission"),
        (HttpAnswer(404, {}, b""), "column_gone"),
        (HttpAnswer(422, {}, b""), "refused"),
    ],
)
@pytest.mark.parametrize("kind", ["list", "make"])
def test_a_refusal_needs_the_one_who_asked_and_nobody_else(
    moodle: GradebookOffice, clock: Clock, kind: str, answer: HttpAnswer, reason: str
) -> None:
    moodle.plan[kind] = [answer, answer]
    for key in ("visioning", "coaching"):
        moodle.make.column_request(moodle.context, module_key=key, label=key)
    assert moodle.work().needs_you == 2
    assert {(row.state, row.reason) for row in moodle.list_rows(ColumnRequest)} == {("needs_you", reason)}
    assert moodle.work().did_nothing
    with moodle.store.writing() as session:
        for row in session.scalars(select(ColumnRequest)):
            row.may_make, row.state, row.next_attempt_at = False, "waiting", clock()
    moodle.plan["list"] = [answer]
    assert moodle.work().needs_you == 0
    assert {row.state for row in moodle.list_rows(ColumnRequest)} == {"done"}


def test_without_the_right_to_look_nobody_looks(moodle: GradebookOffice, make: Factory) -> None:
    with make.changing(moodle.context) as context:
        context.ags_scopes = [vocabulary.SCOPE_SCORE]
    make.column_request(moodle.context)
    assert moodle.work().needs_you == 1
    assert moodle.asked == []
    assert moodle.find_request().reason == "no_permission"


def test_who_may_only_look_makes_none(moodle: GradebookOffice, make: Factory) -> None:
    with make.changing(moodle.context) as context:
        context.ags_scopes = [vocabulary.SCOPE_SCORE, vocabulary.SCOPE_LINE_ITEM_READONLY]
    make.column_request(moodle.context)
    moodle.work()
    assert [kind for kind, _ in moodle.asked] == ["list"]
    assert (moodle.find_request().state, moodle.find_request().reason) == ("needs_you", "no_permission")


def test_throttling_leaves_the_platform_alone_and_silence_does_not(moodle: GradebookOffice, clock: Clock) -> None:
    moodle.make.column_request(moodle.context)
    moodle.plan["list"] = [HttpAnswer(503, {}, b""), HttpAnswer(429, {"Retry-After": "120"}, b"")]
    assert moodle.work().put_off == 1
    (lease,) = moodle.list_rows(DeliveryLease)
    assert (lease.resume_at, lease.failures) == (None, 0)
    clock.advance(minutes=1)
    assert moodle.work().put_off == 1
    (lease,) = moodle.list_rows(DeliveryLease)
    assert lease.resume_at == clock() + timedelta(minutes=2)
    clock.advance(minutes=1)
    moodle.work()
    assert len(moodle.calls("list")) == 2, "left alone"
    clock.advance(minutes=1)
    moodle.work()
    assert moodle.find_request().state == "done"
    (lease,) = moodle.list_rows(DeliveryLease)
    assert (lease.resume_at, lease.failures) == (None, 0), "it answers again"


def test_one_list_serves_every_session_of_a_course(moodle: GradebookOffice) -> None:
    moodle.add_column(**OURS)
    for key in OPEN:
        moodle.make.column_request(moodle.context, module_key=key, label=key)
    assert moodle.work().duties == len(OPEN)
    assert len(moodle.calls("list")) == 1
    assert [body["resourceId"] for body in moodle.bodies("make")] == [key for key in OPEN if key != "visioning"]


# A launch brings the wish to look


def test_a_facilitators_first_launch_looks_for_the_columns_of_every_session(
    store: Store, clock: Clock, make: Factory
) -> None:
    doorstep = Doorstep.of(store, clock, make.registration())

    def count() -> int:
        with store.reading() as session:
            return len(session.scalars(select(ColumnRequest.module_key)).all())

    doorstep.arrive("dana")
    assert count() == 0, "a learner's does not"
    bare = AgsEndpoint((vocabulary.SCOPE_SCORE,), f"{PLATFORM}/courses/7/line_items", COLUMN)
    doorstep.arrive("omar", role=INSTRUCTOR, ags=bare)
    assert count() == 0, "where nobody may look, nobody is asked to"
    doorstep.arrive("ruth", role=INSTRUCTOR)
    assert count() == len(OPEN) - 1, "Visioning's came with the launch"
    doorstep.arrive("ines", role=INSTRUCTOR)
    assert count() == len(OPEN) - 1
    with store.reading() as session:
        assert not any(session.scalars(select(ColumnRequest.may_make)))


def test_a_copied_courses_columns_are_known_before_anybody_opens_them(moodle: GradebookOffice, make: Factory) -> None:
    for number, key in enumerate(("visioning", "coaching")):
        moodle.add_column(resourceId=key, tag="leading-edge", resourceLinkId=f"copy-{number}")
        make.column_request(moodle.context, module_key=key, label=key, may_make=False)
    make.column_request(moodle.context, module_key="influence", label="Influence", may_make=False)
    moodle.work()
    assert [key for key, _, _ in moodle.list_columns()] == ["visioning", "coaching"]
    assert moodle.calls("make") == []
    assert {row.state for row in moodle.list_rows(ColumnRequest)} == {"done"}
