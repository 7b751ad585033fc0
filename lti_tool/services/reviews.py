"""The reviewer's use-cases under one name, for the rooms that call them."""

from lti_tool.services.review_drafts import begin_correction, drop_correction, let_go, save_review, start_review
from lti_tool.services.review_pages import open_review
from lti_tool.services.review_queue import list_queue
from lti_tool.services.review_release import release_review

__all__ = [
    "begin_correction",
    "drop_correction",
    "let_go",
    "list_queue",
    "open_review",
    "release_review",
    "save_review",
    "start_review",
]
