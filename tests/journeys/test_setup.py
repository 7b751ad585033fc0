"""The pages for whoever connects an LMS, without any launch: what is copied, the form, and what is said of data."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from lti_tool.app import create_app
from lti_tool.cli import lti_tool as program
from lti_tool.config import Settings
from lti_tool.lti.configuration import SCOPES, make_canvas_key
from lti_tool.models import Base
from lti_tool.models.store import open_store
from lti_tool.services.registrations import RegistrationDetails, list_registrations
from lti_tool.web.privacy_words import list_stored_things
from tests.support.databases import SqliteDatabases
from tests.support.pages import check_page, find_text
from tests.support.series import load_real_series

SITE = "https://tool.example.org"
PAGES = ("/lti/setup", "/lti/privacy", "/lti/agreement", "/lti/accessibility")
COMPLETE = {
    "kind": "cloud",
    "name": "Lakeside ISD (invented)",
    "school": "lakeside.instructure.com",
    "client_id": "10000000000123",
    "deployment_id": "123:0123456789abcdef0123456789abcdef01234567",
    "issuer": "",
}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A browser that has never been launched; the database is not even there."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'absent.sqlite3'}",
        base_url=SITE,
        secret_key="s" * 40,
        keys_dir=tmp_path,
        is_development=False,
    )
    return create_app(settings, series=load_real_series()).test_client()


def read_page(client: FlaskClient, address: str, query: Mapping[str, str] | None = None) -> Element:
    answer = client.get(address, query_string=dict(query or {}))
    assert answer.status_code == 200, answer.text[:300]
    return check_page(answer.text, address)


def read_field(tree: Element, name: str) -> str:
    """What stands in the field with this id."""
    (field,) = [item for item in tree.iter() if item.get("id") == name]
    return (field.text or "") if field.tag == "textarea" else field.get("value", "")


def find_command(tree: Element) -> list[str]:
    """The command in the block for the operator, as a shell reads it."""
    _, found, rest = read_field(tree, "block").partition("lti-tool platform add")
    command = found + rest.partition("\n\n")[0]
    typed = "tell() { printf '%s\\0' \"$@\"; }; tell " + command
    told = subprocess.run(["sh", "-c", typed], capture_output=True, text=True, check=True)
    assert told.stderr == ""
    return told.stdout.split("\0")[:-1]


def find_problems(client: FlaskClient, query: Mapping[str, str]) -> dict[str, str]:
    """Sends the form; what is said at each field, on a page that says that something is wrong."""
    answer = client.get("/lti/setup", query_string=dict(query))
    tree = check_page(answer.text, "/lti/setup")
    problems = {
        (item.get("id") or "").removeprefix("problem-"): find_text(item)
        for item in tree.iter()
        if (item.get("id") or "").startswith("problem-")
    }
    (main,) = tree.iter("main")
    assert (answer.status_code, main.get("data-error-code")) == ((422, "bad_registration") if problems else (200, None))
    return problems


@pytest.mark.parametrize("address", PAGES)
def test_every_page_opens_without_a_launch_and_leads_to_the_others(client: FlaskClient, address: str) -> None:
    tree = read_page(client, address)
    leads = {link.get("href") for link in tree.iter("a")}
    assert set(PAGES) <= leads


def test_canvas_reads_its_key_by_address(client: FlaskClient) -> None:
    answer = client.get("/lti/canvas.json")
    # Canvas refuses any other content type.
    assert answer.content_type == "application/json"
    assert answer.json == make_canvas_key(SITE)


def test_what_is_pasted_is_what_is_fetched(client: FlaskClient) -> None:
    tree = read_page(client, "/lti/setup")
    assert client.application.json.loads(read_field(tree, "canvas-json")) == client.get("/lti/canvas.json").json
    assert read_field(tree, "canvas-json-address") == f"{SITE}/lti/canvas.json"


def test_everything_can_be_copied_by_hand_and_by_button(client: FlaskClient) -> None:
    tree = read_page(client, "/lti/setup")
    fields = {item.get("id") for item in tree.iter() if item.get("readonly") is not None}
    buttons = [item for item in tree.iter("button") if item.get("data-copy")]
    assert {button.get("data-copy") for button in buttons} == fields
    assert all(button.get("hidden") is not None for button in buttons), "a script shows them"
    shown = [read_field(tree, name or "") for name in fields]
    for address in ("login", "launch", "jwks.json", "canvas.json"):
        assert f"{SITE}/lti/{address}" in shown
    assert all(text for text in shown)


def test_the_invite_comes_first(client: FlaskClient) -> None:
    tree = read_page(client, "/lti/setup")
    headings = [heading.get("id") for heading in tree.iter("h2")]
    assert headings == ["invite", "canvas", "moodle", "other", "send", "why"]
    assert "lti-tool invite" in read_field(tree, "invite-request")


def test_every_scope_has_its_reason(client: FlaskClient) -> None:
    words = client.get("/lti/setup").text
    why = words[words.index('id="why"') :]
    for scope in SCOPES:
        assert scope in why


def test_without_a_word_typed_the_block_says_what_to_fill_in(client: FlaskClient) -> None:
    tree = read_page(client, "/lti/setup")
    command = find_command(tree)
    assert "CLIENT-ID" in command
    assert "DEPLOYMENT-ID" in command
    assert command[command.index("--issuer") + 1] == "https://canvas.instructure.com"
    assert command[command.index("--origin") + 1] == "https://YOUR-SCHOOL.instructure.com"
    assert "Still to be filled in: the name of your school" in find_text(tree)


def run_command(command: list[str], url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RegistrationDetails:
    """Types the command on the operator's server; what it registered."""
    settings = {"DATABASE_URL": url, "BASE_URL": SITE, "SECRET_KEY": "s" * 40, "KEYS_DIR": str(folder)}
    for name, value in settings.items():
        monkeypatch.setenv(f"LTI_TOOL_{name}", value)
    monkeypatch.setenv("LTI_TOOL_ENV", "production")
    assert command[0] == "lti-tool"
    done = CliRunner().invoke(program, command[1:])
    assert done.exit_code == 0, done.output
    store = open_store(url)
    try:
        (found,) = list_registrations(store)
    finally:
        store.engine.dispose()
    return found


@pytest.mark.parametrize(
    ("changes", "issuer", "auth_url", "origin", "family"),
    [
        (
            {},
            "https://canvas.instructure.com",
            "https://sso.canvaslms.com/api/lti/authorize_redirect",
            "https://lakeside.instructure.com",
            "canvas",
        ),
        (
            {"kind": "beta", "school": "https://Lakeside.beta.instructure.com/courses/7"},
            "https://canvas.beta.instructure.com",
            "https://sso.beta.canvaslms.com/api/lti/authorize_redirect",
            "https://lakeside.beta.instructure.com",
            "canvas",
        ),
        (
            {"kind": "own_canvas", "school": "canvas.school.example:8443", "issuer": "https://canvas.school.example"},
            "https://canvas.school.example",
            "https://canvas.school.example:8443/api/lti/authorize_redirect",
            "https://canvas.school.example:8443",
            "canvas",
        ),
        (
            {"kind": "moodle", "school": "school.example/moodle/", "client_id": "AbCdEf", "deployment_id": "2"},
            "https://school.example/moodle",
            "https://school.example/moodle/mod/lti/auth.php",
            "https://school.example",
            "moodle",
        ),
        (
            {"name": "O'Hara's $(reboot) `id` \\ & \"co\" (invented)", "deployment_id": "-1; rm"},
            "https://canvas.instructure.com",
            "https://sso.canvaslms.com/api/lti/authorize_redirect",
            "https://lakeside.instructure.com",
            "canvas",
        ),
    ],
)
def test_the_block_registers_the_lms(
    client: FlaskClient,
    sqlite_databases: SqliteDatabases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    issuer: str,
    auth_url: str,
    origin: str,
    family: str,
) -> None:
    typed = COMPLETE | changes
    tree = read_page(client, "/lti/setup", typed)
    assert "The block is complete." in find_text(tree)
    with sqlite_databases.lend(tmp_path) as url:
        found = run_command(find_command(tree), url, tmp_path, monkeypatch)
    assert (found.issuer, found.auth_url, found.origins, found.family) == (issuer, auth_url, (origin,), family)
    assert (found.name, found.client_id) == (typed["name"], typed["client_id"])
    assert [item.id_on_platform for item in found.deployments] == [typed["deployment_id"]]


def test_another_lms_keeps_its_places_to_fill_in(client: FlaskClient) -> None:
    tree = read_page(client, "/lti/setup", COMPLETE | {"kind": "other", "school": "lms.school.example"})
    assert "The block is complete." not in find_text(tree)
    assert "https://lms.school.example/TOKEN-ADDRESS" in find_command(tree)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"kind": "blackboard"}, "kind", "Choose one"),
        ({"school": "http://lakeside.instructure.com"}, "school", "cannot be the address"),
        ({"school": "javascript:alert(1)"}, "school", "cannot be the address"),
        ({"school": "https://user:pass@lakeside.example"}, "school", "cannot be the address"),
        ({"school": "https://[::1"}, "school", "cannot be the address"),
        ({"kind": "moodle", "client_id": "x", "school": "m.example/login/index.php"}, "school", "page inside Moodle"),
        ({"client_id": "aB3xSecretKeyOfTheDeveloperKey"}, "client_id", "long number"),
        ({"client_id": "1٣"}, "client_id", "long number"),
        ({"name": "x" * 256}, "name", "255 characters"),
        ({"deployment_id": "1\n--origin https://evil.example"}, "deployment_id", "plain text"),
        ({"issuer": "https://evil.example"}, "issuer", "Leave the issuer empty"),
        ({"kind": "own_canvas", "issuer": "canvas.school"}, "issuer", "full address"),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field_and_left_out(
    client: FlaskClient, changes: dict[str, str], field: str, words: str
) -> None:
    typed = COMPLETE | changes
    problems = find_problems(client, typed)
    assert list(problems) == [field]
    assert words in problems[field]
    tree = check_page(client.get("/lti/setup", query_string=typed).text, "/lti/setup")
    if field != "kind":
        assert read_field(tree, f"form-{field}") == " ".join(typed[field].split("\n")) or "\n" in typed[field]
        assert typed[field] not in find_command(tree)
        assert "The block is complete." not in find_text(tree)


def test_odd_input_is_shown_as_text_and_never_acts(client: FlaskClient) -> None:
    odd = "\"><script>alert(1)</script><img src=x onerror=alert(1)></textarea>'$(id)"
    for name in COMPLETE:
        answer = client.get("/lti/setup", query_string=COMPLETE | {name: odd})
        tree = check_page(answer.text, "/lti/setup")
        assert "<script>alert" not in answer.text
        assert list(tree.iter("img")) == []
    named = read_page(client, "/lti/setup", COMPLETE | {"name": odd})
    command = find_command(named)
    assert command[command.index("--name") + 1] == odd


def test_nothing_typed_is_kept(client: FlaskClient) -> None:
    answer = client.get("/lti/setup", query_string=COMPLETE)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Lakeside" not in client.get("/lti/setup").text


def test_no_other_site_may_frame_these_pages(client: FlaskClient) -> None:
    for address in PAGES:
        assert "frame-ancestors 'self'" in client.get(address).headers["Content-Security-Policy"]


# What is stored.


def test_every_table_and_every_column_has_been_put_into_words() -> None:
    judged = {table: thing.columns for group in list_stored_things() for table, thing in group.things}
    stored = {table.name: frozenset(column.name for column in table.columns) for table in Base.metadata.sorted_tables}
    assert judged == stored


def test_what_names_a_person_is_never_set_aside() -> None:
    """A column that points at somebody is words for people to read, and not a number among others."""
    for group in list_stored_things():
        for table, thing in group.things:
            people = {
                column.name
                for column in Base.metadata.tables[table].columns
                if column.name in {"sub", "comment", "draft", "document", "overall", "ratings", "login_hint"}
                or any(key.column.table.name == "users" for key in column.foreign_keys)
            }
            assert people <= set(" ".join(thing.holds).split()), table


def test_a_table_without_words_is_not_left_out_in_silence() -> None:
    with pytest.raises(LookupError, match="diaries"):
        list_stored_things([*Base.metadata.tables, "diaries"])


def test_the_privacy_page_says_all_of_it(client: FlaskClient) -> None:
    words = find_text(read_page(client, "/lti/privacy"))
    for table in Base.metadata.tables:
        assert table in words
    for group in list_stored_things():
        for _, thing in group.things:
            for said in (thing.name, thing.why, thing.who, thing.how_long, *thing.holds.values()):
                assert said in words
    assert "Nobody in the course reads them" in words
    assert "the people who run the server could read them" in words
