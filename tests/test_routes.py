"""Every address declares who may enter, and no address comes or goes unnoticed."""

from pathlib import Path

import pytest
from flask import Flask

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.domain.roles import Standing
from tests.support.series import load_real_series

ADMINISTRATORS = {Standing.ADMINISTRATOR}
LEARNERS = {Standing.PARTICIPANT, Standing.PRACTICE}
STAFF = {Standing.STAFF}
EVERYBODY = set(Standing)

# Address and methods, and who may enter; "public" needs no launch session.
ROUTES = {
    "/healthz GET": "public",
    "/lti/accessibility GET": "public",
    "/lti/agreement GET": "public",
    "/lti/arrive POST": "public",
    "/lti/canvas.json GET": "public",
    "/lti/continue POST": "public",
    "/lti/continue/<ticket> GET": "public",
    "/lti/jwks.json GET": "public",
    "/lti/launch GET": "public",
    "/lti/launch POST": "public",
    "/lti/launch/proof POST": "public",
    "/lti/login GET POST": "public",
    "/lti/login/<flow_id> GET": "public",
    "/lti/login/<flow_id>/tab POST": "public",
    "/lti/notices POST": "public",
    "/lti/place POST": "public",
    "/lti/privacy GET": "public",
    "/lti/register/<invite> GET": "public",
    "/lti/register/<invite> POST": "public",
    "/lti/setup GET": "public",
    "/readyz GET": "public",
    "/s/<session_id>/ GET": EVERYBODY,
    "/s/<session_id>/grades/ GET": STAFF,
    "/s/<session_id>/grades/<int:delivery_id>/retry POST": STAFF,
    "/s/<session_id>/grades/columns POST": STAFF,
    "/s/<session_id>/link GET": STAFF,
    "/s/<session_id>/link POST": STAFF,
    "/s/<session_id>/modules/<module_key> GET": EVERYBODY,
    "/s/<session_id>/modules/<module_key>/plan GET": EVERYBODY,
    "/s/<session_id>/modules/<module_key>/plan POST": LEARNERS,
    "/s/<session_id>/modules/<module_key>/plan/autosave POST": LEARNERS,
    "/s/<session_id>/modules/<module_key>/plan/example GET": EVERYBODY,
    "/s/<session_id>/modules/<module_key>/readings/<reading_key> GET": EVERYBODY,
    "/s/<session_id>/modules/<module_key>/readings/<reading_key> POST": LEARNERS,
    "/s/<session_id>/modules/<module_key>/reflections/<reflection_key> GET": LEARNERS,
    "/s/<session_id>/modules/<module_key>/reflections/<reflection_key> POST": LEARNERS,
    "/s/<session_id>/modules/<module_key>/reflections/<reflection_key>/autosave POST": LEARNERS,
    "/s/<session_id>/people/ GET": STAFF,
    "/s/<session_id>/people/ POST": STAFF,
    "/s/<session_id>/reviews/ GET": STAFF,
    "/s/<session_id>/reviews/<int:submission_id> GET": STAFF,
    "/s/<session_id>/reviews/<int:submission_id> POST": STAFF,
    "/s/<session_id>/reviews/<int:submission_id>/autosave POST": STAFF,
    "/s/<session_id>/reviews/<int:submission_id>/release GET": STAFF,
    "/s/<session_id>/reviews/<int:submission_id>/release POST": STAFF,
    "/s/<session_id>/promises GET": LEARNERS,
    "/s/<session_id>/search GET": EVERYBODY,
    "/s/<session_id>/self-check/ GET": ADMINISTRATORS,
    "/s/<session_id>/self-check/ POST": ADMINISTRATORS,
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'routes.sqlite3'}",
        base_url="http://127.0.0.1:5000",
        secret_key="r" * 40,
        keys_dir=tmp_path,
        is_development=True,
    )
    return create_app(settings, series=load_real_series())


def test_every_address_is_known_and_says_who_may_enter(app: Flask) -> None:
    found = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        declared = getattr(app.view_functions[rule.endpoint], "entered_by", None)
        assert declared is not None, f"{rule.rule} does not say who may enter"
        found[f"{rule.rule} {methods}"] = "public" if declared == "everybody" else set(declared)
    assert found == ROUTES


def test_only_the_addresses_of_a_session_are_guarded_by_one(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], "entered_by", "everybody")
        assert (declared == "everybody") == (not rule.rule.startswith("/s/<session_id>/"))
