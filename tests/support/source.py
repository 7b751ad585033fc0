"""The project's own files, read as text or as Python, for the house rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lti_tool"
NOT_OURS = {".git", ".venv", ".demo", ".hypothesis", "__pycache__", "build", "dist", "test-results"}


def is_ours(name: str) -> bool:
    """Whether a file or folder of this name belongs to the project, rather than to a tool or a run."""
    return name not in NOT_OURS and not name.endswith(("_cache", ".egg-info"))


def list_files(folder: Path = ROOT, pattern: str = "*") -> list[Path]:
    """Every file of the project below a folder, without what tools and runs leave there."""
    return sorted(path for path in _walk(folder) if path.match(pattern))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if not is_ours(path.name):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def name_module(path: Path) -> str:
    """The dotted name of a file of the package: ``lti_tool.models.base``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parse(path: Path) -> ast.Module:
    """A file as Python."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def list_imports(path: Path) -> set[str]:
    """The dotted names a file imports, wherever in it; ``from a import b`` counts as ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name_module(path).split(".")
                keep = len(package) - node.level + (path.name == "__init__.py")
                base = ".".join([*package[:keep], *([base] if base else [])])
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found
