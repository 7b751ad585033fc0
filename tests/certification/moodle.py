"""What a real Moodle 4.5.6 sent and answered: its whole captured traffic, without tokens and session keys.

Every file of ``moodle_4_5`` is a capture as it was taken. A browser's request holds ``form`` and ``headers`` (a launch
also its token's payload, ``id_token_claims``); a service's file is a list of exchanges, each with the note it was
captured under. Moodle explains a refusal in the status line, so that is kept as ``reason``. People and courses in it
are a laboratory's, invented.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from lti_tool.lti import vocabulary
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.values import ExpectedLaunch, Registration
from tests.certification.scene import KeyPair, Scene
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

FOLDER = Path(__file__).parent / "moodle_4_5"
ISSUER = "https://moodle.test"
TOOL = "https://tool.test"
CLIENT_ID = "RiRWLBLA4WFTFja"
TOKEN_URL = f"{ISSUER}/mod/lti/token.php"


@cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def load(name: str) -> Any:
    """Read a capture."""
    return json.loads(_read(name))


def load_claims(name: str) -> dict[str, Any]:
    """The payload of a captured launch, review or deep linking request."""
    claims: dict[str, Any] = load(name)["id_token_claims"]
    return claims


def load_form(name: str) -> dict[str, str]:
    """The form a browser sent, each field once."""
    return {field: values[0] for field, values in load(name)["form"].items()}


@dataclass(frozen=True)
class CapturedLaunch:
    """A captured payload, brought forward to now and signed by the test's platform."""

    token: str
    expected: ExpectedLaunch


def moodle_registration(client_id: str = CLIENT_ID) -> Registration:
    """The Moodle of the captures."""
    return Registration(
        id="m1",
        name="Moodle",
        issuer=ISSUER,
        client_id=client_id,
        auth_url=f"{ISSUER}/mod/lti/auth.php",
        token_url=TOKEN_URL,
        jwks_url=f"{ISSUER}/mod/lti/certs.php",
        family="moodle",
        origins=(ISSUER,),
    )


def bring_forward(name: str, now_seconds: int, **changes: object) -> dict[str, Any]:
    """A captured payload with only its times changed (and its nonce, where a flow of ours has one)."""
    claims = load_claims(name)
    lifetime = claims["exp"] - claims["iat"]
    return claims | {"iat": now_seconds, "exp": now_seconds + lifetime} | changes


def replay_launch(name: str, keys: KeyPair, now_seconds: int) -> CapturedLaunch:
    """Sign a captured payload anew. Only its times are changed; it lives as long as it did."""
    claims = bring_forward(name, now_seconds)
    return CapturedLaunch(
        keys.sign(claims),
        ExpectedLaunch(moodle_registration(claims["aud"]), claims["nonce"], claims[vocabulary.CLAIM_DEPLOYMENT_ID]),
    )


@dataclass(frozen=True)
class Exchange:
    """One request that was made of a service, what Moodle answered, and what the gradebook held afterwards."""

    file: str
    note: str
    method: str
    url: str
    sent: str
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    gradebook: dict[str, str] | None

    def __str__(self) -> str:
        return f"{self.file}: {self.status} {self.note[:60]}"

    def answer(self) -> HttpAnswer:
        """The answer as our HTTP client hands it on."""
        kept = {name: value for name, value in self.headers.items() if name != "Transfer-Encoding"}
        return replace(answer_json(None, self.status, self.reason, kept), body=self.body)

    def document(self) -> Any:
        """The answer's JSON."""
        return json.loads(self.body)


def list_exchanges(*names: str) -> list[Exchange]:
    """The exchanges of these captures, in their order."""
    return [
        _read_exchange(name, entry) for name in names for entry in load(name) if "request" in entry and "note" in entry
    ]


def _read_exchange(file: str, entry: dict[str, Any]) -> Exchange:
    request, response = entry["request"], entry["response"]
    body = response["body"]
    return Exchange(
        file=file,
        note=entry["note"],
        method=request["method"],
        url=request["url"],
        sent=request["body"] or "",
        status=response["status"],
        reason=response["reason"],
        headers=response["headers"],
        body=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
        gradebook=entry.get("gradebook_after"),
    )


def pick(name: str, note: str) -> Exchange:
    """The first exchange of a capture that was taken under this note."""
    return next(exchange for exchange in list_exchanges(name) if exchange.note == note)


def answer_with(exchange: Exchange) -> ScriptedClient:
    """A platform that gives tokens and answers everything else as Moodle did."""
    token = pick("token-endpoint", "success one scope")

    def respond(asked: Asked) -> HttpAnswer:
        return (token if asked.url == TOKEN_URL else exchange).answer()

    return ScriptedClient(respond)


def now_seconds(scene: Scene) -> int:
    """The scene's present, in seconds."""
    return int(scene.now.timestamp())
