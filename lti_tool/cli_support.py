"""What the commands share: the present, the database, printing, and the list of what may be refused."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lti_tool.models import Store


class CommandRefusedError(Exception):
    """A command cannot do what was asked; the message is one line for the operator."""


def list_refusals() -> tuple[type[Exception], ...]:
    """The exceptions that are answers to an operator; anything else is a fault of the program."""
    from lti_tool.config import SettingsError  # noqa: PLC0415
    from lti_tool.content.problems import ContentError  # noqa: PLC0415
    from lti_tool.lti.errors import BadKeyError, NoKeyError  # noqa: PLC0415
    from lti_tool.models.schema import SchemaError  # noqa: PLC0415
    from lti_tool.services.errors import ToolError  # noqa: PLC0415

    known = (ToolError, SettingsError, SchemaError, ContentError, NoKeyError, BadKeyError)
    return (CommandRefusedError, *known)


@contextmanager
def opened_store(*, check: bool = True) -> Iterator["Store"]:
    """The database of the settings, closed afterwards; unless told not to, only if it fits this version.

    Raises:
        CommandRefusedError: it cannot be reached, or does not fit.
    """
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError  # noqa: PLC0415

    from lti_tool.config import read_settings  # noqa: PLC0415
    from lti_tool.models.schema import SchemaState, check_schema  # noqa: PLC0415
    from lti_tool.models.store import open_store  # noqa: PLC0415

    url = read_settings().database_url
    try:
        store = open_store(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise CommandRefusedError(
            "LTI_TOOL_DATABASE_URL cannot be used. It looks like sqlite:////var/lib/lti-tool/tool.sqlite3 "
            "or postgresql://user:password@host/name"
        ) from error
    try:
        if check:
            found = check_schema(store.engine)
            if found.state is not SchemaState.CURRENT:
                raise CommandRefusedError(found.in_words)
        yield store
    except DBAPIError as error:
        # The driver's own words, without the SQL and its values that SQLAlchemy adds.
        raise CommandRefusedError(f"The database does not answer as it should: {error.orig}") from error
    finally:
        store.engine.dispose()


def read_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def say(line: str) -> None:
    """Print a line at once, whoever reads it."""
    click.echo(line)


def print_json(value: object) -> None:
    """Print values as JSON, times as ISO 8601."""
    click.echo(json.dumps(_to_plain(value), indent=2, ensure_ascii=False))


def _to_plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _to_plain(asdict(value))
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value
