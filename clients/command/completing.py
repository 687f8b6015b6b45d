"""`stts --install-completion` and `--show-completion`, for the shell that is named, else for that around the command.

Typer declares both; what it lacks is a way to name the shell, and words for whoever runs them where none is found.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import typer

from clients.command.exit_status import USAGE, CommandFailed
from clients.command.terminal import explained
from stts.command_line import CommandLine

INSTALL, SHOW = OPTIONS = ("--install-completion", "--show-completion")
SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


class Completed(CommandLine):
    """Commands whose completion is installed by the first word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] in OPTIONS and "--help" not in args:
            with explained(as_json=False):
                _complete(args, str(ctx.find_root().info_name))
            raise typer.Exit
        return super().parse_args(ctx, args)


def _complete(arguments: Sequence[str], program: str) -> None:
    from typer.completion import get_completion_script, install  # type: ignore[attr-defined]

    option, *named = arguments
    shell = _shell(option, named, program)
    variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
    if option == SHOW:
        print(get_completion_script(prog_name=program, complete_var=variable, shell=shell))
        return
    try:
        _, path = install(shell, program, variable)
    except OSError as error:
        raise CommandFailed(f"{error.filename} cannot be written: {error.strerror}.") from error
    print(f"Completion for {shell} is in {path}. A new terminal has it.")


def _shell(option: str, named: Sequence[str], program: str) -> str:
    """The shell that is named, else the one that runs this, else that of the user. Raises CommandFailed."""
    how = f"Name one: {program} {option} bash (or zsh, fish, powershell)."
    if len(named) > 1:
        raise CommandFailed(f"{option} takes one shell. {how}", USAGE)
    if named:
        if named[0].lower() not in SHELLS:
            raise CommandFailed(f"There is no completion for {named[0]}. {how}", USAGE)
        return named[0].lower()
    for found in (_around(), os.path.basename(os.environ.get("SHELL", "")).lower()):
        if found in SHELLS:
            return found
    raise CommandFailed(f"No shell that completes was found around this command. {how}", USAGE)


def _around() -> str | None:
    """The name of the shell that this process runs in."""
    from shellingham import ShellDetectionFailure, detect_shell

    try:
        return str(detect_shell()[0])
    except (ShellDetectionFailure, OSError):
        return None
