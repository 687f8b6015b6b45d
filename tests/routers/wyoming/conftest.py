"""The whole application with its Wyoming listener open, and the reference client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.event import Event

from benchmarks.server import free_port as free_port
from stts.settings import (
    EngineSettings,
    LimitSettings,
    Settings,
    StorageSettings,
    STTSettings,
    TTSSettings,
    WyomingSettings,
)
from tests.fakes import NO_FALL_BACK, registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running


class Client(AsyncTcpClient):
    """Reads as a client does, and never for ever."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port, connect_timeout=PATIENCE, read_timeout=PATIENCE)

    async def until(self, *kinds: str) -> list[Event]:
        """All events up to one of these kinds; up to the end of the connection where it ends before."""
        events: list[Event] = []
        while (event := await self.read_event()) is not None:
            events.append(event)
            if event.type in kinds:
                break
        return events

    async def write_raw(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)
        await self._writer.drain()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        # Short texts are one piece, however slow the machine is: each cut lengthens them.
        tts=TTSSettings(order=("espeak", "tone"), first_chunk_seconds=10.0),
        stt=STTSettings(order=("pocketsphinx", "echo")),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("wyoming") / "data")),
        limits=LimitSettings(text_characters=2000, audio_seconds=20.0),
        engines=EngineSettings(options={"tone": {"fail_on": "explode"}}),
        routing=NO_FALL_BACK,
        wyoming=WyomingSettings(enabled=True, port=free_port(), connections=8),
    )


@pytest.fixture(scope="session")
def server(settings: Settings) -> Iterator[RunningServer]:
    with running(settings, registry()) as server:
        yield server


@pytest.fixture
async def client(server: RunningServer, settings: Settings) -> AsyncIterator[Client]:
    # A test may leave while the server hangs up on it.
    with suppress(ConnectionError):
        async with Client(settings.wyoming.port) as client:
            yield client
