"""The document of a worksheet: what a person has typed so far, in a shape the rest of the tool can rely on.

A document is JSON: ``{"fields": {field key: answer}, "shown": [paths of private fields she shows her facilitator]}``.
Answers are kept as typed. One answer is a string ("" is empty; a check is "yes" or ""; a choice is its key; a scale
"1" to "5"; several choices are their keys with spaces between; a pick is a row's id, or "typed:" and words of her own;
a carried field is her note on it, or "typed:" and a working version while there is nothing to carry). Rows are a list
of ``{"id": …, column: …}``, a grid is ``{row: {column: …}}``, a group ``{key: answer}``. Words whose question is gone
wait under ``"retired"`` by path; what was copied from other plans stands under ``"carried"`` (see ``carrying``).
Paths are "campus_name", "mission_tests.learners.result", "strategic_goals.<row id>.goal",
"soar.strengths.<row id>.line".
"""

import json
import math
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import FieldType, Worksheet, WorksheetField

Document = dict[str, Any]

YES = "yes"
TYPED = "typed:"
MAX_DOCUMENT_BYTES = 400_000

_ROW_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DEEPEST = 8


class DocumentTooLargeError(ValueError):
    """A document over the limit; ``size`` is its own size in bytes, ``limit`` what is allowed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.limit = MAX_DOCUMENT_BYTES
        super().__init__(f"{size} bytes are more than the {MAX_DOCUMENT_BYTES} a worksheet may hold")


class ShapedDocument(dict[str, Any]):
    """A document that is known to fit ``worksheet``; ``lines`` keeps what was laid out of it: it never changes."""

    def __init__(self, worksheet: Worksheet) -> None:
        super().__init__()
        self.worksheet = worksheet
        self.lines: dict[str, Any] = {}


def blank_document(worksheet: Worksheet) -> Document:
    """A document with every question of ``worksheet`` unanswered and its first rows ready to write in."""
    return shape_document(worksheet, {})


def parse_document(worksheet: Worksheet, raw: object) -> Document:
    """Make a whole document of whatever was stored or sent; doing it twice changes nothing more.

    What does not fit is never an error: words that belong to no question any more are kept under "retired" and come
    back with their field; NUL and other characters that no keyboard sends are taken out.

    Raises:
        DocumentTooLargeError: the result would be over 400 kB.
    """
    document = shape_document(worksheet, raw)
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > MAX_DOCUMENT_BYTES:
        raise DocumentTooLargeError(size)
    return document


def shape_document(worksheet: Worksheet, raw: object) -> Document:
    """``parse_document`` without its limit, for rules that are handed a document already kept.

    What it made of this worksheet before is given back as it is: documents are never changed in place.
    """
    if isinstance(raw, ShapedDocument) and raw.worksheet is worksheet:
        return raw
    source = raw if isinstance(raw, Mapping) else {}
    given = source.get("fields")
    fields = dict(given) if isinstance(given, Mapping) else {}
    retired = source.get("retired")
    shaper = _Shaper()
    waiting = dict(retired) if isinstance(retired, Mapping) else {}
    known = [field for part in worksheet.parts for field in part.fields]
    for field in known:
        if field.key in waiting and field.key not in fields:
            fields[field.key] = waiting.pop(field.key)
    for path, value in waiting.items():
        shaper.retire(str(path), value)
    answers = {
        field.key: shaper.shape(field, fields.pop(field.key, None), field.key)
        for field in known
        if field.type is not FieldType.COMPUTED
    }
    for key, value in fields.items():
        shaper.retire(str(key), value)
    shown = source.get("shown")
    wanted = [path for path in shown if isinstance(path, str)] if isinstance(shown, list | tuple) else []
    document = ShapedDocument(worksheet)
    document["fields"] = answers
    document["shown"] = [path for path in list_private_paths(worksheet) if path in wanted]
    copies = source.get("carried")
    kept = {str(key): copy for key, copy in copies.items() if _is_copy(copy)} if isinstance(copies, Mapping) else {}
    if kept:
        document["carried"] = kept
    if shaper.retired:
        document["retired"] = shaper.retired
    return document


def list_private_paths(worksheet: Worksheet) -> tuple[str, ...]:
    """The fields that only their author reads unless she shows them, in the order of the page."""
    return tuple(dict.fromkeys(question.private_path for question in list_questions(worksheet) if question.is_private))


def get_answer(document: Document, path: str) -> Any:
    """The answer of the question at ``path`` ("soar.strengths"), as the document keeps it."""
    answer: Any = document["fields"]
    for key in path.split("."):
        answer = answer[key]
    return answer


def set_answer(document: Document, path: str, answer: object) -> Document:
    """A copy of ``document`` with another answer at the question ``path``."""
    *around, last = ["fields", *path.split(".")]
    changed = inner = dict(document)
    for key in around:
        inner[key] = dict(inner[key])
        inner = inner[key]
    inner[last] = answer
    return changed


def blank_row(field: WorksheetField, row_id: str) -> dict[str, str]:
    """A row of ``field`` with nothing in it."""
    return {"id": row_id, **{column.key: "" for column in field.columns}}


def is_row_id(value: object) -> bool:
    """Whether ``value`` can name a row: letters, digits, - and _, at most 40."""
    return isinstance(value, str) and _ROW_ID.fullmatch(value) is not None


def clean_text(text: str) -> str:
    """``text`` without characters that no keyboard sends and no database keeps, and with one kind of line end."""
    if text.isprintable():
        return text
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


class _Shaper:
    """Makes answers fit their fields; words that do not fit are put aside in ``retired``."""

    def __init__(self) -> None:
        self.retired: dict[str, Any] = {}

    def shape(self, field: WorksheetField, raw: object, path: str) -> Any:
        match field.type:
            case FieldType.GROUP:
                given = self._take_mapping(raw, path)
                answers = {
                    inner.key: self.shape(inner, given.pop(inner.key, None), f"{path}.{inner.key}")
                    for inner in field.fields
                    if inner.type is not FieldType.COMPUTED
                }
            case FieldType.GRID:
                given = self._take_mapping(raw, path)
                answers = {
                    row.key: self._shape_cells(field, given.pop(row.key, None), f"{path}.{row.key}")
                    for row in field.grid_rows
                }
            case FieldType.ROWS:
                return self._shape_rows(field, raw, path)
            case _:
                return self._shape_text(raw, path)
        self._retire_rest(given, path)
        return answers

    def _shape_rows(self, field: WorksheetField, raw: object, path: str) -> list[dict[str, str]]:
        if not isinstance(raw, list | tuple):
            if raw is not None:
                self.retire(path, raw)
            return [blank_row(field, f"r{number + 1}") for number in range(max(1, field.min_rows))]
        rows: list[dict[str, str]] = []
        used_ids: set[str] = set()
        given_ids = {item["id"] for item in raw if isinstance(item, Mapping) and is_row_id(item.get("id"))}
        spare_ids = (row_id for row_id in map("row{}".format, count(1)) if row_id not in given_ids)
        for number, item in enumerate(raw):
            if not isinstance(item, Mapping):
                self.retire(f"{path}.{number}", item)
                continue
            wanted = item.get("id")
            is_usable = is_row_id(wanted) and wanted not in used_ids
            row_id = str(wanted) if is_usable else next(spare_ids)
            used_ids.add(row_id)
            cells = {key: value for key, value in item.items() if key != "id"}
            rows.append({"id": row_id, **self._shape_cells(field, cells, f"{path}.{row_id}")})
        return rows

    def _shape_cells(self, field: WorksheetField, raw: object, path: str) -> dict[str, str]:
        given = self._take_mapping(raw, path)
        cells = {
            column.key: self._shape_text(given.pop(column.key, None), f"{path}.{column.key}")
            for column in field.columns
        }
        self._retire_rest(given, path)
        return cells

    def _shape_text(self, raw: object, path: str) -> str:
        text = _read_scalar(raw)
        if text is None:
            self.retire(path, raw)
            return ""
        return text

    def _take_mapping(self, raw: object, path: str) -> dict[Any, Any]:
        if isinstance(raw, Mapping):
            return dict(raw)
        if raw is not None:
            self.retire(path, raw)
        return {}

    def _retire_rest(self, given: Mapping[Any, Any], path: str) -> None:
        for key, value in given.items():
            self.retire(f"{path}.{key}", value)

    def retire(self, path: str, value: object) -> None:
        """Keep ``value`` under ``path``, or beside what is kept there already."""
        kept = _clean_value(value, _DEEPEST)
        if not kept:
            return
        name = base = clean_text(path)
        number = 2
        while name in self.retired and self.retired[name] != kept:
            name, number = f"{base}~{number}", number + 1
        self.retired[name] = kept


def _is_copy(raw: object) -> bool:
    """Whether ``raw`` has lines and cells as ``carrying`` stores them, for those who read them without it."""
    lines = raw.get("lines") if isinstance(raw, Mapping) else None
    return isinstance(lines, list) and all(
        isinstance(line, Mapping)
        and isinstance(line.get("id"), str)
        and isinstance(line.get("cells"), list)
        and all(
            isinstance(cell, Mapping) and all(isinstance(cell.get(name), str) for name in ("key", "text"))
            for cell in line["cells"]
        )
        for line in lines
    )


def _read_scalar(raw: object) -> str | None:
    """``raw`` as the text of one answer, or None when it is not one."""
    if raw is None or isinstance(raw, bool):
        return YES if raw else ""
    if isinstance(raw, str):
        return clean_text(raw)
    if isinstance(raw, int):
        return str(raw) if abs(raw) < 10**15 else None
    if isinstance(raw, float):
        return repr(raw) if math.isfinite(raw) else None
    return None


def _clean_value(value: object, depth: int) -> Any:
    """``value`` with text at its ends and nothing empty in it; "" when nothing is left."""
    if isinstance(value, Mapping):
        cleaned = {clean_text(str(key)): _clean_value(item, depth - 1) for key, item in value.items() if depth}
        kept = {key: item for key, item in cleaned.items() if item}
        return {} if set(kept) == {"id"} else kept
    if isinstance(value, list | tuple):
        return [item for item in (_clean_value(item, depth - 1) for item in value if depth) if item]
    text = _read_scalar(value)
    return text if text and text.strip() else ""
