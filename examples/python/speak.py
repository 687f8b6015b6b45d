"""Text, spoken while it is being written: python speak.py [ADDRESS] out.wav some words"""

import asyncio
import json
import sys
import wave

from server import arguments, opened


async def main(address: str, path: str, words: list[str]) -> None:
    audio, rate = b"", 24_000
    async with opened(address, "/ws/tts") as socket:
        for word in words:  # as a language model would write them
            await socket.send(json.dumps({"type": "text", "text": f"{word} "}))
        await socket.send(json.dumps({"type": "close"}))
        async for message in socket:
            if isinstance(message, bytes):
                audio += message  # s16le, mono: play it here
                continue
            event = json.loads(message)
            if event["type"] == "audio.start":
                rate = event["sample_rate"]
            elif event["type"] == "piece":
                print("speaking:", event["text"])
            elif event["type"] == "audio.done":
                print(f"{event['seconds']:.1f} s")
            elif event["type"] == "error":
                sys.exit(f"failed: {event['message']}")
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(audio)


address, (path, *words) = arguments(__doc__, 2)
asyncio.run(main(address, path, words))
