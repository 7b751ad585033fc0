"""The pages of a plan: its editor, what was submitted, a blank one, and words that could not be stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, g, make_response, render_template, request, url_for

from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_gaps import Gap
from lti_tool.domain.answer_merge import Conflict
from lti_tool.domain.answer_views import Reader, describe_answers
from lti_tool.domain.answers import Document
from lti_tool.domain.computing import compute_field, list_computed
from lti_tool.domain.living import list_living_columns, list_living_questions
from lti_tool.domain.retired import list_retired
from lti_tool.domain.row_uses import RowUse
from lti_tool.services.errors import ToolError
from lti_tool.services.plan_sources import describe_sources
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.services.work import WorkPage, find_target
from lti_tool.web.drafts import KeptText
from lti_tool.web.guards import find_tool
from lti_tool.web.worksheet_links import PlanLinks, link_plan
from lti_tool.web.worksheet_sheet import SHEET_HELPERS, describe_answer, make_sheet


@dataclass(frozen=True, slots=True)
class AskedRemoval:
    """A row that others point to: what it is called, who points to it, and the button that removes it anyway."""

    name: str
    uses: tuple[RowUse, ...]
    button: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Concerns:
    """What stands in the way of a pressed button, told at the head of the form."""

    gaps: tuple[Gap, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    is_stale: bool = False
    removal: AskedRemoval | None = None


def render_plan(
    page: WorkPage, document: Document | None = None, *, concerns: Concerns | None = None, status: int = HTTPStatus.OK
) -> Response:
    """The plan as its author finds it: to write in, or as it was submitted. ``document`` is what she has typed."""
    concerns, document = concerns or Concerns(), page.document if document is None else document
    draw = _draw_editor if page.can_edit else _draw_submitted
    return make_response(draw(page, document, concerns), status)


def _draw_editor(page: WorkPage, document: Document, concerns: Concerns) -> str:
    worksheet = page.target.require_worksheet()
    sheet = make_sheet(
        worksheet,
        document,
        review=page.review,
        is_returned=page.state == "returned",
        gaps=concerns.gaps,
        links=link_plan(worksheet, page, document),
    )
    return render_template(
        "worksheets/edit.html",
        page=page,
        module=page.target.module,
        sheet=sheet,
        concerns=concerns,
        level_names=find_tool().series.level_names,
        **SHEET_HELPERS,
    )


def _draw_submitted(page: WorkPage, document: Document, concerns: Concerns) -> str:
    """What was submitted; of an accepted plan the living questions stay open below it."""
    worksheet = page.target.require_worksheet()
    living = list_living_questions(worksheet) if page.is_living else ()
    return render_template(
        "worksheets/submitted.html",
        page=page,
        module=page.target.module,
        worksheet=worksheet,
        parts=describe_answers(worksheet, page.document, reader=Reader.AUTHOR),
        review=page.review,
        sheet=make_sheet(worksheet, document, links=link_plan(worksheet, page, document)),
        living=[(question, list_living_columns(question)) for question in living],
        concerns=concerns,
        level_names=find_tool().series.level_names,
        **SHEET_HELPERS,
    )


def draw_computed(worksheet: Worksheet, document: Document) -> Mapping[str, str]:
    """Every computed field of a plan as HTML, by its path, for the page's script to put in place."""
    return {
        path: render_template("worksheets/_computed.html", computed=compute_field(worksheet, field, document))
        for _, path, field in list_computed(worksheet)
    }


def render_blank(module_key: str) -> Response:
    """What the plan asks and how it is looked at, for those who read along."""
    series = find_tool().series
    target = find_target(series, module_key, PLAN_KEY)
    worksheet = target.require_worksheet()
    links = PlanLinks(sources={source.address: source for source in describe_sources(series, worksheet)})
    body = render_template(
        "worksheets/blank.html",
        module=target.module,
        sheet=make_sheet(worksheet, target.blank(), links=links),
        level_names=series.level_names,
        describe_answer=describe_answer,
    )
    return make_response(body)


def list_answers(worksheet: Worksheet, document: Document) -> list[KeptText]:
    """Every answer in words, for a page on which she can copy them."""
    kept = []
    for part in describe_answers(worksheet, document, reader=Reader.AUTHOR):
        for question in part.questions:
            lines = [
                f"{line.label}\n" + "\n".join(f"{cell.label}: {cell.text}" for cell in line.cells if cell.text)
                for line in question.lines
            ]
            text = question.text or "\n\n".join(lines)
            if text:
                kept.append(KeptText(f"Part {part.key}: {question.label}", text))
    kept += [KeptText(f"No longer asked: {answer.label}", answer.text) for answer in list_retired(document)]
    return kept


def list_raw_answers(worksheet: Worksheet) -> list[KeptText]:
    """What the form held, field by field, when it is too long to be read as one plan."""
    labels = {part_field.key: part_field.label for part in worksheet.parts for part_field in part.fields}
    return [
        KeptText(labels.get(name.split(".")[1], "An answer"), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(("a.", "typed.")) and len(value) > 2 and value.strip()
    ]


def show_kept(module_key: str, kept: list[KeptText], error: ToolError) -> Response:
    """Why it could not be stored, with everything she had typed to copy."""
    here = url_for("worksheets.show_plan", session_id=g.visit.session_id, module_key=module_key)
    return make_response(render_template("worksheets/kept.html", error=error, kept=kept, back=here), error.status)
