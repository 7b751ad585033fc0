"""Rules every file keeps: no machine's paths, a word of what it is for, a layout, and a lock that pins everything."""

import ast
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.source import PACKAGE, ROOT, is_ours, list_files, parse

LAYOUT = {
    *(".ci", ".github", ".gitignore", ".readme", "LICENSE", "Makefile", "README.md", "docs"),
    *("keys", "lti_tool", "pyproject.toml", "requirements.lock", "templates", "tests"),
}
PYTHON = list_files(ROOT, "*.py")
TEXT = {".py", ".md", ".html", ".css", ".js", ".yaml", ".toml", ".lock", ".mako", ".json", ".txt", "", ".jinja", ".svg"}
# Put together here, or this file would be the first to break the rule.
MACHINE = re.compile(
    "|".join(
        [
            *(
                f"(?<![\\w.]){place}"
                for place in ("/" + "work/", "/" + "root/", "/" + r"home/\w+/", "/" + r"Users/\w+/")
            ),
            *("py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", "/opt/" + "pypi"),
        ]
    )
)
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + "Error")
LONGEST_FILE = 400


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def list_top_level() -> set[str]:
    """What the project has at its top: what git keeps, or in an unpacked sdist, what is there."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        asked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return {line.split("/")[0].strip('"') for line in asked.stdout.splitlines()}
    return {path.name for path in ROOT.iterdir() if is_ours(path.name)}


def test_top_level_layout() -> None:
    assert list_top_level() <= LAYOUT | {"PKG-INFO"}, "a new place in the house"
    assert [path.name for path in (ROOT / "keys").iterdir() if path.suffix == ".md"] == ["README.md"]


def test_a_module_says_what_it_is_for() -> None:
    modules = [*list_files(PACKAGE, "*.py"), *list_files(ROOT / "tests" / "support", "*.py")]
    assert [relative(path) for path in modules if not ast.get_docstring(parse(path))] == []


def test_no_file_names_a_machine() -> None:
    found = [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in list_files()
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []


def test_nothing_is_left_unfinished() -> None:
    found = [relative(path) for path in PYTHON if UNFINISHED.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_no_file_of_the_tool_grows_too_long() -> None:
    lengths = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in list_files(PACKAGE, "*.py")
    }
    long = {name: length for name, length in lengths.items() if length > LONGEST_FILE and "/versions/" not in name}
    assert long == {}, "find the seam"


def read_lock() -> tuple[str, str]:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    runtime, _, development = lock.partition("### development\n")
    assert "### runtime\n" in runtime
    return runtime, development


def list_pins(part: str) -> list[str]:
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==", part, re.MULTILINE)


def test_the_lock_pins_each_package_once_with_hashes() -> None:
    runtime, development = read_lock()
    names = list_pins(runtime) + list_pins(development)
    assert len(names) == len(set(names))
    entries = [entry for entry in re.split(r"\n(?=\S)", runtime + development) if not entry.startswith("#")]
    assert len(entries) == len(names), "a line that is neither a pin nor a comment"
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_index() -> None:
    lock = "".join(read_lock())
    assert re.findall(r"^\s*(?:-i|-f|--(?!hash=)\S+).*|.*https?://.*|.*file:.*", lock, re.MULTILINE) == []


def test_the_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, development = (set(list_pins(part)) for part in read_lock())
    wanted = {re.split(r"[^\w-]", need.lower())[0] for need in project["project"]["dependencies"]}
    tools = {re.split(r"[^\w-]", need.lower())[0] for need in project["project"]["optional-dependencies"]["dev"]}
    builders = {re.split(r"[^\w-]", need.lower())[0] for need in project["build-system"]["requires"]}
    assert wanted | builders <= runtime, "type: make lock"
    assert tools <= runtime | development, "type: make lock"


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert lines == ["exec make test"]


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    declared = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert declared
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown = set(re.findall(r"^make (\S+)", said, re.MULTILINE))
    assert shown == set(declared.group(1).split()) - {"browser"}
    assert {"demo", "demo-reset", "test", "lint", "bench", "lock", "help"} <= shown


@pytest.mark.parametrize("text", ["/" + "work/main", "see https://py" + "pi.org/x", "'/" + "root/.cache'"])
def test_the_rule_sees_a_machine(text: str) -> None:
    assert MACHINE.search(text)


@pytest.mark.parametrize("text", ["homework/plan", "https://lms.example.org/work/1"])
def test_the_rule_leaves_other_words_alone(text: str) -> None:
    assert not MACHINE.search(text)
