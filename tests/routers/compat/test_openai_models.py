from __future__ import annotations

import httpx
import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI

from tests.server import RunningServer

# The client calls translations deprecated, as the hosted models that do them are.
pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")


def test_models_are_hosted_names_and_engines(openai: OpenAI) -> None:
    models = openai.models.list().data
    ids = [model.id for model in models]
    assert {"auto", "tts-1", "whisper-1", "gpt-4o-mini-tts", "tone", "espeak", "echo", "pocketsphinx"} <= {*ids}
    assert len(ids) == len({*ids})
    assert all(model.object == "model" and model.created > 1_700_000_000 and model.owned_by for model in models)


def test_no_model_is_listed_that_cannot_work(openai: OpenAI) -> None:
    ids = {model.id for model in openai.models.list()}
    assert "gone" not in ids
    assert "silero" not in ids


async def test_the_async_client_lists_them_too(async_openai: AsyncOpenAI) -> None:
    assert "tts-1" in [model.id async for model in async_openai.models.list()]


def test_one_model(openai: OpenAI) -> None:
    assert openai.models.retrieve("tts-1").id == "tts-1"
    assert openai.models.retrieve("espeak").object == "model"


@pytest.mark.parametrize("model", ["nosuch", "some/path/model", "gone", "silero"])
def test_an_unknown_model_is_not_found(openai: OpenAI, model: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        openai.models.retrieve(model)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize("model", ["nosuch", "gone", "whisper-1", "echo", "silero"])
def test_only_a_model_that_speaks_speaks(openai: OpenAI, model: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        openai.audio.speech.create(model=model, voice="alloy", input="Hello.")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("model", ["nosuch", "tts-1", "tone", "silero"])
def test_only_a_model_that_listens_listens(openai: OpenAI, model: str) -> None:
    for resource in (openai.audio.transcriptions, openai.audio.translations):
        with pytest.raises(NotFoundError) as caught:
            resource.create(model=model, file=("a.wav", b"anything"))
        assert caught.value.code == "model_not_found"


def test_models_that_speak(server: RunningServer) -> None:
    ids = [model["id"] for model in httpx.get(f"{server.url}/v1/audio/models").json()["models"]]
    assert {"auto", "tts-1", "gpt-4o-mini-tts", "tone", "espeak"} <= {*ids}
    assert not {"whisper-1", "echo", "pocketsphinx", "silero", "gone"} & {*ids}


def test_voices_have_ids_and_names(server: RunningServer) -> None:
    voices = httpx.get(f"{server.url}/v1/audio/voices").json()["voices"]
    names = {voice["id"]: voice["name"] for voice in voices}
    assert len(names) == len(voices)
    assert names["alloy"] == "alloy"
    assert names["low"] == "Low"
    assert {"onyx", "cedar", "en-us", "de"} <= names.keys()


def test_every_listed_hosted_voice_speaks_on_every_engine(openai: OpenAI) -> None:
    for voice in ("alloy", "ash", "verse", "cedar"):
        for model in ("tone", "espeak"):
            assert openai.audio.speech.create(model=model, voice=voice, input="Yes.").content
