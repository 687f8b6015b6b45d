"""Real speech through the real engines that come inside their packages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import BadRequestError, OpenAI

from stts.settings import Settings, StorageSettings, TTSSettings
from tests import patient
from tests.audio import decoded
from tests.routers.compat.recordings import WEATHER, twice, weather
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

SENTENCE = f"{WEATHER.capitalize()}."
"""As Whisper writes it."""
TEXT = "Good morning. The train to the coast leaves at nine, and it will be on time."


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """As it comes, but for the voice: eSpeak has one for each hosted name."""
    storage = StorageSettings(root=str(tmp_path_factory.mktemp("plain") / "data"))
    with running(Settings(tts=TTSSettings(order=("espeak",)), storage=storage)) as server:
        yield server


@pytest.fixture
def client(plain: RunningServer) -> Iterator[OpenAI]:
    with patient.OpenAI(base_url=f"{plain.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"])
def test_hosted_models_and_voices_speak(client: OpenAI, model: str) -> None:
    lengths = set()
    for voice in ("alloy", "onyx", "shimmer"):
        answer = client.audio.speech.create(model=model, voice=voice, input=TEXT)
        assert answer.response.headers["x-engine"] == "espeak"
        samples, rate = decoded(answer.content)
        assert 3 < len(samples) / rate < 9
        lengths.add(answer.content)
    assert len(lengths) == 3


def test_recorded_speech_comes_back_as_its_words(client: OpenAI) -> None:
    assert client.audio.transcriptions.create(model="whisper-1", file=weather()).text == SENTENCE


def test_words_stand_where_they_were_spoken(client: OpenAI) -> None:
    answer = client.audio.transcriptions.create(
        model="whisper-1", file=twice(), response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert answer.text == f"{SENTENCE} {SENTENCE}"
    assert answer.language == "english"
    assert answer.words is not None
    assert [word.word for word in answer.words] == answer.text.split()
    first, second = (word.start for word in answer.words if word.word == "weather")
    assert second - first == pytest.approx(4.82 + 3.0, abs=0.1)
    assert answer.segments is not None
    assert all(segment.avg_logprob < 0 for segment in answer.segments)


def test_streamed_words_are_the_same(client: OpenAI) -> None:
    with client.audio.transcriptions.create(model="gpt-4o-transcribe", file=twice(), stream=True) as stream:
        *deltas, done = list(stream)
    assert len(deltas) == 2
    assert done.type == "transcript.text.done" and done.text == f"{SENTENCE} {SENTENCE}"


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_nobody_here_translates(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.audio.translations.create(model="whisper-1", file=weather())
    assert "translate" in caught.value.message


def test_every_hosted_voice_is_listed_and_speaks(plain: RunningServer, client: OpenAI) -> None:
    listed = [voice["id"] for voice in patient.get(f"{plain.url}/v1/audio/voices").json()["voices"]]
    for voice in listed[:13]:
        assert client.audio.speech.create(model="tts-1", voice=voice, input="Yes.", response_format="pcm").content
