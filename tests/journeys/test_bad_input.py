"""What nobody should send, sent to every address: a clear answer with a code, never a 500, and nothing lost."""

import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from lti_tool.lti import vocabulary
from lti_tool.web.guards import make_csrf_token
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor, Person, open_front_door
from tests.support.work_scene import WORDS_IN_RANGE

FORM = "application/x-www-form-urlencoded"
PLAN = "modules/visioning/plan"
REFLECTION = "modules/visioning/reflections/a"
READING = "modules/visioning/readings/r1"
NASTY = (
    *("", "\0", "a\0b", "\r\nX-Evil: y", "é", "\u202e", "\ufffd", "\u0661\u0662", " ", "'", "<b>", "../..", "%00"),
    *("x" * 300, "9" * 30, "-1", "1e5", "\x1b[2J", "\U0001f469\u200d\U0001f3eb"),
)
BODIES = (
    (b"\xff\xfe\x00", FORM),
    (b"a=%ED%A0%80&csrf_token=%FF", FORM),
    (b'{"a": 1}', "application/json"),
    (b"x", "text/plain; charset=nonsense"),
    (b"", "multipart/form-data"),
    (b"--x\r\n" * 20_000, "multipart/form-data; boundary=x"),
    (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n',
        "multipart/form-data; boundary=x",
    ),
)


@pytest.fixture
def door(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[FrontDoor]:
    with open_front_door(database_url, tmp_path, clock) as opened:
        # As it is served: an exception becomes a page.
        opened.app.config["PROPAGATE_EXCEPTIONS"] = False
        yield opened


@pytest.fixture
def dana(door: FrontDoor) -> Person:
    person = door.person("103")
    person.launch()
    return person


@pytest.fixture
def ruth(door: FrontDoor) -> Person:
    person = door.person("201")
    person.launch()
    return person


def send(person: Person, address: str, fields: dict[str, str], **headers: str) -> TestResponse:
    """Post a form with a token that is right unless ``fields`` say otherwise."""
    token = make_csrf_token(person.door.tool, person.session_id)
    return person.tool.post(
        person.place(address), base_url=TOOL, data={"csrf_token": token, **fields}, headers={"Origin": TOOL, **headers}
    )


def assert_answered(answer: TestResponse, what: object = "") -> None:
    assert answer.status_code < 500, f"{answer.request.method} {answer.request.path!r} {what!r}: {answer.status_code}"


# Addresses


def test_no_address_breaks_on_a_strange_name(dana: Person, ruth: Person) -> None:
    for value in NASTY:
        name = quote(value, safe="")
        here, there = f"/s/{dana.session_id}", f"/s/{ruth.session_id}"
        for address in (
            *(f"/{name}", f"/static/{name}", f"/lti/login/{name}", f"/s/{name}/", f"{here}/modules/{name}"),
            *(f"{here}/modules/{name}/plan", f"{here}/modules/visioning/readings/{name}"),
            *(f"{here}/modules/visioning/reflections/{name}", f"{here}/?x={name}"),
        ):
            assert_answered(dana.tool.get(address, base_url=TOOL))
        for address in ("reviews/{}", "reviews/{}/release", "link?module={}", "reviews/1/release?decision={}"):
            assert_answered(ruth.tool.get(f"{there}/{address.format(name)}", base_url=TOOL))
        for address in ("reviews/{}", "reviews/{}/release", "grades/{}/retry"):
            assert_answered(send(ruth, address.format(name), {"do": "retry"}))
        opened = dana.tool.post(f"/lti/login/{name}/tab", base_url=TOOL, headers={"Origin": TOOL})
        assert_answered(opened)


def test_a_number_no_table_can_hold_is_no_page(ruth: Person) -> None:
    for number in (2**31, 10**30):
        assert ruth.get(f"reviews/{number}").error_code == "not_found"
    assert ruth.get(f"reviews/{2**31 - 1}").error_code == "not_found"


def test_a_wrong_method_is_told_the_right_ones(door: FrontDoor, dana: Person) -> None:
    for rule in door.app.url_map.iter_rules():
        path = rule.rule.replace("<session_id>", dana.session_id).replace("<module_key>", "visioning")
        for part in ("<flow_id>", "<reading_key>", "<reflection_key>", "<path:filename>"):
            path = path.replace(part, "a")
        path = path.replace("<int:submission_id>", "1").replace("<int:delivery_id>", "1")
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = dana.tool.open(path, method=method, base_url=TOOL)
            assert_answered(answer)
            if answer.status_code == 405:
                allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
                assert allowed >= {"OPTIONS"}
                assert method not in allowed
            if method == "HEAD":
                assert answer.data == b""


# Headers


def test_headers_of_all_kinds_are_answered(dana: Person) -> None:
    names = (
        *("Accept", "Accept-Language", "Content-Type", "Cookie", "Host", "If-Modified-Since", "If-None-Match"),
        *("Origin", "Range", "Referer", "Sec-Fetch-Site", "X-CSRF-Token", "X-Forwarded-Host", "X-Forwarded-Proto"),
    )
    for value in NASTY:
        if "\n" in value or "\0" in value:
            continue
        sent = value.encode().decode("latin-1")
        for name in names:
            for address in ("/healthz", "/static/css/base.css", "/nowhere", f"/s/{dana.session_id}/link"):
                answer = dana.tool.get(address, base_url=TOOL, headers={name: sent})
                assert_answered(answer, name)
                answer.close()
            posted = dana.tool.post(dana.place(READING), base_url=TOOL, data=b"do=save", headers={name: sent})
            assert_answered(posted, name)


def test_cookies_of_all_kinds_are_answered(door: FrontDoor, dana: Person) -> None:
    for value in ("\xff\xfe", "é", "", '"', "a=b=c", "x" * 5000, "."):
        for name in (f"__Host-s_{dana.session_id}", f"__Host-n_{dana.session_id}", "session", "__Host-lti_x"):
            stranger = door.app.test_client(use_cookies=False)
            answer = stranger.get(dana.place(""), base_url=TOOL, headers={"Cookie": f"{name}={value}"})
            assert answer.status_code == 401


def test_a_script_that_asks_for_json_is_refused_in_json(dana: Person) -> None:
    answer = send(dana, f"{PLAN}/autosave", {"csrf_token": "wrong"}, Accept="application/json")
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (403, "form_not_ours")
    assert send(dana, f"{PLAN}/autosave", {"csrf_token": "wrong"}, Accept="*/*").mimetype == "text/html"


# Forms


@pytest.mark.parametrize("address", [PLAN, REFLECTION, READING])
def test_every_field_of_her_forms_takes_anything(dana: Person, address: str) -> None:
    form = dana.get(address).form(address)
    own = ("do", "version", "place", "csrf_token", "settles", "keep.text", "is_private", "check.zzz", "order.x")
    for number, name in enumerate([*own, *list(form)[::6]]):
        # Every sixth field with every fifth value: all values come by, and each kind of field.
        for value in NASTY if name in own else NASTY[number % 5 :: 5]:
            fields = {"do": "save", **form, name: value}
            assert_answered(send(dana, address, fields), (name, value))
            if address != READING:
                assert_answered(send(dana, f"{address}/autosave", fields), (name, value))


def test_every_button_of_her_forms_may_be_pressed_at_any_time(dana: Person) -> None:
    buttons = (
        *("submit", "submit_as_is", "take_back", "reopen", "read", "add:zzz", "add:voices", "remove:voices:r1"),
        *("up:voices:r1", "down:voices:zzz", "remove:::", "add:voices:../..", "save:x", "submit:1"),
    )
    for address in (PLAN, REFLECTION, READING):
        form = dana.get(address).form(address)
        for pressed in (*buttons, *buttons):
            assert_answered(send(dana, address, {**form, "do": pressed}), pressed)


def test_every_field_of_a_review_takes_anything(dana: Person, ruth: Person) -> None:
    form = dana.get(REFLECTION).form(REFLECTION)
    send(dana, REFLECTION, {**form, "a.text": WORDS_IN_RANGE, "do": "submit"})
    assert ruth.get("reviews/1").status == 200
    for value in NASTY:
        for name in ("do", "version", "revision_id", "rating.mission", "comment.x", "named", "overall", "decision"):
            for address in ("reviews/1", "reviews/1/autosave", "reviews/1/release"):
                assert_answered(send(ruth, address, {"do": "save", name: value}), (name, value))
        assert_answered(send(ruth, "link", {"module": value}), value)
        assert_answered(send(ruth, "grades/1/retry", {"do": value}), value)


def test_a_place_becomes_no_header(dana: Person) -> None:
    form = dana.get(PLAN).form(PLAN)
    answer = send(dana, PLAN, {**form, "place": "\r\nX-Evil: y", "do": "save"})
    assert answer.status_code == 303
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(("body", "kind"), BODIES)
def test_a_body_that_is_no_form_changes_nothing(dana: Person, body: bytes, kind: str) -> None:
    for address in (dana.place(PLAN), dana.place(f"{REFLECTION}/autosave"), "/lti/login", "/lti/launch"):
        answer = dana.tool.post(address, base_url=TOOL, data=body, content_type=kind, headers={"Origin": TOOL})
        assert 400 <= answer.status_code < 500
        assert 'data-error-code="' in answer.text


def test_a_body_over_the_limit_is_refused_and_the_draft_stays(dana: Person) -> None:
    form = dana.get(REFLECTION).form(REFLECTION)
    send(dana, REFLECTION, {**form, "a.text": "Kept.", "do": "save"})
    answer = send(dana, REFLECTION, {**form, "a.text": "x" * (1024 * 1024), "do": "save"})
    assert answer.status_code == 413
    assert 'data-error-code="body_too_large"' in answer.text
    assert "Kept." in dana.get(REFLECTION).response.text


def test_more_fields_than_any_page_has_are_refused_at_once(dana: Person) -> None:
    """Rows of one list are compared with one another: a hundred thousand would keep a server busy for minutes."""
    token = make_csrf_token(dana.door.tool, dana.session_id)
    rows = "&".join(f"order.voices=r{number}" for number in range(40_000))
    for fields in (rows, "a=&" * 100_000, "&".join(f"a.{number}=1" for number in range(40_000))):
        body = f"csrf_token={token}&do=save&{fields}"
        answer = dana.tool.post(dana.place(PLAN), base_url=TOOL, data=body, content_type=FORM, headers={"Origin": TOOL})
        assert answer.status_code == 413


# The door


def test_no_login_parameter_breaks_anything(dana: Person) -> None:
    good = dana.start_login()
    names = (*good, "client_id", "lti_message_hint", "lti_deployment_id", "deployment_id", "lti_storage_target")
    for value in NASTY:
        for name in dict.fromkeys(names):
            fields = {**good, name: value}
            assert_answered(dana.tool.post("/lti/login", base_url=TOOL, data=fields), (name, value))
            assert_answered(dana.tool.get("/lti/login", base_url=TOOL, query_string=fields), (name, value))
        for fields in ({"state": value}, {"state": value, "id_token": value}, {"state": value, "error": value}):
            answer = dana.tool.post("/lti/launch", base_url=TOOL, data=fields)
            assert 400 <= answer.status_code < 500, fields


def test_what_may_be_said_once_and_is_said_twice_is_refused(dana: Person) -> None:
    """OAuth 2.0 (RFC 6749 §3.1): nobody knows which is meant. The same again is harmless, and what is not ours too."""
    good = dana.start_login()
    twice = [*good.items(), ("login_hint", "somebody else")]
    answer = dana.tool.get("/lti/login", base_url=TOOL, query_string=twice)
    assert (answer.status_code, 'data-error-code="bad_login_parameter"' in answer.text) == (400, True)
    harmless = [*good.items(), ("login_hint", good["login_hint"]), ("utm", "1"), ("utm", "2")]
    assert dana.tool.get("/lti/login", base_url=TOOL, query_string=harmless).status_code == 302
    posted = dana.authorize(dana.start_login())
    body = urlencode([*posted.items(), ("state", "another")])
    answer = dana.tool.post("/lti/launch", base_url=TOOL, data=body, content_type=FORM)
    assert (answer.status_code, 'data-error-code="malformed_token"' in answer.text) == (401, True)
    assert dana.post_launch(posted).status_code == 303


def test_a_locale_longer_than_any_is_cut(door: FrontDoor) -> None:
    original = door.platform.launch_claims

    def verbose(*args: object, **options: object) -> dict[str, object]:
        claims = original(*args, **options)  # type: ignore[arg-type]
        presentation = claims[vocabulary.CLAIM_LAUNCH_PRESENTATION]
        assert isinstance(presentation, dict)
        return {**claims, vocabulary.CLAIM_LAUNCH_PRESENTATION: {**presentation, "locale": "en-" + "x" * 200}}

    door.platform.launch_claims = verbose  # type: ignore[method-assign]
    assert door.person("103").launch().status == 200


# What is told


def test_the_log_holds_no_lines_of_strangers_and_no_names(
    door: FrontDoor, dana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="lti_tool"):
        dana.tool.get("/nowhere%0Arefused code=forged\x1b[2J", base_url=TOOL)
        dana.tool.post("/lti/launch", base_url=TOOL, data={"error": "a\rb", "state": "x\x1b"})
        dana.tool.get(dana.place("modules/visioning/plan/x"), base_url=TOOL)
        door.person("201").launch()
        send(dana, REFLECTION, {"a.text": "My own words.", "csrf_token": "é"})
    told = [record.getMessage() for record in caplog.records]
    assert len(told) >= 4
    for line in told:
        assert line.isprintable()
        assert line.isascii()
        for secret in ("Marisol", "Ruth", "My own words"):
            assert secret not in line


def test_an_unexpected_fault_tells_a_number_and_nothing_else(
    door: FrontDoor, dana: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret-detail")

    monkeypatch.setattr("lti_tool.web.modules.read_series", break_down)
    with caplog.at_level(logging.ERROR, logger="lti_tool"):
        page = dana.get("")
    assert (page.status, page.error_code) == (500, "our_fault")
    assert "secret-detail" not in page.response.text
    assert "Traceback" not in page.response.text
    (record,) = [record for record in caplog.records if record.name == "lti_tool"]
    reference = record.getMessage().split("reference=")[1]
    assert reference in page.words


def test_readiness_names_no_file(door: FrontDoor, tmp_path: Path) -> None:
    for file in (tmp_path / "keys").glob("*.pem"):
        file.unlink()
    fresh = door.tool.keys.__class__(tmp_path / "keys")
    object.__setattr__(door.tool, "keys", fresh)
    for content in (None, "no key at all"):
        if content:
            (tmp_path / "keys" / "20260304T201400Z.pem").write_text(content)
        answer = door.app.test_client().get("/readyz", base_url=TOOL)
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text
        assert ".pem" not in answer.text


# Our own address


def test_a_redirect_of_the_router_stays_at_our_own_address(dana: Person) -> None:
    """Behind a proxy the request says http and a host of the inside; in a frame on https that would be blocked."""
    for host in ("evil.example.org", "<>", "", "127.0.0.1:5000"):
        for address in (f"/s/{dana.session_id}", f"/s/{dana.session_id}/grades", f"/s//{dana.session_id}/"):
            answer = dana.tool.get(address, base_url=TOOL, headers={"Host": host, "X-Forwarded-Host": "x.example"})
            assert answer.status_code == 308
            assert answer.location.startswith((f"{TOOL}/s/", "/s/"))


# Anything at all


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    fields=st.dictionaries(
        st.sampled_from(
            ["a.text", "version", "do", "place", "is_private", "settles", "keep.text", "a.campus_name", "order.voices"]
        )
        | st.text(max_size=30),
        st.text(max_size=200),
        max_size=8,
    ),
    address=st.sampled_from([PLAN, REFLECTION, READING, f"{PLAN}/autosave", f"{REFLECTION}/autosave"]),
)
def test_any_form_is_answered(dana: Person, fields: dict[str, str], address: str) -> None:
    sent = {
        name.encode(errors="replace").decode(): value.encode(errors="replace").decode()
        for name, value in fields.items()
        if name != "csrf_token"
    }
    assert_answered(send(dana, address, sent), sent)
