"""A verified message as a document for the database, and back: what waits for its browser carries no token."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from lti_tool.lti.values import (
    AgsEndpoint,
    ContextClaim,
    DeepLinkingSettings,
    LaunchMessage,
    NoticeService,
    PersonClaim,
    ResourceLinkClaim,
)

_PARTS = {
    "context": ContextClaim,
    "resource_link": ResourceLinkClaim,
    "person": PersonClaim,
    "ags": AgsEndpoint,
    "deep_linking": DeepLinkingSettings,
    "notices": NoticeService,
}


def write_message(message: LaunchMessage) -> dict[str, Any]:
    """Write a message as plain JSON values."""
    document = asdict(replace(message, custom=dict(message.custom)))
    document["issued_at"] = message.issued_at.isoformat()
    return document


def read_message_document(document: Mapping[str, Any]) -> LaunchMessage:
    """Read what :func:`write_message` wrote."""
    values = {name: _to_tuple(value) for name, value in document.items() if name not in _PARTS}
    values["custom"] = MappingProxyType(dict(document["custom"]))
    values["issued_at"] = datetime.fromisoformat(document["issued_at"])
    for name, kind in _PARTS.items():
        part = document[name]
        values[name] = None if part is None else kind(**{key: _to_tuple(value) for key, value in part.items()})
    return LaunchMessage(**values)


def write_deep_linking(settings: DeepLinkingSettings) -> dict[str, Any]:
    """Write what a platform accepts as plain JSON values."""
    return asdict(settings)


def read_deep_linking_document(document: Mapping[str, Any]) -> DeepLinkingSettings:
    """Read what :func:`write_deep_linking` wrote."""
    return DeepLinkingSettings(**{name: _to_tuple(value) for name, value in document.items()})


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
