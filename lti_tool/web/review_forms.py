"""The review form: its fields by name, read into a draft, and a draft written back beside a newer one."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import request

from lti_tool.domain.submissions import Decision
from lti_tool.services.review_values import ReviewDraft, ReviewDraftInput

RATING = "rating."
COMMENT = "comment."
NAMED = "named"
OVERALL = "overall"
NOT_RATED = "none"
_NO_LEVEL = 0


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """What the page's boxes hold. ``newer`` is a draft stored elsewhere since, shown beside where it differs."""

    content: ReviewDraftInput
    version: int
    newer: ReviewDraftInput | None = None

    @classmethod
    def of(cls, draft: ReviewDraft) -> "ReviewForm":
        """A form that shows a stored draft."""
        return cls(draft.content, draft.version)


def read_draft() -> ReviewDraftInput:
    """The draft in the posted form. What it cannot mean is left for the service to refuse."""
    return ReviewDraftInput(
        ratings={
            name.removeprefix(RATING): _read_level(value)
            for name, value in request.form.items()
            if name.startswith(RATING) and value != NOT_RATED
        },
        comments={
            name.removeprefix(COMMENT): value
            for name, value in request.form.items()
            if name.startswith(COMMENT) and value.strip()
        },
        named_fields=tuple(request.form.getlist(NAMED)),
        overall=request.form.get(OVERALL, ""),
    )


def read_number(name: str) -> int:
    """A whole number in the form; 0 when it holds nothing usable."""
    value = request.form.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def read_decision(value: str | None) -> Decision | None:
    """The decision chosen, if one was."""
    return Decision(value) if value in set(Decision) else None


def list_newer_fields(mine: ReviewDraftInput, newer: ReviewDraftInput) -> dict[str, str]:
    """Where a newer draft says something else: the form's field name and the newer words."""
    return dict(_differences(mine, newer))


def _differences(mine: ReviewDraftInput, newer: ReviewDraftInput) -> Iterator[tuple[str, str]]:
    for key in sorted({*mine.ratings, *newer.ratings}):
        if mine.ratings.get(key) != newer.ratings.get(key):
            level = newer.ratings.get(key)
            yield f"{RATING}{key}", "Not rated" if level is None else f"Level {level}"
    for key in sorted({*mine.comments, *newer.comments}):
        if mine.comments.get(key, "").strip() != newer.comments.get(key, ""):
            yield f"{COMMENT}{key}", newer.comments.get(key, "") or "(nothing)"
    for key in sorted(set(mine.named_fields) ^ set(newer.named_fields)):
        yield f"{NAMED}.{key}", "Ticked" if key in newer.named_fields else "Not ticked"
    if mine.overall.strip() != newer.overall:
        yield OVERALL, newer.overall or "(nothing)"


def _read_level(value: str) -> int:
    return int(value) if value in {"1", "2", "3", "4"} else _NO_LEVEL
