"""Listeners under load beside each other: TLS with many clients, one Redis of two dialects, places of one dialect."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.server import free_port
from routers.compat.piper_server.speech import PiperSpeechRoutes
from stts.settings import LimitSettings, Settings
from stts.storage.redis import connection
from tests import patient
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.redis import RedisServer, running_redis
from tests.routers.compat.elevenlabs.official import certificate
from tests.server import running

pytestmark = pytest.mark.socket

TEXT = "Hello there, this is the {}th sentence."


def settings_of(folder: Path, **listeners: Any) -> Settings:
    return Settings.model_validate(
        {
            "storage": {"root": str(folder / "data")},
            "tts": {"order": ["tone"]},
            "stt": {"order": []},
            "cache": {"enabled": False},
            "limits": {"queue_seconds": PATIENCE},
            "listeners": listeners,
        }
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs OpenSSL's program")
async def test_eight_clients_of_a_tls_listener_beside_those_of_the_main_one(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    secure = {
        "dialects": ["native"],
        "port": free_port(),
        "tls_certificate": tls.tls_certificate,
        "tls_key": tls.tls_key,
    }
    trust = ssl.create_default_context(cafile=tls.tls_certificate)

    async def speak(client: httpx.AsyncClient, number: int) -> list[bytes]:
        audio = []
        for turn in range(6):
            body = {"text": TEXT.format(number * 10 + turn), "format": "pcm"}
            answer = await client.post("/tts", json=body)
            assert answer.status_code == 200 and len(answer.content) > 1000
            audio.append(answer.content)
        return audio

    with running(settings_of(tmp_path, secure=secure), registry()) as server:
        address = f"https://127.0.0.1:{secure['port']}"
        async with (
            patient.AsyncClient(base_url=address, verify=trust) as inside,
            patient.AsyncClient(base_url=server.url) as plain,
        ):
            heard = await asyncio.gather(*(speak(each, number) for number in range(8) for each in (inside, plain)))
        # The same texts are as long by either way; where they are cut is a matter of who else speaks.
        for secured, other in zip(heard[0::2], heard[1::2], strict=True):
            assert [len(each) for each in secured] == pytest.approx([len(each) for each in other], rel=0.05)
        async with patient.AsyncClient() as stranger:
            with pytest.raises(httpx.HTTPError):
                await stranger.get(f"http://127.0.0.1:{secure['port']}/voices")


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    monkeypatch.setattr(connection, "CALL_SECONDS", PATIENCE)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", PATIENCE)
    with running_redis() as server:
        yield server


def test_a_key_has_one_rate_over_two_dialects_of_two_servers(redis: RedisServer, tmp_path: Path) -> None:
    limits = LimitSettings.model_validate({"redis_url": redis.url})
    below = Settings.model_validate({"listeners": {"eleven": {"profile": "elevenlabs", "path": "/eleven"}}}).listeners
    settings = keyed_settings(tmp_path, limits=limits, listeners=below)
    with keyed_server(settings) as first, running(settings, registry()) as second:
        servers = first, Keyed(second, settings, first.admin)
        key = first.key(limits={"requests_per_minute": 12})["key"]
        paths = "/voices", "/eleven/v1/models"
        with servers[0].client(key) as here, servers[1].client(key) as there, ThreadPoolExecutor(16) as pool:
            calls = [pool.submit((here, there)[number % 2].get, paths[number // 2 % 2]) for number in range(48)]
            answers = [call.result() for call in calls]
    assert sorted(answer.status_code for answer in answers) == [200] * 12 + [429] * 36
    refused = [answer.json() for answer in answers if answer.status_code == 429]
    # Each in the shape of its dialect.
    assert any("detail" in each and isinstance(each["detail"], dict) for each in refused)
    assert any("code" in each for each in refused)


async def test_ten_speak_at_once_on_a_piper_listener_while_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, go_on = 0, 0, threading.Event()
    speak = PiperSpeechRoutes.speak

    @wraps(speak)
    async def held(*arguments: Any, **named: Any) -> Any:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        while not go_on.is_set():  # noqa: ASYNC110 - it is another thread's
            await asyncio.sleep(0.01)
        try:
            return await speak(*arguments, **named)
        finally:
            at_work -= 1

    monkeypatch.setattr(PiperSpeechRoutes, "speak", held)
    limits = {"requests_per_minute": 1000, "operations_per_minute": 1000, "place_seconds": PATIENCE}
    piper = {"profile": "piper-server", "port": free_port(), "output": {"engine": "tone"}, "limits": limits}
    with running(settings_of(tmp_path, piper=piper), registry()):
        async with patient.AsyncClient(base_url=f"http://127.0.0.1:{piper['port']}") as client:
            posts = [asyncio.create_task(client.post("/tts", json={"text": TEXT.format(n)})) for n in range(40)]
            async with asyncio.timeout(PATIENCE):
                while at_work < 10:  # noqa: ASYNC110 - it is another thread's
                    await asyncio.sleep(0.01)
            # What is no speech waits for nobody.
            assert (await client.get("/health")).status_code == 200
            go_on.set()
            answers = await asyncio.gather(*posts)
    assert [answer.status_code for answer in answers] == [200] * 40 and most == 10
