"""Two saved versions of one plan put together, with the author's choice wherever they differ."""

from collections.abc import Mapping

from lti_tool.content.schema import Worksheet
from lti_tool.domain.answer_merge import Merged, merge_documents
from lti_tool.domain.answers import Document, blank_document
from lti_tool.web.drafts import MINE, THEIRS
from lti_tool.web.worksheet_forms import Action, ActionKind, apply_action, list_form_items, mint_row_id, read_form


def merge_versions(worksheet: Worksheet, mine: Document, theirs: Document) -> Merged:
    """Both versions in one document.

    The version both began from is not kept, so an empty plan stands for it: whatever only one of them has stays,
    and every answer in which they differ is a conflict. Nothing can be lost by it.
    """
    return merge_documents(worksheet, blank_document(worksheet), mine, theirs)


def settle_versions(worksheet: Worksheet, mine: Document, theirs: Document, choices: Mapping[str, str]) -> Document:
    """Put both versions together as ``choices`` say; where she did not choose, what was on her page stands."""
    merged = merge_versions(worksheet, mine, theirs)
    document = merged.document
    their_items = list_form_items(worksheet, theirs)
    for conflict in merged.conflicts:
        choice = choices.get(conflict.path, MINE)
        chosen = conflict.theirs if choice == THEIRS else conflict.mine
        if chosen and choice == THEIRS:
            wanted = {f"a.{conflict.path}", f"typed.{conflict.path}"}
            items = [(name, value) for name, value in their_items if name in wanted]
            document = read_form(worksheet, items, document).document
        elif not chosen:
            field_path, _, row_id = conflict.path.rpartition(".")
            action = Action(ActionKind.REMOVE, field_path, row_id)
            document = apply_action(worksheet, document, action, new_row_id=mint_row_id())
    return document
