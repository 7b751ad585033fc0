"""Health: whether the process answers, and whether it can do its work (database, migrations, keys)."""

import logging

from flask import Blueprint, Response, jsonify, make_response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.lti.errors import BadKeyError, NoKeyError
from lti_tool.models.schema import SchemaState, check_schema
from lti_tool.web.guards import enters_publicly, find_tool

blueprint = Blueprint("health", __name__)

_log = logging.getLogger("lti_tool.health")


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
    except NoKeyError:
        parts["keys"] = "There is no key pair. Make one with: lti-tool keys rotate"
    except BadKeyError as error:
        # Anybody may ask; the name of the file is for the log.
        _log.warning("not ready: %s", error)
        parts["keys"] = "A key file cannot be used. The log says which."
    is_ready = all(value == "ok" for value in parts.values()) and len(parts) == 3
    return make_response(jsonify(status="ok" if is_ready else "not ready", parts=parts), 200 if is_ready else 503)
