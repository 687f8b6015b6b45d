"""Caddy, told what docs/proxies.md says, with TLS before a real server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from benchmarks.server import free_port
from stts.settings import SecuritySettings, Settings, StorageSettings, STTSettings, TTSSettings
from tests import patient
from tests.deploy.test_nginx import HOLD, TEXT, HeldEngine
from tests.docs.blocks import ROOT, blocks
from tests.fakes import registry
from tests.patience import PATIENCE
from tests.server import running

pytestmark = pytest.mark.socket

NAME = "speech.example.org"
OWN = ROOT / "build" / "caddy"
OPTIONS = """
{{
    admin off
    local_certs
    skip_install_trust
    auto_https disable_redirects
    https_port {port}
    storage file_system {folder}
}}
"""
"""These options keep it to this folder and to certificates of its own: nobody signs for a name that is an example."""


@dataclass(frozen=True)
class Caddy:
    port: int
    tls: ssl.SSLContext


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caddy]:
    program = shutil.which("caddy") or (str(OWN) if os.access(OWN, os.X_OK) else None)
    if program is None:
        assert not os.environ.get("STTS_REQUIRE_CADDY"), "Caddy is not installed: make caddy"
        pytest.skip("Caddy is not installed: make caddy")
    folder = tmp_path_factory.mktemp("caddy")
    (block,) = [each for each in blocks() if each.page == "proxies.md" and each.language == "caddyfile"]
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",)),
        storage=StorageSettings(root=str(folder / "data")),
        security=SecuritySettings(allowed_hosts=(NAME,)),
    )
    with running(settings, registry(held="tests.deploy.test_nginx:HeldEngine")) as server:
        port = free_port()
        said = block.code.replace("127.0.0.1:8000", server.url.removeprefix("http://"))
        assert said != block.code
        file = folder / "Caddyfile"
        file.write_text(OPTIONS.format(port=port, folder=folder / "kept") + said, encoding="utf-8")
        with (folder / "log").open("wb") as log:
            command = [program, "run", "--config", str(file), "--adapter", "caddyfile"]
            process = subprocess.Popen(command, cwd=folder, env={"HOME": str(folder)}, stdout=log, stderr=log)
        try:
            root = folder / "kept" / "pki" / "authorities" / "local" / "root.crt"
            deadline = time.monotonic() + PATIENCE
            while not (root.is_file() and answers(port, root)):
                assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
                time.sleep(0.05)
            yield Caddy(port, ssl.create_default_context(cafile=str(root)))
        finally:
            process.terminate()
            process.wait(PATIENCE)


def answers(port: int, root: Path) -> bool:
    """Whether it listens with a certificate that its own root has signed."""
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
            ssl.create_default_context(cafile=str(root)).wrap_socket(connection, server_hostname=NAME),
        ):
            return True
    except (OSError, ssl.SSLError):
        return False


@pytest.fixture
def client(caddy: Caddy) -> Iterator[httpx.Client]:
    address = f"https://127.0.0.1:{caddy.port}"
    with patient.Client(base_url=address, verify=caddy.tls, headers={"Host": NAME}) as client:
        yield client


NAMED = {"sni_hostname": NAME}
"""The name that a browser asks for, which leads to this machine."""


def test_pages_speech_and_refusals_pass(client: httpx.Client) -> None:
    home = client.get("/app/home", extensions=NAMED)
    assert home.status_code == 200 and "Content-Security-Policy" in home.headers
    spoken = client.post("/tts", json={"text": "The tide is out."}, extensions=NAMED)
    assert spoken.headers["x-engine"] == "tone" and spoken.content.startswith(b"RIFF")
    refused = client.post("/tts", json={"text": ""}, extensions=NAMED)
    assert refused.status_code == 422 and refused.headers["content-type"] == "application/problem+json"


async def test_a_socket_passes(caddy: Caddy) -> None:
    there = patient.connect(f"wss://{NAME}/ws/tts", ssl=caddy.tls, host="127.0.0.1", port=caddy.port)
    async with asyncio.timeout(PATIENCE), there as connection:
        await connection.send(json.dumps({"type": "text", "text": "Hello there."}))
        await connection.send(json.dumps({"type": "end"}))
        async for message in connection:
            if isinstance(message, bytes):
                break
        else:
            pytest.fail("it closed without a sound")


def test_speech_is_heard_while_the_engine_still_speaks(client: httpx.Client) -> None:
    HeldEngine.leave.clear()
    body = {"text": f"{TEXT} {HOLD}", "engine": "held", "format": "pcm", "stream": True}
    with client.stream("POST", "/tts", json=body, extensions=NAMED) as answer:
        heard = answer.iter_raw(2_000)
        assert len(next(heard)) == 2_000 and not HeldEngine.leave.is_set()
        HeldEngine.leave.set()
        rest = b"".join(heard)
    assert len(rest) > 2_000
