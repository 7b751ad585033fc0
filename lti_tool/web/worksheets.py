"""The plan of a session: writing it, its rows, submitting it, taking it back, and reading what was submitted."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_rows import find_rows
from lti_tool.domain.answers import Document, DocumentTooLargeError
from lti_tool.domain.roles import Standing
from lti_tool.services.drafts import DraftInput, save_draft, settle_source
from lti_tool.services.errors import (
    IncompleteError,
    NotNowError,
    RefusedDocumentError,
    StaleError,
)
from lti_tool.services.score_facts import PLAN_KEY
from lti_tool.services.submitting import reopen_work, submit_work, take_back_work
from lti_tool.services.work import WorkPage, open_work, read_own_draft
from lti_tool.web.drafts import (
    OWN_NAMES,
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
    ROW_ACTIONS,
    Action,
    ActionKind,
    FormReading,
    apply_action,
    mint_row_id,
    read_form,
)
from lti_tool.web.worksheet_links import find_uses, name_row
from lti_tool.web.worksheet_pages import (
    AskedRemoval,
    Concerns,
    draw_computed,
    list_answers,
    list_raw_answers,
    render_blank,
    render_plan,
    show_kept,
)

blueprint = Blueprint("worksheets", __name__, url_prefix="/s/<session_id>/modules/<module_key>/plan")

_TOO_LARGE = RefusedDocumentError(
    "Your answers are longer than one plan can hold. The last saved version is safe. "
    "Copy the longest answer somewhere else and shorten it."
)


@blueprint.get("")
@enters(*EVERYBODY)
def show_plan(module_key: str) -> AnyResponse:
    """The plan to write in, or what was submitted while it cannot be changed; without work of one's own, a blank."""
    return render_plan(_open(module_key)) if g.visit.may_work else render_blank(module_key)


@blueprint.post("")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def change_plan(module_key: str) -> AnyResponse:
    """Save, submit, work on rows, settle a source, take back or open again.

    Whatever cannot be done, her text is shown again.
    """
    pressed = request.form.get("do")
    if pressed in {"take_back", "reopen"}:
        return _open_again(module_key, take_back_work if pressed == "take_back" else reopen_work)
    page = _open(module_key)
    worksheet = page.target.require_worksheet()
    try:
        reading = _read(page.document, worksheet)
    except DocumentTooLargeError:
        return show_kept(module_key, list_raw_answers(worksheet), _TOO_LARGE)
    removal = _ask_before_removing(page, worksheet, reading)
    action = Action(ActionKind.SAVE) if removal is not None else reading.action
    document = apply_action(worksheet, reading.document, action, new_row_id=mint_row_id())
    try:
        answer = _store(module_key, action, document, is_draft=page.can_edit)
    except StaleError:
        return _offer_both(module_key, document)
    except IncompleteError as error:
        return render_plan(_open(module_key), document, concerns=Concerns(gaps=error.gaps), status=error.status)
    except (NotNowError, RefusedDocumentError) as error:
        return show_kept(module_key, list_answers(worksheet, document), error)
    return answer if removal is None else render_plan(_open(module_key), concerns=Concerns(removal=removal))


@blueprint.post("/autosave")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def autosave_plan(module_key: str) -> Response:
    """Keep the draft for the page's script; the answer is JSON."""
    tool = find_tool()
    target, stored = read_own_draft(tool.store, g.visit, tool.series, module_key, PLAN_KEY)
    worksheet = target.require_worksheet()
    try:
        document = _read(stored, worksheet).document
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
    return answer_saved(saved, computed=draw_computed(worksheet, document))


def _open_again(module_key: str, step: Callable[..., None]) -> AnyResponse:
    tool = find_tool()
    step(tool.store, g.visit, tool.series, module_key, PLAN_KEY, now=tool.clock())
    say("Your plan is a draft again. Everything is here.", "good")
    return _go_to(module_key)


def _ask_before_removing(page: WorkPage, worksheet: Worksheet, reading: FormReading) -> AskedRemoval | None:
    """What to ask when the row to be removed is picked elsewhere."""
    action = reading.action
    if action.kind is not ActionKind.REMOVE:
        return None
    place = f"{action.field_path}.{action.row_id}"
    uses = find_uses(worksheet, page, reading.document).get(place, ())
    if not uses:
        return None
    question = find_rows(worksheet, action.field_path)
    return AskedRemoval(
        name=name_row(question, action.row_id, reading.document),
        uses=uses,
        button=f"{ActionKind.REMOVE_USED}:{action.field_path}:{action.row_id}",
        anchor=f"row-{place}",
    )


def _store(module_key: str, action: Action, document: Document, *, is_draft: bool) -> AnyResponse:
    """Save the draft, and do with it what the button asks for. Of an accepted plan only living answers are saved."""
    tool = find_tool()
    where = (tool.store, g.visit, tool.series, module_key, PLAN_KEY)
    draft = DraftInput(document=document, version=read_version(), place=read_place())
    if action.kind is ActionKind.SUBMIT:
        submit_work(*where, draft=draft, now=tool.clock())
        say("Your plan is submitted.", "good")
        return _go_to(module_key)
    if action.kind in {ActionKind.KEEP, ActionKind.UPDATE}:
        takes_newer = action.kind is ActionKind.UPDATE
        address = action.field_path
        settle_source(*where[:-1], address, takes_newer=takes_newer, draft=draft, now=tool.clock())
        say("The newer text is in this plan now." if takes_newer else "Kept as it was. Nothing changed here.", "good")
        return _go_to(module_key, _find_anchor(action, read_place()))
    save_draft(*where, draft=draft, now=tool.clock())
    if action.kind is ActionKind.SAVE:
        say("Your draft is saved." if is_draft else "Saved. Your plan stays accepted.", "good")
    return _go_to(module_key, _find_anchor(action, read_place()))


def _open(module_key: str) -> WorkPage:
    tool = find_tool()
    return open_work(tool.store, g.visit, tool.series, module_key, PLAN_KEY, now=tool.clock())


def _read(stored: Document, worksheet: Worksheet) -> FormReading:
    """The form over the stored draft; where it settles two versions, both put together as she chose."""
    reading = read_form(worksheet, request.form.items(multi=True), stored, other_names=OWN_NAMES)
    if settles_conflict():
        document = settle_versions(worksheet, reading.document, stored, read_choices())
        return FormReading(document, reading.action, reading.unknown_names)
    return reading


def _find_anchor(action: Action, place: str | None) -> str:
    """Where the page opens after a button without a script: the row it was about, or where she was."""
    if action.kind not in ROW_ACTIONS:
        return f"part-{place}" if place else ""
    if action.kind in {ActionKind.REMOVE, ActionKind.REMOVE_USED} or not action.row_id:
        return f"field-{action.field_path}"
    return f"row-{action.field_path}.{action.row_id}"


def _offer_both(module_key: str, mine: Document) -> Response:
    """A newer version was saved: show both. If they differ nowhere, one button puts them together."""
    page = _open(module_key)
    merged = merge_versions(page.target.require_worksheet(), mine, page.document)
    concerns = Concerns(conflicts=merged.conflicts, is_stale=True)
    return render_plan(page, merged.document, concerns=concerns, status=HTTPStatus.CONFLICT)


def _go_to(module_key: str, anchor: str = "") -> AnyResponse:
    here = url_for("worksheets.show_plan", session_id=g.visit.session_id, module_key=module_key)
    return redirect(f"{here}#{anchor}" if anchor else here, HTTPStatus.SEE_OTHER)
