"""Requests that come again, of keys: each is asked for its key, its rates, its quotas and its places as any other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from middleware.edge.request_memory import RequestMemory
from stts.settings import CacheSettings, EngineSettings, TTSSettings
from tests.audio import encoded, tone
from tests.fakes import NO_FALL_BACK, registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.repeating import SPOKEN, memory_of

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(
        tmp_path_factory.mktemp("repeats"),
        tts=TTSSettings(order=("cloner", "tone")),
        cache=CacheSettings(),
        engines=EngineSettings(options={"tone": {"speed": 1000.0}}),
        routing=NO_FALL_BACK,
    )
    with keyed_server(settings, registry(cloner="tests.fakes:ClonerEngine")) as keyed:
        with keyed.client(keyed.key(role="write")["key"]) as client:
            # Until the server has read all keys of the database once, it looks each up.
            asked_until_remembered(client, memory_of(keyed.server.services))
        yield keyed


@pytest.fixture
def memory(keyed: Keyed) -> RequestMemory:
    return memory_of(keyed.server.services)


def spoken(client: httpx.Client, **wishes: Any) -> httpx.Response:
    return client.post("/tts", json={**SPOKEN, "voice": "low", **wishes})


def asked_until_remembered(client: httpx.Client, memory: RequestMemory, **wishes: Any) -> int:
    """Tells how often that was: on a busy machine a body may come so late that its request is routed."""
    before, count, deadline = memory.answered, 0, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert spoken(client, **wishes).status_code == 200
        count += 1
        if memory.answered > before:
            return count
    raise AssertionError("it is never remembered")


def test_a_revoked_key_is_refused_at_once(keyed: Keyed, memory: RequestMemory) -> None:
    key = keyed.key(role="write")
    with keyed.client(key["key"]) as client:
        asked_until_remembered(client, memory)
        assert keyed.admin.delete(f"/admin/keys/{key['id']}").status_code in (200, 204)
        refused = [spoken(client) for _ in range(3)]
    assert [each.status_code for each in refused] == [401] * 3 and "x-cache" not in refused[0].headers


def test_a_key_that_may_do_less_is_refused_at_once(keyed: Keyed, memory: RequestMemory) -> None:
    key = keyed.key(role="write")
    with keyed.client(key["key"]) as client:
        asked_until_remembered(client, memory)
        changed = keyed.admin.patch(f"/admin/keys/{key['id']}", json={"version": key["version"], "role": "read"})
        assert changed.status_code == 200, changed.text
        assert spoken(client).status_code == 403


def test_a_key_that_keeps_out_of_the_cache_is_never_remembered(keyed: Keyed, memory: RequestMemory) -> None:
    with keyed.client(keyed.key(role="write", cache=False)["key"]) as client:
        before = memory.answered
        answers = [spoken(client) for _ in range(5)]
    assert {each.status_code for each in answers} == {200} and memory.answered == before
    assert not any("x-cache" in each.headers for each in answers)


def test_a_key_that_opts_out_later_is_repeated_no_more(keyed: Keyed, memory: RequestMemory) -> None:
    key = keyed.key(role="write")
    with keyed.client(key["key"]) as client:
        asked_until_remembered(client, memory)
        changed = keyed.admin.patch(f"/admin/keys/{key['id']}", json={"version": key["version"], "cache": False})
        assert changed.status_code == 200, changed.text
        before = memory.answered
        answers = [spoken(client) for _ in range(3)]
    assert {each.status_code for each in answers} == {200} and memory.answered == before
    assert not any("x-cache" in each.headers for each in answers)


def test_another_key_is_not_the_same_caller(keyed: Keyed, memory: RequestMemory) -> None:
    with keyed.client(keyed.key(role="write")["key"]) as one, keyed.client(keyed.key(role="read")["key"]) as other:
        asked_until_remembered(one, memory)
        assert [spoken(other).status_code for _ in range(3)] == [403] * 3
    with keyed.client("stts_nobody_nothing") as nobody:
        assert spoken(nobody).status_code == 401


def test_a_private_voice_is_never_remembered(keyed: Keyed, memory: RequestMemory) -> None:
    with keyed.client(keyed.key(role="write")["key"]) as client:
        file = {"file": ("mine.wav", encoded(tone(0.2)))}
        assert client.post("/files", files=file, data={"kind": "references"}).status_code == 201
        before = memory.answered
        answers = [spoken(client, engine="cloner", voice="mine.wav") for _ in range(5)]
    assert [each.headers["x-cache"] for each in answers] == ["MISS"] + ["HIT"] * 4
    assert memory.answered == before


def test_a_rate_holds_to_the_request(keyed: Keyed, memory: RequestMemory) -> None:
    with keyed.client(keyed.key(role="write", limits={"requests_per_minute": 30})["key"]) as client:
        asked = asked_until_remembered(client, memory)
        answers = [spoken(client) for _ in range(33 - asked)]
    assert [each.status_code for each in answers] == [200] * (30 - asked) + [429] * 3
    assert f'requests-key";r={29 - asked};' in answers[0].headers["ratelimit"] and "age" in answers[0].headers
    assert 'requests-key";r=0;' in answers[-4].headers["ratelimit"]
    assert answers[-4].headers["ratelimit-policy"] == '"requests-key";q=30;w=60'
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_quota_holds_to_the_character(keyed: Keyed, memory: RequestMemory) -> None:
    size = len(SPOKEN["text"])
    limits = {"characters_per_day": 30 * size + size - 1, "requests_per_minute": 100}
    with keyed.client(keyed.key(role="write", limits=limits)["key"]) as client:
        asked = asked_until_remembered(client, memory)
        answers = [spoken(client) for _ in range(32 - asked)]
    assert [each.status_code for each in answers] == [200] * (30 - asked) + [429] * 2
    assert f'characters-day-key";r={(30 - asked) * size - 1};' in answers[0].headers["ratelimit"]
    assert f'characters-day-key";r={size - 1};' in answers[-3].headers["ratelimit"]
    assert answers[-1].json()["code"] == "quota_exceeded"
    # Who is refused by a quota is counted for the rate once.
    assert 'requests-key";r=68;' in answers[-1].headers["ratelimit"]


def test_seconds_are_counted_as_they_are(keyed: Keyed, memory: RequestMemory) -> None:
    with keyed.client(keyed.key(role="write", limits={"audio_seconds_out_per_day": 100})["key"]) as client:
        asked = asked_until_remembered(client, memory)
        left = [spoken(client).headers["ratelimit"].partition("r=")[2].partition(";")[0] for _ in range(3)]
    seconds = 0.06 * len(SPOKEN["text"])
    assert [int(each) for each in left] == [int(100 - seconds * count) for count in (asked + 1, asked + 2, asked + 3)]


def test_places_are_given_back(keyed: Keyed, memory: RequestMemory) -> None:
    with keyed.client(keyed.key(role="write", limits={"concurrent": 1})["key"]) as client:
        asked_until_remembered(client, memory)
        assert [spoken(client).status_code for _ in range(5)] == [200] * 5


def test_the_clients_of_openai_read_what_is_left(keyed: Keyed, memory: RequestMemory) -> None:
    limits = {"requests_per_minute": 100, "characters_per_day": 1000}
    body = {"model": "tone", "voice": "low", "input": "Good evening."}
    with keyed.client(keyed.key(role="write", limits=limits)["key"]) as client:
        answers = [client.post("/v1/audio/speech", json=body) for _ in range(5)]
    left = [each.headers["x-ratelimit-remaining-requests"] for each in answers]
    assert left == ["99", "98", "97", "96", "95"] and memory.answered >= 2
    assert answers[4].headers["x-ratelimit-remaining-tokens"] == str(1000 - 5 * 13)
    assert set(answers[1].headers) == set(answers[4].headers)


def test_usage_has_each_of_them(keyed: Keyed, memory: RequestMemory) -> None:
    key = keyed.key(role="write")
    with keyed.client(key["key"]) as client:
        asked = asked_until_remembered(client, memory)
    usage = keyed.server.services.access.usage
    assert usage is not None
    asyncio.run_coroutine_threadsafe(usage.write(), keyed.server._loop).result(PATIENCE)
    rows = keyed.admin.get("/analytics/usage", params={"group": "key"}).json()["rows"]
    row = next(row for row in rows if row["key"] == key["id"])
    assert (row["operations"], row["characters"]) == (asked, asked * len(SPOKEN["text"]))
    assert row["cache_hits"] in (asked, asked - 1), "the first was made, unless another test had it made"
