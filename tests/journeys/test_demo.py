"""``make demo`` as a visitor meets it: real processes, real ports, Ctrl-C, and the same data next time."""

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lti_tool.demo import Demo, DemoError, prepare_demo, register_demo_lms, run_demo
from lti_tool.demo_lms.manners import Manner
from lti_tool.models import Context, LineItem, Registration, Submission, User
from lti_tool.models.store import open_store
from tests.support.clock import Clock
from tests.support.waiting import find_free_port, is_alive, list_descendants, wait_for

ANSWER_SECONDS = 90


@contextmanager
def running(folder: Path, port: int, lms_port: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as ``make demo`` starts it, from the moment it has printed its address."""
    command = [sys.executable, "-m", "lti_tool.cli", "demo", "--folder", str(folder)]
    command += ["--port", str(port), "--lms-port", str(lms_port), *more]
    log = folder.with_suffix(".log")
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output, text=True) as process:
        try:
            wait_for("the address", lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, ANSWER_SECONDS)
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bool(answer.status == 200)


def test_demo_starts_answers_stops_and_starts_again(tmp_path: Path) -> None:
    folder, port, lms_port = tmp_path / "demo", find_free_port(), find_free_port()
    with running(folder, port, lms_port) as demo:
        said = (tmp_path / "demo.log").read_text()
        assert f"http://localhost:{lms_port}" in said
        assert answers(f"http://localhost:{lms_port}/")
        assert answers(f"http://127.0.0.1:{port}/readyz")
        children = list_descendants(demo.pid)
        assert len(children) >= 5, "two servers with a worker process each, and the delivery worker"
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 0
    assert not [pid for pid in children if is_alive(pid)]
    keys = list_files(folder / "keys")
    before = count_rows(folder)
    assert before[User] >= 4

    with running(folder, find_free_port(), find_free_port()) as demo:
        children = list_descendants(demo.pid)
        if sys.platform == "linux":
            demo.kill()
            demo.wait(5)
            wait_for("everybody's end", lambda: not [pid for pid in children if is_alive(pid)], 20)
    assert count_rows(folder) == before
    assert list_files(folder / "keys") == keys


def list_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def count_rows(folder: Path) -> dict[type, int]:
    store = open_store(f"sqlite:///{folder / 'tool.sqlite3'}")
    with store.reading() as session:
        counts: dict[type, int] = {
            table: session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Registration, User, Submission)
        }
    store.engine.dispose()
    return counts


@pytest.mark.parametrize("taken", ["port", "lms_port"])
def test_a_taken_port_is_answered_with_the_command_to_type(tmp_path: Path, clock: Clock, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = {"port": find_free_port(), "lms_port": find_free_port(), taken: server.getsockname()[1]}
        with pytest.raises(DemoError, match=rf"Port {ports[taken]} is taken") as caught:
            run_demo(Demo(tmp_path / "demo", **ports, manner=Manner.CANVAS), now=clock.now(), say=print)
    command = re.search(r"PORT=(\d+) LMS_PORT=(\d+) MANNER=canvas make demo$", str(caught.value))
    assert command, str(caught.value)
    offered = dict(zip(("port", "lms_port"), map(int, command.groups()), strict=True))
    assert offered[taken] != ports[taken]
    assert not (tmp_path / "demo").exists(), "nothing is prepared for a demo that cannot run"


def test_both_ports_taken_are_named_together(tmp_path: Path, clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        demo = Demo(tmp_path / "demo", one.getsockname()[1], two.getsockname()[1])
        with pytest.raises(DemoError, match=r"Port \d+ and \d+ are taken .*PORT=\d+ LMS_PORT=\d+ make demo"):
            run_demo(demo, now=clock.now(), say=print)


def test_preparing_twice_changes_nothing(tmp_path: Path, clock: Clock) -> None:
    demo = Demo(tmp_path / "demo", 5000, 5001)
    first = prepare_demo(demo, now=clock.now(), say=print)
    keys, rows = list_files(demo.folder / "keys"), count_rows(demo.folder)
    said: list[str] = []
    assert prepare_demo(demo, now=clock.advance(days=1), say=said.append) == first
    assert (list_files(demo.folder / "keys"), count_rows(demo.folder)) == (keys, rows)
    assert said == ["Preparing the database ..."]


def test_another_lms_port_keeps_work_and_columns(tmp_path: Path, clock: Clock) -> None:
    first, second = Demo(tmp_path / "demo", 5000, 5001), Demo(tmp_path / "demo", 5000, 5051)
    environment = prepare_demo(first, now=clock.now(), say=print)
    rows = count_rows(first.folder)
    prepare_demo(second, now=clock.now(), say=print)
    assert count_rows(first.folder) == rows
    store = open_store(environment["LTI_TOOL_DATABASE_URL"])
    with store.reading() as session:
        urls = [*session.scalars(select(LineItem.url)), *session.scalars(select(Context.line_items_url))]
    assert register_demo_lms(store, second, now=clock.now()).issuer == "http://localhost:5051"
    store.engine.dispose()
    assert urls
    assert all(url is not None and url.startswith("http://localhost:5051/") for url in urls)


@pytest.mark.parametrize("manner", [Manner.CANVAS, Manner.MOODLE])
def test_each_manner_keeps_its_own_data_and_is_registered_as_its_family(
    tmp_path: Path, clock: Clock, manner: Manner
) -> None:
    strict, demo = Demo(tmp_path / "demo", 5000, 5001), Demo(tmp_path / "demo", 5000, 5001, manner)
    prepare_demo(strict, now=clock.now(), say=print)
    environment = prepare_demo(demo, now=clock.now(), say=print)
    families = {}
    for name, url in (
        ("strict", f"sqlite:///{strict.folder / 'tool.sqlite3'}"),
        (manner.value, environment["LTI_TOOL_DATABASE_URL"]),
    ):
        store = open_store(url)
        with store.reading() as session:
            families[name] = session.scalars(select(Registration.family)).all()
        store.engine.dispose()
    assert families == {"strict": ["other"], manner.value: [manner.value]}
    assert demo.folder.is_relative_to(strict.folder), "make demo-reset removes every manner's data"


@pytest.mark.parametrize("manner", ["canvas", "moodle"])
def test_demo_with_a_manner_answers_as_that_lms(tmp_path: Path, manner: str) -> None:
    lms_port = find_free_port()
    with running(tmp_path / "demo", find_free_port(), lms_port, "--manner", manner):
        said = (tmp_path / "demo.log").read_text()
        assert f"with the manners of {manner.title()}" in said
        with (
            pytest.raises(urllib.error.HTTPError) as refused,
            urllib.request.urlopen(f"http://localhost:{lms_port}/api/lti/courses/course-1/lineitems", timeout=10),
        ):
            pass
        body = refused.value.read().decode()
        refused.value.close()
    assert ('"errors"' if manner == "canvas" else '"reason"') in body


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="cannot be written"):
        prepare_demo(Demo(tmp_path / "file" / "demo", 5000, 5001), now=clock.now(), say=print)
