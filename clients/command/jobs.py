"""`stts jobs`: books and long lists of texts, spoken in the background, and what came of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from clients.command.connection import connected, require, succeed
from clients.command.exit_status import USAGE, CommandFailed
from clients.command.following import watch
from clients.command.output import arriving, check_writable, write
from clients.command.speech import EngineChoice, Json, Language
from clients.command.terminal import Progress, explained, show_json, show_table

if TYPE_CHECKING:
    from clients.caller import Caller

app = typer.Typer(no_args_is_help=True, help="Jobs: speak books and lists of texts in the background; follow, fetch.")

JobId = Annotated[str, typer.Argument(help="A job of `stts jobs list`.")]
COLUMNS = {"JOB": "id", "KIND": "kind", "STATE": "state", "DONE": "done", "ABOUT": "subject", "REASON": "reason"}
WAYS = {
    ".zip": "archive",
    ".m4b": "book?format=m4b",
    ".mp3": "book?format=mp3",
    ".srt": "captions?format=srt",
    ".vtt": "captions?format=vtt",
}
"""Ending of a file's name -> what of a job is written into it."""


@app.command("list")
def listing(context: typer.Context, as_json: Json = False) -> None:
    """Lists jobs that run, rest, or have ended a while ago."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        found: list[dict[str, Any]] = succeed(caller.ask("GET", "/jobs"))
    if as_json:
        show_json(found)
    else:
        show_table([_row(job) for job in found], COLUMNS)


@app.command()
def speak(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A book (.epub, .md, .txt), or texts as JSON lines (.jsonl).")],
    voice: Annotated[str | None, typer.Option(help="A voice of `stts voices`.")] = None,
    engine: EngineChoice = None,
    language: Language = None,
    speed: Annotated[float | None, typer.Option(min=0.25, max=4.0, help="1.0: as the voice speaks.")] = None,
    format: Annotated[str | None, typer.Option(help="Of the results, such as flac.")] = None,
    captions: Annotated[bool, typer.Option(help="Keep the texts, so that captions can be fetched.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Wait, and write this: see `fetch`.")] = None,
    as_json: Json = False,
) -> None:
    """Begins to speak a book or many texts. Without --output it goes on by itself; so it does after Ctrl-C."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        wanted = {"voice": voice, "engine": engine, "language": language, "speed": speed, "format": format}
        fields = {name: str(value) for name, value in wanted.items() if value is not None}
        way = None if output is None else _way(output)
        if output is not None:
            check_writable(output)
        if captions or (way or "").startswith("captions"):
            fields["captions"] = "true"
        job = succeed(caller.send_file("/jobs/speech", _read(file), file.name, **fields))
        if output is not None and way is not None:
            if not as_json:
                print(f"{job['id']} goes on by itself; `stts jobs fetch {job['id']} {output}` gets it later.")
            job = watch(caller, job, lines=not as_json)
            _fetch(caller, job["id"], way, output, lines=not as_json)
    _tell(job, as_json)


@app.command()
def follow(context: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """Shows how far a job is until it has ended, also over a restart of the server. Leaving does not end it."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        job = watch(caller, succeed(caller.ask("GET", f"/jobs/{quote(job_id, safe='')}")), lines=not as_json)
    _tell(job, as_json)


@app.command()
def fetch(
    context: typer.Context,
    job_id: JobId,
    output: Annotated[Path, typer.Argument(help="Its ending says what: .m4b, .mp3, .zip (all results), .srt, .vtt.")],
    as_json: Json = False,
) -> None:
    """Gets what a job has made: one audiobook with chapters, captions beside it, or all results."""
    with explained(as_json), connected(context.obj, alone=False) as caller:
        size = _fetch(caller, job_id, _way(output), output, lines=not as_json)
    if as_json:
        show_json({"output": str(output), "bytes": size})


@app.command()
def pause(context: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """Begins nothing more of a job until it is resumed."""
    _command(context, "POST", job_id, "/pause", as_json)


@app.command()
def resume(context: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """Lets a job that was paused, or rests, go on."""
    _command(context, "POST", job_id, "/resume", as_json)


@app.command()
def retry(context: typer.Context, job_id: JobId, as_json: Json = False) -> None:
    """Tries what failed of a job once more."""
    _command(context, "POST", job_id, "/retry", as_json)


@app.command()
def cancel(
    context: typer.Context,
    job_id: JobId,
    remove: Annotated[bool, typer.Option(help="Remove its results, too.")] = False,
    as_json: Json = False,
) -> None:
    """Ends a job; what it has made is kept unless --remove is given."""
    _command(context, "DELETE", job_id, "?remove=true" if remove else "", as_json)


def _command(context: typer.Context, method: str, job_id: str, rest: str, as_json: bool) -> None:
    with explained(as_json), connected(context.obj, alone=False) as caller:
        job = succeed(caller.ask(method, f"/jobs/{quote(job_id, safe='')}{rest}"))
    _tell(job, as_json)


def _fetch(caller: Caller, job_id: str, way: str, output: Path, *, lines: bool) -> int:
    """Writes it, and tells its bytes. Waits while a book is being bound, which goes on without whoever waits."""
    from clients.caller import seconds_to_wait

    shown = Progress(lines=lines)
    try:
        while True:
            with caller.stream(f"/jobs/{quote(job_id, safe='')}/{way}") as answer:
                if (seconds := seconds_to_wait(answer)) is None:
                    require(answer)
                    write(output, arriving(answer.blocks))
                    return output.stat().st_size
            shown.tell("The book is being bound.")
            time.sleep(seconds)
    finally:
        shown.end()


def _way(output: Path) -> str:
    way = WAYS.get(output.suffix.lower())
    if way is None:
        raise CommandFailed(f"{output}: its name must end in one of {', '.join(WAYS)}.", USAGE)
    return way


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}") from error


def _tell(job: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(job)
    else:
        show_table([_row(job)], COLUMNS)


def _row(job: dict[str, Any]) -> dict[str, Any]:
    items, part = job.get("items"), job.get("part")
    share = None if part is None else f"{part:.0%}"
    counted = share if items is None else f"{items['done']} of {items['total']}"
    return {**job, "done": counted, "reason": (job.get("error") or {}).get("detail")}
