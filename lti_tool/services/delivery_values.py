"""What passes between the database and a gradebook when a score is delivered, and the part of a client that is needed.

Nothing here opens a transaction or a connection: these values cross from one to the other.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from lti_tool.domain.deliveries import AttemptAnswer, GradebookNumber
from lti_tool.lti.errors import BadKeyError, NoKeyError, ServiceError
from lti_tool.lti.platforms import PlatformTraits
from lti_tool.lti.values import LineItemValue, PlatformAnswer, Registration, ResultValue, ScoreMessage

_log = logging.getLogger("lti_tool.deliveries")


class Gradebooks(Protocol):
    """The part of ``lti.ags.GradebookClient`` that delivery needs."""

    def send_score(self, registration: Registration, line_item_url: str, score: ScoreMessage) -> PlatformAnswer:
        """Send a score and classify the answer."""

    def read_results(
        self, registration: Registration, line_item_url: str, user_sub: str | None = None
    ) -> tuple[ResultValue, ...]:
        """Read what a column holds, for one person or for everybody; raises ServiceError."""

    def list_line_items(
        self, registration: Registration, line_items_url: str, *, scopes: Collection[str]
    ) -> tuple[LineItemValue, ...]:
        """List a course's columns; raises ServiceError."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One person's place in one column, and whether its content may be read."""

    registration: Registration
    line_item_url: str
    user_sub: str
    can_read: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """A score that is written down as begun and may now be sent.

    ``follows_doubt``: an earlier attempt with the same time may have been recorded, and nobody could look.
    """

    delivery_id: int
    begun_id: int
    version: int
    cell: Cell
    message: ScoreMessage
    follows_doubt: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt whose end is unknown: its cell has to be read before anything is sent again."""

    delivery_id: int
    begun_id: int
    cell: Cell


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended."""

    answer: AttemptAnswer
    status: int | None = None
    detail: str = ""
    retry_after: timedelta | None = None
    maybe_recorded: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell holds: nothing, a number, or ``failure`` if the platform did not say."""

    number: GradebookNumber | None = None
    comment: str | None = None
    recorded_at: datetime | None = None
    failure: Ending | None = None


def send(client: Gradebooks, sending: Sending) -> Ending:
    """Send the score; every way it can end is an Ending."""
    try:
        answer = client.send_score(sending.cell.registration, sending.cell.line_item_url, sending.message)
    except (NoKeyError, BadKeyError) as error:
        _log.exception("score not sent, the tool's keys cannot be used delivery=%s", sending.delivery_id)
        return Ending(AttemptAnswer.TOOL_FAULT, detail=str(error)[:500])
    except Exception as error:  # noqa: BLE001 - one score that cannot be sent must not hold up all others
        _log.exception("score not sent, fault in the tool delivery=%s", sending.delivery_id)
        return Ending(AttemptAnswer.TOOL_FAULT, detail=type(error).__name__, maybe_recorded=True)
    return to_ending(answer)


def read_cell(client: Gradebooks, cell: Cell) -> Reading:
    """Read one cell."""
    found = read_column(client, cell.registration, cell.line_item_url, cell.user_sub)
    return found if isinstance(found, Reading) else found.get(cell.user_sub, Reading())


def read_column(
    client: Gradebooks, registration: Registration, line_item_url: str, user_sub: str | None = None
) -> dict[str, Reading] | Reading:
    """Read a column, each person's cell by her ``sub``; one Reading with its failure if it cannot be read."""
    try:
        results = client.read_results(registration, line_item_url, user_sub)
    except ServiceError as error:
        return Reading(failure=to_ending(error.answer))
    except Exception as error:  # noqa: BLE001 - a column that cannot be read must not hold up sending
        _log.exception("column not read, fault in the tool registration=%s", registration.id)
        return Reading(failure=Ending(AttemptAnswer.TOOL_FAULT, detail=type(error).__name__))
    return {result.user_sub: _to_reading(result) for result in results}


def to_ending(answer: PlatformAnswer) -> Ending:
    """A platform's answer as an attempt's end."""
    return Ending(
        AttemptAnswer(answer.answer_class.value),
        answer.status,
        answer.detail,
        answer.retry_after,
        answer.maybe_recorded,
    )


def adds_every_comment(traits: PlatformTraits) -> bool:
    """Whether each comment is added to those before, instead of replacing them.

    Canvas adds (``scores_controller.rb``: ``submission.add_comment``), so a repeat would be read twice. Moodle
    replaces, and clears it when a score comes without one, so there it goes with every score.
    """
    return traits.sends_canvas_extension


def counts_attempts(traits: PlatformTraits) -> bool:
    """Whether a score can use up one of her attempts: where ``new_submission`` is understood (Canvas)."""
    return traits.sends_canvas_extension


def digest_comment(comment: str) -> str:
    """What is kept of a comment to know it again."""
    return sha256(comment.encode("utf-8", "surrogatepass")).hexdigest()


def _to_reading(result: ResultValue) -> Reading:
    number = None if result.score is None else GradebookNumber(result.score, result.maximum)
    return Reading(number, result.comment, result.recorded_at)
