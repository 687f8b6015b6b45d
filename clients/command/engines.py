"""`stts engines`: which there are, their memory, and whether they work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from clients.command import first_use
from clients.command.connection import connected, succeed
from clients.command.exit_status import ANSWERED_NO, CommandFailed
from clients.command.speech import Json
from clients.command.terminal import explained, said, show_json, show_table

if TYPE_CHECKING:
    from clients.caller import Caller

app = typer.Typer(no_args_is_help=True, help="Engines: list, install, load, unload, probe.")

Name = Annotated[str, typer.Argument(help="An engine of `stts engines list`.")]
COLUMNS = {"ENGINE": "name", "KIND": "kind", "STATE": "state", "RUNS IN": "runs_in", "LICENCE": "licence"}


@app.command("list")
def listing(context: typer.Context, as_json: Json = False) -> None:
    """Lists all engines with their states."""
    with explained(as_json), connected(context.obj) as caller:
        found = succeed(caller.ask("GET", "/engines"))
    if as_json:
        show_json(found)
    else:
        show_table(found, COLUMNS)


@app.command()
def install(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Installs an engine into an environment of its own."""
    with explained(as_json), connected(context.obj) as caller:
        done = first_use.install(caller, name, yes=yes, as_json=as_json, lines=not as_json)
    _show(done, f"{name} is installed.", as_json)


@app.command()
def load(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Loads an engine, fetching its weights if need be."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        engine = succeed(caller.ask("POST", f"/engines/{quote(name, safe='')}/load"))
    _show(engine, f"{name} is {engine['state']}.", as_json)


@app.command()
def unload(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Frees the memory of an engine."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        engine = succeed(caller.ask("POST", f"/engines/{quote(name, safe='')}/unload"))
    _show(engine, f"{name} is {engine['state']}.", as_json)


@app.command()
def probe(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Loads an engine and really runs it once; ends with 1 where it fails."""
    with explained(as_json), connected(context.obj) as caller:
        result = _probed(caller, name)
        if not result["ok"]:
            raise CommandFailed(f"{name} does not work: {result['error']}", ANSWERED_NO)
    _show(result, f"{name} works: {result['seconds']:.3f} s.", as_json)


def _probed(caller: Caller, name: str) -> dict[str, Any]:
    engine = succeed(caller.ask("POST", f"/engines/{quote(name, safe='')}/load"))
    result: dict[str, Any] | None = engine["last_probe"]
    if result is None:
        raise CommandFailed(f"{name} was not tried; it is {engine['state']}.")
    return result


def _show(value: Any, line: str, as_json: bool) -> None:
    if as_json:
        show_json(value)
    else:
        print(said(line))
