"""One login that waits for its launch: a platform with invented keys, and the correct token to make others from."""

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lti_tool.lti import vocabulary
from lti_tool.lti.values import ExpectedLaunch, Registration

Claims = dict[str, Any]

INSTRUCTOR = vocabulary.ROLE_CONTEXT_PREFIX + "Instructor"
LEARNER = vocabulary.ROLE_CONTEXT_PREFIX + "Learner"
ISSUER = "https://lms.example.edu"
CLIENT_ID = "client-10000000000123"
DEPLOYMENT_ID = "7:d1"
TOOL = "https://tool.example.org"
RETURN_URL = f"{ISSUER}/courses/42/return?token=a%20b"


def encode(content: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


@dataclass(frozen=True)
class KeyPair:
    """A platform's invented key pair."""

    kid: str
    private_key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def invent(cls, kid: str, bits: int = 2048) -> "KeyPair":
        return cls(kid, rsa.generate_private_key(public_exponent=65537, key_size=bits))

    def public_jwk(self, **changes: object) -> dict[str, object]:
        numbers = self.private_key.public_key().public_numbers()
        jwk: dict[str, object] = {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.kid,
            "e": encode(numbers.e.to_bytes(3, "big")),
            "n": encode(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
        }
        return {name: value for name, value in (jwk | changes).items() if value is not None}

    def public_pem(self) -> bytes:
        return self.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims: object, **header: object) -> str:
        """Make a token of any payload; a header given as None is left out."""
        return self.sign_text(json.dumps(claims), **header)

    def sign_text(self, payload: str, **header: object) -> str:
        wanted = {"typ": "JWT", "alg": "RS256", "kid": self.kid} | header
        kept = {name: value for name, value in wanted.items() if value is not None}
        signed = f"{encode(json.dumps(kept).encode())}.{encode(payload.encode('utf-8', 'surrogatepass'))}"
        digest = SHA512() if kept.get("alg") == "RS512" else SHA256()
        return f"{signed}.{encode(self.private_key.sign(signed.encode(), padding.PKCS1v15(), digest))}"


@dataclass(frozen=True)
class Scene:
    """One login that waits for its launch: who sends it, what it must say, and what time it is."""

    keys: KeyPair
    foreign_keys: KeyPair
    now: datetime
    nonce: str = "n-this-flow"
    other_nonce: str = "n-other-flow"
    issuer: str = ISSUER
    client_id: str = CLIENT_ID
    deployment_id: str = DEPLOYMENT_ID
    tool: str = TOOL
    subject: str = "a6d5c443-1f51-4783-ba1a-7686ffe3b54a"

    def registration(self, **changes: Any) -> Registration:
        registration = Registration(
            id="1",
            name="Example LMS",
            issuer=self.issuer,
            client_id=self.client_id,
            auth_url=f"{ISSUER}/auth",
            token_url=f"{ISSUER}/token",
            jwks_url=f"{ISSUER}/jwks",
            family="other",
            origins=(ISSUER,),
        )
        return replace(registration, **changes)

    def expected(self, **changes: Any) -> ExpectedLaunch:
        return ExpectedLaunch(self.registration(**changes), self.nonce, self.deployment_id)

    def claims(self, **changes: object) -> Claims:
        """A correct launch; a claim changed to None is left out. Long names may be given by their last part."""
        seconds = int(self.now.timestamp())
        claims: Claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": self.subject,
            "exp": seconds + 3600,
            "iat": seconds,
            "nonce": self.nonce,
            "name": "Ms. Jane Marie Doe",
            "given_name": "Jane",
            "family_name": "Doe",
            "email": "jane@example.edu",
            vocabulary.CLAIM_MESSAGE_TYPE: vocabulary.MESSAGE_RESOURCE_LINK,
            vocabulary.CLAIM_VERSION: vocabulary.VERSION,
            vocabulary.CLAIM_DEPLOYMENT_ID: self.deployment_id,
            vocabulary.CLAIM_TARGET_LINK_URI: f"{self.tool}/lti/launch",
            vocabulary.CLAIM_ROLES: [INSTRUCTOR],
            vocabulary.CLAIM_RESOURCE_LINK: {"id": "200d101f-2c14", "title": "Visioning"},
            vocabulary.CLAIM_CONTEXT: {"id": "c1d887f0", "label": "LEAD", "title": "Leading Edge"},
            vocabulary.CLAIM_LAUNCH_PRESENTATION: {"return_url": RETURN_URL, "locale": "en-US"},
        }
        names = {claim.rsplit("/", 1)[-1]: claim for claim in claims}
        for name, value in changes.items():
            full = names.get(name, name)
            if value is None:
                claims.pop(full, None)
            else:
                claims[full] = value
        return claims

    def token(self, **changes: object) -> str:
        """A correct token with these claims changed."""
        return self.keys.sign(self.claims(**changes))

    def shift(self, seconds: float, **changes: object) -> str:
        """A token made by a platform whose clock is this far ahead of ours; it lives 60 seconds, as Moodle's do."""
        made = int(self.now.timestamp() + seconds)
        return self.token(iat=made, exp=made + 60, **changes)
