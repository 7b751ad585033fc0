"""An invented platform: it signs launches, publishes its keys, takes scores, and counts who asked for what."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from lti_tool.lti import vocabulary

CLIENT_ID = "bench-client"
DEPLOYMENT_ID = "bench-deployment"
COURSE = "bench-course"
KEY_ID = "bench-key"
PEOPLE = 20
_TOKEN_SECONDS = 3600


class _QuickServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@dataclass
class Platform:
    """The platform's address, its key, and what it was asked: one count for each kind of request."""

    url: str
    key: rsa.RSAPrivateKey
    counts: Counter[str] = field(default_factory=Counter)
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def jwks(self) -> dict[str, object]:
        """The key set it publishes."""
        numbers = self.key.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "alg": "RS256",
                    "use": "sig",
                    "kid": KEY_ID,
                    "n": _encode(numbers.n.to_bytes(256, "big")),
                    "e": _encode(numbers.e.to_bytes(3, "big")),
                }
            ]
        }

    def initiate_login(self, person: int, target_link_uri: str) -> dict[str, str]:
        """What a click on the link sends to a tool's login address."""
        return {
            "iss": self.url,
            "login_hint": f"person-{person}",
            "target_link_uri": target_link_uri,
            "client_id": CLIENT_ID,
            "lti_deployment_id": DEPLOYMENT_ID,
            "lti_message_hint": _encode(hashlib.sha256(b"hint").digest() * 4),
        }

    def sign_launch(self, person: int, nonce: str, target_link_uri: str, now: int) -> str:
        """An id_token as large as Canvas's and Moodle's are: about 3.7 kB."""
        header = _encode_json({"alg": "RS256", "typ": "JWT", "kid": KEY_ID})
        signed = f"{header}.{_encode_json(self._claim(person, nonce, target_link_uri, now))}"
        signature = self.key.sign(signed.encode("ascii"), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_encode(signature)}"

    def _claim(self, person: int, nonce: str, target_link_uri: str, now: int) -> dict[str, object]:
        course = f"{self.url}/courses/42"
        given, family = f"Given{person}", f"Family{person}"
        return {
            "iss": self.url,
            "aud": CLIENT_ID,
            "azp": CLIENT_ID,
            "sub": f"person-{person}",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": f"{given} {family}",
            "given_name": given,
            "family_name": family,
            "email": f"{given}.{family}@school.example".lower(),
            "locale": "en-US",
            "errors": {"errors": {}},
            "picture": f"{self.url}/images/{hashlib.sha256(family.encode()).hexdigest()}.png",
            vocabulary.CLAIM_MESSAGE_TYPE: vocabulary.MESSAGE_RESOURCE_LINK,
            vocabulary.CLAIM_VERSION: vocabulary.VERSION,
            vocabulary.CLAIM_DEPLOYMENT_ID: DEPLOYMENT_ID,
            vocabulary.CLAIM_TARGET_LINK_URI: target_link_uri,
            vocabulary.CLAIM_RESOURCE_LINK: {"id": "link-visioning", "title": "Visioning", "description": None},
            vocabulary.CLAIM_CONTEXT: {
                "id": COURSE,
                "label": "LEC-1",
                "title": "Leading Edge Cohort",
                "type": [vocabulary.CONTEXT_COURSE_SECTION],
            },
            vocabulary.CLAIM_ROLES: [
                vocabulary.ROLE_CONTEXT_PREFIX + "Learner",
                vocabulary.ROLE_INSTITUTION_PREFIX + "Student",
                vocabulary.ROLE_SYSTEM_PREFIX + "User",
            ],
            vocabulary.CLAIM_CUSTOM: {
                "module": "visioning",
                "canvas_user_id": person,
                "canvas_course_id": 42,
                "section_ids": "1,2,3",
                "course_start": "2026-09-01T00:00:00Z",
                "course_end": "$Canvas.course.endAt",
            },
            vocabulary.CLAIM_LAUNCH_PRESENTATION: {
                "document_target": "iframe",
                "return_url": f"{course}/external_content/success/external_tool_redirect",
                "locale": "en-US",
                "height": 800,
                "width": 1200,
            },
            vocabulary.CLAIM_TOOL_PLATFORM: {
                "guid": hashlib.sha256(self.url.encode()).hexdigest(),
                "name": "An invented school",
                "version": "cloud",
                "product_family_code": "bench",
                "validation_context": None,
                "errors": {"errors": {}},
            },
            vocabulary.CLAIM_AGS_ENDPOINT: {
                "scope": sorted(vocabulary.AGS_SCOPES),
                "lineitems": f"{course}/line_items",
                "lineitem": f"{course}/line_items/1",
                "validation_context": None,
                "errors": {"errors": {}},
            },
            vocabulary.CLAIM_NAMES_ROLES: {
                "context_memberships_url": f"{course}/names_and_roles",
                "service_versions": ["2.0"],
                "validation_context": None,
                "errors": {"errors": {}},
            },
            "https://purl.imsglobal.org/spec/lti/claim/lis": {
                "person_sourcedid": f"sis-{person}",
                "course_offering_sourcedid": "sis-course",
                "validation_context": None,
                "errors": {"errors": {}},
            },
            "https://purl.imsglobal.org/spec/lti/claim/lti1p1_user_id": hashlib.sha256(given.encode()).hexdigest(),
        }

    def answer_get(self, path: str) -> object:
        """Answer the key set (everybody has an address of their own for it) or a column's results, and count."""
        if path.startswith("/jwks/"):
            self.counts[f"key set of {path.removeprefix('/jwks/')}"] += 1
            return self.jwks
        self.counts["results"] += 1
        return [
            {
                "id": f"{self.url}{path}/{user}",
                "userId": user,
                "resultScore": score["scoreGiven"],
                "resultMaximum": score["scoreMaximum"],
            }
            for user, score in self.scores.items()
        ]

    def answer_post(self, path: str, body: bytes) -> object:
        """Grant a token or keep a score, and count the request."""
        if path == "/token":
            scope = parse_qs(body.decode("ascii"))["scope"][0]
            self.counts[f"tokens for {scope}"] += 1
            return {"access_token": "t" * 40, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS, "scope": scope}
        self.counts["scores"] += 1
        score = json.loads(body)
        self.scores[score["userId"]] = score
        return {}


@contextmanager
def open_platform() -> Iterator[Platform]:
    """Serve a platform on a free loopback port, in threads of this process."""
    held: dict[str, Platform] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer is one packet, or Nagle's algorithm would hold its second half back for 40 ms.
        disable_nagle_algorithm = True
        wbufsize = 65536

        def do_GET(self) -> None:
            self._answer(held["platform"].answer_get(urlsplit(self.path).path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._answer(held["platform"].answer_post(urlsplit(self.path).path, body))

        def log_message(self, *arguments: object) -> None:
            pass

        def _answer(self, document: object) -> None:
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = _QuickServer(("127.0.0.1", 0), Handler)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    held["platform"] = Platform(f"http://127.0.0.1:{server.server_port}", key)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield held["platform"]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _encode_json(document: Mapping[str, object]) -> str:
    return _encode(json.dumps(document).encode())
