"""Words of a microphone, or of a recording in its place, over WS /ws/stt: told while they are spoken, and kept."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection

from clients.caller import Caller
from clients.command.incoming import RATE, STANDARD, recorded, typed_lines
from clients.command.sockets import first_of, messages, opened, tell, until_interrupted
from clients.command.terminal import Progress, said, show_growing
from stts.command_line import plain

PATH = "/ws/stt"


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one turn, with its times in milliseconds."""

    text: str
    start_ms: int
    end_ms: int


class Transcript:
    """The lines so far, and the one that is being said. `told`: lines are printed as they are complete."""

    def __init__(self, *, told: bool) -> None:
        self.lines: list[Line] = []
        self._told = told
        self._progress = Progress(lines=False)
        self._growing = ""

    def follow(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "session.created":
                self._progress.tell("Listening. Enter or Ctrl-C ends it.")
            case "speech_start":
                self._growing = ""
            case "partial":
                self._growing += event["stable_delta"]
                show_growing(self._progress, self._growing + event["tail"])
            case "final" if event["text"].strip():
                self._add(Line(event["text"].strip(), event["start_ms"], event["end_ms"]))
            case "error":
                self._progress.end()
                print(f"stts: {plain(event['message'])}", file=sys.stderr)

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self._progress.end()
        if self._told:
            print(said(line.text), flush=True)

    def end(self) -> None:
        self._progress.end()


async def write_down(caller: Caller, query: Mapping[str, str], recording: str | None, transcript: Transcript) -> None:
    """Listens until the recording or the person ends it; the last words are waited for. Raises CommandFailed."""
    async with until_interrupted() as stop, opened(caller, PATH, {"rate": str(RATE), **query}) as socket:
        sending = asyncio.create_task(_send(socket, recording, stop))
        try:
            async for event in messages(socket):
                if not isinstance(event, bytes):
                    transcript.follow(event)
        finally:
            sending.cancel()
            (outcome,) = await asyncio.gather(sending, return_exceptions=True)
            transcript.end()
    if isinstance(outcome, Exception):
        raise outcome


async def _send(socket: ClientConnection, recording: str | None, stop: asyncio.Event) -> None:
    """All sound until somebody has had enough. Whatever ends it, the server is told, and ends too."""
    async with aclosing(_sound(recording)) as sound:
        try:
            await first_of(
                asyncio.create_task(_pass_on(sound, socket)),
                asyncio.create_task(stop.wait()),
                asyncio.create_task(_enter(recording)),
            )
        finally:
            await tell(socket, "end")


async def _pass_on(sound: AsyncGenerator[bytes], socket: ClientConnection) -> None:
    async for block in sound:
        await socket.send(block)


async def _sound(recording: str | None) -> AsyncGenerator[bytes]:
    if recording is None:
        from clients.command.devices import microphone

        source = microphone()
    else:
        source = recorded(recording, paced=False)
    async with aclosing(source):
        async for block in source:
            yield block


async def _enter(recording: str | None) -> None:
    """Ends when a person presses Enter."""
    if recording == STANDARD or not sys.stdin.isatty():
        await asyncio.Event().wait()
    async for _ in typed_lines():
        return


def written(lines: Sequence[Line], format: str) -> str:
    """A whole transcript in one of the formats of `stts transcribe`."""
    text = "\n".join(line.text for line in lines)
    if format == "text":
        return text
    if format in ("json", "verbose_json"):
        segments = [{"start": line.start_ms / 1000, "end": line.end_ms / 1000, "text": line.text} for line in lines]
        return json.dumps({"text": " ".join(line.text for line in lines), "segments": segments}, ensure_ascii=False)
    # Whoever wants no subtitles does not wait for them.
    from stts.text.cues import Cue
    from stts.text.subtitles import srt, vtt

    cues = [Cue(line.start_ms, line.end_ms, tuple(filter(None, line.text.splitlines()))) for line in lines]
    return srt(cues) if format == "srt" else vtt(cues)
