"""`stts transcribe`: what recordings say, of one file on the standard output, of many each beside its recording."""

from __future__ import annotations

import glob
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clients.command.connection import Target, connected, succeeded
from clients.command.exit_status import ANSWERED_NO, USAGE, CommandFailed
from clients.command.first_use import Yes, make_ready
from clients.command.listening import listen
from clients.command.output import make_folder
from clients.command.speech import STANDARD, EngineChoice, Json, Language
from clients.command.targets import targets
from clients.command.terminal import Progress, explained, said, show_json
from clients.command.waiting import expected_seconds, left_of, ticking
from stts.command_line import plain

if TYPE_CHECKING:
    from clients.caller import Caller
    from clients.command.transcripts import Transcripts

FORMATS = {"text": "txt", "srt": "srt", "vtt": "vtt", "json": "json", "verbose_json": "verbose.json"}
"""Formats of transcripts, each with the ending of its files."""
AUTO = "auto"
"""An engine or a language that nobody asks for."""
MOST_SECONDS = 86_400.0
"""Longest wait for one transcript."""
RECORDINGS = frozenset(
    {
        *("aac", "aif", "aiff", "amr", "avi", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp3", "mp4", "mpeg", "mpga"),
        *("oga", "ogg", "opus", "ts", "wav", "weba", "webm", "wma", "wmv"),
    }
)
"""Endings of the files that are taken out of a folder."""


def transcribe(
    context: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(help="Recordings, folders, patterns (`*.mp3`); `-`: standard input.")
    ] = None,
    language: Language = None,
    engine: EngineChoice = None,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "text",
    beside: Annotated[bool, typer.Option("--beside", help="Write a file beside each recording.")] = False,
    folder: Annotated[Path | None, typer.Option("--output", "-o", help="Write files into this folder.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Words while they are spoken, of the microphone or FILE.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Also those whose transcript is there already.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave transcripts that another engine, model or language has made.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Writes down what recordings say. Of many, a second run goes on where the first one ended."""
    with explained(as_json):
        _check(files or [], format, live=live, force=force, keep=keep)
        if live:
            with _ready(context.obj, engine, yes=yes, as_json=as_json) as caller:
                wishes = {"language": language, "engine": engine}
                listen(caller, files[0] if files else None, wishes, format, folder, as_json)
            return
        names = files or []
        recordings = None if names == [STANDARD] else list(found(names))
        one = recordings is None or (len(recordings) == 1 and not os.path.isdir(names[0]))
        fields = {"language": language, "engine": engine, "format": format}
        given = {name: value for name, value in fields.items() if value and value != AUTO}
        if one and folder is None and not beside:
            with _ready(patient(context.obj), engine, yes=yes, as_json=as_json) as caller:
                _print_one(caller, None if recordings is None else recordings[0], given, as_json)
            return
        places = _places(recordings, folder, format)
        # The memory of transcripts is a database, which no other command waits for.
        from clients.command.transcripts import Transcripts, Wanted

        wanted = Wanted(given, places)
        with _ready(patient(context.obj), engine, yes=yes, as_json=as_json) as caller:
            make = Transcripts(caller, wanted, "force" if force else "keep" if keep else "")
            done = _transcribe_all(make, list(places), quiet=as_json)
    if as_json:
        show_json(done)
    if any("error" in each for each in done):
        raise typer.Exit(ANSWERED_NO)


def _check(files: Sequence[str], format: str, *, live: bool, force: bool, keep: bool) -> None:
    """Raises CommandFailed for what does not go together."""
    if format not in FORMATS:
        raise CommandFailed(f"There is no format {format}: choose {', '.join(FORMATS)}.", USAGE)
    if live and len(files) > 1:
        raise CommandFailed("--live takes one recording, or none for the microphone.", USAGE)
    if not live and not files:
        raise CommandFailed("Name a recording, or --live for the microphone.", USAGE)
    if not live and force and keep:
        raise CommandFailed("--force makes anew what --keep leaves: choose one.", USAGE)


def _places(recordings: Sequence[Path] | None, folder: Path | None, format: str) -> dict[Path, Path]:
    """The file that the transcript of each recording becomes; their folders are made."""
    if recordings is None:
        raise CommandFailed("The standard input has no name to call a file by: leave --beside and --output out.", USAGE)
    places = targets(recordings, folder, FORMATS[format])
    for place in {each.parent for each in places}:
        make_folder(place)
    return dict(zip(recordings, places, strict=True))


@contextmanager
def _ready(target: Target, engine: str | None, *, yes: bool, as_json: bool) -> Iterator[Caller]:
    """A server that has the engine, once somebody has agreed to what it fetches for it."""
    with connected(target) as caller:
        make_ready(caller, engine, yes=yes, as_json=as_json)
        yield caller


def patient(target: Target) -> Target:
    """The same with the time that hours of speech take, of which nothing comes before all is heard."""
    return replace(target, timeout=MOST_SECONDS)


def found(names: Sequence[str]) -> Iterator[Path]:
    """The recordings that are named, each once: files as they are, those in folders (and theirs), and of patterns.

    Raises CommandFailed for a name that finds nothing.
    """
    seen: set[Path] = set()
    for name in names:
        for path in _named(name):
            if path not in seen:
                seen.add(path)
                yield path


def _named(name: str) -> list[Path]:
    if not name:
        raise CommandFailed("A recording without a name cannot be read.", USAGE)
    path = Path(name)
    if path.is_dir():
        named = (each for each in path.rglob("*") if each.suffix.lower().removeprefix(".") in RECORDINGS)
        inside = sorted(each for each in named if each.is_file())
        if not inside:
            raise CommandFailed(f"There is no recording in {name}.")
        return inside
    if path.exists():
        return [path]
    # A shell expands patterns by itself, but for those in quotes, and on Windows.
    matched = [Path(each) for each in sorted(glob.glob(name, recursive=True)) if os.path.isfile(each)]
    if not matched:
        raise CommandFailed(f"{name} cannot be read: there is no such file.")
    return matched


def _print_one(caller: Caller, recording: Path | None, fields: dict[str, str], as_json: bool) -> None:
    from clients.command.transcripts import read, sent

    data = sys.stdin.buffer.read() if recording is None else read(recording)
    name = "recording" if recording is None else recording.name
    expected = None if recording is None else expected_seconds(caller, recording, fields.get("engine"))
    with ticking(Progress(lines=False), f"Listening to {name}", left_of(expected)):
        answer = sent(caller, data, name, {**fields, **({"format": "json"} if as_json else {})})
    body = succeeded(answer).decode()
    print(said(body), end="" if body.endswith("\n") else "\n")


def _transcribe_all(make: Transcripts, recordings: Sequence[Path], *, quiet: bool) -> list[dict[str, Any]]:
    """Tells what became of each. One that fails leaves the others alone; a server that is away ends it."""
    shown, done = Progress(lines=False), []
    sizes = [_size(recording) for recording in recordings]
    began, heard = time.monotonic(), 0
    for place, (recording, size) in enumerate(zip(recordings, sizes, strict=True)):
        expected = _rest(began, heard, sum(sizes[place:]))
        if expected is None:
            expected = expected_seconds(make.caller, recording, make.wanted.fields.get("engine"))
        with ticking(shown, f"{place + 1} of {len(recordings)}: {recording.name}", left_of(expected)):
            outcome = make.one(recording)
        if "skipped" not in outcome:
            heard += size
        done.append(outcome)
        if not quiet:
            _tell(outcome)
    return done


def _size(recording: Path) -> int:
    """Bytes of a recording; one that has gone meanwhile has none, and fails alone."""
    try:
        return recording.stat().st_size
    except OSError:
        return 0


def _tell(outcome: dict[str, Any]) -> None:
    if "error" in outcome:
        print(f"{plain(outcome['file'])}: {plain(outcome['error'])}", file=sys.stderr)
        return
    words = f" ({outcome['skipped']})" if "skipped" in outcome else ""
    print(f"{outcome['transcript']}{words}", flush=True)
    if "anew" in outcome:
        print(f"{outcome['transcript']}: {outcome['anew']}", file=sys.stderr, flush=True)


def _rest(began: float, heard: int, rest: int) -> float | None:
    """Seconds for the bytes that are left, by those that were heard in the time so far."""
    return (time.monotonic() - began) / heard * rest if heard else None
