"""Transactions: who may write when, what is undone, and what is known to be open."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Barrier, Event

import pytest
from sqlalchemy import func, insert, literal, select

from lti_tool.models import Registration, Store
from lti_tool.models.store import has_open_transaction, open_store
from tests.support.clock import Clock
from tests.support.factories import Factory

COUNT = select(func.count()).select_from(Registration)


def _columns(name: str, clock: Clock) -> dict[str, object]:
    address = "https://lms.example.org"
    return {
        "name": name,
        "issuer": address,
        "client_id": name,
        "auth_url": address,
        "token_url": address,
        "jwks_url": address,
        "family": "other",
        "origins": [],
        "created_at": clock.now(),
    }


def test_rows_are_written_together_or_not_at_all(store: Store, clock: Clock) -> None:
    def write_and_fail() -> None:
        with store.writing_rows() as rows:
            rows.execute(insert(Registration), _columns("undone", clock))
            raise RuntimeError

    with store.writing_rows() as rows:
        rows.execute(insert(Registration), _columns("kept", clock))
    with pytest.raises(RuntimeError):
        write_and_fail()
    with store.reading_rows() as rows:
        assert list(rows.scalars(select(Registration.name))) == ["kept"]


def test_an_open_transaction_is_known_whichever_way_it_was_opened(store: Store) -> None:
    for open_one in (store.reading, store.writing, store.reading_rows, store.writing_rows):
        assert not has_open_transaction()
        with open_one():
            assert has_open_transaction()
    assert not has_open_transaction()


@pytest.mark.parametrize("by_rows", [True, False])
def test_two_writers_that_read_first_both_succeed(store: Store, clock: Clock, by_rows: bool) -> None:
    # On SQLite a transaction that begins by reading may not write once another has written since.
    has_read = Event()

    def write_second() -> None:
        has_read.wait(10)
        with store.writing_rows() as rows:
            rows.execute(insert(Registration), _columns("second", clock))

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(write_second)
        if by_rows:
            with store.writing_rows() as rows:
                assert rows.scalar(COUNT) == 0
                has_read.set()
                wait([second], timeout=0.3)
                rows.execute(insert(Registration), _columns("first", clock))
        else:
            with store.writing() as session:
                assert session.scalar(COUNT) == 0
                has_read.set()
                wait([second], timeout=0.3)
                session.execute(insert(Registration).values(_columns("first", clock)))
        second.result(timeout=20)
    with store.reading() as session:
        assert session.scalar(COUNT) == 2


def test_a_reader_inside_a_writer_does_not_ask_for_the_lock_again(store: Store, make: Factory) -> None:
    make.registration()
    with store.writing() as session:
        session.add(Registration(**_columns("not yet seen", Clock())))
        session.flush()
        with store.reading_rows() as rows:
            assert rows.scalar(COUNT) == 1


def test_a_new_file_is_opened_by_many_at_once(tmp_path: Path) -> None:
    """SQLite answers "locked" at once to whoever finds a file while another connection is switching it to WAL."""

    def open_first(store: Store) -> int:
        gate.wait()
        with store.engine.connect() as connection:
            return int(connection.scalar(select(literal(1))) or 0)

    for number in range(25):
        stores = [open_store(f"sqlite:///{tmp_path / f'{number}.sqlite3'}") for _ in range(6)]
        gate = Barrier(len(stores))
        with ThreadPoolExecutor(len(stores)) as pool:
            assert list(pool.map(open_first, stores)) == [1] * len(stores)
        for store in stores:
            store.engine.dispose()
