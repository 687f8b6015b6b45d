"""`stts talk` with a recording in place of the microphone, against a real server; and what an interruption does."""

from __future__ import annotations

import json
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result
from websockets.asyncio.client import ClientConnection

from benchmarks.server import Server, running
from clients.command import devices
from clients.command.conversing import DUCKED, Conversation, OpenTurns
from clients.command.devices import Speaker
from clients.command.exit_status import LACKING, REFUSED
from clients.command.main import app
from tests.engines.speech import DATA

pytestmark = pytest.mark.long

WEATHER = str(DATA / "weather.flac")
SECOND = bytes(2 * 24_000)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running({"models": {"offline": True}, "tts": {"order": ["espeak"]}}) as server:
        yield server


def talk(server: Server, *arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(app, ["--url", f"http://127.0.0.1:{server.port}", "talk", *arguments], input=stdin)


@pytest.mark.socket
def test_a_recording_is_answered_into_a_file(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "reply.wav"
    result = talk(server, "--input", WEATHER, "-o", str(target))
    assert result.exit_code == 0, result.output
    you, stts = result.stdout.splitlines()
    assert you.startswith("you   ") and "tomorrow" in you
    assert stts.startswith("stts  ") and "tomorrow" in stts
    with wave.open(str(target)) as file:
        assert file.getframerate() == 24_000
        assert file.getnframes() == (target.stat().st_size - 44) // 2 > 24_000


@pytest.mark.socket
def test_programs_get_every_event_and_audio_alone(server: Server) -> None:
    result = talk(server, "--input", "-", "-o", "-", "--json", stdin=Path(WEATHER).read_bytes())
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes[:4] == b"RIFF"
    events = [json.loads(line)["type"] for line in result.stderr.splitlines()]
    assert events[0] == "session.created"
    assert {"partial", "transcript", "reply.done", "turn_metrics"} <= set(events)


@pytest.mark.socket
def test_lines_are_answered_one_after_the_other(server: Server, tmp_path: Path) -> None:
    result = talk(server, "--typed", "-o", str(tmp_path / "reply.wav"), stdin=b"Hello there.\n\nHow are you?\n")
    assert (result.exit_code, result.stdout.splitlines()) == (0, ["stts  Hello there.", "stts  How are you?"])


@pytest.mark.socket
def test_replies_are_played_by_a_device(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    miniaudio = pytest.importorskip("miniaudio")
    monkeypatch.setattr(devices, "BACKENDS", [miniaudio.Backend.NULL])
    result = talk(server, "--typed", "--json", stdin=b"Hello there.\n")
    assert result.exit_code == 0, result.output
    done = next(event for line in result.stdout.splitlines() if (event := json.loads(line))["type"] == "reply.done")
    assert (done["status"], done["heard"]) == ("completed", "Hello there.")


@pytest.mark.socket
async def test_a_microphone_gives_blocks_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    miniaudio = pytest.importorskip("miniaudio")
    monkeypatch.setattr(devices, "BACKENDS", [miniaudio.Backend.NULL])
    blocks, sound = [], devices.microphone()
    async for block in sound:
        blocks.append(len(block))
        if len(blocks) == 5:
            break
    await sound.aclose()
    assert blocks == [1280] * 5


@pytest.mark.socket
def test_a_machine_without_sound_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    miniaudio = pytest.importorskip("miniaudio")
    monkeypatch.setattr(devices, "BACKENDS", [miniaudio.Backend.WINMM])
    result = talk(server)
    assert (result.exit_code, "No loudspeaker" in result.stderr) == (LACKING, True)
    deaf = talk(server, "-o", "-")
    assert (deaf.exit_code, "No microphone" in deaf.stderr) == (LACKING, True)
    assert talk(server, "--input", "missing.wav", "-o", "-").exit_code == REFUSED
    assert talk(server, "--typed", "-o", "-", "--voice", "nobody", stdin=b"Hello\n").exit_code == REFUSED
    monkeypatch.setitem(__import__("sys").modules, "miniaudio", None)
    assert "pip install miniaudio" in talk(server).stderr


class Scripted:
    """A socket that says what it was told to say."""

    def __init__(self, *messages: bytes | dict[str, Any]) -> None:
        self._messages = messages

    async def __aiter__(self) -> AsyncIterator[bytes | str]:
        for message in self._messages:
            yield message if isinstance(message, bytes) else json.dumps(message)


async def received(speaker: Speaker, *messages: bytes | dict[str, Any]) -> list[str]:
    shown: list[str] = []
    socket = cast(ClientConnection, Scripted(*messages))
    conversation = Conversation(
        socket, speaker, lambda event: shown.append(event["type"]), interrupts=True, patient=False
    )
    await conversation._receive()
    return shown


def audio(generation: int, data: bytes) -> bytes:
    return generation.to_bytes(4, "little") + bytes(4) + data


async def test_an_interruption_drops_what_was_not_played() -> None:
    speaker = Speaker(24_000)
    loud = (1000).to_bytes(2, "little") * 480
    await received(speaker, audio(1, loud * 3))
    assert speaker.pull(480) == loud
    await received(speaker, {"type": "duck", "generation": 1})
    assert speaker.pull(480) == int(1000 * DUCKED).to_bytes(2, "little") * 480
    await received(speaker, {"type": "interrupted", "generation": 1, "heard_ms": 40}, audio(2, loud))
    assert speaker.heard() == (1, 40)
    await received(speaker, {"type": "reply.start", "turn": 2, "generation": 2, "spoken": True})
    assert speaker.pull(480) == loud
    assert speaker.heard() == (2, 20)
    assert speaker.pull(480) == bytes(960)


async def test_ducked_speech_is_loud_again() -> None:
    speaker = Speaker(24_000)
    await received(speaker, {"type": "duck", "generation": 1}, {"type": "unduck", "generation": 1})
    assert speaker.volume == 1.0


def test_what_is_open_is_known() -> None:
    turns = OpenTurns()
    assert turns.none
    for event, none in (
        ({"type": "speech_start", "turn": 1}, False),
        ({"type": "transcript", "turn": 1, "text": "Hello"}, False),
        ({"type": "reply.start", "turn": 1, "generation": 1}, False),
        ({"type": "turn_metrics", "turn": 1}, False),
        ({"type": "reply.done", "turn": 1, "generation": 1}, True),
        ({"type": "state", "state": "thinking"}, False),
        ({"type": "state", "state": "listening"}, True),
        ({"type": "speech_start", "turn": 2}, False),
        ({"type": "transcript", "turn": 2, "text": ""}, True),
    ):
        turns.follow(event)
        assert turns.none is none, event


@pytest.mark.parametrize("answer", [{"type": "reply.start", "turn": 0, "generation": 1}, {"type": "error"}])
def test_a_line_that_was_sent_is_open_until_its_reply_begins_or_is_refused(answer: dict[str, Any]) -> None:
    turns = OpenTurns()
    turns.ask()
    turns.follow({"type": "state", "state": "listening"})
    assert not turns.none
    turns.follow(answer)
    turns.follow({"type": "reply.done", "turn": 0, "generation": 1})
    assert turns.none
