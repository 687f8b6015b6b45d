"""A busy run leaves nothing that anybody said, no key and no token: in no line, no database, no file, no trace."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import structlog
from websockets.exceptions import InvalidStatus

from middleware.logs.configuring import configure_logging
from stts.access.key_text import KeyText
from stts.settings import LoggingSettings, PrivacySettings, Settings, TelemetrySettings
from tests import patient
from tests.audio import encoded, speech, tone
from tests.fakes import NO_FALL_BACK, registry
from tests.keyed import Keyed, keyed_server, keyed_settings
from tests.patience import PATIENCE
from tests.receiver import Receiver, receiving

pytestmark = [pytest.mark.socket, pytest.mark.long]

SAID = "Xylophonist wombat"
HEARD = "word0"
"""Told by the engine that listens, whatever it hears."""


@dataclass
class Run:
    """A server under observation, and the secrets that went in and out of it."""

    keyed: Keyed
    log: io.StringIO
    receiver: Receiver
    secrets: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return Path(self.keyed.settings.storage.root)

    def key(self, **wishes: Any) -> dict[str, Any]:
        made = self.keyed.key(**wishes)
        self.hide(made["key"])
        return made

    def hide(self, key: str) -> str:
        """Nothing of the key but its id may be found again."""
        text = KeyText.parse(key.encode())
        assert text is not None
        self.secrets |= {key, text.secret.decode()}
        return key

    def places(self) -> dict[str, bytes]:
        """Everything that the server has written."""
        files = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        return {"log": self.log.getvalue().encode(), "traces": b"".join(self.receiver.bodies), **files}


def found(places: dict[str, bytes], wanted: str) -> list[str]:
    """The places that hold a text, as it is or as JSON writes it."""
    return [place for place, data in places.items() if wanted.lower().encode() in data.lower()]


@contextmanager
def watched(folder: Path, texts: Any) -> Iterator[Run]:
    log = io.StringIO()
    with receiving() as receiver:
        settings = Settings.model_validate(
            {
                **keyed_settings(folder).model_dump(),
                "engines": {
                    "options": {"tone": {"fail_on": "explode"}},
                    "instances": {
                        "near": {"engine": "quoting"},
                        "far": {"engine": "quoting", "runs_in": "process", "options": {"prints": True}},
                    },
                },
                "routing": NO_FALL_BACK,
                "privacy": PrivacySettings(texts=texts),
                "logging": LoggingSettings(level="debug", format="json"),
                "telemetry": TelemetrySettings(enabled=True, endpoint=receiver.endpoint),
            }
        )
        configure_logging(lambda: settings, log)
        # The clients of this test run beside the server, and tell where they go.
        clients = [logging.getLogger(name) for name in ("httpx", "httpcore", "websockets.client")]
        for client in clients:
            client.propagate = False
        try:
            with (
                redirect_stdout(log),
                redirect_stderr(log),
                keyed_server(settings, registry(quoting="tests.quoting:QuotingEngine")) as keyed,
            ):
                run = Run(keyed, log, receiver)
                run.hide(keyed.admin.headers["authorization"].removeprefix("Bearer "))
                yield run
        finally:
            structlog.reset_defaults()
            for client in clients:
                client.propagate = True


def administer(run: Run) -> str:
    """Makes, changes, rotates, revokes and refuses keys; tells one that works."""
    made, gone = run.key(role="write"), run.key(role="read")
    rotated = run.keyed.admin.post(f"/admin/keys/{made['id']}/rotate", json={"overlap_seconds": 60}).json()
    run.keyed.admin.patch(f"/admin/keys/{made['id']}", json={"version": 2, "name": "phone"})
    run.keyed.admin.delete(f"/admin/keys/{gone['id']}")
    stranger = run.hide(str(KeyText.new()))
    run.secrets.add(stranger[:40])
    url = run.keyed.server.url
    for key in (gone["key"], stranger, stranger[:40], f"{made['key']}x"):
        patient.get(f"{url}/me", headers={"Authorization": f"Bearer {key}"})
        patient.get(f"{url}/me?api_key={key}")
        patient.get(f"{url}/tts/{key}", params={"text": SAID})
    return run.hide(rotated["key"])


def speak(http: httpx.Client) -> None:
    says = {"text": f"{SAID} one"}
    for engine in ("tone", "near", "far"):
        assert http.post("/tts", json={**says, "engine": engine, "save": True}).status_code == 200
        assert http.post("/tts", json={"text": f"explode {SAID}", "engine": engine}).status_code >= 500
    assert http.get("/tts", params=says).status_code == 200
    assert http.head("/tts", params=says).status_code == 200
    spoken = http.post("/v1/audio/speech", json={"input": SAID, "voice": "alloy", "model": "tts-1"})
    assert spoken.status_code == 200
    for wrong in ({"voice": SAID}, {"engine": SAID}, {"language": SAID}, {"format": SAID}, {SAID: 1}, {"speed": SAID}):
        assert 400 <= http.post("/tts", json={**says, **wrong}).status_code < 500, wrong
    http.post("/tts", content=f'{{"text": "{SAID}'.encode(), headers={"content-type": "application/json"})
    http.get(f"/{SAID}")


def listen(http: httpx.Client) -> None:
    sound = encoded(tone(1.2))
    told = http.post("/stt", files={"file": ("call.flac", speech())})
    assert HEARD in told.text
    for path, fields in (
        ("/stt", {"language": SAID}),
        ("/v1/audio/transcriptions", {"model": "whisper-1", "prompt": SAID}),
        ("/v1/audio/translations", {"model": "whisper-1", "prompt": SAID}),
    ):
        http.post(path, files={"file": ("call.flac", speech())}, data=fields)
    for kind in ("references", "uploads"):
        form = {"kind": kind, "name": kind}
        assert http.post("/files", files={"file": ("a.wav", sound)}, data=form).status_code == 201
    assert http.post("/files", files={"file": ("a.wav", SAID.encode())}).status_code == 422


def converse(http: httpx.Client) -> None:
    told = http.post("/conversation", json={"text": SAID, "stream": False})
    assert SAID in told.text
    session = told.json()["session"]
    http.post("/conversation", json={"text": f"{SAID} again", "session": session, "instructions": SAID})
    said = http.post("/conversation", files={"file": ("call.flac", speech())}, data={"stream": "false"})
    assert HEARD in said.text


async def talk(run: Run, key: str, secret: str) -> None:
    """Says something on every socket, and something that none understands."""
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": SAID}]}
    sockets: dict[str, list[dict[str, Any]]] = {
        "/ws/tts": [{"type": "text", "text": f"{SAID}. "}, {"type": "end"}],
        "/v1/audio/speech/stream": [{"type": "session.config"}, {"type": "input.text", "text": SAID}],
        "/ws/conversation/v2?mode=text": [{"type": "message", "text": SAID}],
        "/ws/conversation": [{"type": "text", "text": SAID}],
        "/ws/stt": [{"type": "config", "prompt": SAID}],
        "/v1/realtime?model=gpt-realtime": [
            {"type": "session.update", "session": {"type": "realtime", "instructions": SAID}},
            {"type": "conversation.item.create", "item": message},
            {"type": "response.create"},
        ],
    }
    for path, messages in sockets.items():
        offered = secret if path.startswith("/v1/realtime") else key
        headers = {"Authorization": f"Bearer {offered}"}
        async with patient.connect(f"ws{run.keyed.server.url[4:]}{path}", additional_headers=headers) as socket:
            for each in (*messages, {"type": SAID}, {"type": "ping", "text": SAID}):
                await socket.send(json.dumps(each))
            await heard(socket)
    for path in (f"ws/tts/{SAID}", f"ws/{key}", f"ws/tts?api_key={key}"):
        await refused(run, path)


async def refused(run: Run, path: str) -> None:
    with pytest.raises(InvalidStatus):
        await patient.connect(f"ws{run.keyed.server.url[4:]}/{quote(path, safe='/?=')}")


async def heard(socket: Any) -> None:
    """Reads on until nothing has come for a while."""
    try:
        while True:
            async with asyncio.timeout(0.5):
                await socket.recv()
    except TimeoutError:
        return


def settle(run: Run) -> None:
    """Everything that is on its way to a database or a receiver is there."""
    deadline = time.monotonic() + PATIENCE
    while "stt" not in run.keyed.admin.get("/analytics/usage?group=kind").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert run.keyed.admin.get("/admin/audit").status_code == 200
    run.receiver.named("POST /tts", "POST /stt")


async def be_busy(run: Run) -> None:
    key = await asyncio.to_thread(administer, run)
    with run.keyed.client(key) as http:
        for work in (speak, listen, converse):
            await asyncio.to_thread(work, http)
        wanted = {"type": "realtime", "instructions": SAID}
        made = await asyncio.to_thread(
            lambda: http.post("/v1/realtime/client_secrets", json={"session": wanted}).json()
        )
    run.secrets.add(made["value"])
    await talk(run, key, made["value"])
    await asyncio.to_thread(settle, run)


@pytest.mark.parametrize("texts", ["none", "hash"])
def test_nothing_is_left_of_a_busy_run(tmp_path: Path, texts: str) -> None:
    with watched(tmp_path, texts) as run:
        asyncio.run(be_busy(run))
        while_it_runs = run.places()
    afterwards = run.places()
    # The write-ahead log is a file of its own while the server runs.
    assert any(place.endswith("stts.db-wal") for place in while_it_runs)
    lines = [json.loads(line) for line in run.log.getvalue().splitlines() if line.startswith("{")]
    assert sum(line["event"] == "operation" for line in lines) > 15 and run.receiver.spans
    assert any("text_hash" in line for line in lines) is (texts == "hash")
    for places in (while_it_runs, afterwards):
        for wanted in (SAID, "xylophonist", HEARD, *run.secrets):
            assert found(places, wanted) == [], wanted
        # What is kept is found by the same search.
        assert found(places, "references.wav") and any("stts.db" in place for place in found(places, "key:"))


def test_texts_that_the_operator_wants_are_in_the_log_and_nowhere_else(tmp_path: Path) -> None:
    with watched(tmp_path, "text") as run:
        asyncio.run(be_busy(run))
    places = run.places()
    assert found(places, SAID) == ["log"] and found(places, HEARD) == ["log"]
    assert [secret for secret in run.secrets if found(places, secret)] == []
