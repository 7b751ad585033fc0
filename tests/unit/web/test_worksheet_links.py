"""What ties a plan to others on its page: where changes are shown, where rows are used, what a row is called."""

from lti_tool.content.questions import Question, list_questions
from lti_tool.content.schema import Module, ModuleStatus, Worksheet
from lti_tool.domain.answers import Document, blank_document, set_answer
from lti_tool.domain.carrying import SourceChange, find_source_changes
from lti_tool.domain.row_uses import RowUse
from lti_tool.domain.submissions import ActivityKind, WorkState
from lti_tool.services.plan_sources import PlanSource
from lti_tool.services.work import WorkPage, WorkTarget
from lti_tool.web.worksheet_links import PlanLinks, find_uses, link_plan, name_row
from tests.unit.domain.factories import make_field, make_worksheet
from tests.unit.domain.linked_plans import (
    EARLIER,
    LATER,
    change_goal,
    copy_plan,
    fill_earlier_document,
    fill_later_document,
)

ELSEWHERE = RowUse("Another plan", "C", "Who it serves")
MODULE = Module(
    key="later", number=2, title="Later", description="It builds on.", topics=("Plans",), status=ModuleStatus.OPEN
)
SOURCE = PlanSource(
    address="earlier.goals",
    module_key="earlier",
    module_title="Earlier",
    plan_title="Earlier plan",
    field_label="Goals",
    part="A",
    minutes=5,
    is_open=True,
)


def make_page(
    worksheet: Worksheet,
    document: Document,
    *,
    changes: tuple[SourceChange, ...] = (),
    uses: dict[str, tuple[RowUse, ...]] | None = None,
) -> WorkPage:
    return WorkPage(
        target=WorkTarget(MODULE, "plan", ActivityKind.WORKSHEET, None, worksheet),
        document=document,
        version=1,
        saved_at=None,
        place=None,
        state=WorkState.DRAFT,
        is_private=False,
        submitted_at=None,
        revision_number=0,
        review=None,
        can_edit=True,
        can_take_back=False,
        can_reopen=False,
        lease_ends_at=None,
        sources=(SOURCE,),
        source_changes=changes,
        row_uses=uses or {},
    )


def find_question(worksheet: Worksheet, path: str) -> Question:
    return next(question for question in list_questions(worksheet) if question.path == path)


def find_changes(document: Document, earlier: Document) -> tuple[SourceChange, ...]:
    return find_source_changes(LATER, document, copy_plan(earlier))


def test_a_plan_without_ties_has_none() -> None:
    assert PlanLinks() == PlanLinks({}, {}, {}, ())
    page = make_page(EARLIER, blank_document(EARLIER))
    links = link_plan(EARLIER, page, page.document)
    assert (links.changes, links.uses, links.brief) == ({}, {}, ())
    assert links.sources == {"earlier.goals": SOURCE}


def test_a_change_stands_beside_the_field_that_carries_it() -> None:
    document = fill_later_document()
    changes = find_changes(document, change_goal(fill_earlier_document(), "g1", goal="Co-plan two units"))
    links = link_plan(LATER, make_page(LATER, document, changes=changes), document)
    assert links.changes == {"goals_now": changes}


def test_a_change_of_what_is_only_picked_or_compared_stands_beside_that() -> None:
    document = fill_later_document()
    scan = {"ask": {"today": "5"}, "wait": {"today": ""}}
    changes = find_changes(document, set_answer(fill_earlier_document(), "scan", scan))
    assert list(link_plan(LATER, make_page(LATER, document, changes=changes), document).changes) == ["compared"]

    picking = make_worksheet(
        make_field(
            "around",
            "group",
            fields=[make_field("serves", "pick", pick={"module": "earlier", "field": "goals", "column": "goal"})],
        )
    )
    (change,) = find_changes(document, set_answer(fill_earlier_document(), "goals", []))
    page = make_page(picking, blank_document(picking), changes=(change,))
    assert link_plan(picking, page, page.document).changes == {"around": (change,)}


def test_a_field_that_carries_goes_before_an_earlier_one_that_picks() -> None:
    goals = {"module": "earlier", "field": "goals"}
    sheet = make_worksheet(
        make_field("serves", "pick", pick={**goals, "column": "goal"}), make_field("goals_now", "carried", source=goals)
    )
    changes = find_changes(fill_later_document(), set_answer(fill_earlier_document(), "goals", []))
    page = make_page(sheet, blank_document(sheet), changes=changes)
    assert link_plan(sheet, page, page.document).changes == {"goals_now": changes}


def test_changes_of_one_place_stand_together_and_those_of_no_place_nowhere() -> None:
    document = fill_later_document()
    (change,) = find_changes(document, set_answer(fill_earlier_document(), "goals", []))
    links = link_plan(LATER, make_page(LATER, document, changes=(change, change)), document)
    assert links.changes == {"goals_now": (change, change)}
    assert link_plan(EARLIER, make_page(EARLIER, document, changes=(change,)), document).changes == {}


def test_rows_are_used_here_as_they_are_now_and_in_other_plans() -> None:
    stored = fill_later_document()
    uses: dict[str, tuple[RowUse, ...]] = {"partners.a": (ELSEWHERE,), "log.l1": (ELSEWHERE,)}
    page = make_page(LATER, stored, uses=uses)
    here = RowUse("Plan", "B", "Closest")
    assert find_uses(LATER, page, stored) == {"partners.a": (here, ELSEWHERE), "log.l1": (ELSEWHERE,)}
    changed = set_answer(stored, "closest", "b")
    assert find_uses(LATER, page, changed) == {"partners.b": (here,), **uses}
    assert link_plan(LATER, page, changed).uses == find_uses(LATER, page, changed)
    assert page.row_uses == uses


def test_a_row_is_called_by_its_number_and_first_words() -> None:
    document = fill_later_document()
    partners = find_question(LATER, "partners")
    assert name_row(partners, "b", document) == "Partner 2 (“The board”)"
    assert name_row(partners, "gone", document) == "Partner"
    blank = set_answer(document, "log", [{"id": "l1", "line": " "}])
    assert name_row(find_question(LATER, "log"), "l1", blank) == "Entry 1"
