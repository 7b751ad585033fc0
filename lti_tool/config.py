"""Settings from the environment, read once; production refuses to start on a missing secret."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_BASE_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE | re.ASCII
)


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message says which and what to type."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decides. ``base_url`` has no trailing slash and is the only source of our own address."""

    database_url: str
    base_url: str
    secret_key: str
    keys_dir: Path
    is_development: bool
    series_dir: Path | None = None

    @property
    def origin(self) -> str:
        """Scheme and host of our own pages, as a browser sends it in ``Origin``."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_loopback(self) -> bool:
        """Whether the base URL is on this machine only."""
        return urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings from ``LTI_TOOL_*`` variables (by default those of this process).

    Raises:
        SettingsError: a variable is missing or wrong; production also refuses plain http and short secrets.
    """
    env = os.environ if environment is None else environment
    mode = env.get("LTI_TOOL_ENV") or "production"
    if mode not in {"production", "development"}:
        raise SettingsError(f"LTI_TOOL_ENV is '{mode}'. Use 'production' or 'development'.")
    is_development = mode == "development"
    stated = env.get("LTI_TOOL_BASE_URL") or ("http://127.0.0.1:5000" if is_development else "")
    base_url = _read_base_url(stated, is_development=is_development)
    secret_key = env.get("LTI_TOOL_SECRET_KEY", "")
    if not is_development and len(secret_key) < 32:
        raise SettingsError(
            "LTI_TOOL_SECRET_KEY must hold at least 32 random characters. "
            "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    series_dir = env.get("LTI_TOOL_SERIES_DIR")
    return Settings(
        database_url=env.get("LTI_TOOL_DATABASE_URL") or "sqlite:///lti_tool.sqlite3",
        base_url=base_url,
        secret_key=secret_key or "development-only-secret-key-not-for-production",
        keys_dir=Path(env.get("LTI_TOOL_KEYS_DIR") or "keys"),
        is_development=is_development,
        series_dir=Path(series_dir) if series_dir else None,
    )


def _read_base_url(stated: str, *, is_development: bool) -> str:
    """The base URL as browsers write an origin: in small letters, without the scheme's own port."""
    match = _BASE_URL.fullmatch(stated)
    if match is None or int(match["port"] or 1) > 65535:
        raise SettingsError(
            "LTI_TOOL_BASE_URL must be the address people reach this tool at, scheme and host only, "
            "for example https://leading-edge.example.org"
        )
    scheme, port = match["scheme"].lower(), int(match["port"] or 0)
    if scheme == "http" and not is_development:
        raise SettingsError("LTI_TOOL_BASE_URL must start with https:// in production: an LMS refuses anything else.")
    is_plain = port in {0, 443 if scheme == "https" else 80}
    return f"{scheme}://{match['host'].lower()}" + ("" if is_plain else f":{port}")
