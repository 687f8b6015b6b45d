#!/usr/bin/env bash
# livekit-plugins-elevenlabs 1.8.9 and pipecat-ai 1.14.0: the times of characters in multi-stream-input
# Guess: both speak to one service over one socket of its API, so both read `charStartTimesMs` alike.
# Seen: pipecat takes the times of each message to begin at 0 and adds the spans of the messages before it; LiveKit
#   takes them to count from the start of the context and adds nothing. The same four messages give one of them the
#   right times and the other all words at 0, or times that run away. (LiveKit's own class for dialogue does add, as
#   pipecat's does.) On this socket LiveKit asks with sync_alignment=true and pipecat without.
# Matters: a server or a proxy that sends speech in several messages moves the captions and the cut at an interruption
#   of one of the two whichever way it counts. `sync_alignment` is what tells them apart; one message a context
#   pleases both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "livekit-plugins-elevenlabs==1.8.9" "pipecat-ai==1.14.0"
LOGURU_LEVEL=ERROR "$folder/env/bin/python" -W ignore - <<'PYTHON'
import asyncio
import base64
import json

import aiohttp
from livekit.plugins import elevenlabs
from pipecat.frames import frames
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.tests.utils import run_test
from websockets.asyncio.server import ServerConnection, serve

RATE, LETTER_MS = 24_000, 50
WORDS = ["Hello ", "there, ", "my ", "friend. "]
RIGHT = [0.0, 0.3, 0.65, 0.8]
asked_for = []


def spoken(context: str, word: str, start_ms: int) -> str:
    """A message of one word: its sound and the times of its characters, which begin at `start_ms`."""
    times = {
        "chars": list(word),
        "charStartTimesMs": [start_ms + LETTER_MS * place for place in range(len(word))],
        "charDurationsMs": [LETTER_MS] * len(word),
    }
    audio = base64.b64encode(bytes(2 * RATE * LETTER_MS * len(word) // 1000)).decode()
    return json.dumps({"contextId": context, "audio": audio, "alignment": times, "normalizedAlignment": times})


async def times_of_words(client, from_context: bool) -> list[float]:
    """Where a client puts the words of a context that it closed, each of which came in a message of its own."""

    async def speak(connection: ServerConnection) -> None:
        asked_for.append((client.__name__, "sync_alignment=true" in connection.request.path))
        async for message in connection:
            asked, start_ms = json.loads(message), 0
            if asked.get("close_socket"):
                return
            if asked.get("close_context"):
                for word in WORDS:
                    await connection.send(spoken(asked["context_id"], word, start_ms if from_context else 0))
                    start_ms += LETTER_MS * len(word)
                await connection.send(json.dumps({"contextId": asked["context_id"], "isFinal": True}))

    async with serve(speak, "127.0.0.1", 0) as server, asyncio.timeout(60):
        words = await client(server.sockets[0].getsockname()[1])
    assert [word.split() for word, _ in words] == [word.split() for word in WORDS], words
    return [round(start - words[0][1], 2) for _, start in words]


async def livekit(port: int) -> list[tuple[str, float]]:
    async with aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{port}/v1"
        speaker = elevenlabs.TTS(api_key="key", base_url=address, encoding=f"pcm_{RATE}", http_session=session)
        words = []
        async with speaker.stream() as stream:
            stream.push_text("".join(WORDS))
            stream.end_input()
            async for event in stream:
                words += event.frame.userdata.get("lk.timed_transcripts", [])
        await speaker.aclose()
    return [(word, word.start_time) for word in words if word.strip()]


async def pipecat(port: int) -> list[tuple[str, float]]:
    settings = ElevenLabsTTSService.Settings(voice="voice")
    speaker = ElevenLabsTTSService(api_key="key", url=f"ws://127.0.0.1:{port}", sample_rate=RATE, settings=settings)
    down, _ = await run_test(speaker, frames_to_send=[frames.TTSSpeakFrame("".join(WORDS))])
    return [(word.text, word.pts / 1e9) for word in down if isinstance(word, frames.TTSTextFrame)]


def near(times: list[float]) -> bool:
    return all(abs(time - right) < 0.02 for time, right in zip(times, RIGHT, strict=True))


async def main() -> None:
    for from_context in (False, True):
        one, other = await times_of_words(livekit, from_context), await times_of_words(pipecat, from_context)
        print("from the context:" if from_context else "from each message:", "livekit", one, "pipecat", other)
        assert near(one) == from_context and near(other) != from_context
    assert set(asked_for) == {("livekit", True), ("pipecat", False)}, asked_for


asyncio.run(main())
PYTHON
echo "as it was"
