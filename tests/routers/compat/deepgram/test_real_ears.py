"""Real speech, heard by the ears that every installation has, as Deepgram's clients are told of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest

from stts.engine_api import Samples
from tests import patient
from tests.engines.speech import DATA, read
from tests.routers.compat.deepgram.caller import HEADERS, RAW, calling
from tests.routers.compat.deepgram.official import RATE, SAID, TEXT, VOICE, recording, serving, understood
from tests.server import RunningServer

pytestmark = [pytest.mark.socket, pytest.mark.long]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("ears")) as server:
        yield server


def check(words: list[dict[str, Any]], seconds: float) -> None:
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times and times == sorted(times) and times[0] >= 0.0 and times[-1] <= seconds


@pytest.mark.parametrize("model", ["nova-3", "pocketsphinx"])
async def test_live_words_and_their_times(server: RunningServer, model: str) -> None:
    samples = recording()
    async with calling(server, model=model, interim_results="true", smart_format="true", **RAW) as caller:
        await caller.say(samples)
        await caller.send("CloseStream")
        await caller.ended()
    assert caller.code == 1000
    assert len([text for text in caller.texts() if text]) == 2
    heard = " ".join(caller.texts())
    # PocketSphinx' small model mishears words of anybody.
    assert understood(heard) or (model == "pocketsphinx" and len(heard.split()) > 15), heard
    finals = [each for each in caller.of("Results") if each["is_final"]]
    check([word for each in finals for word in each["channel"]["alternatives"][0]["words"]], len(samples) / RATE)
    for each in finals:
        for word in each["channel"]["alternatives"][0]["words"]:
            assert each["start"] <= word["start"] and word["end"] <= each["start"] + each["duration"] + 0.01


@pytest.mark.parametrize("model", ["nova-3", "pocketsphinx"])
async def test_words_are_told_once_however_short_the_pauses_are(server: RunningServer, model: str) -> None:
    quiet = np.zeros(round(0.2 * RATE), np.float32)
    async with calling(server, model=model, endpointing=10, smart_format="true", **RAW) as caller:
        for name in SAID:
            await caller.say(read(DATA / name), quiet)
            await caller.until("Results")
        await caller.send("CloseStream")
        await caller.ended()
    heard = " ".join(text for text in caller.texts() if text)
    assert understood(heard) or (model == "pocketsphinx" and 15 < len(heard.split()) < 35), heard
    words = [word for each in caller.of("Results") for word in each["channel"]["alternatives"][0]["words"]]
    assert len(words) == len(heard.split())
    check(words, sum(len(read(DATA / name)) + len(quiet) for name in SAID) / RATE)


@pytest.mark.parametrize("container", ["webm", "ogg"])
async def test_live_recordings_of_browsers(server: RunningServer, container: str) -> None:
    data = opus(recording(), container)
    async with calling(server, model="nova-3") as caller:
        for start in range(0, len(data), 4000):
            await caller.connection.send(data[start : start + 4000])
        await caller.send("CloseStream")
        await caller.ended()
    assert caller.code == 1000 and understood(" ".join(caller.texts()))


async def test_what_is_said_by_the_default_voice_is_heard(server: RunningServer) -> None:
    async with calling(server, path="/v1/speak", model=VOICE, sample_rate=RATE) as voice:
        await voice.send("Speak", text=TEXT)
        await voice.send("Flush")
        await voice.until("Flushed")
    async with calling(server, model="nova-3", **RAW) as ears:
        await ears.connection.send(b"".join(voice.audio))
        await ears.send("Finalize")
        while not (last := await ears.until("Results"))["from_finalize"]:
            pass
    assert understood(" ".join(ears.texts()), TEXT) and last["is_final"]


def test_telephone_recordings(server: RunningServer) -> None:
    spoken = patient.post(
        f"{server.url}/v1/speak",
        params={"model": VOICE, "encoding": "mulaw", "container": "none"},
        json={"text": TEXT},
        headers=HEADERS,
    )
    heard = patient.post(
        f"{server.url}/v1/listen",
        params={"model": "nova-2-phonecall", "encoding": "mulaw", "sample_rate": 8000, "punctuate": "true"},
        content=spoken.content,
        headers=HEADERS,
    ).json()
    (said,) = heard["results"]["channels"][0]["alternatives"]
    assert understood(said["transcript"], TEXT)
    check(said["words"], heard["metadata"]["duration"])


def opus(samples: Samples, container: str) -> bytes:
    """The file that a browser's recorder makes of them, in its pieces."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream("libopus", rate=48_000, layout="mono")
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="flt", layout="mono")
        frame.sample_rate = RATE
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()
