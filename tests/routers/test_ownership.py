"""Files, voices and sessions of one user are for another as if they were not there, on every route and dialect."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from wyoming.info import Describe
from wyoming.tts import Synthesize, SynthesizeVoice

from stts.settings import TTSSettings, WyomingSettings
from tests import patient
from tests.audio import encoded, tone
from tests.fakes import registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patient import PATIENCE
from tests.routers.wyoming.conftest import Client, free_port

pytestmark = pytest.mark.socket


class User:
    """A user with a key to write."""

    def __init__(self, keyed: Keyed, seconds: float) -> None:
        self.url = keyed.server.url
        made = keyed.key(role="write")
        self.id, self.key = str(made["user_id"]), str(made["key"])
        self.http = keyed.client(self.key)
        self.voice = self.upload("anna.wav", seconds).json()
        """A voice that each has under the same name."""
        self.private = self.upload(f"only {self.id}", seconds).json()

    def upload(self, name: str, seconds: float, **form: str) -> httpx.Response:
        form = {"kind": "references", **form}
        return self.http.post("/files", files={"file": (name, encoded(tone(seconds)))}, data=form)

    def socket(self, path: str) -> Any:
        url = self.url.replace("http", "ws", 1)
        return patient.connect(f"{url}{path}", additional_headers={"X-API-Key": self.key})


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    settings = keyed_settings(
        tmp_path_factory.mktemp("owned"),
        tts=TTSSettings(order=("cloner",)),
        wyoming=WyomingSettings(enabled=True, port=free_port()),
    )
    with keyed_server(settings, registry(cloner="tests.fakes:ClonerEngine")) as keyed:
        yield keyed


@pytest.fixture(scope="module")
def anna(keyed: Keyed) -> Iterator[User]:
    user = User(keyed, 0.2)
    yield user
    user.http.close()


@pytest.fixture(scope="module")
def bert(keyed: Keyed) -> Iterator[User]:
    user = User(keyed, 0.4)
    yield user
    user.http.close()


def spoken(http: httpx.Client, voice: str) -> httpx.Response:
    return http.post("/tts", json={"text": "Hello there", "voice": voice, "format": "pcm"})


def test_a_name_means_ones_own_voice(anna: User, bert: User) -> None:
    answers = [spoken(user.http, "anna") for user in (anna, bert)]
    assert [answer.headers["x-voice"] for answer in answers] == ["anna.wav", "anna.wav"]
    assert answers[0].content != answers[1].content
    for user, answer in zip((anna, bert), answers, strict=True):
        assert spoken(user.http, user.voice["id"]).content == answer.content


def requests_with(voice: str) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("POST", "/tts", {"json": {"text": "Hello", "voice": voice}}),
        ("GET", "/tts", {"params": {"text": "Hello", "voice": voice}}),
        ("HEAD", "/tts", {"params": {"text": "Hello", "voice": voice}}),
        ("POST", "/v1/audio/speech", {"json": {"input": "Hello", "voice": voice, "model": "tts-1"}}),
        ("POST", "/conversation", {"json": {"text": "Hello", "voice": voice}}),
    ]


def test_the_voice_of_another_is_unknown_everywhere(anna: User, bert: User) -> None:
    for stranger, own in (("id", "id"), ("name", "name")):
        theirs = requests_with(anna.private[stranger])
        unknown = requests_with("ref_" + "x" * 22 if stranger == "id" else f"only {'0' * 16}")
        mine = requests_with(bert.private[own])
        for refused, missing, served in zip(theirs, unknown, mine, strict=True):
            answers = [bert.http.request(method, path, **more) for method, path, more in (refused, missing, served)]
            statuses = [answer.status_code for answer in answers]
            assert statuses[0] == statuses[1] >= 400 and statuses[2] < 300, (refused, statuses, answers[2].text)
            told = [answer.text.replace(anna.id, "0" * 16).replace(anna.private["id"], "?") for answer in answers[:2]]
            assert without_ids(told[0]) == without_ids(told[1].replace("ref_" + "x" * 22, "?"))


def without_ids(text: str) -> str:
    """A problem without the id of its request."""
    fields = json.loads(text or "{}")
    fields = fields.get("error", fields)
    return json.dumps({name: value for name, value in fields.items() if "request" not in name}, sort_keys=True)


SAY = {
    "/ws/tts": [{"type": "text", "text": "Hello."}, {"type": "end"}],
    "/v1/audio/speech/stream": [{"type": "input.text", "text": "Hello."}, {"type": "input.done"}],
}
"""Words for the sockets that do not answer a configuration."""


@pytest.mark.parametrize(
    ("path", "config"),
    [
        ("/ws/tts", {"type": "config"}),
        ("/v1/audio/speech/stream", {"type": "session.config", "model": "tts-1"}),
        ("/ws/conversation/v2", {"type": "session.update", "config": {}}),
        ("/v1/realtime?model=gpt-realtime", {"type": "session.update", "session": {"type": "realtime"}}),
    ],
)
async def test_the_voice_of_another_on_sockets(anna: User, bert: User, path: str, config: dict[str, Any]) -> None:
    theirs, mine = anna.private, bert.private
    async with bert.socket(path) as socket:
        for voice in (theirs["id"], theirs["name"]):
            await socket.send(json.dumps(with_voice(config, voice)))
            assert await next_event(socket, "error")
        for message in (with_voice(config, mine["id"]), *SAY.get(path, [])):
            await socket.send(json.dumps(message))
        event = await next_event(socket, "error", "session.updated", "audio.start")
        assert event["type"] != "error"


def with_voice(config: dict[str, Any], voice: str) -> dict[str, Any]:
    if "session" in config:
        return {**config, "session": {**config["session"], "audio": {"output": {"voice": voice}}}}
    return {**config, "config": {"voice": voice}} if "config" in config else {**config, "voice": voice}


async def next_event(socket: Any, *types: str) -> dict[str, Any]:
    while True:
        message = await socket.recv()
        event: dict[str, Any] = json.loads(message) if isinstance(message, str) else {"type": "audio"}
        if event["type"] in types:
            return event


def test_lists_show_ones_own(keyed: Keyed, anna: User, bert: User) -> None:
    def listed(http: httpx.Client) -> str:
        return "".join(http.get(path).text for path in ("/voices", "/v1/audio/voices", "/v1/audio/voices?legacy=true"))

    for user, other in ((anna, bert), (bert, anna)):
        assert user.id in listed(user.http) and other.id not in listed(user.http)
        own = user.http.get("/files").json()
        assert {each["owner"] for each in own["files"]} == {user.id} and own["total"] == len(own["files"])
    owners = {each["owner"] for each in keyed.admin.get("/files?limit=1000").json()["files"]}
    assert {anna.id, bert.id} <= owners
    read = keyed.key(role="read", user_id=anna.id)
    with keyed.client(read["key"]) as reader:
        assert anna.id in listed(reader) and reader.get("/files").status_code == 403


def test_files_of_another_are_not_there(keyed: Keyed, anna: User, bert: User) -> None:
    upload = anna.upload("call", 0.1, kind="uploads").json()
    kept = anna.http.post("/tts", json={"text": "Hello", "save": True})
    ids = [upload["id"], kept.headers["x-file-id"], anna.private["id"]]
    wait_for(anna.http, ids[1])
    for id in ids:
        for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
            answer = bert.http.request(method, f"/files/{id}{path}")
            assert answer.status_code == 404 and id not in answer.text, (method, path)
        assert bert.http.patch(f"/files/{id}", json={"shared": True}).status_code == 403
        assert anna.http.get(f"/files/{id}/content").status_code == 200
        assert keyed.admin.get(f"/files/{id}").json()["owner"] == anna.id
    assert anna.http.delete(f"/files/{upload['id']}").status_code == 200
    assert keyed.admin.delete(f"/files/{ids[1]}").status_code == 200


def wait_for(http: httpx.Client, id: str) -> None:
    """A file is kept when the last of it has left."""
    deadline = time.monotonic() + PATIENCE
    while http.get(f"/files/{id}").status_code == 409:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_administrator_shares_a_voice(keyed: Keyed, anna: User, bert: User) -> None:
    voice = anna.upload("chorus", 0.3, consent="Anna, 2026-11-29").json()
    assert voice["consent"] == "Anna, 2026-11-29" and voice["shared"] is False
    assert keyed.admin.patch(f"/files/{voice['id']}", json={"shared": True}).json()["shared"] is True
    assert spoken(bert.http, "chorus").content == spoken(anna.http, "chorus").content
    assert bert.http.get(f"/files/{voice['id']}").status_code == 404
    assert bert.upload("Chorus", 0.3).status_code == 409
    assert keyed.admin.patch(f"/files/{voice['id']}", json={"shared": False}).json()["shared"] is False
    assert spoken(bert.http, "chorus").status_code == 422
    assert anna.http.delete(f"/files/{voice['id']}").status_code == 200
    entries = keyed.admin.get("/admin/audit", params={"target": voice["id"], "limit": 10}).json()
    told = {entry["action"]: entry["details"] for entry in entries["entries"]}
    assert told.keys() == {"file.upload", "file.share", "file.delete"}
    assert all(details["consent"] == "Anna, 2026-11-29" for details in told.values())
    assert all(details["owner"] == anna.id for details in told.values())


def test_a_session_is_resumed_by_who_began_it(keyed: Keyed, anna: User, bert: User) -> None:
    begun = anna.http.post("/conversation", json={"text": "Hello", "stream": False}).json()["session"]
    more = {"text": "And now?", "session": begun, "stream": False}
    for http in (bert.http, keyed.admin):
        refused = http.post("/conversation", json=more)
        assert refused.status_code == 404
        assert refused.json()["detail"] == http.post("/conversation", json=more | {"session": "x"}).json()["detail"]
    assert anna.http.post("/conversation", json=more).json()["session"] == begun


async def test_nobody_takes_over_the_session_of_another(anna: User, bert: User) -> None:
    async with anna.socket("/ws/conversation/v2?mode=text") as mine:
        session = json.loads(await mine.recv())["session"]
        async with bert.socket(f"/ws/conversation/v2?session={session}") as theirs:
            refused = json.loads(await theirs.recv())
        assert (refused["type"], refused["code"]) == ("error", "not_found")
        await mine.send(json.dumps({"type": "ping", "text": "still here"}))
        assert json.loads(await mine.recv())["text"] == "still here"


def test_jobs_of_others_are_not_there(anna: User) -> None:
    assert anna.http.get("/jobs").json() == []
    for method, path in (("GET", ""), ("GET", "/events"), ("DELETE", "")):
        assert anna.http.request(method, f"/jobs/job-0123456789abcdef{path}").status_code == 404
    assert anna.http.post("/models/pull", json={"model": "x"}).status_code == 403


async def test_clients_without_keys_speak_with_voices_of_everybody(keyed: Keyed, anna: User) -> None:
    folder = Path(keyed.settings.storage.root) / "references"
    (folder / "chorister.wav").write_bytes(encoded(tone(0.3)))
    port = keyed.settings.wyoming.port
    async with Client(port) as client:
        await client.write_event(Describe().event())
        (info,) = await client.until("info")
    listed = str(info.data)
    assert "chorister" in listed and anna.id not in listed and "anna.wav" not in listed
    theirs = [(voice, "error") for voice in (anna.private["id"], anna.private["name"])]
    for voice, last in (*theirs, ("chorister", "audio-stop")):
        async with Client(port) as client:
            await client.write_event(Synthesize("Hello", voice=SynthesizeVoice(name=voice)).event())
            assert (await client.until("error", "audio-stop"))[-1].type == last, voice
