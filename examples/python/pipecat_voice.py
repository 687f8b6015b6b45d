"""Pipecat's ears and voice are the server: python pipecat_voice.py [ADDRESS] speech.wav spoken.wav

A recording goes through a pipeline that hears it and says it again; between both stands a language model in yours.
"""

import asyncio
import sys
import wave
from pathlib import Path

from pipecat.frames.frames import EndFrame, Frame, TranscriptionFrame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService

from server import arguments, key, url

RATE = 24_000


class Keeper(FrameProcessor):  # type: ignore[misc]
    """Keeps the audio that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.audio = b""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self.audio += frame.audio
        await self.push_frame(frame, direction)


async def main(address: str, recording: bytes, spoken: str) -> None:
    base, secret = url(address, "http", "/v1"), key() or "none"
    # Both go into a pipeline of yours as they are: transport.input(), ears, ..., llm, voice, transport.output()
    ears = OpenAISTTService(base_url=base, api_key=secret)
    voice = OpenAITTSService(base_url=base, api_key=secret, sample_rate=RATE)
    heard = [frame.text async for frame in ears.run_stt(recording) if isinstance(frame, TranscriptionFrame)]
    print("heard:", *heard)
    if not heard:
        sys.exit("nothing was said")
    keeper = Keeper()
    task = PipelineTask(Pipeline([voice, keeper]))
    await task.queue_frames([TTSSpeakFrame(" ".join(heard)), EndFrame()])
    await PipelineRunner(handle_sigint=False).run(task)
    with wave.open(spoken, "wb") as output:
        output.setparams((1, 2, RATE, 0, "NONE", ""))
        output.writeframes(keeper.audio)


address, (path, spoken, *_) = arguments(__doc__, 2)
asyncio.run(main(address, Path(path).read_bytes(), spoken))
