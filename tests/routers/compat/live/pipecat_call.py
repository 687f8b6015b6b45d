"""A pipeline of Pipecat without a room: a microphone and a speaker of ours at its ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.routers.compat.live.spoken import RATE, Microphone, Speaker

HOW = "pip install -r requirements/frameworks.txt"


class Heard:
    """Everything that the pipeline gave on."""

    def __init__(self) -> None:
        self.microphone = Microphone()
        self.speaker = Speaker()
        self.user: list[str] = []
        self.replies: list[str] = []
        self.errors: list[str] = []

    def take(self, frames: Any, frame: Any) -> None:
        if isinstance(frame, (frames.SpeechOutputAudioRawFrame, frames.TTSAudioRawFrame)):
            self.speaker.play(frame.audio)
        elif isinstance(frame, frames.TranscriptionFrame):
            self.user.append(frame.text)
        elif isinstance(frame, frames.LLMFullResponseStartFrame):
            self.replies.append("")
        elif isinstance(frame, frames.TTSTextFrame):
            self.replies[-1] += frame.text
        elif isinstance(frame, frames.ErrorFrame):
            self.errors.append(frame.error)


@asynccontextmanager
async def pipeline(heard: Heard, *processors: Any, tools: Any = None, begin: bool = True) -> AsyncIterator[None]:
    """Runs processors between a microphone and what notes all frames. They `begin` with a context, or make one."""
    frames = pytest.importorskip("pipecat.frames.frames", reason=HOW)
    worker_module = pytest.importorskip("pipecat.pipeline.worker")
    context_module = pytest.importorskip("pipecat.processors.aggregators.llm_context")
    runners = pytest.importorskip("pipecat.workers.runner")
    ways = pytest.importorskip("pipecat.processors.frame_processor").FrameDirection
    line = pytest.importorskip("pipecat.pipeline.pipeline").Pipeline(
        [noting(heard, ways.UPSTREAM), *processors, noting(heard, ways.DOWNSTREAM)]
    )
    rates = worker_module.PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    worker = worker_module.PipelineWorker(line, params=rates, cancel_on_idle_timeout=False, enable_rtvi=False)
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")  # type: ignore[untyped-decorator]
    async def begun(_worker: Any, _frame: Any) -> None:
        started.set()

    runner = runners.WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running_tasks = asyncio.create_task(runner.run())
    await started.wait()
    if begin:
        context = context_module.LLMContext([{"role": "system", "content": "Be kind."}], *([tools] if tools else []))
        await worker.queue_frame(frames.LLMContextFrame(context))

    async def listen() -> None:
        async for data in heard.microphone.parts():
            await worker.queue_frame(frames.InputAudioRawFrame(audio=data, sample_rate=RATE, num_channels=1))

    listening = asyncio.create_task(listen())
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await worker.queue_frame(frames.EndFrame())
        await running_tasks


def noting(heard: Heard, way: Any) -> Any:
    """A processor that notes frames which go one way, and gives them on."""
    frames = pytest.importorskip("pipecat.frames.frames")
    processor = pytest.importorskip("pipecat.processors.frame_processor")

    class Noting(processor.FrameProcessor):  # type: ignore[misc,name-defined]
        async def process_frame(self, frame: Any, direction: Any) -> None:
            await super().process_frame(frame, direction)
            if direction == way:
                heard.take(frames, frame)
            await self.push_frame(frame, direction)

    return Noting()


def loudspeaker(heard: Heard) -> Any:
    """The framework's own output, which plays in real time, and drops what an interruption finds unplayed."""
    transports = pytest.importorskip("pipecat.transports.base_transport", reason=HOW)
    output = pytest.importorskip("pipecat.transports.base_output")

    class Loudspeaker(output.BaseOutputTransport):  # type: ignore[misc,name-defined]
        async def start(self, frame: Any) -> None:
            await super().start(frame)
            await self.set_transport_ready(frame)

        async def write_audio_frame(self, frame: Any) -> bool:
            heard.speaker.play(frame.audio)
            await asyncio.sleep(len(frame.audio) / 2 / frame.sample_rate)
            return True

    return Loudspeaker(transports.TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))
