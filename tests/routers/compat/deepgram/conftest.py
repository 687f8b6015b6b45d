"""A listener that speaks as Deepgram does, on a socket, with the fake engines; it wants a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stts.settings import (
    ConversationSettings,
    EngineSettings,
    LimitSettings,
    SecuritySettings,
    Settings,
    StorageSettings,
    STTSettings,
    TTSSettings,
)
from tests.fakes import NO_FALL_BACK, registry
from tests.routers.compat.deepgram.caller import KEY
from tests.server import RunningServer, running


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        tts=TTSSettings(order=("tone", "espeak"), first_chunk_seconds=10.0),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("deepgram") / "data")),
        security=SecuritySettings.model_validate({"api_key": KEY}),
        limits=LimitSettings(live_sessions=6, audio_seconds=60.0),
        engines=EngineSettings(options={"tone": {"fail_on": "explode"}}),
        routing=NO_FALL_BACK,
        conversation=ConversationSettings(turn_detector="none"),
    )


@pytest.fixture(scope="session")
def served(settings: Settings) -> Iterator[RunningServer]:
    with running(settings, registry(), dialects=("deepgram",)) as server:
        yield server
