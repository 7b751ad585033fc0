"""The composition root of the web process: reads settings, wires the floors, registers the rooms."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from lti_tool import __version__
from lti_tool.config import Settings, read_settings
from lti_tool.content.loader import default_series_folder, load_series
from lti_tool.content.schema import Series
from lti_tool.domain.reading_search import ReadingIndex
from lti_tool.lti.connector import Services
from lti_tool.lti.http import HttpClient
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.platform_keys import PlatformKeys
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.models import Store, db
from lti_tool.models.store import engine_options, normalize_url, prepare_engine
from lti_tool.services.access_tokens import StoredTokenCache
from lti_tool.web import (
    commitments,
    door,
    errors,
    examples,
    grades,
    guards,
    health,
    links,
    modules,
    notices,
    people,
    placing,
    platform_notices,
    presentation,
    proving,
    readings,
    reflections,
    registering,
    reviews,
    search,
    security,
    self_check,
    setup,
    worksheets,
)
from lti_tool.web.addresses import IdConverter, OwnAddress
from lti_tool.web.tool import Tool

PACKAGE = Path(__file__).parent
MOST_BODY_BYTES = 1024 * 1024
USER_AGENT = f"leading-edge-lti-tool/{__version__}"


def find_templates(package: Path = PACKAGE) -> Path:
    """The templates packaged with the tool, else those beside the package in a checkout."""
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


def utc_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def make_http_client(settings: Settings) -> HttpClient:
    """The client for everything we ask of platforms; plain http and strange private addresses in development only."""
    return HttpClient(allow_http=settings.is_development, allow_private=settings.is_development, user_agent=USER_AGENT)


def create_app(
    settings: Settings | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    series: Series | None = None,
) -> Flask:
    """Make the web application.

    Raises:
        SettingsError: a setting is missing or wrong.
        ContentError: the series has mistakes; the message lists them by file and line.
    """
    settings = settings or read_settings()
    app = Flask(__name__, template_folder=str(find_templates()), static_folder=str(PACKAGE / "static"))
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BODY_BYTES,
        MAX_FORM_PARTS=guards.MOST_FIELDS,
        SQLALCHEMY_DATABASE_URI=normalize_url(settings.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        # Browsers ask each time and mostly hear "unchanged": an upgrade never mixes old and new scripts.
        SEND_FILE_MAX_AGE_DEFAULT=None,
    )
    app.jinja_env.trim_blocks = False
    app.jinja_env.auto_reload = settings.is_development
    app.wsgi_app = OwnAddress(app.wsgi_app, settings.base_url)  # type: ignore[method-assign] # Flask's own advice
    app.url_map.converters["int"] = IdConverter
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    prepare_engine(engine)
    http = make_http_client(settings)
    series = series or load_series(settings.series_dir or default_series_folder())
    store, keys = Store(engine), ToolKeys(settings.keys_dir)
    platform_keys = PlatformKeys(http, clock)
    app.extensions["lti_tool"] = Tool(
        settings=settings,
        store=store,
        series=series,
        index=ReadingIndex(series),
        clock=clock,
        keys=keys,
        services=Services(http, keys, StoredTokenCache(store, settings.secret_key), clock),
        platform_keys=platform_keys,
        verifier=LaunchVerifier(platform_keys, settings.base_url),
    )
    for room in (
        door,
        health,
        links,
        modules,
        search,
        readings,
        reflections,
        worksheets,
        examples,
        commitments,
        reviews,
        people,
        grades,
        registering,
        setup,
        platform_notices,
        placing,
        proving,
        self_check,
    ):
        app.register_blueprint(room.blueprint)
    errors.register_error_pages(app)
    presentation.register(app)
    app.context_processor(guards.add_template_helpers)
    app.add_template_global(notices.take_notices, "take_notices")
    app.after_request(notices.keep_notices)
    app.after_request(guards.keep_out_of_caches)
    app.after_request(security.add_security_headers)
    logging.getLogger("lti_tool").setLevel(logging.INFO)
    return app
