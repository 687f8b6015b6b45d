"""The line between a worker and the process that started it, and questions to the other workers."""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import partial

import pytest
from structlog.testing import capture_logs

from stts.peers.line import HEAD, MOST_BYTES, Line, LineCut, open_line
from stts.peers.link import Peers
from tests.stts.peers.crowd import crowd

pytestmark = pytest.mark.socket


def _named(number: int, value: object) -> list[object]:
    return [number, value]


async def test_a_question_goes_to_all_others_and_to_nobody_else() -> None:
    async with crowd() as them:
        workers = [await them.joined() for _ in range(3)]
        for number, each in enumerate(workers):
            each.on("who", partial(_named, number))
        assert sorted(await workers[1].ask_others("who", "is there", 60)) == [[0, "is there"], [2, "is there"]]
        await them.gone(workers[0])
        assert await workers[1].ask_others("who", None, 60) == [[2, None]]
        assert await workers[2].ask_others("what nobody knows", None, 60) == [None]


async def test_a_worker_alone_has_no_others() -> None:
    async with crowd() as them:
        assert await (await them.joined()).ask_others("who", None, 60) == []


async def test_an_answer_may_take_its_time_and_a_failed_one_is_left_out() -> None:
    async with crowd() as them:
        one, two, three = [await them.joined() for _ in range(3)]

        async def later(value: str) -> str:
            await asyncio.sleep(0)
            return f"{value}!"

        async def never(value: str) -> str:
            raise RuntimeError(value * 2)

        two.on("say", later)
        three.on("say", never)
        with capture_logs() as logs:
            assert await one.ask_others("say", "hi", 60) == ["hi!"]
        assert [each["event"] for each in logs] == ["peer_question_failed"]
        assert "hihi" not in str(logs)


async def test_who_does_not_answer_in_time_is_left_out() -> None:
    async with crowd() as them:
        one, two = [await them.joined() for _ in range(2)]
        two.on("say", lambda value: asyncio.Event().wait())
        assert await one.ask_others("say", None, 0.05) == []


async def test_an_answer_that_fails_at_once_is_left_out_and_its_line_goes_on() -> None:
    async with crowd() as them:
        one, two, three = [await them.joined() for _ in range(3)]

        def fails(value: str) -> str:
            raise ValueError(value * 2)

        two.on("say", fails)
        three.on("say", lambda value: {1, 2})
        with capture_logs() as logs:
            assert await one.ask_others("say", "hi", 60) == []
        assert [each["event"] for each in logs] == ["peer_question_failed"] * 2
        assert "hihi" not in str(logs)
        for each in (two, three):
            each.on("say", lambda value: "here")
        assert await one.ask_others("say", "hi", 60) == ["here"] * 2


async def test_a_note_reaches_all_others() -> None:
    async with crowd() as them:
        one, two = [await them.joined() for _ in range(2)]
        heard = asyncio.get_running_loop().create_future()
        two.on("note", heard.set_result)
        one.tell_others("note", {"a": 1})
        assert await heard == {"a": 1}


async def test_a_worker_is_told_that_the_process_which_started_it_has_gone() -> None:
    here, there = socket.socketpair()
    peers, lost = Peers(there), asyncio.Event()
    peers.on_lost.append(lost.set)
    await peers.open()
    asking = asyncio.create_task(peers.ask("rates.hit", [], 60))
    await asyncio.sleep(0)
    with capture_logs() as logs:
        here.close()
        await lost.wait()
    assert [each["event"] for each in logs] == ["peers_lost"]
    with pytest.raises(LineCut):
        await asking
    with pytest.raises(LineCut):
        await peers.ask("rates.hit", [])
    assert await peers.ask_others("who", None, 60) == []
    peers.tell("note", None)
    await peers.close()


@pytest.mark.parametrize(
    "bytes_sent",
    [HEAD.pack(4) + b"{{{{", HEAD.pack(2) + b"[]", struct.pack("<I", MOST_BYTES + 1), HEAD.pack(3) + b"\xff\xff\xff"],
)
async def test_what_is_no_frame_cuts_the_line(bytes_sent: bytes) -> None:
    here, there = socket.socketpair()
    line = Line(lambda topic, value: None)
    await open_line(line, there)
    with here, capture_logs() as logs:
        here.sendall(bytes_sent)
        await line.ended.wait()
    assert logs[0]["event"] in ("unreadable_frame", "frame_too_long")


async def test_frames_may_come_in_any_pieces() -> None:
    here, there = socket.socketpair()
    heard: list[object] = []
    line = Line(lambda topic, value: heard.append([topic, value]))
    await open_line(line, there)
    frames = b"".join(HEAD.pack(len(text)) + text for text in (b'[0,"a",1]', b'[0,"b",[2]]'))
    with here:
        for byte in frames:
            here.sendall(bytes([byte]))
            await asyncio.sleep(0)
    await line.ended.wait()
    assert heard == [["a", 1], ["b", [2]]]


async def test_an_end_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.peers.line.MOST_UNSENT", 1 << 16)
    here, there = socket.socketpair()
    line = Line(lambda topic, value: None)
    await open_line(line, there)
    with here, capture_logs() as logs:
        line.tell("note", "x" * (1 << 20))
        await line.ended.wait()
    assert [each["event"] for each in logs] == ["peer_does_not_read"]
