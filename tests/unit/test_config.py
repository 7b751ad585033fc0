"""Settings: production starts only when it can be safe, and says what is missing."""

import pytest

from lti_tool.config import Settings, SettingsError, read_settings

GOOD = {"LTI_TOOL_BASE_URL": "https://leading-edge.example.org", "LTI_TOOL_SECRET_KEY": "s" * 32}


def read(**changes: str | None) -> Settings:
    return read_settings({name: value for name, value in {**GOOD, **changes}.items() if value is not None})


def test_production_is_the_default_and_keeps_its_word() -> None:
    settings = read()
    assert not settings.is_development
    assert settings.origin == "https://leading-edge.example.org"
    assert read(LTI_TOOL_ENV="") == settings
    assert read(LTI_TOOL_BASE_URL="https://leading-edge.example.org/") == settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"LTI_TOOL_SECRET_KEY": None}, "LTI_TOOL_SECRET_KEY"),
        ({"LTI_TOOL_SECRET_KEY": "short"}, "32"),
        ({"LTI_TOOL_BASE_URL": None}, "LTI_TOOL_BASE_URL"),
        ({"LTI_TOOL_BASE_URL": "http://leading-edge.example.org"}, "https://"),
        ({"LTI_TOOL_BASE_URL": "https://leading-edge.example.org/tool"}, "host only"),
        ({"LTI_TOOL_BASE_URL": "leading-edge.example.org"}, "LTI_TOOL_BASE_URL"),
        ({"LTI_TOOL_BASE_URL": "https://user:pw@leading-edge.example.org"}, "host only"),
        ({"LTI_TOOL_BASE_URL": "https://leading-edge.example.org:99999"}, "host only"),
        ({"LTI_TOOL_BASE_URL": "https://leading-edge.example.org#top"}, "host only"),
        ({"LTI_TOOL_BASE_URL": "https://leading edge.example.org"}, "host only"),
        ({"LTI_TOOL_BASE_URL": "https://"}, "host only"),
        ({"LTI_TOOL_ENV": "staging"}, "staging"),
    ],
)
def test_what_is_missing_or_wrong_is_said(changes: dict[str, str | None], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(**changes)


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ("https://Leading-Edge.Example.org:443/", "https://leading-edge.example.org"),
        ("HTTPS://leading-edge.example.org:8443", "https://leading-edge.example.org:8443"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
    ],
)
def test_the_base_url_is_kept_as_browsers_write_an_origin(stated: str, kept: str) -> None:
    """Or no form would be ours: the Origin header is compared to the letter."""
    assert read(LTI_TOOL_BASE_URL=stated).origin == kept


def test_development_needs_nothing() -> None:
    settings = read_settings({"LTI_TOOL_ENV": "development"})
    assert settings.is_development
    assert settings.is_loopback
    assert len(settings.secret_key) >= 32
