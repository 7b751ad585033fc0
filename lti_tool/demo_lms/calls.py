"""What every grade service call has to bring: a token of the right scope, an address that exists, exact media types."""

from flask import request

from lti_tool.demo_lms.courses import Course, find_course
from lti_tool.demo_lms.gradebook import Column
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.refusals import require, require_found
from lti_tool.demo_lms.settings import DEPLOYMENT_ID
from lti_tool.demo_lms.traffic import Exchange, shorten_secret


def require_scope(platform: Platform, exchange: Exchange, *sufficient: str) -> None:
    """Check the bearer token: 401 where there is none that is good, 403 where it allows something else."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    is_bearer = kind.lower() == "bearer" and bool(text)
    require(exchange, "a bearer token came along", is_bearer, status=401, error="invalid_token")
    exchange.show(access_token=shorten_secret(text))
    token = require_found(
        exchange, "the token is one the LMS gave", platform.access_tokens.find(text), status=401, error="invalid_token"
    )
    fresh = platform.read_clock() < token.expires_at
    require(exchange, "the token has not expired", fresh, status=401, error="invalid_token", found=token.expires_at)
    names = " or ".join(scope.rpartition("/")[2] for scope in sufficient)
    allowed = bool(token.scopes.intersection(sufficient))
    held = " ".join(sorted(token.scopes))
    require(exchange, f"the token has the scope {names}", allowed, status=403, error="insufficient_scope", found=held)


def require_course(exchange: Exchange, course_id: str) -> Course:
    """Return the course of this address, whose query string must have been kept: 404 otherwise."""
    course = require_found(
        exchange, "the course exists", find_course(course_id), status=404, error="not_found", found=course_id
    )
    kept = request.args.getlist("type_id") == [DEPLOYMENT_ID]
    requirement = f"the address still has its query string, type_id={DEPLOYMENT_ID}"
    require(exchange, requirement, kept, status=404, error="not_found", found=request.query_string.decode("latin-1"))
    return course


def require_column(platform: Platform, exchange: Exchange, course: Course, column_id: int) -> Column:
    """Return the column of this address: 404 if the course has none of that number."""
    column = platform.gradebook.find_column(course.id, column_id)
    requirement = "the gradebook column exists in this course"
    return require_found(exchange, requirement, column, status=404, error="not_found", found=column_id)


def require_accept(exchange: Exchange, media_type: str) -> None:
    """Check that a reading call asks for exactly this type: 406 otherwise, for */* too."""
    sent = request.headers.get("Accept", "")
    passed = media_type in _list_media_types(sent)
    require(exchange, f"Accept is {media_type}", passed, status=406, error="not_acceptable", found=sent or "nothing")


def require_content_type(exchange: Exchange, media_type: str, *, answers_with_body: bool = False) -> None:
    """Check that a writing call declares exactly this type (415), and takes it as an answer (406)."""
    sent = request.headers.get("Content-Type", "")
    requirement, passed = f"Content-Type is exactly {media_type}", sent == media_type
    require(exchange, requirement, passed, status=415, error="unsupported_media_type", found=sent or "nothing")
    if answers_with_body and "Accept" in request.headers:
        wanted = request.headers["Accept"]
        takes = not {"*/*", "application/*", media_type}.isdisjoint(_list_media_types(wanted))
        require(exchange, f"Accept allows {media_type}", takes, status=406, error="not_acceptable", found=wanted)


def _list_media_types(header: str) -> list[str]:
    return [part.partition(";")[0].strip().lower() for part in header.split(",")]
