"""ElevenLabs' official Python SDK, pointed here by its base URL, with real voices and real ears."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import patient
from tests.audio import decoded
from tests.routers.compat.elevenlabs.conftest import KEY
from tests.routers.compat.elevenlabs.official import TEXT, VOICE, certificate, speaking, understood
from tests.server import RunningServer

client_of = pytest.importorskip("elevenlabs.client", reason="pip install -r requirements/clients.txt")
elevenlabs = pytest.importorskip("elevenlabs")

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with speaking(tmp_path_factory.mktemp("eleven")) as server:
        yield server


@contextmanager
def client_for(address: str, key: str = KEY) -> Iterator[Any]:
    """Its connections are closed at the end, which the client leaves to the garbage collector."""
    with patient.Client(follow_redirects=True) as connections:
        yield client_of.ElevenLabs(api_key=key, base_url=address, httpx_client=connections)


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    with client_for(server.url) as client:
        yield client


@pytest.mark.parametrize("format", ["mp3_44100_128", "mp3_22050_32", "opus_48000_64", "wav_24000"])
def test_convert(client: Any, server: RunningServer, format: str) -> None:
    audio = client.text_to_speech.convert(
        VOICE, text=TEXT, model_id="eleven_multilingual_v2", output_format=format, language_code="en", seed=1
    )
    assert understood(server, b"".join(audio))


@pytest.mark.parametrize("streamed", [False, True])
def test_dialogue(client: Any, server: RunningServer, streamed: bool) -> None:
    said = ("Please open the window.", "The weather will be warm tomorrow.")
    inputs = [
        elevenlabs.DialogueInput(text=text, voice_id=voice)
        for text, voice in zip(said, (VOICE, "JBFqnCBsd6RMkjVDRZzb"), strict=True)
    ]
    speak = client.text_to_dialogue.stream if streamed else client.text_to_dialogue.convert
    audio = b"".join(speak(inputs=inputs, model_id="eleven_v3", output_format="mp3_44100_64", seed=3))
    assert understood(server, audio, " ".join(said).lower().replace(".", ""))


def test_stream(client: Any, server: RunningServer) -> None:
    settings = elevenlabs.VoiceSettings(stability=0.5, similarity_boost=0.7, use_speaker_boost=True, speed=1.1)
    audio = client.text_to_speech.stream(
        VOICE, text=TEXT, model_id="eleven_flash_v2_5", voice_settings=settings, optimize_streaming_latency=3
    )
    assert understood(server, b"".join(audio))


def test_telephone(client: Any) -> None:
    audio = client.text_to_speech.convert(VOICE, text=TEXT, output_format="ulaw_8000")
    assert 2.0 < len(b"".join(audio)) / 8000 < 5.0


def test_convert_with_timestamps(client: Any, server: RunningServer) -> None:
    answer = client.text_to_speech.convert_with_timestamps(VOICE, text=TEXT)
    assert understood(server, b64decode(answer.audio_base_64))
    times = answer.alignment
    assert "".join(times.characters) == TEXT
    assert times.character_end_times_seconds[-1] > 2.0


def test_stream_with_timestamps(client: Any) -> None:
    text = f"{TEXT} {TEXT}"
    parts = list(client.text_to_speech.stream_with_timestamps(VOICE, text=text, output_format="mp3_44100_64"))
    assert decoded(b"".join(b64decode(part.audio_base_64) for part in parts))[0].size
    assert "".join("".join(part.alignment.characters) for part in parts if part.alignment) == text


async def test_async_client(server: RunningServer) -> None:
    async with patient.AsyncClient() as connections:
        client = client_of.AsyncElevenLabs(api_key=KEY, base_url=server.url, httpx_client=connections)
        audio = b"".join([part async for part in client.text_to_speech.convert(VOICE, text=TEXT)])
    assert understood(server, audio)


def test_lists(client: Any) -> None:
    voices = client.voices.get_all().voices
    assert any(voice.labels["engine"] == "hibari" for voice in voices)
    assert client.voices.get(voices[0].voice_id).name == voices[0].name
    assert client.voices.settings.get(voices[0].voice_id).speed == 1.0
    found = client.voices.search(search=voices[0].name, page_size=5)
    assert found.voices and isinstance(found.has_more, bool)
    assert any(model.model_id == "eleven_multilingual_v2" for model in client.models.list())
    assert client.user.get().subscription.status == "active"
    assert client.user.subscription.get().character_limit > 0


def test_errors(client: Any, server: RunningServer) -> None:
    errors = pytest.importorskip("elevenlabs.core.api_error")
    with pytest.raises(errors.ApiError) as refused:
        b"".join(client.text_to_speech.convert("nosuch", text=TEXT))
    assert (refused.value.status_code, refused.value.body["detail"]["status"]) == (404, "voice_not_found")
    with pytest.raises(elevenlabs.UnprocessableEntityError) as invalid:
        b"".join(client.text_to_speech.convert(VOICE, text=TEXT, output_format="tape_44100"))
    assert invalid.value.body["detail"][0]["loc"] == ["query", "output_format"]
    with client_for(server.url, "wrong") as other, pytest.raises(errors.ApiError) as stranger:
        other.voices.get_all()
    assert stranger.value.body["detail"]["status"] == "invalid_api_key"


@pytest.mark.filterwarnings("ignore:ConnectionClosed")  # the client reads what is deprecated
def test_convert_realtime_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client opens this socket with TLS and no other way."""
    try:
        tls = certificate(tmp_path)
    except FileNotFoundError:
        pytest.skip("openssl is not installed, which makes the certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.tls_certificate))
    with speaking(tmp_path, tls) as server, client_for(server.url.replace("http", "https")) as client:

        def written() -> Iterator[str]:
            yield from (f"{word} " for word in TEXT.split())

        settings = elevenlabs.VoiceSettings(stability=0.5, speed=1.0)
        audio = client.text_to_speech.convert_realtime(
            VOICE, text=written(), model_id="eleven_flash_v2_5", voice_settings=settings
        )
        assert understood(server, b"".join(audio))
        with pytest.raises(pytest.importorskip("elevenlabs.core.api_error").ApiError) as refused:
            b"".join(client.text_to_speech.convert_realtime("nosuch", text=written(), model_id="auto"))
        # It may still be sending when the error comes, and reads then only why the socket was closed.
        assert refused.value.status_code == 1008
