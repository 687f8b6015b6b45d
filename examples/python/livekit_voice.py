"""LiveKit's ears and voice are the server: python livekit_voice.py [ADDRESS] speech.wav spoken.wav"""

import asyncio
import sys
import wave

from livekit import rtc
from livekit.plugins import openai
from openai import AsyncOpenAI

from server import arguments, key, url

RATE = 24_000


async def main(address: str, path: str, spoken: str) -> None:
    client = AsyncOpenAI(base_url=url(address, "http", "/v1"), api_key=key() or "none")
    # What stands below goes into an AgentSession as it is: AgentSession(stt=ears, tts=voice, llm=..., vad=...)
    ears = openai.STT(client=client, model="whisper-1")
    voice = openai.TTS(client=client, model="tts-1", voice="alloy", response_format="pcm")
    with wave.open(path) as file:
        data, rate = file.readframes(file.getnframes()), file.getframerate()
    heard = await ears.recognize([rtc.AudioFrame(data, rate, 1, len(data) // 2)])
    text = heard.alternatives[0].text
    print("heard:", text)
    if not text:
        sys.exit("nothing was said")
    audio = b"".join([bytes(event.frame.data) async for event in voice.synthesize(text)])
    await voice.aclose()
    await client.close()
    with wave.open(spoken, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(audio)


address, (path, spoken, *_) = arguments(__doc__, 2)
asyncio.run(main(address, path, spoken))
