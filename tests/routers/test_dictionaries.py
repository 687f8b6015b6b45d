"""Dictionaries over HTTP and sockets: of a request, of a voice and of the server, and what is kept of their speech."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from routers.websocket.conversation.commands import ConnectFields
from stts.conversation.config import SessionConfig
from stts.settings import CacheSettings, StorageSettings, TTSSettings
from tests import patient
from tests.audio import speech
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.routers.management.following import ended
from tests.routers.websocket.reader import CHARACTER_BYTES, Reader

pytestmark = pytest.mark.socket

TEXT = "Say STTS to Nguyen"
SERVER = {"STTS": "S T T S"}
OWN = {"nguyen": "Win"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("dictionaries")
    settings = keyed_settings(
        folder,
        tts=TTSSettings(order=("tone", "cloner", "blender"), dictionaries={"en": SERVER}),
        storage=StorageSettings(root=str(folder)),
        cache=CacheSettings(enabled=True),
    )
    engines = registry(cloner="tests.fakes:ClonerEngine", blender="tests.fakes:BlenderEngine")
    with keyed_server(settings, engines) as keyed:
        yield keyed


@pytest.fixture(scope="module")
def http(keyed: Keyed) -> Iterator[httpx.Client]:
    with keyed.client(str(keyed.key(role="write")["key"])) as client:
        yield client


def say(http: httpx.Client, text: str = TEXT, **fields: Any) -> tuple[int, str]:
    """Characters that the engine was given, as its tone tells, and X-Cache."""
    answer = http.post("/tts", json={"text": text, "format": "pcm", "stream": False, **fields})
    assert answer.status_code == 200, answer.text
    return round(len(answer.content) / CHARACTER_BYTES), answer.headers["x-cache"]


def test_a_change_is_heard_and_what_is_unchanged_is_known(http: httpx.Client) -> None:
    served, both = len("Say S T T S to Nguyen"), len("Say S T T S to Win")
    assert say(http) == (served, "MISS")
    assert say(http) == say(http) == (served, "HIT")
    assert say(http, dictionary=OWN) == (both, "MISS")
    assert say(http, dictionary=OWN) == (both, "HIT")
    assert say(http, dictionary={"nguyen": "Ngoo yen"}) == (len("Say S T T S to Ngoo yen"), "MISS")
    assert say(http, dictionary={"STTS": "it"}) == (len("Say it to Nguyen"), "MISS")
    assert say(http, dictionary={"elsewhere": "there"}) == say(http, dictionary={}) == (served, "HIT")
    assert say(http, "Another text") == (len("Another text"), "MISS")
    assert say(http, "Another text", dictionary=OWN) == (len("Another text"), "HIT")


def test_a_query_takes_it_as_json(http: httpx.Client) -> None:
    query = {"text": "By query to Nguyen", "format": "pcm", "dictionary": '{"Nguyen": "Win"}'}
    answer = http.get("/tts", params=query)
    assert round(len(answer.content) / CHARACTER_BYTES) == len("By query to Win")


def test_other_dialects_speak_by_the_server_s_words(http: httpx.Client) -> None:
    body = {"model": "tone", "input": "OpenAI says STTS", "voice": "low", "response_format": "pcm"}
    answer = http.post("/v1/audio/speech", json=body)
    assert round(len(answer.content) * 16 / 24 / CHARACTER_BYTES) == len("OpenAI says S T T S")


@pytest.mark.parametrize("made", ["recording", "blend"])
def test_a_voice_has_its_own_words_until_they_are_taken_from_it(http: httpx.Client, made: str) -> None:
    files = {"file": ("a.flac", speech())} if made == "recording" else None
    form = {"name": f"Words of a {made}", "dictionary": '{"Nguyen": "Win"}'}
    form |= {} if files else {"blend": "low(0.5)+high(0.5)"}
    voice = http.post("/v1/voices", files=files, data=form)
    assert voice.status_code == 201 and voice.json()["defaults"]["dictionary"] == {"Nguyen": "Win"}
    one, name = f"/v1/voices/{voice.json()['id']}", voice.json()["name"]
    own, other, none = (len(f"Say S T T S to {word}") for word in ("Win", "Winnie", "Nguyen"))
    assert say(http, voice=name) == (own, "MISS")
    assert say(http, voice=name) == (own, "HIT")
    assert say(http, voice=name, dictionary={"Nguyen": "Winnie"}) == (other, "MISS")
    changed = http.patch(one, json={"defaults": {"dictionary": {"Nguyen": "Winnie"}}})
    assert changed.json()["defaults"] == {"speed": None, "parameters": {}, "dictionary": {"Nguyen": "Winnie"}}
    assert say(http, voice=name) == (other, "HIT")
    assert http.patch(one, json={"defaults": {}}).json()["defaults"]["dictionary"] == {}
    assert say(http, voice=name) == (none, "MISS")
    http.patch(one, json={"defaults": {"dictionary": {"Nguyen": "Win"}}})
    assert say(http, voice=name) == (own, "HIT"), "what was spoken before is there again"


@pytest.mark.parametrize(
    "wrong", [{"secret": ""}, {"": "secret"}, {"secret\n": "x"}, ["secret"], "{secret", {"secret": "x" * 1000}]
)
def test_what_is_wrong_is_refused_everywhere_without_its_words(http: httpx.Client, wrong: Any) -> None:
    body = {"text": TEXT, "dictionary": wrong}
    answers = [
        http.post("/tts", json=body),
        http.post("/v1/voices", data={"name": "x", "blend": "low+high", "dictionary": str(wrong).replace("'", '"')}),
        http.post("/jobs/speech", json={"items": [body]}),
    ]
    for answer in answers:
        assert answer.status_code in (400, 422) and "dictionary" in answer.text and "secret" not in answer.text


async def test_words_cut_across_messages_are_not_missed(keyed: Keyed, http: httpx.Client) -> None:
    address = f"{keyed.server.url.replace('http', 'ws')}/ws/tts"
    async with patient.connect(address, additional_headers={"X-API-Key": http.headers["x-api-key"]}) as client:
        reader = Reader(client)
        await reader.say({"type": "config", "dictionary": {"New York": "NY"}})
        for part in ("Say ST", "TS in New", " Yo", "rk, please."):
            await reader.say({"type": "text", "text": part})
        await reader.say({"type": "end"})
        await reader.until("audio.done")
        assert " ".join(event["text"] for event in reader.of("piece")) == "Say STTS in New York, please."
        between = len(reader.of("piece")) - 1
        assert round(len(reader.data) / CHARACTER_BYTES) == len("Say S T T S in NY, please.") - between
        await reader.say({"type": "config", "dictionary": {"": "NY"}})
        error = await reader.until("error")
        assert "dictionary" in str(error)


def test_items_of_a_job_have_theirs(http: httpx.Client) -> None:
    items = ["Job to Nguyen", {"text": "Job to Nguyen", "dictionary": {"Nguyen": "Winnie"}}]
    job = http.post("/jobs/speech", json={"items": items, "format": "pcm", "dictionary": OWN}).json()
    assert ended(http, job["id"])["state"] == "done"
    lengths = [len(http.get(f"/jobs/{job['id']}/items/{number}/content").content) for number in (0, 1)]
    assert [round(length / CHARACTER_BYTES) for length in lengths] == [len("Job to Win"), len("Job to Winnie")]


def test_an_item_is_spoken_anew_only_where_its_voice_says_it_otherwise(http: httpx.Client) -> None:
    form = {"name": "Words of a job", "blend": "low(0.3)+high(0.7)", "dictionary": '{"Nguyen": "Win"}'}
    one = f"/v1/voices/{http.post('/v1/voices', data=form).json()['id']}"

    def spoken() -> list[tuple[int, int]]:
        body = {"items": ["Ask Nguyen", "Ask nobody"], "format": "pcm", "voice": "Words of a job"}
        job = ended(http, http.post("/jobs/speech", json=body).json()["id"])
        contents = [http.get(f"/jobs/{job['id']}/items/{number}/content") for number in (0, 1)]
        return [(round(len(each.content) / CHARACTER_BYTES), each.status_code) for each in contents]

    assert spoken() == [(len("Ask Win"), 200), (len("Ask nobody"), 200)]
    http.patch(one, json={"defaults": {"dictionary": {"Nguyen": "Winnie"}}})
    assert spoken() == [(len("Ask Winnie"), 200), (len("Ask nobody"), 200)]


def test_sessions_take_it_in_the_query_and_later() -> None:
    query = ConnectFields.model_validate({"dictionary": '{"Nguyen": "Win"}'})
    speak = query.asked().fields().over(SessionConfig(), 16_000).speak
    assert speak is not None and speak.dictionary == {"Nguyen": "Win"}
