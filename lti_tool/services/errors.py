"""What a use-case can refuse, each with its own code and words a person can act on."""

from collections.abc import Sequence

from lti_tool.domain.answer_gaps import Gap


class ToolError(Exception):
    """A refusal that is shown to a person. ``code`` is stable and listed in the README."""

    code = "not_possible"
    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFoundError(ToolError):
    """There is no such thing in this course. Also said of things in other courses, so that nothing can be probed."""

    code = "not_found"
    status = 404

    def __init__(self, message: str = "There is no such page in this course.") -> None:
        super().__init__(message)


class NotAllowedError(ToolError):
    """This person may not do this here."""

    code = "not_allowed"
    status = 403


class NotNowError(ToolError):
    """The work is in a state in which this cannot be done."""

    code = "not_possible_now"
    status = 409


class StaleError(ToolError):
    """Somebody saved a newer version; both texts are kept. ``current_version`` is the newer one."""

    code = "newer_version_saved"
    status = 409

    def __init__(self, current_version: int) -> None:
        super().__init__("Someone saved a newer version. Your text is kept below, beside the newer one.")
        self.current_version = current_version


class RefusedDocumentError(ToolError):
    """What was sent cannot be kept as it is (too large)."""

    code = "answers_too_large"
    status = 413


class IncompleteError(ToolError):
    """The work is saved, but something keeps it from being submitted."""

    code = "not_complete"
    status = 422

    def __init__(self, gaps: Sequence[Gap], version: int) -> None:
        super().__init__("Your work is saved. Before you can submit it, a few things are missing.")
        self.gaps = tuple(gaps)
        self.version = version


class OutsideRangeError(ToolError):
    """A reflection is outside its word range; it is saved and may be submitted as it is after a confirmation."""

    code = "outside_word_range"
    status = 422

    def __init__(self, words: int, low: int, high: int, version: int) -> None:
        super().__init__(
            f"Your reflection is saved. It has {words} words; the range is {low} to {high}. "
            "You can go on writing, or submit it as it is."
        )
        self.words = words
        self.version = version
