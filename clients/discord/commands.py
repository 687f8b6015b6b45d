"""The bot's commands: where it speaks, what, and how."""

from __future__ import annotations

from typing import Any

from clients.chat.languages import primary
from clients.chat.texts import LANGUAGES
from clients.discord.announcing import begin
from clients.discord.choices import PersonChoices
from clients.discord.guilds import NOBODY
from clients.discord.line import Utterance
from clients.discord.platform import CannotJoin
from clients.discord.spoken import spoken
from clients.discord.turn import Command, Turn

AUTOMATIC = "auto"
SLOWEST, FASTEST = 0.25, 4.0
SHOWN_CHARACTERS = 50
"""Characters of a text that `/queue` shows."""
MOST_SHOWN = 40
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫", "01234567890123456789.")


async def join(turn: Turn) -> None:
    """`/join`: the voice channel of who asks; what is written where they ask is spoken there."""
    asked, place = turn.asked, turn.desk.guilds.joined(turn.guild)
    if asked.voice_channel is None:
        await turn.tell("you_are_nowhere")
        return
    elsewhere = place is not None and place.voice_channel not in (None, asked.voice_channel)
    if place and elsewhere and not asked.person.manages and not turn.desk.platform.alone(turn.guild):
        await turn.tell("with_others", channel=turn.desk.platform.channel_name(place.voice_channel or 0))
        return
    try:
        await turn.desk.guilds.join(asked.guild, asked.voice_channel, asked.channel, asked.guild_language)
    except CannotJoin as error:
        await turn.tell(error.missing)
        return
    key = "joined" if turn.desk.settings.read_messages else "joined_for_say"
    await turn.tell(key, channel=turn.desk.platform.channel_name(asked.voice_channel))


async def _stranger(turn: Turn) -> bool:
    """Whether somebody is not where the bot is, whose talk this is no part of; tells them."""
    place = turn.desk.guilds.joined(turn.guild)
    if place is None or turn.asked.person.manages or turn.asked.voice_channel == place.voice_channel:
        return False
    await turn.tell("come_first", channel=turn.desk.platform.channel_name(place.voice_channel or 0))
    return True


async def leave(turn: Turn) -> None:
    if await _stranger(turn):
        return
    left = await turn.desk.guilds.leave(turn.guild)
    if left is None:
        await turn.tell("not_joined")
    else:
        await turn.tell("left_with_texts" if left else "left", count=left)


async def say(turn: Turn) -> None:
    """`/say TEXT`."""
    asked = turn.asked
    text = spoken(turn.argument, asked.named, lambda key: turn.words(f"word_{key}"))
    if refused := offer(turn, text, None):
        await turn.tell(refused[0], **refused[1])
    else:
        await turn.tell("taken")


def offer(turn: Turn, text: str, message: int | None) -> tuple[str, dict[str, Any]] | None:
    """Puts a text into the guild's line; returns the sentence, and its values, that says why it does not."""
    settings, place = turn.desk.settings, turn.desk.guilds.joined(turn.guild)
    if place is None:
        return "not_joined", {}
    if not any(letter.isalnum() for letter in text):
        return "nothing_to_say", {}
    if len(text) > settings.text_characters:
        return "text_too_long", {"characters": len(text), "most": settings.text_characters}
    asked = turn.asked
    refusal = place.line.put(Utterance(asked.person, text, turn.choices, turn.language, asked.channel, message))
    if refusal == "share":
        return "share_full", {"count": settings.waiting_each}
    return ("queue_full", {"count": settings.waiting}) if refusal else None


async def skip(turn: Turn) -> None:
    place = turn.desk.guilds.joined(turn.guild)
    if await _stranger(turn):
        return
    if place and place.line.spoken and place.line.spoken.person == NOBODY:
        await turn.tell("must_be_heard")
    else:
        await turn.tell("skipped" if place and place.line.skip() else "nothing_spoken")


async def stop(turn: Turn) -> None:
    place = turn.desk.guilds.joined(turn.guild)
    if await _stranger(turn):
        return
    gone = place.line.clear() if place else []
    await turn.tell("stopped_now" if gone else "nothing_spoken", count=len(gone))


async def queue(turn: Turn) -> None:
    place = turn.desk.guilds.joined(turn.guild)
    current = place.line.spoken if place else None
    waiting = place.line.waiting if place else []
    if current is None and not waiting:
        await turn.tell("queue_empty")
        return
    lines = [f"▶ {_shown(current)}"] if current else []
    lines += [f"{number}. {_shown(each)}" for number, each in enumerate(waiting, 1)]
    await turn.asked.answer("\n".join(lines))


def _shown(utterance: Utterance) -> str:
    text = " ".join(utterance.text.split())
    short = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return f"{utterance.person.name}: {short}" if utterance.person.name else short


async def voice(turn: Turn) -> None:
    """`/voice`, `/voice auto` or `/voice NAME`: which there are, or the one that speaks this person's texts."""
    found, wanted = await turn.desk.voices.all(), turn.argument
    if wanted.casefold() == AUTOMATIC:
        await _choose(turn, "voice_chosen", turn.words("automatic"), voice=None)
        return
    named = [each for each in found if wanted.casefold() in (str(each["id"]).casefold(), str(each["name"]).casefold())]
    if named:
        await _choose(turn, "voice_chosen", str(named[0]["name"]), voice=str(named[0]["id"]))
        return
    language = primary(wanted or turn.choices.language or turn.language)
    names = [str(each["name"]) for each in found if _speaks(each, language)]
    if not names:
        await turn.tell("unknown_voice", voice=wanted, languages=await _languages(turn))
        return
    shown = ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")
    current = turn.choices.voice or turn.words("automatic")
    await turn.tell("voices", count=len(names), language=language, voices=shown, voice=current)


def _speaks(voice: dict[str, object], language: str) -> bool:
    languages = voice.get("languages")
    return isinstance(languages, list) and language in {primary(str(tag)) for tag in languages}


async def speed(turn: Turn) -> None:
    """`/speed 1.25`."""
    try:
        value = float(turn.argument.replace(",", ".").removesuffix("x").removesuffix("×").translate(_DIGITS))
    except ValueError:
        value = 0.0
    if SLOWEST <= value <= FASTEST:
        await _choose(turn, "speed_chosen", value, speed=value)
    else:
        await turn.tell("no_speed", slowest=SLOWEST, fastest=FASTEST, speed=turn.choices.speed)


async def language(turn: Turn) -> None:
    """`/language de`, `/language auto`: of what is spoken for this person, and of what the bot writes to them."""
    wanted, known = turn.argument, await turn.desk.voices.languages()
    tag = primary(wanted)
    if wanted.casefold() == AUTOMATIC:
        await _choose(turn, "language_automatic", "", language=None, interface=None)
    elif tag in known:
        interface = {"interface": tag} if tag in LANGUAGES else {}
        name = turn.words(f"language_{tag}") if interface else tag
        await _choose(turn, "language_chosen", name, language=tag, voice=None, **interface)
    else:
        await turn.tell("unknown_voice", voice=wanted, languages=await _languages(turn))


async def _languages(turn: Turn) -> str:
    """Languages that somebody speaks; where they are too many to read, the first of them."""
    known = sorted(await turn.desk.voices.languages())
    return ", ".join(known[:MOST_SHOWN]) + (", …" if len(known) > MOST_SHOWN else "")


async def _choose(turn: Turn, key: str, value: object, **changes: Any) -> None:
    """Keeps a choice, and says so in the language that then holds."""
    choices: PersonChoices = await turn.desk.people.choose(turn.asked.person.id, **changes)
    await Turn(turn.desk, turn.asked, choices).tell(key, value=value)


async def listen(turn: Turn) -> None:
    """`/listen on`, `/listen off`: whether what is said is written down. It is announced, in writing and aloud."""
    desk, place = turn.desk, turn.desk.guilds.joined(turn.guild)
    wanted = turn.argument.casefold() != "off"
    if not desk.settings.listening:
        await turn.tell("listening_not_allowed")
    elif not turn.asked.person.manages:
        await turn.tell("listening_is_for_managers")
    elif place is None or place.voice is None:
        await turn.tell("not_joined")
    elif wanted:
        await turn.tell("listening_soon")
        # Nothing is heard before it was said aloud, to the end.
        begun = await begin(desk.guilds, desk.ears, turn.guild, turn.asked.channel)
        await turn.tell("listening_on" if begun else "listening_not_announced")
    else:
        stopped = await desk.ears.stop(turn.guild)
        await turn.tell("listening_off" if stopped else "not_listening")


async def health(turn: Turn) -> None:
    """Tells whether the server answers, and which of its engines can work."""
    await turn.desk.server.get("/health")
    engines = await turn.desk.server.get("/engines", turn.subject)
    ready = [str(engine["name"]) for engine in engines if engine["available"] and engine["kind"] in ("tts", "stt")]
    await turn.tell("health", engines=", ".join(ready))


async def help_(turn: Turn) -> None:
    await turn.tell("help")


COMMANDS: dict[str, Command] = {
    "join": join, "leave": leave, "say": say, "skip": skip, "stop": stop, "queue": queue, "voice": voice,
    "speed": speed, "language": language, "listen": listen, "health": health, "help": help_,
}  # fmt: skip
