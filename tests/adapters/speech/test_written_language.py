from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.speech.written_language import MODEL, PACKAGE, REMEMBERED_TEXTS, WrittenLanguage
from stts.context import RequestContext
from stts.languages import same_language
from stts.plans import SpeechRequest
from stts.settings import Settings, STTSettings, TTSSettings
from stts.speech import SynthesisConfig
from stts.streams.live import LiveText
from tests.adapters.languages import ENGLISH, MISSED, OTHERS, SHORT_ENGLISH
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.wired import Engines


@pytest.fixture(scope="module")
def languages() -> WrittenLanguage:
    found = WrittenLanguage()
    asyncio.run(found.prepare())
    return found


async def test_short_english_is_never_taken_for_another_language(languages: WrittenLanguage) -> None:
    wrong = {text: found for text in SHORT_ENGLISH if (found := await languages.of(text)) not in (None, "en")}
    assert wrong == {}


async def test_a_text_is_judged_once(languages: WrittenLanguage, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Good morning, this text is told apart a single time."
    assert await languages.of(text) == "en"
    judged: list[str] = []

    async def scores(sample: str) -> dict[str, float]:
        judged.append(sample)
        return {}

    monkeypatch.setattr(languages, "_scores", scores)
    assert await languages.of(text) == "en" and judged == []
    for number in range(REMEMBERED_TEXTS):
        await languages.of(f"Good evening to everybody, for the time of number {number}.")
    assert await languages.of(text) is None and judged[-1] == text


@pytest.mark.parametrize("text", ENGLISH)
async def test_english_is_english_or_not_decided(languages: WrittenLanguage, text: str) -> None:
    assert await languages.of(text) in ("en", None)


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in OTHERS.items() for text in texts])
async def test_sentences_in_other_languages(languages: WrittenLanguage, language: str, text: str) -> None:
    found = await languages.of(text)
    if text in MISSED:
        assert found != "en"
    else:
        assert found is not None and same_language(found, language)


@pytest.mark.parametrize("text", ["", " ", "...", "123", "3.14 + 2 = 5.14", "\U0001f600", "\ud800", "\x00"])
async def test_a_text_without_letters_says_nothing(languages: WrittenLanguage, text: str) -> None:
    assert await languages.of(text) is None


@given(st.text(max_size=300))
def test_any_text_is_a_language_or_none(text: str) -> None:
    found = asyncio.run(LANGUAGES.of(text))
    assert found is None or 2 <= len(found) <= 3


LANGUAGES = WrittenLanguage()


@pytest.mark.parametrize(
    ("parts", "language"),
    [
        (["Guten ", "Morgen, ", "wie geht ", "es Ihnen? "], "de"),
        (["При", "вет"], "ru"),
        (["OK"], None),
        ([], None),
        (["Ja. ", "Ich komme ", "morgen fr\u00fch ", "nach Hause."], "de"),
    ],
)
async def test_a_text_that_is_written_keeps_what_was_looked_at(
    languages: WrittenLanguage, parts: list[str], language: str | None
) -> None:
    text = LiveText(1000)
    for part in parts:
        text.write(part)
    text.close()
    assert await languages.of(text) == language
    taken: list[object] = []
    while more := await text.take():
        taken += more
    assert "".join(map(str, taken)) == "".join(parts)


async def test_it_waits_for_four_words_and_no_longer(languages: WrittenLanguage) -> None:
    text = LiveText(1000)
    text.write("Ich komme ")
    asking = asyncio.create_task(languages.of(text))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not asking.done()
    text.write("morgen nach Hause ")
    assert await asking == "de"


async def test_a_short_sentence_does_not_wait_for_long(languages: WrittenLanguage) -> None:
    text = LiveText(1000)
    text.write("Hallo. ")
    async with asyncio.timeout(PATIENCE):
        assert await languages.of(text) is None


async def test_a_pause_is_not_waited_through(languages: WrittenLanguage) -> None:
    text = LiveText(1000)
    text.write("Hallo")
    text.flush()
    assert await languages.of(text) is None


def settings(detect: bool = True) -> Settings:
    return Settings(tts=TTSSettings(order=("tone", "espeak"), detect_language=detect), stt=STTSettings(order=()))


@pytest.fixture
async def engines() -> AsyncIterator[Engines]:
    engines = Engines(registry(), settings)
    yield engines
    await engines.close()


async def spoken(engines: Engines, text: str | LiveText, config: SynthesisConfig) -> RequestContext:
    context = RequestContext("tts")
    async for _ in engines.speak(context, SpeechRequest(text, config)):
        pass
    return context


@pytest.mark.socket
@pytest.mark.parametrize(
    ("text", "config", "told"),
    [
        ("Hello there, how are you?", SynthesisConfig(), ("tone", "low", "en")),
        ("Guten Morgen, wie geht es Ihnen?", SynthesisConfig(), ("espeak", "de", "de")),
        ("Guten Morgen, wie geht es Ihnen?", SynthesisConfig(voice="nova"), ("espeak", "de+f3", "de")),
        ("Guten Morgen, wie geht es Ihnen?", SynthesisConfig(voice="low"), ("tone", "low", "en")),
        ("Guten Morgen, wie geht es Ihnen?", SynthesisConfig(language="en"), ("tone", "low", "en")),
        ("Guten Morgen", SynthesisConfig(), ("tone", "low", "en")),
        ("OK", SynthesisConfig(detected="de"), ("espeak", "de", "de")),
    ],
)
async def test_a_voice_that_speaks_the_language_of_the_text(
    engines: Engines, text: str, config: SynthesisConfig, told: tuple[str, str, str]
) -> None:
    for each in (text, live(text)):
        output = (await spoken(engines, each, config)).output_data
        assert (output.engine, output.voice, output.language) == told


def live(text: str) -> LiveText:
    written = LiveText(10_000)
    written.write(text)
    written.close()
    return written


async def test_where_no_voice_speaks_it_that_is_told(engines: Engines) -> None:
    context = await spoken(engines, "\u041f\u0440\u0438\u0432\u0435\u0442", SynthesisConfig(engine="tone"))
    assert "Russian" in context.warnings[0]
    context = await spoken(engines, "\u041f\u0440\u0438\u0432\u0435\u0442", SynthesisConfig(voice="low"))
    assert len(context.warnings) == 1 and "Cyrillic" in context.warnings[0]


@pytest.mark.socket
async def test_kanji_that_a_voice_only_spells_are_told(engines: Engines) -> None:
    context = await spoken(engines, "\u6771\u4eac\u3078\u884c\u304f", SynthesisConfig(engine="espeak"))
    assert context.output_data.voice == "ja" and "Han" in context.warnings[0]
    context = await spoken(engines, "\u3053\u3093\u306b\u3061\u306f", SynthesisConfig(engine="espeak"))
    assert context.output_data.voice == "ja" and context.warnings == []


async def test_it_can_be_switched_off() -> None:
    engines = Engines(registry(), lambda: settings(detect=False))
    context = await spoken(engines, "Guten Morgen, wie geht es Ihnen?", SynthesisConfig())
    assert context.output_data.engine == "tone"
    await engines.close()


async def test_a_model_with_another_digest_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None and spec.submodule_search_locations
    content = bytearray((Path(spec.submodule_search_locations[0]) / MODEL).read_bytes())
    content[-1] ^= 1
    damaged = tmp_path / PACKAGE / MODEL
    damaged.parent.mkdir(parents=True)
    (tmp_path / PACKAGE / "__init__.py").touch()
    damaged.write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert await WrittenLanguage().of(OTHERS["de"][0]) is None
