"""One turn of a conversation: python converse.py [ADDRESS] speech.wav reply.wav"""

import asyncio
import json
import sys
import wave

from websockets.asyncio.client import ClientConnection

from server import arguments, opened

OUTPUT_RATE = 24_000
HEADER_BYTES = 8  # generation and sequence, 32-bit little-endian


async def speak(socket: ClientConnection, recording: wave.Wave_read) -> None:
    """16-bit mono, in the time that it takes to say it, and silence after it: that is how a turn ends."""
    size = recording.getframerate() // 25
    while True:
        await socket.send(recording.readframes(size) or bytes(2 * size))
        await asyncio.sleep(0.04)


async def main(address: str, path: str, reply_path: str) -> None:
    audio = b""
    with wave.open(path) as recording:
        query = f"rate={recording.getframerate()}&output_rate={OUTPUT_RATE}"
        async with opened(address, f"/ws/conversation/v2?{query}") as socket:
            speaking = asyncio.create_task(speak(socket, recording))
            async for message in socket:
                if isinstance(message, bytes):
                    audio += message[HEADER_BYTES:]  # play it here; drop the rest when `interrupted` comes
                    continue
                event = json.loads(message)
                if event["type"] == "transcript":
                    print("you:", event["text"])
                elif event["type"] == "error" or "error" in event:  # the latter: of a transcript, or of the reply
                    sys.exit(f"failed: {event.get('error', event)['message']}")
                elif event["type"] == "reply.done":
                    print("reply:", event["text"])
                    break
            speaking.cancel()
    with wave.open(reply_path, "wb") as reply:
        reply.setparams((1, 2, OUTPUT_RATE, 0, "NONE", ""))
        reply.writeframes(audio)


address, (speech, reply, *_) = arguments(__doc__, 2)
asyncio.run(main(address, speech, reply))
