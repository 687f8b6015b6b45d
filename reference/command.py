"""The page of the command `stts`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from clients.command.main import app
from commands.__main__ import app as operator
from reference.tables import code, page, table

INTRODUCTION = (
    "Every command with its arguments and options. What they are good for is told in [The command](../command.md)."
)
HEADS = ("option", "meaning", "default")


def written() -> str:
    return page("Command", INTRODUCTION, _parts())


def _parts() -> Iterator[str]:
    found = dict(_commands("stts", typer.main.get_command(app)))
    found |= dict(_commands("stts", typer.main.get_command(operator)))
    for name, command in found.items():
        yield f"## {name}"
        yield from _described(name, command)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """All that is in a group. What another program reads is described by that one."""
    inner = getattr(command, "commands", None)
    if inner is None and not command.context_settings.get("ignore_unknown_options"):
        yield name, command
    for each in (inner or {}).values():
        yield from _commands(f"{name} {each.name}", each)


def _described(name: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    usage = " ".join([name, *(_placed(argument) for argument in arguments)])
    yield f"{code(usage)}: {' '.join((command.help or '').split())}".removesuffix(": ")
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    if options:
        yield table(HEADS, (_row(option) for option in options))


def _placed(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs < 0 else "")
    return name if argument.required else f"[{name}]"


def _row(option: Any) -> tuple[str, str, str]:
    names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
    variables = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    meaning = " ".join([option.help or "", *(f"({code(name)})" for name in variables)])
    default = option.default
    plain = default is not None and not isinstance(default, bool) and not callable(default)
    return names, meaning, code(str(default)) if plain else ""
