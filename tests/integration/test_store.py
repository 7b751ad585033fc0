"""Transactions: what is written together stays together, on both databases, and one address means one database."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from lti_tool.models import Store, User
from lti_tool.models.store import has_open_transaction, normalize_url, open_store
from tests.support.factories import Factory


def test_an_exception_undoes_everything(store: Store, make: Factory) -> None:
    user = make.user(name="Before")

    def fail_midway() -> None:
        with store.writing() as session:
            session.get_one(User, user.id).name = "After"
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    with store.reading() as session:
        assert session.get_one(User, user.id).name == "Before"


def test_reading_changes_nothing(store: Store, make: Factory) -> None:
    user = make.user(name="Before")
    with store.reading() as session:
        session.get_one(User, user.id).name = "After"
    with store.reading() as session:
        assert session.get_one(User, user.id).name == "Before"


def test_an_open_transaction_can_be_seen(store: Store) -> None:
    assert not has_open_transaction()
    with store.reading():
        assert has_open_transaction()
        with store.writing():
            pass
        assert has_open_transaction()
    assert not has_open_transaction()


def test_two_writers_that_read_first_both_succeed(store: Store, make: Factory) -> None:
    """A deferred SQLite transaction would fail at once when it turns from reading to writing."""
    user = make.user(name="0")
    both_started = threading.Barrier(2, timeout=10)

    def add_one() -> None:
        both_started.wait()
        with store.writing() as session:
            row = session.scalars(select(User).where(User.id == user.id).with_for_update()).one()
            row.name = str(int(row.name or 0) + 1)

    threads = [threading.Thread(target=add_one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        assert session.get_one(User, user.id).name == "2"


def test_an_error_message_holds_no_words_of_people(store: Store, make: Factory) -> None:
    user = make.user(name="Nobody Else's Business")
    with pytest.raises(IntegrityError) as error, store.writing() as session:
        session.execute(
            text("INSERT INTO users (id, registration_id, sub, name) VALUES (:id, 1, 's', :name)"),
            {"id": user.id, "name": "Nobody Else's Business"},
        )
    assert "Business" not in str(error.value).split("[SQL")[-1]


def test_a_relative_sqlite_path_is_where_the_process_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert normalize_url("sqlite:///tool.sqlite3") == f"sqlite:///{tmp_path}/tool.sqlite3"
    store = open_store("sqlite:///tool.sqlite3")
    with store.writing() as session:
        session.execute(text("CREATE TABLE t (x INTEGER)"))
    store.engine.dispose()
    assert (tmp_path / "tool.sqlite3").is_file()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_hosts_spellings_of_postgresql_are_understood(scheme: str) -> None:
    assert normalize_url(f"{scheme}://u:p@h/db") == "postgresql+psycopg://u:p@h/db"


def test_an_address_of_memory_or_elsewhere_is_left_alone() -> None:
    for url in ("sqlite://", "sqlite:///:memory:", "sqlite:////var/lib/tool.sqlite3"):
        assert normalize_url(url) == url
