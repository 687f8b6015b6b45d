"""Deepgram's own Python SDK, given the address of this server as its environment."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import patient
from tests.audio import decoded, encoded
from tests.engines.speech import DATA, WORDS, read
from tests.patient import PATIENCE
from tests.routers.compat.deepgram.caller import KEY
from tests.routers.compat.deepgram.official import RATE, SAID, TEXT, VOICE, check_times, recording, serving, understood
from tests.routers.websocket.caller import pcm
from tests.server import RunningServer

deepgram = pytest.importorskip("deepgram")
environments = pytest.importorskip("deepgram.environment")
speak_types = pytest.importorskip("deepgram.speak.v1.types")
api_error = pytest.importorskip("deepgram.core.api_error")

pytestmark = [
    pytest.mark.clients,
    pytest.mark.filterwarnings("ignore:.*websockets:DeprecationWarning"),  # which the SDK still asks for old names
]

STREAM = {"model": "nova-3", "encoding": "linear16", "sample_rate": str(RATE), "channels": "1"}
WISHES = {"interim_results": "true", "punctuate": "true", "vad_events": "true", "utterance_end_ms": "1000"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("sdk")) as server:
        yield server


def options(server: RunningServer, key: str = KEY) -> dict[str, Any]:
    socket = f"ws{server.url.removeprefix('http')}"
    environment = environments.DeepgramClientEnvironment(
        base=server.url, production=socket, agent=socket, agent_rest=server.url
    )
    return {"api_key": key, "environment": environment, "timeout": PATIENCE}


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[Any]:
    with patient.Client() as connections:
        yield deepgram.DeepgramClient(**options(server), httpx_client=connections)


def test_recordings(client: Any) -> None:
    answer = client.listen.v1.media.transcribe_file(
        request=encoded(recording()), model="nova-3", smart_format=True, utterances=True, diarize=True
    )
    said = answer.results.channels[0].alternatives[0]
    assert understood(said.transcript)
    check_times(said.words, answer.metadata.duration)
    assert all(0.0 <= word.confidence <= 1.0 for word in said.words)
    assert understood(" ".join(each.transcript for each in answer.results.utterances))
    assert answer.metadata.warnings[0]["parameter"] == "diarize"


def test_speech_is_understood(client: Any) -> None:
    audio = b"".join(client.speak.v1.audio.generate(text=TEXT, model=VOICE, encoding="linear16", container="wav"))
    samples, rate = decoded(audio)
    assert rate == 24_000 and len(samples) > rate
    heard = client.listen.v1.media.transcribe_file(request=audio, model="nova-3")
    assert understood(heard.results.channels[0].alternatives[0].transcript, TEXT)


@pytest.mark.parametrize("model", ["nova-3", "pocketsphinx"])
async def test_a_live_stream(server: RunningServer, model: str) -> None:
    samples = recording()
    data, heard = pcm(samples), list[Any]()
    client = deepgram.AsyncDeepgramClient(**options(server))
    async with (
        client.listen.v1.connect(**{**STREAM, **WISHES, "model": model}) as connection,
        asyncio.timeout(PATIENCE),
    ):

        async def speak() -> None:
            for start in range(0, len(data), 3200):
                await connection.send_media(data[start : start + 3200])
                await asyncio.sleep(0.03)
            await connection.send_keep_alive()
            await connection.send_close_stream()

        speaking = asyncio.create_task(speak())
        async for message in connection:
            heard.append(message)
        await speaking
    kinds = [each.type for each in heard]
    assert kinds[0] == "SpeechStarted" and kinds[-1] == "Metadata" and "UtteranceEnd" in kinds
    results = [each for each in heard if each.type == "Results"]
    finals = [each for each in results if each.is_final]
    assert understood(" ".join(each.channel.alternatives[0].transcript for each in finals)) or model == "pocketsphinx"
    check_times([word for each in finals for word in each.channel.alternatives[0].words], len(samples) / RATE)
    assert finals[-1].speech_final
    assert heard[-1].duration == pytest.approx(len(samples) / RATE, abs=0.01)


async def test_words_at_short_pauses(server: RunningServer) -> None:
    quiet, heard = np.zeros(RATE // 5, np.float32), list[Any]()
    client = deepgram.AsyncDeepgramClient(**options(server))
    wishes = {**STREAM, "endpointing": "10", "smart_format": "true"}
    async with client.listen.v1.connect(**wishes) as connection, asyncio.timeout(PATIENCE):
        for name in SAID:
            await connection.send_media(pcm(np.concatenate([read(DATA / name), quiet])))
            while not (message := await connection.recv()).speech_final:
                heard.append(message)
            heard.append(message)
        await connection.send_close_stream()
        heard += [message async for message in connection if message.type == "Results"]
    assert all(each.is_final for each in heard)
    assert understood(" ".join(each.channel.alternatives[0].transcript for each in heard))


def test_finalize(client: Any) -> None:
    with client.listen.v1.connect(**STREAM, smart_format="true") as connection:
        connection.send_media(pcm(recording()[: 3 * RATE]))
        connection.send_finalize()
        while not (message := connection.recv()).from_finalize:
            pass
        assert message.is_final
        connection.send_close_stream()


async def test_a_file_as_browsers_record_it(server: RunningServer) -> None:
    data = (DATA / "numbers.opus").read_bytes()
    client = deepgram.AsyncDeepgramClient(**options(server))
    async with client.listen.v1.connect(model="nova-2", language="en") as connection, asyncio.timeout(PATIENCE):
        for start in range(0, len(data), 2000):
            await connection.send_media(data[start : start + 2000])
        await connection.send_close_stream()
        heard = [message async for message in connection]
    finals = [each.channel.alternatives[0].transcript for each in heard if each.type == "Results" and each.is_final]
    # Whisper writes numbers in digits.
    assert "".join(finals) and any(word in " ".join(finals) for word in ("one", "1")), (finals, WORDS["numbers.opus"])


def test_speech_from_text_that_is_being_written(client: Any) -> None:
    spoken = io.BytesIO()
    with client.speak.v1.connect(model=VOICE, encoding="linear16", sample_rate="24000") as connection:
        for word in TEXT.split():
            connection.send_text(speak_types.SpeakV1Text(text=f"{word} "))
        connection.send_flush()
        while isinstance(message := connection.recv(), bytes) or message.type != "Flushed":
            if isinstance(message, bytes):
                spoken.write(message)
        connection.send_close()
    samples = np.asarray(np.frombuffer(spoken.getvalue(), "<i2"), np.float32) / np.float32(32_768)
    heard = client.listen.v1.media.transcribe_file(request=encoded(samples, rate=24_000), model="nova-3")
    assert understood(heard.results.channels[0].alternatives[0].transcript, TEXT)


def test_models(client: Any) -> None:
    known = client.manage.v1.models.list()
    assert {"faster_whisper", "pocketsphinx"} <= {each.canonical_name for each in known.stt}
    assert known.tts and client.manage.v1.models.get(known.tts[0].uuid_).canonical_name == known.tts[0].canonical_name


def test_errors_are_those_of_the_sdk(server: RunningServer, client: Any) -> None:
    with pytest.raises(api_error.ApiError) as caught:
        client.listen.v1.media.transcribe_file(request=b"no audio at all", model="nova-3")
    assert (caught.value.status_code, caught.value.body["err_code"]) == (400, "Bad Request")
    with pytest.raises(api_error.ApiError) as caught, patient.Client() as connections:
        stranger = deepgram.DeepgramClient(**options(server, "wrong"), httpx_client=connections)
        stranger.listen.v1.media.transcribe_file(request=b"x")
    assert (caught.value.status_code, caught.value.body["err_code"]) == (401, "INVALID_AUTH")


@pytest.mark.parametrize(("key", "model", "status"), [("wrong", "nova-3", 401), (KEY, "nosuch", 400)])
async def test_a_socket_that_is_refused(server: RunningServer, key: str, model: str, status: int) -> None:
    with pytest.raises(api_error.ApiError) as caught:
        async with deepgram.AsyncDeepgramClient(**options(server, key)).listen.v1.connect(model=model):
            pass
    assert caught.value.status_code == status
