"""Launches, good and bad, as data: each row says how its token is made and what must come of it.

Sources: LTI Advantage Conformance Certification Guide 1.3 §6.1 (the rows named there carry ``is_certified``), LTI Core
1.3 and the 1EdTech Security Framework for the others. Keys are invented anew in every test run.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import RefusalCode
from tests.certification.scene import CLIENT_ID, INSTRUCTOR, ISSUER, LEARNER, TOOL, Scene, encode


class Stock(StrEnum):
    """What pylti1p3's own MessageLaunch makes of the same token."""

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    CRASHES = "crashes"


@dataclass(frozen=True)
class BadPayload:
    """A launch that must be refused with this code; ``stock`` is what the stock library does with it."""

    name: str
    code: RefusalCode
    make: Callable[[Scene], str]
    stock: Stock = Stock.REFUSES
    is_certified: bool = False
    has_return_url: bool = False


@dataclass(frozen=True)
class ValidLaunch:
    """A launch that must be let in."""

    name: str
    make: Callable[[Scene], str]
    roles: tuple[str, ...] = (INSTRUCTOR,)
    stock: Stock = Stock.ACCEPTS


def _without(*names: str) -> Callable[[Scene], str]:
    return lambda scene: scene.token(**dict.fromkeys(names))


def _with(**changes: object) -> Callable[[Scene], str]:
    return lambda scene: scene.token(**changes)


def _null(name: str) -> Callable[[Scene], str]:
    return lambda scene: scene.keys.sign(scene.claims() | {name: None})


def _sign_unsecured(scene: Scene) -> str:
    header, payload, _ = scene.keys.sign(scene.claims(), alg="none").split(".")
    return f"{header}.{payload}."


def _sign_with_public_key_as_secret(scene: Scene) -> str:
    """The classic confusion: the public key, known to all, as the secret of an HMAC."""
    header, payload, _ = scene.keys.sign(scene.claims(), alg="HS256").split(".")
    signed = f"{header}.{payload}"
    return f"{signed}.{encode(hmac.new(scene.keys.public_pem(), signed.encode(), hashlib.sha256).digest())}"


def _tamper(scene: Scene) -> str:
    header, _, signature = scene.token().split(".")
    return f"{header}.{encode(json.dumps(scene.claims(roles=[INSTRUCTOR, LEARNER])).encode())}.{signature}"


def _repeat_name(scene: Scene) -> str:
    return scene.keys.sign_text(json.dumps(scene.claims())[:-1] + ', "sub": "somebody-else"}')


def _nest(scene: Scene) -> str:
    return scene.keys.sign_text(json.dumps(scene.claims())[:-1] + ', "x": ' + "[" * 40000 + "]" * 40000 + "}")


def _borrow_key(scene: Scene) -> str:
    """Signed by a stranger who sends the key to check it with along."""
    return scene.foreign_keys.sign(
        scene.claims(), kid=scene.keys.kid, jwk=scene.foreign_keys.public_jwk(), jku="https://evil.example/jwks"
    )


_LTI_CLAIMS = ("message_type", "version", "deployment_id", "target_link_uri", "roles", "resource_link", "context")
_DAY = 86400

CERTIFIED_BAD: tuple[BadPayload, ...] = tuple(
    replace(payload, is_certified=True)
    for payload in (
        BadPayload("no kid in the header", RefusalCode.MISSING_KID, lambda s: s.keys.sign(s.claims(), kid=None)),
        BadPayload("unknown kid", RefusalCode.UNKNOWN_KEY, lambda s: s.keys.sign(s.claims(), kid="not-published")),
        BadPayload("wrong version", RefusalCode.WRONG_VERSION, _with(version="1.2.0"), has_return_url=True),
        BadPayload("no version", RefusalCode.MISSING_VERSION, _without("version"), has_return_url=True),
        BadPayload(
            "not a 1.3 token", RefusalCode.MALFORMED_TOKEN, lambda _: "lti_message_type=basic-lti-launch-request"
        ),
        BadPayload("no LTI claims", RefusalCode.MISSING_MESSAGE_TYPE, _without(*_LTI_CLAIMS), has_return_url=True),
        BadPayload("expired", RefusalCode.EXPIRED, lambda s: s.shift(-200), has_return_url=True),
        BadPayload("issued in the future", RefusalCode.ISSUED_IN_FUTURE, lambda s: s.shift(3600), has_return_url=True),
        BadPayload("no message_type", RefusalCode.MISSING_MESSAGE_TYPE, _without("message_type"), has_return_url=True),
        BadPayload("no roles", RefusalCode.MISSING_ROLES, _without("roles"), has_return_url=True),
        BadPayload("no deployment_id", RefusalCode.MISSING_DEPLOYMENT, _without("deployment_id"), has_return_url=True),
        BadPayload(
            "no resource_link", RefusalCode.MISSING_RESOURCE_LINK, _without("resource_link"), has_return_url=True
        ),
        BadPayload(
            "no resource_link.id",
            RefusalCode.MISSING_RESOURCE_LINK,
            _with(resource_link={"title": "x"}),
            has_return_url=True,
        ),
        BadPayload("no sub", RefusalCode.MISSING_SUBJECT, _without("sub"), has_return_url=True),
    )
)

WRONGLY_ACCEPTED_BY_STOCK: tuple[BadPayload, ...] = tuple(
    replace(payload, stock=Stock.ACCEPTS)
    for payload in (
        BadPayload("a foreign audience, no azp", RefusalCode.WRONG_AUDIENCE, _with(aud=[CLIENT_ID, "evil"])),
        BadPayload("azp is another", RefusalCode.WRONG_AZP, _with(azp="evil")),
        BadPayload("azp is another, two audiences", RefusalCode.WRONG_AZP, _with(aud=[CLIENT_ID, "evil"], azp="evil")),
        BadPayload("azp is a list", RefusalCode.WRONG_AZP, _with(azp=[CLIENT_ID])),
        BadPayload("no exp", RefusalCode.MISSING_EXPIRY, _without("exp"), has_return_url=True),
        BadPayload("no iat", RefusalCode.MISSING_ISSUED_AT, _without("iat"), has_return_url=True),
        BadPayload(
            "issued a day ago",
            RefusalCode.ISSUED_TOO_LONG_AGO,
            lambda s: s.token(iat=int(s.now.timestamp()) - _DAY),
            has_return_url=True,
        ),
        BadPayload(
            "no target_link_uri", RefusalCode.MISSING_TARGET_LINK, _without("target_link_uri"), has_return_url=True
        ),
        BadPayload(
            "target_link_uri elsewhere",
            RefusalCode.FOREIGN_TARGET_LINK,
            _with(target_link_uri="https://evil.example/lti/launch"),
            has_return_url=True,
        ),
        BadPayload(
            "target_link_uri with a user part",
            RefusalCode.FOREIGN_TARGET_LINK,
            _with(target_link_uri=f"{TOOL}@evil.example/"),
            has_return_url=True,
        ),
        BadPayload(
            "target_link_uri on a longer host",
            RefusalCode.FOREIGN_TARGET_LINK,
            _with(target_link_uri=f"{TOOL}.evil.example/"),
            has_return_url=True,
        ),
        BadPayload(
            "target_link_uri on another port",
            RefusalCode.FOREIGN_TARGET_LINK,
            _with(target_link_uri=f"{TOOL}:8443/"),
            has_return_url=True,
        ),
        BadPayload(
            "the nonce of another flow",
            RefusalCode.WRONG_NONCE,
            lambda s: s.token(nonce=s.other_nonce),
            has_return_url=True,
        ),
        BadPayload("the same name twice", RefusalCode.MALFORMED_TOKEN, _repeat_name),
        BadPayload("sub beyond ASCII", RefusalCode.BAD_SUBJECT, _with(sub="Ünal"), has_return_url=True),
        BadPayload("sub of 256 characters", RefusalCode.BAD_SUBJECT, _with(sub="s" * 256), has_return_url=True),
        BadPayload("blank sub", RefusalCode.MISSING_SUBJECT, _with(sub="  "), has_return_url=True),
        BadPayload("roles is text", RefusalCode.BAD_CLAIM, _with(roles=INSTRUCTOR), has_return_url=True),
        BadPayload("a role is a number", RefusalCode.BAD_CLAIM, _with(roles=[5]), has_return_url=True),
        BadPayload(
            "resource_link.id is a number", RefusalCode.BAD_CLAIM, _with(resource_link={"id": 5}), has_return_url=True
        ),
        BadPayload(
            "resource_link.id with NUL", RefusalCode.BAD_CLAIM, _with(resource_link={"id": "a\0b"}), has_return_url=True
        ),
        BadPayload("context is a list", RefusalCode.BAD_CLAIM, _with(context=["c1"]), has_return_url=True),
        BadPayload("context without an id", RefusalCode.BAD_CLAIM, _with(context={"title": "x"}), has_return_url=True),
        BadPayload("name is an object", RefusalCode.BAD_CLAIM, _with(name={"given": "Jane"}), has_return_url=True),
        BadPayload(
            "the column's address is javascript",
            RefusalCode.BAD_CLAIM,
            _with(**{vocabulary.CLAIM_AGS_ENDPOINT: {"scope": [], "lineitem": "javascript:alert(1)"}}),
            has_return_url=True,
        ),
    )
)

CRASHES_STOCK: tuple[BadPayload, ...] = tuple(
    replace(payload, stock=Stock.CRASHES)
    for payload in (
        BadPayload(
            "resource_link is null",
            RefusalCode.MISSING_RESOURCE_LINK,
            _null(vocabulary.CLAIM_RESOURCE_LINK),
            has_return_url=True,
        ),
        BadPayload("the payload is a list", RefusalCode.MALFORMED_TOKEN, lambda s: s.keys.sign([1, 2, 3])),
        BadPayload("the payload is text", RefusalCode.MALFORMED_TOKEN, lambda s: s.keys.sign("claims")),
        BadPayload("the payload is null", RefusalCode.MALFORMED_TOKEN, lambda s: s.keys.sign(None)),
        BadPayload("resource_link is text", RefusalCode.BAD_CLAIM, _with(resource_link="x"), has_return_url=True),
    )
)

ALSO_BAD: tuple[BadPayload, ...] = (
    BadPayload("alg none", RefusalCode.WRONG_ALGORITHM, _sign_unsecured),
    BadPayload("HS256 with the public key", RefusalCode.WRONG_ALGORITHM, _sign_with_public_key_as_secret),
    BadPayload("RS512", RefusalCode.WRONG_ALGORITHM, lambda s: s.keys.sign(s.claims(), alg="RS512")),
    BadPayload("no alg", RefusalCode.WRONG_ALGORITHM, lambda s: s.keys.sign(s.claims(), alg=None)),
    BadPayload(
        "signed by a stranger",
        RefusalCode.BAD_SIGNATURE,
        lambda s: s.foreign_keys.sign(s.claims(), kid=s.keys.kid),
    ),
    BadPayload("signed by a stranger, key enclosed", RefusalCode.BAD_SIGNATURE, _borrow_key),
    BadPayload("changed after signing", RefusalCode.BAD_SIGNATURE, _tamper),
    BadPayload("signature cut off", RefusalCode.BAD_SIGNATURE, lambda s: s.token().rsplit(".", 1)[0] + "."),
    BadPayload("not base64url", RefusalCode.MALFORMED_TOKEN, lambda s: s.token().replace(".", ".!", 1)),
    BadPayload(
        "critical header extension", RefusalCode.MALFORMED_TOKEN, lambda s: s.keys.sign(s.claims(), crit=["exp"], exp=1)
    ),
    BadPayload("four parts", RefusalCode.MALFORMED_TOKEN, lambda s: s.token() + ".x"),
    BadPayload("payload not JSON", RefusalCode.MALFORMED_TOKEN, lambda s: s.keys.sign_text("{")),
    BadPayload("nested without end", RefusalCode.MALFORMED_TOKEN, _nest),
    BadPayload("longer than any token", RefusalCode.MALFORMED_TOKEN, _with(pad="x" * 200_000), stock=Stock.ACCEPTS),
    BadPayload("wrong iss", RefusalCode.WRONG_ISSUER, _with(iss="https://evil.example"), stock=Stock.CRASHES),
    BadPayload("iss with a slash more", RefusalCode.WRONG_ISSUER, _with(iss=ISSUER + "/"), stock=Stock.CRASHES),
    BadPayload("no iss", RefusalCode.WRONG_ISSUER, _without("iss")),
    BadPayload("wrong aud", RefusalCode.WRONG_AUDIENCE, _with(aud="evil"), stock=Stock.CRASHES),
    BadPayload("no aud", RefusalCode.WRONG_AUDIENCE, _without("aud")),
    BadPayload("no audience in the list", RefusalCode.WRONG_AUDIENCE, _with(aud=[]), stock=Stock.CRASHES),
    BadPayload("exp is text", RefusalCode.BAD_CLAIM, _with(exp="tomorrow"), has_return_url=True),
    BadPayload("no nonce", RefusalCode.MISSING_NONCE, _without("nonce"), has_return_url=True),
    BadPayload("a nonce nobody gave", RefusalCode.WRONG_NONCE, _with(nonce="invented"), has_return_url=True),
    BadPayload(
        "not valid before tomorrow",
        RefusalCode.NOT_YET_VALID,
        lambda s: s.token(nbf=int(s.now.timestamp()) + _DAY),
        has_return_url=True,
    ),
    BadPayload("another deployment", RefusalCode.WRONG_DEPLOYMENT, _with(deployment_id="other"), has_return_url=True),
    BadPayload(
        "an unknown message_type", RefusalCode.UNKNOWN_MESSAGE_TYPE, _with(message_type="LtiX"), has_return_url=True
    ),
    BadPayload("sub is a number", RefusalCode.BAD_SUBJECT, _with(sub=5), has_return_url=True),
)

BAD_PAYLOADS: tuple[BadPayload, ...] = CERTIFIED_BAD + WRONGLY_ACCEPTED_BY_STOCK + CRASHES_STOCK + ALSO_BAD


def _list_valid_launches(who: str, role: str, short: str) -> list[ValidLaunch]:
    unknown = "http://purl.imsglobal.org/vocab/lis/v2/unknown/unknown#Helper"
    many = (role, vocabulary.ROLE_INSTITUTION_PREFIX + "Staff", vocabulary.ROLE_SYSTEM_PREFIX + "User")
    names = ("name", "given_name", "family_name")

    def with_roles(name: str, roles: tuple[str, ...]) -> ValidLaunch:
        return ValidLaunch(f"{who}, {name}", lambda s: s.token(roles=list(roles)), roles)

    def with_role_without(name: str, *left_out: str) -> ValidLaunch:
        return ValidLaunch(f"{who}, {name}", lambda s: s.token(roles=[role], **dict.fromkeys(left_out)), (role,))

    return [
        with_roles("valid", (role,)),
        with_roles("multiple roles", many),
        with_roles("short role", (short,)),
        with_roles("unknown role", (unknown,)),
        with_roles("no role", ()),
        with_role_without("email only", *names),
        with_role_without("names only", "email"),
        with_role_without("no personal data", *names, "email"),
        with_role_without("email without context", *names, "context"),
    ]


CERTIFIED_VALID: tuple[ValidLaunch, ...] = (
    *_list_valid_launches("teacher", INSTRUCTOR, "Instructor"),
    *_list_valid_launches("student", LEARNER, "Learner"),
)

WRONGLY_REFUSED_BY_STOCK: tuple[ValidLaunch, ...] = (
    ValidLaunch("the platform's clock is 3 s ahead", lambda s: s.shift(3), stock=Stock.REFUSES),
    ValidLaunch("the platform's clock is a minute ahead", lambda s: s.shift(60), stock=Stock.REFUSES),
    ValidLaunch("the platform's clock is a minute behind", lambda s: s.shift(-60), stock=Stock.REFUSES),
    ValidLaunch(
        "ours is the second audience, azp is ours",
        _with(aud=["other", CLIENT_ID], azp=CLIENT_ID),
        stock=Stock.CRASHES,
    ),
)

ALSO_VALID: tuple[ValidLaunch, ...] = (
    ValidLaunch("aud is a list of one", _with(aud=[CLIENT_ID])),
    ValidLaunch("aud names us twice", _with(aud=[CLIENT_ID, CLIENT_ID])),
    ValidLaunch("azp is ours", _with(azp=CLIENT_ID)),
    ValidLaunch("two audiences and azp", _with(aud=[CLIENT_ID, "trusted"], azp=CLIENT_ID)),
    ValidLaunch("claims nobody knows", _with(**{"https://example.edu/claim/x": {"deep": [1, None]}, "exp2": "x"})),
    ValidLaunch("the tool's host in capitals", _with(target_link_uri="https://TOOL.example.org:443/lti/launch")),
)

VALID_LAUNCHES: tuple[ValidLaunch, ...] = CERTIFIED_VALID + WRONGLY_REFUSED_BY_STOCK + ALSO_VALID
