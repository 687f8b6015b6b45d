"""A recording, transcribed as it arrives: python listen.py [ADDRESS] speech.wav"""

import asyncio
import json
import sys
import wave

from websockets.asyncio.client import ClientConnection

from server import arguments, opened


async def send(socket: ClientConnection, recording: wave.Wave_read) -> None:
    """16-bit mono, at whatever rate it has."""
    while data := recording.readframes(recording.getframerate() // 10):
        await socket.send(data)
    await socket.send(json.dumps({"type": "end"}))


async def main(address: str, path: str) -> None:
    with wave.open(path) as recording:
        async with opened(address, f"/ws/stt?rate={recording.getframerate()}") as socket:
            sending = asyncio.create_task(send(socket, recording))
            async for message in socket:
                event = json.loads(message)
                if event["type"] == "partial":
                    print("...", event["stable_delta"] + event["tail"])
                elif event["type"] == "final":
                    print(f"{event['start_ms'] / 1000:.1f} s:", event["text"])
                elif event["type"] == "error":
                    sys.exit(f"failed: {event['message']}")
            await sending


address, (speech, *_) = arguments(__doc__, 1)
asyncio.run(main(address, speech))
