"""A server process of its own, with the real time limits: however much it has to do, a Redis that lives is not away."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests import patient
from tests.keyed import keyed_settings, make_key
from tests.redis import running_redis
from tests.test_process import free_port, started, wait_for

pytestmark = pytest.mark.socket
AT_ONCE = 50
BURSTS = 8


async def test_a_redis_that_lives_is_not_away_however_many_call_at_once(tmp_path: Path) -> None:
    port, key = free_port(), await make_key(keyed_settings(tmp_path))
    with running_redis() as redis:
        options = {
            "server__port": str(port),
            "storage__root": str(tmp_path),
            "security__keys": "true",
            "quotas__key__requests_per_minute": "100000",
            "limits__redis_url": redis.url,
        }
        with started(tmp_path, tts__order="espeak", **options):
            await asyncio.to_thread(wait_for, port)
            url, codes = f"http://127.0.0.1:{port}", Counter[int]()
            async with patient.AsyncClient(base_url=url, headers={"X-API-Key": key}) as client:
                while (await client.get("/ready")).json()["redis"] != "up":  # noqa: ASYNC110 - what is waited for tells nobody
                    await asyncio.sleep(0.1)
                for _ in range(BURSTS):
                    calls = (client.get("/v1/models") for _ in range(AT_ONCE))
                    codes.update(answer.status_code for answer in await asyncio.gather(*calls))
                limits = (await client.get("/v1/models")).headers
    assert codes == {httpx.codes.OK: AT_ONCE * BURSTS} and "RateLimit" in limits
    log = (tmp_path / "log.txt").read_text()
    assert "redis_up" in log and "redis_away" not in log
