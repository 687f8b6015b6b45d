"""httpx by aiohttp, against a server that does what servers do to their clients."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from clients.chat.speech import SpeechServer
from tests.patience import PATIENCE

aiohttp = pytest.importorskip("aiohttp", reason="pip install -r requirements/dev.txt")
transport = pytest.importorskip("clients.chat.transport")

pytestmark = pytest.mark.socket

BLOCK = 65_536
LARGE = 8 << 20
PEOPLE = 6


class Peer:
    """Answers each request with the next of what it has been given; None: the connection is closed instead.

    It keeps the first block of what is sent.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[bytes, bytes]] = []
        self.connections = 0
        self.quiet = asyncio.Event()
        """Set by a test that lets an answer go on."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body, left = b"", int(length[0].partition(b":")[2]) if length else 0
                while left:
                    block = await reader.readexactly(min(left, BLOCK))
                    body, left = body or block, left - len(block)
                self.requests.append((head, body))
                if (answer := self.answers.pop(0)) is None:
                    break
                begin, _, rest = answer.partition(b"<wait>")
                writer.write(begin)
                if rest:
                    await self.quiet.wait()
                    writer.write(rest)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asking(peer: Peer, **timeouts: float) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Timeout(PATIENCE, **timeouts)
    async with asyncio.timeout(PATIENCE), await asyncio.start_server(peer.serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        way = transport.AiohttpTransport()
        async with httpx.AsyncClient(base_url=url, transport=way, timeout=limits, trust_env=False) as http:
            yield http


def answer(body: bytes, *heads: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *heads]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_requests_and_answers_are_as_httpx_has_them() -> None:
    peer = Peer(
        answer(b"spoken", "X-Voice: heart", "X-Voice: alba"), answer(b"{}"), answer(b"", status="204 No Content")
    )
    async with asking(peer) as http:
        spoken = await http.post("/tts?a=%2F&b=c+d", json={"text": "سلام"}, headers={"X-Subject": "a"})
        assert (spoken.content, spoken.headers.get_list("x-voice")) == (b"spoken", ["heart", "alba"])
        await http.post("/stt", data={"language": "en"}, files={"file": ("a.ogg", b"sound")})
        assert (await http.delete("/admin/cache")).status_code == 204
    (head, body), (form, recording), (last, nothing) = peer.requests
    assert head.startswith(b"POST /tts?a=%2F&b=c+d HTTP/1.1\r\n") and body == '{"text":"سلام"}'.encode()
    assert (
        b"x-subject: a" in head.lower()
        and head.lower().count(b"\r\ncontent-type:") == head.lower().count(b"\r\nhost:") == 1
    )
    assert b"multipart/form-data" in form and b"sound" in recording
    assert last.startswith(b"DELETE /admin/cache") and nothing == b""
    assert peer.connections == 1


async def test_an_answer_is_read_while_it_is_made() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst<wait>later")
    async with asking(peer) as http, http.stream("POST", "/tts") as streamed:
        pieces = streamed.aiter_bytes()
        assert await anext(pieces) == b"first"
        peer.quiet.set()
        assert b"".join([piece async for piece in pieces]) == b"later"


async def test_who_stops_reading_holds_no_connection() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst<wait>later", answer(b"next"))
    async with asking(peer) as http:
        async with http.stream("POST", "/tts") as streamed:
            assert await anext(streamed.aiter_bytes()) == b"first"
        peer.quiet.set()
        assert (await http.get("/next")).content == b"next"
    assert peer.connections == 2


@pytest.mark.parametrize("given", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst", b"no HTTP\r\n\r\n"])
async def test_connections_that_break_are_errors_of_httpx(given: bytes | None) -> None:
    async with asking(Peer(given)) as http:
        # Which of both it is hangs on how soon the end comes.
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await http.get("/voices")


async def test_a_server_that_is_silent_or_away_is_told_as_such() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\n<wait>\r\n")
    async with asking(peer, read=0.2) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/voices")
        peer.quiet.set()
        with pytest.raises(httpx.ConnectError):
            await http.get("http://127.0.0.1:1/voices")


async def test_files_are_read_while_they_are_sent(tmp_path: Path) -> None:
    """Many people who send long recordings at once take the memory of a few blocks."""
    recording = tmp_path / "long.ogg"
    recording.write_bytes(b"x" * LARGE)
    peer = Peer(*[answer(b'{"text": "heard"}') for _ in range(PEOPLE)])
    async with asyncio.timeout(PATIENCE), await asyncio.start_server(peer.serve, "127.0.0.1", 0) as listener:
        server = SpeechServer(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", None, timeout=PATIENCE)
        tracemalloc.start()
        try:
            heard = await asyncio.gather(*[server.transcribe(recording, "en", "7") for _ in range(PEOPLE)])
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            await server.close()
    assert heard == ["heard"] * PEOPLE
    assert peak < PEOPLE * LARGE / 4
    assert all(b"chunked" not in head.lower() and b"long.ogg" in body for head, body in peer.requests)


async def test_who_asks_nothing_opens_nothing() -> None:
    way = transport.AiohttpTransport()
    await way.aclose()
