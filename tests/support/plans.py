"""Plans through their own pages: filled in as the series' strong examples, saved, submitted, reviewed, and read again.

Everything a person writes goes over the form of the page she has open, as a browser sends it. What she should find is
told from the examples themselves, never by the code that carries it.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from xml.etree.ElementTree import Element

from lti_tool.app import create_app
from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Criterion, Level, Series, Worksheet
from lti_tool.domain.answer_lines import Cell, list_lines
from lti_tool.domain.answers import TYPED, shape_document
from lti_tool.web.worksheet_forms import list_form_items
from tests.support.front_door import TOOL, FrontDoor, Page, Person
from tests.support.pages import find_text
from tests.support.series import load_real_series

Answers = dict[str, Any]
Fields = dict[str, Any]

OWN_WORDS = "Words of my own for now"


# What the examples say.


def find_worksheet(module_key: str, series: Series | None = None) -> Worksheet:
    """The plan of a session."""
    module = (series or load_real_series()).find_module(module_key)
    assert module is not None
    assert module.worksheet is not None
    return module.worksheet


def read_example(module_key: str) -> Answers:
    """The answers of a session's strong example, for a test to change."""
    module = load_real_series().find_module(module_key)
    assert module is not None
    assert module.exemplar is not None
    return deepcopy(module.exemplar.strong.answers)


def type_picks(module_key: str, answers: Answers) -> Answers:
    """The same answers with words of her own wherever they name a row of another plan."""
    changed = deepcopy(answers)
    for question in list_questions(find_worksheet(module_key)):
        *around, last = question.path.split(".")
        place: Any = changed
        for key in around:
            place = place.get(key, {})
        if question.field.leaf is not None:
            if question.field.leaf.pick is not None and question.field.leaf.pick.module and place.get(last):
                place[last] = f"{TYPED}{OWN_WORDS}"
            continue
        rows = place.get(last, [])
        for column in question.field.columns:
            for row in rows if isinstance(rows, list) else ():
                if column.pick is not None and column.pick.module and row.get(column.key):
                    row[column.key] = f"{TYPED}{OWN_WORDS}"
    return changed


def list_texts(module_key: str, field: str, columns: tuple[str, ...] = ()) -> list[str]:
    """What somebody wrote in words into a field of the strong example (in these columns of it)."""
    return [
        _space_once(cell.value)
        for question, cell in _list_written(module_key)
        if question.path.partition(".")[0] == field and (not columns or cell.key in columns)
    ]


def list_private_texts(module_key: str) -> list[str]:
    """What the strong example says where only its author reads."""
    return [_space_once(cell.value) for question, cell in _list_written(module_key) if question.is_private]


def _list_written(module_key: str) -> Iterator[tuple[Question, Cell]]:
    worksheet = find_worksheet(module_key)
    document = shape_document(worksheet, {"fields": read_example(module_key)})
    for question in list_questions(worksheet):
        for line in list_lines(question, document):
            for cell in line.cells:
                if cell.leaf.type in {"text", "prose"} and not cell.is_blank:
                    yield question, cell


def _space_once(text: str) -> str:
    return " ".join(text.split())


# Writing.


def address_of(module_key: str) -> str:
    """Where a session's plan is written."""
    return f"modules/{module_key}/plan"


def open_plan(person: Person, module_key: str) -> Page:
    """The plan as this person finds it."""
    page = person.get(address_of(module_key))
    assert page.status == 200, page.words[:400]
    return page


def fill_form(page: Page, worksheet: Worksheet, answers: Answers) -> Fields:
    """The fields of the plan on this page with these answers written over them."""
    return {**read_sheet(page), **_list_fields(worksheet, answers)}


def _list_fields(worksheet: Worksheet, answers: Answers) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in list_form_items(worksheet, shape_document(worksheet, {"fields": answers})):
        fields.setdefault(name, []).append(value)
    return fields


def read_sheet(page: Page) -> Fields:
    """The fields of the form in which a plan is written; an accepted plan has another form above it."""
    for form in page.tree.iter("form"):
        if form.get("id") == "sheet":
            around = Element("body")
            around.append(form)
            return Page(page.response, around, page.address).form()
    raise AssertionError(f"nothing can be written on {page.address}")


def save_plan(person: Person, module_key: str, answers: Answers | None = None, *, do: str = "save") -> None:
    """Fill the plan in as its strong example (or with ``answers``) and press a button that must work."""
    worksheet = find_worksheet(module_key)
    answers = read_example(module_key) if answers is None else answers
    _send(person, module_key, _list_fields(worksheet, answers), do)


def submit_plan(person: Person, module_key: str, answers: Answers | None = None) -> None:
    """The same, submitted; it must be complete."""
    save_plan(person, module_key, answers, do="submit")


def rewrite_plan(person: Person, module_key: str, changes: Mapping[str, str], *, do: str = "save") -> None:
    """Write over single fields of the plan as it stands and press a button that must work."""
    _send(person, module_key, changes, do)


def change_plan(person: Person, module_key: str, changes: Mapping[str, str], *, do: str = "save") -> Page:
    """The same over the whole form of the page, with the page it leads to, whatever becomes of it."""
    return person.post(address_of(module_key), {**read_sheet(open_plan(person, module_key)), **changes}, do=do)


def press(person: Person, module_key: str, button: str) -> None:
    """Press "take_back" or "reopen" on a plan that was submitted."""
    _send(person, module_key, {}, button)


def _send(person: Person, module_key: str, fields: Mapping[str, str | list[str]], button: str) -> None:
    """Send these fields of the plan's form with what is hidden in it; what a form does not name stays as it is.

    No page is read as a whole here, before or after: that takes longer than all the rest of a test.
    """
    page = person.tool.get(person.place(address_of(module_key)), base_url=TOOL).text
    hidden = dict(re.findall('name="(csrf_token|version)" value="([^"]*)"', page))
    answer = person.send(address_of(module_key), {**hidden, **fields}, do=button)
    assert answer.status_code == 303, person.follow(answer).words[:2000]


# Reading.


def find_by_id(page: Page, name: str) -> Element:
    """The element with this id."""
    for element in page.tree.iter():
        if element.get("id") == name:
            return element
    raise AssertionError(f"no element {name!r} on {page.address}")


def find_all(around: Element, name: str) -> list[Element]:
    """Every element inside with this class."""
    return [element for element in around.iter() if name in (element.get("class") or "").split()]


def read_box(page: Page, path: str) -> str:
    """All words of one question: what was carried, what changed, its help, its note."""
    return find_text(find_by_id(page, f"field-{path}"))


def read_copy(page: Page, path: str) -> str:
    """What a question carries from another plan, with the words for where it is from; "" where nothing is."""
    copies = find_all(find_by_id(page, f"field-{path}"), "copy")
    return find_text(copies[0]) if copies and "copy--missing" not in (copies[0].get("class") or "") else ""


def list_changes(page: Page) -> list[str]:
    """What the page says about plans that changed since it took from them, one text for each source."""
    return [find_text(element) for element in find_all(page.tree, "source-change")]


def find_select(page: Page, path: str) -> Element:
    """The list a pick is chosen from. A path of a column ("goals_served.goal") is that of its first row."""
    rows, _, column = path.rpartition(".")
    for select in page.tree.iter("select"):
        name = (select.get("name") or "").removeprefix("a.")
        if name == path or (name.startswith(f"{rows}.") and name.endswith(f".{column}") and name.count(".") == 2):
            return select
    raise AssertionError(f"no list for {path!r} on {page.address}")


def list_options(page: Page, path: str) -> dict[str, str]:
    """What can be picked, by the ids of the rows."""
    options = {option.get("value", ""): find_text(option) for option in find_select(page, path).iter("option")}
    return {row_id: words for row_id, words in options.items() if row_id}


def read_choice(page: Page, path: str) -> tuple[str, str]:
    """What is picked: the row's id and its words; two empty texts for nothing."""
    for option in find_select(page, path).iter("option"):
        if option.get("selected") is not None and option.get("value"):
            return option.get("value", ""), find_text(option)
    return "", ""


def list_links(around: Element) -> list[str]:
    """Where the links inside an element lead."""
    return [link.get("href", "") for link in around.iter("a") if link.get("href")]


# Reviewing.


def open_review(reviewer: Person, module_key: str) -> Page:
    """The review page of the one person who handed in this session's plan, found in the queue."""
    module = load_real_series().find_module(module_key)
    assert module is not None
    queue = reviewer.get("reviews/")
    for entry in queue.tree.iter("li"):
        links = [link for link in list_links(entry) if "/reviews/" in link]
        if links and module.title in find_text(entry):
            return reviewer.get(links[0])
    raise AssertionError(f"no plan of {module.title} in: {queue.words}")


def review_plan(reviewer: Person, module_key: str, decision: str = "accept", **fields: str) -> Page:
    """Review and release: ``fields`` are those of the review form, with "__" for a point."""
    page = open_review(reviewer, module_key)
    written = {name.replace("__", "."): text for name, text in fields.items()}
    preview = reviewer.post(page.address, {**page.form(page.address), **written}, do="preview")
    release = f"{page.address}/release"
    done = reviewer.post(release, {**preview.form(release), "decision": decision})
    assert "Released" in done.words, done.words[:800]
    return done


# New versions of the content, over the same database.


@contextmanager
def renew(door: FrontDoor, series: Series) -> Iterator[FrontDoor]:
    """The same tool, LMS and database after a new version of the content; people launch into it anew."""
    app = create_app(door.tool.settings, clock=door.clock, series=series)
    renewed = FrontDoor(app, door.lms, door.lms_url, door.clock)
    try:
        yield renewed
    finally:
        renewed.store.engine.dispose()


def drop_fields(worksheet: Worksheet, *keys: str) -> Worksheet:
    """A plan that asks these fields no more."""
    parts = tuple(
        part.model_copy(update={"fields": tuple(field for field in part.fields if field.key not in keys)})
        for part in worksheet.parts
    )
    rubric = tuple(
        item.model_copy(update={"fields": tuple(key for key in item.fields if key not in keys)})
        for item in worksheet.rubric
    )
    return worksheet.model_copy(update={"parts": parts, "rubric": rubric})


def rename_choices(worksheet: Worksheet, **renamed: tuple[str, str]) -> Worksheet:
    """A plan in which a choice of a field has another key: ``level=("middle", "grades_6_to_8")``."""

    def rename(leaf: Any, old: str, new: str) -> Any:
        choices = tuple(
            choice.model_copy(update={"key": new if choice.key == old else choice.key}) for choice in leaf.choices
        )
        return leaf.model_copy(update={"choices": choices})

    def change(field: Any) -> Any:
        if field.key not in renamed:
            return field
        old, new = renamed[field.key]
        if field.leaf is not None:
            return field.model_copy(update={"leaf": rename(field.leaf, old, new)})
        return field.model_copy(update={"columns": tuple(rename(column, old, new) for column in field.columns)})

    parts = tuple(
        part.model_copy(update={"fields": tuple(change(field) for field in part.fields)}) for part in worksheet.parts
    )
    return worksheet.model_copy(update={"parts": parts})


def add_criterion(worksheet: Worksheet, title: str, *fields: str) -> Worksheet:
    """A plan that is looked at in one more way; every older level says something else, too."""
    reworded = tuple(
        item.model_copy(update={"levels": tuple(_reword(level) for level in item.levels)}) for item in worksheet.rubric
    )
    levels = tuple(Level(number=number, text=f"{title}, level {number}") for number in (4, 3, 2, 1))
    added = Criterion(key="added", title=title, fields=fields, levels=levels)
    return worksheet.model_copy(update={"rubric": (*reworded, added)})


def _reword(level: Level) -> Level:
    return level.model_copy(update={"text": f"Reworded: {level.text}"})
