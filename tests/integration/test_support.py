"""The ground the tests stand on: empty databases, a closed network, and a guard that sees calls in transactions."""

import socket
import threading

import pytest
import pytest_socket
from sqlalchemy import func, select

from lti_tool.lti.errors import PlatformUnreachable
from lti_tool.lti.http import HttpClient
from lti_tool.models import Base, Store, User
from tests.support.clock import Clock
from tests.support.factories import Factory


@pytest.mark.parametrize("run", ["first", "second"])
def test_every_test_begins_with_empty_tables_and_first_ids(store: Store, make: Factory, run: str) -> None:
    with store.reading() as session:
        for table in Base.metadata.sorted_tables:
            assert session.scalar(select(func.count()).select_from(table)) == 0
    assert make.user().id == 1


def test_a_transaction_left_open_does_not_hold_up_the_next_test(store: Store, make: Factory) -> None:
    make.user()
    left_open = store.engine.connect()
    left_open.execute(select(User).with_for_update())


def test_rows_of_a_factory_lie_in_one_course(make: Factory) -> None:
    context, column, cohort = make.context(), make.line_item(), make.cohort()
    assert column.context_id == cohort.context_id == context.id
    assert make.submission().cohort_id == cohort.id


def test_the_clock_moves_when_told(clock: Clock) -> None:
    before = clock.now()
    assert clock() == before
    assert (clock.advance(minutes=5) - before).total_seconds() == 300
    assert clock.now() > before


def test_the_network_is_closed() -> None:
    with (
        socket.socket() as other,
        pytest.warns(UserWarning, match="192"),
        pytest.raises(pytest_socket.SocketConnectBlockedError),
    ):
        other.connect(("192.0.2.1", 443))


def test_this_machine_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.fixture
def client() -> HttpClient:
    return HttpClient(allow_http=True)


def test_a_platform_call_outside_a_transaction_passes(client: HttpClient) -> None:
    with pytest.raises(PlatformUnreachable):
        client.request("GET", "ftp://127.0.0.1/")


@pytest.mark.parametrize("begin", ["reading", "writing"])
def test_a_platform_call_inside_a_transaction_fails_the_test(
    store: Store, client: HttpClient, calls_in_transactions: list[str], begin: str
) -> None:
    with getattr(store, begin)(), pytest.raises(pytest.fail.Exception, match="while a transaction was open"):
        client.request("GET", "http://127.0.0.1:9/")
    assert calls_in_transactions == ["GET http://127.0.0.1:9/"]
    calls_in_transactions.clear()


def test_a_thread_has_transactions_of_its_own(store: Store, client: HttpClient) -> None:
    refusals: list[Exception] = []

    def call() -> None:
        try:
            client.request("GET", "ftp://127.0.0.1/")
        except PlatformUnreachable as error:
            refusals.append(error)

    with store.reading():
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    assert refusals
