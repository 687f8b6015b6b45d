"""OpenAI's own client on this server: python realtime.py URL "Good morning" """

import asyncio
import base64
import os
import sys

from openai import AsyncOpenAI


async def main(url: str, text: str) -> None:
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key=os.environ.get("OPENAI_API_KEY", "none"))
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
            elif event.type == "response.done":
                break
    print(f"{len(audio) / 48_000:.1f} s")


asyncio.run(main(*sys.argv[1:3]))
