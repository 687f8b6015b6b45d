"""The cache between users, over HTTP: nobody hears what another's voice has said, and nothing half made is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest

from stts.settings import CacheSettings, EngineSettings, TTSSettings
from tests import patient
from tests.audio import encoded, tone
from tests.fakes import NO_FALL_BACK, registry
from tests.keyed import Keyed, keyed_server, keyed_settings

pytestmark = pytest.mark.socket

HALF = "This is the first of many sentences, and it is spoken to its end. " * 5 + "Then explode."
"""The engine fails at its end."""


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(
        tmp_path_factory.mktemp("cached"),
        tts=TTSSettings(order=("cloner", "tone")),
        cache=CacheSettings(),
        engines=EngineSettings(options={"tone": {"fail_on": "explode", "speed": 30.0}}),
        routing=NO_FALL_BACK,
    )
    with keyed_server(settings, registry(cloner="tests.fakes:ClonerEngine")) as keyed:
        yield keyed


@pytest.fixture
def users(keyed: Keyed) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with keyed.client(keyed.key(role="write")["key"]) as one, keyed.client(keyed.key(role="write")["key"]) as other:
        yield one, other


def uploaded(http: httpx.Client, name: str, seconds: float) -> str:
    answer = http.post("/files", files={"file": (name, encoded(tone(seconds)))}, data={"kind": "references"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def spoken(http: httpx.Client, **wishes: object) -> httpx.Response:
    return http.post("/tts", json={"text": "Only for me.", "stream": False, **wishes})


@pytest.mark.parametrize(("name", "seconds"), [("same.wav", 0.2), ("longer.wav", 0.4)])
def test_a_private_voice_of_another_is_no_hit(
    users: tuple[httpx.Client, httpx.Client], name: str, seconds: float
) -> None:
    anna, bert = users
    voice = uploaded(anna, name, 0.2)
    own = [spoken(anna, voice=name) for _ in range(2)]
    assert [each.headers["x-cache"] for each in own] == ["MISS", "HIT"]
    for theirs in (voice, name):
        refused = spoken(bert, voice=theirs)
        assert refused.status_code >= 400 and "x-cache" not in refused.headers
    uploaded(bert, name, seconds)
    assert spoken(bert, voice=name).headers["x-cache"] == "MISS", "also where the recordings are equal"
    assert spoken(bert, voice=voice).status_code >= 400
    assert spoken(anna, voice=voice).headers["x-cache"] == "HIT"


def test_what_everybody_may_use_is_a_hit_for_another(users: tuple[httpx.Client, httpx.Client]) -> None:
    answers = [spoken(http, text="For everybody.", engine="tone", voice="low") for http in users]
    assert [each.headers["x-cache"] for each in answers] == ["MISS", "HIT"]
    assert answers[0].content == answers[1].content


def test_what_a_key_may_not_use_is_no_hit(keyed: Keyed, users: tuple[httpx.Client, httpx.Client]) -> None:
    high = {"text": "Up here.", "engine": "tone", "voice": "high"}
    assert spoken(users[0], **high).headers["x-cache"] == "MISS"
    for limits in ({"allowed_voices": ["low"]}, {"allowed_engines": ["cloner"]}):
        with keyed.client(keyed.key(role="write", **limits)["key"]) as limited:
            refused = spoken(limited, **high)
            assert refused.status_code == 403 and "x-cache" not in refused.headers


def kept_and_hit(keyed: Keyed) -> tuple[int, int]:
    """Entries that are kept, answers and sentences, and how often one was found."""
    tiers = keyed.admin.get("/cache").json()["tiers"]
    return sum(each["entries"] for each in tiers), sum(each["hits"] for each in tiers)


def test_a_key_that_keeps_out_of_it(keyed: Keyed, users: tuple[httpx.Client, httpx.Client]) -> None:
    wanted = {"text": "Kept for some. Not for others.", "engine": "tone", "voice": "low"}
    made = keyed.key(role="write", cache=False)
    with keyed.client(made["key"]) as private:
        before = kept_and_hit(keyed)
        answers = [spoken(private, **wanted) for _ in range(3)]
        assert not any("x-cache" in each.headers for each in answers)
        assert kept_and_hit(keyed) == before
        assert spoken(users[0], **wanted).headers["x-cache"] == "MISS", "nothing was kept"
        assert spoken(users[1], **wanted).headers["x-cache"] == "HIT"
        for control in ("no-cache", "max-age=60"):
            answer = private.post("/tts", json={**wanted, "stream": False}, headers={"Cache-Control": control})
            assert answer.status_code == 200 and "x-cache" not in answer.headers
        assert "x-cache" not in spoken(private, **wanted).headers, "nor is it answered with what is there"
        change = {"version": made["version"], "cache": True}
        assert keyed.admin.patch(f"/admin/keys/{made['id']}", json=change).status_code == 200
        assert spoken(private, **wanted).headers["x-cache"] == "HIT"


async def heard(keyed: Keyed, key: str, text: str) -> bytes:
    """The audio of a text over the socket."""
    audio, address = b"", f"ws{keyed.server.url[4:]}/ws/tts"
    async with patient.connect(address, additional_headers={"X-API-Key": key}) as socket:
        config = {"type": "config", "engine": "tone", "voice": "low"}
        for event in (config, {"type": "text", "text": text}, {"type": "end"}):
            await socket.send(json.dumps(event))
        while True:
            message = await socket.recv()
            if isinstance(message, bytes):
                audio += message
            elif json.loads(message)["type"] == "audio.done":
                return audio


def done(http: httpx.Client, text: str) -> None:
    """The text is spoken by a job."""
    item = {"engine": "tone", "voice": "low"}
    job = http.post("/jobs/speech", json={"items": [{**item, "text": text}]})
    assert job.status_code == 202, job.text
    with http.stream("GET", f"/jobs/{job.json()['id']}/events") as events:
        assert '"done": 1' in list(filter(None, events.iter_lines()))[-1].replace('":1', '": 1')


@pytest.mark.parametrize("cache", [True, False])
def test_sockets_and_jobs_of_a_key_that_keeps_out_of_it(
    keyed: Keyed, users: tuple[httpx.Client, httpx.Client], cache: bool
) -> None:
    known = f"Everybody has heard this sentence {'often' if cache else 'a lot'}."
    assert spoken(users[0], text=known, engine="tone", voice="low").headers["x-cache"] == "MISS"
    made = keyed.key(role="write", cache=cache)
    with keyed.client(made["key"]) as http:
        before = kept_and_hit(keyed)
        assert asyncio.run(heard(keyed, made["key"], known))
        after_socket = kept_and_hit(keyed)
        done(http, known)
        after_job = kept_and_hit(keyed)
    if cache:
        assert before != after_socket and after_socket[1] < after_job[1], "else the other case would show nothing"
    else:
        assert before == after_socket == after_job


def test_what_fails_after_its_first_audio_is_not_kept(users: tuple[httpx.Client, httpx.Client]) -> None:
    for http in (*users, users[0]):
        heard = b""
        wanted = {"text": HALF, "engine": "tone", "format": "pcm", "stream": True}
        with http.stream("POST", "/tts", json=wanted) as answer:
            assert (answer.status_code, answer.headers["x-cache"]) == (200, "MISS")
            with pytest.raises(httpx.RemoteProtocolError):
                for data in answer.iter_bytes():
                    heard += data
        assert heard, "a part was sent"
