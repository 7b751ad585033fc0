"""A course's gradebook: send a score, read results, list and make columns (AGS 2.0)."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.exception import LtiException
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from typing_extensions import override

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import read_origin
from lti_tool.lti.connector import Services, ToolServiceConnector
from lti_tool.lti.errors import ServiceError
from lti_tool.lti.json_text import BadJsonError, parse_json
from lti_tool.lti.logins import append_query
from lti_tool.lti.paging import read_pages, refuse_answer
from lti_tool.lti.platforms import extend_line_item, extend_note, extend_score, format_score_time, traits_of
from lti_tool.lti.values import (
    AnswerClass,
    LineItemValue,
    PendingNote,
    PlatformAnswer,
    Registration,
    ResultValue,
    ScoreMessage,
)

__all__ = [
    "AnswerClass",
    "GradebookClient",
    "LineItemValue",
    "PendingNote",
    "PlatformAnswer",
    "ResultValue",
    "ScoreMessage",
    "ServiceError",
    "ToolGradesService",
    "results_url",
    "scores_url",
]

LONGEST_LABEL: Final = 255


class ToolGradesService(AssignmentsGradesService):
    """The library's gradebook service for one call: one set of scopes, every page, nothing lost of an address.

    The stock class asks for every scope of the launch on every call, reads one page of results, and drops what
    follows a second ``?``.
    """

    def __init__(self, connector: ToolServiceConnector, scope: str, **addresses: str) -> None:
        super().__init__(connector, {"scope": [scope], **addresses})  # type: ignore[typeddict-item]
        self._connector = connector
        self._scope = scope

    def get_pages(self, url: str, accept: str) -> list[dict[str, object]]:
        """Read a container to its end, following the platform's own next addresses within its origin.

        Raises:
            ServiceError: a page could not be read, or leads elsewhere.
        """
        items: list[dict[str, object]] = []
        for content in read_pages(self._connector, self._scope, url, accept):
            if not isinstance(content, list):
                raise refuse_answer("The answer is not a list.")
            items += [item for item in content if isinstance(item, dict)]
        return items

    @staticmethod
    @override
    def _add_url_path_ending(url: str, url_path_ending: str) -> str:
        parts = urlsplit(url)
        return parts._replace(path=f"{parts.path.rstrip('/')}/{url_path_ending}", fragment="").geturl()


class GradebookClient:
    """Gradebooks of every registered platform; any number of threads. It opens no database and keeps no state."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def send_score(self, registration: Registration, line_item_url: str, score: ScoreMessage) -> PlatformAnswer:
        """Send a final score. Every answer, and the lack of one, comes back classified.

        Raises:
            NoKeyError: the tool has no key to sign with.
        """
        return self._put(registration, line_item_url, build_grade(registration.family, score))

    def _put(self, registration: Registration, line_item_url: str, grade: Grade) -> PlatformAnswer:
        connector = ToolServiceConnector(registration, self._services)
        service = ToolGradesService(connector, vocabulary.SCOPE_SCORE, lineitem=line_item_url)
        try:
            service.put_grade(grade)
        except ServiceError as error:
            return error.answer
        except LtiException as error:
            return PlatformAnswer(AnswerClass.REFUSED, None, str(error))
        status = None if connector.last_answer is None else connector.last_answer.status
        return PlatformAnswer(AnswerClass.SENT, status, "")

    def send_note(self, registration: Registration, line_item_url: str, note: PendingNote) -> PlatformAnswer:
        """Tell a cell that holds no grade that work came back. Every answer comes back classified.

        Raises:
            ValueError: this platform could erase a grade at it.
            NoKeyError: the tool has no key to sign with.
        """
        if not traits_of(registration.family).keeps_waiting_without_grade:
            raise ValueError(f"a platform of family {registration.family} cannot be told this without harm")
        return self._put(registration, line_item_url, build_note(registration.family, note))

    def read_results(
        self, registration: Registration, line_item_url: str, user_sub: str | None = None
    ) -> tuple[ResultValue, ...]:
        """Read what a column holds, for one person or for everybody.

        Raises:
            ServiceError: the platform does not say.
            NoKeyError: the tool has no key to sign with.
        """
        service = self._open(registration, vocabulary.SCOPE_RESULT_READONLY)
        filters = {} if user_sub is None else {"user_id": user_sub}
        url = _add_filters(results_url(line_item_url), filters, registration.family)
        found = (_read_result(item) for item in service.get_pages(url, vocabulary.MEDIA_RESULT_CONTAINER))
        return tuple(r for r in found if r is not None and user_sub in {None, r.user_sub})

    def list_line_items(
        self,
        registration: Registration,
        line_items_url: str,
        *,
        resource_link_id: str | None = None,
        resource_id: str | None = None,
        tag: str | None = None,
        scopes: Collection[str] = (vocabulary.SCOPE_LINE_ITEM_READONLY,),
    ) -> tuple[LineItemValue, ...]:
        """List a course's columns. Filters are sent and applied again here: a platform may ignore them.

        ``scopes`` is what the launch offered: a platform that offers only ``lineitem`` is asked for that.

        Raises:
            ServiceError: the platform does not say.
            NoKeyError: the tool has no key to sign with.
        """
        wanted = {"resource_link_id": resource_link_id, "resource_id": resource_id, "tag": tag}
        filters = {name: value for name, value in wanted.items() if value is not None}
        can_only_edit = vocabulary.SCOPE_LINE_ITEM_READONLY not in scopes and vocabulary.SCOPE_LINE_ITEM in scopes
        scope = vocabulary.SCOPE_LINE_ITEM if can_only_edit else vocabulary.SCOPE_LINE_ITEM_READONLY
        service = self._open(registration, scope)
        url = _add_filters(line_items_url, filters, registration.family)
        found = (_read_line_item(item) for item in service.get_pages(url, vocabulary.MEDIA_LINE_ITEM_CONTAINER))
        return tuple(
            item
            for item in found
            if item is not None and all(getattr(item, name) == value for name, value in filters.items())
        )

    def create_line_item(
        self,
        registration: Registration,
        line_items_url: str,
        *,
        label: str,
        score_maximum: int,
        resource_id: str,
        tag: str,
        resource_link_id: str | None = None,
    ) -> LineItemValue:
        """Make a column. Look for it first: no platform refuses a second one of the same name.

        Raises:
            ServiceError: the platform does not make it.
            NoKeyError: the tool has no key to sign with.
        """
        column = LineItem().set_label(label[:LONGEST_LABEL]).set_score_maximum(score_maximum)
        column.set_resource_id(resource_id).set_tag(tag)
        if resource_link_id is not None:
            column.set_resource_link_id(resource_link_id)
        described = json.loads(column.get_value()) | extend_line_item(registration.family)
        answer = ToolServiceConnector(registration, self._services).make_service_request(
            [vocabulary.SCOPE_LINE_ITEM],
            line_items_url,
            is_post=True,
            data=json.dumps(described),
            content_type=vocabulary.MEDIA_LINE_ITEM,
            accept=vocabulary.MEDIA_LINE_ITEM,
        )
        content = answer["body"]
        made = _read_line_item(content) if isinstance(content, dict) else None
        if made is None:
            raise refuse_answer("The column was made, but the answer does not say where it is.", is_made=True)
        return made

    def update_line_item(
        self, registration: Registration, line_item_url: str, changes: Mapping[str, object]
    ) -> LineItemValue:
        """Change what is named in ``changes`` and keep all the rest, fields that nobody here knows included.

        What a PUT leaves out is emptied (AGS 2.0 §3.2.8; Moodle blanks tag and resourceId, measured): so the column is
        read, changed and put back whole.

        Raises:
            ServiceError: the platform does not say what the column holds, or does not take it back.
            NoKeyError: the tool has no key to sign with.
        """
        connector = ToolServiceConnector(registration, self._services)
        scope, media = vocabulary.SCOPE_LINE_ITEM, vocabulary.MEDIA_LINE_ITEM
        held = _parse_object(connector.send("GET", line_item_url, scope=scope, accept=media).body)
        if held is None or _read_line_item(held) is None:
            raise refuse_answer("The answer does not describe a column.")
        whole = held | dict(changes)
        connector.send("PUT", line_item_url, scope=scope, accept=media, body=json.dumps(whole), content_type=media)
        changed = _read_line_item(whole)
        if changed is None:
            raise refuse_answer("The column was changed, but does not say where it is.", is_made=True)
        return changed

    def _open(self, registration: Registration, scope: str) -> ToolGradesService:
        return ToolGradesService(ToolServiceConnector(registration, self._services), scope)


def scores_url(line_item_url: str) -> str:
    """Give the address scores of a column are sent to: before the query string, which Moodle's always have."""
    return ToolGradesService._add_url_path_ending(line_item_url, "scores")  # noqa: SLF001  # our own override


def results_url(line_item_url: str) -> str:
    """Give the address results of a column are read from."""
    return ToolGradesService._add_url_path_ending(line_item_url, "results")  # noqa: SLF001  # our own override


def build_grade(family: str, score: ScoreMessage) -> Grade:
    """Write a score as the library's Grade, with what this family of platforms wants beside it."""
    grade = Grade()
    grade.set_user_id(score.user_sub).set_timestamp(format_score_time(score.timestamp))
    grade.set_score_given(_to_number(score.score_given)).set_score_maximum(_to_number(score.score_maximum))
    grade.set_activity_progress(vocabulary.PROGRESS_COMPLETED)
    grade.set_grading_progress(vocabulary.GRADING_FULLY_GRADED)
    if score.comment:
        grade.set_comment(score.comment)
    return grade.set_extra_claims(extend_score(family, score))


def build_note(family: str, note: PendingNote) -> Grade:
    """Write a note as the library's Grade, without any number."""
    grade = Grade()
    grade.set_user_id(note.user_sub).set_timestamp(format_score_time(note.timestamp)).set_comment(note.comment)
    grade.set_activity_progress(vocabulary.PROGRESS_IN_PROGRESS)
    grade.set_grading_progress(vocabulary.GRADING_PENDING_MANUAL)
    return grade.set_extra_claims(extend_note(family))


def _parse_object(body: bytes) -> dict[str, object] | None:
    try:
        document = parse_json(body)
    except BadJsonError:
        return None
    return document if isinstance(document, dict) else None


def _to_number(value: Decimal | int) -> int | float:
    # A float's shortest form is exact for every score a rubric can give; JSON has no other way to write a fraction.
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _add_filters(url: str, filters: Mapping[str, str], family: str) -> str:
    limit = traits_of(family).page_limit
    sent = dict(filters) | ({} if limit is None else {"limit": str(limit)})
    return append_query(url, sent) if sent else url


def _read_result(item: Mapping[str, object]) -> ResultValue | None:
    user = item.get("userId")
    if isinstance(user, int) and not isinstance(user, bool):
        user = str(user)
    if not isinstance(user, str) or not user:
        return None
    comment = item.get("comment")
    return ResultValue(
        user_sub=user,
        score=_read_number(item.get("resultScore")),
        maximum=_read_number(item.get("resultMaximum")),
        comment=comment if isinstance(comment, str) else None,
        recorded_at=_read_moment(item.get("timestamp")),
    )


def _read_line_item(item: Mapping[str, object]) -> LineItemValue | None:
    url = item.get("id")
    if not isinstance(url, str) or read_origin(url) is None:
        return None
    return LineItemValue(
        url=url,
        label=_read_name(item.get("label")),
        score_maximum=_read_number(item.get("scoreMaximum")),
        resource_id=_read_name(item.get("resourceId")),
        tag=_read_name(item.get("tag")),
        resource_link_id=_read_name(item.get("resourceLinkId")),
    )


def _read_name(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _read_number(value: object) -> Decimal | None:
    # Moodle gives back a maximum as text when it was created as text (measured).
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _read_moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
