"""The facilitator's review rooms: the queue, the plan beside its comments, and reading once more before release."""

from datetime import UTC
from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.domain.submissions import Decision, WorkState
from lti_tool.services import reviews
from lti_tool.services.course_copies import find_course_copy
from lti_tool.services.errors import NotNowError, ToolError
from lti_tool.services.returned_plans import ReturnedPlan, list_unopened_returns
from lti_tool.services.review_values import (
    AlreadyReviewedError,
    RefusedReviewError,
    ReviewDraftInput,
    SavedReview,
    SentBackBeforeError,
    StaleReviewError,
    UnfinishedReviewError,
)
from lti_tool.services.review_views import ReflectionView, ReviewPage
from lti_tool.web.guards import enters, find_tool
from lti_tool.web.notices import say
from lti_tool.web.review_forms import ReviewForm, list_newer_fields, read_decision, read_draft, read_number
from lti_tool.web.review_words import (
    explain_gap,
    say_if_accepted,
    say_if_returned,
    say_level_worth,
    say_points,
    say_suggestion,
    say_what_happened,
)

blueprint = Blueprint("reviews", __name__, url_prefix="/s/<session_id>/reviews")

_STEPS = {
    "start": (reviews.start_review, "Started. This plan is yours for 30 minutes; every save renews that."),
    "let_go": (reviews.let_go, "You let go of it. What you wrote is kept, and others can read it now."),
    "correct": (reviews.begin_correction, "This is your correction. The released review stands until you release it."),
    "drop": (reviews.drop_correction, "The released review stays as it is."),
}


@blueprint.get("/")
@enters(Standing.STAFF)
def show_queue() -> AnyResponse:
    """Who waits, who is writing, and what was reviewed lately."""
    tool = find_tool()
    queue = reviews.list_queue(tool.store, g.visit, tool.series, now=tool.clock())
    copy = find_course_copy(tool.store, g.visit)
    return make_response(render_template("reviews/queue.html", queue=queue, copy=copy))


@blueprint.get("/<int:submission_id>")
@enters(Standing.STAFF)
def show_review(submission_id: int) -> AnyResponse:
    """One person's plan and reflections with the boxes to answer them."""
    return _render(_open(submission_id))


@blueprint.post("/<int:submission_id>")
@enters(Standing.STAFF)
def change_review(submission_id: int) -> AnyResponse:
    """Save, or save and read once more; or start, let go, correct, leave as it is."""
    pressed = request.form.get("do", "save")
    if pressed in _STEPS:
        return _take_step(submission_id, pressed)
    if pressed not in {"save", "preview"}:
        raise BadRequest
    draft = read_draft()
    try:
        _save(submission_id, draft)
    except StaleReviewError as error:
        form = ReviewForm(draft, error.stored.version, error.stored.content)
        return _render(_open(submission_id), submission_id, form=form, problem=error)
    except RefusedReviewError as error:
        form = ReviewForm(draft, read_number("version"))
        return _render(_open(submission_id), submission_id, form=form, problem=error)
    except NotNowError as error:
        return _render(_open(submission_id), problem=error)
    if pressed == "preview":
        chosen = request.form.get("decision") or None
        return _go(_address("show_release", submission_id=submission_id, decision=chosen))
    say("Your review is saved. Nobody sees it before you release it.")
    return _go(_address_of_work(submission_id))


@blueprint.post("/<int:submission_id>/autosave")
@enters(Standing.STAFF)
def autosave_review(submission_id: int) -> Response:
    """Keep the draft for the page's script; the answer is JSON."""
    draft = read_draft()
    try:
        saved = _save(submission_id, draft)
    except StaleReviewError as error:
        newer = list_newer_fields(draft, error.stored.content)
        body = jsonify(code=error.code, message=error.message, version=error.current_version, fields=newer)
        return make_response(body, error.status)
    except ToolError as error:
        return make_response(jsonify(code=error.code, message=error.message), error.status)
    return jsonify(
        version=saved.version,
        saved_at=None if saved.at is None else saved.at.astimezone(UTC).isoformat(timespec="seconds"),
        lease_until=None if saved.lease is None else saved.lease.expires_at.isoformat(timespec="seconds"),
        points=say_points(saved.points, saved.rated, saved.criteria_total, find_tool().series.points),
        suggestion=say_suggestion(saved.suggestion),
    )


@blueprint.get("/<int:submission_id>/release")
@enters(Standing.STAFF)
def show_release(submission_id: int) -> AnyResponse:
    """Read it once more: exactly what its author will see, and the decision."""
    page = _open(submission_id)
    view = _find_reflection(page, submission_id)
    if not _can_release(page, view):
        return _go(_address_of_work(submission_id))
    return _render_release(page, view, read_decision(request.args.get("decision")))


@blueprint.post("/<int:submission_id>/release")
@enters(Standing.STAFF)
def release(submission_id: int) -> AnyResponse:
    """Release it, after which its author sees it and the score follows."""
    tool = find_tool()
    decision = read_decision(request.form.get("decision"))
    try:
        reviews.release_review(
            tool.store,
            g.visit,
            tool.series,
            submission_id,
            revision_id=read_number("revision_id"),
            decision=decision,
            version=read_number("version"),
            now=tool.clock(),
        )
    except (UnfinishedReviewError, StaleReviewError, SentBackBeforeError) as error:
        page = _open(submission_id)
        view = _find_reflection(page, submission_id)
        if _can_release(page, view):
            return _render_release(page, view, decision, error)
        return _render(page, problem=error)
    except AlreadyReviewedError as error:
        if not error.is_mine:
            return _render(_open(submission_id), problem=error)
        # A double click: what it wanted is done, and the page says so.
        return _go(_address_of_work(submission_id))
    except NotNowError as error:
        return _render(_open(submission_id), problem=error)
    page = _open(submission_id)
    if (view := _find_reflection(page, submission_id)) is not None:
        title = view.reflection.title
        sent_back = f"“{title}” is sent back once, with your comment."
        say(sent_back if decision is Decision.RETURN else f"{page.person_label} sees your comment on “{title}” now.")
    return _go(_address_of_work(submission_id))


def _take_step(submission_id: int, pressed: str) -> AnyResponse:
    tool = find_tool()
    step, words = _STEPS[pressed]
    try:
        step(tool.store, g.visit, tool.series, submission_id, now=tool.clock())
    except NotNowError as error:
        return _render(_open(submission_id), problem=error)
    say(words)
    return _go(_address("show_queue") if pressed == "let_go" else _address_of_work(submission_id))


def _save(submission_id: int, draft: ReviewDraftInput) -> SavedReview:
    tool = find_tool()
    return reviews.save_review(
        tool.store,
        g.visit,
        tool.series,
        submission_id,
        revision_id=read_number("revision_id"),
        draft=draft,
        version=read_number("version"),
        now=tool.clock(),
    )


def _open(submission_id: int) -> ReviewPage:
    tool = find_tool()
    return reviews.open_review(tool.store, g.visit, tool.series, submission_id, now=tool.clock())


def _find_reflection(page: ReviewPage, submission_id: int) -> ReflectionView | None:
    return next((view for view in page.reflections if view.submission_id == submission_id), None)


def _can_release(page: ReviewPage, view: ReflectionView | None) -> bool:
    """Whether there is something to read once more. Words carried over from before are saved first."""
    if view is not None:
        return view.can_comment
    return page.can_write and page.draft.carried_from is None


def _go(address: str) -> AnyResponse:
    return redirect(address, HTTPStatus.SEE_OTHER)


def _address(endpoint: str, **values: object) -> str:
    return url_for(f"reviews.{endpoint}", session_id=g.visit.session_id, **values)  # type: ignore[arg-type] # route values


def _address_of_work(submission_id: int) -> str:
    return _address("show_review", submission_id=submission_id)


def _render(
    page: ReviewPage,
    form_of: int | None = None,
    *,
    form: ReviewForm | None = None,
    problem: ToolError | None = None,
) -> Response:
    """The review page; ``form`` replaces the boxes of the plan, or of the reflection whose id is ``form_of``."""
    write_moment = current_app.jinja_env.filters["when"]
    view = None if form_of is None else _find_reflection(page, form_of)
    body = render_template(
        "reviews/review.html",
        page=page,
        level_names=find_tool().series.level_names,
        shares=find_tool().series.points,
        form=form if form is not None and view is None else ReviewForm.of(page.draft),
        reflection_form=form if view is not None else None,
        reflection_form_of=form_of,
        problem=problem,
        happened=say_what_happened(page, write_moment),
        say_points=say_points,
        say_suggestion=say_suggestion,
        say_level_worth=say_level_worth,
        newer_fields=list_newer_fields,
        returned_plan=_find_returned(page),
    )
    return make_response(body, HTTPStatus.OK if problem is None else problem.status)


def _find_returned(page: ReviewPage) -> ReturnedPlan | None:
    """What to pass on about a plan that came back, until its author has opened it."""
    if page.state is not WorkState.RETURNED:
        return None
    plans = list_unopened_returns(find_tool().store, g.visit, find_tool().series)
    return next((plan for plan in plans if plan.submission_id == page.submission_id), None)


def _render_release(
    page: ReviewPage, view: ReflectionView | None, decision: Decision | None, problem: ToolError | None = None
) -> Response:
    if view is not None:
        draft, revision_id, submission_id = view.draft, view.revision_id, view.submission_id
    else:
        draft, revision_id, submission_id = page.draft, page.revision_id, page.submission_id
    body = render_template(
        "reviews/release.html",
        page=page,
        level_names=find_tool().series.level_names,
        shares=find_tool().series.points,
        view=view,
        draft=draft,
        revision_id=revision_id,
        submission_id=submission_id,
        decision=decision or (draft.decision if draft else None),
        problem=problem,
        gaps=[explain_gap(gap) for gap in problem.gaps] if isinstance(problem, UnfinishedReviewError) else [],
        if_accepted=say_if_accepted(page),
        if_returned=say_if_returned(page),
        say_points=say_points,
        say_suggestion=say_suggestion,
    )
    return make_response(body, HTTPStatus.OK if problem is None else problem.status)
