"""The whole server for clients of its sockets, with engines of the tests; after each test nothing of it may be left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stts.settings import (
    AnalyticsSettings,
    ConversationSettings,
    EngineSettings,
    LimitSettings,
    ReplySettings,
    Settings,
    StorageSettings,
    STTSettings,
    TTSSettings,
)
from tests.chat_server import ChatServer, chat_server
from tests.fakes import NO_FALL_BACK, registry
from tests.routers.websocket.caller import tasks, until_idle
from tests.server import RunningServer, running

TEMPLATE = "you said {text} and that is something that one can say a great deal about if one only has the time for it"


@pytest.fixture(scope="session")
def chat() -> Iterator[ChatServer]:
    with chat_server() as chat:
        yield chat


@pytest.fixture(scope="session")
def settings(chat: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        tts=TTSSettings(order=("tone", "espeak"), first_chunk_seconds=10.0),
        stt=STTSettings(order=("echo", "pocketsphinx")),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("sockets") / "data")),
        limits=LimitSettings(live_sessions=6, idle_seconds=60, message_bytes=16 * 1024 * 1024),
        engines=EngineSettings(options={"tone": {"fail_on": "explode"}}),
        routing=NO_FALL_BACK,
        conversation=ConversationSettings(turn_detector="none"),
        reply=ReplySettings(template=TEMPLATE, base_url=chat.url),
        analytics=AnalyticsSettings(),
    )


@pytest.fixture(scope="session")
def whole_server(settings: Settings) -> Iterator[RunningServer]:
    with running(settings, registry()) as server:
        yield server


@pytest.fixture
def impatient(settings: Settings) -> Iterator[RunningServer]:
    """A server that waits a second for a word of its language model: not for tests that need its words."""
    reply = settings.reply.model_copy(update={"first_token_seconds": 1.0, "token_seconds": 1.0})
    with running(settings.model_copy(update={"reply": reply}), registry()) as server:
        yield server


@pytest.fixture(scope="session")
def at_rest(whole_server: RunningServer) -> list[str]:
    return tasks(whole_server)


@pytest.fixture
def server(whole_server: RunningServer, at_rest: list[str]) -> Iterator[RunningServer]:
    yield whole_server
    until_idle(whole_server, at_rest)
