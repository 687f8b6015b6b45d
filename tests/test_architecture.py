"""The house keeps its plan: which room may import which, no cycles, and nothing heavy at the start."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import patient

ROOT = Path(__file__).parent.parent

LAYERS = ("stts", "engines", "adapters", "middleware", "routers", "server_v2")
"""Each may import itself and those before it."""

DOMAIN = (
    ("errors", "environment", "languages", "language_names", "voice_names", "engine_state", "streams"),
    ("speech", "transcription", "chat", "settings"),
    ("context", "engine_api"),
    ("protocols", "access", "analytics"),
    ("audio", "text"),
    ("scheduling", "vad", "storage"),
    ("conversation",),
)
"""Inside stts: each level may import itself and those before it."""

HEAVY = ("torch", "transformers", "whisper", "chatterbox", "onnxruntime", "openai", "ray", "fasttext", "requests")


def modules() -> dict[str, Path]:
    files = [ROOT / "server_v2.py"]
    for layer in LAYERS[:-1]:
        files += sorted((ROOT / layer).rglob("*.py"))
    return {name_of(path): path for path in files}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, at_import_only: bool) -> Iterator[str]:
    """Our modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def own_imports(path: Path, *, at_import_only: bool = False) -> set[str]:
    known = modules()
    return {name for name in imports(path, at_import_only=at_import_only) if name in known}


@pytest.mark.parametrize("name", modules())
def test_imports_point_down(name: str) -> None:
    layer = LAYERS.index(name.split(".")[0])
    for imported in own_imports(modules()[name]):
        assert LAYERS.index(imported.split(".")[0]) <= layer, f"{name} imports {imported}"


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("stts.")])
def test_imports_inside_the_domain_point_down(name: str) -> None:
    own = level_of(name)
    for imported in own_imports(modules()[name]) - {"stts"}:
        assert level_of(imported) <= own, f"{name} imports {imported}"


def level_of(name: str) -> int:
    room = name.split(".")[1]
    return next(level for level, rooms in enumerate(DOMAIN) if room in rooms)


def test_there_is_no_import_cycle() -> None:
    graph = {name: own_imports(path, at_import_only=True) - {name} for name, path in modules().items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for imported in graph[name]:
                # A package's __init__ is imported with each of its modules; only its own imports can make a cycle.
                visit(imported, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_starting_loads_nothing_heavy() -> None:
    code = (
        "import sys, server_v2\n"
        "from stts.settings import Settings\n"
        "server_v2.create_app(Settings())\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = patient.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.stdout.strip() == "[]", shown.stdout + shown.stderr
