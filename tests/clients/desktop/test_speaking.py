"""The queue: each utterance ends once, is heard while it comes, and nothing of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from clients.desktop.model.backoff import Backoff
from clients.desktop.model.events import END, Asking, Ended, Event, Failed, Kept, Notice, Sounding, Stopped, Waiting
from clients.desktop.model.history import History
from clients.desktop.model.speaking import LONGEST_QUEUE, QueueFull, Speaking, Utterance
from clients.desktop.sound.device import NOTHING, SYSTEM, Choice
from tests.clients.desktop.answering import SOUND, Answer, Answers, refused, spoken
from tests.clients.desktop.sounding import CABLE, EARS, MemoryMachine

BOTH = (Choice(CABLE.id, CABLE.name), SYSTEM)


class Desk:
    """A queue at work, with all that it has told."""

    def __init__(self, folder: Path, answers: Answers, machine: MemoryMachine, choices: tuple[Choice, ...]) -> None:
        self.machine, self.choices = machine, choices
        self.events: list[Event] = []
        self.more = asyncio.Event()
        self.pauses: list[float] = []
        server = answers.server()
        self.history = History(folder)
        self.speaking = Speaking(
            lambda: server,
            machine,
            lambda: self.choices,
            lambda: self.history,
            self._tell,
            Backoff(times=3),
            self._pause,
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def ended(self, number: int = 1) -> Event:
        """Lets the devices play until an utterance has ended."""
        while not (found := [each for each in self.events if isinstance(each, END) and each.number == number]):
            self.machine.play(0.5)
            await asyncio.sleep(0)
        return found[0]

    async def told(self, kind: type) -> None:
        """Returns when this was told."""
        while not self.of(kind):
            self.more.clear()
            await self.more.wait()

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        self.more.set()

    def of(self, *kinds: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kinds)]


@asynccontextmanager
async def desk(
    folder: Path,
    answers: Answers | None = None,
    machine: MemoryMachine | None = None,
    choices: tuple[Choice, ...] = BOTH,
) -> AsyncIterator[Desk]:
    made = Desk(folder, answers or Answers(), machine or MemoryMachine(), choices)
    task = asyncio.create_task(made.speaking.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()
        assert made.machine.open_now == []


async def test_it_is_heard_on_both_and_kept(tmp_path: Path) -> None:
    async with desk(tmp_path, Answers([spoken(SOUND, SOUND)])) as at:
        at.speaking.say(Utterance("Hello there."))
        assert isinstance(await at.ended(), Ended)
        (entry,) = at.history.entries()
        assert (entry.text, entry.seconds) == ("Hello there.", 2.0)
        assert {name: bytes(heard).strip(b"\0") for name, heard in at.machine.heard.items()} == {
            CABLE.id: SOUND * 2,
            EARS.id: SOUND * 2,
        }


async def test_it_is_heard_before_all_of_it_has_come(tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with desk(tmp_path, Answers([spoken(SOUND, hold=hold)])) as at:
        at.speaking.say(Utterance("Hello there."))
        await at.told(Sounding)
        while not at.machine.heard.get(CABLE.id, b"").strip(b"\0"):
            at.machine.play(0.1)
            await asyncio.sleep(0)
        assert at.of(Kept, *END) == []
        hold.set()
        await at.ended()


async def test_one_follows_the_other(tmp_path: Path) -> None:
    answers = Answers()
    async with desk(tmp_path, answers) as at:
        for text in ("One.", "Two.", "Three."):
            at.speaking.say(Utterance(text, {"speed": 2.0}))
        await at.ended(3)
        assert answers.texts == ["One.", "Two.", "Three."]
        assert [event.number for event in at.of(Sounding, *END)] == [1, 1, 2, 2, 3, 3]


async def test_a_server_that_is_away_is_asked_again_with_a_countdown(tmp_path: Path) -> None:
    away: list[Answer] = [httpx.ConnectError("no"), refused(503, "Too much.", retry_after="3")]
    async with desk(tmp_path, Answers(away)) as at:
        at.speaking.say(Utterance("Hello."))
        assert isinstance(await at.ended(), Ended)
        told = [(event.seconds, event.attempt) for event in at.of(Waiting) if isinstance(event, Waiting)]
        assert told == [(1.0, 1), (3.0, 2), (2.0, 2), (1.0, 2)]
        assert at.pauses == [1.0] * 4
        assert len(at.of(Asking)) == 3


async def test_it_is_given_up_in_the_end_and_its_words_come_back(tmp_path: Path) -> None:
    async with desk(tmp_path, Answers([httpx.ConnectError("no")] * 4)) as at:
        at.speaking.say(Utterance("Hello."))
        failed = await at.ended()
        assert isinstance(failed, Failed) and failed.text == "Hello." and "Nothing listens" in failed.message
        at.speaking.say(Utterance("Again."))
        assert isinstance(await at.ended(2), Ended)


async def test_what_is_refused_is_not_asked_again(tmp_path: Path) -> None:
    async with desk(tmp_path, Answers([refused(422, "No such voice.")])) as at:
        at.speaking.say(Utterance("Hello."))
        assert await at.ended() == Failed(1, "No such voice.", "Hello.")
        assert at.of(Waiting) == []


async def test_what_breaks_off_leaves_no_half_file(tmp_path: Path) -> None:
    async with desk(tmp_path, Answers([spoken(SOUND, end=httpx.ReadError("gone"))])) as at:
        at.speaking.say(Utterance("Hello."))
        failed = await at.ended()
        assert isinstance(failed, Failed) and "broke off" in failed.message
        assert list(at.history.folder.iterdir()) == []


@pytest.mark.parametrize("whole", [False, True])
async def test_stop_ends_what_sounds_and_what_waits(tmp_path: Path, whole: bool) -> None:
    """Speech that had come whole before it was stopped is in the history."""
    hold = None if whole else asyncio.Event()
    async with desk(tmp_path, Answers([spoken(SOUND, hold=hold)])) as at:
        for text in ("One.", "Two."):
            at.speaking.say(Utterance(text))
        await at.told(Kept if whole else Sounding)
        at.speaking.stop()
        assert isinstance(await at.ended(1), Stopped) and isinstance(await at.ended(2), Stopped)
        at.machine.play()
        assert not any(any(heard) for heard in at.machine.heard.values())
        assert len(at.history.entries()) == int(whole)
        at.speaking.say(Utterance("Three."))
        assert isinstance(await at.ended(3), Ended)


async def test_skip_ends_one_also_while_it_waits_for_the_server(tmp_path: Path) -> None:
    waiting = asyncio.Event()
    async with desk(tmp_path, Answers([httpx.ConnectError("no")] * 3)) as at:
        at._pause = lambda _: waiting.wait()  # type: ignore[assignment, method-assign, return-value]
        at.speaking._pause = at._pause
        at.speaking.say(Utterance("One."))
        await at.told(Waiting)
        at.speaking.skip()
        assert isinstance(await at.ended(), Stopped)


async def test_a_device_that_is_away_or_in_use_keeps_the_other_from_nothing(tmp_path: Path) -> None:
    machine = MemoryMachine(in_use={EARS.id})
    async with desk(tmp_path, machine=machine, choices=(*BOTH, Choice("Test:gone", "Old cable"))) as at:
        at.speaking.say(Utterance("Hello."))
        assert isinstance(await at.ended(), Ended)
        told = " ".join(event.message for event in at.of(Notice) if isinstance(event, Notice))
        assert "“Old cable” is not there" in told and "“Headphones” cannot be opened" in told


async def test_without_any_device_it_lies_in_the_history(tmp_path: Path) -> None:
    async with desk(tmp_path, machine=MemoryMachine(silent="No sound system.")) as at:
        at.speaking.say(Utterance("Hello."))
        assert await at.ended() == Failed(1, "No device has played it to its end. It lies in the history.")
        assert len(at.history.entries()) == 1
        at.choices = (NOTHING,)
        at.speaking.say(Utterance("Only a file."))
        assert isinstance(await at.ended(2), Ended)


async def test_the_history_is_heard_again_without_the_server(tmp_path: Path) -> None:
    answers = Answers()
    async with desk(tmp_path, answers) as at:
        at.speaking.say(Utterance("Hello."))
        await at.ended()
        (entry,) = at.history.entries()
        at.machine.heard.clear()
        at.speaking.say(Utterance("Hello.", recording=entry.path))
        assert isinstance(await at.ended(2), Ended)
        assert bytes(at.machine.heard[CABLE.id]).strip(b"\0") == SOUND
        at.speaking.say(Utterance("", recording=tmp_path / "gone.wav"))
        assert isinstance(await at.ended(3), Failed)
        assert answers.texts == ["Hello."]


async def test_the_queue_has_an_end(tmp_path: Path) -> None:
    at = Desk(tmp_path, Answers(), MemoryMachine(), BOTH)
    for number in range(LONGEST_QUEUE):
        assert at.speaking.say(Utterance("One more.")) == number + 1
    with pytest.raises(QueueFull, match="wait already"):
        at.speaking.say(Utterance("Too many."))
