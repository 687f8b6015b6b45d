"""The bot as people meet it: what they write and ask, and what it says and tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clients.chat.failure_sentences import failure_sentence
from clients.chat.speech import ServerFailed
from clients.discord.ogg import ogg
from clients.discord.platform import Missing, Person
from clients.discord.texts import sentence
from tests.clients.discord.in_memory import BEN, GUILD, LOUNGE, TEXT, Scene, frames_of


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path, waiting=4, waiting_each=2, text_characters=50)
    scene.discord.voice.go.set()
    yield scene
    await scene.end()


def played(*texts: str) -> list[bytes]:
    return [frame for text in texts for frame in frames_of(text)]


async def spoken(scene: Scene, *texts: str) -> None:
    """Waits until these and no others were spoken."""
    await scene.until(lambda: len(scene.discord.voice.played) >= 10 * len(texts))
    assert scene.discord.voice.played == played(*texts)


async def test_the_channel_in_which_it_was_called_is_read_out(scene: Scene) -> None:
    scene.write("before")
    assert await scene.ask("join") == sentence("en", "joined", channel="#12")
    assert scene.discord.joins == [(GUILD, LOUNGE)]
    scene.write("hello there")
    scene.write("of another channel", channel=99)
    scene.write("of another guild", guild=2)
    await scene.until(lambda: scene.server.spoken)
    assert await scene.ask("say", "said by command", BEN) == sentence("de", "taken")
    await spoken(scene, "hello there", "said by command")
    assert [subject for _, _, subject in scene.server.spoken] == ["discord:7", "discord:8"]
    await scene.until(lambda: scene.accepted() == 0)
    assert await scene.ask("leave") == sentence("en", "left")
    assert scene.discord.left == [GUILD]
    assert await scene.ask("leave") == sentence("en", "not_joined")
    assert await scene.ask("say", "text") == sentence("en", "not_joined")


async def test_each_person_has_a_voice_a_speed_and_a_language_of_their_own(scene: Scene) -> None:
    await scene.ask("join")
    assert await scene.ask("voice", "heart") == "Your voice: Heart"
    assert await scene.ask("speed", "1,5") == "Your speed: 1.5×"
    assert await scene.ask("language", "fa", BEN) == sentence("fa", "language_chosen", value="فارسی")
    scene.write("mine")
    scene.write("theirs", BEN)
    scene.write("de: Guten Tag")
    await spoken(scene, "mine", "theirs", "Guten Tag")
    assert [wishes for _, wishes, _ in scene.server.spoken] == [
        {"speed": 1.5, "voice": "heart"},
        {"speed": 1.0, "language": "fa"},
        {"speed": 1.5, "language": "de"},
    ]
    assert await scene.ask("voice", "auto") == "Your voice: automatic"
    assert "Heart" in await scene.ask("voice") and "Deutsch" in await scene.ask("voice", "de")
    assert "Far" not in await scene.ask("voice", "fr"), "its engine is not installed"
    assert await scene.ask("speed", "9") == sentence("en", "no_speed", slowest=0.25, fastest="4", speed="1.5")
    assert await scene.bot.suggest("hea") == [("Heart", "heart")]


async def test_messages_are_answered_in_the_language_that_a_command_told(scene: Scene) -> None:
    await scene.ask("join", person=BEN)
    number = scene.write(" ".join(map(str, range(100, 113))), BEN)
    await scene.until(lambda: scene.discord.told)
    assert scene.discord.told == [(TEXT, sentence("de", "text_too_long", characters=51, most=50), number)]


@pytest.mark.parametrize("missing", ["may_not_connect", "channel_full", "no_voice", "channel_gone"])
async def test_where_it_may_not_go_it_says_why(scene: Scene, missing: Missing) -> None:
    scene.discord.missing = missing
    assert await scene.ask("join") == sentence("en", missing)
    assert await scene.ask("say", "text") == sentence("en", "not_joined")


async def test_who_floods_it_is_told_once_until_there_is_room(scene: Scene) -> None:
    await scene.ask("join")
    scene.discord.voice.go.clear()
    for number in range(8):
        scene.write(f"flood {number}")
    await scene.until(lambda: scene.discord.told)
    scene.write("of another person", BEN)
    await scene.until(lambda: scene.accepted() == 4)
    listed = await scene.ask("queue")
    assert listed.splitlines() == [
        "▶ Anna: flood 0",
        "1. Anna: flood 1",
        "2. Anna: flood 2",
        "3. Ben: of another person",
    ]
    scene.discord.voice.go.set()
    await spoken(scene, "flood 0", "flood 1", "flood 2", "of another person")
    assert [text for _, text, _ in scene.discord.told] == [sentence("en", "share_full", count=2)]
    await scene.until(lambda: scene.accepted() == 0)
    assert await scene.ask("queue") == sentence("en", "queue_empty")


async def test_what_cannot_be_spoken_is_told_once_to_each(scene: Scene) -> None:
    await scene.ask("join")
    first = scene.write("!!!")
    scene.write("😀")
    scene.write("")
    other = scene.write("...", BEN)
    scene.write("words")
    await spoken(scene, "words")
    assert scene.discord.told == [
        (TEXT, sentence("en", "nothing_to_say"), first),
        (TEXT, sentence("en", "nothing_to_say"), other),
    ]


async def test_it_skips_and_stops(scene: Scene) -> None:
    assert await scene.ask("skip") == sentence("en", "nothing_spoken")
    await scene.ask("join")
    scene.discord.voice.go.clear()
    for text in ("a", "b", "c"):
        scene.write(text, Person(len(text), text))
    await scene.until(lambda: len(scene.server.spoken) == 2)
    assert await scene.ask("skip") == sentence("en", "skipped")
    scene.discord.voice.go.set()
    await spoken(scene, "b", "c")
    scene.discord.voice.go.clear()
    for text in ("d", "e"):
        scene.write(text)
    await scene.until(lambda: len(scene.server.spoken) == 5)
    assert await scene.ask("stop") == sentence("en", "stopped_now", count=2)
    scene.discord.voice.go.set()
    scene.write("f")
    await spoken(scene, "b", "c", "f")


async def test_a_server_that_fails_is_told_to_who_wrote(scene: Scene) -> None:
    await scene.ask("join")
    scene.server.answers.append(ServerFailed("quota", "20 a minute.", wait=7))
    number = scene.write("first")
    scene.write("second")
    await spoken(scene, "second")
    words = failure_sentence("en", ServerFailed("quota", wait=7.0))
    assert scene.discord.told == [(TEXT, words, number)]


async def test_an_answer_that_breaks_off_goes_on_where_it_was(scene: Scene) -> None:
    await scene.ask("join")
    for _ in range(2):
        scene.server.answers.append(lambda text: [ogg(frames_of(text)[:6]), ServerFailed("away")])
    scene.write("text")
    await spoken(scene, "text")
    assert (len(scene.server.spoken), scene.discord.told) == (3, [])


async def test_an_answer_that_always_breaks_off_is_told(scene: Scene) -> None:
    await scene.ask("join")
    for _ in range(4):
        scene.server.answers.append(lambda text: [ogg(frames_of(text)[:6]), ServerFailed("away")])
    number = scene.write("text")
    await scene.until(lambda: scene.discord.told)
    assert scene.discord.told == [(TEXT, failure_sentence("en", ServerFailed("away")), number)]
    await scene.until(lambda: len(scene.discord.voice.played) == 6)
    assert scene.discord.voice.played == frames_of("text")[:6]


async def test_what_is_no_opus_is_told(scene: Scene) -> None:
    await scene.ask("join")
    scene.server.answers.append(lambda text: [b"RIFF"])
    scene.write("text")
    await scene.until(lambda: scene.discord.told)
    assert scene.discord.told[0][1] == failure_sentence("en", ServerFailed("failed"))


async def test_a_connection_that_is_lost_is_made_anew_and_the_text_goes_on(scene: Scene) -> None:
    await scene.ask("join")
    scene.discord.voice.breaks.extend([3, 4])
    scene.write("text")
    await spoken(scene, "text")
    assert scene.discord.joins == [(GUILD, LOUNGE)] * 3
    assert scene.discord.told == []


async def test_a_connection_that_cannot_be_made_anew_is_told(scene: Scene) -> None:
    await scene.ask("join")
    scene.discord.voice.breaks.append(3)
    scene.discord.missing = "no_voice"
    scene.write("text")
    await scene.until(lambda: scene.discord.left)
    assert [text for _, text, _ in scene.discord.told] == [sentence("en", "voice_lost", count=1)]
    assert await scene.ask("say", "text") == sentence("en", "not_joined")


async def test_who_takes_it_out_is_told_what_is_not_read(scene: Scene) -> None:
    await scene.ask("join")
    scene.discord.voice.go.clear()
    for text in ("a", "b"):
        scene.write(text)
    await scene.until(lambda: len(scene.server.spoken) == 2)
    await scene.bot.removed(GUILD)
    await scene.bot.removed(GUILD)
    assert scene.discord.told == [(TEXT, sentence("en", "removed", count=2), None)]
    assert scene.discord.joins == [(GUILD, LOUNGE)]


async def test_two_guilds_do_not_wait_for_each_other(scene: Scene) -> None:
    await scene.ask("join")
    await scene.ask("join", guild=2)
    for guild in (1, 2):
        scene.write(f"in {guild}", guild=guild)
    await scene.until(lambda: len(scene.discord.voice.played) == 20)
    assert sorted(scene.discord.voice.played) == sorted(played("in 1", "in 2"))
    await scene.bot.guild_gone(2)
    assert await scene.ask("say", "text", guild=2) == sentence("en", "not_joined")
    await scene.bot.channel_gone(GUILD, TEXT)
    scene.write("nobody reads this channel now")
    assert await scene.ask("say", "text") == sentence("en", "taken")
    await scene.until(lambda: len(scene.discord.voice.played) == 30)


async def test_only_who_is_there_or_manages_channels_ends_a_talk(scene: Scene) -> None:
    await scene.ask("join")
    scene.discord.voice.go.clear()
    scene.write("text")
    await scene.until(lambda: scene.accepted() == 1)
    for command in ("skip", "stop", "leave"):
        assert await scene.ask(command, person=BEN, place=13) == sentence("de", "come_first", channel="#12")
    assert await scene.ask("join", person=BEN, place=13) == sentence("de", "with_others", channel="#12")
    assert scene.accepted() == 1
    assert await scene.ask("skip", person=BEN) == sentence("de", "skipped")
    scene.discord.voice.go.set()
    await scene.until(lambda: scene.accepted() == 0)
    scene.discord.empty = True
    assert await scene.ask("join", person=BEN, place=13) == sentence("de", "joined", channel="#13")
    assert await scene.ask("leave", place=12) == sentence("en", "left")


async def test_a_command_that_fails_is_answered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.ask("join")

    async def fails(guild: int) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(scene.discord, "leave", fails)
    assert await scene.ask("leave") == sentence("en", "failed_here")
    assert "RuntimeError at" in caplog.text and "secret" not in caplog.text


async def test_other_channels_take_no_place_of_the_one_that_is_read(scene: Scene) -> None:
    await scene.ask("join")
    for number in range(100):
        scene.write(f"elsewhere {number}", channel=99)
    scene.write("here")
    await spoken(scene, "here")


async def test_who_writes_while_it_stops_is_told(scene: Scene) -> None:
    await scene.ask("join")
    ending = asyncio.create_task(scene.bot.close())
    await asyncio.sleep(0)
    scene.write("late")
    scene.write("late, too")
    await ending
    assert scene.discord.told == [(TEXT, sentence("en", "stopping"), None)]


async def test_a_channel_that_cannot_be_written_to_breaks_nothing(scene: Scene) -> None:
    await scene.ask("join")
    scene.discord.closed.add(TEXT)
    scene.server.answers.append(ServerFailed("refused", "no"))
    scene.write("first")
    scene.write("second")
    await spoken(scene, "second")


async def test_the_end_lets_be_spoken_what_was_accepted_and_takes_nothing_more(scene: Scene) -> None:
    await scene.ask("join")
    for text in ("a", "b"):
        scene.write(text)
    ending = asyncio.create_task(scene.bot.close())
    await asyncio.sleep(0)
    scene.write("c")
    assert await scene.ask("say", "d") == sentence("en", "stopping")
    await ending
    assert scene.discord.voice.played == played("a", "b")


async def test_a_bot_that_starts_again_goes_back_to_where_it_was(tmp_path: Path) -> None:
    first = Scene(tmp_path)
    await first.ask("join")
    await first.ask("speed", "2")
    await first.end()
    second = Scene(tmp_path)
    second.discord.voice.go.set()
    await second.bot.ready()
    assert second.discord.joins == [(GUILD, LOUNGE)]
    second.write("again")
    await spoken(second, "again")
    assert second.server.spoken[0][1] == {"speed": 2.0}
    await second.end()
    third = Scene(tmp_path)
    third.discord.missing = "channel_gone"
    await third.bot.ready()
    assert third.discord.told == [(TEXT, sentence("en", "not_back", reason=sentence("en", "channel_gone")), None)]
    assert await third.ask("leave") == sentence("en", "not_joined")
    await third.end()
