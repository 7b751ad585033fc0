"""Small worksheets and documents for tests of the rules."""

from collections.abc import Iterable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import FieldType, Leaf, Worksheet, WorksheetField
from lti_tool.content.sources import list_sources, make_address
from lti_tool.domain.answers import Document, list_private_paths, parse_document

# A busy machine is slow, not wrong.
settings.register_profile("unhurried", deadline=None, max_examples=60)
settings.load_profile("unhurried")


def make_field(key: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """A field as an author writes it; ``more`` adds or overrides keys."""
    return {**make_column(key, kind), "help": "Help.", **more}


def make_column(key: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """A column as an author writes it."""
    columns = [{"key": "what", "label": "What", "type": "text", "max_chars": 40}]
    usual: dict[str, dict[str, Any]] = {
        "text": {"max_chars": 40},
        "prose": {"min_words": 15, "max_words": 60},
        "scale": {"low": "rarely", "high": "always"},
        "choice": {"choices": [{"key": "yes", "label": "Yes"}, {"key": "not_yet", "label": "Not yet"}]},
        "choices": {"choices": [{"key": "yes", "label": "Yes"}, {"key": "not_yet", "label": "Not yet"}]},
        "rows": {"row_name": key.capitalize(), "max_rows": 4, "columns": columns},
        "grid": {"columns": columns, "grid_rows": [{"key": "one", "label": "One"}]},
    }
    return {"key": key, "label": key.capitalize(), "type": kind, **usual.get(kind, {}), **more}


def make_worksheet(*fields: dict[str, Any], **parts: list[dict[str, Any]]) -> Worksheet:
    """A worksheet with ``fields`` in part A, or with the fields of each part: ``make_worksheet(C=[…])``."""
    given = {"A": list(fields)} if fields else {}
    return Worksheet.model_validate(
        {
            "title": "Plan",
            "intro": "Begin.",
            "note": "Use roles.",
            "parts": [
                {"key": key, "title": f"Part {key}", "fields": inside} for key, inside in {**given, **parts}.items()
            ],
            "sittings": [],
            "rubric": [],
        }
    )


def make_rich_worksheet() -> Worksheet:
    """One of everything, in two parts."""
    return make_worksheet(
        A=[
            make_field("campus", required=True),
            make_field("level", "choice", required=True),
            make_field("draft", "prose", private=True, min_words=0),
            make_field("mission", "prose", label="Our library's mission", required=True),
            make_field("ready", "check", required=True),
            make_field(
                "numbers",
                "grid",
                depth="deeper",
                columns=[make_column("value"), make_column("note")],
                grid_rows=[
                    {
                        "key": "enrollment",
                        "label": "Enrollment",
                        "cells": {"value": {"type": "number", "unit": "learners"}},
                    },
                    {"key": "budget", "label": "Budget", "cells": {"value": {"type": "money"}}},
                ],
            ),
        ],
        B=[
            make_field(
                "goals",
                "rows",
                row_name="Goal",
                min_rows=2,
                required=True,
                columns=[
                    make_column("goal", required=True),
                    make_column("by", "date", label="By date", required=True),
                    make_column("today", "scale"),
                    make_column("resources", depth="deeper"),
                ],
            ),
            make_field("first", "pick", pick={"field": "goals", "column": "goal"}, required=True),
            make_field(
                "soar",
                "group",
                label="Looking round",
                depth="deeper",
                fields=[
                    make_field("strengths", "rows", columns=[make_column("line")]),
                    make_field("hope", "prose", private=True),
                ],
            ),
        ],
    )


def fill_rich_document() -> Document:
    """A document of ``make_rich_worksheet`` that can be submitted."""
    return {
        "fields": {
            "campus": "Mesquite Flats",
            "level": "yes",
            "draft": "",
            "mission": "Every learner here asks questions worth asking and finds and judges sources with care and joy",
            "ready": "yes",
            "numbers": {"enrollment": {"value": "780", "note": ""}, "budget": {"value": "$1,200.50", "note": ""}},
            "goals": [
                {"id": "g1", "goal": "Co-plan one unit", "by": "5/21/2027", "today": "2", "resources": ""},
                {"id": "g2", "goal": "Weed the shelves", "by": "2027-03-04", "today": "", "resources": ""},
            ],
            "first": "g2",
            "soar": {"strengths": [{"id": "s1", "line": ""}], "hope": ""},
        },
        "shown": [],
    }


WORDS = st.one_of(
    st.sampled_from(
        ["", " ", "yes", "not_yet", "3", "12", "lots", "$5", "2027-03-04", "a few plain words", "三年の計画"]
    ),
    st.text(max_size=30),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=25,
)
ROW_IDS = st.sampled_from(["r1", "r2", "r3", "a-b", "Z_9", "g1", "g2"])


def documents(worksheet: Worksheet) -> st.SearchStrategy[Document]:
    """Documents of ``worksheet`` as the tool keeps them."""
    fields = _all_answers(field for part in worksheet.parts for field in part.fields)
    shown = st.lists(st.sampled_from(list_private_paths(worksheet) or ("",)), unique=True)
    return st.builds(
        lambda answers, paths: parse_document(worksheet, {"fields": answers, "shown": paths}), fields, shown
    )


def near_json(worksheet: Worksheet) -> st.SearchStrategy[Any]:
    """JSON that is nearly a document: right names, wrong shapes."""
    keys = st.sampled_from([field.key for part in worksheet.parts for field in part.fields] + ["gone", "strengths"])
    row = st.dictionaries(
        st.sampled_from(["id", "goal", "who", "by", "today", "line", "gone"]), JSON | ROW_IDS, max_size=4
    )
    answer = (
        JSON
        | st.lists(row | JSON, max_size=4)
        | st.dictionaries(st.sampled_from(["strengths", "hope", "budget"]), JSON)
    )
    return JSON | st.fixed_dictionaries(
        {"fields": st.dictionaries(keys, answer, max_size=6) | JSON},
        optional={
            "shown": st.lists(keys) | JSON,
            "retired": st.dictionaries(keys, answer, max_size=4) | JSON,
            "carried": st.dictionaries(_addresses(worksheet), _near_copies() | JSON, max_size=3) | JSON,
        },
    )


def list_row_ids(worksheet: Worksheet, document: Document) -> dict[str, list[str]]:
    """The row ids of every rows question at the top of ``worksheet``."""
    return {
        question.path: [row["id"] for row in document["fields"][question.path]]
        for question in list_questions(worksheet)
        if question.field.type is FieldType.ROWS and "." not in question.path
    }


def _addresses(worksheet: Worksheet) -> st.SearchStrategy[str]:
    return st.sampled_from([*map(make_address, list_sources(worksheet)), "gone.field"])


def _near_copies() -> st.SearchStrategy[Any]:
    """What is nearly a copy of another plan: right names, wrong shapes."""
    names = st.sampled_from(["", "goal", "who", "key"])
    cell = st.fixed_dictionaries({}, optional=dict.fromkeys(("key", "label", "text", "value"), names | JSON))
    line = st.fixed_dictionaries(
        {}, optional={"id": ROW_IDS | JSON, "label": names | JSON, "cells": st.lists(cell | JSON, max_size=3) | JSON}
    )
    return st.fixed_dictionaries(
        {"lines": st.lists(line, max_size=3) | JSON},
        optional={
            "stage": st.sampled_from(["draft", "accepted", "printed"]) | JSON,
            "revision": st.sampled_from([0, 2, "two"]) | JSON,
            "at": st.sampled_from(["2027-03-04T15:00:00+00:00", "soon"]) | JSON,
            "kept": names | JSON,
        },
    )


def _answers(field: WorksheetField) -> st.SearchStrategy[Any]:
    match field.type:
        case FieldType.GROUP:
            return _all_answers(field.fields)
        case FieldType.GRID:
            return st.fixed_dictionaries(
                {
                    row.key: st.fixed_dictionaries(
                        {column.key: _leaf_answers(row.cells.get(column.key, column)) for column in field.columns}
                    )
                    for row in field.grid_rows
                }
            )
        case FieldType.ROWS:
            row = st.fixed_dictionaries(
                {"id": ROW_IDS, **{column.key: _leaf_answers(column) for column in field.columns}}
            )
            return st.lists(row, max_size=4, unique_by=lambda item: str(item["id"]))
    return _leaf_answers(field.leaf)


def _all_answers(fields: Iterable[WorksheetField]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {field.key: _answers(field) for field in fields if field.type is not FieldType.COMPUTED}
    )


def _leaf_answers(leaf: Leaf | None) -> st.SearchStrategy[str]:
    if leaf is not None and leaf.type == "check":
        return st.sampled_from(["", "yes"])
    if leaf is not None and leaf.type == "pick":
        return st.sampled_from(["", "r1", "g1", "g2", "typed:my own words"])
    if leaf is not None and leaf.type == "choices":
        keys = st.sampled_from([*(choice.key for choice in leaf.choices), "gone"])
        return st.lists(keys, unique=True).map(" ".join)
    return WORDS
