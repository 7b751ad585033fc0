"""Access tokens are shared by the processes of one installation, sealed, and never another tenant's."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select, update

from lti_tool.lti import vocabulary
from lti_tool.lti.connector import Services, ToolServiceConnector
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import AccessToken, Store
from lti_tool.models.store import open_store
from lti_tool.services.access_tokens import StoredTokenCache
from lti_tool.services.housekeeping import forget_ended_entries
from lti_tool.services.registrations import to_value
from tests.support.clock import Clock
from tests.support.factories import PLATFORM, Factory
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

SECRET = "s" * 40
SCORES, RESULTS = vocabulary.SCOPE_SCORE, vocabulary.SCOPE_RESULT_READONLY


class Platform:
    """Issues numbered tokens, and refuses those in ``refused``."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        rotate(folder / "keys", clock.now())
        self.keys, self.clock = ToolKeys(folder / "keys"), clock
        self.issued: list[tuple[str, str]] = []
        self.refused: set[str] = set()
        self.lifetime = 3600

    def make_process(self, store: Store, secret: str = SECRET) -> Services:
        """What one process calls with."""
        return Services(ScriptedClient(self._respond), self.keys, StoredTokenCache(store, secret), self.clock)

    def _respond(self, asked: Asked) -> HttpAnswer:
        if asked.url.endswith("/token"):
            form = parse_qs((asked.body or b"").decode())
            self.issued.append((asked.url, form["scope"][0]))
            return answer_json({"access_token": f"token-{len(self.issued)}", "expires_in": self.lifetime})
        token = asked.headers["Authorization"].removeprefix("Bearer ")
        return HttpAnswer(401, {}, b"") if token in self.refused else answer_json({"used": token})


@pytest.fixture
def platform(tmp_path: Path, clock: Clock) -> Platform:
    return Platform(tmp_path, clock)


@pytest.fixture
def registration(make: Factory) -> RegistrationValue:
    return to_value(make.registration())


def use(services: Services, registration: RegistrationValue, scope: str = SCORES) -> str:
    """The token a call goes out with in the end."""
    answer = ToolServiceConnector(registration, services).make_service_request([scope], f"{PLATFORM}/x")
    body = answer["body"]
    assert isinstance(body, dict)
    return str(body["used"])


def test_two_processes_use_one_token(
    platform: Platform, store: Store, database_url: str, registration: RegistrationValue
) -> None:
    other = open_store(database_url)
    assert use(platform.make_process(store), registration) == "token-1"
    assert use(platform.make_process(other), registration) == "token-1"
    assert len(platform.issued) == 1
    other.engine.dispose()


def test_each_scope_has_its_own(platform: Platform, store: Store, registration: RegistrationValue) -> None:
    process = platform.make_process(store)
    assert [use(process, registration, scope) for scope in (SCORES, RESULTS, SCORES)] == [
        "token-1",
        "token-2",
        "token-1",
    ]


def test_two_tenants_of_one_issuer_never_share(platform: Platform, store: Store, make: Factory) -> None:
    one, two = (to_value(make.registration()) for _ in range(2))
    assert one.issuer == two.issuer
    assert [use(platform.make_process(store), tenant) for tenant in (one, two, one, two)] == [
        *("token-1", "token-2"),
        *("token-1", "token-2"),
    ]


def test_a_row_moved_to_another_tenant_is_a_miss(platform: Platform, store: Store, make: Factory) -> None:
    one, two = (to_value(make.registration()) for _ in range(2))
    use(platform.make_process(store), one)
    use(platform.make_process(store), two)
    with store.writing() as session:
        first, second = session.scalars(select(AccessToken).order_by(AccessToken.registration_id))
        second.sealed = first.sealed
    assert use(platform.make_process(store), two) == "token-3"


def test_nothing_readable_is_kept(platform: Platform, store: Store, registration: RegistrationValue) -> None:
    use(platform.make_process(store), registration)
    with store.reading() as session:
        (row,) = session.scalars(select(AccessToken))
    assert row.registration_id == int(registration.id)
    assert "token-1" not in row.sealed
    assert len(row.name_digest) == 64


def test_a_token_is_used_until_shortly_before_it_ends(
    platform: Platform, store: Store, registration: RegistrationValue, clock: Clock
) -> None:
    use(platform.make_process(store), registration)
    with store.reading() as session:
        assert session.scalars(select(AccessToken.good_until)).all() == [clock() + timedelta(minutes=59)]
    clock.advance(minutes=58, seconds=59)
    assert use(platform.make_process(store), registration) == "token-1"
    clock.advance(seconds=1)
    assert use(platform.make_process(store), registration) == "token-2"
    with store.reading() as session:
        assert len(session.scalars(select(AccessToken)).all()) == 1, "in the old one's place"


def test_a_refused_token_is_forgotten_by_all_and_fetched_once(
    platform: Platform, store: Store, registration: RegistrationValue
) -> None:
    one, two = platform.make_process(store), platform.make_process(store)
    assert (use(one, registration), use(two, registration)) == ("token-1", "token-1")
    platform.refused = {"token-1"}
    assert use(one, registration) == "token-2"
    assert use(two, registration) == "token-2", "what the first has fetched since is not thrown away"
    assert use(platform.make_process(store), registration) == "token-2"
    assert len(platform.issued) == 2


@pytest.mark.parametrize("garbage", ["", "x", "gAAAAA", "ü" * 100])
def test_a_row_that_cannot_be_opened_is_a_miss(
    platform: Platform, store: Store, registration: RegistrationValue, garbage: str
) -> None:
    use(platform.make_process(store), registration)
    with store.writing() as session:
        session.execute(update(AccessToken).values(sealed=garbage))
    assert use(platform.make_process(store), registration) == "token-2"
    assert use(platform.make_process(store), registration) == "token-2"


def test_another_secret_key_is_a_miss(platform: Platform, store: Store, registration: RegistrationValue) -> None:
    use(platform.make_process(store), registration)
    assert use(platform.make_process(store, "another" * 6), registration) == "token-2"
    assert use(platform.make_process(store), registration) == "token-3"


def test_without_a_database_tokens_are_still_fetched(
    platform: Platform, store: Store, registration: RegistrationValue, caplog: pytest.LogCaptureFixture
) -> None:
    process = platform.make_process(store)
    with store.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE access_tokens RENAME TO mislaid")
    assert use(process, registration) == "token-1"
    assert use(process, registration) == "token-1", "this process remembers"
    platform.refused = {"token-1"}
    assert use(process, registration) == "token-2"
    assert "access token not kept" in caplog.text
    assert "token-1" not in caplog.text
    with store.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE mislaid RENAME TO access_tokens")


def test_a_platform_that_is_not_registered_yet_leaves_nothing(platform: Platform, store: Store, make: Factory) -> None:
    stranger = to_value(make.registration())
    stranger = type(stranger)(**{name: getattr(stranger, name) for name in stranger.__slots__} | {"id": ""})
    process = platform.make_process(store)
    assert (use(process, stranger), use(process, stranger)) == ("token-1", "token-1")
    with store.reading() as session:
        assert session.scalars(select(AccessToken)).all() == []


def test_tokens_that_are_over_are_tidied_away(
    platform: Platform, store: Store, registration: RegistrationValue, clock: Clock
) -> None:
    use(platform.make_process(store), registration)
    forget_ended_entries(store, now=clock())
    clock.advance(days=2)
    use(platform.make_process(store), registration, RESULTS)
    forget_ended_entries(store, now=clock())
    with store.reading() as session:
        (row,) = session.scalars(select(AccessToken))
    assert row.good_until > clock()
