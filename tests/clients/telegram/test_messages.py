"""Messages of every kind, changed ones, groups, channels and files that lie, the same over each framework."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clients.telegram.messenger import Other
from clients.telegram.settings import FRAMEWORKS
from tests.clients.telegram.connected import connected
from tests.clients.telegram.people import Recording
from tests.clients.telegram.speech_stub import Stub, speaking

pytestmark = pytest.mark.clients
GROUP, GROWN, CHANNEL = -5, -1_000_000_000_006, -1_000_000_000_009
SIZE = 4 << 20


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with speaking() as made:
        yield made


async def test_what_is_neither_text_nor_recording_is_answered_in_words(
    framework: str, stub: Stub, tmp_path: Path
) -> None:
    words: dict[Other, str] = {
        "sticker": "a sticker",
        "photo": "a picture",
        "animation": "a moving picture",
        "location": "a place",
        "contact": "a contact",
        "poll": "a poll",
        "dice": "a die",
        "story": "a story",
    }
    async with connected(framework, stub.address, tmp_path) as people:
        for kind, said in words.items():
            assert f"nothing with {said}. Send" in await people.told(other=kind)
        # Below a picture stands a text, and a group speaks of other things.
        await people.write("Below a picture.", other="photo")
        await people.until("voice")
        await people.write(other="photo", chat=GROUP, person=7)
        assert await people.told("/speed 2") == "Speed: 2×"
    assert stub.spoken == ["Below a picture."]


async def test_a_changed_message_is_answered_anew_and_what_waited_for_it_is_dropped(
    framework: str, stub: Stub, tmp_path: Path
) -> None:
    stub.go.clear()
    async with connected(framework, stub.address, tmp_path) as people:
        await people.write("First.")
        number = await people.write("Secnod.")
        await people.write("Second.", edits=number)
        # A preview below it, say: nothing that the bot reads has changed.
        await people.write("Second.", edits=number)
        assert await people.told("/speed 2") == "Speed: 2×"
        stub.go.set()
        await people.until("voice", 2)
        await people.write("Second, once more.", edits=number)
        third = (await people.until("voice", 3))[-1]
        assert third.replies_to == number
        command = await people.write("/speed 1")
        await people.until("text", 2)
        assert await people.told("/speed 4", edits=command) == "Speed: 4×"
    assert stub.spoken == ["First.", "Second.", "Second, once more."]


async def test_long_work_is_told_by_a_message_that_changes_and_goes(framework: str, stub: Stub, tmp_path: Path) -> None:
    text = " ".join(["A sentence of a dozen words, so that many of them make several parts."] * 50)
    async with connected(framework, stub.address, tmp_path) as people:
        await people.write(text)
        await people.until("voice", 3)
        (gone,) = await people.until("delete")
        first, *later = [seen for seen in people.seen if seen.kind in ("text", "edit")]
        assert first.kind == "text" and first.text.startswith("Part 1 of 3")
        assert [(seen.kind, seen.text[:11]) for seen in later] == [("edit", "Part 2 of 3"), ("edit", "Part 3 of 3")]
        assert {seen.number for seen in [first, *later, gone]} == {first.number}
        assert [seen.text for seen in people.seen if seen.kind == "voice"] == ["1 of 3", "2 of 3", "3 of 3"]


async def test_files_that_lie_about_their_size_are_not_fetched_whole(
    framework: str, stub: Stub, tmp_path: Path
) -> None:
    async with connected(framework, stub.address, tmp_path, recording_bytes=100_000) as people:
        small = Recording(bytes(SIZE), "document", said_size=1000)
        assert "larger than the 0.1 MB" in await people.told(recording=small)
        assert people.fetched < SIZE
        large = Recording(bytes(10), "audio", said_size=90_000)
        assert "could not get the whole file" in await people.told(recording=large)
        nameless = Recording(b"sound", "document", "", "")
        assert await people.told(recording=nameless) == "Heard 5."
        liar = Recording(b"sounds", "document", "text/html", "\u202egpj.exe")
        assert await people.told(recording=liar) == "Heard 6."
    assert list((tmp_path / "recordings").iterdir()) == []


async def test_a_group_that_grows_keeps_its_choices_and_its_work(framework: str, stub: Stub, tmp_path: Path) -> None:
    stub.go.clear()
    async with connected(framework, stub.address, tmp_path) as people:
        assert await people.told("/speed 2", chat=GROUP, person=7) == "Speed: 2×"
        await people.write("/voice Hello.", chat=GROUP, person=7)
        await people.until("action", chat=GROUP)
        await people.grow(GROUP, GROWN)
        assert "2×" in await people.told("/speed", chat=GROWN, person=7)
        stub.go.set()
        (note,) = await people.until("voice")
        assert note.chat == GROWN


async def test_in_a_group_the_message_is_answered_and_a_channel_is_left_alone(
    framework: str, stub: Stub, tmp_path: Path
) -> None:
    async with connected(framework, stub.address, tmp_path) as people:
        await people.post("/speed 4", CHANNEL)
        asked = await people.write("/speed 2", chat=GROUP, person=7)
        (answer,) = await people.until("text")
        assert (answer.chat, answer.text, answer.replies_to) == (GROUP, "Speed: 2×", asked)
        # Who stays unnamed writes as the group, whose share it is then.
        await people.write("/voice Hello.", chat=GROWN, unnamed=True)
        await people.until("voice")
    assert stub.subjects == [f"telegram:{GROWN}"]


async def test_who_blocks_the_bot_costs_nobody_else_anything(framework: str, stub: Stub, tmp_path: Path) -> None:
    async with connected(framework, stub.address, tmp_path) as people:
        people.blocked.add(8)
        await people.write("Hello.", chat=8)
        await people.write("/speed 2", chat=8)
        await people.write("Hello.")
        await people.until("voice", chat=7)
        assert "2 chats" in await people.told("/admin broadcast News.")
        question = (await people.until("text", chat=7))[-1]
        await people.press(question.buttons[0][0][1], message=question.number)
        assert "Sent to 1 chats; 1 could not" in (await people.until("text", 3, chat=7))[-1].text


async def test_long_and_hostile_texts_are_answered(framework: str, stub: Stub, tmp_path: Path) -> None:
    async with connected(framework, stub.address, tmp_path) as people:
        told = await people.told("/" + "x" * 4090, answers=2)
        assert told.endswith("/help tells which there are.")
        assert "allowed" in await people.told("\U0001f600" * 2000 + "a" * 2001)
        assert "no text" in await people.told("/voice \u00a0")
        hostile = "\u202e\u0000;DROP \u2066{0} %s\n"
        await people.write(hostile + "x")
        await people.until("voice")
        stub.heard = "\U0001f600 said " * 600
        await people.told(recording=Recording(b"sound"), answers=2)
    assert len(stub.spoken) == 1


async def test_an_answer_to_a_message_that_is_gone_comes_all_the_same(
    framework: str, stub: Stub, tmp_path: Path
) -> None:
    async with connected(framework, stub.address, tmp_path) as people:
        stub.go.clear()
        number = await people.write("Hello.")
        await people.until("action")
        people.taken_back.add(number)
        stub.go.set()
        (note,) = await people.until("voice")
        assert note.audio
