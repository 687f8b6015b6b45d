from __future__ import annotations

import base64
import json
import threading
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

import routers.http.audio_objects as audio_objects
from routers.http.audio_objects import LARGE_BYTES, SLICE_BYTES, object_answer, object_line
from routers.http.timed_speech import TimedAudio
from routers.http.whole_audio import Room
from stts.errors import PayloadTooLarge
from stts.text.timing import timed


async def heard(*items: TimedAudio) -> AsyncGenerator[TimedAudio, None]:
    for item in items:
        yield item


async def answered(items: tuple[TimedAudio, ...], room: Room) -> list[Message]:
    sent = list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    answer = object_answer(
        heard(*items),
        "audio",
        lambda times: [times.text],
        lambda told: {"pieces": told},
        lambda: {"content-type": "application/json"},
        room,
    )
    await answer.respond(send)
    return sent


@pytest.mark.parametrize("size", [0, 1, 2, SLICE_BYTES - 1, SLICE_BYTES, 2 * SLICE_BYTES + 5])
async def test_one_object_in_slices(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    items = (TimedAudio(b"gone", timed("Away.", 0.0, 1.0)), TimedAudio(b"", retracts=True))
    start, *parts = await answered(
        (*items, TimedAudio(data[:size], timed("Größe.", 0.0, 1.0)), TimedAudio(b"", header=b"RI"[:size])),
        Room(10**9, "Too long."),
    )
    body = b"".join(part["body"] for part in parts)
    assert dict(start["headers"])[b"content-length"] == str(len(body)).encode()
    assert max(len(part["body"]) for part in parts) <= SLICE_BYTES // 3 * 4
    assert not parts[-1]["more_body"]
    told = json.loads(body)
    assert told["pieces"] == ["Größe."]
    assert base64.b64decode(told["audio"]) == b"RI"[:size] + data[2:size]


async def test_audio_that_does_not_fit_is_refused_before_the_answer() -> None:
    with pytest.raises(PayloadTooLarge):
        await answered((TimedAudio(b"abc"), TimedAudio(b"def")), Room(5, "Too long.", "text"))


@pytest.mark.parametrize("size", [0, LARGE_BYTES - 1, LARGE_BYTES])
async def test_large_lines_are_made_in_a_thread(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, made = list[bool](), audio_objects._line

    def line(name: str, data: bytes, rest: audio_objects.Rest) -> bytes:
        threads.append(threading.current_thread() is threading.main_thread())
        return made(name, data, rest)

    monkeypatch.setattr(audio_objects, "_line", line)
    written = await object_line("audio", bytes(size), {"times": None})
    assert written.endswith(b"\n") and threads == [size < LARGE_BYTES]
    assert json.loads(written) == {"audio": base64.b64encode(bytes(size)).decode(), "times": None}
