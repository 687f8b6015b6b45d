"""Requests of Realtime clients, translated to the core."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.hosted_names import ModelCatalogue
from middleware.listener import OutputDefaults
from routers.compat.realtime.command_schemas import ResponseParams
from routers.compat.realtime.items import Items
from routers.compat.realtime.session import SessionObject, opened
from routers.compat.realtime.translation import Translation, in_dialect
from stts.chat import Message, Tool
from stts.conversation.config import ReplyOrder
from stts.conversation.history import History
from stts.errors import InvalidParameter, UnknownModel
from stts.settings import ConversationSettings, OpenAISettings, Settings, STTSettings, TTSSettings
from stts.transcription import TranscriptionConfig
from tests.fakes import registry
from tests.wired import Engines

TOOL = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": {"type": "object"}}


def translating(output: OutputDefaults) -> Translation:
    """The translation for clients of a listener with these defaults."""
    settings = Settings(
        tts=TTSSettings(order=("tone",)),
        stt=STTSettings(order=("echo",), min_speech_seconds=0.2),
        conversation=ConversationSettings(confirm_seconds=0.6, ahead_seconds=0.2, speculate_seconds=0.3),
        openai=OpenAISettings(models={"whisper-1": "echo"}, voices={"tone": {"sage": "high"}}),
    )
    engines = Engines(registry(), lambda: settings)
    return Translation(ModelCatalogue(engines.catalogue, lambda: settings), lambda: settings, lambda: output)


@pytest.fixture
def translation() -> Translation:
    return translating(OutputDefaults("wav"))


def session(model: str | None = "gpt-realtime", **fields: Any) -> SessionObject:
    return opened("realtime", model, 1).updated(fields)


def turns(**fields: Any) -> dict[str, Any]:
    return {"audio": {"input": {"turn_detection": fields}}}


@pytest.mark.parametrize(("delay", "seconds"), [("minimal", 0.16), ("high", 2.0), (None, None)])
async def test_a_delay_is_how_often_words_are_guessed(
    translation: Translation, delay: str | None, seconds: float | None
) -> None:
    config = await translation.config(session(audio={"input": {"transcription": {"model": "auto", "delay": delay}}}))
    assert config.listen.guess_after == seconds


async def test_a_session_as_it_comes(translation: Translation) -> None:
    config = await translation.config(session())
    assert config.turns is not None and config.reply is not None and config.speak is not None
    assert (config.turns.silence, config.turns.prefix, config.turns.threshold) == (0.5, 0.3, 0.5)
    assert (config.turns.min_speech, config.turns.confirm, config.turns.pause) == (0.2, 0.6, 0.3)
    assert config.turns.interrupt and not config.turns.detector
    assert config.respond and not config.resume and config.ahead == 0.2 and config.prompt_after == 0
    assert (config.speak.format, config.speak.sample_rate, config.speak.engine) == ("pcm", 24_000, "auto")
    assert config.listen == TranscriptionConfig(ignore_unknown_parameters=True) and config.reply.model is None


async def test_turning_transcripts_on_moves_no_engine(translation: Translation) -> None:
    silent, told = session(), session(audio={"input": {"transcription": {"model": "auto"}}})
    assert (await translation.config(silent)).listen == (await translation.config(told)).listen


async def test_server_vad_ends_turns_by_silence_alone(translation: Translation) -> None:
    fields = turns(
        type="server_vad", silence_duration_ms=200, prefix_padding_ms=100, threshold=0.7, idle_timeout_ms=6000
    )
    config = await translation.config(session(**fields))
    assert config.turns is not None
    assert (config.turns.silence, config.turns.prefix, config.turns.threshold) == (0.2, 0.1, 0.7)
    assert config.turns.pause == 0.2 and config.prompt_after == 6.0


@pytest.mark.parametrize(
    ("eagerness", "silence", "longest"),
    [("low", 1.2, 8.0), ("auto", 0.8, 4.0), ("medium", 0.8, 4.0), ("high", 0.4, 2.0)],
)
async def test_semantic_vad_asks_the_detector(
    translation: Translation, eagerness: str, silence: float, longest: float
) -> None:
    config = await translation.config(session(**turns(type="semantic_vad", eagerness=eagerness)))
    assert config.turns is not None and config.turns.detector
    assert (config.turns.silence, config.turns.longest_silence) == (silence, longest)


async def test_who_says_when_turns_end_is_sent_audio_at_once(translation: Translation) -> None:
    config = await translation.config(session(audio={"input": {"turn_detection": None}}))
    assert config.turns is None and not config.respond and config.ahead is None


async def test_turns_that_are_not_answered(translation: Translation) -> None:
    config = await translation.config(session(**turns(create_response=False, interrupt_response=False)))
    assert config.turns is not None and not config.turns.interrupt and not config.respond


async def test_transcription_has_its_engine_and_its_hints(translation: Translation) -> None:
    wanted = {"model": "whisper-1", "languages": ["de"], "keywords": ["Bern", "Aare"], "prompt": "A river."}
    config = await translation.config(session(audio={"input": {"transcription": wanted}}))
    assert (config.listen.engine, config.listen.language) == ("echo", "de")
    assert (config.listen.prompt, config.listen.keywords) == ("A river.", ("Bern", "Aare"))
    several = {"model": "whisper-1", "languages": ["de", "en"]}
    config = await translation.config(session(audio={"input": {"transcription": several}}))
    assert (config.listen.language, config.listen.languages) == (None, ("de", "en"))
    several["language"] = "en"
    config = await translation.config(session(audio={"input": {"transcription": several}}))
    assert (config.listen.language, config.listen.languages) == ("en", ()), "the one language decides"
    only = opened("transcription", "whisper-1", 1)
    config = await translation.config(only)
    assert config.reply is None and config.speak is None and not config.respond and config.listen.engine == "echo"


async def test_a_model_that_cannot_transcribe_is_named(translation: Translation) -> None:
    with pytest.raises(UnknownModel) as caught:
        await translation.config(session(audio={"input": {"transcription": {"model": "tone"}}}))
    assert caught.value.param == "session.audio.input.transcription.model"


@pytest.mark.parametrize(
    ("model", "engine", "reply"),
    [("gpt-realtime-mini", "auto", None), (None, "auto", None), ("tone", "tone", None), ("llama", "auto", "llama")],
)
async def test_a_model_is_a_voice_or_a_language_model(
    translation: Translation, model: str | None, engine: str, reply: str | None
) -> None:
    object = session(model)
    config = await translation.config(object)
    assert object.speaks is not None and config.reply is not None
    assert translation.engine(object.speaks.model) == engine
    assert config.reply.model == reply


async def test_voices_are_left_for_the_engine_to_find(translation: Translation) -> None:
    for voice in ("sage", "low", "marin"):
        config = await translation.config(session(audio={"output": {"voice": voice, "speed": 1.5}}))
        assert config.speak is not None and (config.speak.voice, config.speak.speed) == (voice, 1.5)


@pytest.mark.parametrize(
    ("model", "voice", "spoken"),
    [
        ("gpt-realtime", None, ("tone", "high", "en", {"frequency": 440})),
        ("tone", None, ("tone", "high", "en", {"frequency": 440})),
        ("gpt-realtime", "low", ("tone", "low", None, {"frequency": 440})),
        ("espeak", None, ("espeak", "alloy", None, {})),
        ("espeak", "high", ("espeak", "high", None, {})),
    ],
)
async def test_a_listener_says_who_speaks_where_the_client_does_not(
    model: str, voice: str | None, spoken: tuple[str, str, str | None, dict[str, Any]]
) -> None:
    translation = translating(
        OutputDefaults("mp3", "tone", "high", "en", sample_rate=8000, parameters={"frequency": 440})
    )
    object = opened("realtime", model, 1, translation.usual_voice(model))
    if voice is not None:
        object = object.updated({"audio": {"output": {"voice": voice}}})
    speak = (await translation.config(object)).speak
    assert speak is not None and (speak.format, speak.sample_rate) == ("pcm", 24_000)
    assert (speak.engine, speak.voice, speak.language, dict(speak.parameters)) == spoken


async def test_a_telephone_has_eight_kilohertz(translation: Translation) -> None:
    config = await translation.config(session(audio={"output": {"format": {"type": "audio/pcma"}}}))
    assert config.speak is not None and config.speak.sample_rate == 8000


async def test_replies_are_as_the_session_says(translation: Translation) -> None:
    choice = {"type": "function", "name": "weather"}
    config = await translation.config(
        session(
            instructions="Be kind.", tools=[TOOL], tool_choice=choice, max_output_tokens=9, parallel_tool_calls=False
        )
    )
    assert config.reply is not None
    assert (config.reply.instructions, config.reply.max_tokens, config.reply.tool_choice) == ("Be kind.", 9, "weather")
    assert config.reply.tools == (Tool("weather", "Tells it.", {"type": "object"}),)
    assert not config.reply.parallel_tool_calls
    assert (await translation.config(session(output_modalities=["text"]))).speak is None


async def ordered(translation: Translation, items: Items | None = None, **params: Any) -> tuple[ReplyOrder, Any]:
    shape = session(instructions="Be kind.", max_output_tokens=9).speaks
    assert shape is not None
    asked = ResponseParams.model_validate(params)
    return await translation.order(shape, asked, items or Items(History(10, 1000), 1), "tag")


async def test_a_response_is_as_its_session_where_it_says_nothing(translation: Translation) -> None:
    order, told = await ordered(translation)
    assert order.messages is None and not order.out_of_band and not order.silent and order.tag == "tag"
    assert order.reply is not None and (order.reply.instructions, order.reply.max_tokens) == ("Be kind.", 9)
    assert (told.modalities, told.max_output_tokens, told.metadata, told.given) == (("audio",), 9, None, None)


async def test_a_response_may_differ_in_all(translation: Translation) -> None:
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    order, told = await ordered(
        translation,
        conversation="none",
        input=[message],
        output_modalities=["text"],
        instructions="",
        max_output_tokens="inf",
        audio={"output": {"voice": "low", "format": {"type": "audio/pcmu"}}},
        tools=[TOOL],
        tool_choice="required",
        metadata={"a": "b"},
    )
    assert order.out_of_band and order.silent and order.messages == (Message("user", "Hello"),) == told.given
    assert order.reply is not None
    assert (order.reply.instructions, order.reply.max_tokens, order.reply.tool_choice) == (None, None, "required")
    assert told.modalities == ("text",) and told.metadata == {"a": "b"} and told.max_output_tokens == "inf"
    assert told.voice.wire() == {"format": {"type": "audio/pcmu"}, "voice": "low"}


def test_errors_have_the_names_of_this_dialect() -> None:
    assert in_dialect(InvalidParameter("No.", param="voice")).param == "session.audio.output.voice"
    assert in_dialect(InvalidParameter("No.", param="session.x")).param == "session.x"
