"""Health: whether the process answers, and whether it can do its work (database, migrations, keys)."""

from flask import Blueprint, Response, jsonify, make_response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.lti.errors import BadKeyError, NoKeyError
from lti_tool.models.schema import SchemaState, check_schema
from lti_tool.web.guards import enters_publicly, find_tool

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@enters_publicly
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@enters_publicly
def readyz() -> Response:
    """The tool can work; each part says in words what is wrong if it cannot."""
    tool = find_tool()
    parts: dict[str, str] = {}
    try:
        with tool.store.reading() as session:
            session.execute(text("SELECT 1"))
        parts["database"] = "ok"
        schema = check_schema(tool.store.engine)
        parts["migrations"] = "ok" if schema.state is SchemaState.CURRENT else schema.in_words
    except SQLAlchemyError as error:
        parts["database"] = f"cannot be reached ({type(error).__name__})"
    try:
        tool.keys.signing_key()
        parts["keys"] = "ok"
    except (NoKeyError, BadKeyError) as error:
        parts["keys"] = str(error)
    is_ready = all(value == "ok" for value in parts.values()) and len(parts) == 3
    return make_response(jsonify(status="ok" if is_ready else "not ready", parts=parts), 200 if is_ready else 503)
