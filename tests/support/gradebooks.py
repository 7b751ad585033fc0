"""A gradebook in memory that behaves as strictly as a real one and fails as a test asks it to."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lti_tool.lti.errors import ServiceError
from lti_tool.lti.values import AnswerClass, LineItemValue, PlatformAnswer, Registration, ResultValue, ScoreMessage
from lti_tool.models.store import has_open_transaction


class Killed(BaseException):
    """The worker's process ended here."""


@dataclass(slots=True)
class GradebookCell:
    """What one cell holds. ``comments`` grows where comments are added and holds one where they are replaced."""

    score: Decimal | None = None
    maximum: Decimal = Decimal(100)
    written_at: datetime | None = None
    comments: list[str] = field(default_factory=list)
    attempts: int = 0


class MemoryGradebook:
    """Every column there is; refuses a time that does not rise by a whole second, as Moodle does.

    ``plan`` holds what happens to the next scores, one each: an answer class answered instead of recording, or a
    function called with the message that may record it (``book.record``) and returns the answer.
    """

    def __init__(self, *, adds_comments: bool = False) -> None:
        self.adds_comments = adds_comments
        self.cells: dict[tuple[str, str], GradebookCell] = {}
        self.sent: list[ScoreMessage] = []
        self.reads: list[tuple[str, str | None]] = []
        self.plan: list[AnswerClass | Callable[[str, ScoreMessage], PlatformAnswer]] = []
        self.read_failures: list[AnswerClass] = []
        self.columns: list[LineItemValue] = []
        self.listings: list[str] = []
        self.listing_failures: list[AnswerClass] = []
        self.when_read: Callable[[], None] = lambda: None

    def cell(self, url: str, sub: str) -> GradebookCell:
        """The cell of this person in this column."""
        return self.cells.setdefault((url, sub), GradebookCell())

    def send_score(self, registration: Registration, line_item_url: str, score: ScoreMessage) -> PlatformAnswer:
        assert not has_open_transaction()
        self.sent.append(score)
        if self.plan:
            step = self.plan.pop(0)
            if isinstance(step, AnswerClass):
                return PlatformAnswer(step, None, f"planned: {step}")
            return step(line_item_url, score)
        return self.record(line_item_url, score)

    def read_results(
        self, registration: Registration, line_item_url: str, user_sub: str | None = None
    ) -> tuple[ResultValue, ...]:
        assert not has_open_transaction()
        self.reads.append((line_item_url, user_sub))
        self.when_read()
        self.when_read = lambda: None
        if self.read_failures:
            raise ServiceError(PlatformAnswer(self.read_failures.pop(0), None, "planned"))
        return tuple(
            ResultValue(
                sub, cell.score, cell.maximum, None if self.adds_comments or not cell.comments else cell.comments[-1]
            )
            for (url, sub), cell in self.cells.items()
            if url == line_item_url and user_sub in {None, sub}
        )

    def list_line_items(
        self, registration: Registration, line_items_url: str, *, scopes: Collection[str]
    ) -> tuple[LineItemValue, ...]:
        assert not has_open_transaction()
        self.listings.append(line_items_url)
        if self.listing_failures:
            raise ServiceError(PlatformAnswer(self.listing_failures.pop(0), None, "planned"))
        return tuple(self.columns)

    def record(self, url: str, score: ScoreMessage) -> PlatformAnswer:
        """Take a score as a real gradebook does."""
        cell = self.cell(url, score.user_sub)
        if cell.written_at is not None and int(score.timestamp.timestamp()) <= int(cell.written_at.timestamp()):
            return PlatformAnswer(AnswerClass.STALE, 409, "A later score is there.")
        cell.score = Decimal(score.score_given) * cell.maximum / Decimal(score.score_maximum)
        cell.written_at = score.timestamp
        cell.attempts += score.is_new_attempt
        if not self.adds_comments:
            cell.comments.clear()
        if score.comment is not None:
            cell.comments.append(score.comment)
        return PlatformAnswer(AnswerClass.SENT, 200, "")

    def record_and_lose_answer(self, url: str, score: ScoreMessage) -> PlatformAnswer:
        """Take it, but the answer never arrives."""
        self.record(url, score)
        return PlatformAnswer(AnswerClass.PLATFORM_DOWN, None, "timeout", maybe_recorded=True)

    def lose_score(self, _url: str, _score: ScoreMessage) -> PlatformAnswer:
        """The request is lost on its way, which looks just the same."""
        return PlatformAnswer(AnswerClass.PLATFORM_DOWN, None, "timeout", maybe_recorded=True)

    def record_and_kill(self, url: str, score: ScoreMessage) -> PlatformAnswer:
        """Take it; the worker dies before it hears of it."""
        self.record(url, score)
        raise Killed

    def kill_before(self, _url: str, _score: ScoreMessage) -> PlatformAnswer:
        """The worker dies with the attempt begun and nothing sent."""
        raise Killed
