"""The operator's commands about platforms: inviting one, trying everything between us, letting people in without id."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.models import Invite, Registration, Store
from tests.support.command_line import CommandLine, assert_one_line
from tests.support.factories import Factory
from tests.support.running_lms import RunningLms
from tests.support.waiting import find_free_port

ADD = [
    "platform",
    "add",
    "--name",
    "Canvas",
    "--issuer",
    "https://canvas.instructure.com",
    "--client-id",
    "10000000001",
]
ADD += ["--auth-url", "https://sso.canvaslms.com/api/lti/authorize_redirect"]
ADD += ["--token-url", "https://sso.canvaslms.com/login/oauth2/token"]
ADD += ["--jwks-url", "https://sso.canvaslms.com/api/lti/security/jwks"]


# Inviting.


def test_an_invitation_is_an_address_that_is_shown_once(run_on: CommandLine, store: Store) -> None:
    made = run_on("invite", "--name", "District Moodle", "--days", "3")
    address, words = made.out.splitlines()
    assert re.fullmatch(r"https://tool\.example\.org/lti/register/[\w-]{22,}", address)
    assert "It works once, until" in words
    secret = address.rsplit("/", 1)[1]
    with store.reading() as session:
        kept = session.scalars(select(Invite)).one()
    assert secret not in repr(vars(kept)), "only its digest is kept"
    assert timedelta(days=3) - timedelta(minutes=1) < kept.expires_at - datetime.now(UTC) <= timedelta(days=3)
    listed = run_on("invite", "--list")
    assert "District Moodle" in listed.out
    assert "open until" in listed.out
    assert secret not in listed.out


def test_an_invitation_as_json(run_on: CommandLine) -> None:
    made = run_on("invite", "--json").json
    assert made["address"].startswith("https://tool.example.org/lti/register/")
    assert datetime.fromisoformat(made["expires_at"]) > datetime.now(UTC)
    (listed,) = run_on("invite", "--list", "--json").json
    assert (listed["id"], listed["name"], listed["registration_id"]) == (made["id"], None, None)


def test_invitations_that_ended_are_listed_with_their_end(run_on: CommandLine, store: Store, make: Factory) -> None:
    assert "lti-tool invite" in run_on("invite", "--list").out
    row = make.registration()
    for name in ("used", "late"):
        run_on("invite", "--name", name)
    with store.writing() as session:
        used, late = session.scalars(select(Invite).order_by(Invite.id)).all()
        used.used_at, used.registration_id = datetime.now(UTC), row.id
        late.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    lines = run_on("invite", "--list").out.splitlines()
    assert [line.split("UTC  ", 1)[1] for line in lines] == ["late  ran out", f"used  led to registration {row.id}"]


@pytest.mark.parametrize("days", ["0", "1000", "soon"])
def test_an_odd_number_of_days_is_misuse(run_on: CommandLine, days: str) -> None:
    assert_one_line(run_on("invite", "--days", days), 2)


# Trying everything.


@contextmanager
def running_lms(folder: Path) -> Iterator[RunningLms]:
    """The demo LMS and our own keys."""
    rotate(folder / "keys", datetime.now(UTC) - timedelta(minutes=1))
    lms = RunningLms(folder / "lms", find_free_port(), folder / "keys")
    lms.start()
    yield lms
    lms.stop()


def test_a_check_says_line_by_line_what_came_back(
    run_on: CommandLine, environment: pytest.MonkeyPatch, make: Factory, tmp_path: Path
) -> None:
    environment.setenv("LTI_TOOL_ENV", "development")
    environment.setenv("LTI_TOOL_BASE_URL", f"http://127.0.0.1:{find_free_port()}")
    with running_lms(tmp_path) as lms:
        lms.register(make)
        done = run_on("platform", "check", "1")
        as_json = run_on("platform", "check", "1", "--json")
    assert done.code == as_json.code == 1
    lines = {line["key"]: line for line in as_json.json["lines"]}
    printed = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[0] for line in printed] == [line["state"].upper() for line in lines.values()]
    assert (lines["platform_keys"]["state"], lines["token"]["state"]) == ("good", "good")
    assert lines["own_keys"]["state"] == "problem", "nobody serves our pages in this test"
    problems = [line for line in as_json.json["lines"] if line["state"] == "problem"]
    assert all(line["to_do"] for line in problems)
    assert all(line["to_do"] in done.out for line in problems)
    assert "eyJ" not in done.out + str(as_json.json), "no token is ever printed"


def test_a_check_of_nothing_is_one_line(run_on: CommandLine, tmp_path: Path) -> None:
    rotate(tmp_path / "keys", datetime.now(UTC))
    outcome = run_on("platform", "check", "404")
    assert_one_line(outcome, 1)
    assert "no registration 404" in outcome.err
    assert ToolKeys(tmp_path / "keys").signing_key()


# Letting people in without an id, and where the tool may be framed.


def test_people_without_an_id_are_refused_until_the_operator_lets_them_in(run_on: CommandLine, store: Store) -> None:
    run_on(*ADD, "--origin", "https://school.instructure.com")
    assert "anonymous:    refused" in run_on("platform", "show", "1").out
    assert "anonymous:    let in to read" in run_on("platform", "edit", "1", "--anonymous").out
    assert run_on("platform", "show", "1", "--json").json["allows_anonymous"] is True
    run_on("platform", "edit", "1", "--name", "Our Canvas")
    with store.reading() as session:
        assert session.scalars(select(Registration.allows_anonymous)).all() == [True], "another change leaves it"
    assert run_on("platform", "edit", "1", "--no-anonymous").code == 0
    assert run_on("platform", "list", "--json").json[0]["allows_anonymous"] is False


def test_a_canvas_with_an_address_of_its_own_may_frame_the_tool(run_on: CommandLine) -> None:
    origins = ["https://*.instructure.com", "https://learn.district.example"]
    assert "--origin" in run_on(*ADD).err
    assert run_on(*ADD, *(word for one in origins for word in ("--origin", one))).code == 0
    assert run_on("platform", "show", "1", "--json").json["origins"] == origins
    for origin in ("https://*", "https://*.com"):
        outcome = run_on("platform", "edit", "1", "--origin", origin)
        assert_one_line(outcome, 1)
        assert origin in outcome.err
        assert "https://*.instructure.com" in outcome.err
    assert run_on("platform", "show", "1", "--json").json["origins"] == origins
