"""What the writing rooms share: reading a draft's form fields, answering autosave, settling two saved versions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from http import HTTPStatus

from flask import Response, jsonify, make_response, request

from lti_tool.services.drafts import Saved
from lti_tool.services.errors import ToolError

MINE = "mine"
THEIRS = "theirs"
KEEP_PREFIX = "keep."
OWN_NAMES = frozenset({"csrf_token", "version", "place", "do", "settles"})


@dataclass(frozen=True, slots=True)
class KeptText:
    """Something she had typed, shown again where the tool could not store it."""

    label: str
    text: str


def read_version() -> int:
    """The version of the draft the form was made from; 0 when it says nothing usable."""
    value = request.form.get("version", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def read_place() -> str | None:
    """Where she was, from the button she pressed or from the form; it becomes part of an address."""
    place = request.args.get("place") or request.form.get("place") or ""
    return place if place.isprintable() and place else None


def read_choices() -> dict[str, str]:
    """Which of two texts she chose, by path; empty when the form settles nothing."""
    return {
        name.removeprefix(KEEP_PREFIX): value for name, value in request.form.items() if name.startswith(KEEP_PREFIX)
    }


def settles_conflict() -> bool:
    """Whether the form shows two saved versions and asks to put them together."""
    return request.form.get("settles") == "yes"


def answer_saved(saved: Saved, *, computed: Mapping[str, str] | None = None) -> Response:
    """What autosave hears when the draft is stored; ``computed`` are the results that follow from it, as HTML."""
    saved_at = saved.at.astimezone(UTC).isoformat(timespec="seconds")
    return jsonify(version=saved.version, saved_at=saved_at, computed=dict(computed or {}))


def answer_newer(version: int, panel: str, fields: Iterable[tuple[str, str]]) -> Response:
    """What autosave hears when a newer version is stored: both texts, ready to be shown in the page."""
    body = jsonify(code="newer_version_saved", version=version, panel=panel, fields=dict(fields))
    return make_response(body, HTTPStatus.CONFLICT)


def answer_refused(error: ToolError) -> Response:
    """What autosave hears when the draft cannot be stored: why, in words for the page's status line."""
    return make_response(jsonify(code=error.code, message=error.message), error.status)
