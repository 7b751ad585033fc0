"""What a real Moodle 4.5.6 sent and answered: captured traffic, without tokens and session keys.

Each ``launch_*.json`` is a token's payload; each ``*_answers.json`` a list of a service's answers, with the note the
capture was taken under. Moodle explains a refusal in the status line, so that is kept as ``reason``.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lti_tool.lti.values import ExpectedLaunch, Registration
from tests.certification.scene import KeyPair

FOLDER = Path(__file__).parent / "moodle_4_5"
ISSUER = "https://moodle.test"
TOOL = "https://tool.test"


def load(name: str) -> Any:
    """Read a capture."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class CapturedLaunch:
    """A captured payload, brought forward to now and signed by the test's platform."""

    token: str
    expected: ExpectedLaunch


def replay_launch(name: str, keys: KeyPair, now_seconds: int) -> CapturedLaunch:
    """Sign a captured payload anew. Only its times are changed; it lives as long as it did."""
    claims = load(f"launch_{name}")
    lifetime = claims["exp"] - claims["iat"]
    claims |= {"iat": now_seconds, "exp": now_seconds + lifetime}
    registration = Registration(
        id="m1",
        name="Moodle",
        issuer=claims["iss"],
        client_id=claims["aud"],
        auth_url=f"{ISSUER}/mod/lti/auth.php",
        token_url=f"{ISSUER}/mod/lti/token.php",
        jwks_url=f"{ISSUER}/mod/lti/certs.php",
        family="moodle",
        origins=(ISSUER,),
    )
    deployment = claims["https://purl.imsglobal.org/spec/lti/claim/deployment_id"]
    return CapturedLaunch(keys.sign(claims), ExpectedLaunch(registration, claims["nonce"], deployment))


def list_answers(name: str) -> list[Any]:
    """Captured answers as test parameters' values."""
    answers: list[Any] = load(f"{name}_answers")
    return answers


def name_answer(answer: dict[str, Any]) -> str:
    """A test's id for an answer."""
    return f"{answer['status']} {answer['note']}"


def write_body(answer: dict[str, Any]) -> bytes:
    """An answer's body as it went over the wire."""
    body = answer["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
