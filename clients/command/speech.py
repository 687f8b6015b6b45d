"""`stts say` and `stts voices`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from clients.command.connection import connected, require, succeed
from clients.command.exit_status import UNREACHED, USAGE, CommandFailed
from clients.command.first_use import Yes, make_ready
from clients.command.output import arriving, check_writable, write
from clients.command.playback import can_play, play
from clients.command.terminal import explained, show_json, show_table

if TYPE_CHECKING:
    from clients.caller import Caller

STANDARD = "-"
"""Stands for the standard input or output."""
FORMATS = ("wav", "mp3", "opus", "aac", "flac", "pcm")
PLAYED = "wav"
"""The format that players are given."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Language = Annotated[str | None, typer.Option(help="BCP 47, such as en-GB.")]
EngineChoice = Annotated[str | None, typer.Option(help="An engine of `stts engines list`.")]


def say(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="What to say; `-` or none: the standard input.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="File; `-`: standard output.")] = None,
    aloud: Annotated[bool, typer.Option("--play", help="Aloud, though the output is no terminal.")] = False,
    device: Annotated[
        list[str] | None, typer.Option(help="Aloud on this device, such as a virtual cable; several: on all of them.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="A voice of `stts voices`.")] = None,
    engine: EngineChoice = None,
    language: Language = None,
    speed: Annotated[float, typer.Option(min=0.25, max=4.0, help="1.0: as the voice speaks.")] = 1.0,
    format: Annotated[str | None, typer.Option(help="Default: by the file's name, else wav.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Speaks a text: into a file, aloud, or into a pipe. Lines of a pipe are spoken as they come."""
    with explained(as_json):
        # Who reads JSON from the standard output wants no audio in it.
        if output is None and not (aloud or device or as_json or sys.stdout.isatty()):
            output = STANDARD
        _check(text, output, format, device)
        text = None if text is None else typed(text)
        wanted = {"voice": voice, "engine": engine, "language": language, "format": format or _format_of(output)}
        given = {name: value for name, value in wanted.items() if value}
        by_line = text in (None, STANDARD) and output in (None, STANDARD)
        with connected(context.obj) as caller:
            make_ready(caller, engine, yes=yes, as_json=as_json)
            if by_line:
                told = _say_lines(caller, {"speed": speed, **given}, output, device)
            else:
                told = _say_whole(caller, {"speed": speed, **given}, text, output, device)
        if as_json and output != STANDARD:
            show_json({"output": output, **told})


def voices(
    context: typer.Context,
    engine: EngineChoice = None,
    language: Language = None,
    every: Annotated[bool, typer.Option("--all", help="Also those of engines that are not installed.")] = False,
    as_json: Json = False,
) -> None:
    """Lists the voices that speak here: of engines that are installed, or of the one that is named."""
    with explained(as_json):
        asked = urlencode({name: value for name, value in {"engine": engine, "language": language}.items() if value})
        with connected(context.obj) as caller:
            found = succeed(caller.ask("GET", f"/voices?{asked}"))
            if not engine and not every:
                states = succeed(caller.ask("GET", "/engines"))
                here = {each["name"] for each in states if each["available"]}
                found = [each for each in found if each["engine"] in here]
    if as_json:
        show_json(found)
    else:
        show_table(found, {"ENGINE": "engine", "VOICE": "id", "LANGUAGES": "languages", "GENDER": "gender"})


def _check(text: str | None, output: str | None, format: str | None, device: list[str] | None) -> None:
    """Raises CommandFailed for what makes no sense together."""
    if output == "":
        raise CommandFailed("--output names no file.", USAGE)
    if text is None and sys.stdin.isatty():
        raise CommandFailed('Name a text, as in: stts say "Hello world".', USAGE)
    if output is None and format and format.lower() != PLAYED:
        raise CommandFailed(f"Players here are given {PLAYED} only: name a file with --output for {format}.", USAGE)
    if output == STANDARD and sys.stdout.isatty():
        raise CommandFailed("A terminal shows no audio: send it through a pipe, or name a file with --output.", USAGE)
    if device and output is not None:
        raise CommandFailed("It is written with --output, or heard with --device: name one of them.", USAGE)
    if device:
        from clients.command.on_devices import devices

        devices(device)
    elif output is None:
        can_play()
    elif output != STANDARD:
        check_writable(Path(output))


def typed(text: str) -> str:
    """A text of the command line, whose letters the locale may not know: then it is UTF-8 all the same."""
    try:
        text.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(text).decode()
        except UnicodeError as error:
            raise CommandFailed("The text is not UTF-8.", USAGE) from error
    return text


def _say_whole(
    caller: Caller, wishes: dict[str, Any], text: str | None, output: str | None, device: list[str] | None
) -> dict[str, Any]:
    words = _read_text() if text in (None, STANDARD) else text
    # A file gets its true length in its header; what is heard at once comes as it is made.
    request = {"text": words, "stream": output in (None, STANDARD), **wishes}
    with caller.stream("/tts", request) as answer:
        require(answer)
        if not answer.headers.get("content-type", "").startswith("audio/"):
            raise CommandFailed("The server answered with something else than audio.", UNREACHED)
        size = _deliver(answer.blocks, output, device)
    return {"bytes": size, **{name: answer.headers.get(f"x-{name}") for name in ("engine", "voice", "language")}}


def _read_text() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandFailed("The standard input is not UTF-8.") from error


def _say_lines(caller: Caller, wishes: dict[str, Any], output: str | None, device: list[str] | None) -> dict[str, Any]:
    from clients.command.incoming import standard_input
    from clients.command.spoken_lines import spoken

    if not (size := _deliver(spoken(caller, wishes, standard_input()), output, device)):
        raise CommandFailed("There is nothing to say in the standard input: no words came from it.")
    return {"bytes": size}


def _format_of(output: str | None) -> str:
    """The format that a file's name says."""
    ending = Path(output or "").suffix.lower().removeprefix(".")
    if ending and ending not in (*FORMATS, "ogg"):
        raise CommandFailed(f"{output}: give --format, one of {', '.join(FORMATS)}.", USAGE)
    return ending or "wav"


def _deliver(blocks: Iterable[bytes], output: str | None, device: list[str] | None) -> int:
    """Writes or plays audio as it comes. Returns its bytes."""
    size = 0

    def counted() -> Iterable[bytes]:
        nonlocal size
        for block in arriving(blocks):
            size += len(block)
            yield block

    if device:
        from clients.command.on_devices import play_on

        play_on(device, counted())
    elif output is None:
        play(counted())
    elif output == STANDARD:
        for block in counted():
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
    else:
        write(Path(output), counted())
    return size
