"""What every service call has to bring: a token of the right scope, an address that exists, the right media types."""

from flask import g, request

from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.manners import accepts_reading, accepts_writing
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import require, require_found
from lti_tool.demo_lms.traffic import Exchange, shorten_secret


def require_scope(platform: Platform, exchange: Exchange, *sufficient: str) -> None:
    """Check the bearer token: 401 where there is none that is good, 403 where it allows something else.

    Canvas and Moodle answer 401 to both.
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    is_bearer = kind.lower() == "bearer" and bool(text)
    require(exchange, "a bearer token came along", is_bearer, status=401, error="invalid_token")
    exchange.show(access_token=shorten_secret(text))
    token = require_found(
        exchange, "the token is one the LMS gave", platform.access_tokens.find(text), status=401, error="invalid_token"
    )
    fresh = platform.read_clock() < token.expires_at
    require(exchange, "the token has not expired", fresh, status=401, error="invalid_token", found=token.expires_at)
    tool = platform.tools.find_active(token.client_id)
    requirement = "the token's tool is registered and active"
    g.caller = require_found(exchange, requirement, tool, status=401, error="invalid_token", found=token.client_id)
    names = " or ".join(scope.rpartition("/")[2] for scope in sufficient)
    allowed = bool(token.scopes.intersection(sufficient))
    held = " ".join(sorted(token.scopes))
    require(exchange, f"the token has the scope {names}", allowed, status=403, error="insufficient_scope", found=held)


def require_course(platform: Platform, exchange: Exchange, course_id: str) -> Course:
    """Return the course of this address, whose query string must have been kept: 404 otherwise.

    Moodle forgives a lost query string and answers 401 to a foreign one (captured). Canvas has none.
    """
    course = require_known_course(exchange, course_id)
    traits, sent = platform.settings.traits, request.args.getlist("type_id")
    own_id = platform.find_caller().deployment_id
    found = request.query_string.decode("latin-1")
    if traits.must_keep_type_id:
        requirement = f"the address still has its query string, type_id={own_id}"
        require(exchange, requirement, sent == [own_id], status=404, error="not_found", found=found)
    elif traits.has_type_id:
        own = set(sent) <= {own_id}
        require(exchange, "type_id is this tool's", own, status=401, error="invalid_token", found=found)
    return course


def require_known_course(exchange: Exchange, course_id: str) -> Course:
    """Return the course of this id, or 404."""
    return require_found(
        exchange,
        "the course exists",
        current_platform().courses.find(course_id),
        status=404,
        error="not_found",
        found=course_id,
        subject=f"Course {course_id}",
    )


def require_column(platform: Platform, exchange: Exchange, course: Course, column_id: int) -> Column:
    """Return the column of this address: 404 if the course has none of that number, 403 if it is another tool's."""
    column = require_found(
        exchange,
        "the gradebook column exists in this course",
        platform.gradebook.find_column(course.id, column_id),
        status=404,
        error="not_found",
        found=column_id,
        subject=f"Grade item {column_id}",
    )
    is_own = is_of_caller(platform, column)
    require(exchange, "the column is this tool's", is_own, status=403, error="foreign_column", found=column_id)
    return column


def is_of_caller(platform: Platform, column: Column) -> bool:
    """Whether the tool that calls may see this column."""
    owner = platform.column_owners.find(column)
    return owner == platform.find_caller().client_id and not platform.gradebook.rules.find(column.id).is_foreign


def require_accept(platform: Platform, exchange: Exchange, media_type: str, *, is_line_item_list: bool = False) -> None:
    """Check that a reading call asks for this type: 406 otherwise, for */* too. Each manner has its own strictness."""
    sent = request.headers.get("Accept")
    passed = accepts_reading(platform.settings.manner, sent, media_type, is_line_item_list=is_line_item_list)
    require(exchange, f"Accept is {media_type}", passed, status=406, error="not_acceptable", found=sent or "nothing")


def require_content_type(
    platform: Platform, exchange: Exchange, media_type: str, *, answers_with_body: bool = False
) -> None:
    """Check that a writing call declares this type (415), and in the strict manner takes it as an answer (406)."""
    sent = request.headers.get("Content-Type", "")
    requirement, passed = (
        f"Content-Type is exactly {media_type}",
        accepts_writing(platform.settings.manner, sent, media_type),
    )
    require(exchange, requirement, passed, status=415, error="unsupported_media_type", found=sent or "nothing")
    if answers_with_body and "Accept" in request.headers and platform.settings.traits.has_exact_types:
        wanted = request.headers["Accept"]
        named = [part.partition(";")[0].strip().lower() for part in wanted.split(",")]
        takes = not {"*/*", "application/*", media_type}.isdisjoint(named)
        require(exchange, f"Accept allows {media_type}", takes, status=406, error="not_acceptable", found=wanted)
