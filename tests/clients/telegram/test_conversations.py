"""Conversations of people with the bot, the same over each framework, with a real speech server behind it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import av
import pytest

from benchmarks.server import Server
from clients.telegram.messenger import Kind
from clients.telegram.settings import FRAMEWORKS
from tests.clients.telegram.connected import connected
from tests.clients.telegram.people import FIRST, People, Recording
from tests.engines.speech import DATA

pytestmark = pytest.mark.clients
WEATHER = (DATA / "weather.flac").read_bytes()


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sound(note: bytes) -> tuple[str, int, int]:
    """Codec, channels and rate."""
    with av.open(io.BytesIO(note), "r") as container:
        context = container.streams.audio[0].codec_context
        return context.name, context.channels, context.sample_rate


async def test_a_text_comes_as_a_voice_note_and_the_note_as_its_words(
    speech_server: Server, framework: str, tmp_path: Path
) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        # Not the same on each: what is in the cache might come before the sign that it is made.
        number = await people.write(f"The lighthouse keeper counted {20 + FRAMEWORKS.index(framework)} ships.")
        (note,) = await people.until("voice")
        assert sound(note.audio) == ("opus", 1, 48_000)
        assert (note.chat, note.replies_to) == (7, number)
        assert 1 <= note.seconds <= 5
        assert (await people.until("action"))[0].text == "record_voice"
        heard = await people.told(recording=Recording(note.audio))
        assert "lighthouse" in heard.lower()


async def test_texts_are_read_as_they_are_and_markup_is_none(
    speech_server: Server, framework: str, tmp_path: Path
) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        told = await people.told("/nosuch*_[a](http://b)<b>&amp;`")
        assert told == "There is no command /nosuch*_[a](http://b)<b>&amp;`. /help tells which there are."
        await people.write("/voice de: Guten Morgen, *Anna*!")
        assert (await people.until("voice"))[0].audio
        assert await people.told("***") == "There is nothing in this text that can be spoken."


@pytest.mark.parametrize("kind", ["video_note", "audio", "document", "video"])
async def test_recordings_of_any_kind_are_heard(
    speech_server: Server, framework: str, tmp_path: Path, kind: Kind
) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        heard = await people.told(recording=Recording(WEATHER, kind, "audio/flac", "weather.flac"))
        assert "tomorrow" in heard.lower()


async def test_commands_answer_the_message_that_they_reply_to(
    speech_server: Server, framework: str, tmp_path: Path
) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        recording = await people.write(recording=Recording(WEATHER, "audio", "audio/flac"))
        await people.until("text")
        assert "tomorrow" in (await people.told("/stt", replies_to=recording)).lower()
        text = await people.write("A forwarded text.", chat=-5, person=7)
        await people.write("/voice", chat=-5, person=7, replies_to=text)
        (note,) = await people.until("voice", chat=-5)
        assert note.seconds >= 1


async def test_talk_mode_replies_aloud_and_remembers(speech_server: Server, framework: str, tmp_path: Path) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        assert await people.told("/voices heart") == "Voice: Heart"
        # It has no language model, and says so.
        told = await people.told("/talk")
        assert "only says back" in told and "/talk ends it" in told
        await people.write("Good morning.")
        (reply,) = await people.until("voice")
        assert reply.audio and reply.text
        await people.write(recording=Recording(WEATHER, "voice", "audio/flac"))
        second = (await people.until("voice", 2))[-1]
        assert "tomorrow" in second.text.lower()
        assert "over" in await people.told("/talk")


async def test_choices_by_words_and_by_buttons(speech_server: Server, framework: str, tmp_path: Path) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        assert re.match(r"\d+ voices speak en", await people.told("/voices en"))
        (offer,) = await people.until("text")
        assert offer.buttons[0][0] == ("Heart", "voice:heart")
        press = await people.press("voice:heart", message=offer.number)
        (edit,) = await people.until("edit")
        assert (edit.number, edit.text) == (offer.number, "Voice: Heart")
        assert edit.buttons[0][0] == ("✓ Heart", "voice:heart") and "✓" not in str(edit.buttons[1:])
        assert (await people.until("answer"))[0].text == press
        # The same once more is no change, which Telegram refuses, and no failure.
        await people.press("voice:heart", message=offer.number)
        assert await people.told("/speed ۱٫۵") == "Speed: 1.5×"
        assert "0.25 to 4" in await people.told("/speed 9")
        assert await people.told("/format mp3") == "Format: mp3"
        await people.write("Hello there.")
        (file,) = await people.until("audio")
        assert sound(file.audio)[0].startswith("mp3")
        await people.press("lang:de", message=offer.number)
        assert (await people.until("edit", 2))[-1].text == "Sprache: de"
        assert "xx" in await people.told("/lang xx")
        assert "veraltet" in (await _told_by(people, "nosuch:1"))
        # Of a message that is gone the answer is a new one.
        assert await _told_by(people, "speed:2", message=12345) == "Tempo: 2×"


async def _told_by(people: People, data: str, message: int = FIRST) -> str:
    before = len(await people.until("text", 0))
    await people.press(data, message=message)
    return (await people.until("text", before + 1))[-1].text


async def test_what_cannot_be_done_is_told_in_words(speech_server: Server, framework: str, tmp_path: Path) -> None:
    async with connected(framework, speech_server, tmp_path, text_characters=20, recording_bytes=100_000) as people:
        assert "no text" in await people.told("/voice")
        assert "21 characters; 20" in await people.told("a" * 21)
        assert "no command /nosuch" in await people.told("/nosuch")
        assert "as a reply" in await people.told("/stt")
        assert "allowed" in await people.told(recording=Recording(bytes(100_001)))
        assert "empty" in await people.told(recording=Recording(b""))
        page = Recording(b"<html>no sound</html>" * 50, "document", "audio/mpeg", "song.mp3")
        assert "no recording in this file" in await people.told(recording=page)
        assert "administrators" in await people.told("/admin stats", chat=8)


async def test_administrators_see_and_change_the_server(speech_server: Server, framework: str, tmp_path: Path) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        assert "operations" in await people.told("/admin stats")
        assert "memory" in await people.told("/admin cache")
        assert "Forget all" in await people.told("/admin cache clear")
        question = (await people.until("text"))[-1]
        await people.press(question.buttons[0][0][1], message=question.number)
        assert (await people.until("edit"))[-1].text == "The cache is empty."
        assert "Chats: 1" in await people.told("/admin users")
        assert "no engine" in await people.told("/admin load nosuch")
        assert "is loaded" in await people.told("/admin load espeak")
        await people.told("/help", chat=8)
        assert "2 chats" in await people.told("/admin broadcast Maintenance at noon.")
        question = (await people.until("text", chat=7))[-1]
        (_, data), _ = question.buttons[0]
        assert "answered already" in await _told_by(people, "yes:0")
        await people.press(data, message=question.number)
        assert (await people.until("text", 2, chat=8))[-1].text == "Maintenance at noon."
        assert "Sent to 2 chats" in (await people.until("text", 10, chat=7))[-1].text
        assert (await people.until("edit", 2))[-1].text == "It is being sent."


async def test_floods_of_either_side_are_obeyed_and_nothing_comes_twice(
    speech_server: Server, framework: str, tmp_path: Path
) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        people.refuse("voice", wait=1)
        people.refuse("voice")
        await people.write("One.")
        await people.until("voice")
        for _ in range(2):
            await people.write("Two.", number=5000)
        await people.until("voice", 2)
        assert await people.told("/speed 1") == "Speed: 1×"
        assert len(await people.until("voice")) == 2


async def test_in_groups_only_what_is_meant_for_the_bot_is_answered(
    speech_server: Server, framework: str, tmp_path: Path
) -> None:
    async with connected(framework, speech_server, tmp_path) as people:
        await people.write("Hello all.", chat=-5, person=7)
        await people.write("/help@another_bot", chat=-5, person=7)
        assert "Format" in await people.told("/format@stts_test_bot", chat=-5, person=7)
        assert [seen.kind for seen in people.seen] == ["text"]
