"""A platform's own explanation of its answer, in one line for the log and the facilitator's details."""

import re
from typing import Final

from lti_tool.lti.json_text import BadJsonError, parse_json

LONGEST_DETAIL: Final = 500
_JWT: Final = re.compile(r"eyJ[\w-]*(?:\.[\w-]*){1,2}", re.ASCII)


def describe_answer(status: int, reason: str, body: bytes | str, secret: str = "") -> str:
    """Put a platform's own explanation into one line for the log and the facilitator's details.

    Moodle repeats the whole score in its status line, comment and all: everything from the first brace is left out.
    So are tokens: ``secret``, and whatever looks like a JWT.
    """
    said = f"{status} {_hide_tokens(reason, secret).split('{', 1)[0]}"
    for words in _find_explanations(_hide_tokens(read_text(body), secret)):
        if words.lower() not in said.lower():
            said = f"{said} {words}"
    printable = "".join(character if character.isprintable() else " " for character in said)
    return " ".join(printable.split())[:LONGEST_DETAIL]


def _hide_tokens(text: str, secret: str) -> str:
    return _JWT.sub("…", text.replace(secret, "…") if secret else text)


def _find_explanations(body: str) -> list[str]:
    try:
        document = parse_json(body.encode("utf-8", "replace"))
    except BadJsonError:
        # A page's title says most; the rest is furniture.
        match = re.search(r"<title>([^<]{1,200})</title>", body, re.IGNORECASE)
        return [match.group(1)] if match else ([] if "<" in body else [body.split("{", 1)[0][:200]])
    found: list[str] = []
    _collect_explanations(document, found, depth=0)
    return [words.split("{", 1)[0][:300] for words in found[:5]]


def _collect_explanations(document: object, found: list[str], depth: int) -> None:
    if isinstance(document, list) and depth < 4:
        for item in document[:5]:
            _collect_explanations(item, found, depth + 1)
    elif isinstance(document, dict) and depth < 4:
        for name in ("error", "error_description", "message", "reason", "errors", "detail", "title"):
            value = document.get(name)
            if isinstance(value, str):
                found.append(value)
            else:
                _collect_explanations(value, found, depth + 1)


def read_text(body: bytes | str) -> str:
    """An answer's body as text, whatever its bytes."""
    return body if isinstance(body, str) else body[:20000].decode("utf-8", "replace")
