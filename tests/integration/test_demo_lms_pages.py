"""The demo LMS's pages: what people see, what is remembered over a restart, and what the traffic page tells."""

from pathlib import Path

import html5lib
import pytest

from lti_tool.demo_lms.settings import TRAFFIC_KEPT, DemoLmsSettings
from lti_tool.demo_lms.traffic import Exchange
from lti_tool.lti import vocabulary as lti
from tests.support.clock import Clock
from tests.support.fake_tool import LMS, TOOL, DemoLmsWithFakeTool, read_form

PAGES = [
    "/",
    "/courses/course-1",
    "/courses/course-2",
    "/courses/course-3",
    "/courses/course-3/add/several",
    "/courses/course-3/grades",
    "/courses/course-1/review/1?for=101",
    "/admin/tools",
    "/storage",
    "/storage-elsewhere",
    "/launch/course-3/deep-linking/several",
    "/launch/course-1/review/1?for=101",
    "/courses/course-1/people",
    "/courses/course-1/grades",
    "/courses/course-1/grades/1/101",
    "/courses/course-1/grades/1/102",
    "/courses/course-1/links/visioning",
    "/courses/course-1/return",
    "/courses/course-1/return?link=visioning&lti_errormsg=Sorry&lti_msg=Bye",
    "/traffic",
    "/traffic?all=1",
    "/launch/course-1/visioning",
    "/nothing",
]


@pytest.fixture
def lms(tmp_path: Path) -> DemoLmsWithFakeTool:
    return DemoLmsWithFakeTool(tmp_path, Clock())


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("sub", [None, "201"])
def test_every_page_is_valid_and_has_one_heading(lms: DemoLmsWithFakeTool, address: str, sub: str | None) -> None:
    lms.launch()
    lms.post_score()
    lms.post_score()
    lms.browser.delete_cookie("demo_lms_person", domain="localhost")
    if sub:
        lms.be(sub)
    answer = lms.browser.get(address, base_url=LMS)
    assert answer.status_code in {200, 403, 404}
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.text)
    assert len(document.findall(".//h1")) == 1
    ids = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert document.findall(".//*[@style]") == []
    assert all(script.get("src") for script in document.findall(".//script"))
    for field in document.findall(".//select") + document.findall(".//input[@type='number']"):
        assert document.findall(f".//label[@for='{field.get('id')}']")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"frame-src 'self' {TOOL};" in policy


def test_the_course_page_tells_what_to_try_and_lists_people_and_links(lms: DemoLmsWithFakeTool) -> None:
    page = lms.browser.get("/", base_url=LMS).text
    for words in (
        "Leading Edge Cohort, demo",
        "Play the facilitator.",
        "Dana's plan is waiting",
        "Dana Whitfield",
        "Priya Raman",
        "Marisol Ortega",
        "Ruth Okafor",
        "Lee Sandoval",
        "Sam Keller",
        "On the Leading Edge of Library Promotion",
        "On the Leading Edge Series",
    ):
        assert words in page
    assert page.count(">Open here<") == page.count(">Open in a new tab<") == 9


def test_choosing_a_person_is_remembered_in_the_lms_own_cookie(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.browser.post("/person", base_url=LMS, data={"person": "201", "course": "course-2"})
    assert answer.location == "/courses/course-2"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("demo_lms_person=")
    assert "Secure; HttpOnly; Path=/; SameSite=None" in cookie
    assert "Ruth Okafor" in lms.browser.get("/traffic", base_url=LMS).text
    lms.browser.post("/person", base_url=LMS, data={"person": "nobody"})
    assert "Nobody chosen yet" in lms.browser.get("/traffic", base_url=LMS).text


@pytest.mark.parametrize("headers", [{"Origin": TOOL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_forms_of_other_sites_change_nothing(lms: DemoLmsWithFakeTool, headers: dict[str, str]) -> None:
    for address, data in (("/person", {"person": "201"}), ("/faults", {"fault": "down"})):
        assert lms.browser.post(address, base_url=LMS, data=data, headers=headers).status_code == 403
    assert lms.platform.faults.describe_plans() == []
    assert "Nobody chosen yet" in lms.browser.get("/", base_url=LMS).text


def test_another_name_of_the_machine_leads_to_the_lms_own(lms: DemoLmsWithFakeTool) -> None:
    answer = lms.browser.get("/traffic?all=1", base_url="http://127.0.0.1:5001")
    assert (answer.status_code, answer.location) == (302, f"{LMS}/traffic?all=1")


def test_the_activity_page_frames_the_launch(lms: DemoLmsWithFakeTool) -> None:
    assert "<iframe" not in lms.browser.get("/courses/course-1/links/visioning", base_url=LMS).text
    lms.be("101")
    page = lms.browser.get("/courses/course-1/links/visioning", base_url=LMS).text
    assert 'name="activity"' in page
    assert 'src="/launch/course-1/visioning?target=iframe"' in page


def test_the_gradebook_shows_score_comment_and_time(lms: DemoLmsWithFakeTool) -> None:
    assert lms.browser.get("/courses/course-1/grades", base_url=LMS).text.count("Nothing yet") == 32
    lms.post_score(comment="Good & <b>clear</b>")
    page = lms.browser.get("/courses/course-1/grades", base_url=LMS).text
    assert page.count("Nothing yet") == 31
    assert "92 of 100</a>" in page
    assert "Good &amp; &lt;b&gt;clear&lt;/b&gt;" in page
    assert 'datetime="2026-03-04T20:14:00+00:00"' in page
    assert lms.browser.get("/courses/course-2/grades", base_url=LMS).text.count("Nothing yet") == 8


def test_the_history_of_a_cell(lms: DemoLmsWithFakeTool) -> None:
    lms.post_score()
    lms.post_score(scoreGiven=96, timestamp="2026-03-05T20:14:00Z")
    page = lms.browser.get("/courses/course-1/grades/1/101", base_url=LMS).text
    assert page.index("96 of 100") < page.index("92 of 100")
    for address in ("/courses/course-1/grades/1/201", "/courses/course-1/grades/99/101", "/courses/x/grades/1/101"):
        assert lms.browser.get(address, base_url=LMS).status_code == 404


def test_the_return_page_shows_messages_as_text_and_records_them(lms: DemoLmsWithFakeTool) -> None:
    query = {"link": "visioning", "lti_errormsg": "<script>alert(1)</script>", "lti_log": "for the operators"}
    page = lms.browser.get("/courses/course-1/return", base_url=LMS, query_string=query).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "for the operators" not in page
    assert dict(lms.platform.traffic.list_newest()[0].facts)["lti log"] == "for the operators"


def test_a_restart_forgets_nothing(lms: DemoLmsWithFakeTool) -> None:
    lms.be("101")
    token, request = lms.get_token(), lms.make_request(lms.start_launch())
    assertion = lms.make_assertion()
    lms.ask_token(assertion=assertion)
    lms.post_score(token=token)
    signed = lms.platform.sign({"sub": "1", "aud": "leading-edge-demo", "iss": LMS})
    cookie = lms.browser.get_cookie("demo_lms_person", domain="localhost")
    before = [(entry.id, entry.title) for entry in lms.platform.traffic.list_newest()]
    lms.start()
    assert [(entry.id, entry.title) for entry in lms.platform.traffic.list_newest()] == before
    assert "92 of 100" in lms.browser.get("/courses/course-1/grades", base_url=LMS).text
    assert len(lms.platform.gradebook.list_columns("course-1")) == 8
    assert lms.verify(signed)["sub"] == "1"
    assert lms.post_score(token=token).status_code == 409, "the token is still good, the time still stale"
    assert lms.ask_token(assertion=assertion).status_code == 400
    assert "id_token" in read_form(lms.authorize(request).text)[1]
    assert cookie is not None
    lms.browser.set_cookie("demo_lms_person", cookie.value, domain="localhost")
    assert "You are <strong>Dana Whitfield" in lms.browser.get("/", base_url=LMS).text


def test_traffic_lists_everything_newest_first_with_its_checks(lms: DemoLmsWithFakeTool) -> None:
    lms.launch()
    lms.post_score()
    lms.post_score()
    entries = lms.platform.traffic.list_newest()
    assert [(entry.title, entry.status) for entry in entries] == [
        ("Score", 409),
        ("Access token", 200),
        ("Score", 200),
        ("Access token", 200),
        ("The tool's keys", 200),
        ("The LMS's keys", 200),
        ("Launch", 0),
        ("Authorization request", 200),
        ("Login initiation", 200),
    ]
    stale = entries[0]
    assert stale.is_refused
    assert [check.words for check in stale.checks if not check.passed] == [
        "timestamp is later than that of the score that is there"
    ]
    assert stale.checks[0].words == "a bearer token came along"
    assert "Dana Whitfield, Visioning: 92 of 100" in entries[2].outcome
    page = lms.browser.get("/traffic", base_url=LMS).text
    assert page.index("Refused or failed") < page.index("Went well")
    assert "<strong>Fail</strong> timestamp is later" in page


def test_traffic_never_holds_what_opens_a_door(lms: DemoLmsWithFakeTool) -> None:
    login = lms.start_launch()
    token, assertion = lms.get_token(), lms.make_assertion()
    lms.ask_token(assertion=assertion)
    lms.post_score(token=token)
    request = lms.make_request(login, nonce="nonce-which-is-long-enough-to-matter")
    _, fields = read_form(lms.authorize(request).text)
    kept = b"".join(path.read_bytes() for path in lms.folder.iterdir())
    page = lms.browser.get("/traffic?all=1", base_url=LMS).text
    secrets = [login["lti_message_hint"], token, assertion, assertion.split(".")[2], fields["id_token"]]
    for secret in [*secrets, request["nonce"]]:
        assert secret.encode() not in kept
        assert secret not in page


def test_only_the_newest_traffic_is_kept(lms: DemoLmsWithFakeTool) -> None:
    for number in range(TRAFFIC_KEPT + 20):
        lms.platform.traffic.record(Exchange("Test", "here", "GET", f"/{number}", 200), lms.clock.now())
    entries = lms.platform.traffic.list_newest()
    assert len(entries) == lms.platform.traffic.count() == TRAFFIC_KEPT
    assert entries[0].address == f"/{TRAFFIC_KEPT + 19}"
    page = lms.browser.get("/traffic", base_url=LMS).text
    assert f"Show all {TRAFFIC_KEPT}" in page


def test_unknown_addresses_and_methods_are_recorded_too(lms: DemoLmsWithFakeTool) -> None:
    lms.browser.put("/api/lti/token", base_url=LMS)
    entry = lms.platform.traffic.list_newest()[0]
    assert (entry.status, entry.method, entry.is_refused) == (405, "PUT", True)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("down", "answer 503: the next 3 calls"),
        ("slow", "wait 5 seconds: the next 3 calls"),
        ("lost", "record, then break the connection: the next 3 calls"),
    ],
)
def test_faults_can_be_asked_for_on_the_traffic_page(lms: DemoLmsWithFakeTool, fault: str, words: str) -> None:
    lms.browser.post("/faults", base_url=LMS, data={"fault": fault, "calls": "3"})
    assert words in lms.browser.get("/traffic", base_url=LMS).text
    lms.browser.post("/faults", base_url=LMS, data={"fault": "none"})
    assert "The LMS behaves at present." in lms.browser.get("/traffic", base_url=LMS).text


def test_a_made_up_fault_is_refused_and_forgetting_tokens_works(lms: DemoLmsWithFakeTool) -> None:
    assert lms.browser.post("/faults", base_url=LMS, data={"fault": "explode"}).status_code == 400
    token = lms.get_token(lti.SCOPE_SCORE)
    lms.browser.post("/faults", base_url=LMS, data={"fault": "forget"})
    assert lms.post_score(token=token).status_code == 401


@pytest.mark.parametrize("url", ["localhost:5001", "http://localhost:5001/", "http://localhost:5001/lms", "ftp://x"])
def test_an_address_has_to_be_a_bare_origin(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="base_url must be a scheme and a host"):
        DemoLmsSettings(data_dir=tmp_path, base_url=url)
