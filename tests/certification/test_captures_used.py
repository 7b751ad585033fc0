"""Every captured file is used: named in a test of this folder, and read by it."""

import ast
from pathlib import Path

from tests.certification.moodle import FOLDER

HERE = Path(__file__).parent


def list_names(path: Path) -> set[str]:
    """Every string a test module holds, apart from what it says to its reader."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    }


def test_every_capture_is_sent_through_the_door_or_the_services() -> None:
    captures = {path.stem for path in FOLDER.iterdir()}
    used = {name for path in HERE.glob("test_captured_*.py") for name in list_names(path)} & captures
    assert captures - used == set()
    assert len(captures) == 52


def test_captures_hold_no_key_to_anything() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "PRIVATE KEY" not in text, path
        for opening in ("sesskey=", 'sesskey\\":\\"', "MoodleSession="):
            assert all(rest.startswith(("removed", "...")) for rest in text.split(opening)[1:]), (path, opening)
        assert not [part for part in text.split('"') if part.startswith("eyJ") and len(part) > 20], path
