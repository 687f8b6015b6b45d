from __future__ import annotations

import pytest
from openai import AsyncOpenAI, NotFoundError, OpenAI

from tests import patient
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


def test_those_near_an_unknown_model_are_named(openai: OpenAI) -> None:
    for call in (openai.models.retrieve, openai.models.delete):
        with pytest.raises(NotFoundError, match="Near it are: tts-1"):
            call("tts1")


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
    ids = [model["id"] for model in patient.get(f"{server.url}/v1/audio/models").json()["models"]]
    assert {"auto", "tts-1", "gpt-4o-mini-tts", "tone", "espeak"} <= {*ids}
    assert not {"whisper-1", "echo", "pocketsphinx", "silero", "gone"} & {*ids}


def test_voices_have_ids_and_names(server: RunningServer) -> None:
    voices = patient.get(f"{server.url}/v1/audio/voices").json()["voices"]
    names = {voice["id"]: voice["name"] for voice in voices}
    assert len(names) == len(voices)
    assert names["alloy"] == "alloy"
    assert names["low"] == "Low"
    assert {"onyx", "cedar", "en-us", "de"} <= names.keys()


@pytest.mark.parametrize(
    ("task", "some", "none"),
    [
        ("automatic-speech-recognition", {"whisper-1", "echo", "auto"}, {"tts-1", "tone"}),
        ("text-to-speech", {"tts-1", "tone", "auto"}, {"whisper-1", "echo"}),
        ("voice-activity-detection", set(), {"auto", "tts-1", "whisper-1"}),
        ("", {"tts-1", "whisper-1"}, set()),
    ],
)
def test_models_of_a_task(server: RunningServer, task: str, some: set[str], none: set[str]) -> None:
    answer = patient.get(f"{server.url}/v1/models", params={"task": task}).json()
    ids = {model["id"] for model in answer["data"]}
    assert answer["object"] == "list"
    assert some <= ids
    assert not none & ids


def test_an_unknown_task_is_refused_with_those_that_there_are(server: RunningServer) -> None:
    answer = patient.get(f"{server.url}/v1/models", params={"task": "text-generation"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "task"
    assert "automatic-speech-recognition" in answer.json()["error"]["message"]


def test_older_clients_get_voices_as_plain_strings(server: RunningServer) -> None:
    url = f"{server.url}/v1/audio/voices"
    plain = patient.get(url, params={"legacy": "true"}).json()
    assert plain == {"voices": [voice["id"] for voice in patient.get(url, params={"legacy": "false"}).json()["voices"]]}


def test_voices_of_models_say_what_to_send(server: RunningServer, openai: OpenAI) -> None:
    voices = patient.get(f"{server.url}/v1/audio/speech/voices").json()
    assert {"tone", "espeak"} <= {voice["model_id"] for voice in voices}
    assert len({voice["id"] for voice in voices}) == len(voices)
    of_one = patient.get(f"{server.url}/v1/audio/speech/voices", params={"model_id": "tone"}).json()
    assert [voice["voice_id"] for voice in of_one] == ["low", "high"]
    for voice in of_one:
        assert openai.audio.speech.create(model=voice["model_id"], voice=voice["voice_id"], input="Yes.").content
    hosted = patient.get(f"{server.url}/v1/audio/speech/voices", params={"model_id": "tts-1"}).json()
    assert {voice["model_id"] for voice in hosted} == {"tts-1"}
    unknown = patient.get(f"{server.url}/v1/audio/speech/voices", params={"model_id": "whisper-1"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


def test_every_listed_hosted_voice_speaks_on_every_engine(openai: OpenAI) -> None:
    for voice in ("alloy", "ash", "verse", "cedar"):
        for model in ("tone", "espeak"):
            assert openai.audio.speech.create(model=model, voice=voice, input="Yes.").content
