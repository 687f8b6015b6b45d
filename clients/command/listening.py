"""`stts transcribe --live`: the words of a microphone, or of a recording in its place, while they are said."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clients.command.exit_status import CommandFailed
from clients.command.output import make_folder, write
from clients.command.speech import STANDARD
from clients.command.terminal import said

if TYPE_CHECKING:
    from clients.caller import Caller
    from clients.command.live_words import Line

ENDINGS = {"text": "txt", "verbose_json": "json"}
"""Formats whose files end otherwise than they are called."""


def listen(
    caller: Caller,
    recording: str | None,
    wishes: dict[str, str | None],
    format: str,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Words while they are spoken; lines as they are complete, or the whole in another format at the end."""
    import asyncio  # a tenth of a second, as what comes with it

    from clients.command.live_words import Transcript, write_down

    query = {name: value for name, value in wishes.items() if value}
    transcript = Transcript(told=format == "text" and not as_json)
    try:
        asyncio.run(write_down(caller, query, recording, transcript))
    except CommandFailed:
        # What was understood stays, also where the server is lost.
        if transcript.lines:
            _keep(transcript.lines, "json" if as_json else format, folder, recording)
        raise
    _keep(transcript.lines, "json" if as_json else format, folder, recording)


def _keep(lines: Sequence[Line], format: str, folder: Path | None, recording: str | None) -> None:
    """Prints what was not printed while it was said, and writes it into a folder."""
    from clients.command.live_words import written

    whole = written(lines, format)
    if format != "text":
        print(said(whole))
    if folder is not None and lines:
        make_folder(folder)
        named = None if recording in (None, STANDARD) else Path(str(recording)).stem
        target = folder / f"{named or time.strftime('live-%Y-%m-%d-%H%M%S')}.{ENDINGS.get(format, format)}"
        write(target, [f"{whole}\n".encode()])
        print(target, file=sys.stderr)
