"""Edge's and Google Translate's voices through their real packages, against servers here that speak their protocols."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from websockets.sync.server import Server, ServerConnection, serve

from engines.registry import Registry
from engines.tts.edge import EdgeEngine
from engines.tts.edge_voices import VOICES, unlisted_voice
from engines.tts.gtts import GoogleEngine
from engines.tts.gtts_voices import code_of, top_level_domain
from stts.audio.encode import Encoder
from stts.engine_api import Engine, Samples, SpeechParams, TTSEngine
from stts.errors import Busy, EngineAccessDenied, EngineError, EngineTimeout
from stts.streams.closing import closing_iterator
from tests.engines import contract
from tests.engines.speech_server import Reply, SpeechServer, speech_server

pytestmark = pytest.mark.engines("onnx", "edge_tts", "gtts")

LISTED = [
    {"ShortName": "en-US-AvaNeural", "Gender": "Female", "Locale": "en-US", "FriendlyName": "Ava"},
    {"ShortName": "zh-CN-liaoning-XiaobeiNeural", "Gender": "Female", "Locale": "zh-CN-liaoning", "FriendlyName": "X"},
]


def mp3(seconds: float = 1.0) -> bytes:
    tone: Samples = np.sin(np.arange(round(24_000 * seconds), dtype=np.float32) / 8) * np.float32(0.4)
    encoder = Encoder("mp3", 24_000)
    return encoder.encode(tone) + encoder.finish()


def spoken(engine: TTSEngine, text: str = "Hello there.", **params: Any) -> Samples:
    voice = engine.find_voice(engine.info.default_voice or "")
    assert voice is not None
    blocks = list(engine.synthesize(text, voice, SpeechParams(extra=engine.Parameters(), **params)))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


class EdgeService:
    """Scripted: `play` is called with a connection and the SSML that came."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.play: Callable[[ServerConnection], None] = speak

    def talk(self, connection: ServerConnection) -> None:
        connection.recv()
        self.said.append(str(connection.recv()))
        self.play(connection)


def speak(connection: ServerConnection) -> None:
    connection.send("Path:turn.start\r\n\r\n{}")
    sound = mp3()
    for start in range(0, len(sound), 700):
        send_audio(connection, sound[start : start + 700])
    connection.send("Path:turn.end\r\n\r\n{}")


def send_audio(connection: ServerConnection, data: bytes) -> None:
    header = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
    connection.send(len(header).to_bytes(2, "big") + header + data)


@contextmanager
def listening(service: EdgeService) -> Iterator[Server]:
    with serve(service.talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[EdgeService]:
    pytest.importorskip("edge_tts")
    service = EdgeService()
    with listening(service) as server, speech_server() as voices:
        port = server.socket.getsockname()[1]
        monkeypatch.setattr("edge_tts.communicate.WSS_URL", f"ws://127.0.0.1:{port}/edge?key=1")
        monkeypatch.setattr("edge_tts.voices.VOICE_LIST", f"{voices.url}/list?key=1")
        voices.answer = lambda asked: Reply(json.dumps(LISTED).encode())
        yield service


@pytest.fixture
def edge(service: EdgeService) -> Iterator[EdgeEngine]:
    engine = Registry().create("edge", {"first_seconds": 5.0, "pause_seconds": 0.5})
    assert isinstance(engine, EdgeEngine)
    yield engine
    engine.unload()


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[GoogleEngine, SpeechServer]]:
    pytest.importorskip("gtts")
    engine = Registry().create("gtts", {"pause_seconds": 0.5})
    assert isinstance(engine, GoogleEngine)
    engine.load(contract.no_progress)
    with speech_server() as server:
        monkeypatch.setattr("gtts.tts._translate_url", lambda tld, path: f"{server.url}/{tld}/{path}")
        server.answer = lambda asked: Reply(_rpc(mp3()))
        yield engine, server


def _rpc(sound: bytes) -> bytes:
    return b')]}\'\n\n[["wrb.fr","jQ1olc","[\\"' + base64.b64encode(sound) + b'\\"]",null]]\n'


def test_edge_keeps_the_contract(edge: EdgeEngine, service: EdgeService) -> None:
    assert edge.find_voice("de-DE-KatjaNeural") is not None
    contract.check_reload(edge)
    contract.check_description(edge)
    contract.check_parameters(edge)
    assert edge.info.network
    assert [voice.id for voice in edge.voices()] == [entry["ShortName"] for entry in LISTED]
    assert edge.voices()[1].languages == ("zh-CN", "zh")
    voice = edge.find_voice("en-US-AvaNeural")
    assert voice is not None
    contract.check_tts(edge, voice, "Every engine says this sentence, and leaves it when it is told to.")


def test_edge_is_told_the_speed_and_the_words(edge: EdgeEngine, service: EdgeService) -> None:
    edge.load(contract.no_progress)
    voice = edge.find_voice("en-US-AvaNeural")
    assert voice is not None
    params = SpeechParams(speed=1.5, extra=edge.Parameters(volume=-20, base_pitch=10))
    samples = np.concatenate(list(edge.synthesize("Tom & Jerry\x00", voice, params)))
    assert len(samples) / 24_000 == pytest.approx(1.0, abs=0.1)
    ssml = service.said[-1]
    assert "Tom &amp; Jerry" in ssml and "(en-US, AvaNeural)" in ssml
    assert re.search(r"pitch='\+10Hz' rate='\+50%' volume='-20%'", ssml)


def _nothing(connection: ServerConnection) -> None:
    connection.send("Path:turn.end\r\n\r\n{}")


def _stalls(connection: ServerConnection) -> None:
    send_audio(connection, mp3()[:2000])
    for _ in connection:
        pass


def _hangs_up(connection: ServerConnection) -> None:
    send_audio(connection, b"\x00" * 700)
    connection.close()


def _garbles(connection: ServerConnection) -> None:
    connection.send(b"\x00")


@pytest.mark.parametrize(
    ("play", "error"),
    [(_nothing, EngineError), (_stalls, EngineTimeout), (_hangs_up, EngineError), (_garbles, EngineError)],
)
def test_faults_of_edge_s_service_are_told(
    edge: EdgeEngine, service: EdgeService, play: Callable[[ServerConnection], None], error: type[Exception]
) -> None:
    edge.load(contract.no_progress)
    service.play = play
    voice = edge.voices()[0]
    with pytest.raises(error):
        list(edge.synthesize("Hello.", voice, SpeechParams()))
    service.play = speak
    assert sum(map(len, edge.synthesize("Hello.", voice, SpeechParams()))) > 20_000
    assert list(edge.synthesize(" \x00 ", voice, SpeechParams())) == []


class _NeverEnds:
    """Speech of the package whose end the service never confirms."""

    def __init__(self, *texts: str, **options: object) -> None: ...

    async def stream(self) -> AsyncGenerator[dict[str, Any], None]:
        try:
            for _ in range(100):
                yield {"type": "audio", "data": mp3()}
        finally:
            await asyncio.Event().wait()


def test_leaving_edge_s_service_is_bounded(edge: EdgeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    edge.load(contract.no_progress)
    monkeypatch.setattr("edge_tts.Communicate", _NeverEnds)
    blocks = edge.synthesize("Hello.", edge.voices()[0], SpeechParams())
    assert len(next(blocks))
    with closing_iterator(blocks):
        pass


@pytest.mark.parametrize(("status", "error"), [(500, EngineError), (403, EngineAccessDenied)])
def test_edge_s_service_out_of_order_fails_the_load(
    edge: EdgeEngine, monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception]
) -> None:
    with speech_server() as broken:
        monkeypatch.setattr("edge_tts.voices.VOICE_LIST", f"{broken.url}/list?key=1")
        broken.answer = lambda asked: Reply(status=status)
        with pytest.raises(error):
            edge.load(contract.no_progress)


def test_edge_s_voices_are_known_by_their_ids() -> None:
    assert len({voice.id for voice in VOICES}) == len(VOICES) > 60
    found = unlisted_voice("iu-Cans-CA-SiqiniqNeural")
    assert found is not None and found.languages == ("iu-Cans-CA", "iu")
    assert unlisted_voice("alloy") is None


def test_google_keeps_the_contract(google: tuple[GoogleEngine, SpeechServer]) -> None:
    engine, server = google
    contract.check_reload(engine)
    contract.check_description(engine)
    contract.check_parameters(engine)
    assert engine.info.network
    voice = engine.find_voice("en-GB")
    assert voice is not None
    text = "Every engine says this sentence, and leaves it when it is told to."
    contract.check_tts(engine, voice, text)
    asked = server.asked[-1]
    assert asked.path.startswith("/co.uk/")
    assert text in unquote(asked.body.decode())
    assert spoken(engine, "...").size == 0


def test_google_is_asked_once_for_what_it_takes_at_once(google: tuple[GoogleEngine, SpeechServer]) -> None:
    engine, server = google
    text = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fif."
    assert len(text) <= engine.info.limits.max_characters
    spoken(engine, text)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=429), Busy),
        (Reply(status=500), EngineError),
        (Reply(status=302, headers={"location": "http://127.0.0.1:9/"}), EngineError),
        (Reply(b"<html>"), EngineError),
        (Reply(_rpc(b"\x00" * 500)), EngineError),
        (Reply(_rpc(b"")), EngineError),
        (Reply(b"x" * 3_000_000), EngineError),
        (Reply(stall=True), EngineTimeout),
        (Reply(b"x", breaks=True), EngineError),
    ],
)
def test_faults_of_google_s_service_are_told(
    google: tuple[GoogleEngine, SpeechServer], reply: Reply, error: type[Exception]
) -> None:
    engine, server = google
    server.answer = lambda asked: reply
    with pytest.raises(error):
        spoken(engine)


def test_google_s_codes_are_not_ours() -> None:
    assert [code_of(tag) for tag in ("he", "nb", "fil", "jv", "fr-CA", "pt-PT", "pt-BR", "en-GB", "zh-CN")] == [
        "iw", "no", "tl", "jw", "fr-CA", "pt-PT", "pt", "en", "zh-CN",
    ]  # fmt: skip
    assert top_level_domain("en-GB") == "co.uk" and top_level_domain("de") == "com"


def test_network_voices_are_marked(google: tuple[GoogleEngine, SpeechServer]) -> None:
    engines: list[Engine] = [Registry().create(name) for name in ("edge", "gtts")]
    assert all(engine.info.network for engine in engines)
