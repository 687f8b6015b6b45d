from __future__ import annotations

import json
from base64 import b64decode

import httpx
import numpy as np
import pytest

from middleware.listener import OutputDefaults
from routers.compat.elevenlabs.options import ElevenLabsOptions
from routers.services import Services
from stts.audio import g711
from tests.audio import decoded
from tests.routers.compat.elevenlabs.conftest import client_of

TEXT = "Hello world, this is a test."
SECONDS = len(TEXT) * 0.06
"""The tone speaks 60 ms a character."""
PATH = "/v1/text-to-speech/low"


@pytest.mark.parametrize("path", [PATH, f"{PATH}/stream"])
@pytest.mark.parametrize(
    ("format", "rate", "media_type"),
    [
        ("mp3_44100_128", 44_100, "audio/mpeg"),
        ("mp3_22050_32", 22_050, "audio/mpeg"),
        ("opus_48000_64", 48_000, "audio/ogg"),
        ("wav_24000", 24_000, "audio/wav"),
    ],
)
async def test_a_text_is_a_file_of_the_format(
    client: httpx.AsyncClient, path: str, format: str, rate: int, media_type: str
) -> None:
    answer = await client.post(path, params={"output_format": format}, json={"text": TEXT})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    assert answer.headers["character-cost"] == str(len(TEXT)) and answer.headers["request-id"]
    samples, found = decoded(answer.content)
    assert found == rate and len(samples) / rate == pytest.approx(SECONDS, abs=0.1)


async def test_bit_rates_are_kept_to(client: httpx.AsyncClient) -> None:
    sizes: dict[str, float] = {}
    for name in ("mp3_44100_32", "mp3_44100_64", "mp3_44100_128", "mp3_44100_192", "mp3_22050_32"):
        answer = await client.post(PATH, params={"output_format": name}, json={"text": TEXT * 4})
        samples, rate = decoded(answer.content)
        sizes[name] = 8 * len(answer.content) / (len(samples) / rate)
    for name, bits in sizes.items():
        assert bits == pytest.approx(1000 * int(name.rpartition("_")[2]), rel=0.1)


@pytest.mark.parametrize(("format", "rate"), [("pcm_16000", 16_000), ("pcm_44100", 44_100)])
async def test_bare_samples(client: httpx.AsyncClient, format: str, rate: int) -> None:
    answer = await client.post(f"{PATH}/stream", params={"output_format": format}, json={"text": TEXT})
    assert answer.headers["content-type"] == "audio/pcm"
    assert len(answer.content) / 2 / rate == pytest.approx(SECONDS, abs=0.05)


@pytest.mark.parametrize(
    ("format", "law", "media_type"), [("ulaw_8000", "pcmu", "audio/basic"), ("alaw_8000", "pcma", "audio/x-alaw-basic")]
)
async def test_telephone_audio(client: httpx.AsyncClient, format: str, law: g711.Law, media_type: str) -> None:
    for _ in range(2):  # the second comes from the cache
        answer = await client.post(PATH, params={"output_format": format}, json={"text": TEXT})
        assert answer.headers["content-type"] == media_type
        samples = g711.decode(law, answer.content)
        assert len(samples) / 8000 == pytest.approx(SECONDS, abs=0.05)
        assert np.abs(samples).max() > 1000


async def test_mp3_is_the_default(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"text": TEXT})
    assert answer.headers["content-type"] == "audio/mpeg" and decoded(answer.content)[1] == 44_100


async def test_speed_and_parameters_of_the_engine(client: httpx.AsyncClient) -> None:
    body = {"text": TEXT, "voice_settings": {"speed": 2.0, "stability": 0.4, "use_speaker_boost": True, "style": None}}
    answer = await client.post(PATH, params={"output_format": "pcm_16000"}, json=body)
    assert len(answer.content) / 32_000 == pytest.approx(SECONDS / 2, abs=0.15)
    plain = await client.post(PATH, params={"output_format": "pcm_16000"}, json={"text": TEXT})
    other = await client.post(PATH, params={"output_format": "pcm_16000"}, json={"text": TEXT, "frequency": 440})
    assert plain.content != other.content


async def test_nothing_is_kept_without_logging(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.post(PATH, params={"enable_logging": "false"}, json={"text": TEXT})
        assert answer.headers.get("x-cache") is None
    states = [(await client.post(PATH, json={"text": TEXT})).headers["x-cache"] for _ in range(2)]
    assert states == ["MISS", "HIT"]


@pytest.mark.parametrize("kept", [False, True])
async def test_times_of_all_characters(client: httpx.AsyncClient, kept: bool) -> None:
    text = "One sentence. And a second one,  with a pause."
    for _ in range(1 + kept):
        answer = await client.post(f"{PATH}/with-timestamps", json={"text": text})
    body = answer.json()
    assert answer.status_code == 200 and set(body) == {"audio_base64", "alignment", "normalized_alignment"}
    times = body["alignment"]
    starts, ends = times["character_start_times_seconds"], times["character_end_times_seconds"]
    assert "".join(times["characters"]) == text and len(starts) == len(ends) == len(text)
    assert starts == sorted(starts) and all(start <= end for start, end in zip(starts, ends, strict=True))
    samples, rate = decoded(b64decode(body["audio_base64"]))
    assert ends[-1] == pytest.approx(len(samples) / rate, abs=0.15)


async def test_times_as_they_are_made(client: httpx.AsyncClient) -> None:
    text = "One sentence. And a second one."
    answer = await client.post(
        f"{PATH}/stream/with-timestamps", params={"output_format": "pcm_24000"}, json={"text": text}
    )
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(b"".join(b64decode(line["audio_base64"]) for line in lines)) / 48_000 == pytest.approx(
        len(text) * 0.06, abs=0.15
    )
    told = [line["alignment"] for line in lines if line["alignment"] is not None]
    assert "".join("".join(each["characters"]) for each in told) == text
    ends = [each["character_end_times_seconds"][-1] for each in told]
    assert ends == sorted(ends)


async def test_voices_of_the_hosted_service(services: Services) -> None:
    options = ElevenLabsOptions(voices={"my-old-id": "high"})
    async with client_of(services, options=options) as client:
        heard, warned = {}, set()
        for voice in ("21m00Tcm4TlvDq8ikWAM", "my-old-id", "high", "low"):
            answer = await client.post(f"/v1/text-to-speech/{voice}", json={"text": TEXT})
            assert answer.status_code == 200, answer.text
            heard[voice] = answer.headers["x-voice"]
            if "another one speaks" in answer.headers.get("x-warnings", ""):
                warned.add(voice)
        assert warned == {"21m00Tcm4TlvDq8ikWAM"}
        assert heard.pop("21m00Tcm4TlvDq8ikWAM") in ("low", "high")
        assert heard == {"my-old-id": "high", "high": "high", "low": "low"}


@pytest.mark.parametrize("model", ["eleven_multilingual_v2", "eleven_v9", "tone", "auto", None])
async def test_models(client: httpx.AsyncClient, model: str | None) -> None:
    answer = await client.post(PATH, json={"text": TEXT, "model_id": model})
    assert answer.status_code == 200 and answer.headers["x-engine"] == "tone"


async def test_defaults_of_the_listener(services: Services) -> None:
    output = OutputDefaults("mp3", engine="tone", voice="high", text_characters=10)
    options = ElevenLabsOptions(unknown_voice="default")
    async with client_of(services, output, options) as client:
        answer = await client.post("/v1/text-to-speech/nobody-knows", json={"text": "Hello."})
        assert answer.status_code == 200, answer.text
        assert (answer.headers["x-engine"], answer.headers["x-voice"]) == ("tone", "high")
        long = await client.post("/v1/text-to-speech/en-us", json={"text": "a" * 11})
        assert long.status_code == 400 and long.json()["detail"]["status"] == "max_character_limit_exceeded"
