"""The plan of a session: writing it, its rows, submitting it, taking it back, and reading what was submitted."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_gaps import Gap
from lti_tool.domain.answer_merge import Conflict
from lti_tool.domain.answer_views import Reader, describe_answers
from lti_tool.domain.answers import Document, DocumentTooLargeError
from lti_tool.domain.roles import Standing
from lti_tool.services.drafts import DraftInput, save_draft
from lti_tool.services.errors import (
    IncompleteError,
    NotFoundError,
    NotNowError,
    RefusedDocumentError,
    StaleError,
    ToolError,
)
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.services.submitting import reopen_work, submit_work, take_back_work
from lti_tool.services.work import WorkPage, find_target, open_work
from lti_tool.web.drafts import (
    OWN_NAMES,
    KeptText,
    answer_newer,
    answer_refused,
    answer_saved,
    read_choices,
    read_place,
    read_version,
    settles_conflict,
)
from lti_tool.web.guards import EVERYBODY, enters, find_tool
from lti_tool.web.notices import say
from lti_tool.web.worksheet_conflicts import merge_versions, settle_versions
from lti_tool.web.worksheet_forms import (
    Action,
    ActionKind,
    FormReading,
    apply_action,
    mint_row_id,
    read_form,
)
from lti_tool.web.worksheet_sheet import SHEET_HELPERS, describe_answer, make_sheet

blueprint = Blueprint("worksheets", __name__, url_prefix="/s/<session_id>/modules/<module_key>/plan")

_ROW_ACTIONS = frozenset({ActionKind.ADD, ActionKind.REMOVE, ActionKind.UP, ActionKind.DOWN})
_TOO_LARGE = RefusedDocumentError(
    "Your answers are longer than one plan can hold. The last saved version is safe. "
    "Copy the longest answer somewhere else and shorten it."
)


@blueprint.get("")
@enters(*EVERYBODY)
def show_plan(module_key: str) -> AnyResponse:
    """The plan to write in, or what was submitted while it cannot be changed; without work of one's own, a blank."""
    if not g.visit.may_work:
        return _render_blank(module_key)
    page = _open(module_key)
    return _render_editor(page, page.document) if page.can_edit else _render_submitted(page)


@blueprint.post("")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def change_plan(module_key: str) -> AnyResponse:
    """Save, submit, work on rows, take back or open again; whatever cannot be done, her text is shown again."""
    pressed = request.form.get("do")
    if pressed in {"take_back", "reopen"}:
        return _open_again(module_key, take_back_work if pressed == "take_back" else reopen_work)
    page = _open(module_key)
    worksheet = _worksheet_of(page)
    try:
        reading = _read(page, worksheet)
    except DocumentTooLargeError:
        return _show_kept(module_key, _list_raw_answers(worksheet), _TOO_LARGE)
    document = apply_action(worksheet, reading.document, reading.action, new_row_id=mint_row_id())
    try:
        return _store(module_key, reading.action, document)
    except StaleError:
        return _offer_both(module_key, document)
    except IncompleteError as error:
        return _render_editor(_open(module_key), document, gaps=error.gaps, status=error.status)
    except (NotNowError, RefusedDocumentError) as error:
        return _show_kept(module_key, _list_answers(worksheet, document), error)


@blueprint.post("/autosave")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def autosave_plan(module_key: str) -> Response:
    """Keep the draft for the page's script; the answer is JSON."""
    tool = find_tool()
    page = _open(module_key)
    worksheet = _worksheet_of(page)
    try:
        document = _read(page, worksheet).document
        draft = DraftInput(document=document, version=read_version(), place=read_place())
        saved = save_draft(tool.store, g.visit, tool.series, module_key, PLAN_KEY, draft=draft, now=tool.clock())
    except StaleError:
        page = _open(module_key)
        conflicts = merge_versions(worksheet, document, page.document).conflicts
        panel = render_template("worksheets/_conflict.html", conflicts=conflicts, saved_at=page.saved_at)
        return answer_newer(page.version, panel, [(conflict.path, conflict.theirs) for conflict in conflicts])
    except DocumentTooLargeError:
        return answer_refused(_TOO_LARGE)
    except (NotNowError, RefusedDocumentError) as error:
        return answer_refused(error)
    return answer_saved(saved)


def _open_again(module_key: str, step: Callable[..., None]) -> AnyResponse:
    tool = find_tool()
    step(tool.store, g.visit, tool.series, module_key, PLAN_KEY, now=tool.clock())
    say("Your plan is a draft again. Everything is here.", "good")
    return _go_to(module_key)


def _store(module_key: str, action: Action, document: Document) -> AnyResponse:
    """Save the draft, and submit it if that was the button."""
    tool = find_tool()
    where = (tool.store, g.visit, tool.series, module_key, PLAN_KEY)
    draft = DraftInput(document=document, version=read_version(), place=read_place())
    if action.kind is ActionKind.SUBMIT:
        submit_work(*where, draft=draft, now=tool.clock())
        say("Your plan is submitted.", "good")
        return _go_to(module_key)
    save_draft(*where, draft=draft, now=tool.clock())
    if action.kind is ActionKind.SAVE:
        say("Your draft is saved.", "good")
    return _go_to(module_key, _find_anchor(action, read_place()))


def _open(module_key: str) -> WorkPage:
    tool = find_tool()
    return open_work(tool.store, g.visit, tool.series, module_key, PLAN_KEY, now=tool.clock())


def _worksheet_of(page: WorkPage) -> Worksheet:
    if page.target.worksheet is None:
        raise NotFoundError("There is no plan in this session.")
    return page.target.worksheet


def _read(page: WorkPage, worksheet: Worksheet) -> FormReading:
    """The form over the stored draft; where it settles two versions, both put together as she chose."""
    reading = read_form(worksheet, request.form.items(multi=True), page.document, other_names=OWN_NAMES)
    if settles_conflict():
        document = settle_versions(worksheet, reading.document, page.document, read_choices())
        return FormReading(document, reading.action, reading.unknown_names)
    return reading


def _find_anchor(action: Action, place: str | None) -> str:
    """Where the page opens after a button without a script: the row it was about, or where she was."""
    if action.kind not in _ROW_ACTIONS:
        return f"part-{place}" if place else ""
    if action.kind is ActionKind.REMOVE or not action.row_id:
        return f"field-{action.field_path}"
    return f"row-{action.field_path}.{action.row_id}"


def _offer_both(module_key: str, mine: Document) -> Response:
    """A newer version was saved: show both. If they differ nowhere, one button puts them together."""
    page = _open(module_key)
    merged = merge_versions(_worksheet_of(page), mine, page.document)
    return _render_editor(page, merged.document, conflicts=merged.conflicts, is_stale=True, status=HTTPStatus.CONFLICT)


def _render_editor(
    page: WorkPage,
    document: Document,
    *,
    gaps: tuple[Gap, ...] = (),
    conflicts: tuple[Conflict, ...] = (),
    is_stale: bool = False,
    status: int = HTTPStatus.OK,
) -> Response:
    worksheet = _worksheet_of(page)
    sheet = make_sheet(worksheet, document, review=page.review, is_returned=page.state == "returned", gaps=gaps)
    body = render_template(
        "worksheets/edit.html",
        page=page,
        module=page.target.module,
        sheet=sheet,
        conflicts=conflicts,
        is_stale=is_stale,
        level_names=find_tool().series.level_names,
        **SHEET_HELPERS,
    )
    return make_response(body, status)


def _render_submitted(page: WorkPage) -> Response:
    worksheet = _worksheet_of(page)
    body = render_template(
        "worksheets/submitted.html",
        page=page,
        module=page.target.module,
        worksheet=worksheet,
        parts=describe_answers(worksheet, page.document, reader=Reader.AUTHOR),
        review=page.review,
        level_names=find_tool().series.level_names,
    )
    return make_response(body)


def _render_blank(module_key: str) -> Response:
    """What the plan asks and how it is looked at, for those who read along."""
    series = find_tool().series
    target = find_target(series, module_key, PLAN_KEY)
    if target.worksheet is None:
        raise NotFoundError("There is no plan in this session.")
    body = render_template(
        "worksheets/blank.html",
        module=target.module,
        sheet=make_sheet(target.worksheet, target.blank()),
        level_names=series.level_names,
        describe_answer=describe_answer,
    )
    return make_response(body)


def _list_answers(worksheet: Worksheet, document: Document) -> list[KeptText]:
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
    return kept


def _list_raw_answers(worksheet: Worksheet) -> list[KeptText]:
    """What the form held, field by field, when it is too long to be read as one plan."""
    labels = {part_field.key: part_field.label for part in worksheet.parts for part_field in part.fields}
    return [
        KeptText(labels.get(name.split(".")[1], "An answer"), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(("a.", "typed.")) and len(value) > 2 and value.strip()
    ]


def _show_kept(module_key: str, kept: list[KeptText], error: ToolError) -> Response:
    here = url_for("worksheets.show_plan", session_id=g.visit.session_id, module_key=module_key)
    return make_response(render_template("worksheets/kept.html", error=error, kept=kept, back=here), error.status)


def _go_to(module_key: str, anchor: str = "") -> AnyResponse:
    here = url_for("worksheets.show_plan", session_id=g.visit.session_id, module_key=module_key)
    return redirect(f"{here}#{anchor}" if anchor else here, HTTPStatus.SEE_OTHER)
