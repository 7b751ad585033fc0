"""The README is kept true: its commands run, its tables are complete, its example is a series, its links lead on."""

import json
import os
import pkgutil
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask, abort
from markdown_it import MarkdownIt
from markdown_it.token import Token
from werkzeug.exceptions import default_exceptions

import lti_tool
from lti_tool import config
from lti_tool.app import create_app
from lti_tool.cli import lti_tool as command_line
from lti_tool.config import read_settings
from lti_tool.content.loader import default_series_folder, find_problems, load_series
from lti_tool.content.schema import ComputeKind, Depth, FieldType, Points, WorksheetField
from lti_tool.content.sources import list_sources, make_address
from lti_tool.domain.answer_gaps import find_gaps
from lti_tool.domain.deliveries import DeliveryReason, DeliveryState
from lti_tool.domain.scoring import Policy
from lti_tool.lti.errors import RefusalCode, RegistrationProblem
from lti_tool.models import Base
from lti_tool.services.errors import ToolError
from lti_tool.services.examples import fill_example
from lti_tool.services.visits import SessionEndedError
from lti_tool.web.delivery_words import _LOOKS
from lti_tool.web.errors import register_error_pages
from lti_tool.web.refusal_words import describe_refusal
from tests.support.source import ROOT
from tests.support.waiting import find_free_port, wait_for

README = ROOT / "README.md"
OWN_SERVER = "needs your own server"
EXAMPLE_ADDRESS = "https://leading-edge.example.org"
# What the README promises for later. When one of these exists, the README has something to tell.
PLANNED = {"backup", "restore", "person export", "person erase"}
MOST_PICTURE_BYTES = 250_000
COMMENT = re.compile(r"<!-- (.+?) -->\s*")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the HTML comment on the line before, and its line."""

    language: str
    text: str
    mark: str
    line: int

    @property
    def is_run_by_make(self) -> bool:
        return all(command.startswith("make ") for command in self.text.splitlines())


@cache
def parse() -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(README.read_text(encoding="utf-8")))


def list_marked() -> Iterator[tuple[Token, str, int]]:
    """Every block with the comment that stands on the line before it, or an empty one, and its place."""
    before: Token | None = None
    for place, token in enumerate(parse()):
        if token.map is None:
            continue
        found = COMMENT.fullmatch(before.content) if before is not None and before.type == "html_block" else None
        touches = before is not None and before.map is not None and before.map[1] == token.map[0]
        yield token, found[1] if found is not None and touches else "", place
        before = token


def list_blocks(language: str) -> list[Block]:
    return [
        Block(token.info, token.content, mark, token.map[0] + 1)
        for token, mark, _ in list_marked()
        if token.type == "fence" and token.info == language and token.map is not None
    ]


def read_table(name: str) -> list[list[str]]:
    """The rows of a table below ``<!-- table: name -->``, without its heads."""
    starts = [place for token, mark, place in list_marked() if mark == f"table: {name}" and token.type == "table_open"]
    assert len(starts) == 1, f"one table is marked {name}"
    rows: list[list[str]] = []
    for token in parse()[starts[0] :]:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token.content)
    return rows[1:]


def read_codes(name: str) -> list[str]:
    """The first column of a table, whose cells are code."""
    cells = [row[0] for row in read_table(name)]
    assert all(re.fullmatch(r"`[^`]+`", cell) for cell in cells), cells
    return [cell.strip("`") for cell in cells]


def read_statuses(name: str) -> dict[str, int]:
    return {row[0].strip("`"): int(row[1]) for row in read_table(name)}


def list_inline(kind: str) -> list[Token]:
    return [child for token in parse() for child in token.children or () if child.type == kind]


def test_nothing_is_listed_twice() -> None:
    for token, mark, _ in list_marked():
        if token.type == "table_open" and mark and mark != "table: certification":
            codes = read_codes(mark.removeprefix("table: "))
            assert sorted(codes) == sorted(set(codes))


# (a) What it says to type.


def is_typed(block: Block) -> bool:
    return block.mark != OWN_SERVER and not block.is_run_by_make


def write_example(folder: Path) -> list[Path]:
    """Write the files of the README's own series."""
    written = []
    for token, mark, _ in list_marked():
        if mark.startswith("file: "):
            path = folder / mark.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(token.content, encoding="utf-8")
            written.append(path)
    return written


def type_everything(folder: Path) -> tuple[str, dict[str, str]]:
    """Type every command of the README, one after the other; what was said, and the variables they left."""
    lines = ["set -eu"]
    for block in filter(is_typed, list_blocks("sh")):
        lines += [f"echo 'README.md:{block.line}' >&2", block.text]
    lines.append("python3 -c 'import json, os; print(json.dumps(dict(os.environ)))' > environment.json")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LTI_TOOL_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join(lines)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout, json.loads((folder / "environment.json").read_text())


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[Callable[[str], Any]]:
    """The server as the README starts it, at another port; yields what fetches JSON from it."""
    commands = [line for block in list_blocks("sh") for line in block.text.splitlines() if "serve --host" in line]
    (command,) = commands
    port = find_free_port()
    # One web process answers as two do, and starts sooner.
    words = [*shlex.split(command.replace("8000", str(port))), "--workers", "1"]

    def fetch(path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return json.load(answer)

    def has_started() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return server.poll() is not None

    log = folder / "serve.log"
    words[0] = str(Path(sys.executable).parent / words[0])
    with (
        log.open("w") as output,
        subprocess.Popen(words, cwd=folder, env=environment, stdout=output, stderr=output) as server,
    ):
        try:
            wait_for("the server", has_started, 90)
            assert server.poll() is None, log.read_text()
            yield fetch
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0, log.read_text()


def test_every_command_does_what_it_says_and_the_server_answers(tmp_path: Path) -> None:
    write_example(tmp_path)
    said, environment = type_everything(tmp_path)
    assert "lti-tool: " not in said, "a command complained"
    for words in (
        "signs from now on",
        "Registered Our Canvas as registration 1.",
        "Registered Our Moodle as registration 2.",
        "0 compared, 0 differ.",
        "my_series: nothing to mend.",
    ):
        assert words in said
    with serving(tmp_path, environment) as fetch:
        assert fetch("/healthz") == {"status": "ok"}
        assert fetch("/readyz")["status"] == "ok"
        assert len(fetch("/lti/jwks.json")["keys"]) == 2, "keys are made once and rotated once"


def test_every_block_of_commands_is_proved_somewhere() -> None:
    blocks = list_blocks("sh")
    assert sum(map(is_typed, blocks)) >= 8
    assert {block.mark for block in blocks} == {"", OWN_SERVER}
    assert [token.info for token in parse() if token.type == "fence" and token.info in {"", "bash", "shell"}] == []


def test_what_make_is_asked_for_exists() -> None:
    commands = [line for block in list_blocks("sh") if block.is_run_by_make for line in block.text.splitlines()]
    commands += [token.content for token in list_inline("code_inline") if token.content.startswith("make ")]
    assert {"make demo", "make test", "make demo-reset", "make help", "make bench"} <= set(commands)
    for command in set(commands):
        done = subprocess.run([*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_make_demo_is_what_the_demo_journey_runs() -> None:
    # Inside make test this is a make within a make, which would also say where it is.
    command = ["make", "-n", "--no-print-directory", "demo"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.rstrip().endswith("-m lti_tool.cli demo --port 5000 --lms-port 5001 --manner strict")
    journey = (ROOT / "tests" / "journeys" / "test_demo.py").read_text(encoding="utf-8")
    assert '"-m", "lti_tool.cli", "demo"' in journey


def list_named_commands() -> set[str]:
    """Every ``lti-tool ...`` of the text, and of the blocks that only a real server can run."""
    inline = [token.content for token in list_inline("code_inline")]
    lines = [
        line for block in list_blocks("sh") if block.mark == OWN_SERVER for line in block.text.splitlines()
    ] + inline
    return {found[1].strip() for line in lines if (found := re.search(r"(?:^|\s)lti-tool ([a-z].*)$", line))}


def find_command(words: list[str]) -> tuple[click.Command, list[str]] | None:
    """The command that these words name, and what is left for it."""
    command: click.Command = command_line
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return None
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("words", sorted(list_named_commands() - PLANNED))
def test_a_named_command_exists_with_its_options(words: str) -> None:
    found = find_command(shlex.split(words))
    assert found is not None
    known = {option for parameter in found[0].params for option in (*parameter.opts, "--help")}
    assert {word for word in found[1] if word.startswith("--")} <= known


@pytest.mark.parametrize("words", sorted(PLANNED))
def test_what_is_planned_is_not_there_yet(words: str) -> None:
    assert words.rsplit(maxsplit=1)[-1] in README.read_text(encoding="utf-8")
    assert find_command(words.split()) is None, "it is here: say so in the README"


# (b) Its tables of codes.


def list_tool_errors() -> set[type[ToolError]]:
    for found in pkgutil.walk_packages(lti_tool.__path__, "lti_tool."):
        if ".migrations" not in found.name:
            import_module(found.name)

    def list_kinds(kind: type[ToolError]) -> set[type[ToolError]]:
        return {kind}.union(*(list_kinds(narrower) for narrower in kind.__subclasses__()))

    return {kind for kind in list_kinds(ToolError) if kind.__module__.startswith("lti_tool.")}


def list_page_problems() -> dict[str, set[int]]:
    """Codes and statuses of the error pages that no use-case raises."""
    app = Flask(__name__)
    register_error_pages(app)

    @app.get("/<what>")
    def fail(what: str) -> str:
        if what == "session":
            raise SessionEndedError
        if what == "bug":
            raise ZeroDivisionError
        abort(int(what))

    found: dict[str, set[int]] = {}
    client = app.test_client()
    for what in ("session", "bug", *map(str, default_exceptions)):
        answer = client.get(f"/{what}", headers={"Accept": "application/json"})
        assert answer.json is not None
        found.setdefault(answer.json["code"], set()).add(answer.status_code)
    return found


def test_every_refused_launch_is_listed_with_its_status() -> None:
    assert read_statuses("refused launches") == {code.value: describe_refusal(code).status for code in RefusalCode}


def test_every_reason_not_to_register_is_listed() -> None:
    assert set(read_codes("registering")) == {problem.value for problem in RegistrationProblem}


def test_every_requirement_names_a_test_that_exists() -> None:
    named = [row[1].strip("`").split("::") for row in read_table("certification")]
    assert len(named) >= 20
    for path, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), f"{path}::{name}"


def test_every_refusal_inside_is_listed_with_its_status() -> None:
    known = list_page_problems()
    for kind in list_tool_errors():
        known.setdefault(kind.code, set()).add(kind.status)
    listed = read_statuses("session and work")
    assert set(listed) == set(known)
    assert {code: status for code, status in listed.items() if status not in known[code]} == {}


def test_every_delivery_reason_is_listed() -> None:
    assert set(read_codes("deliveries")) == {reason.value for reason in DeliveryReason}


def test_every_delivery_state_is_listed_in_its_own_words() -> None:
    words = {row[0].strip("`"): row[1] for row in read_table("states")}
    assert words == {state.value: _LOOKS[state][0] for state in DeliveryState}


def test_every_rule_of_scoring_is_named() -> None:
    text = README.read_text(encoding="utf-8")
    assert {policy for policy in Policy if f"| *{policy}*" not in text} == set()


# (c) Its settings.


def test_every_setting_is_listed() -> None:
    read = set(re.findall(r"LTI_TOOL_[A-Z_]*[A-Z]", Path(config.__file__).read_text(encoding="utf-8")))
    assert set(read_codes("settings")) == read


# (d) What is stored.


def test_every_table_is_listed() -> None:
    assert sorted(read_codes("stored") + read_codes("stored besides")) == sorted(Base.metadata.tables)


def test_tables_about_people_are_told_apart() -> None:
    names = {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name in {"users", "enrolments", "submissions"} for key in table.foreign_keys)
    }
    assert names - {"resource_links"} <= set(read_codes("stored")), "resource_links is named in the sentence above it"


# (e) Its series.


def test_the_example_series_has_nothing_to_mend(tmp_path: Path) -> None:
    files = write_example(tmp_path)
    assert len(files) == len(set(files)) >= 6
    assert find_problems(tmp_path / "my_series") == ()
    series = load_series(tmp_path / "my_series")
    assert [module.is_open for module in series.modules] == [True, False]


def test_the_example_series_shows_what_is_told_of_it(tmp_path: Path) -> None:
    write_example(tmp_path)
    series = load_series(tmp_path / "my_series")
    first, second = series.modules
    assert first.worksheet is not None
    assert first.exemplar is not None
    strong = fill_example(series, first.worksheet, first.exemplar.strong)
    assert find_gaps(first.worksheet, strong) == ()
    assert find_gaps(first.worksheet, fill_example(series, first.worksheet, first.exemplar.weak)) != ()
    assert second.worksheet is not None
    assert {make_address(source) for source in list_sources(second.worksheet)} == {
        "first_session.outcome",
        "first_session.steps",
    }
    assert series.points.readings + series.points.reflections + series.points.plan == 100


def test_every_kind_of_field_is_listed() -> None:
    assert set(read_codes("fields")) == {kind.value for kind in FieldType}


def test_everything_that_is_worked_out_and_every_mark_is_listed() -> None:
    kinds = [re.match(r"`\{kind: (\w+)", row[0]) for row in read_table("computed")]
    assert {kind[1] for kind in kinds if kind} == {kind.value for kind in ComputeKind}
    marks = {code.partition(":")[0] for code in read_codes("marks")}
    flags = {name for name, field in WorksheetField.model_fields.items() if field.annotation in {bool, Depth}}
    assert marks == flags


def test_the_usual_shares_of_a_score_are_told() -> None:
    (row,) = [row for row in README.read_text(encoding="utf-8").splitlines() if row.startswith("| *points* |")]
    usual = Points()
    assert f"The readings {usual.readings}, the reflections {usual.reflections}, the plan {usual.plan}" in row


# (f) Where it points to.


def test_links_lead_somewhere() -> None:
    heads = {
        re.sub(r"[^\w -]", "", after.content).lower().replace(" ", "-")
        for before, after in zip(parse(), parse()[1:], strict=False)
        if before.type == "heading_open"
    }
    targets = [str(token.attrGet("href")) for token in list_inline("link_open")]
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert target.removeprefix("#") in heads
        else:
            assert (ROOT / target).exists(), target


def test_pictures_are_there_and_small() -> None:
    pictures = [ROOT / str(token.attrGet("src")) for token in list_inline("image")]
    assert pictures
    assert all(token.content for token in list_inline("image")), "a picture is also told in words"
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG")
        assert struct.unpack(">I", content[16:20])[0] <= 1280
        assert len(content) < MOST_PICTURE_BYTES
    assert {path.name for path in pictures[0].parent.iterdir()} == {path.name for path in pictures}


def test_addresses_of_the_tool_exist() -> None:
    app = create_app(read_settings({"LTI_TOOL_ENV": "development", "LTI_TOOL_DATABASE_URL": "sqlite://"}))
    known = {rule.rule for rule in app.url_map.iter_rules()}
    text = README.read_text(encoding="utf-8")
    paths = set(re.findall(rf"{re.escape(EXAMPLE_ADDRESS)}(/[\w./]+)", text))
    assert paths == {"/lti/login", "/lti/launch", "/lti/jwks.json", "/lti/canvas.json", "/lti/setup"}
    named = {token.content for token in list_inline("code_inline") if token.content.startswith("/lti/")}
    assert named == {"/lti/privacy", "/lti/agreement", "/lti/accessibility"}
    assert paths | named | {"/healthz", "/readyz"} <= known
    assert "/metrics" not in known, "it is here: say so in the README"


def test_every_session_of_the_series_can_be_linked() -> None:
    text = README.read_text(encoding="utf-8")
    assert {
        module.key for module in load_series(default_series_folder()).modules if f"`{module.key}`" not in text
    } == set()


def test_the_bench_has_its_place() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count("<!-- bench table -->\n") == text.count("<!-- end of bench table -->\n") == 1
    assert text.index("<!-- bench table -->") < text.index("<!-- end of bench table -->")
