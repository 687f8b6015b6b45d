"""A pipeline of Pipecat over GPT-Live and over Realtime, with its own services for OpenAI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from stts.settings import Settings
from tests.chat_server import Answer, ChatServer, chat_server
from tests.patience import PATIENCE
from tests.routers.compat.live.spoken import ANSWERS, RATE, STORY, Microphone, Speaker, understood, until
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

HOW = "pip install -r requirements/frameworks.txt"
TEMPLATE = "You said {text}, and that is all that can be said about it today."

# The libraries of this framework warn of each other.
pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    root = str(tmp_path_factory.mktemp("pipecat"))
    settings = {"storage": {"root": root}, "reply": {"adapter": "template", "template": TEMPLATE}}
    with running(Settings.model_validate(settings)) as server:
        yield server


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
async def pipeline(service: Any, heard: Heard) -> AsyncIterator[None]:
    """Runs the service between a microphone and what notes all frames."""
    frames = pytest.importorskip("pipecat.frames.frames", reason=HOW)
    worker_module = pytest.importorskip("pipecat.pipeline.worker")
    processor = pytest.importorskip("pipecat.processors.frame_processor")
    context_module = pytest.importorskip("pipecat.processors.aggregators.llm_context")
    runners = pytest.importorskip("pipecat.workers.runner")

    class Noting(processor.FrameProcessor):  # type: ignore[misc,name-defined]
        """Notes frames that go one way."""

        def __init__(self, way: Any) -> None:
            super().__init__()
            self._way = way

        async def process_frame(self, frame: Any, direction: Any) -> None:
            await super().process_frame(frame, direction)
            if direction == self._way:
                heard.take(frames, frame)
            await self.push_frame(frame, direction)

    ways = processor.FrameDirection
    line = pytest.importorskip("pipecat.pipeline.pipeline").Pipeline(
        [Noting(ways.UPSTREAM), service, Noting(ways.DOWNSTREAM)]
    )
    worker = worker_module.PipelineWorker(line, cancel_on_idle_timeout=False, enable_rtvi=False)
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")  # type: ignore[untyped-decorator]
    async def begun(_worker: Any, _frame: Any) -> None:
        started.set()

    runner = runners.WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running_tasks = asyncio.create_task(runner.run())
    await started.wait()
    context = context_module.LLMContext([{"role": "system", "content": "Be kind."}])
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


async def _interrupted(heard: Heard) -> float:
    """Speaks over the next answer, and gives the time."""
    mark = time.monotonic()
    await until(lambda: heard.speaker.heard_since(mark) > 0.5)
    onset = time.monotonic()
    heard.microphone.say("weather.flac")
    return onset


@asynccontextmanager
async def _backend(chat: ChatServer) -> AsyncIterator[Any]:
    """A worker of the framework that answers delegations, over a language model."""
    backends = pytest.importorskip("pipecat.workers.llm.backend_llm_worker", reason=HOW)
    llm = pytest.importorskip("pipecat.services.openai.llm").OpenAILLMService(base_url=chat.url, api_key="none")
    chat.answers += [Answer(f"{backends.SPOKEN_MARK}{text}") for text in ANSWERS]
    try:
        yield backends.BackendLLMWorker(llm=llm)
    finally:
        await llm._client.close()


async def test_three_turns_with_an_interruption_on_live(server: RunningServer) -> None:
    live = pytest.importorskip("pipecat.services.openai.live.llm", reason=HOW).OpenAILiveLLMService
    heard = Heard()
    with chat_server() as chat:
        async with (
            asyncio.timeout(PATIENCE),
            _backend(chat) as backend,
            pipeline(
                live(
                    api_key="none",
                    base_url=f"{server.url.replace('http', 'ws')}/v1/live/sessions",
                    delegation=live.ClientDelegation(backend=backend),
                ),
                heard,
            ),
        ):
            heard.microphone.say("weather.flac")
            await until(lambda: "".join(heard.replies).endswith(ANSWERS[0]))
            heard.microphone.say("kitchen.flac")
            onset = await _interrupted(heard)
            await until(lambda: len(chat.requests) == 3)
            stopped = heard.speaker.last_sound()
            await until(lambda: "".join(heard.replies).endswith(ANSWERS[2]))
        asked = [request["messages"][-1]["content"] for request in chat.requests]
    assert heard.errors == []
    assert understood(WEATHER, asked[0]) and understood("kitchen light", asked[1]) and understood(WEATHER, asked[2])
    # The framework begins a turn anew where words are late, so turns are judged by what the backend was asked.
    assert understood("rain evening", " ".join(heard.user))
    said = "".join(heard.replies)
    assert said.startswith(ANSWERS[0])
    second = said.removeprefix(ANSWERS[0]).removesuffix(ANSWERS[2])
    assert STORY.startswith(second.strip()) and 0 < len(second) < len(STORY) - 20
    assert stopped - onset < 2.0


async def test_three_turns_with_an_interruption_on_realtime(server: RunningServer) -> None:
    realtime = pytest.importorskip("pipecat.services.openai.realtime.llm", reason=HOW).OpenAIRealtimeLLMService
    heard = Heard()
    events = pytest.importorskip("pipecat.services.openai.realtime.events")
    ears = events.AudioInput(transcription=events.InputAudioTranscription())
    properties = events.SessionProperties(audio=events.AudioConfiguration(input=ears))
    service = realtime(
        api_key="none",
        base_url=f"{server.url.replace('http', 'ws')}/v1/realtime",
        settings=realtime.Settings(session_properties=properties),
    )
    async with asyncio.timeout(PATIENCE), pipeline(service, heard):
        heard.microphone.say("weather.flac")
        await until(lambda: len(heard.user) == 1 and understood(WEATHER, heard.replies[-1]))
        heard.microphone.say("kitchen.flac")
        await until(lambda: len(heard.user) == 2)
        await _interrupted(heard)
        await until(lambda: len(heard.user) == 3 and understood(WEATHER, heard.replies[-1]))
    assert heard.errors == []
    assert understood(WEATHER, heard.user[0]) and understood(WEATHER, heard.user[2])
