"""OpenAI's own client on this server: python realtime.py [ADDRESS] "Good morning" """

import asyncio
import base64
import sys

from openai import AsyncOpenAI

from server import arguments, key, url


async def main(address: str, text: str) -> None:
    client = AsyncOpenAI(base_url=url(address, "http", "/v1"), api_key=key() or "none")
    audio = b""
    async with client, client.realtime.connect(model="gpt-realtime") as connection:
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        )
        await connection.response.create()
        async for event in connection:
            if event.type == "response.output_audio.delta":
                audio += base64.b64decode(event.delta)  # s16le, 24 kHz
            elif event.type == "response.output_audio_transcript.done":
                print("reply:", event.transcript)
            elif event.type == "error":
                sys.exit(f"failed: {event.error.message}")
            elif event.type == "response.done":
                if event.response.status != "completed":
                    details = event.response.status_details
                    sys.exit(f"{event.response.status}: {details and details.to_json(indent=None)}")
                break
    print(f"{len(audio) / 48_000:.1f} s")


address, (text, *_) = arguments(__doc__, 1)
asyncio.run(main(address, text))
