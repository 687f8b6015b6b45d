"""Makes audio of texts: asks the server, hands on its Opus packets as they are, and says in words what failed."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from clients.chat.failure_sentences import failure_sentence, nothing_to_speak
from clients.chat.languages import prefixed
from clients.chat.speech import ServerFailed, SpeechServer
from clients.chat.voice_list import VoiceList
from clients.discord.frames import Frames
from clients.discord.line import Utterance
from clients.discord.ogg import NoOpus, OpusPackets
from clients.discord.platform import Platform, Undeliverable
from clients.discord.texts import sentence

MOST_BREAKS = 3
"""How often an answer that breaks off is asked for again; what was spoken of it is passed over."""

log = logging.getLogger("stts.bot")


def subject(person: int) -> str:
    """The person, as the server counts it among those of the bot's key."""
    return f"discord:{person}"


class Speaking:
    def __init__(self, server: SpeechServer, voices: VoiceList, platform: Platform) -> None:
        self._server = server
        self._voices = voices
        self._platform = platform
        self._warned: dict[int, str] = {}
        """The last that each person was told of things done otherwise than asked."""

    async def make(self, utterance: Utterance, frames: Frames) -> None:
        """Fills frames with a text; tells its person where it cannot."""
        try:
            await self._fill(utterance, frames)
        except ServerFailed as failure:
            frames.fail()
            log.warning("the speech server did not do it: %s %s", failure.cause, failure.code)
            await self.tell(utterance, failure_sentence(utterance.language, failure))

    async def _fill(self, utterance: Utterance, frames: Frames) -> None:
        language, text = prefixed(utterance.text, await self._voices.languages())
        wishes = utterance.choices.wishes(language)
        put = breaks = 0
        while True:
            streamed = await self._server.stream(text, wishes, subject(utterance.person.id))
            packets, came = OpusPackets(), 0
            try:
                if streamed.silent:
                    await self.tell(utterance, nothing_to_speak(utterance.language))
                    return
                await self._warn(utterance, streamed.warnings)
                async for block in streamed.blocks():
                    for packet in packets.feed(block):
                        came += 1
                        if came > put:
                            if not await frames.put(packet):
                                return
                            put += 1
                return
            except NoOpus as error:
                raise ServerFailed("failed", f"{error}.") from None
            except ServerFailed as failure:
                breaks += 1
                if failure.cause != "away" or breaks > MOST_BREAKS:
                    raise
            finally:
                await streamed.close()

    async def _warn(self, utterance: Utterance, warnings: str) -> None:
        """Tells a person once what is done otherwise than asked, in the server's words."""
        person = utterance.person.id
        if warnings and self._warned.get(person) != warnings:
            if len(self._warned) > 1000:
                self._warned.clear()
            self._warned[person] = warnings
            await self.tell(utterance, sentence(utterance.language, "warning", warning=warnings))

    async def tell(self, utterance: Utterance, text: str) -> None:
        """Answers the message that a text stood in."""
        try:
            await self._platform.tell(utterance.channel, text, utterance.message)
        except Undeliverable as gone:
            log.warning("a channel could not be written to: %s", gone)

    async def failed(self, utterance: Utterance, error: BaseException) -> None:
        """Logs a fault, and tells whose text it was."""
        log_fault(error)
        await self.tell(utterance, sentence(utterance.language, "failed_here"))


def log_fault(error: BaseException) -> None:
    """Logs a fault by its kind and place, for its message may hold what somebody wrote."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in place]
    log.error("%s at %s", type(error).__name__, *where or ["an unknown place"])
