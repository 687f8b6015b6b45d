"""The watermark: what it costs, how far it is below the speech, and whether it is found after what recordings suffer.

`python -m benchmarks watermark`: speech of the engines that are here, in windows of three seconds, marked as it
streams and read again; then the same speech and recordings of people without a mark.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from benchmarks.result import Row
from benchmarks.tones import sounds
from benchmarks.voices import utterances
from embedded import AsyncSpeech
from engines.registry import Registry
from routers.http.provenance import PAUSE, SHORTEST
from stts.audio.decode import Decoder
from stts.audio.encode import Encoder, encoded
from stts.audio.filters import FilterChain
from stts.audio.watermark.detector import DETECTED, Span, find_watermark
from stts.audio.watermark.marker import Watermarker
from stts.audio.watermark.spectrum import RATE as NETWORK_RATE
from stts.audio.watermark.spectrum import levels, whole_spectra
from stts.audio.watermark.weights import watermark_network
from stts.engine_api import STT_SAMPLE_RATE, Samples, VADEngine
from stts.errors import STTSError
from stts.speech import AudioFormat
from stts.vad.regions import RegionFinder
from stts.vad.rules import RegionRules

RATE = 24_000
BLOCK = 2_400
"""Samples that an engine yields at once: a tenth of a second."""
CUT_SECONDS = 3.0
TEXT = (
    "Good morning. The train to the coast leaves at nine, and it will be on time. Please have your tickets ready, and "
    "mind the gap between the train and the platform. We wish you a pleasant journey, and a quiet day by the sea."
)
VOICES = {
    "espeak": ("en-us", "en-us+m7", "en-us+f3", "de", "fr", "es", "it", "pl", "ru", "zh"),
    "hibari": (None,),
    "kokoro": ("af_heart", "am_michael", "bf_emma"),
    "piper": (None,),
}


def _resampled(samples: Samples, rate_in: int, rate_out: int) -> Samples:
    if rate_in == rate_out:
        return samples
    chain = FilterChain(rate_in, rate_out, ())
    return np.concatenate([chain.push(samples), chain.finish()])


def _read(data: bytes, rate: int = RATE) -> Samples:
    return np.concatenate(list(Decoder(io.BytesIO(data), sample_rate=rate, max_seconds=600)))


def _through(format: AudioFormat, bit_rate: int) -> Callable[[Samples], Samples]:
    def damage(samples: Samples) -> Samples:
        encoder = Encoder(format, RATE, bit_rate=bit_rate)
        return _read(encoder.encode(samples) + encoder.finish())

    return damage


def _noisy(samples: Samples) -> Samples:
    noise = np.random.default_rng(7).standard_normal(len(samples)).astype(np.float32)
    noisy: Samples = samples + noise * np.float32(np.sqrt(np.square(samples).mean()) / 10)
    return noisy


def _lower(rate: int) -> Callable[[Samples], Samples]:
    return lambda samples: _resampled(_resampled(samples, RATE, rate), rate, RATE)


DAMAGES: Mapping[str, Callable[[Samples], Samples]] = {
    "nothing": lambda samples: samples,
    "MP3 at 128 kbit/s": _through("mp3", 128_000),
    "MP3 at 32 kbit/s": _through("mp3", 32_000),
    "Opus at 32 kbit/s": _through("opus", 32_000),
    "Opus at 12 kbit/s": _through("opus", 12_000),
    "AAC at 64 kbit/s": _through("aac", 64_000),
    "16 kHz": _lower(16_000),
    "8 kHz": _lower(8_000),
    "Opus at 32 kbit/s, then 16 kHz": lambda samples: _lower(16_000)(_through("opus", 32_000)(samples)),
    "noise 20 dB below": _noisy,
    "a third as loud": lambda samples: samples * np.float32(1 / 3),
}


def _ready(text: str, share: float | None = None) -> None:
    """Takes what a load tells of itself."""


@cache
def _vad() -> VADEngine:
    engine = Registry().create("silero", {})
    assert isinstance(engine, VADEngine)
    engine.load(_ready)
    return engine


def _spans(samples: Samples) -> Sequence[Span]:
    """When somebody speaks, by the rules of provenance checks."""
    finder = RegionFinder(_vad(), RegionRules(0.5, SHORTEST, PAUSE, 0.0, 600.0))
    found = [*finder.push(_resampled(samples, RATE, STT_SAMPLE_RATE)), *finder.finish()]
    return [Span(each.start, each.start + len(each.samples) / STT_SAMPLE_RATE) for each in found]


@dataclass
class Tally:
    """Confidences of recordings."""

    found: list[float] = field(default_factory=list)
    untold: int = 0

    def add(self, samples: Samples) -> None:
        file = io.BytesIO(encoded(samples, "wav", RATE))
        confidence = find_watermark(file, watermark_network(None), max_seconds=600, speech=_spans(samples)).confidence
        if confidence is not None:
            self.found.append(confidence)
        else:
            self.untold += 1

    def add_by_the_network_alone(self, samples: Samples) -> None:
        read = levels(whole_spectra(_resampled(samples, RATE, NETWORK_RATE)))
        self.found.append(watermark_network(None).confidence(read) or 0.0)

    @property
    def share(self) -> float:
        return sum(each >= DETECTED for each in self.found) / max(1, len(self.found))

    @property
    def words(self) -> str:
        marked = sum(each >= DETECTED for each in self.found)
        untold = f", nothing told of {self.untold}" if self.untold else ""
        range = f" (confidence {min(self.found):.2f} to {max(self.found):.2f})" if self.found else ""
        return f"{marked} of {len(self.found) + self.untold}{range}{untold}"


def _cuts(samples: Samples) -> Iterator[Samples]:
    """Windows from places that are no windows of the detector."""
    size = round(CUT_SECONDS * RATE)
    for start in range(round(0.4 * RATE), len(samples) - size, size):
        yield samples[start : start + size]


async def _speech() -> Mapping[str, Samples]:
    spoken: dict[str, Samples] = {}
    async with AsyncSpeech() as speech:
        for engine, voices in VOICES.items():
            for voice in voices:
                try:
                    answer = await speech.speak(TEXT, engine=engine, voice=voice, format="wav")
                except STTSError:
                    continue
                spoken[f"{engine} {voice or ''}".strip()] = _read(answer.data)
    return spoken


def _people() -> Mapping[str, Samples]:
    return {each.name: _resampled(each.samples, STT_SAMPLE_RATE, RATE) for each in utterances()}


def _marked(samples: Samples) -> tuple[Samples, float]:
    """The marked speech, and the processor time that it took."""
    begun = time.process_time()
    marker = Watermarker(watermark_network(None), RATE)
    parts = [marker.push(samples[start : start + BLOCK]) for start in range(0, len(samples), BLOCK)]
    parts.append(marker.finish())
    return np.concatenate(parts), time.process_time() - begun


def _power(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).mean())


def _with_a_tone(samples: Samples, hertz: float) -> Samples:
    tone = np.sin(2 * np.pi * hertz * np.arange(len(samples)) / RATE) * np.sqrt(2 * _power(samples)) / 10
    mixed: Samples = (samples + tone).astype(np.float32)
    return mixed


def run() -> list[Row]:
    """Figures of all voices that are here."""
    spoken, people = asyncio.run(_speech()), _people()
    marked, work, below = {}, 0.0, []
    for name, samples in spoken.items():
        marked[name], took = _marked(samples)
        work += took
        below.append(10 * np.log10(_power(samples) / _power(marked[name] - samples)))
    seconds = sum(map(len, spoken.values())) / RATE
    plain = Tally()
    begun = time.process_time()
    for samples in spoken.values():
        plain.add(samples)
    looking = time.process_time() - begun
    for samples in (*spoken.values(), *people.values()):
        for cut in _cuts(samples):
            plain.add(cut)
    others, alone = Tally(), Tally()
    for samples in sounds(RATE):
        others.add(samples)
        alone.add_by_the_network_alone(samples)
    whistled, before = Tally(), Tally()
    for samples in (*spoken.values(), *people.values()):
        for number, cut in enumerate(_cuts(samples)):
            mixed = _with_a_tone(cut, (440.0, 1300.0, 1700.0)[number % 3])
            whistled.add(mixed)
            before.add_by_the_network_alone(mixed)
    voices = f"{len(spoken)} voices, {seconds:.0f} s"
    return [
        Row(f"watermark: processor time of writing, of the speech ({voices})", "", f"{work / seconds:.3f}"),
        Row("watermark: processor time of finding, of the speech", "", f"{looking / seconds:.3f}"),
        Row("watermark: level below the speech", "", f"{np.median(below):.1f} dB, at least {min(below):.1f} dB"),
        Row("watermark: found in unmarked speech", "none", plain.words, plain.share == 0.0),
        Row("watermark: found in sounds that are no speech", "none", others.words, others.share == 0.0),
        Row("watermark: the same by the network alone", "", alone.words),
        Row(
            "watermark: found in unmarked speech with a tone 20 dB below", "none", whistled.words, whistled.share == 0.0
        ),
        Row("watermark: the same by the network alone", "", before.words),
        *(_survival(name, damage, marked) for name, damage in DAMAGES.items()),
    ]


def _survival(name: str, damage: Callable[[Samples], Samples], marked: Mapping[str, Samples]) -> Row:
    tally = Tally()
    for samples in marked.values():
        for cut in _cuts(damage(samples)):
            tally.add(cut)
    return Row(f"watermark: found in 3 s after {name}", "all", tally.words, tally.share == 1.0)
