"""The migrations make exactly the tables of the models, on both databases, and every CHECK refuses what it should."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, Engine, inspect, text, update
from sqlalchemy.exc import IntegrityError

from lti_tool.domain.submissions import WorkState
from lti_tool.models import Base, Store
from lti_tool.models.schema import SchemaError, SchemaState, check_schema, configure_alembic, upgrade_schema
from lti_tool.models.store import open_store
from tests.conftest import BOTH_DATABASES
from tests.support.clock import Clock
from tests.support.factories import Factory

VERSION_TABLE = "alembic_version"


@pytest.fixture(params=BOTH_DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    else:
        with request.getfixturevalue("postgres_databases").lend_empty() as url:
            yield url


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    store = open_store(empty_url)
    yield store.engine
    store.engine.dispose()


@pytest.fixture
def migrated(engine: Engine) -> Engine:
    upgrade_schema(engine)
    return engine


def describe_tables(engine: Engine) -> dict[str, Any]:
    """Everything the database itself says about its tables."""
    found = inspect(engine)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in found.get_columns(table)
            ],
            "primary key": found.get_pk_constraint(table),
            "foreign keys": sorted(found.get_foreign_keys(table), key=lambda key: str(key["name"])),
            "unique": sorted(found.get_unique_constraints(table), key=lambda unique: str(unique["name"])),
            "checks": sorted((str(check["name"]), check["sqltext"]) for check in found.get_check_constraints(table)),
            "indexes": sorted(
                (str(index["name"]), index["column_names"], bool(index["unique"]), *_say(index["dialect_options"]))
                for index in found.get_indexes(table)
            ),
        }
        for table in found.get_table_names()
        if table != VERSION_TABLE
    }


def _say(options: dict[str, Any]) -> list[str]:
    return sorted(f"{name}: {value}" for name, value in options.items())


def test_upgrade_from_empty_makes_what_the_models_describe(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    wanted = describe_tables(engine)
    Base.metadata.drop_all(engine)
    upgrade_schema(engine)
    made = describe_tables(engine)
    assert set(made) == set(Base.metadata.tables)
    for table, description in wanted.items():
        assert made[table] == description, table


def test_alembic_sees_no_difference_to_the_models(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_downgrade_leaves_nothing(migrated: Engine) -> None:
    with migrated.begin() as connection:
        command.downgrade(configure_alembic(connection), "base")
    assert set(inspect(migrated).get_table_names()) <= {VERSION_TABLE}


def test_every_constraint_has_a_name_of_its_own() -> None:
    tables = Base.metadata.tables.values()
    names = [str(constraint.name) for table in tables for constraint in table.constraints]
    names += [str(index.name) for table in tables for index in table.indexes]
    assert "None" not in names
    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for name in names), "PostgreSQL cuts longer names"


def test_state_of_a_database(engine: Engine) -> None:
    empty = check_schema(engine)
    assert (empty.state, empty.revision) == (SchemaState.BEHIND, None)
    assert "lti-tool db upgrade" in empty.in_words
    assert upgrade_schema(engine).state is SchemaState.BEHIND
    current = check_schema(engine)
    assert current.state is SchemaState.CURRENT
    assert current.revision == current.head
    assert upgrade_schema(engine).state is SchemaState.CURRENT


def test_a_database_of_a_later_version_is_left_alone(migrated: Engine) -> None:
    with migrated.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    assert check_schema(migrated).state is SchemaState.UNKNOWN
    with pytest.raises(SchemaError, match="9999"):
        upgrade_schema(migrated)


def test_somebody_elses_database_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE visitors (id INTEGER PRIMARY KEY)"))
    assert check_schema(engine).state is SchemaState.UNKNOWN
    with pytest.raises(SchemaError, match="other tables"):
        upgrade_schema(engine)
    assert inspect(engine).get_table_names() == ["visitors"]


def test_a_failing_upgrade_leaves_no_half(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(connection: Connection) -> None:
        raise SchemaError("stopped at the very end")

    monkeypatch.setattr("lti_tool.models.schema._refuse_broken_references", fail)
    with pytest.raises(SchemaError, match="very end"):
        upgrade_schema(engine)
    assert inspect(engine).get_table_names() == []


def test_several_upgrades_at_once_run_it_once(empty_url: str) -> None:
    stores = [open_store(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(len(stores)) as pool:
        found = [check.state for check in pool.map(lambda store: upgrade_schema(store.engine), stores)]
    assert sorted(found) == [SchemaState.BEHIND, *[SchemaState.CURRENT] * 3]
    assert check_schema(stores[0].engine).state is SchemaState.CURRENT
    for store in stores:
        store.engine.dispose()


def test_foreign_keys_hold_after_an_upgrade(migrated: Engine) -> None:
    with pytest.raises(IntegrityError), migrated.begin() as connection:
        connection.execute(Base.metadata.tables["delivery_leases"].insert().values(registration_id=404))


def make_rows(make: Factory, clock: Clock) -> dict[str, Any]:
    """A good row of every table that has a CHECK."""
    author = make.user()
    enrolment = make.enrolment(author)
    return {
        "registrations": make.registration(),
        "launch_sessions": make.launch_session(author),
        "memberships": make.membership(author),
        "line_items": make.line_item(),
        "cohorts": make.cohort(),
        "submissions": make.submission(enrolment),
        "revisions": make.revision(),
        "reviews": make.review(),
        "earned_scores": make.earned_score(),
        "score_deliveries": make.score_delivery(),
        "score_attempts": make.score_attempt(),
        "delivery_leases": make.delivery_lease(),
        "column_requests": make.column_request(),
        "return_notes": make.return_note(),
        "rosters": make.roster(),
        "roster_entries": make.roster_entry(),
        "invites": make.invite(),
        "notice_handlers": make.notice_handler(),
    }


def bad_values(rows: dict[str, Any], clock: Clock) -> dict[str, list[dict[str, Any]]]:
    """For every CHECK, changes to a good row that it has to refuse."""
    author, reviewer = rows["reviews"].author_id, rows["reviews"].reviewer_id
    begun = rows["score_attempts"].id
    later = clock.now() + timedelta(minutes=30)
    leased = {"lease_owner_id": reviewer, "lease_expires_at": later}
    return {
        "ck_registrations_family": [{"family": "sakai"}],
        "ck_launch_sessions_standing": [{"standing": "guest"}],
        "ck_memberships_standing": [{"standing": "guest"}],
        "ck_line_items_maximum": [{"maximum": 0}, {"maximum": -1}],
        "ck_cohorts_policy": [{"policy": "luck"}],
        "ck_submissions_state": [{"state": "lost"}],
        "ck_submissions_kind": [{"kind": "reading"}],
        "ck_submissions_lease_has_owner_and_end": [{"lease_expires_at": later}],
        "ck_submissions_in_review_has_lease": [{"state": WorkState.IN_REVIEW}, leased],
        "ck_submissions_reviewed_has_review": [
            {"state": WorkState.ACCEPTED},
            {"state": WorkState.RETURNED},
            {"current_review_id": rows["reviews"].id},
        ],
        "ck_submissions_nobody_reviews_own_work": [{"state": WorkState.IN_REVIEW, **leased, "lease_owner_id": author}],
        "ck_submissions_draft_version": [{"draft_version": -1}],
        "ck_revisions_number": [{"number": 0}],
        "ck_reviews_status": [{"status": "lost", "decision": "accept", "released_at": later}],
        "ck_reviews_decision": [{"decision": "maybe"}],
        "ck_reviews_reviewer_is_not_author": [{"reviewer_id": author}],
        "ck_reviews_released_has_decision": [
            {"status": "released", "released_at": later},
            {"status": "released", "decision": "accept"},
            {"status": "superseded", "released_at": later},
            {"released_at": later},
        ],
        "ck_earned_scores_points_within_maximum": [{"points": -1}, {"points": 101}],
        "ck_score_deliveries_state": [{"state": "lost"}],
        "ck_score_deliveries_reason": [{"reason": "no reason we know"}],
        "ck_score_deliveries_need_has_reason": [{"state": "needs_you"}],
        "ck_score_deliveries_waiting_has_time": [{"next_attempt_at": None}],
        "ck_score_deliveries_score_within_maximum": [{"score": -1}, {"score": 101}, {"score": 0, "maximum": 0}],
        "ck_score_deliveries_versions_in_order": [{"confirmed_version": 1}, {"sent_version": 2}],
        "ck_score_attempts_phase": [{"phase": "half", "begun_id": begun, "answer": "sent"}],
        "ck_score_attempts_answer": [{"phase": "ended", "begun_id": begun, "answer": "no answer we know"}],
        "ck_score_attempts_end_has_beginning": [{"begun_id": begun}, {"phase": "ended", "answer": "sent"}],
        "ck_score_attempts_end_has_answer": [{"answer": "sent"}, {"phase": "ended", "begun_id": begun}],
        "ck_delivery_leases_owner_and_end": [{"owner": "worker-1"}, {"expires_at": later}],
        "ck_delivery_leases_failures_and_silence": [{"failures": 1}, {"silent_since": later}],
        "ck_column_requests_state": [{"state": "lost", "next_attempt_at": None}],
        "ck_column_requests_waiting_has_time": [{"next_attempt_at": None}, {"state": "done"}],
        "ck_return_notes_state": [{"state": "lost", "next_attempt_at": None}],
        "ck_return_notes_waiting_has_time": [{"next_attempt_at": None}, {"state": "sent"}],
        "ck_rosters_failures": [{"failures": -1}],
        "ck_notice_handlers_failures": [{"failures": -1}],
        "ck_roster_entries_status": [{"status": "asleep"}],
        "ck_roster_entries_standing": [{"standing": "guest"}],
        "ck_invites_used_by_registration": [{"used_at": later}, {"registration_id": rows["registrations"].id}],
    }


def checks_of_models() -> dict[str, str]:
    """Every CHECK by name, and its table."""
    return {
        str(constraint.name): table.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def test_every_check_is_in_the_database_by_name(store: Store) -> None:
    found = inspect(store.engine)
    names = {check["name"]: table for table in found.get_table_names() for check in found.get_check_constraints(table)}
    assert names == checks_of_models()


def test_every_check_refuses_a_bad_row(store: Store, make: Factory, clock: Clock) -> None:
    rows = make_rows(make, clock)
    refused = bad_values(rows, clock)
    tables = checks_of_models()
    assert set(refused) == set(tables), "a CHECK without a bad row that tries it, or the other way round"
    for name, attempts in refused.items():
        row = rows[tables[name]]
        key = inspect(type(row)).primary_key[0]
        for values in attempts:
            change = update(type(row)).where(key == inspect(row).identity[0]).values(values)
            with pytest.raises(IntegrityError) as caught, store.writing() as session:
                session.execute(change)
            broken = set(re.findall(r"\bck_\w+", str(caught.value.orig)))
            assert broken == {name}, f"{values} should break {name}, not {broken}"


def test_a_course_has_one_default_cohort(make: Factory) -> None:
    make.cohort(is_default=True)
    with pytest.raises(IntegrityError, match=r"uq_cohorts_one_default|cohorts\.context_id"):
        make.cohort(is_default=True)


def test_a_revision_has_one_released_review(make: Factory, clock: Clock) -> None:
    released: dict[str, Any] = {"status": "released", "decision": "accept", "released_at": clock.now()}
    make.review(**released)
    make.review(**released | {"status": "superseded"})
    with pytest.raises(IntegrityError, match=r"uq_reviews_one_released|reviews\.revision_id"):
        make.review(**released)
