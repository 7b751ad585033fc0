"""The command line: help everywhere, one line and an exit code for every refusal, JSON where it reads."""

import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from lti_tool.cli import lti_tool as program
from lti_tool.lti.tool_keys import rotate
from tests.support.clock import Clock
from tests.support.command_line import CommandLine, assert_one_line
from tests.support.factories import Factory
from tests.support.waiting import find_free_port
from tests.unit.content.broken import MODULE, BrokenSeries

ADD = ["platform", "add", "--name", "Moodle", "--issuer", "https://m.example.org", "--client-id", "abc"]
ADD += ["--auth-url", "https://m.example.org/auth", "--token-url", "https://m.example.org/token"]
ADD += ["--jwks-url", "https://m.example.org/jwks"]


def list_commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [path]
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found += list_commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


COMMANDS = list_commands(program)


def test_every_command_of_the_contract_is_there() -> None:
    wanted = "serve|worker|demo|db upgrade|db check|platform add|platform list|platform show|platform edit"
    wanted += "|platform remove|platform check|invite|keys list|keys rotate|grades status|grades retry"
    wanted += "|grades reconcile|content check"
    assert {tuple(words.split()) for words in wanted.split("|")} <= set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "lti-tool")
def test_every_command_explains_itself(run: CommandLine, path: tuple[str, ...]) -> None:
    outcome = run(*path, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: lti-tool {' '.join(path)}".rstrip())
    assert len(outcome.out.splitlines()) > 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["platform", "nonsense"],
        ["platform", "add", "--name", "x"],
        ["platform", "show"],
        ["platform", "show", "one"],
        ["platform", "edit", "1"],
        [*ADD, "--family", "sakai"],
        ["serve", "--port", "0"],
        ["grades", "retry"],
        ["grades", "retry", "1", "--all"],
        ["content", "check", "no-such-folder"],
        ["db", "check", "--nonsense"],
    ],
    ids=" ".join,
)
def test_misuse_is_one_line_and_exit_code_2(run: CommandLine, arguments: list[str]) -> None:
    outcome = run(*arguments)
    assert_one_line(outcome, 2)
    assert "--help" in outcome.err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LTI_TOOL_BASE_URL", "", "LTI_TOOL_BASE_URL"),
        ("LTI_TOOL_BASE_URL", "http://tool.example.org", "https"),
        ("LTI_TOOL_SECRET_KEY", "short", "LTI_TOOL_SECRET_KEY"),
        ("LTI_TOOL_ENV", "testing", "production"),
        ("LTI_TOOL_DATABASE_URL", "mysql://x/y", "LTI_TOOL_DATABASE_URL"),
        ("LTI_TOOL_DATABASE_URL", "nonsense", "LTI_TOOL_DATABASE_URL"),
        ("LTI_TOOL_DATABASE_URL", "sqlite:////no/such/folder/tool.sqlite3", "database"),
        ("LTI_TOOL_DATABASE_URL", "postgresql://nobody@/tool?host=/no/such/folder", "database"),
    ],
)
def test_wrong_settings_are_one_line(
    run: CommandLine, environment: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    environment.setenv(name, value)
    outcome = run("platform", "list")
    assert_one_line(outcome, 1)
    assert words in outcome.err


def test_database_from_nothing_to_current(run: CommandLine) -> None:
    behind = run("db", "check")
    assert_one_line(behind, 1)
    assert "lti-tool db upgrade" in behind.err
    assert run("platform", "list").err == behind.err
    as_json = run("db", "check", "--json")
    assert (as_json.code, as_json.json["state"]) == (1, "behind")
    upgraded = run("db", "upgrade")
    assert (upgraded.code, upgraded.err) == (0, "")
    assert "is now at revision" in upgraded.out
    assert "up to date" in run("db", "upgrade").out
    assert run("db", "check").code == 0
    assert run("db", "check", "--json").json["state"] == "current"


def test_a_platform_from_adding_to_removing(run_on: CommandLine) -> None:
    assert "platform add" in run_on("platform", "list").out
    assert run_on("platform", "list", "--json").json == []
    added = run_on(*ADD)
    assert (added.code, added.err) == (0, "")
    assert "registration 1" in added.out
    assert "first launch" in added.out
    shown = run_on("platform", "show", "1", "--json").json
    assert (shown["issuer"], shown["family"], shown["deployments"]) == ("https://m.example.org", "other", [])
    edited = run_on("platform", "edit", "1", "--deployment-id", "7", "--origin", "https://school.example.org")
    assert "deployments:  7" in edited.out
    assert run_on("platform", "show", "1", "--json").json["origins"] == ["https://school.example.org"]
    assert "--active" in run_on("platform", "remove", "1").out
    assert "(removed)" in run_on("platform", "list").out
    assert run_on("platform", "edit", "1", "--active").code == 0
    assert run_on("platform", "list", "--json").json[0]["is_active"] is True


def test_a_refused_platform_is_one_line(run_on: CommandLine) -> None:
    run_on(*ADD)
    for arguments, words in (
        (ADD, "registered already"),
        ([*ADD, "--issuer", "http://m.example.org"], "issuer"),
        (["platform", "show", "404"], "no registration 404"),
        (["platform", "remove", "404"], "no registration 404"),
        (["platform", "edit", "1", "--token-url", "nowhere"], "token address"),
    ):
        outcome = run_on(*arguments)
        assert_one_line(outcome, 1)
        assert words in outcome.err


def test_keys_are_made_listed_and_rotated(run: CommandLine, tmp_path: Path) -> None:
    assert "lti-tool keys rotate" in run("keys", "list").out
    assert run("keys", "list", "--json").json == []
    assert run("keys", "rotate").code == 0
    (first,) = run("keys", "list", "--json").json
    assert (first["signs"], first["is_safe_to_remove"]) == (True, False)
    assert Path(first["file"]).stat().st_mode & 0o777 == 0o600
    assert "is safe to remove once this one is a day old" in run("keys", "rotate").out
    newest, older = run("keys", "list", "--json").json
    assert older == first | {"signs": False}
    assert newest["kid"] in run("keys", "list").out.splitlines()[0]
    lines = run("keys", "list").out.splitlines()
    assert [("signs" in line, "published" in line) for line in lines] == [(True, False), (False, True)]
    (tmp_path / "keys" / "20300101T000000Z.pem").write_text("not a key")
    assert_one_line(run("keys", "list"), 1)


def test_key_is_safe_to_remove_a_day_after_it_signed_last(run: CommandLine, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for age in (timedelta(days=40), timedelta(days=2), timedelta(hours=23)):
        rotate(tmp_path / "keys", now - age)
    newest, second, oldest = run("keys", "list", "--json").json
    assert [key["is_safe_to_remove"] for key in (newest, second, oldest)] == [False, False, True]
    lines = run("keys", "list").out.splitlines()
    assert ["safe to remove" in line for line in lines] == [False, False, True]
    Path(oldest["file"]).unlink()
    assert [key["kid"] for key in run("keys", "list", "--json").json] == [newest["kid"], second["kid"]]


def test_the_shipped_series_has_nothing_to_mend(run: CommandLine) -> None:
    outcome = run("content", "check")
    assert (outcome.code, outcome.err) == (0, "")


def test_mistakes_in_a_series_are_listed_by_file_and_line(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "series.yaml").write_text("title: 3\nmodules: [\n")
    outcome = run("content", "check", str(tmp_path))
    assert_one_line(outcome, 1)
    assert "series.yaml:" in outcome.out


def test_the_outbox_is_counted(run_on: CommandLine, make: Factory) -> None:
    make.score_delivery()
    status = run_on("grades", "status")
    assert status.code == 0
    assert "waiting:    1" in status.out
    assert run_on("grades", "status", "--json").json["states"]["waiting"] == 1


def test_a_score_is_tried_again_when_asked(run_on: CommandLine, make: Factory, clock: Clock) -> None:
    later = clock.now() + timedelta(days=400)
    delivery = make.score_delivery(next_attempt_at=later)
    assert "1 will be tried" in run_on("grades", "retry", str(delivery.id)).out
    with make.changing(delivery) as row:
        row.next_attempt_at = later
    assert "1 will be tried" in run_on("grades", "retry", "--all").out
    assert_one_line(run_on("grades", "retry", "404"), 1)


def test_gradebooks_are_compared(run_on: CommandLine) -> None:
    run_on("keys", "rotate")
    outcome = run_on("grades", "reconcile")
    assert outcome.code == 0
    assert "0 compared" in outcome.out


def test_serving_is_refused_until_all_is_ready(run: CommandLine) -> None:
    port = str(find_free_port())
    assert "lti-tool keys rotate" in run("serve", "--port", port).err
    run("keys", "rotate")
    refused = run("serve", "--port", port)
    assert_one_line(refused, 1)
    assert "lti-tool db upgrade" in refused.err
    assert_one_line(run("worker"), 1)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_broken_series_stops_the_start_with_what_the_check_says(
    run: CommandLine, environment: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    run("keys", "rotate")
    run("db", "upgrade")
    broken = BrokenSeries(tmp_path)
    line = broken.change(MODULE, "key: soil", "key: soil\nmood: sunny")
    checked = run("content", "check", str(broken.folder))
    environment.setenv("LTI_TOOL_SERIES_DIR", str(broken.folder))
    refused = run(command)
    *named, last = refused.err.splitlines()
    assert refused.code == checked.code == 1
    assert f"{MODULE}:{line + 1}" in named[0]
    assert set(named) <= set(checked.out.splitlines())
    assert last.startswith("lti-tool: The series in ")
    assert "nothing was started" in last


def test_a_taken_port_is_said_in_one_line(run: CommandLine) -> None:
    run("keys", "rotate")
    run("db", "upgrade")
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = run("serve", "--port", str(server.getsockname()[1]))
    assert_one_line(outcome, 1)
    assert "taken" in outcome.err


def test_a_reader_who_left_is_no_fault() -> None:
    command = f"{sys.executable} -m lti_tool.cli --help | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
