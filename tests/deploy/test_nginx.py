"""The files of deploy/nginx in a real nginx with TLS, a real server behind it, and real clients before it."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest

from stts.engine_api import Abilities, EngineInfo, Samples, SpeechParams, Voice
from stts.settings import LimitSettings, SecuritySettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.audio import decoded, encoded, speech
from tests.fakes import ToneEngine, registry
from tests.nginx import Nginx, running_nginx
from tests.patience import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

HOLD, ENDLESS = "Wait.", "And so on."
TEXT = "The tide comes in twice a day, and the harbour is empty in between; so boats lie in the mud."


class HeldEngine(ToneEngine):
    """Speaks a tone; waits for leave in the middle of a text that says so, and knows texts that never end."""

    leave = threading.Event()
    left = threading.Event()

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="held", abilities=Abilities(streaming=True))

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        blocks = list(super().synthesize(text, voice, params))
        # Whoever leaves may do so at any of the blocks, the first included.
        try:
            yield from blocks[: len(blocks) // 2]
            assert HOLD not in text or self.leave.wait(PATIENCE)
            yield from cycle(blocks) if ENDLESS in text else blocks[len(blocks) // 2 :]
        finally:
            self.left.set()


@contextmanager
def behind(folder: Path, more: str = "", **changes: Any) -> Iterator[tuple[RunningServer, Nginx]]:
    """A server and the nginx before it. `more`: a further file of its configuration."""
    settings = {
        "tts": TTSSettings(order=("tone",)),
        "stt": STTSettings(order=("echo",)),
        "storage": StorageSettings(root=str(folder / "data")),
        "security": SecuritySettings(allowed_hosts=("speech.test",)),
        "limits": LimitSettings(upload_bytes=3_000_000),
        **changes,
    }
    engines = registry(held="tests.deploy.test_nginx:HeldEngine")
    with running(Settings(**settings), engines) as server, running_nginx(folder, server.url[7:], more=more) as nginx:
        yield server, nginx


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, Nginx]]:
    with behind(tmp_path_factory.mktemp("nginx")) as both:
        yield both


@pytest.fixture
def nginx(both: tuple[RunningServer, Nginx]) -> Nginx:
    return both[1]


@pytest.fixture
def client(nginx: Nginx) -> Iterator[httpx.Client]:
    with patient.Client(base_url=nginx.https, verify=nginx.tls) as client:
        yield client


def curl(nginx: Nginx, *options: str) -> tuple[str, str]:
    """Version of HTTP and status, and the body."""
    asked = ["curl", "--silent", "--cacert", str(nginx.certificate), "--write-out", "\n%{http_version} %{http_code}"]
    done = patient.run([*asked, *options], capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stderr)
    body, _, told = done.stdout.rpartition("\n")
    return told, body


@contextmanager
def official(nginx: Nginx) -> Iterator[openai.OpenAI]:
    with openai.DefaultHttpxClient(verify=nginx.tls, timeout=PATIENCE) as http:
        yield patient.OpenAI(base_url=f"{nginx.https}/v1", api_key="none", http_client=http, max_retries=0)


def recording(seconds: float) -> bytes:
    """Somebody who says the same again and again, as a WAV file of 32,000 bytes a second."""
    samples, rate = decoded(speech("kitchen.flac"))
    return encoded(np.resize(samples, int(seconds * rate)), rate=rate)


def test_pages_and_answers_come_by_http_2(nginx: Nginx) -> None:
    told, body = curl(nginx, "--http2", f"{nginx.https}/health")
    assert (told, body) == ("2 200", '{"status":"ok"}')


def test_the_name_of_the_site_is_answered(nginx: Nginx) -> None:
    there = ["--resolve", f"speech.test:{nginx.port}:127.0.0.1"]
    told, body = curl(nginx, *there, f"https://speech.test:{nginx.port}/info")
    assert told == "2 200" and json.loads(body)["name"] == "STTS Server"


def test_plain_http_is_sent_to_https(nginx: Nginx) -> None:
    answer = patient.get(f"{nginx.http}/tts?text=hello", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{nginx.https}/tts?text=hello")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_speech_is_heard_while_the_engine_still_speaks(nginx: Nginx, version: str) -> None:
    HeldEngine.leave.clear()
    text = f"{TEXT} {HOLD} {version}"
    body = json.dumps({"text": text, "engine": "held", "format": "pcm", "stream": True})
    asked = ["curl", "--silent", "--no-buffer", version, "--cacert", str(nginx.certificate), "--json", body]
    with subprocess.Popen([*asked, f"{nginx.https}/tts"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        heard = process.stdout.read(2_000)
        assert len(heard) == 2_000 and not HeldEngine.leave.is_set()
        HeldEngine.leave.set()
        heard += process.stdout.read()
    assert len(heard) / 2 / 16_000 == pytest.approx(len(text) * 0.06, abs=0.2)


def test_a_client_that_leaves_ends_the_work(client: httpx.Client) -> None:
    body = {"text": f"{TEXT} {ENDLESS}", "engine": "held", "format": "pcm", "stream": True}
    with client.stream("POST", "/tts", json=body) as answer:
        coming = answer.iter_raw()
        assert next(coming)
        # Where nobody holds what is coming, the client leaves at once.
        HeldEngine.left.clear()
    assert HeldEngine.left.wait(PATIENCE)


def test_the_official_client_streams(nginx: Nginx) -> None:
    HeldEngine.leave.clear()
    with official(nginx) as client:
        asked = client.audio.speech.with_streaming_response.create(
            model="held", voice="low", input=f"{TEXT} {HOLD} Officially.", response_format="pcm", stream_format="audio"
        )
        with asked as answer:
            blocks = answer.iter_bytes(1_000)
            assert next(blocks) and not HeldEngine.leave.is_set()
            HeldEngine.leave.set()
            assert sum(map(len, blocks)) > 100_000


def test_events_of_a_transcript_come_one_by_one(nginx: Nginx) -> None:
    with official(nginx) as client:
        events = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", recording(3.0)), stream=True)
        kinds = [event.type for event in events]
    assert kinds[-1] == "transcript.text.done" and "transcript.text.delta" in kinds


async def test_a_socket_that_speaks(nginx: Nginx) -> None:
    async with patient.connect(f"{nginx.wss}/ws/tts", ssl=nginx.tls) as socket:
        for sent in ({"type": "config", "engine": "tone"}, {"type": "text", "text": "Hello there."}, {"type": "end"}):
            await socket.send(json.dumps(sent))
        audio = b""
        async for message in socket:
            if isinstance(message, bytes):
                audio += message
            elif json.loads(message)["type"] == "audio.done":
                break
    assert len(audio) > 10_000


async def test_a_socket_that_listens(nginx: Nginx) -> None:
    async with patient.connect(f"{nginx.wss}/ws/stt?engine=quick&rate=16000", ssl=nginx.tls) as socket:
        for _ in range(20):
            await socket.send(bytes(3_200))
        await socket.send(json.dumps({"type": "end"}))
        kinds = [json.loads(message)["type"] async for message in socket]
    assert kinds


async def test_realtime_with_the_official_client(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(nginx.certificate))
    async with (
        patient.AsyncOpenAI(base_url=f"{nginx.https}/v1", api_key="none") as client,
        patient.realtime(client, model="gpt-realtime") as connection,
    ):
        await connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say it again."}]}
        )
        await connection.response.create()
        audio = 0
        async for event in connection:
            assert event.type != "error", event
            if event.type == "response.output_audio.delta":
                audio += len(event.delta)
            elif event.type == "response.done":
                break
    assert audio > 10_000


def test_an_upload_within_the_limits_and_one_beyond(client: httpx.Client) -> None:
    taken = client.post("/stt", files={"file": ("a.wav", recording(80.0))})
    assert taken.status_code == 200 and "word0 word1" in taken.json()["text"]
    files, data = {"file": ("a.wav", recording(200.0))}, {"model": "whisper-1"}
    native = client.post("/stt", files=files)
    openai_shape = client.post("/v1/audio/transcriptions", files=files, data=data)
    assert (native.status_code, openai_shape.status_code) == (413, 413)
    assert "3000000" in native.json()["detail"] and "3000000" in openai_shape.json()["error"]["message"]


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_large_is_told_by_any_version_of_http(
    nginx: Nginx, tmp_path: Path, version: str, announced: bool
) -> None:
    (tmp_path / "a.wav").write_bytes(recording(200.0))
    chunked = ["-H", "Transfer-Encoding: chunked" if version == "--http1.1" else "Content-Length:"]
    length = [] if announced else chunked
    told, body = curl(nginx, version, *length, "-F", f"file=@{tmp_path}/a.wav", f"{nginx.https}/stt")
    assert told.endswith("413") and json.loads(body)["code"] == "payload_too_large"


def test_the_pages(client: httpx.Client) -> None:
    root = client.get("/", follow_redirects=False)
    assert (root.status_code, root.headers["location"]) == (307, "app/home")
    page = client.get("/", follow_redirects=True)
    assert page.url.path == "/app/home" and "Content-Security-Policy" in page.headers
    style = re.search(r'href="([^"]+style\.css)"', page.text)
    assert style is not None
    asset = client.get(str(page.url.join(style[1])))
    assert asset.status_code == 200 and asset.headers["Content-Encoding"] == "gzip"
    assert "immutable" in asset.headers["Cache-Control"]
    own = client.post("/tts", json={"text": "Hello"}, headers={"Origin": str(page.url).partition("/app")[0]})
    foreign = client.post("/tts", json={"text": "Hello"}, headers={"Origin": "https://elsewhere.test"})
    assert (own.status_code, foreign.status_code) == (200, 403)
