import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwcrypto.jwk import JWK  # type: ignore[import-untyped]

from lti_tool.lti.errors import BadKeyError, NoKeyError
from lti_tool.lti.tool_keys import REREAD_SECONDS, ToolKeys, list_keys, rotate

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_rotation_makes_a_file_only_its_owner_reads(tmp_path: Path) -> None:
    directory = tmp_path / "made" / "on the way"
    key = rotate(directory, NOW)
    assert key.path == directory / "20260901T120000000000Z.pem"
    assert stat.S_IMODE(key.path.stat().st_mode) == 0o600
    assert list(directory.iterdir()) == [key.path]
    assert key.created_at == NOW
    assert key.private_key.key_size >= 2048


def test_name_is_the_thumbprint(tmp_path: Path) -> None:
    key = rotate(tmp_path, NOW)
    assert key.kid == JWK.from_pem(key.path.read_bytes()).thumbprint()


def test_private_half_is_never_shown(tmp_path: Path) -> None:
    key = rotate(tmp_path, NOW)
    assert "private_key" not in repr(key)
    assert set(ToolKeys(tmp_path).public_jwks()["keys"][0]) == {"kty", "alg", "use", "kid", "n", "e"}


def test_published_key_is_the_signing_keys_public_half(tmp_path: Path) -> None:
    key = rotate(tmp_path, NOW)
    (jwk,) = ToolKeys(tmp_path).public_jwks()["keys"]
    read = JWK.from_json(json.dumps(jwk))
    assert read.export_to_pem() == JWK.from_pem(key.path.read_bytes()).export_to_pem()
    assert (jwk["alg"], jwk["use"], jwk["kid"]) == ("RS256", "sig", key.kid)


def test_newest_key_signs_and_older_ones_stay_published(tmp_path: Path) -> None:
    old = rotate(tmp_path, NOW)
    new = rotate(tmp_path, NOW + timedelta(days=1))
    keys = ToolKeys(tmp_path)
    assert keys.signing_key().kid == new.kid
    assert [jwk["kid"] for jwk in keys.public_jwks()["keys"]] == [new.kid, old.kid]
    assert [key.kid for key in list_keys(tmp_path)] == [new.kid, old.kid]


def test_two_rotations_at_once_keep_both_keys(tmp_path: Path) -> None:
    first, second = rotate(tmp_path, NOW), rotate(tmp_path, NOW)
    assert first.path != second.path
    assert [key.kid for key in list_keys(tmp_path)] == [second.kid, first.kid]


def test_no_key_says_what_to_type(tmp_path: Path) -> None:
    for ask in (ToolKeys(tmp_path).signing_key, ToolKeys(tmp_path / "missing").public_jwks):
        with pytest.raises(NoKeyError, match="lti-tool keys rotate"):
            ask()


def test_first_key_is_noticed_at_once(tmp_path: Path) -> None:
    keys = ToolKeys(tmp_path, Stopwatch())
    with pytest.raises(NoKeyError):
        keys.signing_key()
    made = rotate(tmp_path, NOW)
    assert keys.signing_key().kid == made.kid


def test_rotation_is_noticed_within_half_a_minute_and_published_at_once(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    old = rotate(tmp_path, NOW)
    signer, publisher = ToolKeys(tmp_path, stopwatch), ToolKeys(tmp_path, stopwatch)
    assert signer.signing_key().kid == publisher.signing_key().kid == old.kid
    new = rotate(tmp_path, NOW + timedelta(days=1))
    assert signer.signing_key().kid == old.kid
    assert publisher.public_jwks()["keys"][0]["kid"] == new.kid
    stopwatch.seconds += REREAD_SECONDS
    assert signer.signing_key().kid == new.kid


def test_unchanged_directory_is_not_read_again(tmp_path: Path) -> None:
    rotate(tmp_path, NOW)
    keys = ToolKeys(tmp_path)
    assert keys.public_jwks() is keys.public_jwks()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    key = rotate(tmp_path, NOW)
    (tmp_path / "README.md").write_text("about keys")
    (tmp_path / "notes.pem").write_text("not a key")
    (tmp_path / ".new-draft").write_text("half a key")
    assert [one.kid for one in list_keys(tmp_path)] == [key.kid]


def test_key_file_named_to_the_second_is_read(tmp_path: Path) -> None:
    rotate(tmp_path, NOW).path.rename(tmp_path / "20260102T030405Z.pem")
    (key,) = list_keys(tmp_path)
    assert key.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def write_key(path: Path, kind: str) -> None:
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if kind == "elliptic":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = rsa.generate_private_key(65537, 1024 if kind == "short" else 2048)
    encryption = BestAvailableEncryption(b"password") if kind == "encrypted" else NoEncryption()
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))


@pytest.mark.parametrize("kind", ["elliptic", "short", "encrypted"])
def test_key_of_the_wrong_kind_is_named(kind: str, tmp_path: Path) -> None:
    write_key(tmp_path / "20260901T120000Z.pem", kind)
    with pytest.raises(BadKeyError, match=r"20260901T120000Z\.pem"):
        ToolKeys(tmp_path).signing_key()


def test_message_about_a_broken_key_does_not_quote_it(tmp_path: Path) -> None:
    (tmp_path / "20260901T120000Z.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----")
    with pytest.raises(BadKeyError) as error:
        list_keys(tmp_path)
    assert "c2VjcmV0" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize("name", ["20261399T120000Z.pem", "20260901T990000Z.pem"])
def test_file_with_an_impossible_time_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(BadKeyError, match=name):
        list_keys(tmp_path)


def test_broken_file_beside_a_good_key_does_not_stop_a_running_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopwatch = Stopwatch()
    good = rotate(tmp_path, NOW)
    keys = ToolKeys(tmp_path, stopwatch)
    assert keys.signing_key().kid == good.kid
    (tmp_path / "20270901T120000Z.pem").write_text("half a key")
    stopwatch.seconds += REREAD_SECONDS
    assert keys.signing_key().kid == good.kid
    assert "20270901T120000Z.pem" in caplog.text


def test_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadKeyError, match="file"):
        rotate(tmp_path / "file", NOW)
