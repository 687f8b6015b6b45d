"""`stts config`: the settings of a running server, each with its source; checked before they are changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clients.command.connection import connected, succeed
from clients.command.exit_status import ANSWERED_NO, USAGE, CommandFailed
from clients.command.speech import Json
from clients.command.terminal import explained, said, show_json, show_table

if TYPE_CHECKING:
    from clients.caller import Caller

app = typer.Typer(no_args_is_help=True, help="Settings of a running server: show, set, check, reload.")

Assignments = Annotated[list[str], typer.Argument(help="KEY=VALUE, as `tts.format=mp3`; values are JSON or text.")]
COLUMNS = {"KEY": "key", "VALUE": "value", "SOURCE": "source", "": "notes"}


@app.command()
def show(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="Only keys that begin so, as `limits`.")] = "",
    as_json: Json = False,
) -> None:
    """Shows settings with where each comes from; secrets are masked."""
    with explained(as_json), connected(context.obj) as caller:
        settings = succeed(caller.ask("GET", "/config"))["settings"]
        chosen = {key: state for key, state in settings.items() if key.startswith(prefix)}
        if not chosen:
            raise CommandFailed(f"No key begins with {prefix}; sections are {', '.join(_sections(settings))}.", USAGE)
    if as_json:
        show_json(chosen)
    else:
        show_table([_row(key, state) for key, state in chosen.items()], COLUMNS)


@app.command()
def check(context: typer.Context, assignments: Assignments, as_json: Json = False) -> None:
    """Tells what a change would do, and changes nothing; ends with 1 where it would be refused."""
    with explained(as_json), connected(context.obj) as caller:
        found = succeed(caller.post("/config/validate", _body(assignments)))
        if not found["valid"]:
            raise CommandFailed(_complaint(found), ANSWERED_NO)
    _told(found, "It would be taken.", as_json)


@app.command("set")
def change(context: typer.Context, assignments: Assignments, as_json: Json = False) -> None:
    """Changes settings of the running server, which it keeps over restarts."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        done = succeed(caller.post("/config", _body(assignments), "PATCH"))
    _told(done, "It is set.", as_json)


@app.command()
def reload(context: typer.Context, as_json: Json = False) -> None:
    """Reads the files of the configuration again."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        done = _reloaded(caller)
    _told(done, "It was read again.", as_json)


def _reloaded(caller: Caller) -> Any:
    return succeed(caller.ask("POST", "/config/reload"))


def _sections(settings: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(key.partition(".")[0] for key in settings))


def _row(key: str, state: dict[str, Any]) -> dict[str, Any]:
    notes = [("needs a restart", not state["live"]), ("in the file only", state["protected"])]
    notes.append(("another value waits for a restart", state["waiting"]))
    value = state["value"]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return {"key": key, "value": shown, "source": state["source"], "notes": "; ".join(n for n, is_so in notes if is_so)}


def _body(assignments: list[str]) -> dict[str, Any]:
    """Dotted keys as the nested object that the server takes. Raises CommandFailed for what is no assignment."""
    body: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key:
            raise CommandFailed(f"{assignment} is no assignment: write KEY=VALUE, as tts.format=mp3.", USAGE)
        *path, last = key.split(".")
        place = body
        for name in path:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise CommandFailed(f"{assignment} is said twice: {name} has a value already.", USAGE)
        place[last] = _value(value)
    return body


def _value(text: str) -> Any:
    """JSON where it is some (`5`, `true`, `[1]`), else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _complaint(found: dict[str, Any]) -> str:
    allowed = found.get("allowed")
    return f"{found['problem']}" + (f" Allowed: {', '.join(map(str, allowed))}." if allowed else "")


def _told(done: dict[str, Any], line: str, as_json: bool) -> None:
    if as_json:
        show_json(done)
        return
    print(said(line))
    for name, words in (("restart", "After a restart"), ("overridden", "The environment says otherwise, and wins")):
        if done[name]:
            print(f"{words}: {', '.join(done[name])}")
