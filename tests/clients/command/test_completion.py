"""Shells complete commands and options of `stts`: each really runs the script that it is given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[3]
BASH = """
eval "$(stts --show-completion)"
COMP_WORDS=(stts %s); COMP_CWORD=%d; _stts_completion stts; printf '%%s\\n' "${COMPREPLY[@]}"
"""


def needs(shell: str) -> pytest.MarkDecorator:
    """Skips a test where the shell is not here, unless it must be."""
    away = shutil.which(shell) is None and "STTS_REQUIRE_SHELLS" not in os.environ
    return pytest.mark.skipif(away, reason=f"needs {shell}: make shells")


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `stts` is found, as it is where the package is installed."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "stts"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m clients.command.main "$@"\n')
    program.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith("STTS_")}
    return {**own, "PATH": f"{folder}{os.pathsep}{own['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(folder)}


def run(*command: str, variables: dict[str, str]) -> str:
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("eng", 1, {"engines"}),
        ("engines ''", 2, {"list", "install", "load", "unload", "probe"}),
        ("say --vo", 2, {"--voice"}),
        ("t", 1, {"talk", "transcribe"}),
    ],
)
def test_bash_completes(words: str, place: int, expected: set[str], variables: dict[str, str]) -> None:
    script = BASH % (words, place)
    found = run("bash", "--norc", "-c", script.replace("''", '""'), variables=variables)
    assert set(found.split()) == expected


@needs("fish")
def test_fish_completes(variables: dict[str, str]) -> None:
    script = "stts --show-completion | source; complete --do-complete 'stts engines '"
    found = run("fish", "--no-config", "-c", script, variables=variables)
    assert {line.split("\t")[0] for line in found.splitlines()} >= {"list", "install", "probe"}


@needs("zsh")
def test_zsh_completes(variables: dict[str, str]) -> None:
    loaded = 'autoload -Uz compinit; compinit -u; eval "$(stts --show-completion)"; print -r -- ${_comps[stts]}'
    assert "_stts_completion" in run("zsh", "-f", "-c", loaded, variables=variables)
    asked = {**variables, "_STTS_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "stts engines "}
    assert '"probe"' in run("stts", variables=asked)


def test_what_takes_long_to_import_waits_until_it_is_needed(variables: dict[str, str]) -> None:
    heavy = ("http.client", "ssl", "asyncio", "rich", "websockets", "av", "numpy", "miniaudio", "stts.settings")
    code = f"import sys, clients.command.main; print([name for name in {heavy} if name in sys.modules])"
    assert run(sys.executable, "-P", "-c", code, variables=variables).strip() == "[]"
