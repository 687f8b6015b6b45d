"""`stts cache`: what lies in the cache of a server, removing it, and filling it ahead from a file of texts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from clients.command.connection import connected, require, succeed
from clients.command.exit_status import CommandFailed
from clients.command.speech import STANDARD, EngineChoice, Json, Language
from clients.command.terminal import explained, show_json, show_table

app = typer.Typer(no_args_is_help=True, help="The cache of speech: look, clear, warm up.")

COLUMNS = {"TIER": "tier", "STATE": "state", "ENTRIES": "entries", "MB": "size", "HITS": "hits", "FAILURES": "failures"}


@app.command()
def stats(context: typer.Context, as_json: Json = False) -> None:
    """Tells what lies in each tier, and how often it was found there."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        found: dict[str, Any] = succeed(caller.ask("GET", "/cache"))
    if as_json:
        show_json(found)
    else:
        show_table([{**tier, "size": f"{tier['bytes'] / 1e6:.1f}"} for tier in found["tiers"]], COLUMNS)


@app.command()
def clear(
    context: typer.Context,
    engine: EngineChoice = None,
    voice: Annotated[str | None, typer.Option(help="Only what was spoken with this voice.")] = None,
    as_json: Json = False,
) -> None:
    """Removes all, or what was spoken by an engine or with a voice."""
    query = urlencode({name: value for name, value in (("engine", engine), ("voice", voice)) if value})
    with explained(as_json), connected(context.obj, alone=False) as caller:
        removed = succeed(caller.ask("DELETE", f"/cache?{query}"))["removed"]
    if as_json:
        show_json({"removed": removed})
    else:
        print(f"{removed} removed.")


@app.command()
def warm(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A text in each line, UTF-8; `-`: standard input.")],
    engine: EngineChoice = None,
    voice: Annotated[str | None, typer.Option(help="A voice of `stts voices`.")] = None,
    language: Language = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="1.0: as the voice speaks.")] = 1.0,
    format: Annotated[str, typer.Option(help="The format that clients will ask for.")] = "wav",
    as_json: Json = False,
) -> None:
    """Speaks each line of a file, one after the other, so that it is there at once later."""
    wanted = {"engine": engine, "voice": voice, "language": language}
    given = {name: value for name, value in wanted.items() if value}
    counts = {"hit": 0, "miss": 0, "join": 0}
    with explained(as_json):
        texts = _texts(file)
        with connected(context.obj, alone=False) as caller:
            for text in texts:
                request = {"text": text, "speed": speed, "format": format, "stream": False, **given}
                with caller.stream("/tts", request) as answer:
                    require(answer)
                    state = answer.headers.get("x-cache")
                    for _ in answer.blocks:
                        pass
                if state is None:
                    raise CommandFailed(
                        "The server keeps nothing of this: its cache is off, or the speech has a warning."
                    )
                counts[state.lower()] += 1
    if as_json:
        show_json(counts)
    else:
        there = counts["hit"] + counts["join"]
        print(f"{counts['miss']} spoken, {there} {'was' if there == 1 else 'were'} there already.")


def _texts(file: str) -> list[str]:
    """Lines with something in them. Raises CommandFailed where there are none."""
    try:
        data = sys.stdin.buffer.read() if file == STANDARD else Path(file).read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{file} is not UTF-8: it must be a text with one to speak in each line.") from error
    if not (texts := [line.strip() for line in lines if line.strip()]):
        raise CommandFailed(f"{file} is empty: there is nothing to speak in it.")
    return texts
