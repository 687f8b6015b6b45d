"""The Wyoming listener: connections accepted and refused, and that nothing of a client stays behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, cast

import pytest
from pydantic import SecretStr
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.ping import Ping
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeVoice

from adapters.configuration.exposure import exposures
from routers.wyoming import connection
from routers.wyoming import server as server_module
from routers.wyoming.info import Describer
from routers.wyoming.server import may_enter
from stts.access.audit_trail import AuditTrail
from stts.conversation.services import NewContext, SessionServices
from stts.settings import EngineSettings, SecuritySettings, Settings, WyomingSettings
from stts.streams.spool import SpoolSpace
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.routers.wyoming.conftest import Client, free_port
from tests.server import RunningServer, running
from tests.stts.access.audits import MemoryAudit

pytestmark = pytest.mark.socket

LONG = "The ferry leaves at nine, and the last one comes back at five. " * 30


async def until_none_is_left(server: RunningServer) -> None:
    """Waits for the server to notice that its clients have gone."""
    async with asyncio.timeout(PATIENCE):
        while wyoming_tasks(await asyncio.to_thread(server.tasks)):  # noqa: ASYNC110 - of another event loop
            await asyncio.sleep(0.01)


def wyoming_tasks(names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("wyoming") or name == "speech"]


async def test_ping_is_answered_with_its_text(client: Client) -> None:
    for text in ("hello", "grüße", "", "\ud800"):
        await client.write_event(Ping(text).event()) if text != "\ud800" else await client.write_raw(
            b'{"type": "ping", "data": {"text": "\\ud800"}}\n'
        )
        event = await client.read_event()
        assert event is not None and (event.type, event.data) == ("pong", {"text": text})


async def test_ping_is_answered_while_speech_is_made(client: Client) -> None:
    await client.write_event(SynthesizeStart().event())
    await client.write_event(Ping("are you there").event())
    assert [event.type for event in await client.until("pong")] == ["pong"]


async def test_unknown_events_are_ignored(client: Client) -> None:
    await client.write_event(Event("run-satellite", {"a": 1}, b"payload"))
    await client.write_event(Ping("x").event())
    assert (await client.until("pong"))[0].data["text"] == "x"


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + b'{"type": "describe"}\n',
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
        b"{" * 500_000,
        b'{"type": "audio-chunk", "payload_length": 99999999}\n',
        b"[1]\n",
    ],
    ids=["http", "tls", "no line", "huge", "array"],
)
async def test_garbage_is_one_error_and_the_end(client: Client, data: bytes) -> None:
    await client.write_raw(data)
    assert [event.type for event in await client.until()] == ["error"]


@contextmanager
def small(settings: Settings, connections: int = 2) -> Iterator[int]:
    """A port with few places."""
    wyoming = WyomingSettings(enabled=True, port=free_port(), connections=connections)
    with running(settings.model_copy(update={"wyoming": wyoming}), registry()):
        yield wyoming.port


async def answers(client: Client) -> bool:
    await client.write_event(Ping("still here").event())
    return [event.type for event in await client.until("pong")] == ["pong"]


async def begin_audio(client: Client) -> None:
    await client.write_event(AudioStart(16_000, 2, 1).event())
    assert (await client.until("transcript-start"))[-1].type == "transcript-start"


async def test_who_has_been_silent_for_longest_makes_room_for_a_new_client(settings: Settings) -> None:
    with small(settings) as port:
        async with Client(port) as first, Client(port) as second:
            assert await answers(second)
            assert await answers(first)
            async with Client(port) as third:
                assert await answers(third)
                assert await second.until() == []
                assert await answers(first)


async def test_who_is_at_work_makes_room_for_nobody(settings: Settings) -> None:
    with small(settings) as port:
        async with Client(port) as speaker, Client(port) as idle:
            await begin_audio(speaker)
            assert await answers(idle)
            async with Client(port) as other:
                await begin_audio(other)
                assert await idle.until() == []
                async with Client(port) as late:
                    events = await late.until()
                    assert [(event.type, event.data["code"]) for event in events] == [("error", "busy")]
            await speaker.write_event(AudioStop().event())
            assert (await speaker.until("transcript-stop"))[-1].type == "transcript-stop"


async def test_who_has_stalled_in_the_middle_makes_room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 1e-9)
    with small(settings, 1) as port:
        async with Client(port) as stalled:
            await begin_audio(stalled)
            async with Client(port) as new:
                assert await answers(new)
                assert await stalled.until() == []


async def test_a_full_server_says_so_once_a_while(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with small(settings, 1) as port:
        async with Client(port) as holder:
            await begin_audio(holder)
            for _ in range(5):
                async with Client(port) as late:
                    assert (await late.until())[-1].data["code"] == "busy"
    written = capsys.readouterr()
    lines = [line for line in (written.out + written.err).splitlines() if "wyoming_full" in line]
    assert len(lines) == 1


@pytest.mark.parametrize("state", ["idle", "speaking", "writing", "heard", "half an event"])
async def test_nothing_stays_of_a_client_that_vanishes(server: RunningServer, settings: Settings, state: str) -> None:
    async with Client(settings.wyoming.port) as client:
        match state:
            case "idle":
                await client.write_event(Ping("x").event())
                await client.until("pong")
            case "speaking":
                await client.write_event(Synthesize(LONG).event())
                await client.until("audio-chunk")
            case "writing":
                await client.write_event(SynthesizeStart().event())
                await client.write_event(SynthesizeChunk("The ferry leaves at nine. And ").event())
                await client.until("audio-chunk")
            case "heard":
                await client.write_event(AudioStart(16_000, 2, 1).event())
                await client.write_event(AudioChunk(16_000, 2, 1, bytes(3200)).event())
                await client.until("transcript-start")
            case _:
                await client.write_raw(b'{"type": "audio-chunk", "payload_length": 1000}\nabc')
    await until_none_is_left(server)


async def test_a_client_that_reads_nothing_is_given_up(settings: Settings) -> None:
    impatient = settings.model_copy(
        update={
            "limits": settings.limits.model_copy(update={"idle_seconds": 0.2, "text_characters": 100_000}),
            "wyoming": WyomingSettings(enabled=True, port=free_port()),
        }
    )
    with (
        running(impatient, registry()) as server,
        patient.create_connection(("127.0.0.1", impatient.wyoming.port)) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b'{"type": "synthesize", "data": {"text": "%s"}}\n' % (LONG * 40).encode())
        await until_none_is_left(server)


async def test_a_client_that_sends_nothing_is_closed(settings: Settings) -> None:
    impatient = settings.model_copy(
        update={
            "limits": settings.limits.model_copy(update={"idle_seconds": 0.1}),
            "wyoming": WyomingSettings(enabled=True, port=free_port()),
        }
    )
    with running(impatient, registry()):
        async with Client(impatient.wyoming.port) as client:
            assert await client.until() == []


async def test_a_stop_lets_a_request_finish_and_ends_who_does_nothing(settings: Settings) -> None:
    own = settings.model_copy(
        update={
            "wyoming": WyomingSettings(enabled=True, port=free_port()),
            "engines": EngineSettings(options={"tone": {"speed": 20.0}}),
        }
    )
    with ExitStack() as stack:
        stack.enter_context(running(own, registry()))
        async with Client(own.wyoming.port) as busy, Client(own.wyoming.port) as idle:
            await idle.write_event(Ping("x").event())
            await idle.until("pong")
            await busy.write_event(Synthesize("x" * 200, voice=SynthesizeVoice(name="low")).event())
            first = await busy.until("audio-chunk")
            stopping = asyncio.create_task(asyncio.to_thread(stack.close))
            events = [*first, *await busy.until()]
            assert await idle.until() == []
            await stopping
    seconds = sum(len(event.payload or b"") for event in events) / 2 / 16_000
    assert events[-1].type == "audio-stop" and seconds > 10


def test_it_listens_beyond_loopback_only_by_an_explicit_decision() -> None:
    def exposed(**sections: Any) -> list[str]:
        return [".".join(map(str, problem.path)) for problem in exposures(Settings(**sections))]

    beyond = WyomingSettings(enabled=True, host="0.0.0.0")
    assert exposed(wyoming=beyond) == ["wyoming.host"]
    # A key protects the HTTP routes, not this listener.
    assert exposed(wyoming=beyond, security=SecuritySettings(api_key=SecretStr("secret"))) == ["wyoming.host"]
    assert exposed(wyoming=beyond, security=SecuritySettings(allow_open=True)) == []
    assert exposed(wyoming=beyond, security=SecuritySettings(allow_open=True, keys=True)) == ["wyoming.host"]
    named = WyomingSettings(enabled=True, host="0.0.0.0", allowed_addresses=("192.168.1.0/24",))
    assert exposed(wyoming=named, security=SecuritySettings(keys=True)) == []
    assert exposed(wyoming=WyomingSettings(enabled=True, host="::1")) == []
    assert exposed(wyoming=WyomingSettings(host="0.0.0.0")) == []


def test_it_is_off_by_default() -> None:
    assert not Settings().wyoming.enabled


@pytest.mark.parametrize(
    ("address", "networks", "may"),
    [
        ("192.0.2.7", (), True),
        ("192.0.2.7", ("192.0.2.0/24",), True),
        ("::ffff:192.0.2.7", ("192.0.2.0/24",), True),
        ("198.51.100.1", ("192.0.2.0/24", "fd00::/8"), False),
        ("fd12::1", ("192.0.2.0/24", "fd00::/8"), True),
        ("127.0.0.1", ("192.0.2.0/24",), True),
        ("::1", ("192.0.2.0/24",), True),
    ],
)
def test_clients_of_allowed_networks_enter(address: str, networks: tuple[str, ...], may: bool) -> None:
    assert may_enter(address, networks) is may


async def test_requests_count_for_the_network_of_their_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "network_of", lambda address: "192.0.2.7")
    settings = Settings(wyoming=WyomingSettings(enabled=True, port=free_port()))
    made: list[NewContext] = []

    def services(context: NewContext) -> SessionServices:
        made.append(context)
        return cast(SessionServices, None)

    server = server_module.WyomingServer(
        services, cast(Describer, None), lambda: settings, SpoolSpace(lambda: 0), audit=None
    )
    async with server.listening(), Client(settings.wyoming.port) as client:
        await client.write_event(Ping().event())
        await client.until("pong")
    assert [context("tts").input_data.network for context in made] == ["192.0.2.7"]


async def test_refused_clients_are_told_to_the_audit_trail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "may_enter", lambda address, networks: False)
    settings = Settings(wyoming=WyomingSettings(enabled=True, port=free_port()))
    kept = MemoryAudit()
    trail = AuditTrail(kept.opened, lambda: None)
    space = SpoolSpace(lambda: 0)
    server = server_module.WyomingServer(
        lambda context: cast(SessionServices, None), cast(Describer, None), lambda: settings, space, trail
    )
    async with server.listening():
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.wyoming.port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
    await trail.flush()
    assert [each.details["refused"] for each in kept.entries] == [{"403 wyoming": 1}]
