"""The renderer writes the watermark into what it encodes, piece by piece."""

from __future__ import annotations

import io

import numpy as np
import pytest

from stts.audio.formats import audio_output
from stts.audio.speech import SpeechRenderer
from stts.audio.watermark.detector import find_watermark
from stts.audio.watermark.network import WatermarkNetwork
from stts.audio.watermark.weights import watermark_network
from stts.speech import AudioFormat, EffectSettings, SynthesisConfig
from tests.audio import decoded, encoded
from tests.stts.audio.watermark.test_marker import RATE, spoken

PIECES = (slice(0, 3 * RATE), slice(3 * RATE, 5 * RATE))


def rendered(
    network: WatermarkNetwork | None, format: AudioFormat = "wav", effects: EffectSettings | None = None
) -> tuple[bytes, list[float]]:
    """The file, and the seconds that were given by the end of each piece."""
    config = SynthesisConfig(format=format)
    renderer = SpeechRenderer(audio_output(config, RATE), effects or EffectSettings(), RATE, network=network)
    data, ends = b"", []
    for piece in PIECES:
        samples = spoken()[piece]
        data += b"".join(renderer.push(samples[at : at + 1200]).data for at in range(0, len(samples), 1200))
        data += renderer.end_piece().data
        ends.append(renderer.seconds)
    last = renderer.finish()
    data += last.data
    return last.header + data[len(last.header) :], ends


def confidence(data: bytes) -> float:
    samples, rate = decoded(data)
    found = find_watermark(io.BytesIO(encoded(samples, "wav", rate)), watermark_network(None), max_seconds=60)
    assert found.confidence is not None
    return found.confidence


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac", "aac"])
def test_speech_is_marked_in_every_format(format: AudioFormat) -> None:
    assert confidence(rendered(watermark_network(None), format)[0]) > 0.99


def test_without_a_network_speech_goes_out_as_it_is() -> None:
    assert confidence(rendered(None)[0]) < 0.4


@pytest.mark.parametrize(
    "effects", [EffectSettings(speed=1.3), EffectSettings(pitch=3.0), EffectSettings(normalize=-20.0)]
)
def test_effects_come_before_the_mark(effects: EffectSettings) -> None:
    assert confidence(rendered(watermark_network(None), effects=effects)[0]) > 0.99


def test_pieces_end_where_they_would_without_a_mark() -> None:
    marked, plain = rendered(watermark_network(None)), rendered(None)
    assert marked[1] == plain[1]
    assert len(decoded(marked[0])[0]) == len(decoded(plain[0])[0])


def test_a_renderer_that_goes_on_marks_the_rest() -> None:
    output = audio_output(SynthesisConfig(format="wav"), RATE)
    first = SpeechRenderer(output, EffectSettings(), RATE)
    data = first.push(spoken()[: 3 * RATE]).data + first.leave().data
    assert first.sent is not None
    second = first.successor(EffectSettings(), RATE, watermark_network(None))
    chunk = second.push(spoken()[: 5 * RATE])
    data = chunk.data if first.unsent else data + chunk.data
    last = second.finish()
    data += last.data
    samples, rate = decoded(last.header + data[len(last.header) :])
    file = io.BytesIO(encoded(samples, "wav", rate))
    spans = find_watermark(file, watermark_network(None), max_seconds=60).spans
    assert len(spans) == 1 and spans[0].start == pytest.approx(3.0, abs=0.1)
    assert np.isfinite(samples).all()
