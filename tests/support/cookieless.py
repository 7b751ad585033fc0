"""A browser that keeps no cookie inside the LMS's frame, and an LMS's page that may keep a few bytes for a tool.

The tool's scripts do not run here: what they are told stands in the pages, and is done with it what they would do.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element

from werkzeug.test import TestResponse

from lti_tool.demo_lms.storage import StorageTarget
from tests.support.fake_tool import read_form
from tests.support.front_door import TOOL, FrontDoor, Page, Person

COURSE_TO_FILL = "course-3"


@dataclass
class Cookieless:
    """One person with such a browser; ``kept`` is what the LMS's page keeps for the tool."""

    door: FrontDoor
    person: Person
    kept: dict[str, str] = field(default_factory=dict)

    def start(self, fields: dict[str, str] | None = None) -> str:
        """Send a login; returns the address of the hop."""
        data = self.person.start_login() if fields is None else fields
        answer = self.person.tool.post("/lti/login", base_url=TOOL, data=data)
        assert answer.status_code == 302
        return str(answer.location)

    def start_choosing(self) -> str:
        """Ask for content, as a facilitator does; returns the address of the hop."""
        person = {"person": self.person.sub, "course": COURSE_TO_FILL}
        self.person.lms.post("/person", base_url=self.door.lms_url, data=person)
        page = self.person.lms.get(f"/launch/{COURSE_TO_FILL}/deep-linking/one", base_url=self.door.lms_url)
        return self.start(read_form(page.text)[1])

    def put(self, hop: str) -> str:
        """Open the hop, let the LMS's page keep what its script sends there; returns where the script goes on to."""
        told = read_script_data(self.person.get(hop), "data-storing")
        self.kept[told["data-key"]] = told["data-value"]
        return told["data-onward"]

    def answer_of_lms(self, address: str) -> dict[str, str]:
        """Go on to the LMS; returns what it posts to the launch."""
        parts = urlsplit(address)
        page = self.person.lms.get(
            parts.path, base_url=self.door.lms_url, query_string=dict(parse_qsl(parts.query, keep_blank_values=True))
        )
        action, posted = read_form(page.text)
        assert action == f"{TOOL}/lti/launch", page.text
        return posted

    def launch(self, posted: dict[str, str]) -> Page:
        """Post a launch; the page that proves the browser, or a refusal."""
        return self.person.follow(self.person.post_launch(posted))

    def wait_for_proof(self) -> Page:
        """The whole way to the page that asks for the binder."""
        return self.launch(self.answer_of_lms(self.put(self.start())))

    def prove(self, page: Page, **changes: str) -> TestResponse:
        """Do what that page's script does: get the binder, send the form."""
        key = read_script_data(page, "data-proving")["data-key"]
        fields = {**page.form("/lti/launch/proof"), "binder": self.kept.get(key, ""), **changes}
        return self.person.send("/lti/launch/proof", fields)

    def show(self, answer: TestResponse) -> Page:
        """The page of an answer."""
        return self.person.follow(answer)

    def arrive(self, page: Page, **changes: str) -> Page:
        """Do what the page after the proof does by itself."""
        return self.person.post("/lti/arrive", {**page.form("/lti/arrive"), **changes})

    def reach_button(self) -> Page:
        """The whole way to the button for a new tab."""
        return self.arrive(self.show(self.prove(self.wait_for_proof())))


def open_cookieless(door: FrontDoor, sub: str, target: StorageTarget = StorageTarget.FRAME) -> Cookieless:
    """Somebody with a browser that keeps no cookies, at an LMS whose page says that it stores (or does not)."""
    door.platform.browsers.treat(target)
    person = door.person(sub)
    person.tool = door.app.test_client(use_cookies=False)
    return Cookieless(door, person)


def read_script_data(page: Page, mark: str) -> dict[str, str]:
    """What the page tells its script."""
    elements: list[Element] = [element for element in page.tree.iter() if element.get(mark) is not None]
    (element,) = elements
    return {name: value for name, value in element.items() if name.startswith("data-")}
