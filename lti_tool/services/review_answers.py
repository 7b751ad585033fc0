"""A worksheet as its reviewer reads it: every question beside its answer, its changes and its criteria."""

from collections.abc import Sequence

from lti_tool.content.schema import Worksheet, WorksheetField
from lti_tool.domain.answer_changes import Change, compare_documents
from lti_tool.domain.answer_views import NOT_WRITTEN, DescribedQuestion, Reader, describe_answers
from lti_tool.domain.answers import Document
from lti_tool.services.review_views import FieldView, PartView


def describe_parts(worksheet: Worksheet, document: Document, earlier: Document | None) -> tuple[PartView, ...]:
    """The worksheet with what a reviewer may read; ``earlier`` is the document of the revision to compare with."""
    changes = compare_documents(worksheet, earlier, document) if earlier is not None else ()
    described = describe_answers(worksheet, document, reader=Reader.REVIEWER)
    anchors = _anchor_criteria(worksheet)
    return tuple(
        PartView(
            key=part.key,
            title=part.title,
            fields=tuple(
                _describe_field(
                    worksheet,
                    field,
                    tuple(question for question in view.questions if question.key == field.key),
                    tuple(change for change in changes if change.path.partition(".")[0] == field.key),
                )
                for field in part.fields
                if any(question.key == field.key for question in view.questions)
            ),
            criteria=tuple(key for key, part_key in anchors.items() if part_key == part.key),
        )
        for part, view in zip(worksheet.parts, described, strict=True)
    )


def find_nameable_fields(worksheet: Worksheet, document: Document) -> frozenset[str]:
    """The fields a return may ask to change: never a private one, never an extra that was left out."""
    parts = describe_parts(worksheet, document, None)
    return frozenset(field.key for part in parts for field in part.fields if field.can_be_named)


def _describe_field(
    worksheet: Worksheet,
    field: WorksheetField,
    questions: tuple[DescribedQuestion, ...],
    changes: tuple[Change, ...],
) -> FieldView:
    is_private = all(question.is_private for question in questions)
    is_deeper = all(question.is_deeper for question in questions)
    is_written = any(question.note != NOT_WRITTEN for question in questions)
    # Other plans or the tool itself wrote it: there is nothing here that its author could change.
    is_brought = all(question.copy is not None or question.computed is not None for question in questions)
    is_readable = not is_private or any(question.is_shown for question in questions)
    return FieldView(
        key=field.key,
        label=field.label,
        help=field.help,
        questions=questions,
        changes=changes,
        criteria=tuple(criterion.key for criterion in worksheet.rubric if field.key in criterion.fields),
        is_deeper=is_deeper,
        is_private=is_private,
        is_written=is_written,
        can_be_named=not is_private and (is_written or not is_deeper) and not is_brought,
        can_be_commented=is_readable,
    )


def _anchor_criteria(worksheet: Worksheet) -> dict[str, str]:
    """The part after which each criterion is rated: that of the last question it looks at."""
    places = {field.key: part.key for part in worksheet.parts for field in part.fields}
    order = list(places)
    last_part = worksheet.parts[-1].key
    anchors = {}
    for criterion in worksheet.rubric:
        fields: Sequence[str] = [key for key in criterion.fields if key in places]
        anchors[criterion.key] = places[max(fields, key=order.index)] if fields else last_part
    return anchors
