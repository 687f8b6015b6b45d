"""`stts talk`: a conversation at a terminal, by microphone and loudspeaker, or with a recording for either."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from clients.command.connection import connected
from clients.command.exit_status import USAGE, CommandFailed
from clients.command.first_use import Yes, make_ready
from clients.command.speech import STANDARD, EngineChoice, Json, Language
from clients.command.terminal import Progress, explained, show_growing
from stts.command_line import plain


def talk(
    context: typer.Context,
    recording: Annotated[
        str | None, typer.Option("--input", "-i", help="A recording in place of the microphone; `-`: standard input.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Replies into a WAV file, and not aloud; `-`: standard output.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="A voice of `stts voices`.")] = None,
    engine: EngineChoice = None,
    ear: Annotated[str | None, typer.Option(help="Engine that listens.")] = None,
    language: Language = None,
    speed: Annotated[float | None, typer.Option(min=0.25, max=4.0, help="1.0: as the voice speaks.")] = None,
    instructions: Annotated[str | None, typer.Option(help="What a language model is told first.")] = None,
    typed: Annotated[bool, typer.Option("--typed", help="No microphone: only what is typed is answered.")] = False,
    interrupts: Annotated[
        bool, typer.Option("--interrupt/--no-interrupt", help="Off: hears nothing while it speaks (loudspeakers).")
    ] = True,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Converses: listens to the microphone, answers aloud, falls silent when it is interrupted. Ctrl-C ends it."""
    if output not in (None, STANDARD) and not str(output).lower().endswith(".wav"):
        with explained(as_json):
            raise CommandFailed(f"{output}: replies are written as WAV, so its name must end in .wav.", USAGE)
    # Both take a tenth of a second, which no other command needs.
    import asyncio

    from clients.command.conversing import OUTPUT_RATE, TalkOptions, converse
    from clients.command.replies import player

    asked = {"voice": voice, "tts": engine, "stt": ear, "language": language, "instructions": instructions}
    query = {name: value for name, value in asked.items() if value} | ({"speed": str(speed)} if speed else {})
    wishes = TalkOptions(query, recording, typed=typed, interrupts=interrupts)
    shown = Shown(as_json=as_json, file=sys.stderr if output == STANDARD else sys.stdout)
    with explained(as_json), connected(context.obj) as caller:
        for each in (engine, ear):
            make_ready(caller, each, yes=yes, as_json=as_json)
        with player(output, OUTPUT_RATE) as heard, shown.ending():
            asyncio.run(converse(caller, wishes, heard, shown))


class Shown:
    """Lines of both sides; at a terminal also while they are said. For programs all events, one a line."""

    def __init__(self, *, as_json: bool, file: Any) -> None:
        self._as_json = as_json
        self._file = file
        self._progress = Progress(lines=False)
        self._growing = ""

    def __call__(self, event: dict[str, Any]) -> None:
        if self._as_json:
            self._line(json.dumps(event, ensure_ascii=False))
            return
        match event["type"]:
            case "session.created":
                self._progress.tell("Listening: speak, or type a line. Ctrl-C ends it.")
            case "speech_start":
                self._growing = ""
            case "partial":
                self._growing += event["stable_delta"]
                show_growing(self._progress, f"you   {self._growing}{event['tail']}")
            case "transcript" if event["text"]:
                self._line(f"you   {event['text']}")
            case "reply.done" if event["text"]:
                cut = " [interrupted]" if event["status"] == "interrupted" else ""
                self._line(f"stts  {event['heard'] if cut else event['text']}{cut}")
        error = event if event["type"] == "error" else event.get("error")
        if error:
            self._progress.end()
            print(f"stts: {plain(error['message'])}", file=sys.stderr)

    @contextmanager
    def ending(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._progress.end()

    def _line(self, line: str) -> None:
        self._progress.end()
        print(plain(line) if self._file.isatty() else line, file=self._file, flush=True)
