"""Words stay with their sound, whatever the renderer does to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from stts.audio.formats import audio_output
from stts.audio.speech import SpeechRenderer
from stts.engine_api import Samples
from stts.speech import AudioChunk, AudioFormat, EffectSettings, SynthesisConfig
from stts.spoken_words import SpokenWord
from tests.stts.audio.signals import silence, tone

RATE = 24_000
PIECE = np.concatenate([silence(0.5, RATE), tone(0.4, RATE), silence(0.2, RATE), tone(0.4, RATE), silence(0.6, RATE)])
WORDS = (SpokenWord(0, 3, 0.5, 0.9), SpokenWord(4, 3, 1.1, 1.5))
"""The words of the piece, whose sounds are those tones."""


def rendered(
    effects: EffectSettings, format: AudioFormat = "pcm", pieces: int = 2, blocks: int = 7
) -> list[AudioChunk]:
    renderer = SpeechRenderer(audio_output(SynthesisConfig(format=format), RATE), effects, RATE)
    chunks: list[AudioChunk] = []
    for _ in range(pieces):
        renderer.note(WORDS)
        chunks += [renderer.push(block) for block in np.array_split(PIECE, blocks)]
        chunks.append(renderer.end_piece())
    return [*chunks, renderer.finish()]


def begins(chunks: Sequence[AudioChunk]) -> list[float]:
    """When the words begin, in seconds of the whole answer."""
    found, before = list[float](), 0.0
    for chunk in chunks:
        found += [before + word.begins for word in chunk.words]
        before += chunk.seconds
    return found


def onsets(chunks: Sequence[AudioChunk]) -> list[float]:
    """When the tones begin, in an answer of samples."""
    samples: Samples = np.frombuffer(b"".join(chunk.data for chunk in chunks), "<i2").astype(np.float32)
    loud = np.flatnonzero(np.abs(samples) > 1000)
    return [float(loud[0]) / RATE, *(float(at) / RATE for at in loud[1:][np.diff(loud) > 0.05 * RATE])]


@pytest.mark.parametrize(
    ("effects", "within"),
    [
        (EffectSettings(), 0.005),
        (EffectSettings(trim_silence=True), 0.005),
        (EffectSettings(level=-20.0), 0.005),
        (EffectSettings(speed=1.5), 0.03),
        (EffectSettings(speed=0.6), 0.05),
        (EffectSettings(pitch=3.0), 0.03),
    ],
)
def test_words_begin_with_their_sound(effects: EffectSettings, within: float) -> None:
    chunks = rendered(effects)
    assert begins(chunks) == pytest.approx(onsets(chunks), abs=within)


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac"])
def test_a_codec_that_holds_audio_back_holds_no_words_back_from_it(format: AudioFormat) -> None:
    assert begins(rendered(EffectSettings(), format)) == pytest.approx(begins(rendered(EffectSettings())), abs=0.002)


def test_one_block_or_many() -> None:
    assert begins(rendered(EffectSettings(), blocks=1)) == pytest.approx(begins(rendered(EffectSettings(), blocks=40)))


def test_words_of_a_piece_that_nobody_hears_are_forgotten() -> None:
    renderer = SpeechRenderer(audio_output(SynthesisConfig(format="pcm"), RATE), EffectSettings(), RATE)
    renderer.note(WORDS)
    chunks = [renderer.push(silence(0.5, RATE)), renderer.end_piece()]
    renderer.note(WORDS[:1])
    chunks += [renderer.push(PIECE), renderer.end_piece(), renderer.finish()]
    assert len(begins(chunks)) == 1


def test_another_engine_goes_on_in_the_same_file() -> None:
    output = audio_output(SynthesisConfig(format="pcm"), RATE)
    first = SpeechRenderer(output, EffectSettings(), RATE)
    first.note(WORDS)
    chunks = [first.push(PIECE), first.end_piece(), first.leave()]
    after = first.successor(EffectSettings(), RATE)
    for chunk in chunks:
        first.sent(chunk)
    after.note(WORDS)
    chunks += [after.push(PIECE), after.end_piece(), after.finish()]
    assert begins(chunks) == pytest.approx(onsets(chunks), abs=0.005)
