"""What is shipped: an sdist from which a wheel is built that runs where there is no checkout, and holds no key."""

import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.source import NOT_OURS, ROOT

ASK_THE_WHEEL = """
import importlib, json, pkgutil, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
import lti_tool
names = [found.name for found in pkgutil.walk_packages(lti_tool.__path__, "lti_tool.")]
names = [name for name in names if ".migrations.versions" not in name and not name.endswith(".env")]
for name in names:
    importlib.import_module(name)
from lti_tool.app import create_app, find_templates
from lti_tool.config import read_settings
from lti_tool.content.loader import default_series_folder, load_series
from lti_tool.lti.tool_keys import rotate
from lti_tool.models.schema import upgrade_schema
from lti_tool.models.store import open_store
from datetime import datetime, UTC
folder = sys.argv[1]
settings = read_settings({
    "LTI_TOOL_ENV": "development",
    "LTI_TOOL_DATABASE_URL": f"sqlite:///{folder}/tool.sqlite3",
    "LTI_TOOL_KEYS_DIR": f"{folder}/keys",
})
rotate(settings.keys_dir, datetime.now(UTC))
upgrade_schema(open_store(settings.database_url).engine)
client = create_app(settings).test_client()
style = next((Path(lti_tool.__file__).parent / "static").rglob("*.css")).name
print(json.dumps({
    "file": lti_tool.__file__,
    "modules": len(names),
    "templates": str(find_templates()),
    "modules in series": len(load_series(default_series_folder()).modules),
    "ready": client.get("/readyz").status_code,
    "refusal": client.get("/lti/login").get_data(as_text=True),
}))
"""


@dataclass(frozen=True)
class Shipped:
    sdist: list[str]
    wheel: list[str]
    wheel_path: Path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """What ``python -m build`` makes of a copy of the project in which somebody left a key and a demo."""
    folder = tmp_path_factory.mktemp("packaging")
    project = folder / "project"
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*NOT_OURS, "*_cache"))
    (project / "keys" / "20260101T000000Z.pem").write_text("a private key")
    (project / ".demo").mkdir()
    (project / ".demo" / "secret").write_text("a secret")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(project)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist_path,) = (folder / "dist").glob("*.tar.gz")
    (wheel_path,) = (folder / "dist").glob("*.whl")
    with tarfile.open(sdist_path) as sdist, zipfile.ZipFile(wheel_path) as wheel:
        inside = [name.split("/", 1)[1] for name in sdist.getnames() if "/" in name]
        return Shipped(inside, wheel.namelist(), wheel_path)


def test_no_key_and_no_demo_is_shipped(shipped: Shipped) -> None:
    for names in (shipped.sdist, shipped.wheel):
        assert [name for name in names if name.endswith((".pem", ".sqlite3")) or ".demo/" in name] == []
        assert [name for name in names if "__pycache__" in name] == []


def test_the_sdist_holds_all_it_takes_to_go_on_working(shipped: Shipped) -> None:
    wanted = {"pyproject.toml", "Makefile", "requirements.lock", "LICENSE", "README.md", "keys/README.md"}
    assert wanted <= set(shipped.sdist)
    for folder in ("lti_tool/", "templates/", "tests/"):
        assert any(name.startswith(folder) for name in shipped.sdist), folder


def test_the_wheel_holds_every_file_of_the_package_and_the_templates(shipped: Shipped) -> None:
    for folder, place in (("lti_tool", "lti_tool"), ("templates", "lti_tool/templates")):
        files = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file()]
        wanted = {f"{place}/{path.as_posix()}" for path in files if "__pycache__" not in path.parts}
        assert wanted - set(shipped.wheel) == set()


def test_the_wheel_holds_only_the_package(shipped: Shipped) -> None:
    assert {name.split("/")[0].split("-")[0] for name in shipped.wheel} == {"lti_tool"}


def test_the_wheel_runs_where_there_is_no_checkout(shipped: Shipped, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    with zipfile.ZipFile(shipped.wheel_path) as wheel:
        wheel.extractall(target)
    packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    # -I and -S: no current folder, no PYTHONPATH, and no .pth file that would lead back to the checkout.
    ask = [sys.executable, "-I", "-S", "-c", ASK_THE_WHEEL, str(tmp_path), str(target), *packages]
    done = subprocess.run(ask, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert Path(answer["file"]).is_relative_to(target)
    assert Path(answer["templates"]).is_relative_to(target)
    assert answer["modules"] > 50
    assert answer["modules in series"] == 8
    assert answer["ready"] == 200
    assert "data-error-code" in answer["refusal"]
