"""GPT-Live, where this program does the thinking: python live.py [ADDRESS] speech.wav reply.wav

It says back what it heard. A real one asks a model, a database or a person, and may append several times.
"""

import asyncio
import base64
import sys
import wave
from typing import Any

from openai import AsyncOpenAI

from server import arguments, key, url

RATE = 24_000
STEP = 0.1  # seconds of audio in a message


async def talk(connection: Any, recording: bytes, rate: int) -> None:
    """Sends the recording at the pace of a microphone, and silence behind it: the session goes on while both last."""
    size = int(rate * STEP) * 2
    for start in range(0, len(recording), size):
        await append(connection, recording[start : start + size])
    while True:
        await append(connection, bytes(size))


async def append(connection: Any, audio: bytes) -> None:
    await connection.send({"type": "session.input_audio.append", "audio": base64.b64encode(audio).decode()})
    await asyncio.sleep(STEP)


async def main(address: str, speech: str, reply: str) -> None:
    with wave.open(speech) as file:
        rate, recording = file.getframerate(), file.readframes(file.getnframes())
    if rate not in (16_000, RATE):
        sys.exit("The recording must have 16,000 or 24,000 Hz, 16 bits, mono.")
    client = AsyncOpenAI(base_url=url(address, "http", "/v1"), api_key=key() or "none")
    heard, spoken, audio, wanted = "", "", b"", ""
    async with client, client.live.connect() as connection:
        session: Any = {"model": "gpt-live-1", "audio": {"format": {"type": "audio/pcm", "rate": rate}}}
        await connection.send({"type": "session.start", "session": session})
        microphone = None
        async for event in connection:
            if event.type == "session.started":
                microphone = asyncio.create_task(talk(connection, recording, rate))
            elif event.type == "session.input_transcript.delta":
                heard += event.delta
            elif event.type == "session.delegation.created":
                print("you:", heard.strip())
                wanted, heard = heard.strip(), ""
                id = event.delegation.id
                await connection.send({"type": "session.commentary.append", "content": wanted, "delegation_id": id})
            elif event.type == "session.output_transcript.delta":
                spoken += event.delta
                if len(spoken.split()) >= len(wanted.split()):
                    await connection.send({"type": "session.close"})  # what was begun is finished
            elif event.type == "session.output_audio.delta":
                audio += base64.b64decode(event.delta)  # never pauses: silence between replies
            elif event.type == "error":
                sys.exit(f"failed: {event.error.message}")
            elif event.type == "session.closed":
                print("reply:", spoken.strip())
        if microphone is not None:
            microphone.cancel()
    with wave.open(reply, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(audio)


address, (speech, reply, *_) = arguments(__doc__.splitlines()[0], 2)
asyncio.run(main(address, speech, reply))
