"""Shells complete commands and options of `stts`: each really runs the script that it is given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import shellingham
from typer.testing import CliRunner, Result

from clients.command.exit_status import REFUSED, USAGE
from clients.command.main import app
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
    heavy = (
        "http.client",
        "ssl",
        "asyncio",
        "rich",
        "websockets",
        "av",
        "numpy",
        "miniaudio",
        "stts.settings",
        "sqlite3",
    )
    code = f"import sys, clients.command.main; print([name for name in {heavy} if name in sys.modules])"
    assert run(sys.executable, "-P", "-c", code, variables=variables).strip() == "[]"


@pytest.fixture
def orphaned(monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell is found around the command, as under a service or an editor."""

    def nothing() -> tuple[str, str]:
        raise shellingham.ShellDetectionFailure

    monkeypatch.setattr(shellingham, "detect_shell", nothing)


def stts(option: str, *shell: str, **variables: str | None) -> Result:
    return CliRunner().invoke(app, [option, *shell], prog_name="stts", env={"SHELL": None, **variables})


@pytest.mark.usefixtures("orphaned")
def test_a_shell_that_is_named_need_not_be_around() -> None:
    for shell, sign in (("bash", "COMPREPLY"), ("zsh", "#compdef stts"), ("fish", "complete --command stts")):
        shown = stts("--show-completion", shell)
        assert (shown.exit_code, sign in shown.output) == (0, True), shown.output
        assert stts("--show-completion", SHELL=f"/usr/bin/{shell}").output == shown.output


@pytest.mark.usefixtures("orphaned")
@pytest.mark.parametrize(("words", "why"), [((), "No shell"), (("tcsh",), "tcsh"), (("bash", "zsh"), "one shell")])
def test_where_no_shell_is_found_it_says_how_one_is_named(words: tuple[str, ...], why: str) -> None:
    for variable in (None, "/bin/tcsh"):
        refused = stts("--install-completion", *words, SHELL=variable)
        assert (refused.exit_code, why in refused.stderr) == (USAGE, True)
        assert "stts --install-completion bash" in refused.stderr


def test_what_is_installed_is_what_the_shell_reads(tmp_path: Path) -> None:
    done = stts("--install-completion", "fish", HOME=str(tmp_path))
    installed = tmp_path / ".config" / "fish" / "completions" / "stts.fish"
    assert done.exit_code == 0 and str(installed) in done.stdout
    assert "_STTS_COMPLETE=complete_fish" in installed.read_text()
    blocked = stts("--install-completion", "fish", HOME=str(installed))
    assert (blocked.exit_code, "cannot be written" in blocked.stderr) == (REFUSED, True)
