"""A recording, transcribed as it arrives: python listen.py [URL] speech.wav"""

import asyncio
import json
import sys
import wave

from websockets.asyncio.client import ClientConnection, connect


async def send(socket: ClientConnection, recording: wave.Wave_read) -> None:
    """16-bit mono, at whatever rate it has."""
    while data := recording.readframes(recording.getframerate() // 10):
        await socket.send(data)
    await socket.send(json.dumps({"type": "end"}))


async def main(url: str, path: str) -> None:
    with wave.open(path) as recording:
        async with connect(f"{url}/ws/stt?rate={recording.getframerate()}") as socket:
            sending = asyncio.create_task(send(socket, recording))
            async for message in socket:
                event = json.loads(message)
                if event["type"] == "partial":
                    print("...", event["stable_delta"] + event["tail"])
                elif event["type"] == "final":
                    print(f"{event['start_ms'] / 1000:.1f} s:", event["text"])
            await sending


asyncio.run(main(*sys.argv[1:3] if len(sys.argv) > 2 else ("ws://127.0.0.1:8000", sys.argv[1])))
