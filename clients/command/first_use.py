"""The first use of an engine that is not installed: says how much it would fetch, and asks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from clients.command.connection import succeed
from clients.command.exit_status import CommandFailed
from clients.command.following import follow
from clients.command.terminal import Progress

if TYPE_CHECKING:
    from clients.caller import Caller

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Install an engine that is named and is not here; do not ask.")]


def make_ready(caller: Caller, engine: str | None, *, yes: bool, as_json: bool) -> None:
    """Installs an engine that somebody names, if it is not here and they want it. Raises CommandFailed.

    What cannot be looked at is left to the request itself, whose refusal says more.
    """
    state = caller.ask("GET", f"/engines/{quote(engine, safe='')}").json() if engine else None
    if not isinstance(state, dict) or state.get("state") != "not_installed":
        return
    assert engine is not None
    install(caller, engine, yes=yes, as_json=as_json, lines=False)


def install(caller: Caller, engine: str, *, yes: bool, as_json: bool, lines: bool) -> dict[str, Any]:
    """The job that has installed it. Raises CommandFailed, also where the person does not want it."""
    path = f"/engines/{quote(engine, safe='')}/install"
    if not yes:
        shown = Progress(lines=False)
        shown.tell(f"Asking the package index what {engine} needs.")
        try:
            plan = succeed(caller.ask("GET", path))
        finally:
            shown.end()
        confirm(engine, plan, as_json=as_json)
    return follow(caller, succeed(caller.post(path, {})), lines=lines)


def person_is_there() -> bool:
    return sys.stdin.isatty()


def confirm(engine: str, plan: dict[str, Any], *, as_json: bool) -> None:
    """Says what an installation would fetch. Raises CommandFailed where the person does not want it.

    A program, which reads JSON or writes what is asked, is not asked, and told the same way.
    """
    size = plan.get("download_bytes")
    amount = f"{size / 1e6:,.0f} MB" if size is not None else "an unknown amount"
    if as_json or not person_is_there():
        raise CommandFailed(
            f"{engine} is not installed, and needs {amount} of downloads; --yes lets them be fetched "
            f"(or first: stts engines install {engine} --yes)."
        )
    print(f"{engine} needs {amount} of downloads. Install it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed(f"{engine} was not installed: nobody said yes.")
