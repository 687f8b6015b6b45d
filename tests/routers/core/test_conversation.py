"""POST /conversation behind a real server on a real socket, with a language model on another."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
import pytest

from routers.core import exchange
from stts.settings import ConversationSettings, LimitSettings, ReplySettings, Settings
from tests import patient
from tests.audio import decoded, encoded, speech
from tests.chat_server import Answer, ChatServer, chat_server
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with chat_server() as chat:
        yield chat


@pytest.fixture
def chat(model: ChatServer) -> ChatServer:
    model.answers.clear()
    model.requests.clear()
    return model


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, model: ChatServer) -> Settings:
    return Settings.model_validate(
        {
            "tts": {"order": ["tone"]},
            "stt": {"order": ["echo"]},
            "storage": {"root": str(tmp_path_factory.mktemp("data"))},
            "limits": {"text_characters": 2000, "audio_seconds": 60.0},
            "engines": {"options": {"tone": {"fail_on": "explode", "speed": 100.0}}},
            "reply": {"base_url": model.url},
        }
    )


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[RunningServer]:
    with running(settings, registry()) as server:
        yield server


@pytest.fixture
async def impatient(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Client of a server that waits one second for its language model: not for tests that need its words."""
    reply = settings.reply.model_copy(update={"first_token_seconds": 1.0, "token_seconds": 1.0})
    with running(settings.model_copy(update={"reply": reply}), registry()) as server:
        async with patient.AsyncClient(base_url=server.url, trust_env=False) as client:
            yield client


@pytest.fixture
async def client(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    async with patient.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield client


async def say(client: httpx.AsyncClient, text: str = "Good morning to you.", **fields: Any) -> httpx.Response:
    return await client.post("/conversation", json={"text": text, **fields})


async def send(client: httpx.AsyncClient, data: bytes, accept: str = "*/*", **fields: Any) -> httpx.Response:
    files = {"file": ("said.wav", data)}
    return await client.post("/conversation", files=files, data=fields, headers={"accept": accept})


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream"
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def joined(found: list[dict[str, Any]], kind: str, member: str) -> list[str]:
    return [event[member] for event in found if event["type"] == kind]


async def test_what_was_said_comes_back_as_text_and_as_one_file(client: httpx.AsyncClient) -> None:
    found = events(await send(client, speech()))
    assert found[0]["type"] == "transcript"
    assert found[0]["text"].startswith("word0 word1")
    assert "".join(joined(found, "reply.delta", "text")) == found[0]["text"]
    sound, rate = decoded(b"".join(map(b64decode, joined(found, "audio.delta", "audio"))))
    assert len(sound) / rate == pytest.approx(len(found[0]["text"]) * 0.06, abs=0.3)
    done = found[-1]
    assert (done["type"], done["transcript"], done["reply"]) == ("done", found[0]["text"], found[0]["text"])
    times = done["timings"]
    assert 0 < times["transcript_ms"] <= times["first_token_ms"] <= times["first_audio_ms"] <= times["total_ms"]
    assert (done["format"], done["sample_rate"], done["language"]) == ("wav", 16_000, "en")


async def test_a_text_needs_no_ears(client: httpx.AsyncClient) -> None:
    found = events(await say(client, reply="template", format="mp3"))
    assert found[0] == {"type": "transcript", "text": "Good morning to you.", "language": None}
    assert "".join(joined(found, "reply.delta", "text")) == "You said: Good morning to you."
    sound, rate = decoded(b"".join(map(b64decode, joined(found, "audio.delta", "audio"))))
    assert len(sound) / rate > 1.5
    assert found[-1]["format"] == "mp3"
    assert found[-1]["timings"]["transcript_ms"] is None


async def test_all_of_it_in_one_object(client: httpx.AsyncClient) -> None:
    answer = await say(client, stream=False)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["transcript"], body["reply"]) == ("Good morning to you.", "Good morning to you.")
    audio = b64decode(body["audio"])
    assert int.from_bytes(audio[4:8], "little") == len(audio) - 8, "the header tells the size"
    assert len(decoded(audio)[0]) > 16_000
    assert answer.headers["server-timing"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "format", "media_type"),
    [
        ("audio/*", None, "audio/wav"),
        ("audio/mpeg", None, "audio/mpeg"),
        ("audio/webm, audio/ogg;q=0.9", None, "audio/ogg"),
        ("audio/mpeg", "flac", "audio/flac"),
    ],
)
async def test_the_older_form_is_audio_with_what_was_heard_in_a_header(
    client: httpx.AsyncClient, accept: str, format: str | None, media_type: str
) -> None:
    fields = {} if format is None else {"format": format}
    answer = await client.post(
        "/conversation",
        files={"audio_file": ("said.wav", speech())},
        data={"voice_id": "high", "temperature": "0.8", "speed_factor": "1.5", "language": "en", **fields},
        headers={"accept": accept},
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert unquote(answer.headers["x-transcription"]).startswith("word0 word1")
    assert float(answer.headers["x-processing-time"]) > 0
    assert len(answer.headers["x-request-id"]) == len(answer.headers["x-session-id"]) == 32
    assert answer.headers["x-voice"] == "high"
    assert len(decoded(answer.content)[0]) > 0


async def test_a_header_holds_any_script_and_not_too_much_of_it(client: httpx.AsyncClient) -> None:
    text = "Grüße, 東京! 100 %. " * 60
    answer = await client.post("/conversation", json={"text": text}, headers={"accept": "audio/*"})
    assert answer.status_code == 200
    assert unquote(answer.headers["x-transcription"]) == text.strip()[: exchange.MOST_HEADER_CHARACTERS]


async def test_nothing_heard_is_told_and_nobody_replies(client: httpx.AsyncClient) -> None:
    silence = encoded(np.zeros(16_000 * 2, np.float32))
    found = events(await send(client, silence))
    assert [event["type"] for event in found] == ["transcript", "done"]
    assert (found[0]["text"], found[1]["reply"], found[1]["format"]) == ("", "", None)
    whole = (await send(client, silence, stream="false")).json()
    assert (whole["transcript"], whole["reply"], whole["audio"]) == ("", "", None)
    heard = await send(client, silence, "audio/*")
    assert (heard.status_code, heard.content, heard.headers["x-transcription"]) == (204, b"", "")
    assert heard.headers["x-session-id"]


async def test_a_session_remembers(client: httpx.AsyncClient, chat: ChatServer) -> None:
    first = events(await say(client, "My name is Anna.", reply="openai"))[-1]
    chat.answers.append(Answer("Your name is Anna."))
    second = events(await say(client, "What is my name?", reply="openai", session=first["session"]))[-1]
    assert (second["session"], second["reply"]) == (first["session"], "Your name is Anna.")
    assert [(each["role"], each["content"]) for each in chat.requests[-1]["messages"][1:]] == [
        ("user", "My name is Anna."),
        ("assistant", "You said: My name is Anna."),
        ("user", "What is my name?"),
    ]
    other = events(await say(client, "What is my name?", reply="openai"))[-1]
    assert other["session"] != first["session"]
    assert len(chat.requests[-1]["messages"]) == 2


async def test_a_session_that_nobody_has_is_not_found(client: httpx.AsyncClient) -> None:
    for accept in ("*/*", "audio/*"):
        answer = await client.post(
            "/conversation", json={"text": "hi", "session": "0" * 32}, headers={"accept": accept}
        )
        assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (404, "not_found", "session")


async def test_a_session_in_use_is_a_conflict(client: httpx.AsyncClient, chat: ChatServer) -> None:
    session = events(await say(client))[-1]["session"]
    chat.answers.append(Answer("Once upon a time", stall_after=0))
    slow = asyncio.create_task(say(client, reply="openai", session=session))
    await asyncio.to_thread(chat.until_open, 1)
    assert (await client.get("/conversation/status")).json()["active"] >= 1
    answer = await say(client, session=session)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    slow.cancel()
    await asyncio.wait([slow])
    await asyncio.to_thread(chat.until_open, 0)
    async with asyncio.timeout(PATIENCE):
        while (await client.get("/conversation/status")).json()["active"] > 0:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
    assert events(await say(client, session=session))[-1]["session"] == session


@pytest.mark.parametrize(
    ("upstream", "status", "code"),
    [
        (Answer(status=401), 502, "reply_failed"),
        (Answer(drop_after=0), 502, "reply_failed"),
        (Answer(stall_after=0), 504, "reply_timeout"),
    ],
)
async def test_a_model_that_fails_is_one_error_and_the_session_lives(
    impatient: httpx.AsyncClient, chat: ChatServer, upstream: Answer, status: int, code: str
) -> None:
    session = events(await say(impatient, "First."))[-1]["session"]
    chat.answers.append(upstream)
    found = events(await say(impatient, "Second.", reply="openai", session=session))
    assert [event["type"] for event in found] == ["transcript", "error"]
    assert (found[1]["error"]["status"], found[1]["error"]["code"]) == (status, code)
    for accept, fields in (("audio/*", {}), ("*/*", {"stream": False})):
        chat.answers.append(upstream)
        body = {"text": "Second.", "reply": "openai", "session": session, **fields}
        answer = await impatient.post("/conversation", json=body, headers={"accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    events(await say(impatient, "Third.", reply="openai", session=session))
    said = [each["content"] for each in chat.requests[-1]["messages"][1:]]
    assert said == ["First.", "First.", "Third."], "what got no reply is as if it had not been said"


async def test_a_model_that_stalls_in_the_middle_ends_with_an_error_after_what_it_said(
    impatient: httpx.AsyncClient, chat: ChatServer
) -> None:
    chat.answers.append(Answer("Once upon a time there was a king. And then", stall_after=10))
    found = events(await say(impatient, reply="openai"))
    written = "".join(joined(found, "reply.delta", "text"))
    assert written.startswith("Once upon a time there was a king.")
    assert "Once upon a time there was a king. And then".startswith(written)
    assert joined(found, "audio.delta", "audio"), "what was written is spoken"
    assert found[-1]["error"]["code"] == "reply_timeout"


async def test_an_engine_that_breaks_is_an_error_too(client: httpx.AsyncClient) -> None:
    found = events(await say(client, "Now explode."))
    assert (found[0]["type"], found[-1]["type"], found[-1]["error"]["code"]) == (
        "transcript",
        "error",
        "engine_failed",
    )
    assert "explode" not in found[-1]["error"]["detail"]
    assert (await say(client, "Now explode.", stream=False)).status_code == 500


OF_ENGINES = ("Task-", "probe ", "load ", "spare ")
"""Tasks that have nothing to do with a request, and may begin or end at any time."""


@pytest.mark.parametrize("accept", ["text/event-stream", "audio/*", "application/json"])
async def test_a_client_that_leaves_ends_it_all(
    client: httpx.AsyncClient, server: RunningServer, chat: ChatServer, accept: str
) -> None:
    await say(client)
    before = set(server.tasks())
    chat.answers.append(Answer("Once upon a time there was a king who", stall_after=9))
    body = {"text": "hi", "reply": "openai", "stream": accept != "application/json"}
    asked = asyncio.create_task(client.post("/conversation", json=body, headers={"accept": accept}))
    await asyncio.to_thread(chat.until_open, 1)
    asked.cancel()
    await asyncio.wait([asked])
    await asyncio.to_thread(chat.until_open, 0)
    async with asyncio.timeout(PATIENCE):
        while (await client.get("/conversation/status")).json()["active"]:  # noqa: ASYNC110 - of another event loop
            await asyncio.sleep(0)
    assert [name for name in set(server.tasks()) - before if not name.startswith(OF_ENGINES)] == []


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"voice": "nosuch"}, 422, "unknown_voice"),
        ({"tts": "nosuch"}, 422, "unknown_engine"),
        ({"reply": "nosuch"}, 422, "invalid_request"),
        ({"format": "docx"}, 422, "invalid_request"),
        ({"format": "mp3", "sample_rate": 1234}, 422, "unsupported_format"),
        ({"speed": 9}, 422, "invalid_request"),
        ({"volume": "nosuch"}, 422, "invalid_request"),
        ({"text": "\x00 \n"}, 422, "invalid_text"),
        ({"text": "\ud800"}, 422, "invalid_request"),
        ({"text": "x" * 3000}, 422, "text_too_long"),
        ({"text": None}, 422, "invalid_request"),
        ({"temperature": 3}, 422, "invalid_request"),
        ({"language": "xx"}, 422, "invalid_parameter"),
    ],
)
async def test_what_cannot_be_done_is_said_before_anything_is(
    client: httpx.AsyncClient, fields: dict[str, Any], status: int, code: str
) -> None:
    body = json.dumps({"text": "hi", **fields})
    answer = await client.post("/conversation", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "nosuch" not in answer.json()["detail"]


async def test_a_wrong_voice_is_known_before_the_recording_is_heard(client: httpx.AsyncClient) -> None:
    answer = await send(client, b"this is no audio at all" * 100, voice="nosuch")
    assert answer.json()["code"] == "unknown_voice"
    answer = await send(client, b"this is no audio at all" * 100)
    assert (answer.status_code, answer.json()["code"]) == (422, "undecodable_audio")
    for field in ("tts", "stt"):
        refused = (await send(client, speech(), **{field: "nosuch"})).json()
        assert (refused["code"], refused["param"]) == ("unknown_engine", field)


@pytest.mark.parametrize("type", ["text/plain", "audio/wav", ""])
async def test_a_body_that_is_no_form_and_no_json_is_told_what_is_wanted(client: httpx.AsyncClient, type: str) -> None:
    answer = await client.post("/conversation", content=b'{"text": "hello"}', headers={"content-type": type})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "multipart/form-data" in answer.json()["detail"] and "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"text"', b"\xff\xfe", b"{" * 100_000, b'{"text": 7}'])
async def test_json_that_is_none(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/conversation", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_either_a_file_or_a_text(client: httpx.AsyncClient) -> None:
    assert (await send(client, speech(), text="hi")).json()["param"] == "file"
    assert (await client.post("/conversation", data={"voice": "low"})).status_code == 422
    assert (await client.post("/conversation")).status_code == 422
    assert (await client.post("/conversation", data={"file": "words"})).status_code == 422
    form = await client.post("/conversation", data={"text": "hi", "stream": "false"})
    assert form.json()["reply"] == "hi"


async def test_a_reply_too_long_for_one_object(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_WHOLE_BYTES", 10_000)
    answer = await say(client, stream=False)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_an_exchange_is_counted_once(client: httpx.AsyncClient, server: RunningServer) -> None:
    async def counts() -> dict[str, int]:
        lines = (await client.get("/metrics")).text.splitlines()
        found = [line for line in lines if line.startswith("stts_operations_total{")]
        return {kind: sum(int(float(line.split()[-1])) for line in found if f'type="{kind}"' in line) for kind in KINDS}

    before = await counts()
    await send(client, speech(), reply="template")
    after = await counts()
    assert {kind: after[kind] - before[kind] for kind in KINDS} == {"tts": 0, "stt": 0, "conversation": 1}
    page = (await client.get("/metrics")).text
    assert 'stts_operations_total{engine="template",format="wav",status="completed",type="conversation"}' in page


KINDS = ("tts", "stt", "conversation")


async def test_only_so_many_at_once(tmp_path: Path, chat: ChatServer) -> None:
    settings = Settings.model_validate(
        {
            "tts": {"order": ["tone"]},
            "stt": {"order": ["quick"]},
            "storage": {"root": str(tmp_path)},
            "limits": LimitSettings(live_sessions=1, place_seconds=0.05),
            "conversation": ConversationSettings(kept_sessions=0),
            "reply": ReplySettings(adapter="openai", base_url=chat.url),
        }
    )
    with running(settings, registry()) as server:
        async with patient.AsyncClient(base_url=server.url, trust_env=False) as client:
            chat.answers.append(Answer("Once", stall_after=0))
            slow = asyncio.create_task(say(client))
            await asyncio.to_thread(chat.until_open, 1)
            answer = await say(client, reply="echo")
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")
            assert int(answer.headers["retry-after"]) > 0
            status = (await client.get("/conversation/status")).json()
            assert status == {"active": 1, "max": 1, "kept": 0, "speaking": 0, "speaking_max": 1000}
            slow.cancel()
            await asyncio.wait([slow])
            await asyncio.to_thread(chat.until_open, 0)
