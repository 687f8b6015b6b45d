"""The bot: takes messages, finds what each asks for, and tells every failure to who asked."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from clients.chat.queues import ChatQueues
from clients.chat.speech import ServerFailed, SpeechServer
from clients.chat.starting import Rejected
from clients.chat.texts import LANGUAGES, language_of
from clients.chat.voice_list import VoiceList
from clients.telegram.chats import Chats, Choices
from clients.telegram.commands import dispatch
from clients.telegram.confirmations import Confirmations
from clients.telegram.delivery import Delivery
from clients.telegram.lengths import clean
from clients.telegram.messenger import Incoming, Messenger, Press, Undeliverable
from clients.telegram.settings import Settings
from clients.telegram.texts import sentence
from clients.telegram.turn import Desk, Turn

log = logging.getLogger("stts.bot")

CANCEL = "cancel"
"""The one command that waits for nothing: it ends what the others wait for."""
MENU = [*(name for name in dispatch.COMMANDS if name not in ("start", "admin")), CANCEL]
WAITING_MESSAGES = 50
"""Messages of a chat that wait to be looked at."""
MOST_MESSAGES = 200
"""Messages that are looked at at once."""
TELLING_SECONDS = 5.0
"""How long the end waits until those are told whose messages are not done."""
MOST_SEEN = 10_000
"""Messages that are known again when the messenger tells them twice."""


class Bot:
    """`name`: the bot's own, by which `/voice@name` in a group is meant for it."""

    def __init__(self, messenger: Messenger, server: SpeechServer, settings: Settings, name: str = "") -> None:
        self._settings = settings
        self._name = name.casefold()
        self._chats = Chats(settings.data / "chats.db")
        # Messages are looked at in their chat's order, and none waits for the work that another one asked for.
        self._messages = ChatQueues(self._fault, waiting=WAITING_MESSAGES, at_once=MOST_MESSAGES)
        self._jobs = ChatQueues(self._fault)
        self._seen: OrderedDict[tuple[int, int], int] = OrderedDict()
        """A sum of each message as it was seen last."""
        self._ended = asyncio.Event()
        self._why = ""
        self._closing = False
        self._full: set[int] = set()
        """Chats that were told that their queue is full."""
        self._overflowed: set[int] = set()
        recordings = (settings.data / "recordings").absolute()
        recordings.mkdir(exist_ok=True, mode=0o700)
        for left in recordings.iterdir():
            left.unlink()
        self._desk = Desk(
            messenger=Delivery(messenger),
            server=server,
            chats=self._chats,
            settings=settings,
            recordings=recordings,
            voices=VoiceList(server),
            confirmations=Confirmations(),
            enqueue=self._enqueue,
        )

    async def offer(self) -> None:
        """Tells the messenger the commands, in each language."""
        for language in (None, *LANGUAGES):
            menu = [(name, sentence(language or "en", f"menu_{name}")) for name in MENU]
            await self._desk.messenger.offer(menu, language)

    async def close(self) -> None:
        """Lets end what was accepted. Who writes meanwhile, and whose message is not done, is told to write again."""
        self._closing = True
        clock = asyncio.get_running_loop().time
        end = clock() + self._settings.stop_seconds
        lost = await self._messages.close(self._settings.stop_seconds)
        lost += await self._jobs.close(max(0.0, end - clock()))
        if lost:
            log.warning("%d jobs were cancelled: they took longer than the stop waits", lost)
        chats = {*self._messages.lost, *self._jobs.lost}
        with suppress(TimeoutError):
            async with asyncio.timeout(TELLING_SECONDS):
                await asyncio.gather(*map(self._tell_stopped, chats))
        self._chats.close()

    async def _tell_stopped(self, chat: int) -> None:
        language = language_of((await self._chats.of(chat)).interface, self._settings.language)
        await self._desk.messenger.try_text(chat, sentence(language, "stopped"))

    async def receive(self, message: Incoming) -> None:
        """Takes a message, once; in a group those alone that are for the bot."""
        message = replace(message, text=clean(message.text))
        command, argument, named = _parsed(message.text)
        meant = message.private if command is None else named in ("", self._name)
        # What a messenger tells of the chat itself asks for nothing.
        if not meant or not (message.text or message.attachment or message.other) or not self._is_new(message):
            return
        if command == CANCEL:
            # A message that nobody has looked at yet is stopped like any other.
            ended = self._messages.drop(message.chat) + self._jobs.drop(message.chat)
            await self._take(
                message, lambda turn: turn.tell("cancelled" if ended else "nothing_to_cancel", count=ended)
            )
        else:
            await self._take(message, partial(dispatch.answer, command), argument)

    async def move(self, chat: int, to: int) -> None:
        """A group has grown and has another number: what it has chosen and what is at work goes there."""
        self._desk.messenger.move(chat, to)
        await self._chats.move(chat, to)

    async def rejected(self) -> None:
        """Raises Rejected once the messenger does not take the bot any more; never returns."""
        await self._ended.wait()
        raise Rejected(self._why)

    async def press(self, press: Press) -> None:
        """Does what a button stands for; one that this bot does not know is told to be out of date."""
        kind, _, value = press.data.partition(":")
        message = Incoming(press.chat, press.message, press.person, private=press.chat == press.person.id)

        async def answer(turn: Turn) -> None:
            await self._desk.messenger.answer_press(press.id)
            await dispatch.press(kind, turn)

        await self._take(message, answer, value)

    async def _take(self, message: Incoming, answer: Callable[[Turn], Awaitable[object]], argument: str = "") -> None:
        """Has a message answered in its chat's turn."""
        if self._closing:
            turn = Turn(self._desk, message, Choices())
            await self._told(turn, partial(turn.tell, "stopping"))
            return

        async def look() -> None:
            if message.edited:
                # What was to be done for the message as it was before is of no use any more.
                self._jobs.drop(message.chat, message.message)
            turn = Turn(self._desk, message, await self._chats.of(message.chat), argument)
            await self._told(turn, partial(answer, turn))
            if message.chat in self._overflowed:
                self._overflowed.discard(message.chat)
                await self._told(turn, partial(turn.tell, "queue_full", waiting=self._jobs.ahead(message.chat)))

        if not self._messages.put(message.chat, look):
            # Who floods the bot is told so by the message before, once.
            self._overflowed.add(message.chat)

    async def _enqueue(self, turn: Turn, job: Callable[[], Awaitable[None]], seconds: float | None) -> None:
        work = partial(self._told, turn, partial(self._in_time, turn, job, seconds))
        if self._jobs.put(turn.chat, work, turn.message.message):
            self._full.discard(turn.chat)
        elif turn.chat not in self._full:
            # Said once until there is room again: who floods the bot is not flooded by it.
            self._full.add(turn.chat)
            await turn.tell("queue_full", waiting=self._jobs.ahead(turn.chat))

    async def _in_time(self, turn: Turn, job: Callable[[], Awaitable[None]], seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await job()
        except TimeoutError:
            await turn.tell("deadline", seconds=round(seconds or 0))

    async def _told(self, turn: Turn, work: Callable[[], Awaitable[object]]) -> None:
        """Does something for a chat, and tells it what failed."""
        try:
            try:
                await work()
            except ServerFailed as failure:
                log.warning("the speech server did not do it: %s %s", failure.cause, failure.code)
                await self._desk.messenger.send_text(turn.chat, turn.failure(failure))
        except Undeliverable as gone:
            log.warning("a chat could not be answered: %s", gone)
        except Rejected as rejected:
            self._why = str(rejected)
            self._ended.set()

    def _is_new(self, message: Incoming) -> bool:
        """False for what was told before: twice, or as a change of what the bot does not read, such as a preview."""
        number, file = (message.chat, message.message), message.attachment
        content = hash((message.text, message.other, file and (file.kind, file.size, file.name)))
        if self._seen.get(number) == content:
            return False
        self._seen[number] = content
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return True

    async def _fault(self, chat: int, error: BaseException) -> None:
        """Logs a fault by its kind and place, for its message may hold what somebody wrote, and tells the chat."""
        place = traceback.extract_tb(error.__traceback__)[-1:]
        where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in place]
        log.error("%s at %s", type(error).__name__, *where or ["an unknown place"])
        language = language_of((await self._chats.of(chat)).interface, self._settings.language)
        try:
            await self._desk.messenger.send_text(chat, sentence(language, "failed_here"))
        except Undeliverable:
            return


def _parsed(text: str) -> tuple[str | None, str, str]:
    """The command of a text, what stands behind it, and the bot that it names; None: no command."""
    if not text.startswith("/"):
        return None, "", ""
    first, *rest = text.split(maxsplit=1)
    command, _, name = first[1:].partition("@")
    return command.lower(), rest[0] if rest else "", name.casefold()
