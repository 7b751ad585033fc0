"""Two small plans of which the later one builds on the earlier one, with every way to do so."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from lti_tool.content.questions import list_questions
from lti_tool.content.schema import Worksheet
from lti_tool.content.sources import list_sources, make_address
from lti_tool.domain.answers import TYPED, Document, get_answer, parse_document, set_answer
from lti_tool.domain.carrying import Copy, Stage, copy_answer, read_copy, take_copies
from tests.unit.domain.factories import documents, make_column, make_field, make_worksheet

# Two whole plans make a large example, so fewer of them are tried.
few_examples = settings(max_examples=25)

AT = datetime(2027, 3, 4, 15, 0, tzinfo=UTC)
GOALS = "earlier.goals"


def make_earlier_worksheet() -> Worksheet:
    """The plan that others build on."""
    return make_worksheet(
        A=[
            make_field("mission", "prose", brief=True),
            make_field("level", "choice"),
            make_field("diary", "prose", private=True),
            make_field(
                "goals",
                "rows",
                row_name="Goal",
                columns=[
                    make_column("goal", brief=True),
                    make_column("by", "date", label="By date", brief=True),
                    make_column("owner", "pick", pick={"field": "people", "column": "who"}),
                    make_column("cost", "money"),
                ],
            ),
            make_field(
                "people",
                "rows",
                row_name="Person",
                columns=[make_column("who"), make_column("influence", "scale"), make_column("interest", "scale")],
            ),
            make_field(
                "scan",
                "grid",
                private=True,
                columns=[make_column("today", "scale")],
                grid_rows=[{"key": "ask", "label": "I ask."}, {"key": "wait", "label": "I wait."}],
            ),
            make_field(
                "soar",
                "group",
                label="Looking round",
                brief=True,
                fields=[
                    make_field("strengths", "rows", row_name="Strength", columns=[make_column("line")]),
                    make_field("wish", "text"),
                    make_field("fear", "prose", private=True),
                    make_field("doubts", "rows", private=True, columns=[make_column("line")]),
                ],
            ),
        ]
    )


def make_later_worksheet() -> Worksheet:
    """A plan with one of everything that is carried, picked across plans, worked out, living or chosen severalfold."""
    goals = {"module": "earlier", "field": "goals", "column": "goal"}
    return make_worksheet(
        A=[
            make_field("mission_now", "carried", source={"module": "earlier", "field": "mission"}, required=True),
            make_field(
                "goals_now", "carried", source={"module": "earlier", "field": "goals"}, columns_shown=["goal", "by"]
            ),
            make_field("diary_now", "carried", source={"module": "earlier", "field": "diary"}, private=True),
            make_field("soar_now", "carried", source={"module": "earlier", "field": "soar"}, brief=True),
            make_field("ways", "choices", required=True),
            make_field("energy", "scale", lowest=0, highest=10),
            make_field("serves", "pick", pick=goals, required=True, brief=True),
        ],
        B=[
            make_field(
                "review",
                "rows",
                row_name="Goal",
                one_row_for="goal",
                columns=[
                    make_column("goal", "pick", pick=goals),
                    make_column("happened", brief=True),
                    make_column("again", "date", living=True),
                    make_column("ways", "choices"),
                ],
            ),
            make_field(
                "partners",
                "rows",
                row_name="Partner",
                columns=[
                    make_column("who"),
                    make_column("influence", "scale"),
                    make_column("interest", "scale"),
                    make_column("serves", "pick", pick=goals),
                ],
            ),
            make_field(
                "map",
                "computed",
                compute={
                    "kind": "quadrants",
                    "rows": "partners",
                    "name": "who",
                    "up": "influence",
                    "across": "interest",
                },
            ),
            make_field("closest", "pick", pick={"field": "partners", "column": "who"}),
            make_field("log", "rows", row_name="Entry", living=True, columns=[make_column("line")]),
            make_field(
                "scan_again",
                "grid",
                private=True,
                columns=[make_column("then", "scale"), make_column("now", "scale", living=True)],
                grid_rows=[{"key": "ask", "label": "I ask."}, {"key": "wait", "label": "I wait."}],
            ),
            make_field(
                "compared",
                "computed",
                private=True,
                compute={
                    "kind": "comparison",
                    "grid": "scan_again",
                    "source": {"module": "earlier", "field": "scan"},
                },
            ),
            make_field(
                "resources",
                "group",
                fields=[
                    make_field(
                        "items", "rows", row_name="Item", columns=[make_column("what"), make_column("amount", "money")]
                    ),
                    make_field(
                        "total", "computed", compute={"kind": "total", "rows": "resources.items", "column": "amount"}
                    ),
                    make_field("worry", "prose", private=True),
                ],
            ),
            make_field("page", "computed", compute={"kind": "brief"}),
        ],
    )


EARLIER = make_earlier_worksheet()
LATER = make_later_worksheet()


def fill_earlier_document() -> Document:
    """The earlier plan with something in every place."""
    return parse_document(
        EARLIER,
        {
            "fields": {
                "mission": "Every learner asks.",
                "level": "not_yet",
                "diary": "For nobody else.",
                "goals": [
                    {"id": "g1", "goal": "Co-plan one unit", "by": "5/21/2027", "owner": "p1", "cost": "300"},
                    {"id": "blank", "goal": " ", "by": "", "owner": "", "cost": ""},
                    {"id": "g2", "goal": "Weed the shelves", "by": "", "owner": "typed:Helpers", "cost": ""},
                ],
                "people": [{"id": "p1", "who": "Principal", "influence": "5", "interest": "2"}],
                "scan": {"ask": {"today": "2"}, "wait": {"today": ""}},
                "soar": {
                    "strengths": [{"id": "s1", "line": "Open doors"}],
                    "wish": "More hours",
                    "fear": "Being closed",
                    "doubts": [{"id": "d1", "line": "Too slow"}],
                },
            }
        },
    )


def fill_later_document(earlier: Document | None = None) -> Document:
    """A later plan that can be submitted, with copies of ``earlier``."""
    document = parse_document(
        LATER,
        {
            "fields": {
                "mission_now": "It still holds.",
                "ways": "yes not_yet",
                "energy": "8",
                "serves": "g2",
                "review": [{"id": "v1", "goal": "g1", "happened": "Two teams", "again": "6/1/2027", "ways": "yes"}],
                "partners": [
                    {"id": "a", "who": "Ms. Ito", "influence": "5", "interest": "4", "serves": "g1"},
                    {"id": "b", "who": "The board", "influence": "4", "interest": "1", "serves": "typed:All"},
                ],
                "closest": "a",
                "log": [{"id": "l1", "line": "Began"}],
                "scan_again": {"ask": {"then": "1", "now": "4"}, "wait": {"then": "", "now": ""}},
                "resources": {"items": [{"id": "i1", "what": "Carts", "amount": "$300"}], "worry": ""},
            }
        },
    )
    return take_copies(LATER, document, copy_plan(fill_earlier_document() if earlier is None else earlier))


def copy_plan(earlier: Document, stage: Stage = Stage.ACCEPTED, revision: int = 1) -> dict[str, Copy]:
    """What every source of the later plan holds when the earlier one reads ``earlier``."""
    return {
        make_address(source): Copy(copy_answer(EARLIER, source.field, earlier), stage, revision, AT)
        for source in list_sources(LATER)
    }


def change_goal(earlier: Document, row_id: str, **cells: str) -> Document:
    """``earlier`` with other words in a row of its goals."""
    rows = [{**row, **cells} if row["id"] == row_id else row for row in earlier["fields"]["goals"]]
    return set_answer(earlier, "goals", rows)


def settle_carried(document: Document) -> Document:
    """``document`` with its words beside carried fields as a form leaves them: a note, or a working version."""
    for question in list_questions(LATER):
        if question.field.source is None:
            continue
        words = get_answer(document, question.path).removeprefix(TYPED)
        is_working_version = words.strip() and read_copy(document, make_address(question.field.source)) is None
        document = set_answer(document, question.path, f"{TYPED}{words}" if is_working_version else words)
    return document


def linked_documents() -> st.SearchStrategy[Document]:
    """Later plans as the tool keeps them, with copies of some of an earlier plan, or none."""

    def link(later: Document, earlier: Document, addresses: list[str]) -> Document:
        current = {address: copy for address, copy in copy_plan(earlier).items() if address in addresses}
        return parse_document(LATER, settle_carried(take_copies(LATER, later, current)))

    addresses: Any = st.lists(st.sampled_from([make_address(source) for source in list_sources(LATER)]), unique=True)
    return st.builds(link, documents(LATER), documents(EARLIER), addresses)
