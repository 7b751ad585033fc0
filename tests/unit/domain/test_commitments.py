"""Which dates of a plan are promises, and which words go with them."""

from datetime import date

from hypothesis import given

from lti_tool.domain.answers import Document, blank_document, set_answer
from lti_tool.domain.commitments import list_commitments
from tests.unit.domain.factories import documents, make_column, make_field, make_worksheet

SHEET = make_worksheet(
    A=[
        make_field(
            "calendar",
            "rows",
            row_name="Action",
            columns=[
                make_column("day", "date", label="Day", commitment=True),
                make_column("action"),
                make_column("looked", "date", label="Looked at"),
                make_column("done", "check"),
            ],
        ),
        make_field(
            "goals",
            "rows",
            row_name="Goal",
            columns=[make_column("goal"), make_column("step"), make_column("by", "date", commitment=True)],
        ),
    ],
    B=[
        make_field(
            "check", "group", label="My check", commitment=True, fields=[make_field("day", "date", label="Day")]
        ),
        make_field("talk", "date", label="The talk", commitment=True, private=True),
        make_field("born", "date"),
    ],
)


def fill() -> Document:
    document = set_answer(
        blank_document(SHEET),
        "calendar",
        [
            {"id": "a", "day": "3/4/2027", "action": "Lead the session", "looked": "2027-03-05", "done": "yes"},
            {"id": "b", "day": "soon", "action": "Write to them", "looked": "", "done": ""},
        ],
    )
    document = set_answer(document, "goals", [{"id": "g", "goal": "Co-plan", "step": "Ask", "by": "2027-02-01"}])
    document = set_answer(document, "check.day", "2027-01-09")
    document = set_answer(document, "talk", "2027-01-10")
    return set_answer(document, "born", "1990-01-01")


def test_promises_carry_their_words_and_where_they_are_written() -> None:
    action, goal, check, talk = list_commitments(SHEET, fill())
    assert (action.day, action.words, action.is_done) == (date(2027, 3, 4), ("Lead the session",), True)
    assert (goal.day, goal.words, goal.is_done) == (date(2027, 2, 1), ("Co-plan", "Ask"), False)
    assert (check.day, check.words, check.label, check.part) == (date(2027, 1, 9), (), "My check: Day", "B")
    assert (talk.label, talk.is_private, talk.path) == ("The talk", True, "talk")


@given(documents(SHEET))
def test_only_days_that_can_be_read_are_promises(document: Document) -> None:
    for promise in list_commitments(SHEET, document):
        assert promise.path in {"calendar", "goals", "check.day", "talk"}
        assert promise.is_private == (promise.path == "talk")
