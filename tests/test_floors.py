"""Imports go one way: a floor stands only on the floors above it in the house's list."""

import ast
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.support.source import PACKAGE, list_files, list_imports, name_module, parse

FLOORS = ("config", "content", "domain", "models", "lti", "services", "export", "web")
OUTSIDE = {
    "app",
    "cli",
    "cli_grades",
    "cli_invites",
    "cli_platforms",
    "cli_support",
    "demo",
    "demo_data",
    "processes",
    "servers",
}
MODULES = list_files(PACKAGE, "*.py")
CLAIM_HOST = "purl." + "imsglobal.org"

# What each floor must not know, beyond the floors below it.
FORBIDDEN = {
    "content": {"flask", "flask_sqlalchemy", "sqlalchemy", "requests", "urllib3", "pylti1p3", "jwt"},
    "domain": {"flask", "flask_sqlalchemy", "sqlalchemy", "requests", "urllib3", "pylti1p3", "jwt", "socket", "time"},
    "export": {"flask", "flask_sqlalchemy", "sqlalchemy", "requests", "urllib3", "pylti1p3", "jwt", "socket", "time"}
    | {"lti_tool.models", "lti_tool.lti", "lti_tool.services"},
    "lti": {"flask", "flask_sqlalchemy", "sqlalchemy", "lti_tool.models"},
    "services": {"flask", "flask_sqlalchemy", "pylti1p3", "requests", "urllib3", "jwt"},
    "web": {"pylti1p3", "requests", "urllib3", "jwt"},
}


def floor_of(module: str) -> str:
    """The part of the house a module belongs to: ``lti_tool.models.base`` lies in ``models``."""
    return [*module.split("."), ""][1]


def is_within(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def list_own_imports(path: Path) -> set[str]:
    return {name for name in list_imports(path) if is_within(name, {"lti_tool"})}


def test_every_part_of_the_house_has_a_place() -> None:
    parts = {floor_of(name_module(path)) for path in MODULES}
    assert parts - {""} <= {*FLOORS, *OUTSIDE, "demo_lms"}


def find_wrong_imports(path: Path) -> set[str]:
    """What a module of a floor imports from the floors below it, or from outside the house."""
    floor = floor_of(name_module(path))
    if floor not in FLOORS:
        return set()
    may_import = {*FLOORS[: FLOORS.index(floor) + 1], ""}
    # ``from lti_tool import __version__`` is the package itself, which is on no floor.
    found = {name for name in list_own_imports(path) if name != "lti_tool.__version__"}
    return {name for name in found if floor_of(name) not in may_import}


def test_a_floor_imports_only_floors_above_it() -> None:
    broken = {name_module(path): find_wrong_imports(path) for path in MODULES}
    assert {module: names for module, names in broken.items() if names} == {}


@pytest.mark.parametrize("floor", FORBIDDEN)
def test_a_floor_does_not_know_what_is_not_its_job(floor: str) -> None:
    paths = [path for path in MODULES if floor_of(name_module(path)) == floor]
    broken = {
        name_module(path): sorted(n for n in list_imports(path) if is_within(n, FORBIDDEN[floor])) for path in paths
    }
    assert {module: names for module, names in broken.items() if names} == {}


def test_only_the_door_knows_the_lti_library() -> None:
    users = {floor_of(name_module(path)) for path in MODULES if any(map(_is_lti_library, list_imports(path)))}
    assert users == {"lti"}


def _is_lti_library(name: str) -> bool:
    return is_within(name, {"pylti1p3"})


def test_only_one_module_knows_flask_sqlalchemy() -> None:
    users = {
        name_module(path) for path in MODULES if any(is_within(n, {"flask_sqlalchemy"}) for n in list_imports(path))
    }
    assert users == {"lti_tool.models.base"}


def test_the_demo_lms_shares_only_the_vocabulary() -> None:
    shared = {
        name
        for path in list_files(PACKAGE / "demo_lms", "*.py")
        for name in list_own_imports(path)
        if not is_within(name, {"lti_tool.demo_lms"})
    }
    assert {name for name in shared if not is_within(name, {"lti_tool.lti.vocabulary"})} == set()
    assert shared, "it speaks LTI"


def test_the_tool_does_not_know_the_demo_lms() -> None:
    users = {
        name_module(path) for path in MODULES if any(is_within(n, {"lti_tool.demo_lms"}) for n in list_imports(path))
    }
    allowed = ("lti_tool.demo_lms", "lti_tool.demo", "lti_tool.demo_data", "lti_tool.servers")
    assert {module for module in users if not is_within(module, allowed)} == set()


def test_claim_addresses_are_written_in_one_place() -> None:
    writers = {name_module(path) for path in MODULES if CLAIM_HOST in path.read_text(encoding="utf-8")}
    assert writers == {"lti_tool.lti.vocabulary", "lti_tool.domain.roles"}


@pytest.mark.parametrize("floor", ["content", "domain", "services", "export"])
def test_time_is_told_never_read(floor: str) -> None:
    readers = {
        f"{name_module(path)}:{node.lineno}"
        for path in MODULES
        if floor_of(name_module(path)) == floor
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _CLOCKS
    }
    assert readers == set()


_CLOCKS = {
    f"{kind}.{name}" for kind in ("datetime", "datetime.datetime", "date") for name in ("now", "utcnow", "today")
}
_CLOCKS |= {"time.time", "time.monotonic", "time.sleep"}


def test_templates_hold_no_python() -> None:
    assert list_files(PACKAGE.parent / "templates", "*.py") == []


def test_the_rules_see_a_breach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lti_tool" / "domain"
    package.mkdir(parents=True)
    monkeypatch.setattr("tests.support.source.ROOT", tmp_path)
    module = package / "sneaky.py"
    module.write_text("def f():\n    from ..models import base\n    import flask.views\n")
    assert list_imports(module) == {"lti_tool.models.base", "flask.views"}
    assert find_wrong_imports(module) == {"lti_tool.models.base"}
