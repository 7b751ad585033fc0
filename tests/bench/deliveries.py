"""How many requests a delivered score takes, counted by the gradebook that receives them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lti_tool.lti import vocabulary
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.http import HttpClient
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.models.schema import upgrade_schema
from lti_tool.models.store import Store, open_store
from lti_tool.services.deliveries import deliver_due, next_due_at
from tests.bench.platform import Platform
from tests.support.clock import Clock
from tests.support.factories import Factory

_MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class ScoreRequests:
    """How many scores were delivered and confirmed, and the requests that sent them and that read them back."""

    delivered: int
    confirmed: int
    sending: int
    reading: int


def count_score_requests(folder: Path, platform: Platform, scores: int) -> ScoreRequests:
    """Deliver this many scores of one column with one worker, and read them all back."""
    clock = Clock(datetime.now(UTC))
    keys = folder / "tool_keys"
    rotate(keys, clock.now())
    store = open_store(f"sqlite:///{folder / 'scores.sqlite3'}")
    http = HttpClient(allow_http=True)
    try:
        upgrade_schema(store.engine)
        _queue_scores(store, clock, platform, scores)
        client = GradebookClient(Services(http, ToolKeys(keys), MemoryTokenCache(), clock))
        delivered = confirmed = 0
        for _ in range(_MOST_ROUNDS):
            due_at = next_due_at(store)
            if due_at is None:
                break
            if due_at > clock.now():
                clock.advance(due_at - clock.now())
            done = deliver_due(store, client, owner="bench", clock=clock)
            delivered += done.sent
            confirmed += done.confirmed
    finally:
        http.close()
        store.engine.dispose()
    counts = platform.counts
    return ScoreRequests(
        delivered=delivered,
        confirmed=confirmed,
        sending=counts["scores"] + counts[f"tokens for {vocabulary.SCOPE_SCORE}"],
        reading=counts["results"] + counts[f"tokens for {vocabulary.SCOPE_RESULT_READONLY}"],
    )


def _queue_scores(store: Store, clock: Clock, platform: Platform, scores: int) -> None:
    make = Factory(store, clock)
    make.registration(issuer=platform.url, token_url=f"{platform.url}/token", jwks_url=f"{platform.url}/jwks")
    make.context()
    cohort = make.cohort(is_default=True)
    column = make.line_item(url=f"{platform.url}/courses/42/line_items/1")
    for _ in range(scores):
        enrolment = make.enrolment(make.user(), cohort)
        make.score_delivery(make.earned_score(enrolment), column)
