"""Stages at which a client may vanish: what it does until then, on a bare socket, and what that costs at most."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.client import HOST, form
from benchmarks.server import ROOT
from benchmarks.websocket import frame

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Act = Callable[[Reader, Writer, str], Awaitable[None]]
LONG_TEXT = "A long text that takes its time, word after word, so that its client may leave. " * 6
UPLOAD_BYTES = 200_000
RECORDING = (ROOT / "benchmarks" / "data" / "river.flac").read_bytes()
KEY = base64.b64encode(bytes(16)).decode()


class NotTaken(OSError):
    """The server did not answer as it should."""


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    act: Act
    costs: int = 0
    """Characters, at most."""
    costs_least: int = 0


def _head(path: str, key: str, *fields: str) -> bytes:
    lines = (f"POST {path} HTTP/1.1", f"host: {HOST}", f"x-api-key: {key}", *fields)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _speech(key: str, *, stream: bool, engine: str = "paced") -> bytes:
    body = json.dumps({"text": LONG_TEXT, "engine": engine, "stream": stream, "format": "pcm"}).encode()
    return _head("/tts", key, "content-type: application/json", f"content-length: {len(body)}") + body


async def _answer(reader: Reader, status: bytes) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 " + status):
        raise NotTaken(head.split(b"\r\n")[0].decode())


async def nothing(reader: Reader, writer: Writer, key: str) -> None:
    await asyncio.sleep(0)


async def half_head(reader: Reader, writer: Writer, key: str) -> None:
    writer.write(_speech(key, stream=True)[:40])
    await writer.drain()


async def half_body(reader: Reader, writer: Writer, key: str) -> None:
    writer.write(_speech(key, stream=True)[:-100])
    await writer.drain()


async def half_upload(reader: Reader, writer: Writer, key: str) -> None:
    body, content_type = form(bytes(UPLOAD_BYTES))
    writer.write(_head("/stt", key, f"content-type: {content_type}", f"content-length: {len(body)}"))
    writer.write(body[: len(body) // 2])
    await writer.drain()


async def asked(reader: Reader, writer: Writer, key: str) -> None:
    writer.write(_speech(key, stream=False))
    await writer.drain()


async def in_stream(reader: Reader, writer: Writer, key: str) -> None:
    writer.write(_speech(key, stream=True))
    await _answer(reader, b"200")
    await reader.readexactly(1000)


async def in_stream_of_a_process(reader: Reader, writer: Writer, key: str) -> None:
    writer.write(_speech(key, stream=True, engine="espeak"))
    await _answer(reader, b"200")
    await reader.readexactly(1000)


async def uploaded(reader: Reader, writer: Writer, key: str) -> None:
    body, content_type = form(RECORDING)
    writer.write(_head("/stt", key, f"content-type: {content_type}", f"content-length: {len(body)}"))
    writer.write(body)
    await writer.drain()


async def _open(reader: Reader, writer: Writer, key: str, path: str) -> None:
    writer.write(
        f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nx-api-key: {key}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\r\n".encode()
    )
    await _answer(reader, b"101")


async def open_socket(reader: Reader, writer: Writer, key: str) -> None:
    await _open(reader, writer, key, "/ws/stt")


async def half_frame(reader: Reader, writer: Writer, key: str) -> None:
    await _open(reader, writer, key, "/ws/stt")
    writer.write(frame(bytes(64_000)) + frame(bytes(64_000))[:1000])
    await writer.drain()


async def speaking_socket(reader: Reader, writer: Writer, key: str) -> None:
    await _open(reader, writer, key, "/ws/tts")
    for message in ({"type": "text", "text": LONG_TEXT}, {"type": "end"}):
        writer.write(frame(json.dumps(message)))
    await reader.readexactly(1000)


async def realtime(reader: Reader, writer: Writer, key: str) -> None:
    await _open(reader, writer, key, "/v1/realtime?model=gpt-realtime")
    content = [{"type": "input_text", "text": LONG_TEXT}]
    item = {"type": "message", "role": "user", "content": content}
    for message in ({"type": "conversation.item.create", "item": item}, {"type": "response.create"}):
        writer.write(frame(json.dumps(message)))
    await reader.readuntil(b"response.created")


async def conversation(reader: Reader, writer: Writer, key: str) -> None:
    await _open(reader, writer, key, "/ws/conversation/v2?mode=text&reply=echo")
    writer.write(frame(json.dumps({"type": "text", "text": LONG_TEXT})))
    await reader.readexactly(200)


STAGES = (
    Stage("before anything", nothing),
    Stage("in the head", half_head),
    Stage("in the body", half_body),
    Stage("in an upload", half_upload),
    Stage("before the first byte", asked, len(LONG_TEXT)),
    Stage("in mid-stream", in_stream, len(LONG_TEXT), len(LONG_TEXT)),
    Stage("in mid-stream of an engine in a process", in_stream_of_a_process, len(LONG_TEXT), len(LONG_TEXT)),
    Stage("after an upload", uploaded),
    Stage("on an open socket", open_socket),
    Stage("in a message", half_frame),
    Stage("while a socket speaks", speaking_socket, len(LONG_TEXT)),
    Stage("in a conversation", conversation, 2 * len(LONG_TEXT)),
    Stage("in a Realtime response", realtime, 2 * len(LONG_TEXT)),
)
