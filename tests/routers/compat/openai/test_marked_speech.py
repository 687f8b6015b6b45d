"""Speech of a real engine with the watermark of the policy `always`, made, kept and found again by the official
client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import InternalServerError, OpenAI

from stts.audio.watermark import weights
from stts.settings import CacheSettings, Settings, StorageSettings, TTSSettings, WatermarkSettings
from tests import patient
from tests.server import RunningServer, running

pytestmark = pytest.mark.socket

TEXT = "Good morning. The train to the coast leaves at nine, and it will be on time for all of us."


@pytest.fixture(scope="module")
def marking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = Settings(
        tts=TTSSettings(order=("espeak",)),
        storage=StorageSettings(root=str(tmp_path_factory.mktemp("marked") / "data")),
        cache=CacheSettings(),
        watermark=WatermarkSettings(policy="always"),
    )
    with running(settings) as server:
        yield server


@pytest.fixture
def client(marking: RunningServer) -> Iterator[OpenAI]:
    with patient.OpenAI(base_url=f"{marking.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def outcome(client: OpenAI, data: bytes) -> str:
    check = client.content_provenance_checks.create(file=("speech", data))
    assert check.model_extra is not None
    return str(check.model_extra["watermarks"][0]["outcome"])


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav"])
def test_all_speech_is_marked_also_when_it_is_answered_again(client: OpenAI, format: str) -> None:
    answers = [
        client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=format)  # type: ignore[arg-type]
        for _ in range(2)
    ]
    assert [each.response.headers["x-cache"] for each in answers] == ["MISS", "HIT"]
    # The header tells the length once it is known.
    assert answers[0].content[2_000:] == answers[1].content[2_000:]
    assert outcome(client, answers[0].content) == "detected"


def test_streamed_speech_is_marked_too(client: OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="onyx", input=f"{TEXT} {TEXT}", response_format="mp3", extra_body={"stream": True}
    ) as answer:
        data = b"".join(answer.iter_bytes())
    assert outcome(client, data) == "detected"


def test_nothing_goes_out_unmarked_where_the_weights_are_missing(
    client: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    with pytest.raises(InternalServerError, match=r"requirements/watermark\.txt") as caught:
        client.audio.speech.create(model="tts-1", voice="echo", input="Nobody has said this before.")
    assert caught.value.status_code == 503
