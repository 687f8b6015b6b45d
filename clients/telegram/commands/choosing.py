"""Choices of a chat: voice, engine, language, speed and format; by words or by buttons.

After a press the message with the buttons shows what was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from clients.chat.languages import DIGITS, primary
from clients.chat.texts import LANGUAGES, number
from clients.telegram.chats import FORMATS, SPEEDS
from clients.telegram.messenger import Button, Buttons
from clients.telegram.turn import Turn

IN_A_ROW, ON_A_PAGE = 3, 21
DATA_BYTES = 64
"""Telegram keeps so many with a button."""
SLOWEST, FASTEST = 0.25, 4.0
AUTOMATIC = "auto"
MARK = "✓ "
MOST_TONGUES = 12
NAMES = {
    **dict.fromkeys(("english", "englisch", "انگلیسی"), "en"),
    **dict.fromkeys(("german", "deutsch", "آلمانی"), "de"),
    **dict.fromkeys(("persian", "farsi", "persisch", "فارسی"), "fa"),
}
"""Languages of the bot's own sentences, by their names in these."""

Voice = dict[str, object]


async def voices(turn: Turn) -> None:
    """`/voices`, `/voices de` or `/voices NAME`: those of a language to choose from, or the one that is named."""
    found = await turn.desk.voices.all()
    wanted = turn.argument.strip()
    if wanted == AUTOMATIC:
        turn = await _chosen(turn, voice=None, engine=None)
        await _put_voice(turn, turn.words("automatic"), _page_of(turn, found, turn.choices.language or turn.language))
        return
    named = [
        voice
        for voice in found
        if wanted and wanted.casefold() in (str(voice["id"]).casefold(), str(voice["name"]).casefold())
    ]
    language = _tag(wanted) if wanted else primary(turn.choices.language or turn.language)
    if len(named) == 1 and not _speaks(named[0], wanted):
        await _choose_voice(turn, found, named[0])
    else:
        await _show_page(turn, wanted or language, _page_of(turn, found, language))


async def page(turn: Turn) -> None:
    """Turns to another page of the voices of a language: `de:2`."""
    language, _, number = turn.argument.partition(":")
    offered = _speakers(await turn.desk.voices.all(), language)
    await _show_page(turn, language, (language, offered, int(number) if number.isdecimal() else 0))


async def engines(turn: Turn) -> None:
    """`/engines`, or `/engines NAME`: which there are and what they do, or the one to speak with."""
    found = [engine for engine in await turn.desk.server.get("/engines") if engine["available"]]
    speaking = [str(engine["name"]) for engine in found if engine["kind"] == "tts"]
    wanted = turn.argument.strip()
    names = [(name, name) for name in speaking] + [(turn.words("automatic"), AUTOMATIC)]
    if not wanted:
        lines = [
            f"• {engine['name']} ({turn.words('kind_' + engine['kind'])})"
            for engine in found
            if engine["kind"] in ("tts", "stt")
        ]
        buttons = _options("engine", names, turn.choices.engine or AUTOMATIC)
        await turn.put("engines", engines="\n".join(lines), buttons=buttons)
    elif wanted == AUTOMATIC or wanted in speaking:
        turn = await _chosen(turn, engine=None if wanted == AUTOMATIC else wanted, voice=None)
        shown = turn.words("automatic") if wanted == AUTOMATIC else wanted
        await turn.put("engine_chosen", engine=shown, buttons=_where_pressed(turn, _options("engine", names, wanted)))
    else:
        await turn.tell("no_engine", engine=wanted, engines=", ".join(speaking))


async def lang(turn: Turn) -> None:
    """`/lang`, `/lang de`: the language that the bot writes in, and of what is spoken and heard."""
    wanted = turn.argument.strip()
    if not wanted:
        await turn.tell("lang", buttons=_languages(turn, turn.choices.language or AUTOMATIC))
    elif wanted == AUTOMATIC:
        turn = await _chosen(turn, language=None, interface=None)
        await turn.put("lang_automatic", buttons=_where_pressed(turn, _languages(turn, AUTOMATIC)))
    elif (tag := _tag(wanted)) in await turn.desk.voices.languages():
        interface = {"interface": tag} if tag in LANGUAGES else {}
        turn = await _chosen(turn, language=tag, voice=None, engine=None, **interface)
        await turn.put("lang_chosen", language=tag, buttons=_where_pressed(turn, _languages(turn, tag)))
    else:
        await turn.tell("no_voices", language=wanted, languages=await _tongues(turn))


async def speed(turn: Turn) -> None:
    """`/speed`, `/speed 1.25`."""
    wanted = turn.argument.strip().replace(",", ".").removesuffix("x").translate(DIGITS)
    if not wanted:
        await turn.tell("speed", speed=turn.choices.speed, buttons=_speeds(turn))
        return
    try:
        value = float(wanted)
    except ValueError:
        value = 0.0
    if not SLOWEST <= value <= FASTEST:
        await turn.tell("no_speed", slowest=SLOWEST, fastest=FASTEST)
        return
    turn = await _chosen(turn, speed=value)
    await turn.put("speed_chosen", speed=value, buttons=_where_pressed(turn, _speeds(turn)))


async def form(turn: Turn) -> None:
    """`/format`, `/format mp3`."""
    wanted = turn.argument.strip().lower()
    if wanted in FORMATS:
        turn = await _chosen(turn, format=wanted)
        await turn.put("format_chosen", format=wanted, buttons=_where_pressed(turn, _formats(wanted)))
        return
    key = "no_format" if wanted else "format"
    now = turn.choices.format
    await turn.tell(key, format=now, formats=", ".join(FORMATS), buttons=_formats(now))


async def _chosen(turn: Turn, **changes: Any) -> Turn:
    """Chooses; the turn that is returned speaks the language that was chosen."""
    return replace(turn, choices=await turn.desk.chats.choose(turn.chat, **changes))


Page = tuple[str, Sequence[Voice], int]
"""A language, the voices that speak it, and the number of the page of them, from 0 on."""


async def _choose_voice(turn: Turn, found: Sequence[Voice], voice: Voice) -> None:
    engine = str(voice["engine"]) if voice.get("engine") else None
    turn = await _chosen(turn, voice=str(voice["id"]), engine=engine)
    tags = voice.get("languages")
    language = primary(str(tags[0])) if isinstance(tags, list) and tags else turn.language
    await _put_voice(turn, voice["name"], _page_of(turn, found, language))


async def _put_voice(turn: Turn, name: object, shown: Page) -> None:
    await turn.put("voice_chosen", voice=name, buttons=_where_pressed(turn, _voice_buttons(turn, shown)))


async def _show_page(turn: Turn, wanted: str, shown: Page) -> None:
    language, offered, number = shown
    if not offered:
        await turn.tell("no_voices", language=wanted, languages=await _tongues(turn))
        return
    number, pages = _bounded(number, offered)
    about = {"count": len(offered), "language": language, "page": number + 1, "pages": pages}
    key = "voices_page" if pages > 1 else "voices" if len(offered) > 1 else "voices_one"
    await turn.put(key, buttons=_voice_buttons(turn, shown), **about)


def _page_of(turn: Turn, found: Sequence[Voice], language: str) -> Page:
    """The page on which the chosen voice is, or the first one."""
    offered = _speakers(found, language)
    ids = [str(voice["id"]) for voice in offered]
    chosen = turn.choices.voice
    return language, offered, ids.index(chosen) // ON_A_PAGE if chosen in ids else 0


def _speakers(found: Iterable[Voice], language: str) -> list[Voice]:
    """Voices of a language whose ids a button can hold."""
    return [each for each in found if _speaks(each, language) and len(f"voice:{each['id']}".encode()) <= DATA_BYTES]


def _speaks(voice: Voice, language: str) -> bool:
    tags = voice.get("languages")
    return isinstance(tags, list) and any(primary(str(tag)) == language.lower() for tag in tags)


async def _tongues(turn: Turn) -> str:
    """Some languages that are spoken, those of the bot first, and how many more there are."""
    spoken = await turn.desk.voices.languages()
    order = sorted(spoken, key=lambda tag: (tag not in LANGUAGES, tag))
    more = [turn.words("more", count=len(order) - MOST_TONGUES)] if len(order) > MOST_TONGUES else []
    return ", ".join([*order[:MOST_TONGUES], *more])


def _tag(wanted: str) -> str:
    """The tag of a language that is named by it, or by its name."""
    return NAMES.get(wanted.casefold(), primary(wanted))


def _bounded(number: int, offered: Sequence[Voice]) -> tuple[int, int]:
    """The number of a page that there is, and how many there are: voices may have gone since a button was made."""
    pages = max(1, -(-len(offered) // ON_A_PAGE))
    return min(number, pages - 1), pages


def _voice_buttons(turn: Turn, shown: Page) -> Buttons:
    language, offered, number = shown
    number, pages = _bounded(number, offered)
    here = offered[number * ON_A_PAGE : (number + 1) * ON_A_PAGE]
    names = [(str(voice["name"]), str(voice["id"])) for voice in here]
    chosen = turn.choices.voice or AUTOMATIC
    last = [*_options("voice", [(turn.words("automatic"), AUTOMATIC)], chosen)[0]]
    if number > 0:
        last.insert(0, Button("◀", f"voices:{language}:{number - 1}"))
    if number < pages - 1:
        last.append(Button("▶", f"voices:{language}:{number + 1}"))
    return [*_options("voice", names, chosen), last]


def _languages(turn: Turn, chosen: str) -> Buttons:
    names = [(turn.words(f"language_{name}"), name) for name in LANGUAGES]
    return _options("lang", [*names, (turn.words("automatic"), AUTOMATIC)], chosen)


def _speeds(turn: Turn) -> Buttons:
    names = [(f"{number(value, turn.language)}×", f"{value:g}") for value in SPEEDS]
    return _options("speed", names, f"{turn.choices.speed:g}", len(SPEEDS))


def _formats(chosen: str) -> Buttons:
    return _options("format", [(name, name) for name in FORMATS], chosen, len(FORMATS))


def _options(kind: str, names: Sequence[tuple[str, str]], chosen: str, width: int = IN_A_ROW) -> Buttons:
    """Rows of buttons, each with its name and what it stands for; the one that was chosen is marked."""
    keys = [Button(f"{MARK}{name}" if value == chosen else name, f"{kind}:{value}") for name, value in names]
    return [keys[start : start + width] for start in range(0, len(keys), width)]


def _where_pressed(turn: Turn, buttons: Buttons) -> Buttons:
    """Buttons stay below the message whose button was pressed; an answer in words needs none."""
    return buttons if turn.pressed else ()
