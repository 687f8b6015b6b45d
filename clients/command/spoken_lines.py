"""Lines that are spoken as they come, over WS /ws/tts: each is heard while the next is still being written."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from clients.caller import Answer, Caller
from clients.command.connection import require
from clients.command.exit_status import UNREACHED, CommandFailed
from clients.command.output import wav_header

PATH = "/ws/tts"
RATE = 24_000
"""Sample rate in Hz of WAV and PCM, which is the same whoever speaks a line."""
RAW = ("wav", "pcm")
"""Formats of which one line can follow the other without a new head."""


def spoken(caller: Caller, wishes: Mapping[str, Any], lines: Iterable[bytes]) -> Iterator[bytes]:
    """One file of audio, as it is made. Raises CommandFailed.

    `wishes`: fields of POST /tts, `format` among them.
    """
    raw = wishes["format"] in RAW
    config = {**wishes, "format": "pcm", "sample_rate": RATE} if raw else wishes
    address = f"ws{caller.url.removeprefix('http')}{PATH}"
    try:
        socket = connect(address, additional_headers=caller.headers, max_size=None, proxy=None)
    except InvalidStatus as refused:
        require(Answer(refused.response.status_code, {}, bytes(refused.response.body or b""), 0.0))
        raise
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise CommandFailed(f"The socket {PATH} of {caller.url} does not open: {error}", UNREACHED) from error
    with socket:
        socket.send(json.dumps({"type": "config", **config}))
        # It may wait for a line for ever: the command does not wait for it.
        wrong: list[CommandFailed] = []
        threading.Thread(target=_send, args=(socket, lines, raw, wrong), daemon=True).start()
        try:
            blocks = _received(socket)
            # What was refused from the start is no file.
            if (first := next(blocks, b"")) and wishes["format"] == "wav":
                yield wav_header(RATE)
            yield first
            yield from blocks
        except ConnectionClosed as closed:
            raise CommandFailed(f"The connection to the server broke off: {closed}", UNREACHED) from closed
        if wrong:
            raise wrong[0]


def _send(socket: ClientConnection, lines: Iterable[bytes], apart: bool, wrong: list[CommandFailed]) -> None:
    """`apart`: each line is an utterance, so that there may be any number of them. `wrong`: why it ends early."""
    # A socket that is closed, by either side, has no use for more.
    with suppress(ConnectionClosed, OSError):
        for line in lines:
            if not line.strip():
                continue
            try:
                text = line.decode()
            except UnicodeDecodeError:
                wrong.append(CommandFailed("The standard input is not UTF-8."))
                break
            socket.send(json.dumps({"type": "text", "text": text}))
            socket.send(json.dumps({"type": "end" if apart else "flush"}))
        socket.send(json.dumps({"type": "close"}))


def _received(socket: ClientConnection) -> Iterator[bytes]:
    for message in socket:
        if isinstance(message, bytes):
            yield message
            continue
        event = json.loads(message)
        if event["type"] == "error":
            raise CommandFailed(event["message"])
