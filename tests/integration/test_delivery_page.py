"""The facilitator's gradebook page: states in words, trying again, keeping the gradebook's number, nobody else."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.domain.deliveries import AttemptAnswer, DeliveryReason, DeliveryState
from lti_tool.lti.values import AnswerClass, PlatformAnswer, ScoreMessage
from lti_tool.models import AuditFact, ScoreDelivery, Store
from lti_tool.services.grades import DeliveryRow, HistoryLine
from lti_tool.services.score_lines import DeliveryLine
from lti_tool.web.delivery_words import explain_attempt, explain_delivery
from lti_tool.web.guards import make_csrf_token
from tests.support.clock import Clock
from tests.support.factories import Factory
from tests.support.gradebooks import MemoryGradebook
from tests.support.outbox import Outbox
from tests.support.pages import check_page, find_text
from tests.support.series import load_real_series

TOOL = "http://127.0.0.1:5000"


class Page:
    """A facilitator in front of the page."""

    def __init__(self, client: FlaskClient, make: Factory, tool: Any) -> None:
        self.client, self.make, self.tool = client, make, tool
        self.session_id = self.enter("staff")

    def enter(self, standing: str, **columns: Any) -> str:
        digest = sha256(b"secret").hexdigest()
        session_id = self.make.launch_session(self.make.user(), standing=standing, secret_digest=digest, **columns).id
        self.client.set_cookie(f"__Host-s_{session_id}", "secret", domain="127.0.0.1")
        return session_id

    def get(self, session_id: str = "") -> str:
        answer = self.client.get(f"/s/{session_id or self.session_id}/grades/", base_url=TOOL)
        return find_text(check_page(answer.text, "grades"))

    def press(self, delivery_id: int, do: str = "retry", session_id: str = "", **changes: str) -> TestResponse:
        session_id = session_id or self.session_id
        data = {"csrf_token": make_csrf_token(self.tool, session_id), "do": do} | changes
        return self.client.post(
            f"/s/{session_id}/grades/{delivery_id}/retry", base_url=TOOL, data=data, headers={"Origin": TOOL}
        )


@pytest.fixture
def outbox(store: Store, make: Factory, clock: Clock) -> Outbox:
    return Outbox(store, make, clock, MemoryGradebook())


@pytest.fixture
def page(database_url: str, tmp_path: Path, clock: Clock, make: Factory) -> Iterator[Page]:
    settings = Settings(
        database_url=database_url, base_url=TOOL, secret_key="t" * 40, keys_dir=tmp_path, is_development=True
    )
    app = create_app(settings, clock=clock, series=load_real_series())
    tool = app.extensions["lti_tool"]
    yield Page(app.test_client(), make, tool)
    tool.store.engine.dispose()


def queue_for(outbox: Outbox, name: str, **columns: Any) -> ScoreDelivery:
    earned = outbox.make.earned_score(outbox.make.enrolment(outbox.make.user(name=name)))
    return outbox.queue(earned_score=earned, **columns)


def override(outbox: Outbox, number: int) -> None:
    def take_another(url: str, message: ScoreMessage) -> PlatformAnswer:
        answer = outbox.book.record(url, message)
        outbox.book.cell(url, message.user_sub).score = outbox.book.cell(url, message.user_sub).maximum * number / 100
        return answer

    outbox.book.plan = [take_another]


def test_an_empty_course(page: Page) -> None:
    assert "No score has been sent yet." in page.get()


def test_a_score_from_waiting_to_confirmed(page: Page, outbox: Outbox) -> None:
    queue_for(outbox, "Dana Whitfield")
    words = page.get()
    assert "Dana Whitfield, On the Leading Edge of Visioning: 92 of 100" in words
    assert "Waiting to be sent It is on its way. We send it within seconds. You need to do nothing." in words
    outbox.work()
    words = page.get()
    assert "In the gradebook" in words
    assert "The gradebook shows 92 of 100, confirmed at 2:14 pm." in words
    assert "Nothing needs you." in words
    assert "Try again now" not in words


def test_a_silent_platform_is_told_with_since_and_when(page: Page, outbox: Outbox, clock: Clock) -> None:
    queue_for(outbox, "Dana Whitfield")
    queue_for(outbox, "Priya Raman")
    outbox.book.plan = [*[AnswerClass.PLATFORM_DOWN] * 6]
    for _ in range(6):
        outbox.work()
        clock.advance(minutes=1)
    words = page.get()
    assert words.count("The gradebook has not answered since Mar 4, 2:14 pm.") == 2
    assert words.count("We try again by ourselves at 2:20 pm.") == 2


def test_what_needs_a_person_comes_first_with_the_gradebooks_own_words(page: Page, outbox: Outbox) -> None:
    queue_for(outbox, "Anna First")
    outbox.work()
    queue_for(outbox, "Zoe Last")
    outbox.book.plan = [lambda _url, _message: PlatformAnswer(AnswerClass.NOT_IN_COURSE, 422, "User <b>not</b> found")]
    outbox.work()
    words = page.get()
    assert words.index("Zoe Last") < words.index("Anna First")
    assert "1 score needs you." in words
    assert "is not a student in the course." in words
    assert "The gradebook said: User <b>not</b> found" in words, "shown as text"
    assert "Check that the course's list of people has them as a student." in words


def test_try_again_now(page: Page, outbox: Outbox, store: Store) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    outbox.book.plan = [AnswerClass.NO_PERMISSION]
    outbox.work()
    answer = page.press(delivery.id)
    assert (answer.status_code, answer.location) == (303, f"/s/{page.session_id}/grades/")
    assert page.press(delivery.id).status_code == 303, "a double click does no harm"
    assert "We are trying again now." in page.get()
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)
    assert len(outbox.book.sent) == 2
    with store.reading() as session:
        facts = session.scalars(select(AuditFact).where(AuditFact.verb == "retried_delivery")).all()
    assert [(fact.subject_id, fact.object_id) for fact in facts] == [(delivery.user_id, str(delivery.id))] * 2


def test_a_confirmed_score_is_not_sent_again(page: Page, outbox: Outbox) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    outbox.work()
    answer = page.press(delivery.id)
    assert answer.status_code == 409
    assert "There is nothing to send." in answer.text
    assert outbox.work().did_nothing


def test_keeping_the_number_of_the_gradebook_and_changing_ones_mind(page: Page, outbox: Outbox) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    override(outbox, 95)
    outbox.work()
    assert "The gradebook shows 95 of 100. We sent 92 of 100." in page.get()
    assert page.press(delivery.id, do="keep").status_code == 303
    assert outbox.state(delivery) == ("confirmed", "kept_gradebook")
    assert page.press(delivery.id, do="keep").status_code == 409
    assert "The gradebook shows 95 of 100. You chose to keep it at 2:14 pm." in page.get()
    assert outbox.work().did_nothing
    assert page.press(delivery.id).status_code == 303
    outbox.work()
    assert outbox.state(delivery) == ("confirmed", None)


def test_a_kept_number_gives_way_to_a_newer_score(page: Page, outbox: Outbox, clock: Clock) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    override(outbox, 95)
    outbox.work()
    page.press(delivery.id, do="keep")
    clock.advance(days=1)
    outbox.release(delivery, score=97)
    outbox.work()
    assert outbox.load(delivery).confirmed_score == "97"


def test_scores_without_a_column_and_practice_are_shown(page: Page, outbox: Outbox, make: Factory) -> None:
    make.earned_score(make.enrolment(make.user(name="Dana Whitfield")), points=88)
    practice = make.enrolment(make.user(name="Ruth Okafor"), is_practice=True)
    make.submission(practice, revision_count=1)
    words = page.get()
    assert "Dana Whitfield, On the Leading Edge of Visioning: 88 of 100, earned Mar 4" in words
    assert "Practice, nothing is sent" in words
    assert "Ruth Okafor" in words


def test_a_gone_column_is_forgotten_once_the_score_has_another(page: Page, outbox: Outbox, make: Factory) -> None:
    earned = make.earned_score(make.enrolment(make.user(name="Dana Whitfield")))
    outbox.queue(earned_score=earned)
    outbox.book.plan = [AnswerClass.COLUMN_GONE]
    outbox.work()
    assert "The gradebook column for this session is gone." in page.get()
    outbox.queue(earned_score=earned, line_item=make.line_item())
    outbox.work()
    words = page.get()
    assert "gone" not in words
    assert "Nothing needs you." in words


def test_another_course_is_not_there(page: Page, outbox: Outbox, make: Factory) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    elsewhere = page.enter("staff", context_id=make.context().id)
    assert "Dana Whitfield" not in page.get(elsewhere)
    assert page.press(delivery.id, session_id=elsewhere).status_code == 404
    assert page.press(delivery.id, do="keep", session_id=elsewhere).status_code == 404
    assert page.press(10**6).status_code == 404


@pytest.mark.parametrize("standing", ["participant", "practice", "visitor", "administrator"])
def test_only_facilitators_enter(page: Page, outbox: Outbox, standing: str) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    session_id = page.enter(standing)
    answer = page.client.get(f"/s/{session_id}/grades/", base_url=TOOL)
    assert (answer.status_code, "Dana Whitfield" in answer.text) == (403, False)
    assert page.press(delivery.id, session_id=session_id).status_code == 403


def test_a_forged_or_unknown_write_changes_nothing(page: Page, outbox: Outbox) -> None:
    delivery = queue_for(outbox, "Dana Whitfield")
    outbox.book.plan = [AnswerClass.REFUSED]
    outbox.work()
    assert page.press(delivery.id, csrf_token="wrong").status_code == 403
    assert page.press(delivery.id, do="erase").status_code == 400
    assert outbox.state(delivery) == ("needs_you", "refused")


# The words


def describe(clock: Clock, state: DeliveryState, reason: DeliveryReason | None) -> DeliveryRow:
    line = DeliveryLine(7, state, reason, 92, 100, clock(), clock(), "95", clock(), 1)
    return DeliveryRow(7, "Dana", "visioning", "Visioning", line, None, clock(), "100", ())


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("reason", [None, *DeliveryReason])
def test_every_state_and_reason_has_words(clock: Clock, state: DeliveryState, reason: DeliveryReason | None) -> None:
    if state is DeliveryState.NEEDS_YOU and reason in {None, DeliveryReason.KEPT_GRADEBOOK}:
        return
    if state is DeliveryState.WAITING and reason is DeliveryReason.KEPT_GRADEBOOK:
        return
    words = explain_delivery(describe(clock, state, reason), lambda _: "at noon", lambda _: "noon")
    assert words.state
    assert words.what_happened.endswith(".")
    if state is not DeliveryState.CONFIRMED:
        assert words.what_we_do.endswith(".")
        assert words.what_you_can_do.endswith(".")


@pytest.mark.parametrize("answer", [None, *AttemptAnswer])
def test_every_line_of_a_history_has_words(clock: Clock, answer: AttemptAnswer | None) -> None:
    assert explain_attempt(HistoryLine(clock(), 92, answer, None)).endswith(".")


def test_what_a_platform_wrote_is_never_markup(clock: Clock) -> None:
    words = explain_delivery(describe(clock, DeliveryState.SENT, None), lambda _: "<script>", lambda _: "<script>")
    assert "<script>" not in words.what_happened


# Columns that are missing


def test_sessions_without_a_column_are_told_and_can_be_asked_for(page: Page, make: Factory) -> None:
    words = page.get()
    assert "Sessions without a gradebook column" in words
    assert "Make a column for each of them" in words
    assert "Make the missing columns" not in words, "no score waits"
    make.earned_score(make.enrolment(make.user(name="Dana Whitfield")))
    words = page.get()
    assert "Make the missing columns" in words
    assert "On the Leading Edge of Visioning: 1 score waits for it" in words


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, "We are looking whether it is there, and make it if it is not."),
        ({"reason": "throttled"}, "The gradebook is busy and asked us to wait. We try again by ourselves."),
        ({"reason": "platform_down"}, "The gradebook does not answer. We try again by ourselves."),
        ({"reason": "tool_fault"}, "Something went wrong on our side, not on yours. We try again by ourselves."),
        ({"state": "needs_you", "reason": "no_permission"}, "does not let this tool make gradebook columns."),
        ({"state": "needs_you", "reason": "column_gone"}, "did not find this course's gradebook."),
        ({"state": "needs_you", "reason": "refused"}, "Your learning system did not make the column."),
        ({"state": "needs_you", "reason": "stale"}, "Your learning system did not make the column."),
    ],
)
def test_where_a_wish_for_a_column_is(page: Page, make: Factory, columns: dict[str, Any], told: str) -> None:
    is_over = "state" in columns
    make.column_request(**columns | ({"next_attempt_at": None} if is_over else {}))
    words = page.get()
    assert told in words
    assert ("as graded work and open it once." in words) == is_over


def test_a_wish_nobody_made_is_not_told(page: Page, make: Factory) -> None:
    make.column_request(may_make=False)
    assert "We are looking" not in page.get()


def test_asking_is_for_facilitators_only(page: Page) -> None:
    session_id = page.enter("participant")
    data = {"csrf_token": make_csrf_token(page.tool, session_id), "do": "all"}
    answer = page.client.post(f"/s/{session_id}/grades/columns", base_url=TOOL, data=data, headers={"Origin": TOOL})
    assert answer.status_code == 403
