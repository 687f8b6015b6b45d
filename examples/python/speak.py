"""Text, spoken while it is being written: python speak.py URL out.wav some words"""

import asyncio
import json
import sys
from pathlib import Path

from websockets.asyncio.client import connect


async def spoken(url: str, words: list[str]) -> bytes:
    audio = b""
    async with connect(f"{url}/ws/tts") as socket:
        await socket.send(json.dumps({"type": "config", "format": "wav"}))
        for word in words:  # as a language model would write them
            await socket.send(json.dumps({"type": "text", "text": f"{word} "}))
        await socket.send(json.dumps({"type": "close"}))
        async for message in socket:
            if isinstance(message, bytes):
                audio += message  # play it here
                continue
            event = json.loads(message)
            if event["type"] == "piece":
                print("speaking:", event["text"])
            elif event["type"] == "audio.done":
                print(f"{event['seconds']:.1f} s")
    return audio


Path(sys.argv[2]).write_bytes(asyncio.run(spoken(sys.argv[1], sys.argv[3:])))
