"""`stts models`: which there are, and getting and removing them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from clients.command.connection import connected, succeed
from clients.command.following import follow
from clients.command.speech import Json
from clients.command.terminal import explained, show_json, show_table

app = typer.Typer(no_args_is_help=True, help="Models: list, pull, remove.")

Name = Annotated[str, typer.Argument(help="A model of `stts models list`.")]
COLUMNS = {
    "MODEL": "id",
    "ENGINE": "engine",
    "LANGUAGES": "languages",
    "SIZE": "size",
    "HERE": "present",
    "LICENCE": "licence",
}


@app.command("list")
def listing(context: typer.Context, as_json: Json = False) -> None:
    """Lists all models of the catalogue."""
    with explained(as_json), connected(context.obj) as caller:
        found: list[dict[str, Any]] = succeed(caller.ask("GET", "/models"))
    if as_json:
        show_json(found)
    else:
        show_table([{**model, "size": f"{model['bytes'] / 1e6:.1f} MB"} for model in found], COLUMNS)


@app.command()
def pull(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Gets a model; an interrupted pull goes on where it broke off."""
    with explained(as_json), connected(context.obj) as caller:
        job = follow(caller, succeed(caller.post("/models/pull", {"model": name})), lines=not as_json)
    if as_json:
        show_json(job)
    else:
        print(f"{name} is here.")


@app.command()
def remove(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Deletes a model that was pulled."""
    with explained(as_json), connected(context.obj) as caller:
        succeed(caller.ask("DELETE", f"/models/{quote(name, safe='')}"))
    if as_json:
        show_json({"removed": name})
    else:
        print(f"{name} is removed.")
