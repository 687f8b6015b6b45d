"""Limits that two running servers count together in a real Redis, and what they do without it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis
from websockets.exceptions import InvalidStatus

from stts.access import place_ahead
from stts.settings import LimitSettings
from stts.settings.quotas import QuotaSettings
from stts.storage.redis import connection
from stts.storage.redis.scripts import HIT, TAKE, Script
from stts.storage.redis.transport import Command, RedisTransport
from tests import patient
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.redis import PASSWORD, RedisServer, running_redis
from tests.server import running

pytestmark = pytest.mark.socket
TEXT = "Ten chars."


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine uses up no time of Redis, nor that for which a place is kept for a request on its way."""
    monkeypatch.setattr(connection, "CALL_SECONDS", PATIENCE)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", PATIENCE)
    monkeypatch.setattr(place_ahead, "AHEAD_SECONDS", PATIENCE)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


Pair = tuple[Keyed, Keyed]


@pytest.fixture
def pair(redis: RedisServer, tmp_path: Path) -> Iterator[Pair]:
    with running_pair(redis, tmp_path) as pair:
        yield pair


@contextmanager
def running_pair(redis: RedisServer, folder: Path, **changes: Any) -> Iterator[Pair]:
    """Two servers on one database and one Redis."""
    limits = LimitSettings.model_validate({"redis_url": redis.url})
    settings = keyed_settings(folder, limits=limits, **changes)
    with keyed_server(settings) as first, running(settings, registry()) as second:
        yield first, Keyed(second, settings, first.admin)


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[list[Script]]:
    """Scripts of each round trip that count a request or take a place."""
    trips: list[list[Script]] = []
    exchange = RedisTransport.exchange

    async def counted(transport: RedisTransport, commands: Sequence[Command]) -> list[Any]:
        trips.append([script for script in (HIT, TAKE) for command in commands if script.sha in command])
        return await exchange(transport, commands)

    monkeypatch.setattr(RedisTransport, "exchange", counted)
    return trips


def limited(keyed: Keyed, **limits: int) -> str:
    key: str = keyed.key(limits=limits)["key"]
    return key


def state(client: httpx.Client) -> str:
    answer: str = client.get("/ready").json()["redis"]
    return answer


def wait(happened: Callable[[], bool]) -> None:
    while not happened():
        pass


def test_two_servers_count_requests_together(pair: Pair) -> None:
    key = limited(pair[0], requests_per_minute=10)
    with pair[0].client(key) as here, pair[1].client(key) as there, ThreadPoolExecutor(20) as pool:
        assert pair[0].admin.get("/ready").json()["redis"] == "up"
        calls = [pool.submit((here, there)[number % 2].get, "/v1/models") for number in range(40)]
        answers = [call.result() for call in calls]
        assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429] * 30
        left = sorted(int(each.headers["x-ratelimit-remaining-requests"]) for each in answers if each.is_success)
        assert left[0] == 0


async def test_two_servers_count_live_sessions_together(pair: Pair) -> None:
    key = await asyncio.to_thread(lambda: limited(pair[0], sessions=1))
    addresses = [f"ws{each.server.url[4:]}/ws/tts" for each in pair]
    headers = {"X-API-Key": key}
    async with patient.connect(addresses[0], additional_headers=headers) as first:
        await first.send(json.dumps({"text": "Hello"}))
        assert await first.recv()
        with pytest.raises(InvalidStatus) as refused:
            await patient.connect(addresses[1], additional_headers=headers)
        assert refused.value.response.status_code == 429
    while True:
        try:
            async with patient.connect(addresses[1], additional_headers=headers) as second:
                await second.send(json.dumps({"text": "Hello"}))
                return
        except InvalidStatus as error:
            # The place is given back within moments.
            assert error.response.status_code == 429


def test_rates_and_place_of_a_speech_take_one_round_trip(pair: Pair, trips: list[list[Script]]) -> None:
    with pair[0].client(limited(pair[0], requests_per_minute=100, concurrent=9)) as client:
        for _ in range(3):
            assert client.post("/tts", json={"text": TEXT}).status_code == 200
            hosted = {"model": "tts-1", "input": TEXT, "voice": "alloy"}
            assert client.post("/v1/audio/speech", json=hosted).status_code == 200
    # On a busy machine the rates may be sent before the place is asked for.
    assert [HIT, TAKE] in trips
    asked = [script for scripts in trips for script in scripts]
    assert (asked.count(HIT), asked.count(TAKE)) == (6, 6)


def test_head_asks_for_no_place(pair: Pair, trips: list[list[Script]]) -> None:
    with pair[0].client(limited(pair[0], requests_per_minute=100, concurrent=9)) as client:
        assert [client.head("/tts", params={"text": TEXT}).status_code for _ in range(5)] == [200] * 5
    assert HIT in chain(*trips) and TAKE not in chain(*trips)


def test_a_caller_above_its_rate_takes_no_place_of_its_user(
    redis: RedisServer, tmp_path: Path, trips: list[list[Script]]
) -> None:
    with running_pair(redis, tmp_path, quotas=QuotaSettings(user={"concurrent": 2})) as (first, second):
        key = limited(first, requests_per_minute=1)
        with first.client(key) as client:
            assert client.post("/tts", json={"text": TEXT}).status_code == 200
        trips.clear()
        # Only Redis knows that its rate is used up.
        with second.client(key) as client:
            assert client.post("/tts", json={"text": TEXT}).status_code == 429
    assert HIT in chain(*trips) and TAKE not in chain(*trips)


def test_a_request_that_begins_no_work_keeps_no_place(pair: Pair, redis: RedisServer) -> None:
    with pair[0].client(limited(pair[0], requests_per_minute=2, concurrent=9)) as client:
        codes = [client.post("/tts", json={"text": text}).status_code for text in (None, TEXT, TEXT)]
        assert codes == [422, 200, 429]
    with Redis.from_url(redis.url) as other:
        wait(lambda: not other.keys("stts:concurrent:*"))


def test_speech_goes_on_while_redis_is_away_and_counts_there_again(redis: RedisServer, pair: Pair) -> None:
    key = limited(pair[0], requests_per_minute=4, concurrent=10)
    # Without a key, since an address may send few wrong ones.
    asking = [patient.Client(base_url=each.server.url) for each in pair]
    with pair[0].client(key) as here, asking[0] as anyone, asking[1] as there:
        assert here.post("/tts", json={"text": TEXT}).status_code == 200
        redis.kill()
        codes = [here.post("/tts", json={"text": TEXT}).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        wait(lambda: state(anyone) == "away")
        redis.start()
        wait(lambda: [state(anyone), state(there)] == ["up", "up"])
        with pair[1].client(limited(pair[0], requests_per_minute=1)) as other:
            assert [other.get("/v1/models").status_code for _ in range(2)] == [200, 429]


def test_where_it_is_to_refuse_the_answer_is_a_clear_503(redis: RedisServer, tmp_path: Path) -> None:
    redis.kill()
    limits: Any = {"redis_url": redis.url, "when_redis_is_away": "refuse"}
    with keyed_server(keyed_settings(tmp_path, limits=LimitSettings.model_validate(limits))) as keyed:
        with keyed.client(limited(keyed, requests_per_minute=4)) as client:
            refused = client.get("/v1/models")
            assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
            assert "Redis" in refused.text and PASSWORD not in refused.text
            assert client.get("/tts?text=Hi").json()["code"] == "limits_away"
        with keyed.client(limited(keyed, concurrent=4)) as client:
            assert client.post("/tts", json={"text": TEXT}).json()["code"] == "limits_away"
        with keyed.client(limited(keyed)) as client:
            assert client.post("/tts", json={"text": TEXT}).status_code == 200
            assert state(client) == "away"


def test_the_password_is_shown_nowhere(pair: Pair) -> None:
    for path in ("/config", "/config/schema", "/info", "/ready", "/admin/audit"):
        assert PASSWORD not in pair[0].admin.get(path).text, path


def test_a_server_without_redis_counts_alone(tmp_path: Path) -> None:
    with keyed_server(keyed_settings(tmp_path)) as keyed:
        assert state(keyed.admin) == "unused"
