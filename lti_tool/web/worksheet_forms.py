"""A worksheet's HTML form to its document and back, for the button, for autosave and without JavaScript.

What a template writes (``<path>`` is a path of ``domain.answers``):

- ``a.<path>`` holds one answer. Before a checkbox with the value "yes" stands a hidden field of the same name with the
  value "", so that taking the tick away is sent too; the last value of a name counts. Several choices are several
  values of one name after such an empty one. Beside what was carried it holds a note, without that a working version.
- ``order.<rows path>`` is hidden and repeated: the row ids in their order, and one empty one, so that a list whose
  last row was taken away is sent too. Without it the rows stay as they are.
- ``typed.<path>`` are her own words for a pick; in the list of its options, "typed" points to them.
- ``shown.<private path>`` is a checkbox with a hidden "" before it, as above.
- ``do`` is the button: "save", "submit", "add:<rows path>" or better "add:<rows path>:<new id>" (with an id minted when
  the page was made a double click adds one row), "remove:…", "remove_used:…" (the same, once asked), "up:…" and
  "down:<rows path>:<row id>", "keep:<address>" and "update:<address>" for what another plan changed.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import FieldType, Leaf, Worksheet
from lti_tool.content.sources import list_sources, make_address
from lti_tool.domain.answer_lines import list_lines
from lti_tool.domain.answer_rows import add_row, move_row, remove_row
from lti_tool.domain.answers import (
    TYPED,
    YES,
    Document,
    blank_row,
    get_answer,
    is_row_id,
    list_private_paths,
    parse_document,
    set_answer,
    shape_document,
)
from lti_tool.domain.carrying import read_copy
from lti_tool.domain.row_uses import free_picks

_TYPED_OPTION = "typed"


class ActionKind(StrEnum):
    """What the pressed button asks for."""

    SAVE = "save"
    SUBMIT = "submit"
    ADD = "add"
    REMOVE = "remove"
    REMOVE_USED = "remove_used"
    UP = "up"
    DOWN = "down"
    KEEP = "keep"
    UPDATE = "update"


ROW_ACTIONS = frozenset({ActionKind.ADD, ActionKind.REMOVE, ActionKind.REMOVE_USED, ActionKind.UP, ActionKind.DOWN})
_SOURCE_ACTIONS = frozenset({ActionKind.KEEP, ActionKind.UPDATE})


@dataclass(frozen=True, slots=True)
class Action:
    """A pressed button. ``field_path`` (or the address of a source) and ``row_id`` are "" where the kind needs none."""

    kind: ActionKind
    field_path: str = ""
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class FormReading:
    """What a form said. ``unknown_names`` were passed over; they belong into a log, not before a librarian."""

    document: Document
    action: Action
    unknown_names: tuple[str, ...]


def read_form(
    worksheet: Worksheet, items: Iterable[tuple[str, str]], previous: Document, *, other_names: Collection[str] = ()
) -> FormReading:
    """Lay a sent form over the document it was made from; what the form does not name keeps its answer.

    The action is told, not done: ``apply_action`` does the ones on rows. ``other_names`` are fields of the page that
    are not the worksheet's (a version, a token).

    Raises:
        DocumentTooLargeError: the result would be over the limit of a document.
    """
    form = _Form(items)
    document = shape_document(worksheet, previous)
    for question in list_questions(worksheet):
        answer = _read_answer(form, question, document)
        document = set_answer(document, question.path, answer)
    shown = {
        path: form.take(f"shown.{path}", YES if path in document["shown"] else "")
        for path in list_private_paths(worksheet)
    }
    document = {**document, "shown": [path for path, tick in shown.items() if tick]}
    action = _read_action(worksheet, form.take("do", ActionKind.SAVE))
    unknown = form.list_unread(other_names)
    if action is None:
        action, unknown = Action(ActionKind.SAVE), (*unknown, "do")
    return FormReading(parse_document(worksheet, document), action, unknown)


def apply_action(worksheet: Worksheet, document: Document, action: Action, *, new_row_id: str) -> Document:
    """Do what a button on rows asks for; others change nothing. ``new_row_id`` serves an "add" without id."""
    match action.kind:
        case ActionKind.ADD:
            return add_row(worksheet, document, action.field_path, action.row_id or new_row_id)
        case ActionKind.REMOVE:
            return remove_row(worksheet, document, action.field_path, action.row_id)
        case ActionKind.REMOVE_USED:
            freed = free_picks(worksheet, document, action.field_path, {action.row_id})
            return remove_row(worksheet, freed, action.field_path, action.row_id)
        case ActionKind.UP:
            return move_row(worksheet, document, action.field_path, action.row_id, -1)
        case ActionKind.DOWN:
            return move_row(worksheet, document, action.field_path, action.row_id, 1)
    return document


def mint_row_id() -> str:
    """A row id that no other tab or page will mint."""
    return f"r{secrets.token_hex(6)}"


def list_form_items(worksheet: Worksheet, document: Document) -> tuple[tuple[str, str], ...]:
    """Every field a browser would send for ``document``, in the order of the page."""
    document = shape_document(worksheet, document)
    items: list[tuple[str, str]] = []
    for question in list_questions(worksheet):
        lines = list_lines(question, document)
        if question.field.type is FieldType.ROWS:
            items += [(f"order.{question.path}", row_id) for row_id in (*(line.key for line in lines), "")]
        for line in lines:
            for cell in line.cells:
                value = cell.value if question.field.source is None else cell.value.removeprefix(TYPED)
                items.extend(_list_leaf_items(cell.path, cell.leaf, value))
    for path in list_private_paths(worksheet):
        items.append((f"shown.{path}", YES if path in document["shown"] else ""))
    return tuple(items)


def _list_leaf_items(path: str, leaf: Leaf, value: str) -> Iterator[tuple[str, str]]:
    if leaf.type == "choices":
        yield f"a.{path}", ""
        for key in value.split():
            yield f"a.{path}", key
    elif leaf.type == "pick" and value.startswith(TYPED):
        yield f"a.{path}", _TYPED_OPTION
        yield f"typed.{path}", value.removeprefix(TYPED)
    else:
        yield f"a.{path}", value


class _Form:
    """Sent fields by name, remembering which of them were read."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(name, []).append(value)
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str, default: str) -> str:
        """The last value of ``name``, or ``default`` when it was not sent."""
        self._read.add(name)
        return self._values.get(name, [default])[-1]

    def take_all(self, name: str) -> list[str]:
        self._read.add(name)
        return self._values.get(name, [])

    def list_names(self, prefix: str) -> list[str]:
        """What follows ``prefix`` in every name that begins with it."""
        return [name.removeprefix(prefix) for name in self._values if name.startswith(prefix)]

    def list_unread(self, known: Collection[str]) -> tuple[str, ...]:
        return tuple(name for name in self._values if name not in self._read and name not in known)


def _read_answer(form: _Form, question: Question, document: Document) -> object:
    previous = get_answer(document, question.path)
    field = question.field
    match field.type:
        case FieldType.ROWS:
            return _read_rows(form, question, previous)
        case FieldType.GRID:
            return {
                row.key: {
                    column.key: _read_leaf(
                        form,
                        f"{question.path}.{row.key}.{column.key}",
                        row.cells.get(column.key, column),
                        previous[row.key][column.key],
                    )
                    for column in field.columns
                }
                for row in field.grid_rows
            }
    if field.source is not None:
        words = form.take(f"a.{question.path}", previous.removeprefix(TYPED))
        is_working_version = words.strip() and read_copy(document, make_address(field.source)) is None
        return f"{TYPED}{words}" if is_working_version else words
    return _read_leaf(form, question.path, question.leaf, previous)


def _read_rows(form: _Form, question: Question, previous: list[dict[str, str]]) -> list[dict[str, str]]:
    path = question.path
    rows = {row["id"]: row for row in previous}
    if f"order.{path}" in form:
        order = [row_id for row_id in form.take_all(f"order.{path}") if is_row_id(row_id)]
    else:
        named = [name.partition(".")[0] for name in form.list_names(f"a.{path}.")]
        order = [*rows, *(row_id for row_id in named if is_row_id(row_id))]
    return [
        {
            "id": row_id,
            **{
                column.key: _read_leaf(form, f"{path}.{row_id}.{column.key}", column, row[column.key])
                for column in question.field.columns
            },
        }
        for row_id in dict.fromkeys(order)
        for row in (rows.get(row_id) or blank_row(question.field, row_id),)
    ]


def _read_leaf(form: _Form, path: str, leaf: Leaf, previous: str) -> str:
    name, typed_name = f"a.{path}", f"typed.{path}"
    if leaf.type == "pick":
        if name not in form and typed_name not in form:
            return previous
        picked = form.take(name, _TYPED_OPTION)
        words = form.take(typed_name, "")
        if picked in {"", _TYPED_OPTION}:
            return f"{TYPED}{words}" if words.strip() else ""
        return picked
    if leaf.type == "choices":
        keys = form.take_all(name) if name in form else previous.split()
        return " ".join(dict.fromkeys(key for key in keys if key and not key.isspace()))
    value = form.take(name, previous)
    if leaf.type == "check":
        return YES if value.strip() else ""
    return value


def _read_action(worksheet: Worksheet, pressed: str) -> Action | None:
    name, _, rest = pressed.partition(":")
    field_path, _, row_id = rest.partition(":")
    if name in {ActionKind.SAVE, ActionKind.SUBMIT}:
        return Action(ActionKind(name)) if not rest else None
    if name in _SOURCE_ACTIONS:
        return Action(ActionKind(name), rest) if rest in map(make_address, list_sources(worksheet)) else None
    if name not in set(ActionKind) or (row_id and not is_row_id(row_id)) or not (row_id or name == ActionKind.ADD):
        return None
    paths = {question.path for question in list_questions(worksheet) if question.field.type is FieldType.ROWS}
    return Action(ActionKind(name), field_path, row_id) if field_path in paths else None
