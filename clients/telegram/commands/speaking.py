"""Reads texts out: as voice notes, or as files of a chosen format."""

from __future__ import annotations

from functools import partial

from clients.chat.failure_sentences import nothing_to_speak
from clients.chat.languages import prefixed
from clients.chat.speech import Speech
from clients.telegram import voice_notes
from clients.telegram.messenger import AudioFile
from clients.telegram.turn import Turn

TITLE_CHARACTERS = 60
SUFFIXES = {
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "audio/aac": "aac",
}


async def voice(turn: Turn) -> None:
    """`/voice fa: text`, or `/voice` as a reply to a text."""
    replied = turn.message.replied
    text = turn.argument or (replied.text if replied else "")
    await say(turn, text)


async def say(turn: Turn, text: str) -> None:
    """Checks a text and takes it as work."""
    if not text.strip():
        await turn.tell("nothing_to_say")
        return
    most = turn.desk.settings.text_characters
    if len(text) > most:
        await turn.tell("text_too_long", characters=len(text), most=most)
        return
    await turn.work(partial(_speak, turn, text))


async def _speak(turn: Turn, text: str) -> None:
    language, words = prefixed(text, await turn.desk.voices.languages())
    wishes = turn.choices.wishes(language)
    pieces = voice_notes.parts(words) if turn.choices.format == "voice" else [words]
    async with turn.showing("record_voice") as progress:
        for number, piece in enumerate(pieces, 1):
            await progress.part(number, len(pieces))
            speech = await turn.desk.server.speak(piece, wishes, turn.subject)
            await deliver(turn, speech, piece, _part(turn, number, len(pieces)))


def _part(turn: Turn, number: int, of: int) -> str:
    return turn.words("part", number=number, of=of) if of > 1 else ""


async def deliver(turn: Turn, speech: Speech, text: str, caption: str = "") -> None:
    """Sends speech as the chat wants it; what is too large for a bubble goes as a file, and the chat is told."""
    if speech.silent:
        # A note without a sound would be an answer that nobody understands.
        await turn.say(nothing_to_speak(turn.language))
        return
    if speech.warnings:
        await turn.tell("warning", warning=speech.warnings)
    answers = turn.message.message
    if turn.choices.format == "voice" and speech.media_type == "audio/ogg":
        if len(speech.audio) <= voice_notes.BUBBLE_BYTES:
            note = await voice_notes.note(speech.audio, with_waveform=turn.desk.messenger.takes_waveforms)
            await turn.desk.messenger.send_voice(turn.chat, note, caption=caption, replies_to=answers)
            return
        await turn.tell("too_long_for_a_bubble")
    await turn.desk.messenger.send_audio(turn.chat, _file(speech, text), replies_to=answers)


def _file(speech: Speech, text: str) -> AudioFile:
    suffix = SUFFIXES.get(speech.media_type, "bin")
    title = " ".join(text.split())[:TITLE_CHARACTERS]
    return AudioFile(speech.audio, f"speech.{suffix}", speech.media_type, round(speech.seconds), title)
