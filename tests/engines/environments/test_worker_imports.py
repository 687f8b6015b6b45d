"""Whatever an engine imports where it runs as a worker stands in the requirements of its environment.

An environment that has all of the server's packages, as those of tests do, hides what is missing there: a recording
that cannot be decoded, a text that cannot be cut. Imports are read from the sources, those inside of functions too.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.environments.requirements import requirements_of
from engines.registry import Registry

ROOT = Path(__file__).parents[3]
OWN = {"stts", "engines", "adapters"}
DISTRIBUTIONS = {"chatterbox": "chatterbox-tts", "perth": "resemble-perth", "whisper": "openai-whisper"}
"""Import name -> distribution, where they differ by more than their marks."""

NEVER = {"whisper": {"huggingface-hub", "httpx", "tqdm"}}
"""Imports of functions that an engine does not call: Whisper's weights are fetched by plain addresses."""


def source_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def imports(node: ast.AST) -> Iterator[str]:
    """Modules that are imported when the code runs, at its start or later."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module is not None:
        yield node.module
        yield from (f"{node.module}.{each.name}" for each in node.names)
    for child in ast.iter_child_nodes(node):
        yield from imports(child)


def foreign(module: str) -> set[str]:
    """Top-level modules of others that a module of ours, and those that it imports, need."""
    seen, waiting, found = set[str](), [module], set[str]()
    while waiting:
        name = waiting.pop()
        source = source_of(name)
        if name in seen or source is None:
            continue
        seen.add(name)
        for imported in imports(ast.parse(source.read_text(encoding="utf-8"))):
            top = imported.partition(".")[0]
            if top in OWN:
                waiting.append(imported)
            elif top not in sys.stdlib_module_names:
                found.add(top)
    return found


WORKERS = [name for name in Registry().names() if Registry().create(name).info.runs_in == "worker"]


@pytest.mark.parametrize("name", WORKERS)
def test_an_environment_has_whatever_its_engine_imports(name: str) -> None:
    registry = Registry()
    made_of = requirements_of(registry.create(name).info, name)
    assert made_of is not None
    lines = {re.split(r"[<>=!~\[;]", line)[0].strip().lower().replace("_", "-") for line in made_of.lines}
    needed = {
        DISTRIBUTIONS.get(each, each).replace("_", "-") for each in foreign(registry.target(name).partition(":")[0])
    }
    assert needed - lines - NEVER.get(name, set()) == set()
