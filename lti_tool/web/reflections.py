"""One reflection: writing it, submitting it, taking it back, and the facilitator's comment on it."""

from http import HTTPStatus

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.answer_merge import Conflict
from lti_tool.domain.answer_values import count_words
from lti_tool.domain.roles import Standing
from lti_tool.services.drafts import DraftInput, save_draft
from lti_tool.services.errors import NotNowError, OutsideRangeError, RefusedDocumentError, StaleError, ToolError
from lti_tool.services.submitting import reopen_work, submit_work, take_back_work
from lti_tool.services.work import WorkPage, open_work
from lti_tool.web.drafts import (
    THEIRS,
    KeptText,
    answer_newer,
    answer_refused,
    answer_saved,
    read_choices,
    read_version,
)
from lti_tool.web.guards import enters, find_tool
from lti_tool.web.notices import say

blueprint = Blueprint("reflections", __name__, url_prefix="/s/<session_id>/modules/<module_key>/reflections")

_LABEL = "Your reflection"
_PATH = "text"


@blueprint.get("/<reflection_key>")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def show_reflection(module_key: str, reflection_key: str) -> AnyResponse:
    """The prompt with her text."""
    return _render(_open(module_key, reflection_key))


@blueprint.post("/<reflection_key>")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def change_reflection(module_key: str, reflection_key: str) -> AnyResponse:
    """Save, submit, take back or open again; whatever cannot be done, her text is shown again."""
    tool = find_tool()
    where = (tool.store, g.visit, tool.series, module_key, reflection_key)
    pressed = request.form.get("do", "save")
    if pressed in {"take_back", "reopen"}:
        step = take_back_work if pressed == "take_back" else reopen_work
        step(*where, now=tool.clock())
        say("It is your draft again. Your words are all here.", "good")
        return _go_back(module_key, reflection_key)
    draft = _read_draft(module_key, reflection_key)
    try:
        if pressed not in {"submit", "submit_as_is"}:
            save_draft(*where, draft=draft, now=tool.clock())
            say("Your draft is saved.", "good")
            return _go_back(module_key, reflection_key)
        submit_work(*where, draft=draft, accepts_range=pressed == "submit_as_is", now=tool.clock())
    except StaleError:
        page = _open(module_key, reflection_key)
        conflict = _find_conflict(page, draft)
        return _render(page, draft=draft, conflicts=(conflict,), status=HTTPStatus.CONFLICT)
    except OutsideRangeError as error:
        return _render(_open(module_key, reflection_key), outside=error, status=error.status)
    except (NotNowError, RefusedDocumentError) as error:
        return _keep_text(module_key, reflection_key, draft, error)
    say("Submitted. Nothing more for you to do here.", "good")
    return _go_back(module_key, reflection_key)


@blueprint.post("/<reflection_key>/autosave")
@enters(Standing.PARTICIPANT, Standing.PRACTICE)
def autosave_reflection(module_key: str, reflection_key: str) -> Response:
    """Keep the draft for the page's script; the answer is JSON."""
    tool = find_tool()
    draft = _read_draft(module_key, reflection_key)
    try:
        saved = save_draft(tool.store, g.visit, tool.series, module_key, reflection_key, draft=draft, now=tool.clock())
    except StaleError:
        page = _open(module_key, reflection_key)
        conflict = _find_conflict(page, draft)
        panel = render_template("worksheets/_conflict.html", conflicts=(conflict,), saved_at=page.saved_at)
        return answer_newer(page.version, panel, [(_PATH, conflict.theirs)])
    except (NotNowError, RefusedDocumentError) as error:
        return answer_refused(error)
    return answer_saved(saved)


def _open(module_key: str, reflection_key: str) -> WorkPage:
    tool = find_tool()
    return open_work(tool.store, g.visit, tool.series, module_key, reflection_key, now=tool.clock())


def _read_draft(module_key: str, reflection_key: str) -> DraftInput:
    """What the form holds; where she chose the newer of two texts, that one."""
    text = request.form.get("a.text", "")
    if read_choices().get(_PATH) == THEIRS:
        page = _open(module_key, reflection_key)
        text = str(page.document.get("text", ""))
    is_private = request.form.getlist("is_private")[-1:] == ["yes"]
    return DraftInput(document={"text": text}, version=read_version(), is_private=is_private)


def _find_conflict(page: WorkPage, draft: DraftInput) -> Conflict:
    return Conflict(_PATH, _LABEL, str(draft.document["text"]), str(page.document.get("text", "")))


def _render(
    page: WorkPage,
    *,
    draft: DraftInput | None = None,
    conflicts: tuple[Conflict, ...] = (),
    outside: OutsideRangeError | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    text = str((draft.document if draft else page.document).get("text", ""))
    body = render_template(
        "modules/reflection.html",
        page=page,
        module=page.target.module,
        reflection=page.target.reflection,
        text=text,
        words=count_words(text),
        is_private=draft.is_private if draft else page.is_private,
        conflicts=conflicts,
        outside=outside,
    )
    return make_response(body, status)


def _keep_text(module_key: str, reflection_key: str, draft: DraftInput, error: ToolError) -> Response:
    here = url_for(
        "reflections.show_reflection",
        session_id=g.visit.session_id,
        module_key=module_key,
        reflection_key=reflection_key,
    )
    kept = (KeptText(_LABEL, str(draft.document["text"])),)
    return make_response(render_template("worksheets/kept.html", error=error, kept=kept, back=here), error.status)


def _go_back(module_key: str, reflection_key: str) -> AnyResponse:
    here = url_for(
        "reflections.show_reflection",
        session_id=g.visit.session_id,
        module_key=module_key,
        reflection_key=reflection_key,
    )
    return redirect(here, HTTPStatus.SEE_OTHER)
