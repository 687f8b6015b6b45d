from __future__ import annotations

from wyoming.info import Describe, Info

from routers.wyoming.info import _written
from tests.routers.wyoming.conftest import Client


async def described(client: Client) -> Info:
    await client.write_event(Describe().event())
    event = await client.read_event()
    assert event is not None
    assert set(event.data) == {"asr", "tts", "handle", "intent", "wake", "mic", "snd"}
    return Info.from_event(event)


async def test_the_engines_that_auto_takes_come_first(client: Client) -> None:
    info = await described(client)
    assert [program.name for program in info.asr][:2] == ["pocketsphinx", "echo"]
    assert [program.name for program in info.tts][:2] == ["espeak", "tone"]
    assert all(program.installed for program in (*info.asr[:2], *info.tts[:2]))


async def test_every_program_streams_and_says_who_made_it(client: Client) -> None:
    info = await described(client)
    assert all(program.supports_transcript_streaming for program in info.asr)
    assert all(program.supports_synthesize_streaming for program in info.tts)
    espeak = info.tts[0]
    assert (espeak.attribution.name, espeak.attribution.url) == (
        "eSpeak NG",
        "https://github.com/espeak-ng/espeak-ng",
    )
    assert espeak.version and espeak.description


async def test_all_voices_are_listed_with_their_languages(client: Client) -> None:
    info = await described(client)
    espeak, tone = info.tts[:2]
    languages = {voice.name: voice.languages for voice in espeak.voices}
    assert len(languages) > 100
    assert languages["de"] == ["de"]
    assert "en-US" in languages["en-us"]
    assert all(languages.values())
    assert [voice.name for voice in tone.voices] == ["low", "high"]
    assert info.asr[0].models[0].languages == ["en-US"]


def test_tags_are_written_as_usual() -> None:
    tags = {"en-us": "en-US", "EN": "en", "zh-hant-tw": "zh-Hant-TW", "pt_BR": "pt-BR", "en-gb-x-rp": "en-GB-x-rp"}
    assert {tag: _written(tag) for tag in tags} == tags
