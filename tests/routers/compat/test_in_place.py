"""Servers started in the place of other systems, from those systems' own environment files, for their own calls."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.server import HOST, ROOT, free_port, healthy
from tests import patient
from tests.patience import PATIENCE

pytestmark = [pytest.mark.socket, pytest.mark.long]

PROGRAM = str(ROOT / "server_v2.py")
TEXT = "The birch canoe slid on the smooth planks."
TOKEN = "your-secret-token"
BATCH_FILE = """\
# Required
ALLOWED_USER_TOKEN={token}
TTS_MODEL=en_US-kathleen-low.onnx
ENABLE_CACHE=true
CACHE_TTL=604800
LOG_LEVEL=INFO
ASSETS_DIR=assets
PORT={port}
"""
PIPER_FILE = """\
host=127.0.0.1
port={port}
debug=false
model_dir=models
max_text_length=500
default_model=en_GB-vctk-medium
default_speaker=0
enable_cors=true
allowed_origins=["*"]
rate_limit_requests=60
rate_limit_window=60
max_concurrent_requests=10
enable_caching=true
cache_ttl=3600
SOMETHING_ELSE=1
"""

KIT_FILE = """\
BOT_TOKEN=123456789:ABCdefGHIjklMNOpqrsTUVwxyz
DEFAULT_LANG=en
TTS_ENGINE=hibari
ENGINE_ROUTING=en:hibari,de:espeak
EDGE_VOICE_en=en-US-JennyNeural
EDGE_VOICE_fa=fa-IR-DilaraNeural
API_KEYS={{"demo-user": "demo-key", "admin": "admin-secret", "readonly_board": "board-key"}}
ENABLE_AUTH=true
API_RATE_LIMIT=20
API_HOST=127.0.0.1
API_PORT={port}
ENABLE_CACHING=true
ENABLE_RATE_LIMITING=true
COLOUR=red
"""


def command(system: str, file: Path) -> list[str]:
    return [sys.executable, PROGRAM, "--as", system, "--env-file", str(file)]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("STTS_")}


@contextmanager
def in_place_of(system: str, text: str, folder: Path) -> Iterator[int]:
    port = free_port()
    file = folder / f"{system}.env"
    file.write_text(text.format(port=port, token=TOKEN))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command(system, file), cwd=folder, env=environment(), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE
        while not healthy(port):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def client_of(port: int) -> httpx.Client:
    return patient.Client(base_url=f"http://{HOST}:{port}")


def test_the_tts_batch_api(tmp_path: Path) -> None:
    call: dict[str, Any] = {"json": {"text": TEXT}, "headers": {"user-token": TOKEN}}
    with in_place_of("batch-api", BATCH_FILE, tmp_path) as port, client_of(port) as client:
        assert client.get("/health").json() == {"status": "healthy"}
        first = client.post("/synthesizeSpeech", **call)
        assert (first.status_code, first.headers["content-type"]) == (200, "audio/x-raw")
        assert len(first.content) == int(first.headers["content-length"])
        samples = np.frombuffer(first.content, "<i2").astype(int)
        assert 1.5 < len(samples) / 22_050 < 4.0 and 2000 < np.abs(samples).max() < 32_768
        again = client.post("/v1/synthesizeSpeech", **call)
        assert again.content == first.content and again.headers["x-cache"] == "HIT"
        refused = client.post("/synthesizeSpeech", json={"text": TEXT}, headers={"user-token": "another"})
        assert (refused.status_code, refused.json()) == (403, {"detail": "Forbidden"})
    with in_place_of("batch-api", BATCH_FILE, tmp_path) as port, client_of(port) as client:
        restarted = client.post("/synthesizeSpeech", **call)
        assert restarted.content == first.content and restarted.headers["x-cache"] == "HIT", "after a restart too"
    log = (tmp_path / "log").read_text()
    assert "canoe" not in log and TOKEN not in log and "not understood" not in log


@pytest.mark.parametrize(
    ("system", "text", "example"),
    [("batch-api", BATCH_FILE, "batch_api.py"), ("piper-server", PIPER_FILE, "piper_server.py")],
)
def test_examples_of_their_clients(tmp_path: Path, system: str, text: str, example: str) -> None:
    with in_place_of(system, text, tmp_path) as port:
        program = [sys.executable, str(ROOT / "examples" / "python" / example), f"http://{HOST}:{port}/", "out.wav"]
        token = {**environment(), "ALLOWED_USER_TOKEN": TOKEN}
        done = patient.run([*program, TEXT], cwd=tmp_path, env=token, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert 1.5 < file.getnframes() / file.getframerate() < 6.0


def test_the_tts_batch_api_does_not_start_without_its_token(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CACHE_TTL=604800\n")
    started = command("batch-api", tmp_path / ".env")
    done = patient.run(started, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "ALLOWED_USER_TOKEN" in done.stderr


def test_the_piper_tts_server(tmp_path: Path) -> None:
    with in_place_of("piper-server", PIPER_FILE, tmp_path) as port, client_of(port) as client:
        health, voices = client.get("/health").json(), client.get("/voices").json()
        assert health["status"] == "ok" and health["models_available"] == len(voices) > 0
        info = client.get("/info").json()
        assert info["settings"] == {"max_text_length": 500, "max_concurrent_requests": 10}
        spoken = client.post("/tts", json={"text": TEXT}, headers={"origin": "https://example.org"})
        assert (spoken.status_code, spoken.headers["content-type"]) == (200, "audio/wav")
        assert spoken.headers["x-cache"] == "MISS" and spoken.headers["access-control-allow-origin"] == "*"
        with wave.open(io.BytesIO(spoken.content)) as file:
            assert 1.5 < file.getnframes() / file.getframerate() < 4.0
        assert client.post("/tts", json={"text": TEXT}).headers["x-cache"] == "HIT"
        assert client.post("/tts", json={"text": TEXT, "model": "../../etc/passwd"}).status_code == 404
        # Ten a minute of those that speak.
        statuses = [client.post("/tts", json={"text": TEXT}).status_code for _ in range(10)]
        assert set(statuses) == {200, 429}
    log = (tmp_path / "log").read_text()
    assert "not understood: SOMETHING_ELSE" in log and "canoe" not in log


def test_ttskit(tmp_path: Path) -> None:
    with in_place_of("ttskit", KIT_FILE, tmp_path) as port, client_of(port) as client:
        assert client.get("/health").json()["status"] == "healthy"
        assert client.post("/api/v1/synth", json={"text": TEXT}).status_code == 401
        client.headers["authorization"] = "Bearer demo-key"
        spoken = client.post("/api/v1/synth", json={"text": TEXT, "lang": "en", "engine": None, "format": "ogg"})
        assert (spoken.headers["content-type"], spoken.headers["x-engine-used"]) == ("audio/ogg", "hibari")
        assert spoken.headers["content-disposition"] == "attachment; filename=synthesis.ogg"
        assert 1.5 < float(spoken.headers["x-audio-duration"]) < 4.0 and spoken.headers["x-sample-rate"] == "48000"
        texts = {"texts": [TEXT, "de: Guten Tag.", ""], "format": "wav"}
        told = client.post("/api/v1/synth/batch", json=texts).json()
        assert [each.get("engine") for each in told["results"]] == ["hibari", "espeak", None]
        assert (told["successful"], told["failed"]) == (2, 1)
        assert client.get("/api/v1/admin/users/me").json()["permissions"] == ["read", "write"]
        admin = {"authorization": "Bearer admin-secret"}
        wishes = {"user_id": "new_user", "permissions": ["read"]}
        made = client.post("/api/v1/admin/api-keys", json=wishes, headers=admin).json()["api_key"]
        reader = {"authorization": f"Bearer {made}"}
        assert client.get("/api/v1/engines", headers=reader).status_code == 200
        assert client.post("/api/v1/synth", json={"text": TEXT}, headers=reader).status_code == 403
        assert client.delete("/api/v1/admin/api-keys/new_user", headers=admin).status_code == 200
        assert client.get("/api/v1/engines", headers=reader).status_code == 401
        left = client.get("/api/v1/rate-limit").json()
        assert left["limit"] == 20 and 0 < left["remaining_requests"] < 15
        statuses = [client.get("/api/v1/version").status_code for _ in range(20)]
        assert set(statuses) == {200, 429}
    log = (tmp_path / "log").read_text()
    assert "TTSKit: not understood: COLOUR" in log and "Telegram bot" in log
    assert "canoe" not in log and "demo-key" not in log and "admin-secret" not in log and "ABCdef" not in log
