"""Browsers without a screen: they keep cookies and one connection, and go a launch's whole way."""

import re
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.bench.platform import PEOPLE, Platform
from tests.bench.served import Served

_FORM = "application/x-www-form-urlencoded"
_SPENT = re.compile(r"Max-Age=0\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    location: str
    body: bytes


@dataclass(slots=True)
class Browser:
    """One connection and its cookies. A fresh browser has none; ``forget`` makes it fresh again."""

    served: Served
    cookies: dict[str, str] = field(default_factory=dict)
    connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.served.port, timeout=30)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def forget(self, keep: dict[str, str] | None = None) -> None:
        """Forget every cookie but these."""
        self.cookies = dict(keep or {})

    def request(self, path: str, form: dict[str, str] | None = None) -> Answer:
        """GET a path, or POST a form to it."""
        headers = {"X-Forwarded-Proto": "https", "User-Agent": "bench", "Accept": "text/html"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if form is None:
            self.connection.request("GET", path, headers=headers)
        else:
            self.connection.request("POST", path, urlencode(form), {**headers, "Content-Type": _FORM})
        answer = self.connection.getresponse()
        body = answer.read()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, rest = line.partition("=")
            if _SPENT.search(rest):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = rest.partition(";")[0]
        return Answer(answer.status, answer.headers.get("Location", ""), body)


class ToolVisitor:
    """Somebody who launches the tool from the platform; a different one of ``PEOPLE`` each time."""

    def __init__(self, served: Served, platform: Platform) -> None:
        self.browser = Browser(served)
        self._platform = platform
        self._target = f"{served.url}/lti/launch"
        self.launches = 0

    def close(self) -> None:
        """Close the browser."""
        self.browser.close()

    def launch_first(self) -> Answer:
        """Launch with a browser that has none of our cookies: login, hop, launch."""
        self.browser.forget()
        return self._launch(expected_hops=1)

    def launch_again(self) -> Answer:
        """Launch with a browser that keeps an earlier session's cookie: login, launch."""
        sessions = {name: value for name, value in self.browser.cookies.items() if name.startswith("__Host-s_")}
        self.browser.forget(keep=dict([sessions.popitem()]))
        return self._launch(expected_hops=0)

    def open_page(self, path: str) -> Answer:
        """Open the page a launch led to."""
        return _expect(self.browser.request(path), 200)

    def _launch(self, *, expected_hops: int) -> Answer:
        person = self.launches % PEOPLE
        self.launches += 1
        login = self._platform.initiate_login(person, self._target)
        answer = _expect(self.browser.request("/lti/login", login), 302)
        for _ in range(expected_hops):
            answer = _expect(self.browser.request(answer.location), 302)
        return _expect(
            self.browser.request("/lti/launch", _answer_request(self._platform, answer, person, self._target)), 303
        )


class PlainVisitor:
    """Somebody who launches the plain example."""

    def __init__(self, served: Served, platform: Platform) -> None:
        self.browser = Browser(served)
        self._platform = platform
        self._target = f"{served.url}/launch/"
        self._people = count()

    def close(self) -> None:
        """Close the browser."""
        self.browser.close()

    def launch(self) -> Answer:
        """Login and launch."""
        return self._launch("/login/", {})

    def launch_checked(self) -> Answer:
        """The example's page that checks for cookies, then login and launch."""
        person_fields = self._platform.initiate_login(0, self._target)
        self.browser.forget()
        _expect(self.browser.request("/checked-login/", person_fields), 200)
        return self._launch("/checked-login/", {"lti1p3_new_window": "1"})

    def open_page(self, path: str) -> Answer:
        """Open the page a launch led to."""
        return _expect(self.browser.request(path), 200)

    def _launch(self, path: str, more: dict[str, str]) -> Answer:
        self.browser.forget()
        person = next(self._people) % PEOPLE
        login = self._platform.initiate_login(person, self._target) | more
        answer = _expect(self.browser.request(path, login), 302)
        return _expect(
            self.browser.request("/launch/", _answer_request(self._platform, answer, person, self._target)), 302
        )


def _answer_request(platform: Platform, answer: Answer, person: int, target: str) -> dict[str, str]:
    asked = parse_qs(urlsplit(answer.location).query)
    token = platform.sign_launch(person, asked["nonce"][0], target, int(time.time()))
    return {"state": asked["state"][0], "id_token": token}


def _expect(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        words = re.sub(r"<[^>]*>|\s+", " ", answer.body.decode("utf-8", "replace"))[:500]
        raise AssertionError(f"answered {answer.status} instead of {status}: {words}")
    return answer
